"""Files of every shape as a raw table: what a spreadsheet user would see, with the row numbers she sees."""

import csv
import io
import json
import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kpikit.book.door.validation import DROPPED, left_out
from kpikit.errors import DataError, UsageError
from kpikit.reading import structure, texts
from kpikit.reading.files import RawTable, from_frame, read, read_all
from kpikit.reading.typed.formats import Formats
from tests.counted import calls


def table(tmp_path: Path, content: str | bytes, name: str = "deals.csv", **formats: object) -> RawTable:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read(path, Formats(**formats))


def cells(raw: RawTable) -> list[tuple]:
    return raw.frame.rows()


def rules(raw: RawTable) -> list[tuple[str, int | None]]:
    return [(fault.rule, fault.row) for fault in raw.faults]


def test_clean_csv_keeps_text_and_counts_rows_like_a_spreadsheet(tmp_path):
    raw = table(tmp_path, "deal_id,amount\n007,1.50\nNA,None\n")
    assert raw.file == "deals.csv"
    assert raw.frame.schema == {"_row": pl.UInt32, "deal_id": pl.String, "amount": pl.String}
    assert cells(raw) == [(2, "007", "1.50"), (3, "NA", "None")]
    assert raw.faults == ()


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "^", "\t\t", "||", ", ", "; "])
def test_delimiters_are_found(tmp_path, delimiter):
    rows = [["id", "name", "note"], ["1", "Acme", '"a; b, c"'], ["2", "Zoë & Co", ""]]
    raw = table(tmp_path, "\r\n".join(delimiter.join(r) for r in rows) + "\r\n")
    assert raw.frame.columns == ["_row", "id", "name", "note"]
    assert cells(raw)[0] == (2, "1", "Acme", "a; b, c")
    assert cells(raw)[1][:3] == (3, "2", "Zoë & Co")


def test_decimal_commas_do_not_make_a_comma_the_delimiter(tmp_path):
    raw = table(tmp_path, "id;bedrag;kans\n1;1.234,50;0,5\n2;17,00;0,25\n3;3,10;0,75\n")
    assert cells(raw) == [(2, "1", "1.234,50", "0,5"), (3, "2", "17,00", "0,25"), (4, "3", "3,10", "0,75")]


def test_the_settings_have_the_last_word_on_the_delimiter(tmp_path):
    raw = table(tmp_path, "a;b,c\n1;2,3\n", delimiter=";")
    assert raw.frame.columns == ["_row", "a", "b,c"]


def test_columns_of_fixed_width(tmp_path):
    raw = table(tmp_path, " id    date      amount\n 0001  19970101   11.77\n 0002  19970112  112.00\n")
    assert cells(raw) == [(2, "0001", "19970101", "11.77"), (3, "0002", "19970112", "112.00")]


def test_excel_writes_the_delimiter_in_the_first_line(tmp_path):
    assert cells(table(tmp_path, "sep=;\nid;name\n1;a, b\n")) == [(3, "1", "a, b")]


@pytest.mark.parametrize(
    ("encoding", "mark", "said"),
    [
        ("utf-8", b"", []),
        ("utf-8", b"\xef\xbb\xbf", []),
        ("utf-16-le", b"\xff\xfe", []),
        ("utf-16-be", b"\xfe\xff", []),
        ("utf-16-le", b"", []),
        ("cp1252", b"", ["encoding_guessed"]),
        ("cp850", b"", ["encoding_guessed"]),
        ("mac_roman", b"", ["encoding_guessed"]),
    ],
)
def test_encodings(tmp_path, encoding, mark, said):
    text = (
        "id;naam\n1;Zoë Café\n2;René Müller\n3;Gümüş\n" if encoding.startswith("utf") else "id;naam\n1;Zoë Café\n2;é\n"
    )
    raw = table(tmp_path, mark + text.encode(encoding))
    assert cells(raw)[0] == (2, "1", "Zoë Café")
    assert raw.frame.columns == ["_row", "id", "naam"]
    assert [f.rule for f in raw.faults] == said


