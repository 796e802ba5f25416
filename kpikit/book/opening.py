"""``open_book``: a folder of tables, a kpikit.toml, or a prepared book → a deal book."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from kpikit.book import preparing
from kpikit.book.deal_book import DealBook
from kpikit.book.door.building import build
from kpikit.book.door.grammar import config_kinds as kinds
from kpikit.book.door.grammar.mapping import amount_per, map_tables, own_of
from kpikit.book.door.own_columns import gathered
from kpikit.book.settings import Settings, as_instant
from kpikit.errors import DataError, Fault, UsageError, as_written
from kpikit.reading import Formats, RawTable, read_all
from kpikit.schema import TABLES
from kpikit.shipped import shipped

SUFFIXES = (".parquet", ".csv", ".tsv", ".txt", ".xlsx")
CONFIG = "kpikit.toml"


def open_book(path: str | Path, as_of: datetime | date | str | None = None) -> DealBook:
    """Open a deal book.

    Args:
        path: a folder with ``deals.csv`` (or .parquet, .xlsx) and whatever other tables there are, named as in
            :data:`kpikit.schema.TABLES`, with or without a ``kpikit.toml``; a ``kpikit.toml`` itself; a book written by
            :func:`kpikit.prepare`; or ``"demo"``, the book that comes with kpikit.
        as_of: the instant up to which the data speak, if it is neither ``as_of`` in their settings nor the last one
            recorded in them. A day is meant to its end, where the book's owner lives.

    Raises:
        UsageError: there is no such book, or its settings cannot be used.
        DataError: the data break their contract; all faults at once.

    Example:
        >>> import kpikit
        >>> book = kpikit.open_book("demo")
        >>> sorted(book.tables["deals"]["team"].unique())[:2]
        ['Liège', 'New Markets']
    """
    path = Path(path)
    if str(path) == "demo" and not _is_book(path):
        return _demo() if as_of is None else _read(shipped("demo"), as_of)
    return _read(path, as_of)


@cache
def _demo() -> DealBook:
    """The book that comes with kpikit: nobody changes it, so it is read once."""
    return _read(shipped("demo"))


def _read(path: Path, as_of: datetime | date | str | None = None) -> DealBook:
    if not path.exists():
        raise UsageError("no_such_book", path=str(path))
    if path.is_dir() and preparing.is_prepared(path):
        book = preparing.open_prepared(path)
        then = as_instant(as_of, book.settings.time_zone)
        return book if then is None else book.at(then)
    config = _config(path / CONFIG if path.is_dir() else path)
    return from_config(config, path if path.is_dir() else path.parent, as_of)


def _is_book(path: Path) -> bool:
    """Is there a book, and not only, say, a folder of reports?"""
    names = (CONFIG, *(f"deals{suffix}" for suffix in SUFFIXES))
    return preparing.is_prepared(path) or any((path / name).exists() for name in names)


def from_config(config: Mapping[str, Any], folder: Path, as_of: datetime | date | str | None = None) -> DealBook:
    """A book as a kpikit.toml describes it; paths in it are relative to ``folder``."""
    if config.get("undecided"):
        raise DataError([Fault("undecided", file=CONFIG, value=said) for said in config["undecided"].values()])
    formats = Formats.from_settings(config.get("formats", {}))
    said = {**_url_of(config), **config.get("settings", {})}
    settings = Settings.from_tables(said, config.get("privacy", {}), config.get("theme", {}), folder)
    settings = replace(settings, amount_per=amount_per(config) or settings.amount_per)
    mapped, own = map_tables(config, folder, formats), own_of(config)
    raws = mapped.raws
    if not raws:
        raws, own = gathered(_tables_in(folder, formats), {})
    then = as_instant(as_of, settings.time_zone) or settings.as_of
    return DealBook.admitted(build(raws, formats, settings, then, own=own, until=mapped.until), then)


def _url_of(config: Mapping[str, Any]) -> dict[str, Any]:
    """The address of a deal, where it stands with the deals instead of among the settings."""
    deals = config.get("tables", {}).get("deals", {})
    return {"url": deals["url"]} if "url" in deals else {}


def _config(path: Path) -> Mapping[str, Any]:
    """The kpikit.toml, or nothing where there is none."""
    if not path.exists():
        return {}
    if path.suffix != ".toml":
        raise UsageError("not_a_book", path=path.name)
    try:
        config = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError("toml", path=path.name, detail=as_written(error)) from None
    except ValueError:  # Python reads no number of more digits
        raise UsageError("toml_digits", path=path.name) from None
    except RecursionError:
        raise UsageError("toml_nested", path=path.name) from None
    kinds.CONFIG("", config)
    known = {"settings", "privacy", "theme", "formats", "event_log", "tables", "undecided"}
    for name in config:
        if name not in known:
            raise UsageError("unknown_setting", setting=name, allowed=", ".join(sorted(known)))
    return config


def _tables_in(folder: Path, formats: Formats) -> dict[str, RawTable]:
    """The tables of a folder by file name; Parquet wins over text."""
    found = {name: next((f for s in SUFFIXES if (f := folder / f"{name}{s}").exists()), None) for name in TABLES}
    if found["deals"] is None:
        raise DataError([Fault("no_deals", file=folder.name)])
    there = {name: file for name, file in found.items() if file is not None}
    raws = read_all(there.values(), formats)
    return {name: raws[file] for name, file in there.items()}
