"""What comes out per day, what it is made of, and where won deals spend their days: by hand."""

import math
from itertools import permutations

import polars as pl
import pytest
from scipy.stats import t

from kpikit import DealBook, RankingRefused, velocity
from kpikit.book import of_team
from tests.strategies import PIPELINE, STAGES, day

FACTORS = ("open_deals", "win_share", "mean_amount", "ends_per_day")
TEN = [10.0 * (i + 1) for i in range(10)]  # 10, 20, … 100: sum 550, sum of squares 38,500


def book_of(deals, events=None, as_of=100.0):
    """deals: (created, ended or None, outcome, amount[, team]); events: (deal number, stage, day)."""
    rows = [
        {
            "deal_id": f"d{i:03}", "pipeline": PIPELINE, "created_at": day(created), "outcome": outcome,
            "outcome_at": None if ended is None else day(ended), "amount": amount, "team": (*team, "A")[0],
        }
        for i, (created, ended, outcome, amount, *team) in enumerate(deals)
    ]  # fmt: skip
    tables = {}
    if events is not None:
        listed = [
            {"deal_id": f"d{i:03}", "stage": stage, "entered_at": day(at), "seq": n}
            for n, (i, stage, at) in enumerate(events)
        ]
        tables = {"stage_events": pl.DataFrame(listed), "stages": STAGES}
    return DealBook.from_frames(deals=pl.DataFrame(rows, infer_schema_length=None), as_of=day(as_of), **tables)


def month(book, number):
    return book.settings.period(f"2026-{number:02}")


def won_on(amounts, at=5.5):
    return [(0, at, "won", amount) for amount in amounts]


# --- throughput ------------------------------------------------------------------------------------------------------


def test_ten_amounts_by_hand():
    book = book_of(won_on(TEN))
    found = velocity.throughput(book, during=month(book, 1)).row(0, named=True)
    # 550 / 31 days; on the log scale ± t · √38,500 / 550, with 550² / 38,500 + 1 = 8.857 degrees of freedom (between
    # 2.306 for 8 and 2.262 for 9 in the tables)
    quantile = t.ppf(0.975, 550**2 / 38_500 + 1)
    assert 2.262 < quantile < 2.306
    factor = math.exp(quantile * math.sqrt(38_500) / 550)
    assert found["value"] == pytest.approx(550 / 31)
    assert (found["low"], found["high"]) == (pytest.approx(550 / 31 / factor), pytest.approx(550 / 31 * factor))
    assert found["without_largest"] == pytest.approx(450 / 31)
    assert (found["n"], found["n_excluded"], found["unit"], found["status"]) == (10, 0, "money_per_day", "ok")


def test_the_interval_is_no_narrower_than_the_published_one():
    # methods 2: V0 · exp(± 1.96 √Σx² / Σx); √38,500 / 550 = .35675, exp(.69923) = 2.0122
    book = book_of(won_on(TEN))
    found = velocity.throughput(book, during=month(book, 1)).row(0, named=True)
    assert found["low"] < 550 / 31 / 2.0122
    assert found["high"] > 550 / 31 * 2.0122


@pytest.mark.parametrize("amount", [None, 0.0])
def test_won_without_an_amount_is_left_out_and_counted(amount):
    book = book_of([*won_on(TEN), *won_on([amount] * 3)])
    found = velocity.throughput(book, during=month(book, 1)).row(0, named=True)
    assert (found["n"], found["n_excluded"], found["value"]) == (10, 3, pytest.approx(550 / 31))


@pytest.mark.parametrize(("n", "status"), [(7, "too_few"), (8, "ok")])
def test_fewer_than_eight_amounts_are_those_amounts(n, status):
    book = book_of([*won_on(TEN[:n]), *won_on([None] * 5)])
    found = velocity.throughput(book, during=month(book, 1)).row(0, named=True)
    assert (found["status"], found["n"]) == (status, n)
    assert all((found[name] is None) == (status == "too_few") for name in ("value", "low", "high", "without_largest"))


def test_what_was_lost_or_won_at_another_time_does_not_count():
    others = [(0, 40, "won", 1e6), (0, 5, "lost", 1e6), (0, 5, "void", 1e6), (0, None, "open", 1e6)]
    book = book_of([*won_on(TEN), *others, (0, 31, "won", 1e6), (0, 30.99, "won", 45.0)])
    # the last day of January counts, the first instant of February does not
    found = velocity.throughput(book, during=month(book, 1)).row(0, named=True)
    assert (found["n"], found["value"]) == (11, pytest.approx(595 / 31))


