"""Habits act on what is recorded, never on what happened: each against a past that is known deal by deal."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kpikit.book import DealBook, Settings
from kpikit.errors import UsageError
from kpikit.simulate import COMPANY, DRESSED, STANDARD, frames, in_schemas, plan, process, recorded, write
from kpikit.simulate.frames import SETTINGS, last_instant
from kpikit.simulate.recording import HABITS, LOOK_ALIKES, WORLDS

SIZE = {"deals": 400, "teams": 1, "seed": 3}
END = datetime(2026, 6, 30, 22, tzinfo=UTC)
ACTS = (*HABITS, *LOOK_ALIKES)
TEAM = replace(COMPANY, people=6)
HERE = ZoneInfo("Europe/Amsterdam")


def made(text, world=TEAM, **size):
    return recorded(world, **{**SIZE, **size}, plan=plan(text))


@pytest.fixture(scope="module")
def honest():
    return made("")


def test_a_dose_of_0_is_no_habit_to_the_byte(tmp_path):
    nothing = ",".join(f"{name}=0" for name in (*ACTS, *WORLDS))
    assert not plan(nothing)
    written = []
    for name, text in (("no", ""), ("zero", nothing)):
        record = made(text, deals=60)
        files = write(in_schemas(record), {"planted": dict(record.touched)}, tmp_path / name)
        written.append({path.name: path.read_bytes() for path in files})
    assert written[0] == written[1]


@pytest.mark.parametrize("name", ACTS)
def test_the_past_stays_and_a_larger_dose_touches_the_same_deals_and_more(honest, name):
    few, many = made(f"{name}=.2"), made(f"{name}=.6")
    for record in (few, many):
        assert record.past.equals(honest.past)
    small, large = set(few.touched[name]["deals"]), set(many.touched[name]["deals"])
    assert small <= large
    assert few.touched[name]["touched"] == len(small)
    assert name in ("bias", "price_list") or small < large


@pytest.mark.parametrize("name", ACTS)
def test_no_dose_moves_another_s_draws(name):
    """What hidden and burst touch among the deals that are still theirs to touch is what they touch alone."""
    other = "void" if name == "hidden" else "hidden"
    alone, beside = made(f"{other}=.4"), made(f"{other}=.4,{name}=.5")
    lost = {"alone": set(), "beside": set()}
    for key, text in (("alone", ""), ("beside", f"{name}=.5")):
        # what stood there as lost when the habit came: hidden comes before void, all of what is said later
        deals = made(text).tables["deals"]
        lost[key] = set(deals.filter(pl.col("outcome") == "lost")["deal_id"])
    both = lost["alone"] & lost["beside"]
    assert set(alone.touched[other]["deals"]) & both == set(beside.touched[other]["deals"]) & both
    assert len(set(alone.touched[other]["deals"]) & both) > 5


def test_only_the_owners_named_have_the_habit(honest):
    whole, one = made("hidden=.5"), made("hidden=.5@p3")
    theirs = set(honest.past.filter(pl.col("owner") == "p3")["deal_id"])
    assert set(one.touched["hidden"]["deals"]) == set(whole.touched["hidden"]["deals"]) & theirs != set()
    assert one.touched["hidden"]["owners"] == ["p3"]


def test_late_begins_with_the_offer_or_is_not_written(honest):
    record = made("late=.5")
    chosen = set(record.touched["late"]["deals"])
    past = honest.past.filter(pl.col("deal_id").is_in(chosen))
    came = past.filter(pl.col("offered_at") < END)
    deals = record.tables["deals"]
    written = deals.filter(pl.col("deal_id").is_in(chosen))
    assert set(written["deal_id"]) == set(came["deal_id"])
    assert record.touched["late"]["never_recorded"] == past.height - came.height > 30
    joined = written.join(came.select("deal_id", at="offered_at"), on="deal_id")
    assert (joined["created_at"] == joined["at"]).all()
    assert (joined["recorded_at"] == joined["at"]).all()
    first = (
        record.tables["stage_events"].sort("deal", "entered_at", "seq").group_by("deal_id", maintain_order=True).first()
    )
    assert set(first.filter(pl.col("deal_id").is_in(chosen))["stage"]) <= {"Proposal", "Negotiation"}
    rest = honest.tables["deals"].filter(~pl.col("deal_id").is_in(chosen))
    assert deals.filter(~pl.col("deal_id").is_in(chosen)).equals(rest)
    # the wins are all there, with their days: only what is asked of beginnings changes
    won = [
        t.filter(pl.col("outcome") == "won").select("deal_id", "outcome_at") for t in (deals, honest.tables["deals"])
    ]
    assert won[0].equals(won[1])
    # what was logged on the customer before stays: the mark of a late registration
    acts = record.tables["activities"].join(came.select("deal_id", at="offered_at"), on="deal_id")
    assert acts.filter(pl.col("happened_at") < pl.col("at")).height > 20


def test_partner_is_the_same_record_as_late_but_for_its_mark():
    late, partner = made("late=1"), made("partner=1")
    same = ["deal_id", "created_at", "outcome", "outcome_at", "stage", "amount"]
    assert late.tables["deals"].select(same).equals(partner.tables["deals"].select(same))
    deals = partner.tables["deals"]
    assert set(deals["source"]) == {"partner"}
    assert (deals["first_contact_at"] == deals["created_at"]).all()
    acts = partner.tables["activities"].join(deals.select("deal_id", "created_at"), on="deal_id")
    assert acts.filter(pl.col("happened_at") < pl.col("created_at")).is_empty()


def test_warm_leaves_cold_deals_out(honest):
    record = made("warm=1")
    cold = honest.tables["deals"].filter(pl.col("is_new_market") | pl.col("source").is_in(["outbound", "event"]))
    assert set(record.touched["warm"]["deals"]) == set(cold["deal_id"])
    assert set(record.tables["deals"]["deal_id"]) == set(honest.past["deal_id"]) - set(cold["deal_id"])
    for name in ("stage_events", "activities", "changes", "contacts"):
        assert set(record.tables[name]["deal_id"]) <= set(record.tables["deals"]["deal_id"])


@pytest.mark.parametrize(("name", "outcome"), [("hidden", "open"), ("void", "void")])
def test_losses_left_open_or_set_aside(honest, name, outcome):
    record = made(f"{name}=1")
    before, after = honest.tables["deals"], record.tables["deals"]
    was_lost = (before["outcome"] == "lost").alias("lost")
    assert set(after.filter(was_lost)["outcome"]) == {outcome}
    assert after.filter(~was_lost).equals(before.filter(~was_lost))
    assert after.filter(was_lost)["outcome_at"].is_null().all() == (name == "hidden")
    reasons = set(after.filter(was_lost)["loss_reason"])
    assert reasons == ({None} if name == "hidden" else {"duplicate", "test"})


def test_the_story_of_outcomes_agrees_with_the_outcome():
    world = replace(TEAM, reopened=0.5)
    for name, last in (("hidden", "open"), ("void", "void")):
        record = made(f"{name}=1", world)
        told = (
            record.tables["changes"]
            .filter(pl.col("field") == "outcome")
            .sort("deal", "changed_at", maintain_order=True)
        )
        ends = told.group_by("deal_id").agg(pl.col("new").last()).join(record.tables["deals"], on="deal_id")
        assert ends.height > 10
        assert (ends["new"] == ends["outcome"]).all()
        assert last in set(ends["new"])


def _day(at):
    return at.astimezone(HERE).date()


def _working(first, n, step):
    """The n-th working day from a day on (it counts), forward or back; by hand: one day after another."""
    holidays = {(1, 1), (12, 24), (12, 25), (12, 26), (12, 31)}
    movable = {
        date(2025, 4, 21),
        date(2025, 5, 29),
        date(2025, 6, 9),
        date(2026, 4, 6),
        date(2026, 5, 14),
        date(2026, 5, 25),
    }
    day = first
    while True:
        if day.weekday() < 5 and (day.month, day.day) not in holidays and day not in movable:
            n -= 1
            if n == 0:
                return day
        day += timedelta(days=step)


def _quarter(day):
    return date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)


@pytest.mark.parametrize("name", ["pull", "own_quarter"])
def test_wins_just_after_a_quarter_are_written_in_its_last_days(name):
    size = {"deals": 3000}
    honest, record = made("", **size), made(f"{name}=1", **size)
    past = honest.past.with_columns(day=pl.col("closed_at").dt.convert_time_zone("Europe/Amsterdam").dt.date())
    again = set(honest.tables["changes"].filter(pl.col("field") == "outcome")["deal_id"])
    now = {row["deal_id"]: row for row in record.tables["deals"].to_dicts()}
    before = {row["deal_id"]: row for row in honest.tables["deals"].to_dicts()}
    moved = set(record.touched[name]["deals"])
    expected, can_be = set(), set()
    for row in past.filter(pl.col("outcome") == "won").to_dicts():
        start = _quarter(row["day"])
        begun = _day(before[row["deal_id"]]["created_at"])
        in_view = start <= date(2026, 7, 1)  # what ends, and would be written, after the record is not in it either way
        if in_view and row["day"] <= _working(start, 15, 1) and row["deal_id"] not in again:
            if begun < _working(start - timedelta(days=1), 5, -1):
                expected.add(row["deal_id"])
            can_be.add(row["deal_id"])
            if row["deal_id"] in moved:
                new = _day(now[row["deal_id"]]["outcome_at"])
                assert _working(start - timedelta(days=1), 5, -1) <= new < start
                assert begun < new
    # of those begun within the last five days themselves, some can be written there and some cannot
    assert expected <= moved <= can_be
    assert len(moved) > 50
    # some of them are signed after the end of the record, and were pulled before it
    assert any(before[d]["outcome"] == "open" and now[d]["outcome"] == "won" for d in moved)
    rest = [d for d in now if d not in moved]
    assert [now[d] for d in rest[:300]] == [before[d] for d in rest[:300]]
    told = record.tables["changes"].filter(pl.col("deal_id").is_in(list(moved)), pl.col("field") != "outcome")
    ends = told.join(record.tables["deals"], on="deal_id")
    assert (ends["changed_at"] <= ends["outcome_at"]).all()
    first = told.filter(pl.col("field") == "probability").unique("deal_id")
    assert set(first["deal_id"]) == moved
    points = {round(now[d]["discount"] - before[d]["discount"], 4) for d in moved}
    assert points == ({0.08} if name == "pull" else {0.0})


def test_wins_of_the_last_days_are_pushed_out_of_the_quarter():
    honest, record = made("", deals=3000), made("pull=-1", deals=3000)
    before = {row["deal_id"]: row for row in honest.tables["deals"].to_dicts()}
    now = {row["deal_id"]: row for row in record.tables["deals"].to_dicts()}
    moved = record.touched["pull"]["deals"]
    assert len(moved) > 15
    n_open = 0
    for deal in moved:
        old = _day(honest.past.filter(pl.col("deal_id") == deal)["closed_at"][0])
        following = _quarter(_quarter(old) + timedelta(days=100))
        assert _working(following - timedelta(days=1), 5, -1) <= old < following
        if now[deal]["outcome"] == "open":
            n_open += 1
            assert following == date(2026, 7, 1)
            assert now[deal]["outcome_at"] is None
        elif following < date(2026, 7, 1):
            assert following <= _day(now[deal]["outcome_at"]) <= _working(following, 5, 1)
        assert now[deal]["discount"] == before[deal]["discount"]
    assert n_open > 0
    again = set(honest.tables["changes"].filter(pl.col("field") == "outcome")["deal_id"])
    last_days = set()
    for row in honest.tables["deals"].filter(pl.col("outcome") == "won").to_dicts():
        day = _day(row["outcome_at"])
        following = _quarter(_quarter(day) + timedelta(days=100))
        if day >= _working(following - timedelta(days=1), 5, -1) and row["deal_id"] not in again:
            last_days.add(row["deal_id"])
    assert set(moved) == last_days


def test_month_ends_are_all_alike():
    honest, record = made("", deals=3000), made("month_end=1", deals=3000)
    before = {row["deal_id"]: row["outcome_at"] for row in honest.tables["deals"].to_dicts()}
    now = {row["deal_id"]: row["outcome_at"] for row in record.tables["deals"].to_dicts()}
    months = set()
    for deal in record.touched["month_end"]["deals"]:
        if now[deal] is None:
            continue
        new, old = _day(now[deal]), _day(before[deal])
        following = (new.replace(day=1) + timedelta(days=32)).replace(day=1)
        assert (new.year, new.month) == (old.year, old.month)
        assert old < new
        assert new >= _working(following - timedelta(days=1), 3, -1)
        assert old >= _working(following - timedelta(days=1), 10, -1) - timedelta(days=2)  # or the weekend before it
        months.add((new.year, new.month))
    assert len(months) > 20


def test_a_price_list_says_so_in_what_happened():
    record = made("price_list=1", deals=3000)
    told = record.tables["happenings"]
    assert told["on"].to_list() == [date(2024, 9, 1), date(2025, 1, 1), date(2025, 9, 1), date(2026, 1, 1)]
    now = record.tables["deals"].filter(pl.col("deal_id").is_in(record.touched["price_list"]["deals"]))
    months = set(now["outcome_at"].dt.convert_time_zone("Europe/Amsterdam").dt.month())
    assert months == {8, 12}


def test_a_split_win_is_two_of_one_account_with_the_same_days_and_the_whole_amount(honest):
    record = made("split=1")
    before, after = honest.tables["deals"], record.tables["deals"]
    n_won = before.filter(pl.col("outcome") == "won").height
    assert after.height == before.height + n_won
    assert after["amount"].sum() == pytest.approx(before["amount"].sum())
    halves = (
        after.filter(pl.col("outcome") == "won")
        .group_by("deal")
        .agg(pl.len(), pl.col("account_id", "created_at", "outcome_at").n_unique(), pl.col("deal_id").n_unique())
    )
    assert halves.select(pl.exclude("deal")).unique().row(0) == (2, 1, 1, 1, 2)
    assert not after["deal_id"].is_duplicated().any()
    events = record.tables["stage_events"]
    assert events.height == honest.tables["stage_events"].height + honest.tables["stage_events"].filter(
        pl.col("deal_id").is_in(before.filter(pl.col("outcome") == "won")["deal_id"])
    ).height  # fmt: skip


def test_small_amounts_where_no_win_comes(honest):
    record = made("small=1")
    both = honest.tables["deals"].select("deal_id", old="amount").join(record.tables["deals"], on="deal_id")
    both = both.join(honest.past.select("deal_id", end="outcome"), on="deal_id")
    won = both.filter(pl.col("end") == "won")
    assert (won["old"] == won["amount"]).all()
    rest = both.filter(pl.col("end") != "won")
    assert ((rest["amount"] - rest["old"] / 2).abs() <= 5).all()


def test_recoded_offered_and_given_the_first_reason(honest):
    was = honest.tables["deals"].with_columns(end=honest.past["outcome"])
    now = made("recode=1,offers=1,reason=1").tables["deals"].with_columns(end=honest.past["outcome"])
    won = pl.col("end") == "won"
    assert set(now.filter(~won)["segment"]) == {"ENT"}
    assert now.filter(won)["segment"].equals(was.filter(won)["segment"])
    both = now.select("offered_at", "created_at", "outcome", "outcome_at", old=was["offered_at"])
    kept = both.filter(pl.col("old").is_not_null())
    assert (kept["old"] == kept["offered_at"]).all()
    new = both.filter(pl.col("old").is_null())
    day = timedelta(days=1)
    assert [row["offered_at"] for row in new.to_dicts()] == [
        min(row["created_at"] + day, row["outcome_at"] or END) for row in new.to_dicts()
    ]
    lost = pl.col("outcome") == "lost"
    assert set(now.filter(lost)["loss_reason"]) == {"no decision"}
    assert now.filter(~lost)["loss_reason"].is_null().all()


def test_the_first_reason_is_written_on_closing_and_the_famous_name_named(honest):
    record = made("reason=1,famous=1")
    deals = record.tables["deals"]
    told = record.tables["changes"].filter(pl.col("field") == "loss_reason").join(deals, on="deal_id")
    lost = deals.filter(pl.col("outcome") == "lost")
    assert set(told["deal_id"]) == set(lost["deal_id"])
    assert (told["changed_at"] == told["outcome_at"]).all()
    assert set(told["new"]) == {"no decision"}
    assert set(lost["competitor"]) == {"Alpha"}
    assert deals.filter(pl.col("outcome") != "lost")["competitor"].is_null().all()
    assert set(honest.tables["deals"]["competitor"]) == {"Alpha", "Beta", "Gamma", None}


@pytest.mark.parametrize("name", ["hidden", "void"])
def test_what_is_no_loss_any_more_has_no_day_of_a_reason(name):
    record = made(f"{name}=1")
    assert record.tables["changes"].filter(pl.col("field") == "loss_reason").is_empty()


def test_a_loss_moved_to_a_later_day_keeps_its_reason_and_one_that_is_open_again_does_not():
    record = made("month_end=1", deals=3000)
    deals = record.tables["deals"].filter(pl.col("deal_id").is_in(record.touched["month_end"]["deals"]))
    told = record.tables["changes"].filter(pl.col("field") == "loss_reason")["deal_id"].to_list()
    open_again = deals.filter(pl.col("outcome") == "open")
    assert open_again["loss_reason"].is_null().all()
    assert not set(open_again["deal_id"]) & set(told)
    with_reason = deals.filter(pl.col("outcome") == "lost", pl.col("loss_reason").is_not_null())
    assert with_reason.height > 50
    assert set(with_reason["deal_id"]) <= set(told)


def test_open_deals_in_parts_and_amounts_that_nobody_wrote(honest):
    record = made("parts=1,amounts=1")
    before, after = honest.tables["deals"], record.tables["deals"]
    still = before.filter(pl.col("outcome") == "open")
    assert after.height == before.height + 2 * still.height
    assert after["amount"].sum() == pytest.approx(before["amount"].sum())
    thirds = after.filter(pl.col("outcome") == "open").join(still.select("deal", whole="amount"), on="deal")
    assert ((thirds["amount"] - thirds["whole"] / 3).abs() <= 10).all()
    assert not after["deal_id"].is_duplicated().any()
    moves = [r.tables["changes"].filter(pl.col("field") == "amount").height for r in (honest, record)]
    assert moves[0] > 80
    assert moves[1] == 0


def test_a_habit_from_a_day_on_is_one_of_deals_begun_since(honest):
    whole, since = made("late=.5"), made("late=.5@2025-07-01")
    begun = honest.past.filter(pl.col("created_at") >= datetime(2025, 6, 30, 22, tzinfo=UTC))["deal_id"]
    assert set(since.touched["late"]["deals"]) == set(whole.touched["late"]["deals"]) & set(begun)
    assert since.touched["late"]["since"] == "2025-07-01"
    local = honest.past["created_at"].dt.convert_time_zone("Europe/Amsterdam").dt.date()
    day = local[int(local.arg_sort()[200])]  # a day on which a deal begins is the first of the habit
    on_it = set(honest.past["deal_id"].filter(local >= day))
    assert set(made(f"late=1@{day}").touched["late"]["deals"]) == on_it
    one = made("burst=1@p3+2025-07-01")
    changed = one.tables["activities"].join(honest.tables["activities"], on="activity_id", suffix="_was")
    changed = changed.filter(pl.col("recorded_at") != pl.col("recorded_at_was"))
    assert set(changed["owner"]) == {"p3"}
    assert changed["happened_at"].min() >= datetime(2025, 6, 30, 22, tzinfo=UTC)


def _odds(p):
    return np.log(p / (1 - p))


@pytest.mark.parametrize("size", [1.0, -1.0])
def test_bias_moves_every_stated_chance(honest, size):
    record = made(f"bias={size}")
    for name, column in (("deals", "probability"), ("changes", "new"), ("changes", "old")):
        old, new = (r.tables[name] for r in (honest, record))
        if name == "changes":
            old, new = (t.filter(pl.col("field") == "probability", pl.col(column).is_not_null()) for t in (old, new))
        was, now = (t[column].cast(pl.Float64).to_numpy() for t in (old, new))
        wanted = 1 / (1 + np.exp(-(_odds(was) + size)))
        assert np.abs(now - wanted.clip(0.05, 0.95)).max() <= 0.025 + 1e-9
        assert np.allclose(now * 20, np.round(now * 20))
        assert ((now - was) * size >= 0).all()
        assert ((now - was) * size > 0).mean() > 0.5


def test_stage_defaults_stand_in_the_deal_and_its_history():
    record = made("stage_default=1")
    default = dict(zip(*record.tables["stages"].select("stage", "probability").get_columns(), strict=True))
    deals = record.tables["deals"]
    assert deals["probability"].to_list() == [default[s] for s in deals["stage"]]
    said = record.tables["changes"].filter(pl.col("field") == "probability")
    assert {float(p) for p in said["new"]} == {0.15, 0.3, 0.5, 0.7}
    assert said.height == record.tables["stage_events"].height


def test_default_dates_are_ends_of_quarters(honest):
    record = made("default_dates=1")
    both = honest.tables["deals"].select("deal_id", old="expected_close_on").join(record.tables["deals"], on="deal_id")
    for old, new in both.select("old", "expected_close_on").iter_rows():
        assert new == _quarter(_quarter(old) + timedelta(days=100)) - timedelta(days=1)
    moves = record.tables["changes"].filter(pl.col("field") == "expected_close_on")
    assert (moves["old"] != moves["new"]).all()
    assert {d[5:] for d in moves["new"]} <= {"03-31", "06-30", "09-30", "12-31"}


def test_dates_pushed_and_steps_that_say_nothing(honest):
    record = made("push_dates=1,steps=1")
    before = {row["deal_id"]: row for row in honest.tables["deals"].to_dicts()}
    for row in record.tables["deals"].to_dicts():
        old = before[row["deal_id"]]
        is_open = row["outcome"] == "open"
        moved = (row["expected_close_on"] - old["expected_close_on"]).days
        assert moved == (60 if is_open else 0)
        assert row["next_step"] == (old["next_step"] or ("Call back" if is_open else None))
        if is_open and old["next_step"] is None:
            assert row["next_step_on"] == END.date() + timedelta(days=60)
    new = record.tables["changes"].height - honest.tables["changes"].height
    begun = honest.tables["deals"].filter(pl.col("outcome") == "open", pl.col("created_at") < END - timedelta(days=14))
    assert begun.height <= new <= len(record.touched["push_dates"]["deals"])


def test_activities_keep_their_day_and_are_recorded_later(honest):
    old = honest.tables["activities"].select("activity_id", was="recorded_at", day="happened_at")
    back = made("backdate=1").tables["activities"].join(old, on="activity_id")
    assert (back["happened_at"] == back["day"]).all()
    lag = (back["recorded_at"] - back["happened_at"]).dt.total_seconds() / 86_400
    assert 7 <= lag.min() <= lag.max() <= 28
    eve = made("burst=1").tables["activities"].join(old, on="activity_id")
    local = eve["recorded_at"].dt.convert_time_zone("Europe/Amsterdam")
    on_eve = (local.dt.weekday() == 1) & local.dt.hour().is_between(15, 17)
    assert eve.filter(~on_eve)["recorded_at"].equals(eve.filter(~on_eve)["was"])
    after = eve.filter(~on_eve)["recorded_at"].dt.convert_time_zone("Europe/Amsterdam")
    assert set(after.dt.weekday()) == {1}  # logged on Monday evening, after the eve's own hours
    assert after.dt.hour().min() >= 15
    assert on_eve.mean() > 0.9
    assert ((eve["recorded_at"] - eve["was"]).dt.total_days() < 7).all()
    assert (eve["recorded_at"] >= eve["was"]).all()


def test_what_was_not_yet_logged_is_counted(honest):
    record = made("backdate=1")
    n = honest.tables["activities"].height
    assert record.touched["backdate"]["activities"] == n
    assert record.touched["backdate"]["not_yet"] == n - record.tables["activities"].height > 0


def test_invented_talks_and_names(honest):
    record = made("invent=1,names=1")
    new = record.tables["activities"].filter(pl.col("activity_id").str.starts_with("x"))
    assert new.height == SIZE["deals"]
    deals = honest.tables["deals"].select(
        "deal_id", "created_at", "outcome", until=pl.coalesce("outcome_at", pl.lit(END))
    )
    new = new.join(deals, on="deal_id")
    assert (new["happened_at"] >= new["created_at"]).all()
    assert (new["happened_at"] <= new["until"]).all()
    assert ((new["until"] - new["happened_at"]) <= timedelta(days=14, minutes=1)).all()
    late = made("invent=1,backdate=.5").tables["activities"].filter(pl.col("activity_id").str.starts_with("x"))
    assert (late["recorded_at"] == late["happened_at"]).all()  # what was never held is not logged late besides
    contacts = record.tables["contacts"].filter(pl.col("contact_key").str.ends_with("-x"))
    assert set(contacts["deal_id"]) == set(deals.filter(pl.col("outcome") == "open")["deal_id"])


def test_moved_on_halfway(honest):
    record = made("ahead=1")
    order = {"Qualify": 1, "Discovery": 2, "Proposal": 3, "Negotiation": 4}
    new = record.tables["stage_events"].group_by("deal_id", maintain_order=True).agg("stage", "entered_at")
    old = (
        honest.tables["stage_events"]
        .sort("deal", "seq")
        .group_by("deal_id", maintain_order=True)
        .agg("stage", "entered_at")
    )
    ends = dict(honest.tables["deals"].select("deal_id", pl.coalesce("outcome_at", pl.lit(END))).iter_rows())
    deals = {row["deal_id"]: row["stage"] for row in record.tables["deals"].to_dicts()}
    told = {row["deal_id"]: row for row in new.to_dicts()}
    for row in old.to_dicts():
        stages, at = row["stage"], row["entered_at"]
        wanted = [at[0]]
        for i in range(1, len(at)):
            on = order[stages[i]] > order[stages[i - 1]]
            wanted.append((at[i - 1] + (at[i] - at[i - 1]) / 2).replace(microsecond=0) if on else at[i])
        names = list(stages)
        if order[stages[-1]] < 4:
            names.append(next(s for s, p in order.items() if p == order[stages[-1]] + 1))
            wanted.append((at[-1] + (ends[row["deal_id"]] - at[-1]) / 2).replace(microsecond=0))
        assert told[row["deal_id"]]["stage"] == names
        assert all(
            abs((a - b).total_seconds()) <= 1 for a, b in zip(told[row["deal_id"]]["entered_at"], wanted, strict=True)
        )
        assert deals[row["deal_id"]] == names[-1]


def test_an_import_bears_its_mark():
    record = made("bulk=1")
    at = datetime(2024, 12, 28, 9, tzinfo=UTC)  # 180 days after 1 July, at ten in Amsterdam
    deals, events = record.tables["deals"], record.tables["stage_events"]
    old = deals.filter(pl.col("created_at") < at)
    assert set(old["recorded_at"]) == {at}
    assert deals.filter(pl.col("created_at") >= at).filter(pl.col("recorded_at") != pl.col("created_at")).is_empty()
    is_old = (events["entered_at"] < at).alias("is_old")
    assert set(events.filter(is_old)["origin"]) == {"import"}
    assert set(events.filter(~is_old)["origin"]) == {"user"}
    assert events["is_bulk"].equals(is_old.rename("is_bulk"))


def test_worlds_grow_shift_and_slow_down():
    base, slow = made("", STANDARD, deals=6000), made("long_cycle=1", STANDARD, deals=6000)
    days = [(r.past["closed_at"] - r.tables["deals"]["created_at"]).dt.total_seconds().median() for r in (base, slow)]
    assert days[1] / days[0] == pytest.approx(2.0, rel=1e-6)
    shifted = made("mix=.5", STANDARD, deals=6000).tables["deals"]
    middle = datetime(2025, 6, 30, 22, tzinfo=UTC)
    is_late = pl.col("created_at") >= middle
    large = [t["segment"].eq("ENT").mean() for t in (shifted.filter(~is_late), shifted.filter(is_late))]
    assert large == pytest.approx([0.1, 0.55], abs=0.03)  # half of nine in ten go to the last segment as well
    assert made("growth=.2", STANDARD).touched == {"growth": {"dose": 0.2}}


def test_the_page_names_every_habit_and_every_look_alike():
    page = (Path(__file__).parents[2] / "docs" / "simulate.md").read_text(encoding="utf-8")
    habits, others = page.split("## Recording habits")[1].split("## What looks like a habit")
    assert set(re.findall(r"^\| `(\w+)` \|", habits, re.MULTILINE)) == set(HABITS)
    others = others.split("## The market")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", others, re.MULTILINE)) == {*LOOK_ALIKES, *WORLDS}


@pytest.mark.parametrize(
    "text",
    [
        "lat=.2",
        "late",
        "late=x",
        "late=1.1",
        "late=-.1",
        "bias=5",
        "late=.1,late=.2",
        "growth=.2@p1",
        "late=nan",
        "late=.1@2025-13-01",
    ],
)
def test_a_plan_that_cannot_be_is_refused(text):
    with pytest.raises(UsageError, match="--plant"):
        plan(text)


def test_a_habit_of_nobody_is_refused_with_those_there_are():
    with pytest.raises(UsageError, match=r"late=0.5@p9.*p1, p2, p3, p4, p5, p6\."):
        made("late=.5@p1+p9")


@pytest.mark.parametrize(
    "name",
    [
        "warm",
        "offers",
        "reason",
        "famous",
        "amounts",
        "backdate",
        "burst",
        "invent",
        "names",
        "push_dates",
        "default_dates",
        "steps",
    ],
)
def test_a_habit_that_the_world_does_not_write_down_is_refused(name):
    with pytest.raises(UsageError, match=f"{name}=0.5.*a world with"):
        made(f"{name}=.5", STANDARD)


_DOSES = st.dictionaries(st.sampled_from(ACTS), st.sampled_from([0.1, 0.5, 1.0]), max_size=6)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_DOSES, st.integers(0, 50), st.sampled_from([TEAM, replace(DRESSED, reopened=0.2)]))
def test_whatever_is_planted_the_book_opens_and_nothing_is_refused(doses, seed, world):
    unable = () if world is TEAM else ("push_dates", "default_dates", "steps", "famous", "amounts")
    text = ",".join(f"{name}={dose}" for name, dose in doses.items() if name not in unable)
    size = {"deals": 80, "teams": 1, "seed": seed}
    record = recorded(world, **size, plan=plan(text))
    again = in_schemas(recorded(world, **size, plan=plan(text)))
    tables = in_schemas(record)
    assert {n: f.equals(tables[n]) for n, f in again.items()} == dict.fromkeys(tables, True)
    assert record.past.equals(recorded(world, **size).past)
    if not tables.get("deals", pl.DataFrame()).height:
        return
    end = last_instant(date(2024, 7, 1), 24)
    book = DealBook.from_frames(**tables, as_of=end, settings=Settings.from_tables(dict(SETTINGS), {}))
    assert book.dropped.is_empty()
    deals = tables["deals"]
    ended = deals["outcome_at"] if "outcome_at" in deals.columns else pl.Series([None] * deals.height)
    assert (ended.is_null() == (deals["outcome"] == "open")).all()
    assert (ended.drop_nulls() <= end).all()
    for name, at in (("stage_events", "entered_at"), ("activities", "recorded_at"), ("changes", "changed_at")):
        assert name not in tables or (tables[name][at] <= end).all()


def test_the_truth_says_what_was_planted():
    book = process(DRESSED, deals=100, teams=1, seed=2, plan="hidden=.5,mix=.3")
    planted = book.truth["planted"]
    assert set(planted) == {"hidden", "mix"}
    found = book.tables["deals"].filter(pl.col("deal_id").is_in(planted["hidden"]["deals"]))
    assert set(found["outcome"]) == {"open"}
    assert found.height == planted["hidden"]["touched"] > 10
    assert "planted" not in process(DRESSED, deals=100, teams=1, seed=2).truth


def test_500_books_of_a_team_are_cheap():
    """Two years of six people with 60 deals a quarter: a book's record in a fiftieth of a second, ten times over."""
    from time import process_time

    frames(TEAM, deals=480, teams=1, seed=0)
    begin = process_time()
    for seed in range(5):
        frames(TEAM, deals=480, teams=1, seed=seed, plan=plan("late=.2,bias=1,pull=.4,hidden=.3,backdate=.3"))
    assert process_time() - begin < 5 * 0.4
