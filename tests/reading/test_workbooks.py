"""Workbooks as people keep them: what stands beside the values is used or said, and no figure is made of it."""

import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
import xlsxwriter

from kpikit.errors import DataError
from kpikit.reading import parse
from kpikit.reading.files import RawTable, read
from kpikit.reading.typed.formats import Formats
from kpikit.reading.workbook.parts import workbook_parts

NAMES = ["deal_id", "pipeline", "outcome", "created_at", "amount", "owner"]
ROWS = [
    [f"D-{101 + i}", "New", ("won", "lost")[i % 2], datetime(2026, 1, i + 1), 1250 + 137 * i, "An"]  # noqa: DTZ001
    for i in range(12)
]


def book(path: Path, sheets: dict[str, list[list[Any]]], after: Any = None) -> Path:
    made = openpyxl.Workbook()
    made.remove(made.active)
    for name, rows in sheets.items():
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(row)
    if after:
        after(made)
    made.save(path)
    return path


def deals(tmp_path: Path, after: Any = None, rows: list[list[Any]] | None = None) -> RawTable:
    return read(book(tmp_path / "deals.xlsx", {"Deals": [NAMES, *(rows or ROWS)]}, after))


def rules(raw: RawTable) -> list[tuple[str, str | None, int | None, int]]:
    return [(f.rule, f.column, f.row, f.n) for f in raw.faults]


def test_a_plain_workbook_has_no_faults(tmp_path):
    raw = deals(tmp_path)
    assert raw.faults == ()
    parsed = parse(raw, "deals")
    assert parsed.frame["amount"].to_list() == [1250 + 137 * i for i in range(12)]
    assert parsed.frame["created_at"].dt.day().to_list() == list(range(1, 13))
    assert parsed.faults == ()


# formulas


@pytest.mark.parametrize("at", [range(12), [3], [0, 5, 11]])
def test_formulas_without_a_value_are_said(tmp_path, at):
    rows = [[*r[:4], f"=1000+{r[4] - 1000}" if i in at else r[4], r[5]] for i, r in enumerate(ROWS)]
    raw = deals(tmp_path, rows=rows)
    assert rules(raw) == [("formulas_not_calculated", "amount", min(at) + 2, len(at))]
    assert raw.frame["amount"].to_list() == [None if i in at else str(r[4]) for i, r in enumerate(ROWS)]


def written(path: Path, values: list[Any], **options: Any) -> RawTable:
    """A workbook of a program that cannot calculate; ``values`` are what its formulas are said to come to."""
    made = xlsxwriter.Workbook(path, options)
    sheet = made.add_worksheet("Deals")
    for i, name in enumerate(NAMES):
        sheet.write(0, i, name)
    for r, row in enumerate(ROWS, 1):
        for c in (0, 1, 2, 5):
            sheet.write(r, c, row[c])
        sheet.write_datetime(r, 3, row[3], made.add_format({"num_format": "yyyy-mm-dd"}))
        sheet.write_formula(r, 4, f"=1000+{row[4] - 1000}", None, values[r - 1])
    made.close()
    return read(path)


def test_formulas_with_the_nought_of_a_program_that_cannot_calculate(tmp_path):
    raw = written(tmp_path / "deals.xlsx", [0] * 12)
    assert rules(raw) == [("formulas_not_calculated", "amount", 2, 12)]
    assert raw.frame["amount"].null_count() == 12


def test_formulas_with_values_count_and_so_does_a_true_nought(tmp_path):
    raw = written(tmp_path / "deals.xlsx", [0, *(r[4] for r in ROWS[1:])])
    assert raw.faults == ()
    assert raw.frame["amount"].to_list() == ["0", *(str(r[4]) for r in ROWS[1:])]


def test_noughts_of_formulas_that_were_calculated_count(tmp_path):
    path = tmp_path / "deals.xlsx"
    written(path, [0] * 12)
    with zipfile.ZipFile(path) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    parts["xl/workbook.xml"] = parts["xl/workbook.xml"].replace(b' fullCalcOnLoad="1"', b"")
    for more in (
        {"xl/calcChain.xml": b"<calcChain/>"},
        {"docProps/app.xml": b"<Application>LibreOffice/24</Application>"},
    ):
        with zipfile.ZipFile(path, "w") as package:
            for name, content in (parts | more).items():
                package.writestr(name, content)
        raw = read(path)
        assert (raw.faults, raw.frame["amount"].to_list()) == ((), ["0"] * 12)
    with zipfile.ZipFile(path, "w") as package:
        for name, content in parts.items():
            package.writestr(name, content.replace(b"<v>0</v>", b"<v>0.0</v>"))
    assert rules(read(path)) == [("formulas_not_calculated", "amount", 2, 12)]


