"""Page 3 of the team review: what the team agreed to try, what the customer did then, how it ended."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import polars as pl

from kpikit.book import DealBook
from kpikit.report.figures.tries import STATES, Tries
from kpikit.review.events_since import after, facts_of, moments
from kpikit.show.page import Message, Page, Table, message

#: so many tries fit on a page, and so many characters of each
ROWS, LONGEST = 5, 100


def tried_page(book: DealBook, tries: Tries, copy: str) -> Page:
    """The page as a value: a list in the team's own words; a company copy has the counts only."""
    question, first = message("page.tried.question"), message("page.tried.question.first")
    if not tries.is_kept:
        return Page("tried", message("page.tried.title.no_log"), (message("page.tried.no_log"),), question=first)
    if not tries.made.height:
        return Page("tried", message("page.tried.title.none"), (message("page.tried.none"),), question=first)
    sentence = [told] if (told := counted(tries)) else []
    if copy != "team":
        return Page("tried", _title(tries), tuple(sentence), question=question)
    sentence += [_said(tries, kind) for kind in ("worked", "did_not") if tries.said.filter(kind=kind).height]
    return Page("tried", _title(tries), tuple(sentence), question=question, table=_table(book, tries))


def counted(tries: Tries) -> Message | None:
    """How many tries ended in which way; None where there are none."""
    states = [state for state in tries.made["state"].to_list() if state in STATES[1:-1]]
    parts = tuple(message(f"page.tried.{state}", n=states.count(state)) for state in STATES[1:-1] if state in states)
    unsaid = tries.made["state"].null_count()
    parts += (message("page.tried.unsaid", n=unsaid),) if unsaid else ()
    return message("page.tried.ended", parts=parts) if parts else None


def last_tries(tries: Tries) -> Message | None:
    """Last quarter's tries in a sentence, for the page that asks for the next ones."""
    if not tries.made.height:
        return None
    return message("page.tried.last", n=tries.made.height, done=_done(tries))


def _done(tries: Tries) -> int:
    return tries.made.filter(pl.col("state") == "done").height


def _title(tries: Tries) -> Message:
    n, done = tries.made.height, _done(tries)
    if tries.made["state"].null_count() == n:
        return message("page.tried.title.unsaid", n=n)
    return message("page.tried.title", n=n, done=done)


def _said(tries: Tries, kind: str) -> Message:
    last = tries.said.filter(kind=kind).sort("said_at", descending=True).head(2)["text"].to_list()
    return message(f"page.tried.{kind}", text=tuple(map(_short, last)))


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= LONGEST else f"{plain[: LONGEST - 1].rstrip()}…"


def _table(book: DealBook, tries: Tries) -> Table:
    """What was agreed, for which deal, what the customer did after it, how it ended; the surest first."""
    order = {state: i for i, state in enumerate(STATES)}
    names = dict(book.tables["deals"].lazy().select("deal_id", pl.coalesce("name", "deal_id")).collect().iter_rows())
    made = tries.made.with_row_index("key").with_columns(pl.col("key").cast(pl.String))
    since = _since(book, made)
    rows = sorted(made.to_dicts(), key=lambda row: (order.get(row["state"], len(order)), row["made_at"]))[:ROWS]
    cells = tuple(
        (_short(row["text"]), names.get(row["deal_id"], ""), since[row["key"]], _state(row["state"])) for row in rows
    )
    return Table(tuple(message(f"page.tried.{name}") for name in ("try", "deal", "since", "how")), cells)


def _state(state: str | None) -> Message:
    return message(f"page.tried.state.{state or 'unsaid'}")


def _since(book: DealBook, made: pl.DataFrame) -> dict[str, Message | str]:
    """The last thing that the book shows of each deal after what was agreed."""
    known = made.filter(pl.col("deal_id").is_not_null())
    zone = ZoneInfo(book.settings.time_zone)
    told: dict[str, Message | str] = dict.fromkeys(made["key"], "")
    told |= dict.fromkeys(known["key"], message("review.since.nothing"))
    asked = moments([(*row, None) for row in known.select("key", "deal_id", "made_at").iter_rows()])
    for (key,), found in after(facts_of(book, known["deal_id"].unique().to_list()), asked).group_by(
        "key", maintain_order=True
    ):
        moves = found.filter(pl.col("kind") != "act")
        last = (moves if moves.height else found).row(-1, named=True)
        day = last["at"].astimezone(zone).date()
        told[str(key)] = message(f"review.since.{last['kind']}", n=found.height, stage=last["text"], on=day)
    return told
