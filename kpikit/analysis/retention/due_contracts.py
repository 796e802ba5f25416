"""Whose contract falls due, and when: a list of customers to talk about."""

from __future__ import annotations

import polars as pl

from kpikit.analysis.base.answer import answer
from kpikit.analysis.retention.contracts import contracts, with_groups, worth
from kpikit.analysis.retention.renewals import without_terms
from kpikit.book import DealBook


@answer(kpi="contracts_due")
def due(book: DealBook) -> pl.DataFrame:
    """Whose contract runs now, when does it fall due, and what is it worth?

    Definition: the last contract of each customer (from the terms in ``revenue``) of which it is not known that it was
    or was not renewed. Misleads where terms are not regular; then it is refused. Gamed by long terms, which are not due
    for years.

    Args:
        book: a deal book with ``revenue``; for a team copy (it lists customers).

    Returns:
        A list: ``account_id, from_on, due_on, months, worth`` (a year, in the book's currency; null: not known), those
        due first. ``refused`` (``no_contract_term``) where customers buy at no regular interval.

    Example:
        >>> import kpikit
        >>> kpikit.retention.due(kpikit.open_book("demo")).columns[:3]
        ['account_id', 'from_on', 'due_on']
    """
    known = contracts(book)
    if known.months is None:
        return without_terms()
    rows = with_groups(known.rows, book, ["_all"])
    last = rows.sort("account_id", "from_on").group_by("account_id", maintain_order=True).last()
    running = last.filter(pl.col("is_renewed").is_null())
    priced = worth(known, book, known.today, known.today).select("account_id", worth="home")
    found = running.join(priced, on="account_id", how="left", maintain_order="left").sort("due_on", "account_id")
    return found.select(
        "account_id", "from_on", "due_on", "months", "worth", n=pl.lit(1, pl.Int64), n_excluded=pl.lit(0, pl.Int64),
        unit=pl.lit("money"),
    )  # fmt: skip
