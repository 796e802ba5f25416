"""Which team a deal belongs to on which day, and what an amount is worth in the book's currency."""

import polars as pl
import pytest

from kpikit import DealBook, Refused, Settings, UsageError, winloss
from kpikit.book import of_team, teams
from kpikit.engine import spells
from tests.strategies import STAGES, day

PEOPLE = pl.DataFrame(
    {
        # ann moves from North to South on 10 January; bob leaves North on 20 January for nowhere; cem is always South
        "owner": ["ann", "ann", "bob", "cem"],
        "team": ["North", "South", "North", "South"],
        "from_on": ["2025-01-01", "2026-01-10", "2025-01-01", None],
        "until_on": ["2026-01-10", None, "2026-01-20", None],
    }
)


def book_of(deals, **tables):
    frame = pl.DataFrame(
        [
            {"pipeline": "New", "outcome": "open", "created_at": day(0), "outcome_at": None, "owner": None, **d}
            for d in deals
        ],
        schema_overrides={"outcome_at": pl.Datetime("us", "UTC")},
    )
    return DealBook.from_frames(deals=frame, as_of=day(100), **tables)


def columns(book, *names):
    return book.tables["deals"].select(names).rows()


def test_a_deal_has_the_team_its_owner_was_in_on_the_day_it_was_created():
    deals = [
        {"deal_id": "1", "owner": "ann", "created_at": day(8)},  # 9 January
        {"deal_id": "2", "owner": "ann", "created_at": day(9)},  # 10 January: her first day in South
        {"deal_id": "3", "owner": "cem", "created_at": day(0)},
    ]
    assert columns(book_of(deals, people=PEOPLE), "team") == [("North",), ("South",), ("South",)]


def test_the_team_of_an_outcome_is_that_of_its_day():
    deals = [{"deal_id": "1", "owner": "ann", "outcome": "won", "outcome_at": day(30)}]
    assert columns(book_of(deals, people=PEOPLE), "team", "outcome_team") == [("North", "South")]


def test_local_days_decide():
    # 9 January 23:30 UTC is 10 January in Amsterdam
    deals = [{"deal_id": "1", "owner": "ann", "created_at": day(8 + 23.5 / 24)}]
    assert columns(book_of(deals, people=PEOPLE), "team") == [("North",)]
    assert columns(book_of(deals, people=PEOPLE, settings=Settings(time_zone="Europe/Amsterdam")), "team") == [
        ("South",)
    ]


def test_in_a_gap_the_deals_own_team_or_none():
    deals = [{"deal_id": "1", "owner": "bob", "created_at": day(30)}]
    assert columns(book_of(deals, people=PEOPLE), "team") == [(None,)]
    deals = [{**deals[0], "team": "Given"}]
    assert columns(book_of(deals, people=PEOPLE), "team") == [("Given",)]


def test_without_people_it_is_the_column_and_without_that_one_team():
    deals = [{"deal_id": "1", "team": "East"}, {"deal_id": "2", "team": "West"}]
    assert teams(book_of(deals)) == ["East", "West"]
    assert columns(book_of([{"deal_id": "1"}]), "team") == [("all",)]


def test_a_deal_that_changed_hands_has_the_team_of_who_owned_it_then():
    changes = pl.DataFrame(
        {"deal_id": ["1"], "field": ["owner"], "old": ["bob"], "new": ["cem"], "changed_at": [day(12)]}
    )
    deals = [{"deal_id": "1", "owner": "cem", "outcome": "lost", "outcome_at": day(40)}]
    events = pl.DataFrame(
        {"deal_id": ["1"] * 3, "stage": ["Qualify", "Discovery", "Proposal"], "entered_at": [day(1), day(11), day(13)]}
    )
    book = book_of(deals, people=PEOPLE, changes=changes, stage_events=events, stages=STAGES)
    assert columns(book, "team", "outcome_team") == [("North", "South")]
    assert spells(book)["team"].to_list() == ["North", "North", "South"]


def test_the_team_of_a_visit_is_that_of_the_day_it_began():
    events = pl.DataFrame({"deal_id": ["1"] * 2, "stage": ["Qualify", "Discovery"], "entered_at": [day(5), day(50)]})
    book = book_of([{"deal_id": "1", "owner": "ann"}], people=PEOPLE, stage_events=events, stages=STAGES)
    assert spells(book)["team"].to_list() == ["North", "South"]


def test_a_team_of_its_own_has_every_deal_it_ever_had_and_its_own_part_of_the_answers():
    owners = pl.DataFrame(
        {"owner": [f"n{i}" for i in range(3)] + [f"s{i}" for i in range(3)], "team": ["North"] * 3 + ["South"] * 3}
    )
    moved = pl.DataFrame({"deal_id": ["2"], "field": ["owner"], "old": ["n1"], "new": ["s1"], "changed_at": [day(5)]})
    deals = [
        {"deal_id": "1", "owner": "n0", "outcome": "won", "outcome_at": day(20)},
        {"deal_id": "2", "owner": "s1", "outcome": "won", "outcome_at": day(20)},
        {"deal_id": "3", "owner": "s2", "outcome": "won", "outcome_at": day(20)},
    ]
    book = book_of(deals, people=owners, changes=moved)
    north = of_team(book, "North")
    assert north.tables["deals"]["deal_id"].to_list() == ["1", "2"]
    assert north.tables["changes"].height == 1
    assert winloss.wins(north).filter(figure="won")["value"].to_list() == [1.0]  # deal 2 was won by South
    assert winloss.wins(of_team(book, "South")).filter(figure="won")["value"].to_list() == [2.0]


