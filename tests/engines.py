"""The engines in which tables may live, for the tests of what runs there."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pytest


@contextmanager
def duckdb_tables(tables: dict[str, pl.DataFrame]) -> Iterator[dict]:
    """The tables as DuckDB relations."""
    duckdb = pytest.importorskip("duckdb", reason="duckdb: not installed")
    with duckdb.connect() as connection:
        for name, frame in tables.items():
            connection.register(f"{name}_rows", frame.to_arrow())
        yield {name: connection.sql(f"select * from {name}_rows") for name in tables}


@contextmanager
def spark_tables(tables: dict[str, pl.DataFrame], folder: Path) -> Iterator[dict]:
    """The tables as Spark frames, read from Parquet in the folder."""
    sql = pytest.importorskip("pyspark.sql", reason="spark: pyspark is not installed")
    before = dict(os.environ)
    os.environ |= {"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1", "TZ": "UTC"}
    builder = sql.SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    settings = {
        "spark.sql.shuffle.partitions": "2", "spark.driver.host": "127.0.0.1", "spark.driver.memory": "2g",
        "spark.sql.session.timeZone": "UTC",
    }  # fmt: skip
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    try:
        for name, frame in tables.items():
            frame.write_parquet(folder / f"{name}.parquet")
        yield {name: session.read.parquet(str(folder / f"{name}.parquet")) for name in tables}
    finally:
        session.stop()
        os.environ.clear()
        os.environ.update(before)