# hidden, merged


def test_hidden_rows_and_columns_are_counted(tmp_path):
    def hide(made):
        for row in (3, 7, 8):
            made["Deals"].row_dimensions[row].hidden = True
        made["Deals"].row_dimensions[40].hidden = True  # holds nothing
        made["Deals"].column_dimensions["F"].hidden = True

    raw = deals(tmp_path, hide)
    assert raw.frame.height == 12
    assert rules(raw) == [("hidden_rows", None, 3, 3), ("hidden_column", "owner", None, 1)]


@pytest.mark.parametrize("size", [2, 3, 6])
def test_a_merged_label_stands_for_each_of_its_rows(tmp_path, size):
    def merge(made):
        for top in range(2, 14, size):
            made["Deals"].merge_cells(start_row=top, end_row=top + size - 1, start_column=6, end_column=6)

    rows = [[*r[:5], f"Owner {i // size}"] for i, r in enumerate(ROWS)]
    raw = deals(tmp_path, merge, rows)
    assert raw.frame["owner"].to_list() == [r[5] for r in rows]
    assert rules(raw) == [("merged_filled", "owner", 3, 12 - 12 // size)]


@pytest.mark.parametrize("size", [2, 3])
def test_a_merged_amount_is_not_multiplied(tmp_path, size):
    def merge(made):
        for top in range(2, 14, size):
            made["Deals"].merge_cells(start_row=top, end_row=top + size - 1, start_column=5, end_column=5)

    raw = deals(tmp_path, merge)
    total = sum(float(v) for v in raw.frame["amount"].drop_nulls())
    assert total == sum(r[4] for r in ROWS[::size])
    assert rules(raw) == [("merged_amounts", "amount", 3, 12 - 12 // size)]


def test_a_merged_title_above_the_table_is_no_column(tmp_path):
    def title(made):
        made["Deals"].insert_rows(1)
        made["Deals"]["A1"] = "Deals of today"
        made["Deals"].merge_cells("A1:F1")

    raw = deals(tmp_path, title)
    assert raw.frame.columns[1:] == NAMES
    assert [f.rule for f in raw.faults] == ["preamble"]


def test_cells_that_begin_in_another_column_keep_their_marks(tmp_path):
    def shift(made):
        made["Deals"].insert_cols(1, 2)
        made["Deals"].merge_cells("H2:H3")
        made["Deals"]["G5"] = "=1+1"

    raw = deals(tmp_path, shift)
    assert rules(raw) == [("formulas_not_calculated", "amount", 5, 1), ("merged_filled", "owner", 3, 1)]


# sheets


def test_a_cover_is_passed_over(tmp_path):
    cover = [["Deals report"], ["Prepared", 2026]]
    raw = read(book(tmp_path / "d.xlsx", {"Cover": cover, "Deals": [NAMES, *ROWS], "Notes": [["a"], ["b"]]}))
    assert raw.frame.height == 12
    assert [(f.rule, f.values) for f in raw.faults] == [("other_sheets", {"sheet": "Deals", "others": "Cover, Notes"})]


@pytest.mark.parametrize("n", [2, 3, 4])
def test_sheets_with_the_same_columns_are_one_table(tmp_path, n):
    size = 12 // n
    sheets = {str(2020 + i): [NAMES, *ROWS[i * size : (i + 1) * size]] for i in range(n)}
    raw = read(book(tmp_path / "d.xlsx", sheets))
    assert raw.frame["deal_id"].to_list() == [r[0] for r in ROWS]
    assert raw.frame["Sheet"].to_list() == [name for name in sheets for _ in range(size)]
    assert raw.frame["_row"].to_list() == [i * 1000 + r for i in range(n) for r in range(2, size + 2)]
    fault = raw.faults[0]
    assert (fault.rule, fault.values["last"], fault.values["row"]) == ("sheets_joined", "2021", 1007)


def test_a_sheet_kept_as_a_copy_is_not_read_twice(tmp_path):
    sheets = {"Deals": [NAMES, *ROWS], "Copy": [NAMES, *ROWS], "Some": [NAMES, *ROWS[3:6]]}
    raw = read(book(tmp_path / "d.xlsx", sheets))
    assert raw.frame["deal_id"].to_list() == [r[0] for r in ROWS]
    assert [f.rule for f in raw.faults] == ["other_sheets"]


def test_a_sheet_that_is_a_chart_is_no_table(tmp_path):
    def chart(made):
        made.create_chartsheet("Chart", 0)

    raw = read(book(tmp_path / "d.xlsx", {"Deals": [NAMES, *ROWS]}, chart))
    assert raw.frame.height == 12


def test_the_same_columns_in_another_order_are_the_same(tmp_path):
    turned = [row[::-1] for row in [NAMES, *ROWS[6:]]]
    raw = read(book(tmp_path / "d.xlsx", {"a": [NAMES, *ROWS[:6]], "b": turned}))
    assert raw.frame["deal_id"].to_list() == [r[0] for r in ROWS]
    assert raw.frame["owner"].unique().to_list() == ["An"]


def test_two_tables_that_fit_alike_are_asked_about(tmp_path):
    path = book(tmp_path / "d.xlsx", {"North": [NAMES, *ROWS[:6]], "South": [[*NAMES[:5], "team"], *ROWS[6:]]})
    with pytest.raises(DataError) as caught:
        read(path)
    fault = caught.value.faults[0]
    assert (fault.rule, fault.values) == ("which_sheet", {"sheets": "North (6), South (6)", "sheet": "North"})
    assert read(path, Formats(sheet="South")).frame.columns[1:] == [*NAMES[:5], "team"]
    assert read(path, Formats(sheet=("North", 2))).frame.height == 12
    assert Formats.from_settings({"sheet": ["North", "South"]}).sheet == ("North", "South")


def test_the_sheet_whose_columns_are_known_wins_over_a_summary(tmp_path):
    summary = [["Team", "Total"], ["North", 5], ["South", 7]]
    assert read(book(tmp_path / "d.xlsx", {"Summary": summary, "Export": [NAMES, *ROWS]})).frame.height == 12


def test_hidden_sheets_are_not_read_and_said(tmp_path):
    def hide(made):
        made["Old"].sheet_state = "hidden"

    raw = read(book(tmp_path / "d.xlsx", {"Old": [NAMES, *ROWS[:6]], "Deals": [NAMES, *ROWS[6:]]}, hide))
    assert raw.frame["deal_id"].to_list() == [r[0] for r in ROWS[6:]]
    assert [f.rule for f in raw.faults] == ["other_sheets", "hidden_sheets"]
    assert read(tmp_path / "d.xlsx", Formats(sheet="Old")).frame.height == 6


# days and ids


@pytest.mark.parametrize("is_general", [True, False])
def test_days_counted_from_1904(tmp_path, is_general):
    made = xlsxwriter.Workbook(tmp_path / "d.xlsx", {"date_1904": True})
    sheet, day = made.add_worksheet(), made.add_format({"num_format": "yyyy-mm-dd"})
    for i, name in enumerate(NAMES):
        sheet.write(0, i, name)
    for r, row in enumerate(ROWS, 1):
        for c, cell in enumerate(row):
            if c != 3:
                sheet.write(r, c, cell)
            elif is_general:  # 5 January 2026 is day 44565 since 1 January 1904
                sheet.write(r, c, 44565 - 5 + row[3].day + 0.25)
            else:
                sheet.write_datetime(r, c, row[3], day)
    made.close()
    raw = read(tmp_path / "d.xlsx")
    assert raw.source == "excel_1904"
    values = parse(raw, "deals").frame["created_at"].dt.replace_time_zone(None).to_list()
    hour = 6 if is_general else 0
    assert values == [datetime(2026, 1, i + 1, hour) for i in range(12)]  # noqa: DTZ001


def test_ids_beyond_fifteen_digits_are_said_to_have_lost_some(tmp_path):
    raw = deals(tmp_path, rows=[[1234567890123456789 + i, *r[1:]] for i, r in enumerate(ROWS)])
    assert rules(raw)[0] == ("id_scientific", "deal_id", 2, 12)
    assert deals(tmp_path, rows=[[123456789012345 + i, *r[1:]] for i, r in enumerate(ROWS)]).faults == ()
    assert deals(tmp_path, rows=[[str(1234567890123456789 + i), *r[1:]] for i, r in enumerate(ROWS)]).faults == ()


@pytest.mark.parametrize("amounts", [[1.037, 2.5, 99.95], [1.037] * 3, [1.037, 1250.5, 1.1]])
def test_numbers_with_three_decimals_are_no_thousands(tmp_path, amounts):
    parsed = parse(deals(tmp_path, rows=[[*ROWS[i][:4], a, "An"] for i, a in enumerate(amounts)]), "deals")
    assert parsed.frame["amount"].to_list() == amounts
    assert parsed.faults == ()


def test_texts_in_a_workbook_may_be_thousands(tmp_path):
    parsed = parse(deals(tmp_path, rows=[[*r[:4], f"{r[4]:,}".replace(",", "."), "An"] for r in ROWS]), "deals")
    assert parsed.frame["amount"].to_list() == [r[4] for r in ROWS]
    assert [f.rule for f in parsed.faults] == ["thousands_by_shape"]


def swapped_days(n_first: int, n_late: int) -> list[Any]:
    """Days as a spreadsheet of another country leaves them: those up to the 12th as dates, day and month changed."""
    first = [datetime(2026, 2 + i % 11, 1 + i // 11) for i in range(n_first)]  # noqa: DTZ001
    return [*first, *(f"{13 + i % 16:02}/{1 + i % 12:02}/2026" for i in range(n_late))]


def test_days_and_months_exchanged_by_a_spreadsheet_are_put_back(tmp_path):
    rows = [[f"D-{i}", "New", "won", day, 5, "An"] for i, day in enumerate(swapped_days(20, 30))]
    parsed = parse(deals(tmp_path, rows=rows), "deals")
    # 2 January, written 02/01, was taken for 1 February
    assert parsed.frame["created_at"][0].strftime("%d-%m") == "02-01"
    assert parsed.frame["created_at"][49].strftime("%d-%m") == "26-06"
    assert [(f.rule, f.n, f.values["texts"]) for f in parsed.faults] == [("days_swapped", 20, 30)]


def test_few_days_that_may_be_exchanged_are_asked_about(tmp_path):
    rows = [[f"D-{i}", "New", "won", day, 5, "An"] for i, day in enumerate(swapped_days(2, 3))]
    parsed = parse(deals(tmp_path, rows=rows), "deals")
    assert [(f.rule, f.n) for f in parsed.faults] == [("days_maybe_swapped", 2)]
    assert parsed.frame["created_at"].null_count() == 2
    told = parse(deals(tmp_path, rows=rows), "deals", Formats(date_order="dmy"))
    assert told.faults == ()
    assert told.frame["created_at"][0].strftime("%d-%m") == "01-02"


def test_dates_and_texts_that_were_not_exchanged_stay(tmp_path):
    days = [datetime(2026, 1, 1 + i) for i in range(28)]  # noqa: DTZ001
    rows = [[f"D-{i}", "New", "won", day, 5, "An"] for i, day in enumerate([*days, "13/02/2026", "28/02/2026"])]
    parsed = parse(deals(tmp_path, rows=rows), "deals")
    assert parsed.faults == ()
    assert parsed.frame["created_at"][1].strftime("%d-%m") == "02-01"


# safety


def test_a_package_with_entities_says_nothing_of_itself(tmp_path):
    path = book(tmp_path / "d.xlsx", {"Deals": [NAMES, *ROWS]})
    with zipfile.ZipFile(path) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    parts["xl/workbook.xml"] = b'<!DOCTYPE x [<!ENTITY a "b">]>' + parts["xl/workbook.xml"]
    with zipfile.ZipFile(path, "w") as package:
        for name, content in parts.items():
            package.writestr(name, content)
    assert workbook_parts(path).sheets == ()
    assert workbook_parts(Path(__file__)).sheets == ()


def test_numbers_of_joined_sheets_are_unique_whatever_their_size(tmp_path):
    rows = [[f"D-{i}", *ROWS[0][1:]] for i in range(1500)]
    raw = read(book(tmp_path / "d.xlsx", {"a": [NAMES, *rows[:1200]], "b": [NAMES, *rows[1200:]]}))
    assert raw.frame["_row"].n_unique() == 1500
    assert raw.frame.filter(pl.col("Sheet") == "b")["_row"][0] == 10_002
