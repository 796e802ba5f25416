"""Simulated books: the schema's columns, the same for a seed, cut at the end, with the effects that were planted."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import polars as pl
import pytest

from kpikit.book import DealBook
from kpikit.schema import TABLES
from kpikit.simulate import DRESSED, STANDARD, Effect, frames, process, truth_of, write
from tests.counted import calls

END = datetime(2026, 6, 30, 22, tzinfo=UTC)


@pytest.fixture(scope="module")
def dressed():
    return frames(replace(DRESSED, reopened=0.1), deals=3000, teams=5, seed=3)


def test_columns_are_the_schema_s_and_filled(dressed):
    for name, frame in dressed.items():
        assert frame.columns == [c for c in TABLES[name].names if c in frame.columns]
        assert [c for c in frame.columns if frame[c].null_count() == frame.height] == []
        required = [c.name for c in TABLES[name].columns if c.required]
        assert frame.select(required).null_count().sum_horizontal().item() == 0


def test_a_seed_gives_the_same_tables_and_another_gives_others(dressed):
    again = frames(replace(DRESSED, reopened=0.1), deals=3000, teams=5, seed=3)
    assert all(again[name].equals(frame) for name, frame in dressed.items())
    other = frames(replace(DRESSED, reopened=0.1), deals=3000, teams=5, seed=4)
    assert not other["deals"].equals(dressed["deals"])


def test_dressing_leaves_the_paths_alone():
    bare, clothed = (
        frames(deals=500, teams=2, seed=5),
        frames(replace(STANDARD, touches_per_week=2.0), deals=500, teams=2, seed=5),
    )
    assert bare["stage_events"].equals(clothed["stage_events"])


def test_nothing_is_seen_after_the_end(dressed):
    for name in ("deals", "stage_events", "changes", "activities"):
        for column, kind in dressed[name].schema.items():
            if isinstance(kind, pl.Datetime):
                assert dressed[name][column].drop_nulls().max() <= END, (name, column)
    deals = dressed["deals"]
    assert deals.filter((pl.col("outcome") == "open") != pl.col("outcome_at").is_null()).is_empty()


def test_reopened_deals_tell_their_outcomes(dressed):
    moves = dressed["changes"].sort("deal_id", "seq")
    assert set(moves["field"]) == {"outcome"}
    steps = moves.with_columns(before=pl.col("new").shift(1).over("deal_id"))
    assert steps.filter(pl.col("before") != pl.col("old")).is_empty()
    last = moves.group_by("deal_id").agg(pl.col("new").last()).join(dressed["deals"], on="deal_id")
    assert last.height > 20
    assert (last["new"] == last["outcome"]).all()


def test_activities_lie_within_their_deal(dressed):
    acts = dressed["activities"].join(dressed["deals"].select("deal_id", "created_at", "outcome_at"), on="deal_id")
    assert acts.filter(pl.col("happened_at") < pl.col("created_at")).is_empty()
    assert acts.filter(pl.col("happened_at") > pl.col("outcome_at")).is_empty()
    assert (acts["recorded_at"] >= acts["happened_at"]).all()
    keys = dressed["contacts"].select("deal_id", "contact_key")
    assert acts.join(keys, on=["deal_id", "contact_key"], how="anti").is_empty()
    assert 3 < acts.height / dressed["deals"].height < 15


def test_growth():
    # 20 % a quarter over eight quarters: the last quarter begins 1.2 ** 7 = 3.58 times as many deals as the first
    deals = frames(replace(STANDARD, growth=0.2), deals=40_000, teams=1, seed=1)["deals"]
    first = deals.filter(pl.col("created_at") < datetime(2024, 9, 30, 22, tzinfo=UTC)).height
    last = deals.filter(pl.col("created_at") >= datetime(2026, 3, 31, 22, tzinfo=UTC)).height
    assert last / first == pytest.approx(1.2**7, rel=0.08)


def test_a_planted_effect_works_from_its_day_on_in_its_team_only():
    effect = Effect("Proposal", date(2025, 7, 1), team="Team 02", pace=2.0)
    tables = frames(replace(STANDARD, effects=(effect,)), deals=30_000, teams=2, seed=2)
    events = (
        tables["stage_events"]
        .sort("deal_id", "seq")
        .join(tables["deals"].select("deal_id", "team"), on="deal_id", maintain_order="left")
    )
    days = (pl.col("entered_at").shift(-1).over("deal_id") - pl.col("entered_at")).dt.total_hours() / 24
    moved = events.with_columns(days=days, stop=pl.col("stage").shift(-1).over("deal_id"))
    moved = moved.filter(
        pl.col("stage") == "Proposal",
        pl.col("stop") == "Negotiation",
        pl.col("entered_at") < datetime(2026, 1, 1, tzinfo=UTC),
    )
    since = pl.col("entered_at") >= datetime(2025, 7, 1, tzinfo=UTC)
    median = {
        (t, s): m for t, s, m in moved.group_by("team", since.alias("since")).agg(pl.col("days").median()).iter_rows()
    }
    assert median["Team 02", True] / median["Team 02", False] == pytest.approx(2.0, rel=0.08)
    assert median["Team 01", True] / median["Team 01", False] == pytest.approx(1.0, rel=0.08)


def test_stated_probabilities_lean_to_the_truth():
    deals = frames(replace(STANDARD, quality=1.0), deals=20_000, teams=4, seed=6)["deals"].filter(
        pl.col("outcome") != "open"
    )
    said = deals.group_by((pl.col("probability") * 5).floor().alias("fifth")).agg(
        (pl.col("outcome") == "won").mean().alias("won"), pl.len()
    )
    said = said.filter(pl.col("len") > 200).sort("fifth")
    assert said["won"].is_sorted()
    assert ((deals["probability"] * 20).round() / 20 - deals["probability"]).abs().max() < 1e-9


def test_process_is_a_deal_book_with_its_truth():
    book = process(deals=300, teams=3, seed=1)
    assert isinstance(book, DealBook)
    assert book.as_of == END
    assert book.dropped.height == 0
    assert book.truth["cycle"]["deals"] == 40_000
    assert book.at(datetime(2026, 1, 1, tzinfo=UTC)).truth == book.truth


@pytest.mark.parametrize("file_format", ["csv", "parquet"])
def test_written_twice_the_same_bytes_and_opens(tmp_path, file_format):
    import kpikit

    tables = frames(DRESSED, deals=200, teams=2, seed=9)
    for name in ("a", "b"):
        write(tables, truth_of(STANDARD, seed=9), tmp_path / name, file_format)
    files = sorted(f.name for f in (tmp_path / "a").iterdir())
    assert {"kpikit.toml", "truth.json", f"deals.{file_format}"} <= set(files)
    assert [f for f in files if (tmp_path / "a" / f).read_bytes() != (tmp_path / "b" / f).read_bytes()] == []
    book = kpikit.open_book(tmp_path / "a")
    assert book.tables["deals"].height == 200
    assert book.settings.time_zone == "Europe/Amsterdam"
    assert 'fiscal_year_starts = 4\ncurrency = "EUR"' in (tmp_path / "a" / "kpikit.toml").read_text(encoding="utf-8")


def test_ten_times_as_many_deals_are_as_many_calls():
    """Deals are drawn in columns, so a million take seconds."""
    few, many = (calls(lambda n=n: frames(deals=n, teams=40, seed=1)) for n in (5_000, 50_000))
    assert many < 1.2 * few
    # two stages a deal and more
    assert frames(deals=5_000, teams=40, seed=1)["stage_events"].height > 10_000


def test_a_simulated_book_answers_questions_like_any_other():
    import kpikit

    book = kpikit.simulate.process(deals=300, teams=2, seed=3)
    times = kpikit.velocity.time_in_stage(book)
    assert times["stage"].to_list() == ["Qualify", "Discovery", "Proposal", "Negotiation"]
    assert times["status"].to_list() == ["ok"] * 4
