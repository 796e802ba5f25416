"""The demo is one whole: rebuilt byte for byte, it opens, and no table contradicts another."""

from __future__ import annotations

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from kpikit.schema import TABLES
from tests.simulate.demo_tables import DEMO, table

FILES = sorted(f.name for f in DEMO.glob("*.csv"))
LAST = datetime(2026, 10, 2, 17, 41, 8, tzinfo=UTC)


@pytest.mark.slow
def test_rebuilt_byte_for_byte(tmp_path):
    from kpikit.simulate.demo import book as demo

    demo.main([str(tmp_path)])
    made = sorted(f.name for f in tmp_path.iterdir())
    assert made == sorted(f.name for f in DEMO.iterdir() if f.name != "README.md")
    assert [name for name in made if (tmp_path / name).read_bytes() != (DEMO / name).read_bytes()] == []


def test_opens_without_a_refused_row(demo):
    assert demo.as_of == LAST
    assert demo.dropped.height == 0
    assert demo.settings.fiscal_year_starts == 4
    assert demo.settings.privacy.persons == "off"
    assert set(demo.tables) == {name.removesuffix(".csv") for name in FILES}


def test_small_enough_to_keep():
    assert sum(f.stat().st_size for f in DEMO.iterdir()) < 4_500_000


@pytest.mark.parametrize("file", FILES)
def test_columns_are_the_schema_s_and_the_dictionary_has_each(file):
    name = file.removesuffix(".csv")
    columns = table(name).columns
    assert columns == [c for c in TABLES[name].names if c in columns]
    part = (DEMO / "README.md").read_text(encoding="utf-8").split(f"**{file}**")[1].split("\n\n**")[0]
    assert [c for c in columns if f"`{c}`" not in part] == []


def test_about_two_thousand_deals_of_six_teams():
    deals = table("deals")
    assert 2000 <= deals.height <= 2500
    assert deals["deal_id"].is_unique().all()
    assert deals["team"].n_unique() == 6
    assert deals["created_at"].min() >= datetime(2024, 6, 30, 22, tzinfo=UTC)
    assert set(deals["outcome"]) == {"open", "won", "lost", "void"}
    assert {"EUR", "GBP"} == set(deals["currency"])


def test_everything_that_happened_did_so_in_working_hours():
    for name, column in (
        ("activities", "happened_at"),
        ("stage_events", "entered_at"),
        ("notes", "at"),
        ("deals", "created_at"),
    ):
        local = table(name)[column].dt.convert_time_zone("Europe/Amsterdam")
        assert local.dt.weekday().is_between(1, 5).all(), name
        assert local.dt.time().is_between(time(8, 30), time(17, 30)).all(), name


def test_what_is_recorded_has_happened_and_was_recorded_before_the_export():
    for name, column in (
        ("activities", "happened_at"),
        ("stage_events", "entered_at"),
        ("changes", "changed_at"),
        ("deals", "created_at"),
    ):
        frame = table(name)
        assert (frame["recorded_at"] >= frame[column]).all(), name
        assert (frame["recorded_at"] <= LAST).all(), name
    assert table("changes")["recorded_at"].max() == LAST


def test_some_things_are_recorded_late():
    for name, column, least in (
        ("activities", "happened_at", 0.03),
        ("stage_events", "entered_at", 0.02),
        ("deals", "created_at", 0.02),
    ):
        frame = table(name)
        late = (frame["recorded_at"] - frame[column]).dt.total_days() >= 4
        assert least < late.mean() < 0.2, name


def test_a_deal_s_stages_follow_each_other_from_its_beginning_to_its_end():
    deals = table("deals")
    events = table("stage_events").sort("deal_id", "seq")
    by_deal = events.group_by("deal_id", maintain_order=True).agg(
        pl.col("entered_at").first().alias("first"),
        pl.col("entered_at").last().alias("last"),
        pl.col("stage").last().alias("last_stage"),
        (pl.col("entered_at").diff().dt.total_seconds() <= 0).sum().alias("backwards"),
        (pl.col("stage") == pl.col("stage").shift(1)).sum().alias("twice"),
    )
    both = deals.join(by_deal, on="deal_id")
    assert both.height == deals.height
    assert both["backwards"].sum() == both["twice"].sum() == 0
    assert (both["first"] == both["created_at"]).all()
    assert (both["last_stage"] == both["stage"]).all()
    assert both.filter(pl.col("outcome_at") < pl.col("last")).is_empty()
    assert both.filter(pl.col("outcome") == "won")["stage"].unique().to_list() == ["Negotiation"]


