"""The CRMs that kpikit knows, each as its own file says (``sources/<crm>.toml``): data that every room may read."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

FOLDER = Path(__file__).parent / "sources"
#: what no CRM owns: plain words by language, and the names of databases
COMMON = "common"
#: every CRM that has a file, by name
CRMS = tuple(sorted(path.stem for path in FOLDER.glob("*.toml") if path.stem != COMMON))
Columns = Mapping[str, Mapping[str, tuple[str, ...]]]


@dataclass(frozen=True)
class Crm:
    """One CRM.

    ``win_rate`` names what its own report counts (a key of :data:`kpikit.analysis.base.population.COUNTED`),
    ``leaves_out`` what that report leaves out and ours does not, ``history`` the shapes of its stage history (keys of
    :data:`kpikit.sources.guess.HISTORIES`). ``columns``: table → our column → its names for it, the best first.
    ``flags``: its yes-or-no columns for ``won, lost, closed``.
    """

    name: str
    label: str
    win_rate: str
    leaves_out: tuple[str, ...]
    history: tuple[str, ...]
    columns: Columns
    ends: Mapping[str, tuple[str, ...]]
    end_times: tuple[str, ...] = ()
    flags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    log: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@cache
def crms() -> Mapping[str, Crm]:
    """All CRMs by name.

    >>> crms()["hubspot"].win_rate
    'closed'
    """
    return MappingProxyType({name: _crm(name, read(name)) for name in CRMS})


def read(name: str) -> dict[str, Any]:
    """The file of a CRM, or of what no CRM owns, as it stands."""
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


@cache
def common() -> Mapping[str, Any]:
    """What no CRM owns: a part for databases and one for each language that exports are met in."""
    return read(COMMON)


@cache
def cell_words(key: str) -> tuple[str, ...]:
    """What cells hold in any language: ``yes``, ``no``, ``empty``, ``placeholders``, ``errors``, ``totals``.

    >>> "waar" in cell_words("yes")
    True
    """
    parts = (part.get("cells", {}) for part in common().values() if isinstance(part, Mapping))
    return tuple(dict.fromkeys(word for part in parts for word in part.get(key, ())))


@cache
def months() -> Mapping[str, str]:
    """Names of months in any language → their number."""
    parts = (part.get("cells", {}) for part in common().values() if isinstance(part, Mapping))
    lists = [part["months"] for part in parts if "months" in part]
    return {name: str(i) for one in lists for i, names in enumerate(one, start=1) for name in names.split()}


def _crm(name: str, given: Mapping[str, Any]) -> Crm:
    return Crm(
        name, given["label"], given["win_rate"], tuple(given["leaves_out"]), tuple(given["history"]),
        {table: _tuples(columns) for table, columns in given["columns"].items()},
        _tuples(given["ends"]), tuple(given.get("end_times", ())), _tuples(given.get("flags", {})),
        _tuples(given.get("log", {})),
    )  # fmt: skip


def _tuples(lists: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(values) for name, values in lists.items()}
