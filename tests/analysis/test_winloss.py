"""What was won: counts and money, by window, team and currency."""

from datetime import date

import polars as pl
import pytest

from kpikit import DealBook, RankingRefused, Settings, winloss
from tests.strategies import day

AMSTERDAM = Settings(time_zone="Europe/Amsterdam", fiscal_year_starts=4)


def book_of(deals, **tables):
    frame = pl.DataFrame(
        [
            {
                "deal_id": str(i),
                "pipeline": "New",
                "outcome": "won",
                "created_at": day(0),
                "outcome_at": None,
                "amount": 10.0,
                **d,
            }
            for i, d in enumerate(deals)
        ],
        schema_overrides={"outcome_at": pl.Datetime("us", "UTC")},
    )
    tables.setdefault("settings", AMSTERDAM)
    return DealBook.from_frames(deals=frame, as_of=day(400), **tables)


def told(frame):
    return {(r["period"], r["figure"]): r["value"] for r in frame.to_dicts()}


def test_all_there_is():
    deals = [
        {"outcome_at": day(5)},
        {"outcome_at": day(9), "amount": 2.5},
        {"outcome": "lost", "outcome_at": day(9)},
        {"outcome": "void", "outcome_at": day(9)},
        {"outcome": "open"},
    ]
    found = winloss.wins(book_of(deals))
    assert told(found) == {(None, "won"): 2.0, (None, "won_value"): 12.5}
    assert found["unit"].to_list() == ["deal", "money"]
    assert found["low"].null_count() == found["high"].null_count() == 2
    assert found["status"].to_list() == ["ok", "ok"]


@pytest.mark.parametrize(
    ("at", "quarter"),
    [
        ("2026-06-30T21:59:59Z", date(2026, 4, 1)),  # 23:59:59 on 30 June in Amsterdam
        ("2026-06-30T22:00:00Z", date(2026, 7, 1)),
        ("2026-07-01", date(2026, 7, 1)),  # a date without a time is the whole day
        ("2026-09-30", date(2026, 7, 1)),
        ("2026-10-01", date(2026, 10, 1)),
        ("2026-12-31T22:59:00Z", date(2026, 10, 1)),
    ],
)
def test_the_local_day_decides_the_window(at, quarter):
    frame = pl.DataFrame(
        {"deal_id": ["a"], "pipeline": ["P"], "outcome": ["won"], "outcome_at": [at], "amount": [10.0]}
    )
    book = DealBook.from_frames(deals=frame, settings=AMSTERDAM, as_of=day(400))
    windows = [book.settings.period(f"2026Q{i}") for i in (1, 2, 3, 4)]
    found = told(winloss.wins(book, during=windows))
    assert len(found) == 8
    assert {key[0] for key, value in found.items() if value} == {quarter}


def test_windows_add_up():
    deals = [{"outcome_at": day(d), "amount": float(d)} for d in range(0, 360, 7)]
    book = book_of(deals)
    months = [book.settings.period(f"2026-{m:02}") for m in range(1, 13)]
    by_month, year = winloss.wins(book, during=months), winloss.wins(book, during=book.settings.period("2026"))
    for figure in ("won", "won_value"):
        assert by_month.filter(figure=figure)["value"].sum() == year.filter(figure=figure)["value"].sum()
    assert by_month.filter(figure="won")["value"].sum() == 52  # days 0, 7, … 357
    assert by_month["period"].is_sorted()


def test_nothing_won_is_a_nought_not_a_gap():
    book = book_of([{"outcome_at": day(5), "team": "A"}, {"outcome": "lost", "outcome_at": day(200), "team": "B"}])
    found = winloss.wins(book, during=book.settings.period("2026Q3"))
    assert told(found) == {(date(2026, 7, 1), "won"): 0.0, (date(2026, 7, 1), "won_value"): 0.0}


def test_the_team_is_that_of_the_day_of_the_outcome():
    people = pl.DataFrame(
        {
            "owner": ["a", "a", *"bcdef"],
            "team": ["North", "South", *["North", "North", "South", "South", "South"]],
            "from_on": ["2025-01-01", "2026-02-01", *["2025-01-01"] * 5],
            "until_on": ["2026-02-01", None, *[None] * 5],
        }
    )
    deals = [
        {"owner": "a", "outcome_at": day(20)},
        {"owner": "a", "outcome_at": day(40)},
        {"owner": "b", "outcome_at": day(40)},
    ]
    deals += [{"owner": o, "outcome": "open"} for o in "cdef"]
    found = winloss.wins(book_of(deals, people=people), by=["team"]).filter(figure="won")
    assert dict(found.select("team", "value").drop_nulls().iter_rows()) == {"North": 2.0, "South": 1.0}


def test_money_in_the_books_currency():
    rates = pl.DataFrame({"currency": ["GBP"], "on": ["2026-01-01"], "rate": [1.25]})
    deals = [{"outcome_at": day(5), "amount": 100.0, "currency": c} for c in ("EUR", "GBP", "CHF")]
    settings = Settings(currency="EUR")
    found = {r["figure"]: r for r in winloss.wins(book_of(deals, rates=rates, settings=settings)).to_dicts()}
    assert found["won_value"]["value"] == 225.0  # 100 + 100 × 1.25; no rate for the francs
    assert (found["won"]["value"], found["won_value"]["n"], found["won_value"]["n_unpriced"]) == (3.0, 2, 1)


def test_refusals():
    assert winloss.wins(book_of([{"outcome": "open"}]))["value"].to_list() == [0.0, 0.0]  # nothing decided yet
    undated = book_of([{"outcome_at": None}])
    found = winloss.wins(undated)
    assert found.select("status", "reason", "value").rows() == [("refused", "no_outcome_at", None)]
    with pytest.raises(RankingRefused):
        winloss.wins(book_of([{"outcome_at": day(5)}]), by="owner")


def test_a_win_without_a_date_is_counted_as_left_out():
    found = winloss.wins(book_of([{"outcome_at": day(5)}, {"outcome_at": None}])).filter(figure="won")
    assert found.select("value", "n_excluded").rows() == [(1.0, 1)]
