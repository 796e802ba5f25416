"""What does each figure do when only the record changes? The study behind docs/honesty.md.

    python docs/honesty.py [--books 40] [--jobs 2]        writes the page

Each replicate is one team's two years, drawn once; then it is written down as each act of docs/honesty.toml would, at
doses 0, .2 and .5, and asked for the figures. A replicate is a file under ``out/honesty``: a study that was stopped
goes on where it was, and one more book is one more file.
"""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import date
from functools import cache
from hashlib import sha256
from pathlib import Path
from time import perf_counter
from typing import Any

import polars as pl

from kpikit import cohorts, pipeline, velocity, winloss
from kpikit.book import DealBook, Settings
from kpikit.book.selection import last_day
from kpikit.review.listing.agenda import found_by_rules
from kpikit.simulate import COMPANY, frames, plan
from kpikit.simulate.frames import SETTINGS, last_instant

ROOT = Path(__file__).parents[1]
DOSES = (0.0, 0.2, 0.5)
#: New business only, eight people, a hundred deals a quarter for two years: what a card is about, without its scope.
WORLD = replace(COMPANY, circumstances=replace(COMPANY.circumstances, types=()))
SIZE = {"deals": 800, "teams": 1}
START, MONTHS = date(2024, 7, 1), 24
YEAR, QUARTER, YEAR_BEFORE, OPENED = "2025", "2026Q2", "2025Q2", "2026Q1"
#: The half year in which a habit that began in July 2025 has reached most of what ends.
SINCE = "2026"
QUARTER_ENDS = tuple(f"2025-{month:02d}" for month in (3, 6, 9, 12))
#: A figure has moved when its change is more than so many standard errors (of the difference in the same books).
CLEAR = 3.0


def told(answer: Any, column: str = "value", **where: str) -> float | None:
    """The one number of an answer; None where it is not told."""
    rows = answer.frame
    for name, value in where.items():
        if name not in rows.columns:
            return None
        rows = rows.filter(pl.col(name) == value)
    if not rows.height or rows["status"][0] != "ok" or rows[column][0] is None:
        return None
    return float(rows[column][0])


def counted(answer: Any, flag: str) -> float | None:
    """How many rows of a list are flagged."""
    rows = answer.frame
    return float(rows[flag].sum()) if flag in rows.columns else 0.0


def _rate(definition: str, column: str = "value", **where: str) -> Callable[[DealBook], float | None]:
    return lambda book: told(winloss.win_rate(book, definition=definition, during=YEAR), column, **where)  # type: ignore[arg-type]


def _late_share(definition: str, during: str) -> Callable[[DealBook], float | None]:
    def share(book: DealBook) -> float | None:
        rate = winloss.win_rate(book, definition=definition, during=during)  # type: ignore[arg-type]
        n, n_late = told(rate, "n"), told(rate, "n_late")
        return None if n is None or n_late is None else n_late / n

    return share


def _wins(column: str) -> Callable[[DealBook], float | None]:
    return lambda book: told(winloss.wins(book, during=[YEAR]), figure=column)


def _mean_win(book: DealBook) -> float | None:
    n, value = _wins("won")(book), _wins("won_value")(book)
    return value / n if n and value is not None else None


def _in_quarter_ends(book: DealBook) -> float | None:
    """Of the year's wins, the share of the quarters' last months."""
    n, whole = 0.0, _wins("won")(book)
    for month in QUARTER_ENDS:
        n += told(winloss.wins(book, during=[month]), figure="won") or 0.0
    return n / whole if whole else None


def _in_the_last_month(book: DealBook) -> float | None:
    """Of the last quarter's wins, the share of its last month."""
    n, whole = (told(winloss.wins(book, during=[window]), figure="won") for window in ("2026-06", QUARTER))
    return n / whole if n is not None and whole else None


def _mixed(part: str) -> Callable[[DealBook], float | None]:
    return lambda book: told(winloss.mix_and_rate(book, during=QUARTER, before=YEAR_BEFORE), part=part)


def _compared(figure: str, stage: str) -> Callable[[DealBook], float | None]:
    def change(book: DealBook) -> float | None:
        found = velocity.compare(book, during=QUARTER, before=YEAR_BEFORE, permutations=0)
        return told(found, figure=figure, stage=stage)

    return change