def test_an_unfinished_window_is_divided_by_the_days_so_far():
    book = book_of(won_on(TEN), as_of=9.5)  # the first to the tenth of January
    assert velocity.throughput(book, during=month(book, 1))["value"].item() == pytest.approx(55.0)


def test_a_window_up_to_midnight_has_ten_days():
    book = book_of(won_on(TEN), as_of=10)  # ten days have passed
    assert velocity.throughput(book, during=month(book, 1))["value"].item() == pytest.approx(55.0)


def test_by_team_and_for_a_team():
    deals = [(*deal, team) for team, times in (("A", 1), ("B", 2)) for deal in won_on(TEN * times)]
    book = book_of(deals)
    found = velocity.throughput(book, during=month(book, 1), by=["team"])
    rates = dict(found.select("team", "value").iter_rows())
    assert rates == {"A": pytest.approx(550 / 31), "B": pytest.approx(1100 / 31)}
    part = of_team(book, "B")
    assert velocity.throughput(part, during=month(book, 1))["value"].item() == pytest.approx(1100 / 31)


def test_nothing_won_is_too_few_and_a_person_is_refused():
    book = book_of([(0, 5, "lost", 10.0)] * 12)
    found = velocity.throughput(book, during=month(book, 1)).row(0, named=True)
    assert (found["n"], found["status"], found["value"]) == (0, "too_few", None)
    with pytest.raises(RankingRefused):
        velocity.throughput(book, during=month(book, 1), by=["owner"])


def test_groups_without_a_name_and_none_at_all():
    book = book_of([(0, 5, "won", 10.0)] * 12 + [(0, 40, "lost", 10.0)])
    named = book.replace(tables={**book.tables, "deals": book.tables["deals"].with_columns(is_icp=pl.lit(True))})
    # no deal has a segment: one group without a name; in March nobody won, whatever kind the group is of
    assert velocity.throughput.__wrapped__(book, during=month(book, 1), by=["segment"])["n"].to_list() == [12]
    assert velocity.throughput(book, during=month(book, 1), by=["segment"]).height == 1
    for by in (["segment"], ["is_icp"]):
        assert velocity.throughput(named, during=month(book, 3), by=by).height == 1


# --- why it changed --------------------------------------------------------------------------------------------------


def two_months():
    """January: eight won after 10 days at 100, eight lost after 21. February: ten won after 7 at 70, four lost."""
    january = [(0, 10, "won", 100.0)] * 8 + [(0, 21, "lost", 100.0)] * 8
    february = [(31, 38, "won", 70.0)] * 10 + [(31, 45, "lost", 70.0)] * 4
    return book_of(january + february)


def changed(book):
    found = velocity.throughput_change(book, during=month(book, 2), before=month(book, 1))
    return {row["factor"]: row for row in found.to_dicts()}


def test_the_product_of_the_factors_is_what_is_won_per_day():
    found = changed(two_months())
    # January: 8 · 10 + 8 · 21 = 248 deal-days in 31 days; 16 ends. February: 10 · 7 + 4 · 14 = 126 in 28; 14 ends
    before, now = (248 / 31, 8 / 16, 100, 16 / 248), (126 / 28, 10 / 14, 70, 14 / 126)
    assert [found[f]["factor_before"] for f in FACTORS] == pytest.approx(before)
    assert [found[f]["factor_now"] for f in FACTORS] == pytest.approx(now)
    assert found["total"]["factor_before"] == pytest.approx(800 / 31)
    assert found["total"]["factor_now"] == pytest.approx(700 / 28)
    book = two_months()
    for number, name in ((1, "factor_before"), (2, "factor_now")):
        told = velocity.throughput(book, during=month(book, number))["value"].item()
        assert found["total"][name] == pytest.approx(told)


def test_the_parts_add_up_and_do_not_depend_on_an_order():
    found = changed(two_months())
    before, now = ([found[f][name] for f in FACTORS] for name in ("factor_before", "factor_now"))
    # each factor is moved in turn, in all 24 orders; a part is its mean effect
    parts = [0.0] * 4
    for order in permutations(range(4)):
        at = list(before)
        for i in order:
            earlier = math.prod(at)
            at[i] = now[i]
            parts[i] += (math.prod(at) - earlier) / 24
    assert [found[f]["value"] for f in FACTORS] == pytest.approx(parts)
    assert sum(found[f]["value"] for f in FACTORS) == pytest.approx(found["total"]["value"])
    assert found["total"]["value"] == pytest.approx(700 / 28 - 800 / 31)


