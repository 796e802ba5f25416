"""The door at size: CSV to a prepared book, beside DuckDB's CSV to sorted Parquet of the same files.

    python benchmarks/door.py [--deals 1000000] [--runs 3]

Each figure is a process of its own, so that its peak memory is the operating system's. kpikit reads, types, validates
every row, completes teams and local days, orders and codes the events, and writes; DuckDB reads, guesses types, sorts
and writes.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

EVENTS_PER_DEAL = 10
STAGES = [f"Stage {i}" for i in range(1, 9)]
DAY_S = 86_400


def make(folder: Path, n_deals: int) -> None:
    """deals.csv, stage_events.csv (ten a deal, in order of time as a log is written) and stages.csv."""
    import numpy as np
    import polars as pl

    rng = np.random.default_rng(1)
    ids = pl.Series(rng.permutation(n_deals)).cast(pl.String).str.zfill(12)
    ids = pl.select(pl.concat_str(pl.lit("006Qd0"), ids)).to_series()
    created = 1_704_067_200 + rng.integers(0, 700 * DAY_S, n_deals)
    gaps = rng.exponential(6 * DAY_S, (n_deals, EVENTS_PER_DEAL)).astype(np.int64) + 1
    gaps[:, 0] = 0
    at = created[:, None] + gaps.cumsum(axis=1)
    step = rng.choice([1, 1, 1, 0, 2, -1], (n_deals, EVENTS_PER_DEAL))
    step[:, 0] = 0
    place = np.clip(step.cumsum(axis=1), 0, len(STAGES) - 1)
    outcome = rng.choice(["open", "won", "lost"], n_deals, p=[0.3, 0.25, 0.45])
    clock = "%Y-%m-%d %H:%M:%S"
    end = pl.Series(at[:, -1] + DAY_S)
    pl.DataFrame({"deal_id": ids, "outcome": outcome}).with_columns(
        pipeline=pl.lit("New"),
        team=pl.concat_str(pl.lit("Team "), pl.Series(rng.integers(0, 200, n_deals)).cast(pl.String)),
        owner=pl.concat_str(pl.lit("005Qd"), pl.Series(rng.integers(0, 2000, n_deals)).cast(pl.String)),
        amount=pl.Series(np.round(rng.lognormal(9, 1, n_deals), 2)),
        created_at=pl.from_epoch(pl.Series(created), "s").dt.strftime(clock),
        outcome_at=pl.when(pl.col("outcome") != "open").then(pl.from_epoch(end, "s").dt.strftime(clock)),
    ).write_csv(folder / "deals.csv")
    deal = np.repeat(np.arange(n_deals), EVENTS_PER_DEAL)
    pl.DataFrame({"deal": deal, "at": at.ravel(), "place": place.ravel()}).sort("at").select(
        pl.lit(ids).gather(pl.col("deal")).alias("deal_id"),
        pl.col("place").replace_strict(dict(enumerate(STAGES)), return_dtype=pl.String).alias("stage"),
        pl.from_epoch("at", "s").dt.strftime(clock).alias("entered_at"),
    ).write_csv(folder / "stage_events.csv")
    rows = [f"New,{stage},{i}" for i, stage in enumerate(STAGES, 1)]
    (folder / "stages.csv").write_text("\n".join(["pipeline,stage,position", *rows, ""]))


def kpikit_door(folder: Path) -> dict:
    """CSV to a prepared book, opened and checked."""
    import kpikit

    started = time.perf_counter()
    book = kpikit.open_book(folder)
    opened = time.perf_counter() - started
    kpikit.prepare(book, folder / "prepared")
    return {"open": opened}


def duckdb_door(folder: Path) -> dict:
    """CSV to Parquet in order of deal and time."""
    import duckdb

    connection = duckdb.connect()
    for table, order in (("deals", "deal_id"), ("stage_events", "deal_id, entered_at"), ("stages", "position")):
        source, target = folder / f"{table}.csv", folder / f"{table}.duckdb.parquet"
        connection.execute(
            f"copy (select * from read_csv('{source}') order by {order}) "
            f"to '{target}' (format parquet, compression zstd)"
        )
    return {}


def reopen(folder: Path) -> dict:
    """A prepared book, opened again: in a fresh process, once polars is loaded, and again."""
    import polars as pl

    import kpikit
    from kpikit.book import opening  # noqa: F401 - the import is not the opening

    pl.DataFrame({"a": [1]}).lazy().collect()
    times = []
    for _ in range(5):
        started = time.perf_counter()
        kpikit.open_book(folder / "prepared")
        times.append(time.perf_counter() - started)
    return {"first": times[0], "again": min(times)}


SIDES = {"kpikit": kpikit_door, "duckdb": duckdb_door, "reopen": reopen}


def main() -> None:
    """Make the files, run each side in a process of its own, print ratios."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--deals", type=int, default=1_000_000)
    asked.add_argument("--runs", type=int, default=3)
    asked.add_argument("--side", choices=SIDES)
    asked.add_argument("--folder", type=Path)
    options = asked.parse_args()
    if options.side:
        started = time.perf_counter()
        more = SIDES[options.side](options.folder)
        seconds = time.perf_counter() - started
        used = resource.getrusage(resource.RUSAGE_SELF)
        processor = used.ru_utime + used.ru_stime
        print(json.dumps({"seconds": seconds, "processor": processor, "gb": used.ru_maxrss / 2**20, **more}))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder, options.deals)
        size = sum(file.stat().st_size for file in folder.glob("*.csv")) / 2**20
        print(f"{options.deals:,} deals, {options.deals * EVENTS_PER_DEAL:,} events, {size:,.0f} MB of CSV")
        best = {}
        for side in SIDES:
            for _ in range(1 if side == "reopen" else options.runs):
                command = [sys.executable, __file__, "--side", side, "--folder", name]
                told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
                if side not in best or told["seconds"] < best[side]["seconds"]:
                    best[side] = told
            print(side, {key: round(value, 3) for key, value in best[side].items()})
        ratio, work = (best["kpikit"][name] / best["duckdb"][name] for name in ("seconds", "processor"))
        print(
            f"CSV to a prepared book: {ratio:.2f} x DuckDB's time (asked 2.5), {work:.2f} x its processor time, "
            f"{best['kpikit']['gb']:.2f} GB (asked under 6)"
        )
        first, again = (1000 * best["reopen"][name] for name in ("first", "again"))
        print(f"opened again in {first:.0f} ms, then {again:.0f} ms (asked 50)")


if __name__ == "__main__":
    main()