def test_polish_and_russian_code_pages(tmp_path):
    assert cells(table(tmp_path, "id;n\n1;Łódź żółć\n2;Gdańsk\n".encode("cp1250")))[0] == (2, "1", "Łódź żółć")
    assert cells(table(tmp_path, "id;n\n1;Škoda Plzeň\n2;Třinec\n".encode("cp1250")))[0] == (2, "1", "Škoda Plzeň")
    assert cells(table(tmp_path, "id;n\n1;Привет мир\n".encode("cp1251")))[0] == (2, "1", "Привет мир")


def test_utf8_with_some_windows_letters_among_it(tmp_path):
    raw = table(tmp_path, "id;naam\n1;Zoë\n2;Müller\n3;Hélène\n4;Ångström\n".encode() + b"5;Caf\xe9\n")
    assert cells(raw)[-1] == (6, "5", "Café")
    assert cells(raw)[0] == (2, "1", "Zoë")
    assert [f.rule for f in raw.faults] == ["mixed_encoding"]


def test_a_wrong_encoding_in_the_settings_is_said(tmp_path):
    raw = table(tmp_path, "id;naam\n1;Café\n".encode("cp1252"), encoding="utf-8")
    assert cells(raw) == [(2, "1", "Caf\ufffd")]
    assert [(f.rule, f.n) for f in raw.faults] == [("unreadable_bytes", 1)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", [True, False])
def test_line_ends(tmp_path, end, last):
    text = end.join(["a,b", "1,2", "3,4"]) + (end if last else "")
    raw = table(tmp_path, text)
    assert cells(raw) == [(2, "1", "2"), (3, "3", "4")]
    assert raw.faults == ()


def test_a_stray_return_in_the_header(tmp_path):
    raw = table(tmp_path, b"id,amount\r\r\n1,2\r\n3,4\r\n")
    assert raw.frame.columns == ["_row", "id", "amount"]
    assert cells(raw) == [(2, "1", "2"), (3, "3", "4")]


def test_quotes_and_line_ends_inside_cells_are_one_row(tmp_path):
    raw = table(tmp_path, 'id,note\n1,"first\nsecond, ""third"""\n2,plain\n')
    assert cells(raw) == [(2, "1", 'first\nsecond, "third"'), (3, "2", "plain")]
    assert raw.faults == ()


def test_line_ends_inside_cells_beside_an_irregular_row(tmp_path):
    text = 'id,note,n\n1,"first\nsecond",5\n2,"unclosed,6\n3,c,7\n4,"x\n\ny",8\n5,e,9\n'
    raw = table(tmp_path, text)
    assert cells(raw) == [
        (2, "1", "first\nsecond", "5"),
        (3, "2", '"unclosed', "6"),
        (4, "3", "c", "7"),
        (5, "4", "x\n\ny", "8"),
        (6, "5", "e", "9"),
    ]
    assert rules(raw) == [("stray_quote", 3)]


def test_single_quotes_and_backslashes(tmp_path):
    assert cells(table(tmp_path, "'id','name'\n'1','Smit, J'\n'2','O''Brien'\n'3','x'\n"))[:2] == [
        (2, "1", "Smit, J"),
        (3, "2", "O'Brien"),
    ]
    assert cells(table(tmp_path, 'id,name\n1,"say \\"hi\\", he said"\n2,"b"\n'))[0] == (2, "1", 'say "hi", he said')


def test_unescaped_quotes_are_kept_as_text_and_said(tmp_path):
    raw = table(tmp_path, 'id,size,note\n1,"12" pipe","a, b"\n2,"3","c"\n3,4 "x" 5,d\n')
    assert cells(raw) == [(2, "1", '12" pipe', "a, b"), (3, "2", "3", "c"), (4, "3", '4 "x" 5', "d")]
    assert rules(raw) == [("stray_quote", 2), ("stray_quote", 4)]


def test_blank_lines_count_as_rows_but_are_none(tmp_path):
    raw = table(tmp_path, "a,b\n\n1,2\n,\n\r\n3,4\n\n\n")
    assert cells(raw) == [(3, "1", "2"), (6, "3", "4")]
    assert raw.faults == ()


def test_lines_above_the_header_and_below_the_table(tmp_path):
    text = "Opportunity report\nfrom 1 Jan\n\nid,name,amount\n1,a,10\n2,b,20\n3,c,30\n\nTotal,,60\n"
    raw = table(tmp_path, text)
    assert cells(raw) == [(5, "1", "a", "10"), (6, "2", "b", "20"), (7, "3", "c", "30")]
    assert rules(raw) == [("preamble", 1), ("total_row", 9)]
    raw = table(tmp_path, "id,name,amount\n1,a,10\n2,b,20\n3,c,30\nConfidential\nCopyright (c) 2026\n")
    assert [r[0] for r in cells(raw)] == [2, 3, 4]
    assert rules(raw) == [("footer", 5)]
    raw = table(tmp_path, "id,name,amount\n1,a,10\n2,b,20\n3,c,30\n4,,\n")
    assert cells(raw)[-1] == (5, "4", None, None)  # a deal of which only the id is known is no footnote
    assert raw.faults == ()
    raw = table(tmp_path, "name,team,amount\nAcme,n,10\nBolt,n,20\nTotal Energies,,30\n")
    assert cells(raw)[-1][1] == "Total Energies"
    raw = table(tmp_path, "PREAMBLE,,\n,,\nid,name,amount\n1,a,10\n2,b,20\n")
    assert cells(raw) == [(4, "1", "a", "10"), (5, "2", "b", "20")]


def test_two_header_lines_and_a_header_among_the_rows(tmp_path):
    raw = table(tmp_path, "Deal ID,Amount,Created\ndeal_id,amt,created\n1,10,2026-01-01\n2,20,2026-01-02\n")
    assert cells(raw) == [(3, "1", "10", "2026-01-01"), (4, "2", "20", "2026-01-02")]
    assert rules(raw) == [("two_headers", 2)]
    raw = table(tmp_path, "Deal,,Dates\nid,amount,created\n1,10,2026-01-01\n2,20,2026-01-02\n")
    assert raw.frame.columns == ["_row", "id", "amount", "created"]
    raw = table(tmp_path, "id,amount\n1,10\nid,amount\n2,20\n")
    assert cells(raw) == [(2, "1", "10"), (4, "2", "20")]
    assert rules(raw) == [("repeated_header", 3)]


def test_no_header(tmp_path):
    raw = table(tmp_path, "1,Acme,2026-01-01,10\n2,Bolt,2026-01-02,20\n3,Cyan,2026-01-03,5\n")
    assert raw.frame.columns == ["_row", "column_1", "column_2", "column_3", "column_4"]
    assert cells(raw)[0][:3] == (1, "1", "Acme")
    assert rules(raw) == [("no_header", 1)]
    raw = table(tmp_path, "a,b\nc,d\n", header_row=0)
    assert cells(raw) == [(1, "a", "b"), (2, "c", "d")]
    assert raw.faults == ()


def test_header_row_in_the_settings(tmp_path):
    raw = table(tmp_path, "x,y\nid,name\n1,a\n", header_row=2)
    assert raw.frame.columns == ["_row", "id", "name"]
    assert cells(raw) == [(3, "1", "a")]


def test_a_header_of_several_rows_is_joined_on_request(tmp_path):
    text = "Deal,,Dates,\nid,amount,created,closed\n1,10,2026-01-01,2026-02-01\n"
    raw = table(tmp_path, text, header_row=(1, 2))
    assert raw.frame.columns == ["_row", "Deal id", "Deal amount", "Dates created", "Dates closed"]
    assert cells(raw) == [(3, "1", "10", "2026-01-01", "2026-02-01")]
    raw = table(tmp_path, "id,a\nid,b\n1,x\n", header_row=(1, 2))
    assert raw.frame.columns == ["_row", "id id", "a b"]
    assert Formats.from_settings({"header_row": [1, 2]}).header_row == (1, 2)


def test_years_as_column_names_are_a_header(tmp_path):
    assert table(tmp_path, "team,2024,2025\nnorth,10,20\nsouth,30,40\n").frame.columns == [
        "_row",
        "team",
        "2024",
        "2025",
    ]


def test_repeated_and_missing_column_names(tmp_path):
    raw = table(tmp_path, "id,amount,amount,\n1,10,20,x\n2,30,40,y\n")
    assert raw.frame.columns == ["_row", "id", "amount", "amount (2)", "column_4"]
    assert [(f.rule, f.column) for f in raw.faults] == [("repeated_column", "amount"), ("unnamed_column", "column_4")]


def test_a_nameless_column_with_some_blank_cells_is_kept(tmp_path):
    raw = table(tmp_path, "id,amount,\n1,10,x\n2,30, \n3,30,\n")
    assert raw.frame.columns == ["_row", "id", "amount", "column_3"]
    assert raw.frame["column_3"][0] == "x"
    assert [(f.rule, f.column) for f in raw.faults] == [("unnamed_column", "column_3")]


def test_trailing_delimiters_make_no_column(tmp_path):
    for text in ("a,b,\n1,2,\n3,4,\n", "a,b\n1,2,\n3,4,\n"):
        raw = table(tmp_path, text)
        assert raw.frame.columns == ["_row", "a", "b"]
        assert raw.faults == ()


def test_a_header_that_is_narrower_than_the_rows_is_an_error(tmp_path):
    raw = table(tmp_path, "id,amount\n1,x,10\n2,y,20\n")
    assert [f.rule for f in raw.faults][:1] == ["header_width"]


ROWS = "".join(f"{i},{'abc'[i % 3]} b.v.,{i * 10}.50,2026-01-{i + 1:02}\n" for i in range(1, 20))


def test_ragged_rows_that_can_be_read_in_one_way_are_kept_and_said(tmp_path):
    odd = "21,Smit, Jan,70.50,2026-02-01\n22,,c b.v.,80.50,2026-02-02\n23,c b.v.,90.50\n24,d b.v.,5.50,2026-02-04,,\n"
    raw = table(tmp_path, "id,name,amount,created\n" + ROWS + odd)
    assert cells(raw)[-4:] == [
        (21, "21", "Smit, Jan", "70.50", "2026-02-01"),
        (22, "22", "c b.v.", "80.50", "2026-02-02"),
        (23, "23", "c b.v.", "90.50", None),
        (24, "24", "d b.v.", "5.50", "2026-02-04"),
    ]
    assert rules(raw) == [("long_row", 21), ("long_row", 22), ("short_row", 23), ("trailing_delimiter", 24)]


def test_ragged_rows_that_are_unclear_are_left_out_and_said(tmp_path):
    odd = "21,70.50,70.50,80.50,2026-02-01\nc b.v.,c b.v.\n22,d b.v.,1.50,2026-02-02\n"
    raw = table(tmp_path, "id,name,amount,created\n" + ROWS + odd)
    assert [r[0] for r in cells(raw)][-2:] == [20, 23]
    assert rules(raw) == [("long_row_dropped", 21), ("short_row_dropped", 22)]
    assert raw.faults[0].value == "21, 70.50, 70.50, 80.50, 2026-02-01"
    dropped = left_out("deals", raw)
    assert dropped.schema == DROPPED
    assert dropped.select("table", "file", "_row", "rule").rows() == [
        ("deals", "deals.csv", 21, "long_row_dropped"),
        ("deals", "deals.csv", 22, "short_row_dropped"),
    ]
    assert json.loads(dropped["row"][1]) == ["c b.v.", "c b.v."]


def test_a_row_that_fits_in_two_ways_is_left_out(tmp_path):
    rows = "".join(f"{i},{i}.50,{i + 3}.50,word\n" for i in range(1, 12))
    raw = table(tmp_path, "id,x,y,z\n" + rows + "21,5.50,word\n")
    assert raw.frame.height == 11
    assert rules(raw) == [("short_row_dropped", 13)]


def test_two_stray_quotes_that_swallow_rows_are_not_silent(tmp_path):
    raw = table(tmp_path, 'id,a,n\n0,w,4\n1,"x,5\n2,b,6\n3,y",7\n4,c,8\n5,d,9\n')
    assert cells(raw)[1:5] == [(3, "1", "x", "5"), (4, "2", "b", "6"), (5, "3", "y", "7"), (6, "4", "c", "8")]
    assert [(f.rule, f.row, f.values["lines"]) for f in raw.faults] == [("fused_rows", 3, 3)]
    raw = table(tmp_path, 'id,a,n\n0,w,4\n1,"first\nsecond, with a comma\nthird",5\n2,c,8\n')
    assert raw.faults == ()


def test_two_cells_that_ran_into_each_other(tmp_path):
    raw = table(tmp_path, "id,name,amount,created\n" + ROWS + "21,d b.v.,70.502026-02-01\n")
    assert cells(raw)[-1] == (21, "21", "d b.v.", "70.50", "2026-02-01")
    assert rules(raw) == [("missing_delimiter", 21)]


def test_a_row_with_another_delimiter(tmp_path):
    raw = table(tmp_path, "id,name,amount\n1,a,10\n2;b;20\n3,c,30\n")
    assert cells(raw) == [(2, "1", "a", "10"), (3, "2", "b", "20"), (4, "3", "c", "30")]
    assert rules(raw) == [("other_delimiter", 3)]


def test_a_second_table_is_said_and_not_swallowed(tmp_path):
    first = "id,name,amount,created\n" + ROWS
    raw = table(tmp_path, first + "\nowner,team,from,until,share\nJ,n,2026-01-01,,1\nK,s,2026-01-01,,1\n")
    assert raw.frame.height == 19
    assert [(f.rule, f.row, f.n) for f in raw.faults] == [("second_table", 22, 3)]
    raw = table(tmp_path, first + "\nowner,team\nJan,north\n")
    assert raw.frame.height == 19
    assert {f.rule for f in raw.faults} == {"short_row_dropped"}


def test_nul_bytes_are_taken_out_and_said(tmp_path):
    raw = table(tmp_path, b"id,name\n1,a\x00b\n")
    assert cells(raw) == [(2, "1", "ab")]
    assert [f.rule for f in raw.faults] == ["nul_bytes"]


@pytest.mark.parametrize(
    ("content", "name", "rule"),
    [
        (b"PAR1\x15\x04", "deals.parquet", "broken_parquet"),
        (b"id,name\n", "deals.parquet", "broken_parquet"),
        (b"PK\x03\x04rubbish", "deals.csv", "broken_workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "deals.xls", "broken_workbook"),
        (b"<!DOCTYPE html><html><body>Log in</body></html>", "deals.csv", "not_a_table"),
        (b'{"deals": []}', "deals.csv", "not_a_table"),
        (b"\x1f\x8b\x08\x00", "deals.csv", "not_a_table"),
        (b"%PDF-1.7", "deals.csv", "not_a_table"),
    ],
)
def test_files_that_hold_no_table(tmp_path, content, name, rule):
    with pytest.raises(DataError) as caught:
        table(tmp_path, content, name)
    assert [f.rule for f in caught.value.faults] == [rule]
    assert caught.value.faults[0].file == name


@pytest.mark.parametrize("content", [b"", b"\r\n \n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_an_empty_table_to_the_reader_and_a_fault_to_a_book(tmp_path, content):
    raw = table(tmp_path, content)
    assert (raw.frame.columns, raw.frame.height, [f.rule for f in raw.faults]) == (["_row"], 0, ["empty_file"])
    with pytest.raises(DataError) as caught:
        read_all([tmp_path / "deals.csv"])
    assert [(f.rule, f.file) for f in caught.value.faults] == [("empty_file", "deals.csv")]


def test_a_file_that_is_not_there(tmp_path):
    for path, code in ((tmp_path / "none.csv", "file_not_found"), (tmp_path, "file_not_readable")):
        with pytest.raises(UsageError) as caught:
            read(path)
        assert caught.value.code == code
        assert str(tmp_path) not in str(caught.value).removesuffix(".").removesuffix(tmp_path.name)


def test_header_only(tmp_path):
    raw = table(tmp_path, "deal_id,amount\n")
    assert raw.frame.columns == ["_row", "deal_id", "amount"]
    assert raw.frame.is_empty()


@pytest.mark.parametrize("start", [b"deal_id,amount\n", b"\xef\xbb\xbfdeal_id,amount\n"])
def test_a_line_that_is_too_long_is_refused_before_anything_is_converted_or_parsed(tmp_path, monkeypatch, start):
    path = tmp_path / "long.csv"
    with path.open("wb") as file:
        file.write(start)
        for _ in range((texts.LONGEST_LINE >> 20) + 1):
            file.write(b"x" * (1 << 20))

    def work(*_, **__):
        raise AssertionError("work was done on a file that is refused")

    monkeypatch.setattr(texts, "_converted", work)
    for name in ("read_csv", "scan_csv", "read_csv_batched"):
        monkeypatch.setattr(pl, name, work, raising=False)
    with pytest.raises(DataError) as caught:
        read(path)
    assert [f.rule for f in caught.value.faults] == ["line_too_long"]


def test_parquet_keeps_its_types_and_a_cut_one_is_said(tmp_path):
    path = tmp_path / "deals.parquet"
    pl.DataFrame({"deal_id": ["a", "b"], "amount": [1.5, None]}).write_parquet(path)
    raw = read(path)
    assert raw.frame.schema == {"_row": pl.UInt32, "deal_id": pl.String, "amount": pl.Float64}
    assert raw.source == "parquet"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataError) as caught:
        read(path)
    assert caught.value.faults[0].rule == "broken_parquet"


def test_frames_of_pandas_and_polars():
    frame = pd.DataFrame(
        {
            "deal_id": ["007", None],
            "amount": [1.5, float("nan")],
            "created_at": [pd.Timestamp("2026-01-01 10:00"), pd.NaT],
            "mixed": [1, "x"],
        },
        index=[10, 20],
    )
    raw = from_frame(frame, "my deals")
    assert raw.file == "my deals"
    assert raw.frame["_row"].to_list() == [2, 3]
    assert raw.frame["amount"].to_list() == [1.5, None]
    assert raw.frame["created_at"].null_count() == 1
    assert raw.frame["mixed"].to_list() == ["1", "x"]
    assert from_frame(pl.DataFrame({"a": [1.0, float("nan")]}).lazy()).frame["a"].to_list() == [1.0, None]
    with pytest.raises(UsageError, match="no table"):
        from_frame([1, 2])


# a workbook by hand: fastexcel reads but does not write, and no writer is among the dependencies
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"


def workbook(path: Path, sheets: dict[str, list[list[str]]]) -> Path:
    """Cells as ready XML: see ``text``, ``number``, ``formula``, ``day`` and ``error``."""
    numbers = range(len(sheets))
    kinds = {"workbook": "sheet.main", "styles": "styles"} | {f"worksheets/s{i}": "worksheet" for i in numbers}
    links = {f"s{i}": ("worksheet", f"worksheets/s{i}.xml") for i in numbers} | {"st": ("styles", "styles.xml")}
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        + "".join(f'<Override PartName="/xl/{n}.xml" ContentType="{KIND}.{k}+xml"/>' for n, k in kinds.items())
        + "</Types>",
        "_rels/.rels": relations({"a": ("officeDocument", "xl/workbook.xml")}),
        "xl/_rels/workbook.xml.rels": relations(links),
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>'
        + "".join(f'<sheet name="{n}" sheetId="{i + 1}" r:id="s{i}"/>' for i, n in enumerate(sheets))
        + "</sheets></workbook>",
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/>'
        "</cellXfs></styleSheet>",
    }
    for i, rows in enumerate(sheets.values()):
        parts[f"xl/worksheets/s{i}.xml"] = f'<worksheet xmlns="{MAIN}"><sheetData>{body(rows)}</sheetData></worksheet>'
    with zipfile.ZipFile(path, "w") as file:
        for name, content in parts.items():
            file.writestr(name, '<?xml version="1.0" encoding="UTF-8"?>' + content)
    return path


def relations(links: dict[str, tuple[str, str]]) -> str:
    found = "".join(f'<Relationship Id="{i}" Type="{OFFICE}/{k}" Target="{t}"/>' for i, (k, t) in links.items())
    return f'<Relationships xmlns="{PACKAGE}/relationships">{found}</Relationships>'


def body(rows: list[list[str]]) -> str:
    lines = [
        f'<row r="{r}">' + "".join(c.replace("@@", f"{chr(65 + k)}{r}") for k, c in enumerate(row)) + "</row>"
        for r, row in enumerate(rows, 1)
        if row
    ]
    return "".join(lines)


def text(value: str) -> str:
    return f'<c r="@@" t="inlineStr"><is><t>{escape(value)}</t></is></c>'


def number(value: float) -> str:
    return f'<c r="@@"><v>{value}</v></c>'


def formula(source: str, value: str, kind: str = "n") -> str:
    return f'<c r="@@" t="{kind}"><f>{source}</f><v>{value}</v></c>'


def day(serial: float) -> str:
    return f'<c r="@@" s="1"><v>{serial}</v></c>'


def error(code: str) -> str:
    return f'<c r="@@" t="e"><v>{code}</v></c>'


def test_workbooks_give_values_rows_and_errors(tmp_path):
    header = [text(n) for n in ("deal_id", "amount", "created_at", "note")]
    path = workbook(
        tmp_path / "deals.xlsx",
        {
            "Deals": [
                [text("Export of today")],
                [],
                header,
                [text("007"), formula("1+2", "3"), day(45292), text("x")],
                [number(1001), number(1e15), day(45292.5), error("#REF!")],
                [text("NA"), formula("1/0", "#DIV/0!", "e"), text("2024-01-03"), text("y")],
            ],
            "Notes": [[text("a")]],
        },
    )
    raw = read(path)
    assert raw.source == "excel"
    assert cells(raw) == [
        (4, "007", "3", "2024-01-01 00:00:00", "x"),
        (5, "1001", "1000000000000000", "2024-01-01 12:00:00", "#REF!"),
        (6, "NA", "#DIV/0!", "2024-01-03", "y"),
    ]
    assert {f.rule for f in raw.faults} == {"other_sheets", "preamble"}
    assert read(path, Formats(sheet="Notes")).frame.columns == ["_row", "a"]
    assert read(path, Formats(sheet=2)).frame.columns == ["_row", "a"]
    for wrong in ("None", 3):
        with pytest.raises(UsageError) as caught:
            read(path, Formats(sheet=wrong))
        assert caught.value.code == "unknown_sheet"


def test_an_empty_workbook(tmp_path):
    raw = read(workbook(tmp_path / "deals.xlsx", {"Deals": []}))
    assert (raw.frame.height, raw.faults[0].rule) == (0, "empty_file")


# without what is read as something else: characters that nobody sees, ``="x"`` for a text, ``\\N`` for nothing
PLAIN = st.characters(blacklist_categories=("Cs", "Cc", "Cf"), blacklist_characters="\u2028\u2029\x85")
CELL = st.text(PLAIN, max_size=12).filter(lambda text: text != r"\N" and not text.startswith('="'))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=8),
    delimiter=st.sampled_from([",", ";", "\t"]),
    end=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    line=st.sampled_from(["", "first\nsecond", 'he said "no"\n', "a\n\nb"]),
)
@example(rows=[('\\",-', "x", "y"), ("", "", " ")], delimiter=",", end="\n", quoting=csv.QUOTE_ALL, line="a\n\nb")
@example(rows=[("'a,b'", "", ""), ("x", "'", "")], delimiter=";", end="\n", quoting=csv.QUOTE_MINIMAL, line='"')
def test_what_a_csv_writer_wrote_is_read_as_it_was(tmp_path, rows, delimiter, end, quoting, line):
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=quoting)
    writer.writerow(["id", "name", "note", "n"])
    expected = [[f"r{i}", *row[:2], row[2] + line] for i, row in enumerate(rows)]
    writer.writerows(expected)
    raw = table(tmp_path, out.getvalue(), delimiter=delimiter, header_row=1)
    assert [[c or "" for c in row] for row in raw.frame.drop("_row").rows()] == expected
    assert raw.frame["_row"].to_list() == list(range(2, len(rows) + 2))
    assert raw.faults == ()


