"""CDNOW's purchases 1997–98 as revenue: published cohorts, who buys again, and no contracts where there are none."""

from datetime import date

import polars as pl
import pytest

from kpikit import DealBook, retention
from kpikit.calendar import Period
from tests.analysis.customer_books import at


@pytest.fixture(scope="module")
def purchases(shared_data):
    """Customer, day, amount: read here, by position, from the text file with its stray carriage return."""
    text = (shared_data / "cdnow" / "CDNOW_master.txt").read_text(encoding="ascii")
    rows = [line.split() for line in text.splitlines() if line.strip()[:1].isdigit()]
    days = [date(int(row[1][:4]), int(row[1][4:6]), int(row[1][6:])) for row in rows]
    return pl.DataFrame({"account_id": [row[0] for row in rows], "period": days, "amount": [float(r[3]) for r in rows]})


@pytest.fixture(scope="module")
def book(purchases):
    last = at(date(1998, 7, 1))
    deals = pl.DataFrame(
        {"deal_id": ["none"], "pipeline": ["Shop"], "outcome": ["open"], "created_at": [at(date(1997, 1, 1))]}
    )
    return DealBook.from_frames(deals=deals, revenue=purchases, as_of=last)


def test_the_file_is_the_known_one(purchases):
    assert (purchases.height, purchases["account_id"].n_unique()) == (69_659, 23_570)
    assert purchases["amount"].sum() == pytest.approx(2_500_315.63)
    assert (purchases["amount"] == 0).sum() == 80


def test_cohorts_and_who_returns_a_month_later(book):
    rows = retention.returns(book)
    first = rows.filter(pl.col("age") == 0).select("cohort", "n").rows()
    assert first == [(date(1997, 1, 1), 7_846), (date(1997, 2, 1), 8_476), (date(1997, 3, 1), 7_248)]
    again = rows.filter(pl.col("age") == 1)["value"].to_list()
    assert [round(100 * share, 2) for share in again] == [14.75, 15.48, 14.24]


def test_the_last_month_is_over_and_july_is_not(book):
    march = retention.returns(book, during=Period.parse("1997-03"))
    assert march.filter(~pl.col("is_mature"))["age"].to_list() == [16]  # July 1998
    assert march.filter(pl.col("age") == 16)["value"].to_list() == [None]


def test_a_shop_has_no_contracts(book):
    for ask in (retention.renewal, retention.gross_net, retention.curves, retention.projection):
        assert ask(book)["reason"].to_list() == ["no_contract_term"]