def _curve(book: DealBook) -> float | None:
    rows = cohorts.win_curves(book, by="all", during=YEAR).frame.filter(pl.col("time") <= 180)
    return float(rows["value"][-1]) if rows.height else None


def _triangle(book: DealBook) -> float | None:
    rows = cohorts.triangle(book, during=YEAR).frame.filter((pl.col("age") == 6) & (pl.col("status") == "ok"))
    return rows["value"].mean() if rows.height else None  # type: ignore[return-value]


def _last_point(book: DealBook) -> float | None:
    rows = winloss.over_time(book).frame.filter(pl.col("status") == "ok").sort("period")
    return float(rows["value"][-1]) if rows.height else None


def _lost_in_the_first(book: DealBook) -> float | None:
    """Of the losses, the share that ended in the first stage."""
    rows = winloss.last_stage(book, during=YEAR).frame.filter(pl.col("status") == "ok")
    first = rows.filter(pl.col("stage") == "Qualify")["n_events"].sum()
    return first / rows["n"][0] if rows.height else None


def _last_segment(book: DealBook) -> float | None:
    found = winloss.win_rate(book, definition="finished", by=["segment"], during=SINCE).frame
    ended = found.filter(pl.col("status") == "ok")
    last = ended.filter(pl.col("segment") == "ENT")
    return last["n"][0] / ended["n"].sum() if last.height else None


def _rule(name: str) -> Callable[[DealBook], float | None]:
    def hits(book: DealBook) -> float | None:
        found = found_by_rules(book, last_day(book))
        return None if name in found.refused else float(found.hits.filter(pl.col("rule") == name).height)

    return hits


