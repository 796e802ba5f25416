"""Own fields of a book: columns of an export that kpikit has no name for, kept under the owner's own names.

Their names come from the owner or from a file. They are words for people, never orders: a name that kpikit uses itself
gives way, so that nothing of a book is ever overwritten by a column that somebody called alike.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from kpikit.book.taken_names import TAKEN
from kpikit.errors import UsageError
from kpikit.schema import TABLES

if TYPE_CHECKING:
    from kpikit.book.deal_book import DealBook

#: the tables that can have own fields
OWN_TABLES = ("deals", "accounts")
#: how the settings write the kinds that an own field can have, and what they are to kpikit
KINDS: Mapping[str, OwnKind] = {"text": "text", "number": "number", "day": "day", "yes/no": "bool"}
OwnKind = Literal["text", "number", "day", "bool"]
#: from when on a field is known, beside ``stage:NAME``; ``end`` where nobody said
KNOWN = ("created", "offer", "end")
_STAGE = "stage:"
_NAME = re.compile(r"[^\W\d_]\w{0,59}")
_DTYPES = {"text": pl.String(), "number": pl.Float64(), "day": pl.Date(), "bool": pl.Boolean()}


@dataclass(frozen=True, slots=True)
class OwnField:
    """One own field: its name, the column of the table that holds it, and the name that it has in the export.

    ``known``: from when on its value is known (``created``, ``stage:NAME``, ``offer``, ``end``). ``kind`` is None until
    its values were read. ``is_person``: it holds names of colleagues, so nothing is grouped by it.
    ``is_of_account``: a field of deals that stands in their accounts.
    """

    table: str
    name: str
    header: str
    known: str = "end"
    kind: OwnKind | None = None
    is_person: bool = False
    is_of_account: bool = False

    @property
    def column(self) -> str:
        """The column that holds it: its name, or ``own_<name>`` where kpikit uses that name itself."""
        taken = self.name in TAKEN or self.name in TABLES[self.table].names or self.name.startswith("own_")
        return f"own_{self.name}" if taken else self.name

    @property
    def dtype(self) -> pl.DataType:
        """The polars type of its column."""
        return _DTYPES[self.kind or "text"]


def own_name(header: str, taken: Sequence[str] = ()) -> str:
    """A name for the column under this heading: letters, digits and ``_``; a number behind it where it is taken.

    >>> own_name("Product line (2)"), own_name("=HYPERLINK(1)"), own_name("ARR €", ["arr"]), own_name("12")
    ('product_line_2', 'hyperlink_1', 'arr_2', 'field_12')
    """
    plain = unicodedata.normalize("NFKC", header).lower()
    words = "_".join(re.findall(r"[^\W_]+", plain))[:50].strip("_")
    name = words if _NAME.fullmatch(words) else f"field_{words}".rstrip("_")
    found, i = name, 2
    while found in taken:
        found, i = f"{name}_{i}", i + 1
    return found


def declared(table: str, given: Mapping[str, Any], where: str | None = None) -> dict[str, OwnField]:
    """The own fields that a ``[tables.deals.own]`` declares, by name.

    Args:
        table: "deals" or "accounts".
        given: name → ``{column, known, kind}``; ``column`` may be left out where it is the name itself.
        where: what the settings call it, for the refusals.

    Raises:
        UsageError: a table without own fields, a name that is none, or a word that is not known.
    """
    where = where or f"tables.{table}.own"
    if table not in OWN_TABLES:
        raise UsageError("own_table", setting=where, allowed=", ".join(OWN_TABLES))
    found = {}
    for name, said in given.items():
        at = f"{where}.{name}"
        if not _NAME.fullmatch(name):
            raise UsageError("own_name", setting=where, name=name, proposed=own_name(name))
        for key in said:
            if key not in ("column", "known", "kind"):
                raise UsageError("unknown_setting", setting=f"{at}.{key}", allowed="column, known, kind")
        known, kind = said.get("known", "end"), said.get("kind")
        if known not in KNOWN and not (known.startswith(_STAGE) and known.removeprefix(_STAGE).strip()):
            raise UsageError(
                "setting_value", setting=f"{at}.known", value=known, allowed=", ".join((*KNOWN, "stage:…"))
            )
        if kind is not None and kind not in KINDS:
            raise UsageError("setting_value", setting=f"{at}.kind", value=kind, allowed=", ".join(KINDS))
        found[name] = OwnField(table, name, said.get("column", name), known, None if kind is None else KINDS[kind])
    return found


def stage_known(known: str) -> str | None:
    """The stage from whose first entry on a field is known; None where it is no stage.

    >>> stage_known("stage:Proposal"), stage_known("end")
    ('Proposal', None)
    """
    return known.removeprefix(_STAGE).strip() if known.startswith(_STAGE) else None


def own_field(book: DealBook, name: str) -> OwnField | None:
    """The own field of deals that is called so: by its column, its name, or the name that its export has for it."""
    for called in ("column", "name", "header"):
        for field in book.own:
            if field.table == "deals" and getattr(field, called) == name:
                return field
    return None


def columns_of(book: DealBook, asked: Sequence[str]) -> tuple[str, ...]:
    """What somebody asked for by, as columns of deals: an own field by any of its names, all else as it is."""
    there = book.tables["deals"].lazy().collect_schema().names()
    fields = {name: own_field(book, name) for name in asked if name not in there}
    return tuple(name if (field := fields.get(name)) is None else field.column for name in asked)


def of_accounts(own: Sequence[OwnField], known: Sequence[str]) -> tuple[OwnField, ...]:
    """The own fields of accounts as deals have them: under their own name, or ``account_<name>`` where a deal has one.

    ``known``: the columns that deals have already.
    """
    fields = [replace(field, table="deals", is_of_account=True) for field in own if field.table == "accounts"]
    return tuple(replace(field, name=f"account_{field.name}") if field.column in known else field for field in fields)
