"""Writes a simulated book as a folder that opens: one file per table, ``kpikit.toml``, ``truth.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import polars as pl

from kpikit.files import write_whole
from kpikit.lock import locked
from kpikit.simulate.frames import SETTINGS

FileFormat = Literal["csv", "parquet"]


def write(
    frames: Mapping[str, pl.DataFrame],
    truth: Mapping[str, Any],
    out: Path,
    file_format: FileFormat = "csv",
    *,
    settings: Mapping[str, Any] = SETTINGS,
    privacy: Mapping[str, Any] | None = None,
) -> list[Path]:
    """Leave a folder with the tables (CSV: UTF-8, commas, instants as ``2026-07-03T09:14:05Z``), and say which files.

    ``frames`` by table name, ``truth`` as plain values, ``out`` the folder (made if absent). ``settings`` and
    ``privacy`` become the tables of those names in ``kpikit.toml``. The same input gives the same bytes.

    Raises:
        UsageError: another process is writing into the folder.
    """
    out = Path(out)
    texts = {
        "kpikit.toml": _toml({"settings": settings, "privacy": privacy or {}}),
        "truth.json": json.dumps(truth, indent=1, ensure_ascii=False) + "\n",
    }
    with locked(out):
        written = [_table(frame, out / f"{name}.{file_format}") for name, frame in frames.items()]
        for name, text in texts.items():
            write_whole(out / name, text)
            written.append(out / name)
    return written


def _table(frame: pl.DataFrame, path: Path) -> Path:
    if path.suffix == ".parquet":
        frame.write_parquet(path, compression="zstd", statistics=False)
    else:
        _as_text(frame).write_csv(path, line_terminator="\n")
    return path


def _as_text(frame: pl.DataFrame) -> pl.DataFrame:
    """Instants as ISO text to the second; whole numbers without a decimal point stay numbers."""
    instants = [name for name, kind in frame.schema.items() if isinstance(kind, pl.Datetime)]
    return frame.with_columns(pl.col(instants).dt.strftime("%Y-%m-%dT%H:%M:%SZ"))


def _toml(tables: Mapping[str, Mapping[str, Any]]) -> str:
    """A small TOML file: tables of numbers and plain texts."""
    parts = []
    for name, values in tables.items():
        if values:
            lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()]
            parts.append("\n".join([f"[{name}]", *lines]) + "\n")
    return "\n".join(parts)
