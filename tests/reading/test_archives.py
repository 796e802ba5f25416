"""Tables in a zip archive, read through it."""

import zipfile
from pathlib import Path

import pytest

from kpikit import DataError, open_book
from kpikit.errors import UsageError
from kpikit.reading import read
from kpikit.reading.archives import inside, tables
from kpikit.reading.typed.formats import Formats
from kpikit.start.starting import start
from kpikit.words import Words
from tests.start import exports


def packed(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / "export.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return folder / "export.zip"


def test_the_tables_of_an_archive_and_nothing_else(tmp_path):
    names = ["a/deals.csv", "readme.md", "__MACOSX/deals.csv", ".hidden.csv", "../up.csv", "/abs.csv", "log.TSV"]
    archive = packed(tmp_path, dict.fromkeys(names, b"a,b\n1,2\n"))
    assert tables(archive) == [archive / "a/deals.csv", archive / "log.TSV"]
    assert inside(archive / "a/deals.csv") == (archive, "a/deals.csv")
    assert inside(tmp_path / "none.csv") is None
    assert inside(archive) is None


def test_a_workbook_is_no_archive_of_tables(tmp_path):
    assert tables(packed(tmp_path, {"[Content_Types].xml": b"", "xl/a.csv": b"a\n1\n"})) == []


def test_an_export_in_an_archive_becomes_a_book(tmp_path):
    (file,) = exports.hubspot_en(tmp_path / "plain")
    archive = packed(tmp_path / "zipped", {"hubspot/all deals.csv": file.read_bytes()})
    made = start([archive], tmp_path / "mine", None, Words("en"))
    assert made.is_clear
    book = open_book(made.path)
    assert dict(book.tables["deals"]["outcome"].value_counts().iter_rows()) == exports.COUNTS
    assert 'file = "../zipped/export.zip/hubspot/all deals.csv"' in made.path.read_text(encoding="utf-8")


def test_a_fault_names_the_way_through_the_archive(tmp_path):
    archive = packed(tmp_path, {"deals.csv": b"a,b\n1,2\n3\n4,5\n6,7\n"})
    assert {fault.file for fault in read(archive / "deals.csv").faults} == {"export.zip/deals.csv"}
    with pytest.raises(DataError) as refused:
        read(packed(tmp_path / "x", {"deals.csv": b"%PDF-1.7"}) / "deals.csv")
    assert [(f.rule, f.file) for f in refused.value.faults] == [("not_a_table", "export.zip/deals.csv")]


def test_what_would_take_too_much_is_not_unpacked(tmp_path):
    archive = packed(tmp_path, {"deals.csv": b"a,b\n" + b"1,2\n" * 30_000_000})
    with pytest.raises(DataError) as refused:
        read(archive / "deals.csv", Formats(memory_mb=64))
    assert [f.rule for f in refused.value.faults] == ["file_too_large"]


def test_a_part_that_is_not_there_or_is_damaged(tmp_path):
    archive = packed(tmp_path, {"deals.csv": b"a,b\n" + bytes(range(10, 250)) * 40})
    with pytest.raises(DataError) as refused:
        read(archive / "other.csv")
    assert [f.rule for f in refused.value.faults] == ["broken_archive"]
    content = bytearray(archive.read_bytes())
    content[60:80] = b"\0" * 20
    archive.write_bytes(content)
    with pytest.raises((DataError, UsageError)):
        read(archive / "deals.csv")
