"""The one definition of spells on other engines: DuckDB and Spark give the rows, and the counts, that polars gives."""

import time

import narwhals.stable.v2 as nw
import polars as pl
import pytest
from polars.testing import assert_frame_equal

import kpikit
from kpikit import RankingRefused, UsageError
from kpikit.engine.elsewhere import histogram_elsewhere
from kpikit.engine.spells import _integers, define, spells
from tests.engines import duckdb_tables, spark_tables
from tests.strategies import DAY0, as_book, spell_rows

KEYS = ["deal_id", "stage", "visit"]
COLUMNS = [*KEYS, "entered_at", "left_at", "entry_age", "kind", "skipped_to", "excluded", "team"]
DAY_US = 86_400_000_000


def in_integers(frame: pl.DataFrame) -> pl.DataFrame:
    columns = [
        pl.col(name).dt.epoch("us") if dtype == pl.Datetime else pl.col(name) for name, dtype in frame.schema.items()
    ]
    numbers = ["visit", "entered_at", "left_at", "entry_age"]
    return frame.select(columns).select(COLUMNS).with_columns(pl.col(numbers).cast(pl.Int64)).sort(KEYS)


def tables(book) -> dict[str, pl.DataFrame]:
    found = {name: frame.collect().to_native() for name, frame in _integers(book).items()}
    groups = book.tables["deals"].lazy().select("deal_id", "segment").collect()
    return found | {"deals": found["deals"].join(groups, on="deal_id")}


def as_of_us(book) -> int:
    return round(book.as_of.timestamp() * 1e6)


def in_spells(relations) -> pl.DataFrame:
    native = {name: nw.from_native(relation).lazy() for name, relation in relations.items()}
    return in_integers(define(native).collect("polars").to_native())


@pytest.mark.parametrize("by", [["team"], ["segment"], ["stage"], ["segment", "team"]])
def test_polars_gives_the_same_counts(demo, by):
    found = histogram_elsewhere(tables(demo), as_of=as_of_us(demo), by=by)
    assert_frame_equal(found, kpikit.engine.histogram(demo, by=by))


@pytest.mark.slow
def test_duckdb_gives_the_same_spells_and_counts(demo):
    with duckdb_tables(tables(demo)) as relations:
        assert_frame_equal(in_spells(relations), in_integers(spells(demo)))
        for by in (["team"], ["segment"]):
            found = histogram_elsewhere(relations, as_of=as_of_us(demo), by=by)
            assert_frame_equal(found, kpikit.engine.histogram(demo, by=by))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # pyspark says that it does not know pandas 3 yet
def test_spark_gives_the_same_spells_and_counts(demo, tmp_path):
    with spark_tables(tables(demo), tmp_path) as relations:
        assert_frame_equal(in_spells(relations), in_integers(spells(demo)))
        found = histogram_elsewhere(relations, as_of=as_of_us(demo), by=["segment", "team"])
        assert_frame_equal(found, kpikit.engine.histogram(demo, by=["segment", "team"]))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_spark_run_of_a_million_events_gives_the_same_table(tmp_path, capsys):
    book = kpikit.simulate.process(deals=430_000, seed=3)
    events = book.tables["stage_events"].lazy().select(pl.len()).collect().item()
    assert events >= 1_000_000
    expected = kpikit.engine.histogram(book, by=["team"])
    with spark_tables(tables(book), tmp_path) as relations:
        started = time.perf_counter()
        found = histogram_elsewhere(relations, as_of=as_of_us(book), by=["team"])
        seconds = time.perf_counter() - started
    assert_frame_equal(found, expected)
    with capsys.disabled():
        print(f"\nSpark, two cores: {events:,} events, {found.height:,} rows in {seconds:.0f} s")


def test_by_hand():
    # three enter Qualify on day 0 and leave on day 1.5, 3 and 5; the last was recorded at the age of 2 days
    rows = spell_rows([(0, 1.5, "advance"), (0, 3, "lost"), (0, 5, "lost")], recorded=[None, None, 2], as_of=6)
    book = as_book(rows)
    found = histogram_elsewhere(tables(book), as_of=round((DAY0.timestamp() + 6 * 86_400) * 1e6))
    assert found.rows() == [
        ("Discovery", 4, "open", 1, round(4.5 * DAY_US)),
        ("Qualify", 1, "advance", 1, round(1.5 * DAY_US)),
        ("Qualify", 2, "entered_late", 1, 2 * DAY_US),
        ("Qualify", 3, "lost", 1, 3 * DAY_US),
        ("Qualify", 5, "lost", 1, 5 * DAY_US),
    ]
    # on day 2 the second and third were still there, and the third had only just come into view
    early = histogram_elsewhere(tables(book), as_of=round((DAY0.timestamp() + 2 * 86_400) * 1e6))
    kept = early.filter(pl.col("stage") == "Qualify").select("bin", "kind", "n").rows()
    assert kept == [(1, "advance", 1), (2, "entered_late", 1), (2, "open", 2)]


def test_groups_are_those_that_a_book_may_have(demo):
    with pytest.raises(RankingRefused):
        histogram_elsewhere(tables(demo), as_of=0, by=["owner"])
    for name in ("deal_id", "nothing"):
        with pytest.raises(UsageError) as refused:
            histogram_elsewhere(tables(demo), as_of=0, by=[name])
        assert refused.value.code == "unknown_group"
