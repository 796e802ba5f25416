"""Names for all columns of a table: repeated ones told apart, two that ran into each other parted again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import pairwise

from kpikit.crms import common, crms
from kpikit.errors import Fault
from kpikit.schema import TABLES

#: A known name shorter than this stands at the edge of too many others to tell anything.
_TELLING = 4
#: How cells of a kind look; other kinds may look like anything.
_LOOKS = {
    "number": re.compile(r"^[-+(€$£ ]*\d[\d.,' ]*\s?(?:[%€$£kKmM]|mln|EUR|USD)?\)?$"),
    "instant": re.compile(r"\d.*[-/. ].*\d|^\d{5}(?:\.\d+)?$|^\d{10,13}$"),
}
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
_LOOKS |= {"integer": _LOOKS["number"], "day": _LOOKS["instant"]}


def column_names(
    cells: Sequence[str], below: Sequence[Sequence[str]], width: int, file: str, row: int
) -> tuple[list[str], list[Fault]]:
    """As many distinct names as there are columns; repeated names and a header of another width are said."""
    faults: list[Fault] = []
    names = [" ".join(_INVISIBLE.sub("", c).split()) for c in cells]
    values = {"cells": len(cells), "width": width}
    if len(names) > width:
        while len(names) > width and not names[-1]:
            names.pop()
        if len(names) > width and sum(map(bool, names)) == width:
            names = [n for n in names if n]
            faults.append(Fault("header_cells", file=file, row=row, values=values))
    if len(names) < width:
        names, found = _completed(names, below, width)
        faults += [Fault(rule, file=file, row=row, value=value, values=values) for rule, value in found]
    elif len(names) > width and below:
        names, rule, value = _narrowed(names, below, width)
        faults.append(Fault(rule, file=file, row=row, value=value, values=values | {"cells": len(names)}))
    return _distinct(names + [""] * (width - len(names)), faults, file, row)


def _distinct(names: list[str], faults: list[Fault], file: str, row: int) -> tuple[list[str], list[Fault]]:
    """A name of its own for each column."""
    seen: dict[str, int] = {}
    for i, given in enumerate(names):
        name = given or f"column_{i + 1}"
        seen[name] = seen.get(name, 0) + 1
        if seen[name] > 1:
            faults.append(Fault("repeated_column", file=file, row=row, column=name, values={"position": i + 1}))
        while seen[name] > 1 and f"{name} ({seen[name]})" in names:
            seen[name] += 1
        names[i] = name if seen[name] == 1 else f"{name} ({seen[name]})"
    return names, faults


def _completed(
    names: list[str], below: Sequence[Sequence[str]], width: int
) -> tuple[list[str], list[tuple[str, str | None]]]:
    """A header with too few names: two that ran into each other parted, if that can be in one way only.

    Rows may end with a delimiter more than their header. Where a name looks like two, or stands above cells of another
    kind than its own, the header is the one that lost a delimiter.
    """
    ways = {way for i, name in enumerate(names) for way in _parted(name, i)} if width - len(names) == 1 else set()
    if len(ways) == 1:
        i, left, right = ways.pop()
        return [*names[:i], left, right, *names[i + 1 :]], [("header_mended", names[i])]
    is_filled = any(any(c.strip() for c in r[len(names) : width]) for r in below)
    if is_filled or ways or any(map(_holds_a_name, names)) or not _match(names, below):
        return names, [("header_width", None)]
    return names, []


def _narrowed(names: list[str], below: Sequence[Sequence[str]], width: int) -> tuple[list[str], str, str | None]:
    """A header with too many names: one that a delimiter cut in two joined again, if that can be in one way only.

    Rows may leave out their last cells where these are empty, unless a name then stands above cells of another kind.
    """
    if len(names) - width == 1:
        ways = {i: _as_one(a, b) for i, (a, b) in enumerate(pairwise(names)) if _is_cut(a, b)}
        if len(ways) == 1:
            i, name = ways.popitem()
            return [*names[:i], name, *names[i + 2 :]], "header_joined", name
    return names, ("header_wider" if _match(names[:width], below) else "header_width"), None


def _is_cut(left: str, right: str) -> bool:
    """Are these two halves of a known name, of which one is no name by itself?"""
    known = _known()
    return _letters(left + right) in known and not (_letters(left) in known and _letters(right) in known)


def _as_one(left: str, right: str) -> str:
    """Two halves of a name, with the blank that stood between words."""
    return f"{left} {right}" if right[:1].isupper() else left + right


def _parted(name: str, i: int) -> Iterator[tuple[int, str, str]]:
    """The ways to read one name as two that are known, or that a lost delimiter left between quotes."""
    if '"' in name.strip('"'):
        left, _, right = name.strip('"').partition('"')
        yield i, left, right.lstrip('"')
    if _letters(name) in _known():
        return
    for at in range(2, len(name) - 1):
        left, right = name[:at].strip(), name[at:].strip()
        is_cut = name[at - 1].isalnum() and name[at].isalnum()
        if is_cut and _letters(left) in _known() and _letters(right) in _known():
            yield i, left, right


def _holds_a_name(name: str) -> bool:
    """Does an unknown name begin or end with a known one, without a blank or a mark between?"""
    if _letters(name) in _known():
        return False
    cuts = range(_TELLING, len(name) - 1)
    heads = any(name[at].isalnum() and name[at - 1].isalnum() and _letters(name[:at]) in _known() for at in cuts)
    cuts = range(2, len(name) - _TELLING + 1)
    return heads or any(
        name[at].isalnum() and name[at - 1].isalnum() and _letters(name[at:]) in _known() for at in cuts
    )


def _match(names: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Do the cells below each known name look like its kind?"""
    for i, name in enumerate(names):
        look = _LOOKS.get(_known().get(_letters(name), ""))
        cells = [r[i].strip() for r in below[:100] if i < len(r) and r[i].strip()]
        if look and cells and sum(bool(look.search(c)) for c in cells) < 0.5 * len(cells):
            return False
    return True


def _letters(name: str) -> str:
    return re.sub(r"[\W_]", "", name.casefold())


def is_known(name: str, table: str | None = None) -> bool:
    """Does a column of kpikit's, or of a CRM, bear this name – in a table, or in any?

    >>> is_known("Deal Stage"), is_known("deal_id", "deals"), is_known("xyz")
    (True, True, False)
    """
    return _letters(name) in (_known() if table is None else _names_in(table))


@cache
def _names_in(table: str) -> frozenset[str]:
    named = [part.get("columns", {}) for part in common().values() if isinstance(part, Mapping)]
    columns = [*named, *(crm.columns for crm in crms().values())]
    theirs = (name for one in columns for names in one.get(table, {}).values() for name in names)
    return frozenset(map(_letters, [*TABLES[table].names, *theirs]))


@cache
def _known() -> Mapping[str, str]:
    """Every name of a column that is known, in letters, with the kind of what it holds."""
    found = {_letters(c.name): c.kind for table in TABLES.values() for c in table.columns}
    named = [part.get("columns", {}) for part in common().values() if isinstance(part, Mapping)]
    for columns in [*named, *(crm.columns for crm in crms().values())]:
        for table, ours in columns.items():
            for column, theirs in ours.items():
                kind = TABLES[table][column].kind if column in TABLES[table].names else "text"
                found |= {_letters(name): kind for name in theirs if _letters(name) not in found}
    return found
