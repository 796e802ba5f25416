"""The parts of a workbook's own package: its sheets, how it counts days, whether its formulas were ever calculated."""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import parse

#: What a package that cannot be read may raise: it is then taken for a workbook that says nothing of itself.
UNREADABLE = (zipfile.BadZipFile, KeyError, ParseError, DefusedXmlException, ValueError, OSError, EOFError)
_TRUE = ("1", "true", "on")


@dataclass(frozen=True, slots=True)
class Part:
    """One sheet: its name, the part of the package where it stands, and whether it is hidden."""

    name: str
    path: str
    is_hidden: bool


@dataclass(frozen=True, slots=True)
class Parts:
    """What a package says of itself; ``counts_from_1904`` its days, ``is_to_calculate``: its formulas wait for it."""

    file: Path
    sheets: tuple[Part, ...] = ()
    counts_from_1904: bool = False
    is_to_calculate: bool = False

    def sheet(self, name: str) -> Part | None:
        """The sheet of this name, where the package says so."""
        return next((part for part in self.sheets if part.name == name), None)

    @contextmanager
    def stream(self, part: Part) -> Iterator[IO[bytes]]:
        """The bytes of a sheet, as they come."""
        with zipfile.ZipFile(self.file) as package, package.open(part.path) as stream:
            yield stream


def local(tag: str) -> str:
    """The name of an element without its namespace."""
    return tag.rpartition("}")[2]


def workbook_parts(path: Path) -> Parts:
    """What the package says of itself; nothing where it is of another kind (xls, ods, xlsb) or cannot be read."""
    try:
        with zipfile.ZipFile(path) as package:
            where = _target(package, "_rels/.rels", "", "officeDocument")
            book = _tree(package, where)
            folder, name = posixpath.split(where)
            targets = _targets(package, f"{folder}/_rels/{name}.rels", folder)
            was_calculated = _was_calculated(package, folder)
    except UNREADABLE:
        return Parts(path)
    sheets, settings = [], dict[str, Any]()
    for element in book.iter():
        match local(element.tag):
            case "sheet":
                link = next((v for k, v in element.attrib.items() if local(k) == "id"), "")
                if link in targets:
                    state = element.get("state", "visible")
                    sheets.append(Part(element.get("name", ""), targets[link], state != "visible"))
            case "workbookPr" | "calcPr":
                settings |= element.attrib
    is_to_calculate = settings.get("fullCalcOnLoad", "0") in _TRUE or not was_calculated
    return Parts(path, tuple(sheets), settings.get("date1904", "0") in _TRUE, is_to_calculate)


def _was_calculated(package: zipfile.ZipFile, folder: str) -> bool:
    """Was it saved by a program that calculates: one that left the order in which it did, or LibreOffice?"""
    if f"{folder}/calcChain.xml" in package.namelist():
        return True
    try:
        return b"LibreOffice" in package.read("docProps/app.xml")[:10_000]
    except KeyError:
        return False


def _tree(package: zipfile.ZipFile, name: str) -> Any:
    with package.open(name) as stream:
        return parse(stream, forbid_dtd=True).getroot()


def _targets(package: zipfile.ZipFile, name: str, folder: str) -> dict[str, str]:
    """What each link of a part leads to."""
    links = [e for e in _tree(package, name) if local(e.tag) == "Relationship"]
    return {e.get("Id", ""): _path(e.get("Target", ""), folder) for e in links}


def _target(package: zipfile.ZipFile, name: str, folder: str, kind: str) -> str:
    """Where the one link of a kind leads to."""
    links = [e for e in _tree(package, name) if e.get("Type", "").endswith(f"/{kind}")]
    return _path(links[0].get("Target", ""), folder) if links else ""


def _path(target: str, folder: str) -> str:
    return target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