def test_littles_law_holds_with_the_time_of_all_exits_and_fails_with_that_of_the_won():
    # methods 2: a deal a day, every fourth won after 60 days, the others lost after 120: 105 open on any day
    begun = range(480)
    deals = [(at, at + 60, "won", 1000.0) if at % 4 == 0 else (at, at + 120, "lost", 1000.0) for at in begun]
    book = book_of(deals, as_of=470.0)
    # 1 July to 1 January are days 181 to 365, 184 of them: a multiple of four
    found = velocity.throughput_change(
        book, during=book.settings.period("2026").back(-6, 6), before=book.settings.period("2026Q3")
    )
    now = {row["factor"]: row["factor_now"] for row in found.to_dicts()}
    assert now["open_deals"] == pytest.approx(0.25 * 60 + 0.75 * 120)
    assert 1 / now["ends_per_day"] == pytest.approx(105)
    assert now["win_share"] == pytest.approx(0.25)
    assert now["total"] == pytest.approx(0.25 * 1000)
    # the dashboard's form, with the 60 days of won deals, would claim 437.5: 75 % too much
    assert now["open_deals"] * now["win_share"] * now["mean_amount"] / 60 == pytest.approx(437.5)


def test_deal_days_count_only_within_the_window():
    # sixteen open ones from before January to after February; they move the stock, not what is won
    book = book_of(
        [(0, 10, "won", 100.0)] * 8 + [(31, 38, "won", 70.0)] * 8 + [(-50, None, "open", 1.0)] * 16
    )  # 80 + 16 · 31 deal-days in January, 56 + 16 · 28 in February
    found = changed(book)
    assert found["open_deals"]["factor_before"] == pytest.approx(80 / 31 + 16)
    assert found["open_deals"]["factor_now"] == pytest.approx(2 + 16)
    assert found["ends_per_day"]["factor_now"] == pytest.approx(8 / (56 + 448))
    assert found["total"]["factor_now"] == pytest.approx(560 / 28)


def test_a_deal_that_ended_nobody_knows_when_is_not_open():
    plain = changed(two_months())
    january = [(0, 10, "won", 100.0)] * 8 + [(0, 21, "lost", 100.0)] * 8
    february = [(31, 38, "won", 70.0)] * 10 + [(31, 45, "lost", 70.0)] * 4
    undated = changed(book_of(january + february + [(0, None, "lost", 100.0)] * 5))
    assert undated["open_deals"]["factor_now"] == plain["open_deals"]["factor_now"]
    assert undated["ends_per_day"]["factor_now"] == plain["ends_per_day"]["factor_now"]


def test_an_unpriced_win_stays_in_the_share():
    book = book_of(
        [(0, 10, "won", 100.0)] * 8
        + [(31, 38, "won", 70.0)] * 8
        + [(31, 38, "won", None)] * 2
        + [(31, 38, "lost", 1.0)] * 2
    )
    found = changed(book)
    assert found["win_share"]["factor_now"] == pytest.approx(10 / 12)
    assert found["total"]["factor_now"] == pytest.approx(560 / 28)


@pytest.mark.parametrize(("n", "status"), [(7, "too_few"), (8, "ok")])
def test_eight_won_in_each_window(n, status):
    book = book_of([(0, 10, "won", 100.0)] * 20 + [(31, 38, "won", 70.0)] * n)
    found = changed(book)
    assert {row["status"] for row in found.values()} == {status}
    assert (found["total"]["value"] is None) == (status == "too_few")
    assert (found["total"]["factor_now"] is None) == (status == "too_few")


# --- bottleneck ------------------------------------------------------------------------------------------------------


def slow_discovery():
    """Ten won deals: i days in Qualify, 20 + i in Discovery, for the first five 5 in Proposal; one goes back."""
    deals, events = [], []
    for i in range(10):
        at = i + 20 + i
        events += [(i, "Qualify", 0), (i, "Discovery", i)] if i else [(i, "Qualify", 0), (i, "Discovery", 0)]
        if i < 5:
            events.append((i, "Proposal", at))
            at += 5
        deals.append((0, at, "won", 10.0))
    # the last one goes back to Qualify for 8 days
    events.append((9, "Qualify", 38))
    deals[9] = (0, 46, "won", 10.0)
    lost = [(0, 90, "lost", 1.0)] * 5
    return book_of(deals + lost, events + [(10 + i, "Negotiation", 0) for i in range(5)])