def test_a_team_of_two_gets_no_report_of_its_own():
    owners = pl.DataFrame({"owner": ["a", "b", "c", "d", "e"], "team": ["Two", "Two", "Three", "Three", "Three"]})
    book = book_of([{"deal_id": str(i), "owner": o} for i, o in enumerate("abcde")], people=owners)
    with pytest.raises(Refused) as refused:
        of_team(book, "Two")
    assert refused.value.code == "team_too_small"
    assert of_team(book, "Three").team == "Three"
    with pytest.raises(UsageError) as unknown:
        of_team(book, "Four")
    assert (unknown.value.code, unknown.value.values["teams"]) == ("unknown_team", "Three, Two")


# --- money -----------------------------------------------------------------------------------------------------------

RATES = pl.DataFrame(
    {"currency": ["GBP", "GBP", "USD"], "on": ["2026-01-01", "2026-02-01", "2026-02-15"], "rate": [1.2, 1.3, 0.9]}
)
EURO = Settings(currency="EUR")


def sold(name, amount, currency, at):
    return {"deal_id": name, "amount": amount, "currency": currency, "outcome": "won", "outcome_at": day(at)}


@pytest.mark.parametrize(
    ("currency", "at", "home"),
    [
        ("GBP", 10, 120.0),  # 100 × 1.2, the last rate before 11 January
        ("GBP", 31, 130.0),  # 1 February: that day's own rate
        ("GBP", 90, 130.0),
        ("USD", 45, 90.0),  # 15 February
        ("USD", 44, None),  # no rate yet: not priced
        ("JPY", 45, None),
        ("EUR", 10, 100.0),
        (None, 10, 100.0),
    ],
)
def test_the_rate_of_the_day_of_the_outcome(currency, at, home):
    book = book_of([sold("1", 100.0, currency, at)], rates=RATES, settings=EURO)
    assert columns(book, "amount_home") == [(home,)]


def test_rows_stay_in_their_order_and_open_deals_take_the_day_they_were_created():
    deals = [
        sold("3", 100.0, "GBP", 60),
        {"deal_id": "1", "amount": 100.0, "currency": "GBP", "created_at": day(3)},
        {"deal_id": "2", "amount": 100.0, "currency": "GBP", "created_at": None},
        sold("0", 7.0, "EUR", 5),
    ]
    book = book_of(deals, rates=RATES, settings=EURO)
    assert columns(book, "deal_id", "amount_home") == [("3", 130.0), ("1", 120.0), ("2", None), ("0", 7.0)]


def test_what_has_no_price_is_counted_never_priced():
    deals = [
        sold("1", 100.0, "GBP", 10),
        sold("2", 50.0, "JPY", 10),
        sold("3", None, "EUR", 10),
        sold("4", 0.0, "EUR", 10),
    ]
    found = {r["figure"]: r for r in winloss.wins(book_of(deals, rates=RATES, settings=EURO)).to_dicts()}
    assert found["won"]["value"] == 4
    assert (found["won_value"]["value"], found["won_value"]["n"], found["won_value"]["n_unpriced"]) == (120.0, 2, 2)


def test_without_rates_only_the_books_own_currency_has_a_price():
    deals = [sold("1", 100.0, "GBP", 10), sold("2", 50.0, "EUR", 10), sold("3", 9.0, None, 10)]
    assert columns(book_of(deals, settings=EURO), "amount_home") == [(None,), (50.0,), (9.0,)]


def test_without_a_currency_amounts_are_taken_as_they_are():
    assert columns(book_of([sold("1", 100.0, "GBP", 10)], rates=RATES), "amount_home") == [(100.0,)]


def test_money_in_several_currencies_is_not_added_up_without_a_home_currency():
    deals = pl.DataFrame(
        {
            "deal_id": ["a", "b", "c", "d"],
            "pipeline": ["P"] * 4,
            "outcome": ["won", "won", "won", "lost"],
            "outcome_at": ["2026-01-05", "2026-01-06", "2026-04-06", "2026-01-07"],
            "amount": [100.0, 200.0, 50.0, 9.0],
            "currency": ["EUR", "USD", "EUR", "GBP"],
        }
    )

    def value(book, **asked):
        frame = winloss.wins(book, **asked).frame
        return frame.filter(pl.col("figure") == "won_value").select("value", "status", "reason", "n").row(0)

    book = DealBook.from_frames(deals=deals)
    assert value(book) == (None, "refused", "currencies_mixed", 3)
    assert value(book, during="2026Q1") == (None, "refused", "currencies_mixed", 2)
    assert value(book, during="2026Q2") == (50.0, "ok", None, 1)  # one currency alone can be added up
    assert winloss.wins(book).frame.filter(pl.col("figure") == "won")["value"].item() == 3
    one = DealBook.from_frames(deals=deals.with_columns(currency=pl.lit("EUR")))
    assert value(one) == (350.0, "ok", None, 3)
    home = DealBook.from_frames(deals=deals, settings=Settings(currency="EUR"))
    assert value(home) == (150.0, "ok", None, 2)  # the dollars have no rate: counted, not priced