RULES = (
    "silent", "sleeping", "overdue", "criteria", "no_next_step", "amount_moved", "large", "single_contact",
    "just_ended",
)  # fmt: skip
#: Each figure: its name, its unit, and how it is asked.
FIGURES: Mapping[str, tuple[str, str, Callable[[DealBook], float | None]]] = {
    "rate.cohort": ("won within 180 days, of the deals begun in a year", "share", _rate("cohort")),
    "rate.finished": ("finished rate", "share", _rate("finished")),
    "rate.closed": ("closed rate", "share", _rate("closed")),
    "rate.created": ("won so far, of the deals begun in a year", "share", _rate("created")),
    "rate.value": ("rate by value", "share", _rate("value")),
    "rate.won_to_lost": ("won to lost", "ratio", _rate("won_to_lost")),
    "rate.overdue_lost": ("rate with overdue deals as lost, half a year", "share",
                          lambda b: told(winloss.win_rate(b, definition="overdue_lost", during=SINCE))),
    "rate.open_pipe": ("wins to open deals at the start", "ratio", _rate("open_pipe")),
    "rate.from_stage": ("won within 180 days of the offer's stage", "share", _rate("from_stage", stage="Proposal")),
    "rate.pooled": ("pooled rate of the first segment", "share",
                    lambda b: told(winloss.pooled(b, during=YEAR), segment="SMB")),
    "late.share": ("first recorded at a later stage, of the deals begun", "share", _late_share("cohort", YEAR)),
    "late.finished": ("first recorded at a later stage, of the deals ended", "share",
                      _late_share("finished", QUARTER)),
    "deals.n": ("deals begun in a year", "count", _rate("created", "n")),
    "deals.never": ("duplicates and tests, not counted", "count", _rate("closed", "n_never")),
    "wins.won": ("deals won in a year", "count", _wins("won")),
    "wins.value": ("their value", "money", _wins("won_value")),
    "wins.mean": ("value of a win", "money", _mean_win),
    "wins.quarter": ("deals won in the last quarter", "count",
                     lambda b: told(winloss.wins(b, during=[QUARTER]), figure="won")),
    "wins.last_month": ("… of them in its last month", "share", _in_the_last_month),
    "wins.quarter_ends": ("share of the wins in quarters' last months", "share", _in_quarter_ends),
    "curve.180": ("win curve at 180 days", "share", _curve),
    "triangle.6": ("won by the sixth month", "share", _triangle),
    "over.last": ("finished rate, the last quarter of the chart", "share", _last_point),
    "newest": ("newest cohort against those before", "share", lambda b: told(cohorts.newest(b))),
    "cycle.median": ("whole cycle, median", "day", lambda b: told(velocity.cycle(b, during=YEAR), figure="median")),
    "cycle.won": ("won by 180 days (cycle)", "share", lambda b: told(velocity.cycle(b, during=YEAR), figure="won")),
    "cycle.lost": ("lost by 180 days (cycle)", "share", lambda b: told(velocity.cycle(b, during=YEAR), figure="lost")),
    "cycle.still_open": ("still open after 180 days", "share",
                         lambda b: told(velocity.cycle(b, during=YEAR), figure="still_open")),
    "time.first": ("time in the first stage, median", "day",
                   lambda b: told(velocity.time_in_stage(b, during=YEAR), stage="Qualify")),
    "naive.ended": ("naive time of ended visits to the offer's stage", "day",
                    lambda b: told(velocity.naive(b, during=YEAR), figure="median_of_ended", stage="Proposal")),
    "bottleneck.last": ("days of a win in the last stage", "day",
                        lambda b: told(velocity.bottleneck(b, during=YEAR, draws=20), stage="Negotiation")),
    "exits.first.lost": ("lost from the first stage within 60 days", "share",
                         lambda b: told(velocity.exits(b, during=YEAR), stage="Qualify", exit="lost")),
    "funnel.proposal": ("ever came to the offer's stage", "share",
                        lambda b: told(velocity.funnel(b, during=YEAR), stage="Proposal")),
    "load.open": ("open deals per person", "ratio", lambda b: told(velocity.load(b), figure="open")),
    "silence.n": ("open deals that are silent", "count", lambda b: counted(velocity.silence(b), "is_silent")),
    "sleeping.n": ("open deals that sleep", "count", lambda b: counted(velocity.sleeping(b), "is_sleeping")),
    "sleeping.outcome": ("of old deals, won in the end", "share", lambda b: told(velocity.sleeping_outcome(b))),
    "throughput": ("won per day", "money", lambda b: told(velocity.throughput(b, during=YEAR))),
    "throughput.ends": ("ends per open deal and day", "rate",
                        lambda b: told(velocity.throughput_change(b, during=QUARTER, before=YEAR_BEFORE),
                                       "factor_now", factor="ends_per_day")),
    "stages.median": ("time in the first stage against a year before", "day", _compared("median", "Qualify")),
    "stages.still_there": ("still in the first stage after 60 days, against a year before", "share",
                           _compared("still_there", "Qualify")),
    "change.total": ("change of the finished rate in a year", "share", _mixed("total")),
    "change.mix": ("… of it by the mix", "share", _mixed("mix")),
    "change.rate": ("… of it within segments", "share", _mixed("rate")),
    "segment.last": ("deals ended in the last segment", "share", _last_segment),
    "endings.lost": ("lost to somebody or something", "count",
                     lambda b: told(winloss.endings(b, during=YEAR), figure="lost")),
    "endings.no_decision": ("ended without a decision", "count",
                            lambda b: told(winloss.endings(b, during=YEAR), figure="no_decision")),
    "lost.first": ("of the losses, in the first stage", "share", _lost_in_the_first),
    "lost.after_offer": ("of the losses, after an offer", "share",
                         lambda b: told(winloss.lost_after_offer(b, during=YEAR))),
    "reasons.first": ("reason 'no decision', of the known", "share",
                      lambda b: told(winloss.reasons(b, during=YEAR), loss_reason="no decision")),
    "reasons.lag": ("losses with a reason within a week", "share",
                    lambda b: told(winloss.reason_lag(b, during=YEAR), figure="within_week")),
    "rivals.first": ("lost to the most famous competitor, of the known", "share",
                     lambda b: told(winloss.competitors(b, during=YEAR), rival="Alpha")),
    "chain.accepted": ("leads accepted", "share",
                       lambda b: told(cohorts.chain(b, by=(), during=YEAR), step="accepted")),
    "moved.lost": ("left the pipeline as lost, in a quarter", "count",
                   lambda b: told(pipeline.moved(b, during=OPENED), figure="lost")),
    "moved.open_now": ("open at a quarter's end", "count",
                       lambda b: told(pipeline.moved(b, during=OPENED), figure="open_now")),
    "moved.money": ("value open at a quarter's end", "money",
                    lambda b: told(pipeline.moved(b, during=OPENED), "money", figure="open_now")),
    **{f"rule.{name}": (f"deals that the rule '{name}' finds", "count", _rule(name)) for name in RULES},
}  # fmt: skip