def test_mean_days_by_hand():
    found = velocity.bottleneck(slow_discovery(), draws=200)
    means = dict(found.select("stage", "value").iter_rows())
    # Qualify: (0 + 1 + … + 9 + 8) / 10 = 5.3; Discovery: 20 + 4.5; Proposal: 5 · 5 / 10; the lost are not here
    assert means == {"Qualify": pytest.approx(5.3), "Discovery": pytest.approx(24.5), "Proposal": pytest.approx(2.5)}
    assert found["stage"].to_list() == ["Qualify", "Discovery", "Proposal"]
    assert found["share_of_days"].to_list() == pytest.approx([5.3 / 32.3, 24.5 / 32.3, 2.5 / 32.3])
    assert set(found["n"]) == {10}
    for row in found.to_dicts():
        assert row["low"] <= row["value"] <= row["high"]


def test_who_is_left_out_is_counted_in_deals():
    # ten won through Qualify and a closed stage (a visit that no curve counts); one without any event; one whose only
    # visits are to the closed stage, two of them
    deals = [(0, 9, "won", 1.0)] * 12
    events = [(i, stage, at) for i in range(10) for stage, at in (("Qualify", 0), ("Closed won", 9))]
    events += [(11, "Closed won", 3), (11, "Closed won", 9)]
    found = velocity.bottleneck(book_of(deals, events), draws=50)
    assert found.select("stage", "n", "n_excluded").rows() == [("Qualify", 10, 2)]


def test_one_stage_dominates():
    found = velocity.bottleneck(slow_discovery(), draws=200)
    assert dict(found.select("stage", "chance_most").iter_rows()) == {"Qualify": 0, "Discovery": 1, "Proposal": 0}


def test_two_stages_that_take_turns_share_the_chance():
    deals, events = [], []
    for i in range(40):
        first = 10 if i % 2 else 30
        deals.append((0, 40, "won", 1.0))
        events += [(i, "Qualify", 0), (i, "Discovery", first)]
    found = velocity.bottleneck(book_of(deals, events), draws=2000)
    assert found["chance_most"].sum() == pytest.approx(1)
    assert found["chance_most"].to_list() == pytest.approx([0.5, 0.5], abs=0.1)
    # the mean of forty draws of 10 or 30 has a standard error of 10 / √40 = 1.58: 20 ± 3.1
    assert found["low"].to_list() == pytest.approx([16.9, 16.9], abs=0.6)


def test_stages_that_took_no_time_have_no_share():
    events = [(i, stage, 5) for i in range(8) for stage in ("Qualify", "Discovery")]
    found = velocity.bottleneck(book_of([(5, 5, "won", 1.0)] * 8, events), draws=20)
    assert (found["value"].to_list(), found["share_of_days"].to_list()) == ([0.0, 0.0], [None, None])


def test_a_seed_gives_the_same_and_another_seed_other_bounds():
    first, again, other = (velocity.bottleneck(slow_discovery(), draws=100, seed=s) for s in (1, 1, 2))
    assert first.equals(again.frame)
    assert not first.equals(other.frame)
    assert first["value"].to_list() == other["value"].to_list()


@pytest.mark.parametrize(("n", "status"), [(7, "too_few"), (8, "ok")])
def test_the_floor_of_won_deals(n, status):
    found = velocity.bottleneck(book_of([(0, 9, "won", 1.0)] * n, [(i, "Qualify", 0) for i in range(n)]), draws=50)
    assert set(found["status"]) == {status}
    assert (found["chance_most"].item() is None) == (status == "too_few")


def test_only_deals_won_in_the_window():
    deals = [(0, 9, "won", 1.0)] * 8 + [(0, 59, "won", 1.0)] * 8
    book = book_of(deals, [(i, "Qualify", 0) for i in range(16)])
    assert velocity.bottleneck(book, during=month(book, 1), draws=50)["value"].item() == pytest.approx(9)
    assert velocity.bottleneck(book, draws=50)["value"].item() == pytest.approx(34)