def test_skips_backs_and_reopened_deals_are_there():
    position = {"Qualify": 1, "Discovery": 2, "Proposal": 3, "Negotiation": 4}
    events = (
        table("stage_events").sort("deal_id", "seq").with_columns(pl.col("stage").replace_strict(position).alias("p"))
    )
    step = events.select(pl.col("p").diff().over("deal_id"))["p"].value_counts()
    assert {2.0, 1.0, -1.0} == set(step["p"].drop_nulls())
    assert step.filter(pl.col("p") == 2)["count"].item() > 50
    assert step.filter(pl.col("p") == -1)["count"].item() > 50
    assert table("changes").filter(pl.col("field") == "outcome")["deal_id"].n_unique() > 10


def test_nothing_happens_after_the_end():
    ended = table("deals").select("deal_id", "outcome_at", "created_at")
    acts = table("activities").join(ended, on="deal_id")
    assert acts.filter(pl.col("happened_at") > pl.col("outcome_at")).is_empty()
    changes = table("changes").join(ended, on="deal_id")
    assert changes.filter((pl.col("changed_at") - pl.col("outcome_at")).dt.total_minutes() > 1).is_empty()
    assert changes.filter(pl.col("changed_at") < pl.col("created_at")).is_empty()


def test_facts_of_a_deal_come_in_order():
    deals = table("deals")
    for earlier, later in (
        ("first_contact_at", "created_at"),
        ("offered_at", "signed_at"),
        ("signed_at", "outcome_at"),
        ("offered_at", "outcome_at"),
    ):
        assert deals.filter(pl.col(earlier) > pl.col(later)).is_empty(), (earlier, later)
    is_open = pl.col("outcome") == "open"
    assert deals.filter(is_open != pl.col("outcome_at").is_null()).is_empty()
    assert deals.filter(pl.col("signed_at").is_not_null(), pl.col("outcome") != "won").is_empty()
    assert deals.filter(pl.col("loss_reason").is_not_null(), ~pl.col("outcome").is_in(["lost", "void"])).is_empty()
    assert deals.filter(pl.col("more_like_this").is_not_null(), pl.col("outcome") != "won").is_empty()
    assert set(deals.filter(pl.col("outcome") == "void")["loss_reason"]) == {"unqualified", "duplicate", "test"}
    lost = deals.filter(pl.col("outcome") == "lost")["loss_reason"]
    assert 0.1 < lost.is_null().mean() < 0.3
    assert (lost == "unknown").sum() > 10


def test_an_offer_is_there_from_the_proposal_on():
    reached = table("stage_events").filter(pl.col("stage").is_in(["Proposal", "Negotiation"]))["deal_id"].unique()
    offered = table("deals").filter(pl.col("offered_at").is_not_null())["deal_id"]
    assert set(reached) == set(offered)


def test_changes_lead_to_what_the_deal_says_now():
    changes = table("changes").sort("deal_id", "seq")
    steps = changes.with_columns(before=pl.col("new").shift(1).over("deal_id", "field"))
    assert steps.filter(pl.col("before").is_not_null(), pl.col("before") != pl.col("old")).is_empty()
    last = changes.group_by("deal_id", "field").agg(pl.col("new").last())
    deals = table("deals").with_columns(pl.col("expected_close_on").dt.strftime("%Y-%m-%d"))
    for field in ("expected_close_on", "owner", "outcome", "amount", "probability"):
        both = last.filter(pl.col("field") == field).join(deals.select("deal_id", field), on="deal_id")
        now = both["new"].cast(both[field].dtype) if both[field].dtype != pl.String else both["new"]
        assert both.height > 5
        assert (now == both[field]).all(), field


