"""How long do the agenda and a deal's story take on a large book?

Run: ``python benchmarks/review.py [--deals 200000] [--runs 3]``. A simulated book: a quarter of the deals is open
(50,000 of 200,000), five stage events each (1,000,000), and beside them two activities and one change a deal, contacts,
notes and interviews. It is prepared once; then a fresh process opens it and asks for the agenda, and for some stories.
Wanted: agenda at most 1 s after opening, a story under 300 ms.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

DAY = 86_400_000_000
STAGES = [f"Stage {i}" for i in range(1, 7)]
AS_OF_DAY = 20_700


def tables(n: int) -> dict:
    """The tables of the book, as polars frames."""
    import numpy as np
    import polars as pl

    rng = np.random.default_rng(20261121)
    ids = pl.select(pl.format("006Qd{}", pl.Series(np.arange(n)).cast(pl.String).str.zfill(13))).to_series()
    is_open = np.arange(n) % 4 == 0
    created = np.where(is_open, AS_OF_DAY - rng.exponential(60, n), AS_OF_DAY - 200 - rng.uniform(0, 700, n)) * DAY
    gaps = rng.exponential(12, (n, 5)) * DAY * np.where(is_open, 0.15, 1.0)[:, None]
    gaps[:, 0] = 0
    at = np.minimum((created[:, None] + gaps.cumsum(axis=1)), AS_OF_DAY * DAY - 1).astype(np.int64)
    step = rng.choice([1, 1, 1, 1, 2, -1, 0], (n, 5))
    step[:, 0] = 0
    place = np.clip(step.cumsum(axis=1), 0, len(STAGES) - 1)
    outcome = np.where(is_open, "open", np.where(rng.random(n) < 0.3, "won", "lost"))
    ended = at[:, 4] + (rng.exponential(15, n) * DAY).astype(np.int64) + 1

    def instants(values):
        return pl.Series(values.astype(np.int64)).cast(pl.Datetime("us", "UTC"))

    deals = pl.DataFrame({"deal_id": ids, "outcome": outcome, "stage": np.array(STAGES)[place[:, 4]]}).with_columns(
        pipeline=pl.lit("New"), team=pl.Series(rng.integers(0, 40, n)).cast(pl.String), owner=pl.lit(None, pl.String),
        account_id=pl.Series(rng.integers(0, n // 2, n)).cast(pl.String),
        segment=pl.Series(rng.choice(["Small", "Mid", "Large"], n)), amount=pl.Series(np.exp(9 + rng.normal(size=n))),
        created_at=instants(created.astype(np.int64)),
        outcome_at=pl.when(pl.Series(~is_open)).then(instants(np.minimum(ended, AS_OF_DAY * DAY - 1))),
        expected_close_on=pl.Series((AS_OF_DAY + rng.integers(-30, 90, n)).astype(np.int32)).cast(pl.Date),
        next_step=pl.when(pl.Series(rng.random(n) < 0.7)).then(pl.lit("They call back")),
        customer_goal=pl.lit("Know on Monday who drives on Saturday"),
    )  # fmt: skip
    row = np.repeat(np.arange(n), 5)
    events = pl.DataFrame({"deal_id": ids.gather(row), "stage": np.array(STAGES)[place.ravel()]})
    events = events.with_columns(entered_at=instants(at.ravel()))
    who = np.repeat(np.arange(n), 2)
    happened = created[who] + rng.random(2 * n) * (np.where(is_open, AS_OF_DAY * DAY, ended)[who] - created[who])
    kinds = rng.choice(["call", "email", "meeting"], 2 * n)
    acts = pl.DataFrame({"deal_id": ids.gather(who), "kind": kinds}).with_columns(
        activity_id=pl.Series(np.arange(2 * n)).cast(pl.String), happened_at=instants(happened),
        direction=pl.Series(rng.choice(["customer", "us", "both"], 2 * n)),
        contact_key=pl.format("{}-{}", "deal_id", pl.Series(rng.integers(0, 2, 2 * n))),
    )  # fmt: skip
    changes = pl.DataFrame({"deal_id": ids, "field": rng.choice(["amount", "expected_close_on", "probability"], n)})
    changes = changes.with_columns(
        old=pl.when(pl.col("field") == "amount").then(pl.lit("9000")).otherwise(pl.lit("2026-01-31")),
        new=pl.when(pl.col("field") == "amount").then(pl.lit("15000")).otherwise(pl.lit("2026-03-31")),
        changed_at=instants(at[:, 2]),
    )  # fmt: skip
    contacts = acts.select("deal_id", "contact_key").unique(maintain_order=True)
    told = np.arange(0, n, 20)
    notes = pl.DataFrame({"deal_id": ids.gather(told)}).with_columns(
        at=instants(at[told, 1]), kind=pl.lit("listening"), text=pl.lit("They rang twice about the winter schedule.")
    )
    talks = pl.DataFrame({"deal_id": ids.gather(np.arange(1, n, 200))}).with_columns(
        asked_at=instants(ended[1::200]), held_at=instants(ended[1::200]), permission=pl.lit(True),
        language=pl.lit("en"),
        story=pl.lit("You were the only ones who rang back on Friday about the winter schedule."),
    )  # fmt: skip
    stages = pl.DataFrame({"pipeline": "New", "stage": STAGES, "position": list(range(1, 7))})
    return {
        "deals": deals, "stage_events": events, "activities": acts, "changes": changes, "contacts": contacts,
        "notes": notes, "interviews": talks, "stages": stages,
    }  # fmt: skip


def make(folder: Path, n: int) -> None:
    """The prepared book."""
    from datetime import UTC, datetime, timedelta

    import kpikit

    as_of = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=AS_OF_DAY)
    kpikit.prepare(kpikit.DealBook.from_frames(**tables(n), as_of=as_of), folder)


def ask(folder: Path) -> dict:
    """Open the book, ask for the agenda, and for the stories of its deals."""
    import kpikit

    started = time.perf_counter()
    book = kpikit.open_book(folder)
    opened = time.perf_counter() - started
    import kpikit.review as room

    agenda, story = room.agenda, room.story
    started, begun = time.perf_counter(), time.process_time()
    listed = agenda(book)
    agenda_s = time.perf_counter() - started
    used = time.process_time() - begun
    stories = []
    for deal_id in listed["deal_id"].drop_nulls().to_list():
        started = time.perf_counter()
        story(book, deal_id)
        stories.append(time.perf_counter() - started)
    figures = {"open": opened, "agenda": agenda_s, "first": stories[0], "others": median(stories[1:])}
    return figures | {"processors": used}


def main() -> None:
    """Print what was measured beside what is wanted."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--deals", type=int, default=200_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--book", type=Path, default=None, help="a folder for the book, kept")
    parser.add_argument("--step", choices=("make", "ask"), default=None, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step == "make":
        make(options.book, options.deals)
    elif options.step == "ask":
        print(json.dumps(ask(options.book)))
    else:
        with tempfile.TemporaryDirectory() as name:
            book = options.book or Path(name) / "book"
            step = [sys.executable, __file__, "--book", str(book), "--deals", str(options.deals)]
            if not book.exists():
                subprocess.run([*step, "--step", "make"], check=True)
            runs = [
                json.loads(
                    subprocess.run([*step, "--step", "ask"], check=True, stdout=subprocess.PIPE, text=True).stdout
                )
                for _ in range(options.runs)
            ]
        sizes = f"{options.deals:,} deals, {options.deals // 4:,} open, {5 * options.deals:,} stage events"
        print(f"{sizes}; {options.runs} runs; load {os.getloadavg()[0]:.1f}")
        for what, wanted in (("open", 0.05), ("agenda", 1.0), ("first", 0.3), ("others", 0.3)):
            times = sorted(run[what] for run in runs)
            least, middle = (1000 * figure for figure in (times[0], median(times)))
            print(f"{what:<8} {middle:7.0f} ms  (from {least:.0f})   wanted {1000 * wanted:.0f}")
        used = 1000 * min(run["processors"] for run in runs)
        print(f"agenda   {used:7.0f} ms of the processors, in the fastest run")


if __name__ == "__main__":
    main()