@given(flags=st.lists(st.booleans(), min_size=1, max_size=200))
def test_parity_by_words_is_parity_by_bits(flags):
    odd = structure._parity(np.array(flags)).tolist()
    assert odd == [sum(flags[: i + 1]) % 2 == 1 for i in range(len(flags))]


@settings(max_examples=100, deadline=None)
@given(
    text=st.text(st.sampled_from('a1,"\n\r'), max_size=40),
    width=st.integers(1, 4),
    chunk=st.sampled_from([1, 2, 3, 7, 1 << 20]),
)
@example(text="aa\n1,1\n", width=2, chunk=2)
@example(text='a",",1\n', width=2, chunk=1)
def test_the_quick_check_trusts_only_what_a_strict_reader_reads_alike(text, width, chunk):
    data = np.frombuffer(text.encode(), dtype=np.uint8)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(structure, "_CHUNK", chunk)
        regular = structure.is_regular(data, ord(","), ord('"'), width)
    if regular and "\r" not in text.replace("\r\n", ""):
        rows = [r for r in csv.reader(io.StringIO(text, newline=""), strict=True) if r]
        assert all(len(r) == width for r in rows)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.binary(max_size=200) | st.text(st.sampled_from("ab1,;\t\"'\n\r\\ \x00é"), max_size=80).map(str.encode)
)
@example(b"\n|")
@example(b"%1.234\t2,5,',\n\n\n")
def test_no_bytes_end_in_a_traceback(tmp_path, content):
    try:
        raw = table(tmp_path, content)
    except (DataError, UsageError):
        return
    assert raw.frame.columns[0] == "_row"
    assert set(raw.frame.dtypes[1:]) <= {pl.String}


