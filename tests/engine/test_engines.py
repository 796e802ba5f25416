"""The one definition of spells on other engines: DuckDB and Spark give the rows that polars gives."""

import os
import sys

import narwhals.stable.v2 as nw
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from kpikit.engine.spells import _integers, define, spells

KEYS = ["deal_id", "stage", "visit"]
COLUMNS = [*KEYS, "entered_at", "left_at", "entry_age", "kind", "skipped_to", "excluded", "team"]


def in_integers(frame: pl.DataFrame) -> pl.DataFrame:
    columns = [
        pl.col(name).dt.epoch("us") if dtype == pl.Datetime else pl.col(name) for name, dtype in frame.schema.items()
    ]
    numbers = ["visit", "entered_at", "left_at", "entry_age"]
    return frame.select(columns).select(COLUMNS).with_columns(pl.col(numbers).cast(pl.Int64)).sort(KEYS)


def tables(book) -> dict[str, pl.DataFrame]:
    return {name: frame.collect().to_native() for name, frame in _integers(book).items()}


def test_duckdb_gives_the_same_spells(demo):
    duckdb = pytest.importorskip("duckdb", reason="duckdb: not installed")
    connection = duckdb.connect()
    relations = {}
    for name, frame in tables(demo).items():
        connection.register(f"{name}_rows", frame.to_arrow())
        relations[name] = nw.from_native(connection.sql(f"select * from {name}_rows"))
    found = define(relations).collect("polars").to_native()
    assert_frame_equal(in_integers(found), in_integers(spells(demo)))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # pyspark says that it does not know pandas 3 yet
def test_spark_gives_the_same_spells(demo, tmp_path, monkeypatch):
    sql = pytest.importorskip("pyspark.sql", reason="spark: pyspark is not installed")
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    monkeypatch.setitem(os.environ, "SPARK_LOCAL_IP", "127.0.0.1")
    builder = sql.SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    for name, value in {"spark.sql.shuffle.partitions": "2", "spark.driver.host": "127.0.0.1"}.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    try:
        relations = {}
        for name, frame in tables(demo).items():
            frame.write_parquet(tmp_path / f"{name}.parquet")
            relations[name] = nw.from_native(session.read.parquet(str(tmp_path / f"{name}.parquet")))
        found = define(relations).collect("polars").to_native()
    finally:
        session.stop()
    assert_frame_equal(in_integers(found), in_integers(spells(demo)))
