"""What ``kpikit init`` shows of what it understood: how many deals, on what evidence, and what was left aside."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from kpikit.book import DealBook
from kpikit.errors import SEVERITY, Fault
from kpikit.start.asking import Choices
from kpikit.start.starting import Start
from kpikit.words import Words

_SHOWN = ("deal_id", "created_at", "stage", "outcome", "outcome_at", "amount", "currency", "team")
#: what was noticed for the record, and is shown all the same: it says what was taken of several
_SAID = ("other_sheets", "file_taken")
#: rules that say once more what is told of the files
_TWICE = ("rows_set_aside_first",)
#: so many lines of what was noticed are shown; the rest is in ``kpikit check``
_MOST = 12


def lines(made: Start, book: DealBook, words: Words) -> Iterator[str]:
    """What was understood: how many deals ended how and are worth what, by what evidence, and what is not used."""
    yield from counts(book, words)
    told = [words.say(f"told.{one.code}", **one.values) for one in made.guess.told]
    noticed = [words.fault(f) for f in book.faults if _is_shown(f)]
    more = len(noticed) - _MOST
    yield from _part(words.say("init.told"), [*told, *noticed[:_MOST]])
    if more > 0:
        yield f"  · {words.say('init.more', n=more)}"
    yield from _part(words.say("init.unused"), list(_unused(made, words)))
    yield from _part(words.say("init.own"), list(_own(made, words)))
    if made.choices.assumed:
        yield from _part(words.say("init.assumed"), list(_assumed(made.choices, words)))


def _is_shown(fault: Fault) -> bool:
    return fault.rule in _SAID or (SEVERITY.get(fault.rule) != "note" and fault.rule not in _TWICE)


def counts(book: DealBook, words: Words) -> Iterator[str]:
    """How many deals there are, and of each end how many, worth what."""
    deals = book.tables["deals"].lazy().select("outcome", "amount_home").collect()
    yield words.say("init.deals", n=deals.height)
    money = Words(words.language, book.settings.currency or "", book.settings.amount_per)
    for outcome in ("won", "lost", "open", "void"):
        some = deals.filter(pl.col("outcome") == outcome)
        if not some.height and outcome == "void":
            continue
        priced = some["amount_home"].drop_nulls()
        code = "init.number" if not len(priced) else "init.worth" if len(priced) == some.height else "init.worth_some"
        values = {"n": some.height, "priced": len(priced), "sum": money.price(float(priced.sum()))}
        yield f"  · {words.say(f'init.{outcome}')}: {words.say(code, **values)}"


def three_rows(book: DealBook) -> list[tuple[str, ...]]:
    """The first three deals as they were understood: a heading, then the rows."""
    deals = book.tables["deals"].lazy().head(3).collect()
    zone = book.settings.time_zone
    known = [name for name in _SHOWN if deals[name].null_count() < deals.height]
    days = [name for name in known if name.endswith("_at")]
    shown = deals.with_columns(
        pl.col(days).dt.convert_time_zone(zone).dt.date(),
        pl.col("amount").round(2).cast(pl.String).str.strip_suffix(".0"),
    ).select(pl.col(known).cast(pl.String))
    return [tuple(shown.columns), *(tuple(cell or "" for cell in row) for row in shown.iter_rows())]


def _own(made: Start, words: Words) -> Iterator[str]:
    for table in made.guess.tables:
        if table.own:
            yield words.say("init.unused_columns", file=table.file.name, names=", ".join(table.own))


def _unused(made: Start, words: Words) -> Iterator[str]:
    for file in dict.fromkeys(table.file for table in made.guess.tables):
        same = [table.unused for table in made.guess.tables if table.file == file]
        left = [name for name in same[0] if all(name in unused for unused in same)]  # one file may be two tables
        if left:
            yield words.say("init.unused_columns", file=file.name, names=", ".join(left))
    if made.guess.unused_files:
        yield words.say("draft.unused_files", names=", ".join(path.name for path in made.guess.unused_files))


def _assumed(choices: Choices, words: Words) -> Iterator[str]:
    """What was taken because nobody was asked, and how to say otherwise."""
    values = {
        "time_zone": choices.time_zone,
        "fiscal_year_starts": choices.fiscal_year_starts,
        "currency": choices.currency or "–",
        "persons": choices.persons,
        "team": choices.team[1] if choices.team else "–",
        "renewals": ", ".join(choices.renewals) or "–",
    }
    for code in choices.assumed:
        if code in values:
            yield words.say(f"assumed.{code}", value=values[code])


def _part(heading: str, items: list[str]) -> Iterator[str]:
    if items:
        yield from ("", heading, *(f"  · {item}" for item in items))
