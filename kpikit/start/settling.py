"""Lines of a kpikit.toml that are given on the command line: ``tables.deals.columns.amount="ARR"``."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kpikit.errors import UsageError, as_written
from kpikit.sources.doubts import Place

_ZONE: Place = ("settings", "time_zone")


def settled(lines: Sequence[str], time_zone: str | None = None) -> dict[Place, Any]:
    """The values by their place.

    Raises:
        UsageError: ``not_a_line`` where one is no line of TOML.

    >>> settled(['tables.deals.columns.amount="ARR"'])
    {('tables', 'deals', 'columns', 'amount'): 'ARR'}
    """
    found: dict[Place, Any] = {} if time_zone is None else {_ZONE: time_zone}
    for line in lines:
        try:
            found |= dict(_leaves(tomllib.loads(line), ()))
        except (tomllib.TOMLDecodeError, ValueError, RecursionError):
            raise UsageError("not_a_line", line=as_written(line)) from None
    return found


def _leaves(part: Mapping[str, Any], way: Place) -> Iterator[tuple[Place, Any]]:
    """The values of nested tables by their place; what a column means stays one value."""
    for name, value in part.items():
        is_table = isinstance(value, Mapping) and "column" not in value
        if is_table:
            yield from _leaves(value, (*way, name))
        else:
            yield (*way, name), value