@pytest.mark.parametrize(
    ("name", "rows", "columns"),
    [
        ("maven_crm/sales_pipeline.csv", 8800, 8),
        ("maven_crm/accounts.csv", 85, 7),
        ("olist/olist_closed_deals_dataset.csv", 842, 14),
        ("olist/olist_marketing_qualified_leads_dataset.csv", 8000, 4),
        ("fivetran_salesforce/sf_opportunity_data.csv", 10, 36),
        ("fivetran_hubspot/deal_data.csv", 44, 11),
        ("cdnow/CDNOW_master.txt", 69659, 4),
        ("bpic2012/bpic2012.parquet", 262200, 7),
    ],
)
def test_real_files_are_read_whole_and_without_a_fault(shared_data, name, rows, columns):
    raw = read(shared_data / name)
    assert raw.frame.shape == (rows, columns + 1)
    assert raw.faults == ()


@pytest.mark.slow
def test_every_real_text_file_opens_or_is_refused_in_words(shared_data):
    for path in sorted(shared_data.rglob("*.csv")):
        raw = read(path)
        assert raw.frame["_row"].n_unique() == raw.frame.height, path.name


@pytest.mark.slow
def test_of_a_million_rows_only_a_few_odd_ones_are_looked_at_one_by_one(tmp_path):
    path = tmp_path / "events.csv"
    lines = [f'{i},"Proposal",2026-01-{1 + i % 28:02} 10:00:00\n' for i in range(1_000_000)]
    lines[500_000] = '500000,"Prop\nosal",2026-01-01 10:00:00\n'
    lines[700_000] = '700000,"Proposal,2026-01-01 10:00:00\n'
    path.write_text("deal_id,stage,entered_at\n" + "".join(lines))
    found = []
    assert calls(lambda: found.append(read(path))) < 500_000  # row by row it would be a call a row at least
    (raw,) = found
    assert raw.frame.height == 1_000_000
    assert raw.frame["_row"].to_list()[-1] == 1_000_001
    assert raw.frame.row(500_000) == (500_002, "500000", "Prop\nosal", "2026-01-01 10:00:00")
    assert rules(raw) == [("stray_quote", 700_002)]
