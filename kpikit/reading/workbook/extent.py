"""How far the cells of a sheet reach: one cell far away makes a loaded sheet as large as all that lies between."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator

from kpikit.errors import DataError
from kpikit.reading.workbook.archive import Archive, refused, unpacked

#: what the libraries take for a cell, a blank one too, besides its text
CELL = 32
#: a workbook that unpacks to no more, with cells up to DZ9999 and so much text, is loaded without further ado
SMALL, _TEXT = 20 << 20, 256 << 20
#: a cell beyond column DZ or row 9999, written as spreadsheet programs write it
_NOT_NEAR = re.compile(rb'<c r="(?![A-D]?[A-Z][1-9]\d{0,3}")')
_FAR = re.compile(rb'<c r="([A-Z]{1,3})([1-9]\d{0,6})"[^<>]*(?<!/)>')
_BEYOND = re.compile(rb'<c r="(?:[A-D]?[A-Z]\d{7}|[E-Z][A-Z]\d+|[A-Z]{3}\d+)"[^<>]*(?<!/)>')
#: a cell or a row that is written otherwise, which the libraries read all the same
_OTHERWISE = re.compile(rb"<(?:c|row)(?! r=\")[\s/>]|<[^\s<>/?!]+:(?:c|row)[\s/>]")
_OWN_ENTITIES = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_OVERLAP = 256


def is_near(archive: Archive) -> bool:
    """Is this a small workbook that is written in the usual way, and takes little memory when it is loaded?

    Whatever is not known to be so is loaded apart.

    Raises:
        DataError: ``workbook_lies``, ``workbook_entities``, ``broken_workbook``.
    """
    if not archive.is_plain or archive.unpacked > SMALL:
        return False
    cells, longest, is_usual = 0, 0, True
    for part in archive.parts:
        content = b"".join(unpacked(archive, part))
        _check_entities(archive, part, content)
        if b"sheetData" in content:
            cells += content.count(b"<c ")
            is_usual &= not _OTHERWISE.search(content) and not _NOT_NEAR.search(content)
        elif b"<si" in content or b":si" in content:
            longest = max(longest, *map(len, content.split(b"</si>")))
            is_usual &= b"<!" not in content and content.count(b"<?") <= 1
    return is_usual and cells * longest <= _TEXT and _is_xlsx(archive)


def _is_xlsx(archive: Archive) -> bool:
    """Other kinds of workbooks have sheets that are written in another way."""
    names = {part.filename for part in archive.parts}
    return "xl/workbook.xml" in names and not any(name.endswith((".bin", "content.xml")) for name in names)


def check(archive: Archive, memory: int) -> None:
    """Refuse a workbook by what its parts hold: read through, a piece at a time, nothing loaded.

    Raises:
        DataError: ``workbook_far_cell``, ``workbook_lies``, ``workbook_entities``, ``broken_workbook``.
    """
    for part in archive.parts:
        last_row = last_column = 0
        farthest = ""
        is_first = True
        for piece in _overlapping(archive, part):
            if is_first:
                _check_entities(archive, part, piece)
            is_first = False
            for found in _BEYOND.finditer(piece):
                row, column, cell = _place(found[0])
                if row > last_row or column > last_column:
                    farthest = cell
                last_row, last_column = max(row, last_row), max(column, last_column)
            if last_row * last_column * CELL > memory:
                values = {"sheet": _sheet_name(archive, part), "cell": farthest}
                raise refused(archive.path, "workbook_far_cell", **values, n=last_row * last_column)


def _overlapping(archive: Archive, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """The pieces of a part, each with the end of the one before: a cell may stand across both."""
    before = b""
    for piece in unpacked(archive, part):
        yield before + piece
        before = piece[-_OVERLAP:]


def _check_entities(archive: Archive, part: zipfile.ZipInfo, content: bytes) -> None:
    """No spreadsheet program defines words of its own in XML; who does may let them grow without end."""
    head = content[:4096]
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") and _OWN_ENTITIES.search(head):
        raise refused(archive.path, "workbook_entities", part=part.filename)


def _place(tag: bytes) -> tuple[int, int, str]:
    """Row, column and name of a cell."""
    found = _FAR.match(tag)
    if found is None:  # numbers of more digits than a sheet has rows
        return 0, 0, ""
    letters = found[1].decode("ascii")
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - 64
    return int(found[2]), column, f"{letters}{int(found[2])}"


def _sheet_name(archive: Archive, part: zipfile.ZipInfo) -> str:
    """What the workbook calls the sheet of a part; the part's own name where that is not to be had."""
    by_name = {one.filename: one for one in archive.parts}
    try:
        book, links = (
            b"".join(unpacked(archive, by_name[name])).decode("utf-8", "replace")
            for name in ("xl/workbook.xml", "xl/_rels/workbook.xml.rels")
        )
    except (KeyError, DataError):
        return part.filename
    target = part.filename.removeprefix("xl/")
    for link in re.findall(r"<Relationship [^<>]*>", links):
        if target in link and (key := re.search(r'\bId="([^"]*)"', link)):
            sheet = re.search(rf'<sheet [^<>]*:id="{re.escape(key[1])}"[^<>]*>', book)
            named = sheet and re.search(r'\bname="([^"]*)"', sheet[0])
            if named:
                return named[1]
    return part.filename