@cache
def study() -> dict[str, Any]:
    """What docs/honesty.toml asks for."""
    return tomllib.loads((ROOT / "docs" / "honesty.toml").read_text(encoding="utf-8"))


def keys_of(row: Mapping[str, Any]) -> list[str]:
    """The figures of an act, and what shows it, once each and in order."""
    rules = [f"rule.{name}" for name in row.get("rules", {})]
    return list(dict.fromkeys([*(f["figure"] for f in row["figures"]), *rules, *row["shows"]]))


def text_of(row: Mapping[str, Any], dose: float) -> str:
    """The plan of an act at a dose; ``push`` is ``pull`` the other way."""
    if not dose:
        return ""
    name, size = ("pull", -dose) if row["plant"] == "push" else (row["plant"], dose)
    return f"{name}={size:g}" + (f"@{row['since']}" if "since" in row else "")


def asked() -> dict[str, list[str]]:
    """Each plan of the study, and the figures that are asked of it."""
    found: dict[str, list[str]] = {}
    for row in study()["row"]:
        for dose in DOSES:
            wanted = found.setdefault(text_of(row, dose), [])
            wanted += [key for key in keys_of(row) if key not in wanted]
    return found


def figures_of(text: str, seed: int, keys: list[str]) -> dict[str, float | None]:
    """One team's two years, written down by this plan, and what the figures say of it."""
    tables = frames(WORLD, **SIZE, seed=seed, start=START, months=MONTHS, plan=plan(text))
    settings = Settings.from_tables(dict(SETTINGS), {})
    book = DealBook.from_frames(**tables, as_of=last_instant(START, MONTHS), settings=settings)
    return {key: FIGURES[key][2](book) for key in keys}


def replicate(seed: int) -> dict[str, dict[str, float | None]]:
    """All plans of the study on the same two years."""
    return {text: figures_of(text, seed, keys) for text, keys in asked().items()}


def folder() -> Path:
    """Where the replicates of this study are kept: another study, or another way of asking, is another folder."""
    code = [Path(__file__), *sorted((ROOT / "kpikit" / "simulate").rglob("*.py"))]
    said = json.dumps(asked()) + "".join(path.read_text(encoding="utf-8") for path in code)
    return ROOT / "out" / "honesty" / sha256(said.encode()).hexdigest()[:12]


def _kept(seed: int) -> dict[str, dict[str, float | None]]:
    path = folder() / f"{seed:04d}.json"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(".part")
        beside.write_text(json.dumps(replicate(seed)), encoding="utf-8")
        beside.replace(path)
    return json.loads(path.read_text(encoding="utf-8"))


def replicates(books: int, jobs: int = 2) -> Iterator[dict[str, dict[str, float | None]]]:
    """As many as asked for: those that are kept, and the rest made now."""
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(_kept, range(1, books + 1))


def main(books: int = 50) -> None:
    """How long do the books of the study take to make, and one replicate with all its questions?"""
    begin = perf_counter()
    for seed in range(books):
        frames(WORLD, **SIZE, seed=seed, start=START, months=MONTHS, plan=plan("late=.2,bias=1,pull=.4,hidden=.3"))
    made = perf_counter()
    replicate(0)
    told = f"{(made - begin) / books * 1000:.0f} ms a book of {SIZE['deals']} deals; {perf_counter() - made:.1f} s"
    sys.stdout.write(f"{told} a replicate of {len(asked())} records with their figures\n")


def estimate(values: list[float | None]) -> tuple[float, float, int]:
    """Mean, its standard error, and of how many books it is told."""
    known = pl.Series([v for v in values if v is not None], dtype=pl.Float64)
    n = len(known)
    if n < 2:
        return float("nan"), float("nan"), n
    return float(known.mean()), float(known.std() / n**0.5), n  # type: ignore[arg-type, operator]


def moved(before: list[float | None], after: list[float | None]) -> tuple[float, float, str]:
    """The mean change in the same books, its standard error, and its way: up, down, stays, or not told."""
    pairs = [a - b for a, b in zip(after, before, strict=True) if a is not None and b is not None]
    change, error, _ = estimate(pairs)  # type: ignore[arg-type]
    if change != change:
        return change, error, "not told"
    if not abs(change) > CLEAR * error:
        return change, error, "stays"
    return change, error, "up" if change > 0 else "down"


if __name__ == "__main__":
    main()
