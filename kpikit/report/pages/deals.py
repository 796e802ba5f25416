"""Page 7: the open deals that wait long, for the team's own copy."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

import polars as pl

from kpikit.analysis.velocity import sleeping_outcome, sleeping_rate, waiting
from kpikit.book import DealBook
from kpikit.calendar import Period
from kpikit.schema import Estimate
from kpikit.show.page import Chart, Message, Page, Table, message

#: rows of the table: a person acts on seven deals, not on forty
ROWS = 7


@dataclass(frozen=True)
class Waiting:
    """Open deals with their days and marks, dressed with what the table shows; and how many would be usual."""

    deals: pl.DataFrame
    rates: pl.DataFrame
    outcome: pl.DataFrame

    @property
    def asleep(self) -> pl.DataFrame:
        """The deals past their mark."""
        return self.deals.filter("is_sleeping")


def waiting_deals(book: DealBook, period: Period) -> Waiting:
    """The open deals of a book at a period's end; what is usual is read from the twelve months before the period."""
    deals = book.tables["deals"].lazy().select("deal_id", "name", "amount_home", "customer_goal").collect()
    listed = waiting(book)
    if "deal_id" not in listed.columns:
        empty = pl.DataFrame(schema={"deal_id": pl.String, "is_sleeping": pl.Boolean})
        return Waiting(empty, pl.DataFrame(schema={"stage": pl.String}), pl.DataFrame())
    dressed = listed.join(deals, on="deal_id", how="left", maintain_order="left")
    acts = _last_acts(book)
    dressed = dressed.join(acts, on="deal_id", how="left", maintain_order="left")
    return Waiting(dressed, sleeping_rate(book, before=period.back(12, 12)).frame, sleeping_outcome(book).frame)


def _last_acts(book: DealBook) -> pl.DataFrame:
    """The last thing each customer did: replied, met, asked. Edits by us do not count."""
    if "activities" not in book.tables:
        return pl.DataFrame(schema={"deal_id": pl.String, "acted_at": pl.Datetime("us", "UTC")})
    acts = book.tables["activities"].lazy().filter(pl.col("direction").is_in(["customer", "both"]))
    return acts.group_by("deal_id").agg(acted_at=pl.col("happened_at").max()).collect()


def deals_page(book: DealBook, found: Waiting, *, copy: str, refused: str | None) -> Page:
    """Page 7 as a value; a company copy counts the deals and names none."""
    if refused is not None:
        reason = message(f"reason.{refused}")
        return Page("deals", message("page.deals.title.refused", reason=reason), folded=True)
    if not found.deals.height:
        return Page("deals", message("page.deals.title.none"), folded=True)
    sentence = _sentence(found)
    if copy != "team":  # each dot of the chart is a deal
        return Page("deals", _title(found), sentence, folded=True, terms=("nine",))
    return Page(
        "deals", _title(found), sentence, _chart(found), message("page.deals.question"), table=_table(book, found),
        terms=("nine",), footer=for_conversation(book),
    )  # fmt: skip


def few_deals_page(book: DealBook, found: Waiting, *, copy: str) -> Page:
    """Page 7 of a team with so few deals that each is talked about."""
    opened = found.deals
    if not opened.height:
        return Page("deals", message("page.deals.title.none"), folded=True)
    title = message("page.deals.title.each", n=opened.height, count=message(f"count.{min(opened.height, 9)}"))
    if copy != "team":
        return Page("deals", title, folded=True)
    question, table = message("page.deals.question.each"), _table(book, found, opened)
    return Page("deals", title, question=question, table=table, footer=for_conversation(book))


def for_conversation(book: DealBook) -> tuple[Message, ...]:
    """What stands under every page that lists deals: what it is for, and what was agreed with staff."""
    agreement = book.settings.privacy.agreement
    agreed = (message("page.agreement", agreement=agreement),) if agreement else ()
    return (message("page.for_conversation"), *agreed)


def _title(found: Waiting) -> Message:
    n = found.asleep.height
    expected = found.rates["expected"].sum() if found.rates["expected"].null_count() == 0 else None
    if n == 0:
        return message("page.deals.title.nobody")
    if expected is None:
        return message("page.deals.title.count", n=n)
    return message("page.deals.title.usual", n=n, usual=round(expected))


def _sentence(found: Waiting) -> tuple[Message, ...]:
    asleep, everything = (float(deals["amount_home"].sum() or 0.0) for deals in (found.asleep, found.deals))
    parts = []
    if asleep and everything:
        parts.append(
            message(
                "page.deals.value", value=Estimate(asleep, None, None, "money"), share=round(100 * asleep / everything)
            )
        )
    outcome = found.outcome.row(0, named=True)
    old, won = outcome["n"], outcome["n_events"]
    if outcome["status"] == "ok":
        parts.append(message("page.deals.earlier", n=old, won=won, chance=Estimate.of(outcome)))
    elif old:
        parts.append(message("page.deals.earlier.few", n=old, won=won))
    return tuple(parts)


def _chart(found: Waiting) -> Chart:
    stages = found.rates["stage"].to_list()
    dots = found.deals.select(label="stage", value="days_in_stage", is_sleeping="is_sleeping")
    marks = found.rates.select(label="stage", value="mark_days", is_sleeping=pl.lit(None, pl.Boolean))
    order = {stage: i for i, stage in enumerate(stages)}
    both = pl.concat([dots, marks]).with_columns(row=pl.col("label").replace_strict(order, default=len(order)))
    key = (("waiting", message("key.sleeping")), ("before", message("key.awake")))
    return Chart("strips", both.sort("row").drop("row"), message("page.deals.chart", n=found.deals.height), key=key)


def _table(book: DealBook, found: Waiting, deals: pl.DataFrame | None = None) -> Table:
    """At most seven deals: what it is, where it stands, since when, and the customer's last act."""
    rows = (found.asleep if deals is None else deals).head(ROWS).to_dicts()
    zone = ZoneInfo(book.settings.time_zone)
    cells = []
    for row in rows:
        acted = row.get("acted_at")
        last = message("page.deals.day", day=acted.astimezone(zone).date()) if acted else message("page.deals.no_act")
        days = message("page.deals.days", n=round(row["days_in_stage"]))
        cells.append((row["name"] or row["deal_id"], row["stage"], days, last, ""))
    headings = tuple(message(f"page.deals.{name}") for name in ("deal", "stage", "since", "act", "parked"))
    return Table(headings, tuple(cells))