def test_the_owner_is_in_the_team_when_the_deal_begins_and_when_it_ends():
    zone = ZoneInfo("Europe/Amsterdam")
    deals, people = table("deals"), table("people")
    first = (
        table("changes")
        .filter(pl.col("field") == "owner")
        .sort("deal_id", "seq")
        .group_by("deal_id")
        .agg(pl.col("old").first())
    )
    began = deals.join(first, on="deal_id", how="left").with_columns(owner=pl.coalesce("old", "owner"))
    for frame, column in ((began, "created_at"), (deals.filter(pl.col("outcome_at").is_not_null()), "outcome_at")):
        day = frame.select(
            "deal_id", "team", "owner", pl.col(column).dt.convert_time_zone(zone.key).dt.date().alias("day")
        )
        there = day.join(people, on=["owner", "team"]).filter(
            pl.col("from_on") <= pl.col("day"), pl.col("until_on").is_null() | (pl.col("until_on") > pl.col("day"))
        )
        assert there["deal_id"].n_unique() == frame.height, column


def test_keys_meet():
    deals, accounts = table("deals"), table("accounts")
    assert set(deals["account_id"]) <= set(accounts["account_id"])
    for name in ("stage_events", "changes", "activities", "contacts", "notes", "interviews"):
        assert set(table(name)["deal_id"]) <= set(deals["deal_id"]), name
    met = table("activities").select("deal_id", "contact_key").unique()
    assert met.join(table("contacts"), on=["deal_id", "contact_key"]).height == met.height
    customers = set(deals.filter(pl.col("outcome") == "won")["account_id"])
    legacy = set(accounts.tail(36)["account_id"])
    assert set(accounts.filter("is_customer")["account_id"]) == customers | legacy
    assert set(table("revenue")["account_id"]) <= customers | legacy


def test_contracts_run_a_year_until_nothing():
    years = table("revenue").sort("account_id", "period")
    gap = years.select(pl.col("period").dt.year().diff().over("account_id"))["period"].drop_nulls()
    assert (gap == 1).all()
    after_nothing = years.filter((pl.col("amount").shift(1) == 0).over("account_id").fill_null(value=False))
    assert after_nothing.is_empty()
    quarter = years.filter(pl.col("period").is_between(pl.date(2026, 7, 1), pl.date(2026, 9, 30)))
    first = years.group_by("account_id").agg(pl.col("period").min().alias("first"))
    due = quarter.join(first, on="account_id").filter(pl.col("period") > pl.col("first"))
    assert due.height >= 24
    assert 0.75 < (due["amount"] > 0).mean() < 0.95


def test_odd_texts_survive_the_file():
    texts = table("notes")["text"]
    for odd in (
        "\n- the vans, yes; the portal, no;\n",
        "<b>bold</b>",
        "<script>",
        "L'Ormaulne, père & fils",
        "🙂",
        '"A;B",C',
    ):
        assert texts.str.contains(odd, literal=True).sum() == 1, odd
    assert texts.str.starts_with("=1+1").sum() == 1
    names = " ".join(table("deals")["name"])
    assert all(word in names for word in ("Zoë", "Müller", "Société", "Établissements", "–"))


def test_people_are_keys_and_teams_have_five_to_nine():
    people = table("people")
    assert people["owner"].str.contains(r"^p\d{3}$").all()
    now = people.filter(pl.col("until_on").is_null()).group_by("team").len()
    assert dict(now.iter_rows()) == {
        "North": 8,
        "South": 7,
        "Randstad": 9,
        "Liège": 6,
        "Vlaanderen": 6,
        "New Markets": 3,
    }
    assert people["until_on"].is_not_null().sum() >= 4
    assert people["owner"].is_duplicated().any()


def test_coffee_leads_to_little():
    acts = table("activities").filter(pl.col("outcome") == "held")
    rate = dict(acts.group_by("kind").agg(pl.col("led_to_next_step").mean()).iter_rows())
    assert rate["coffee"] < 0.15
    assert rate["meeting"] > 0.5
