"""Seasons, kinds of deals, profiles, staff, close dates and stated chances: what happens beside the process."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import polars as pl
import pytest

from kpikit.errors import UsageError
from kpikit.simulate import COMPANY, STANDARD, Circumstances, DealType, Effect, frames, recorded
from kpikit.simulate.circumstances import arrival_ages
from kpikit.simulate.truth import cycle, truth_of, win_chance

NOBODY = Circumstances()


def world(**given):
    return replace(STANDARD, circumstances=Circumstances(**given))


def test_a_season_by_hand():
    # February 2025 weighs nothing, March twice January: 31 and 62 of 93, so a third of the deals begin in January
    season = (1, 0, 2, *[1] * 9)
    ages = arrival_ages(np.array([0, 1 / 6, 1 / 3 - 1e-9, 1 / 3 + 1e-9, 2 / 3, 1]), 90.0, 0.0, season, date(2025, 1, 1))
    assert ages[:3] == pytest.approx([0, 15.5, 31], abs=1e-3)
    assert ages[3:] == pytest.approx([59, 59 + 15.5, 90], abs=1e-3)


def test_a_season_with_growth_is_growth_where_all_months_weigh_alike():
    u = np.linspace(0, 1, 11)
    plain = arrival_ages(u, 730.0, 0.002, (), date(2024, 7, 1))
    assert arrival_ages(u, 730.0, 0.002, (1,) * 12, date(2024, 7, 1)) == pytest.approx(plain, abs=1)


def test_seasons_show_in_the_months_of_creation():
    season = (1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1, 2)
    made = frames(world(season=season), deals=8000, teams=1, seed=1)["deals"]["created_at"]
    month = made.dt.convert_time_zone("Europe/Amsterdam").dt.month()
    share = {m: n / 8000 for m, n in month.value_counts().iter_rows()}
    # eleven and a bit months' worth of weight: nine of 1, one of 2 (31 days), none in July and August
    whole = 365 - 62 + 31
    assert 7 not in share
    assert 8 not in share
    assert share[12] == pytest.approx(62 / whole, abs=0.01)
    assert share[3] == pytest.approx(31 / whole, abs=0.01)


def test_kinds_of_deals_win_and_last_as_they_should():
    types = (DealType("new", 0.6), DealType("renewal", 0.4, pace=0.5, lift=1.5, of_customers=True))
    given = replace(world(types=types, accounts=3.0), quality=0.0, skill=0.0)
    record = recorded(given, deals=20_000, teams=2, seed=1)
    deals = record.tables["deals"]
    ends = deals.select("deal_type", "account_id").with_columns(
        record.past["outcome"], days=record.past["closed_at"] - deals["created_at"]
    )
    by = {t: f for (t,), f in ends.group_by("deal_type")}
    assert by["renewal"].height / 20_000 == pytest.approx(0.4, abs=0.015)
    chance = win_chance(given, np.array([0.0, 1.5]))[:, 0]
    for kind, wanted in zip(("new", "renewal"), chance, strict=True):
        assert (by[kind]["outcome"] == "won").mean() == pytest.approx(wanted, abs=0.015)
    won = {t: f.filter(pl.col("outcome") == "won")["days"].dt.total_seconds().median() for t, f in by.items()}
    assert won["renewal"] / won["new"] == pytest.approx(0.5, abs=0.05)
    # deals of customers are with customers, others are not
    accounts = record.tables["accounts"]
    customers = set(accounts.filter("is_customer")["account_id"])
    assert set(by["renewal"]["account_id"]) == customers
    assert not set(by["new"]["account_id"]) & customers
    assert by["new"].height / by["new"]["account_id"].n_unique() == pytest.approx(3.0, rel=0.1)


def test_the_truth_counts_the_kinds_of_deals():
    types = (DealType("new", 0.5), DealType("renewal", 0.5, lift=1.5))
    given = replace(world(types=types, icp=0.5, icp_lift=0.8), quality=0.0, skill=0.0)
    # a quarter each: lifts 0, .8, 1.5, 2.3
    wanted = win_chance(given, np.array([0.0, 0.8, 1.5, 2.3]))[:, 0].mean()
    assert cycle(given, seed=1)["win_share"] == pytest.approx(wanted, abs=0.01)
    assert truth_of(given)["parameters"]["circumstances"]["icp"] == 0.5
    assert "circumstances" not in truth_of(STANDARD)["parameters"]


def test_profiles_and_markets_belong_to_accounts():
    deals = frames(replace(COMPANY, touches_per_week=0.0), deals=6000, teams=2, seed=4)["deals"]
    assert deals["is_icp"].mean() == pytest.approx(0.6, abs=0.03)
    assert deals["is_new_market"].mean() == pytest.approx(0.25, abs=0.03)
    per = deals.group_by("account_id").agg(pl.col("is_icp", "is_new_market", "segment", "team").n_unique())
    assert per.select(pl.exclude("account_id")).max().row(0) == (1, 1, 1, 1)


def test_one_fact_does_not_move_another():
    few, many = (
        recorded(world(icp=0.5, **more), deals=500, teams=1, seed=2).tables["deals"]
        for more in ({}, {"new_market": 0.5, "turnover": 0.3, "date_error": 0.5, "discount": 0.1})
    )
    assert few["is_icp"].equals(many["is_icp"])
    assert few["created_at"].equals(many["created_at"])


def test_an_abrupt_change_by_the_day_a_deal_begins():
    """Methods 10.4: the chance falls for all deals begun since 1 January, wherever they stand; mirror: it rises."""
    middle = datetime(2025, 6, 30, 22, tzinfo=UTC)
    shares = {}
    for lift in (-1.0, 0.0, 1.0):
        effects = (Effect(None, date(2025, 7, 1), lift=lift, of="deals"),)
        record = recorded(replace(STANDARD, effects=effects), deals=12_000, teams=1, seed=2)
        late = record.tables["deals"]["created_at"] >= middle
        won = record.past["outcome"] == "won"
        shares[lift] = (won.filter(~late).mean(), won.filter(late).mean())
    assert [shares[lift][0] for lift in (-1.0, 1.0)] == pytest.approx([shares[0.0][0]] * 2, abs=0.02)
    assert shares[-1.0][1] < shares[0.0][1] - 0.1
    assert shares[1.0][1] > shares[0.0][1] + 0.15


def test_an_abrupt_change_of_speed_in_every_stage():
    record = recorded(replace(STANDARD, effects=(Effect(None, of="deals", pace=3.0),)), deals=500, teams=1, seed=2)
    plain = recorded(STANDARD, deals=500, teams=1, seed=2)
    days = [
        (r.past["closed_at"] - r.tables["deals"]["created_at"]).dt.total_seconds().median() for r in (plain, record)
    ]
    assert days[1] / days[0] == pytest.approx(3.0, rel=1e-6)


def test_turnover_hands_open_deals_over():
    given = replace(COMPANY, circumstances=replace(COMPANY.circumstances, turnover=0.5), people=6)
    tables = frames(given, deals=2000, teams=2, seed=3)
    people = {row["owner"]: row for row in tables["people"].to_dicts()}
    left = [row for row in people.values() if row["until_on"] is not None]
    # half leave in a year, at the earliest after a month: of 12 seats in two years about 12 × (2 × .69 - a bit)
    assert 6 <= len(left) <= 20
    for row in left:
        seat, _, k = row["owner"].partition(".")
        successor = people[f"{seat}.{int(k or 1) + 1}"]
        assert successor["from_on"] == row["until_on"]
        assert successor["team"] == row["team"]
    handed = tables["changes"].filter(pl.col("field") == "owner")
    assert handed.height > 50
    last = handed.sort("changed_at").group_by("deal_id").agg(pl.col("new").last()).join(tables["deals"], on="deal_id")
    assert (last["new"] == last["owner"]).all()
    inside = handed.join(tables["deals"], on="deal_id")
    assert (inside["changed_at"] > inside["created_at"]).all()
    assert inside.filter(pl.col("changed_at") >= pl.col("outcome_at")).is_empty()
    acts = tables["activities"].select(
        "owner", on=pl.col("happened_at").dt.convert_time_zone("Europe/Amsterdam").dt.date()
    )
    at = acts.join(tables["people"], on="owner")
    assert at.filter(pl.col("on") > pl.col("until_on")).is_empty()
    assert at.filter(pl.col("on") < pl.col("from_on")).is_empty()


def test_successors_bring_their_own_skill_and_nobody_leaves_in_the_first_month():
    plain, moving = (recorded(world(turnover=share), deals=3000, teams=1, seed=3) for share in (0.0, 0.6))
    first = (plain.past["created_at"] < datetime(2024, 7, 30, 22, tzinfo=UTC)).to_numpy()
    lifts = plain.past["lift"].to_numpy(), moving.past["lift"].to_numpy()
    assert first.sum() > 50
    assert np.allclose(lifts[0][first], lifts[1][first])
    assert 0.2 < np.mean(~np.isclose(*lifts)) < 0.9
    people = moving.tables["people"].filter(pl.col("until_on").is_not_null())
    assert (people["until_on"] - people["from_on"]).dt.total_days().min() >= 29


def test_nobody_leaves_without_turnover():
    people = frames(deals=100, teams=3, seed=1)["people"]
    assert people.height == 24
    assert "until_on" not in people.columns


def test_close_dates_move_on_when_they_have_passed_and_only_then():
    tables = frames(world(date_error=0.5), deals=800, teams=1, seed=5)
    moves = tables["changes"].filter(pl.col("field") == "expected_close_on").sort("deal_id", "changed_at")
    old, new = (moves[c].str.to_date() for c in ("old", "new"))
    assert set((new - old).dt.total_days()) == {30}
    late = (moves["changed_at"].dt.date() - old).dt.total_days()
    assert 0 <= late.min() <= late.max() <= 7
    last = moves.group_by("deal_id").agg(pl.col("new").last().str.to_date()).join(tables["deals"], on="deal_id")
    assert (last["new"] == last["expected_close_on"]).all()
    # an open deal's date has passed by a week at most
    still = tables["deals"].filter(pl.col("outcome") == "open")
    assert still["expected_close_on"].min() >= date(2026, 6, 22)


def test_chances_are_stated_at_each_stage():
    tables = frames(world(forecast_noise=0.5), deals=800, teams=1, seed=5)
    said = tables["changes"].filter(pl.col("field") == "probability")
    first = said.sort("changed_at").group_by("deal_id", maintain_order=True).first()
    assert first.height == 800
    assert first["old"].null_count() == 800
    last = said.sort("changed_at").group_by("deal_id").agg(pl.col("new").last().cast(pl.Float64))
    both = last.join(tables["deals"], on="deal_id")
    assert (both["new"] == both["probability"]).all()
    steps = said.sort("deal_id", "changed_at").with_columns(before=pl.col("new").shift(1).over("deal_id"))
    assert steps.filter(pl.col("before").is_not_null() & (pl.col("before") != pl.col("old"))).is_empty()


def test_discounts_have_their_mean_and_steps_their_share():
    deals = frames(world(discount=0.08, next_steps=0.4), deals=20_000, teams=1, seed=5)["deals"]
    assert deals["discount"].mean() == pytest.approx(0.08, abs=0.003)
    still = deals.filter(pl.col("outcome") == "open")
    assert still["next_step"].is_not_null().mean() == pytest.approx(0.4, abs=0.04)
    assert deals.filter(pl.col("outcome") != "open")["next_step"].null_count() == deals.height - still.height
    assert (still["next_step"].is_null() == still["next_step_on"].is_null()).all()


def test_reasons_come_days_after_the_loss_and_not_before_they_are_written():
    given = replace(COMPANY, circumstances=Circumstances(reason_days=4.0))
    tables = frames(given, deals=6000, teams=1, seed=5)
    deals = tables["deals"].filter(pl.col("outcome") == "lost")
    told = tables["changes"].filter(pl.col("field") == "loss_reason").join(deals, on="deal_id")
    assert (told["new"] == told["loss_reason"]).all()
    assert set(told["deal_id"]) == set(deals.filter(pl.col("loss_reason").is_not_null())["deal_id"])
    days = (told["changed_at"] - told["outcome_at"]).dt.total_seconds() / 86_400
    assert days.min() >= 0
    assert days.median() == pytest.approx(4.0, rel=0.06)
    assert deals["loss_reason"].is_null().mean() == pytest.approx(0.16 + 0.01, abs=0.02)


def test_amounts_change_both_ways_and_end_as_they_are():
    tables = frames(world(amount_moves=0.3), deals=6000, teams=1, seed=5)
    moves = tables["changes"].filter(pl.col("field") == "amount").join(tables["deals"], on="deal_id")
    old, new = (moves[c].cast(pl.Float64) for c in ("old", "new"))
    assert moves.height / 6000 == pytest.approx(0.3, abs=0.02)
    assert (new == moves["amount"]).all()
    assert (new > old).mean() == pytest.approx(0.5, abs=0.05)
    # e ** ±.5 at most, beside the rounding to ten
    assert ((old - new * np.exp(0.5)) <= 5).all()
    assert ((old - new * np.exp(-0.5)) >= -5).all()
    assert (moves["changed_at"] >= moves["created_at"]).all()
    assert moves.filter(pl.col("changed_at") > pl.col("outcome_at")).is_empty()


def test_competitors_are_named_where_the_reason_says_so():
    given = replace(COMPANY, circumstances=Circumstances(competitors=("A", "B", "C")))
    deals = frames(given, deals=20_000, teams=1, seed=5)["deals"]
    assert deals.filter(pl.col("outcome") != "lost")["competitor"].is_null().all()
    lost = deals.filter(pl.col("outcome") == "lost")
    said = (lost["loss_reason"] == "competitor").fill_null(False)
    assert lost.filter(said)["competitor"].is_not_null().mean() == pytest.approx(0.9, abs=0.02)
    assert lost.filter(~said)["competitor"].is_not_null().mean() == pytest.approx(0.1, abs=0.01)
    named = lost["competitor"].drop_nulls()
    assert [(named == name).mean() for name in "ABC"] == pytest.approx([0.5, 0.25, 0.25], abs=0.03)


@pytest.mark.parametrize(
    "given",
    [
        {"season": (1,) * 11},
        {"season": (0,) * 12},
        {"season": (-1, *(1,) * 11)},
        {"turnover": 1.0},
        {"icp": 1.1},
        {"mix": -0.1},
    ],
)
def test_circumstances_that_cannot_be_are_refused(given):
    with pytest.raises(UsageError):
        Circumstances(**given)


def test_no_circumstances_change_nothing():
    assert NOBODY.kinds() == [(1.0, 0.0, 1.0)]
    assert STANDARD.circumstances == NOBODY
