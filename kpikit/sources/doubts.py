"""What the files of an export leave open: a question, and the readings that it has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: where a value stands in a kpikit.toml: ("tables", "deals", "columns", "amount")
Place = tuple[str, ...]


@dataclass(frozen=True)
class Reading:
    """One way to read what is doubtful: the values that a kpikit.toml then has, and what would come of it.

    ``settles``: place → value (None: nothing stands there). ``values`` fill the sentence ``reading.<code>`` of the
    doubt; the lines to write are made from ``settles``.
    """

    settles: Mapping[Place, Any]
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Doubt:
    """A question that the files do not answer; no book opens before it is settled.

    ``code`` names the sentence ``doubt.<code>``, ``values`` fill it, ``readings`` are its answers, the likeliest first.
    """

    code: str
    values: Mapping[str, Any]
    readings: tuple[Reading, ...]


@dataclass(frozen=True)
class Told:
    """What was decided and deserves to be seen, or what two columns say differently: ``told.<code>`` with values."""

    code: str
    values: Mapping[str, Any]
