"""Texts whose quotes, delimiters and characters went wrong: right again, or said; never another deal's figures."""

import polars as pl
import pytest

from kpikit.book.door.validation import left_out
from kpikit.reading import parse
from kpikit.reading.files import RawTable, read
from kpikit.reading.repair.quoted_lines import unwrapped
from kpikit.reading.typed.formats import Formats

NAMES = ["deal_id", "name", "pipeline", "outcome", "created_at", "amount", "owner"]
ROWS = [
    [
        *(f"D-{101 + i}", f"Firm {'abcdef'[i % 6]}", "New", ("won", "lost", "open")[i % 3]),
        *(f"2026-01-{i + 1:02}", str(1250 + 137 * i), "An"),
    ]
    for i in range(20)
]


def file(tmp_path, rows, names=NAMES, end="\n", **formats) -> RawTable:
    path = tmp_path / "deals.csv"
    path.write_text(end.join(",".join(r) for r in [names, *rows]) + end, encoding="utf-8", newline="")
    return read(path, Formats(**formats))


def with_cells(changes: dict[tuple[int, int], str]) -> list[list[str]]:
    return [[changes.get((r, c), cell) for c, cell in enumerate(row)] for r, row in enumerate(ROWS)]


def rules(raw: RawTable) -> list[str]:
    return [fault.rule for fault in raw.faults]


@pytest.mark.parametrize("column", range(7))
@pytest.mark.parametrize("apart", [1, 2, 5])
def test_two_stray_quotes_below_each_other_fuse_no_rows(tmp_path, column, apart):
    changes = {(3, column): '"' + ROWS[3][column], (3 + apart, column): ROWS[3 + apart][column] + '"'}
    raw = file(tmp_path, with_cells(changes))
    assert [list(r[1:]) for r in raw.frame.rows()] == ROWS
    assert raw.frame["_row"].to_list() == list(range(2, 22))
    assert [(f.rule, f.row, f.values["lines"]) for f in raw.faults] == [("fused_rows", 5, apart + 1)]


def test_two_pairs_of_stray_quotes_move_the_numbers_of_the_rows_below(tmp_path):
    changes = {(r, 1): ('"' if r % 3 else "") + ROWS[r][1] + ("" if r % 3 else '"') for r in (2, 3, 8, 9)}
    raw = file(tmp_path, with_cells(changes))
    assert raw.frame.select(pl.exclude("_row")).rows() == [tuple(r) for r in ROWS]
    assert raw.frame["_row"].to_list() == list(range(2, 22))
    assert [f.row for f in raw.faults] == [4, 10]


def test_a_text_over_several_lines_stays_one(tmp_path):
    changes = {(2, 1): '"first, of all\nsecond\nthird, fourth"', (9, 6): '"An\nand Bo"'}
    raw = file(tmp_path, with_cells(changes))
    assert (raw.frame.height, raw.faults) == (20, ())
    assert raw.frame["name"][2] == "first, of all\nsecond\nthird, fourth"


def test_rows_that_stay_swallowed_count_as_left_out(tmp_path):
    """A first line that is no row of the table: nobody knows where the cell should have ended."""
    inside = "\n".join(",".join(ROWS[i]) for i in (18, 19))
    changes = {(3, 1): f'"See below,\n{inside}\nso far"'}
    raw = file(tmp_path, with_cells(changes))
    assert [(f.rule, f.row, f.values["lines"]) for f in raw.faults] == [("swallowed_rows", 5, 2)]
    assert left_out("deals", raw)["rule"].to_list() == ["swallowed_rows"] * 2


@pytest.mark.parametrize("at", range(6))
@pytest.mark.parametrize("is_blank", [True, False])
def test_a_header_that_lost_a_delimiter_names_the_right_columns_or_none(tmp_path, at, is_blank):
    rows = [[*row, "" if is_blank else "x"] for row in ROWS]
    names = [*NAMES[:at], NAMES[at] + NAMES[at + 1], *NAMES[at + 2 :], "notes"]
    raw = file(tmp_path, rows, names)
    if "header_width" not in rules(raw):
        assert raw.frame.columns[1:8] == NAMES
        assert rules(raw) == ["header_mended"]
    assert rules(raw) in (["header_mended"], ["header_width"])


def test_a_header_of_unknown_names_that_may_have_lost_a_delimiter_is_an_error(tmp_path):
    rows = [[*row, ""] for row in ROWS]
    names = ["deal_id", "name", "xyzoutcome", "created_at", "amount", "owner", "x"]
    assert rules(file(tmp_path, rows, names))[:1] == ["header_width"]
    # the day stands above amounts: one of the names before it is two
    names = ["deal_id", "foobar", "outcome", "baz", "qux", "created_at", "owner"]
    assert rules(file(tmp_path, rows, names))[:1] == ["header_width"]


@pytest.mark.parametrize(("at", "cut"), [(0, "deal,_id"), (4, "created_,at"), (5, "amo,unt"), (3, "out,come")])
def test_a_header_with_a_delimiter_too_many_names_the_right_columns_or_none(tmp_path, at, cut):
    raw = file(tmp_path, ROWS, [*NAMES[:at], *cut.split(","), *NAMES[at + 1 :]])
    if "header_width" not in rules(raw):
        assert raw.frame.columns[1:] == NAMES
    assert rules(raw)[:1] == (["header_width"] if cut == "created_,at" else ["header_joined"])  # "at" is a name too


def test_a_header_with_a_name_too_many_in_front_is_an_error(tmp_path):
    assert rules(file(tmp_path, ROWS, ["xyz", *NAMES]))[:1] == ["header_width"]
    assert rules(file(tmp_path, ROWS, [*NAMES, "xyz"]))[:1] == ["header_wider"]


def test_rows_that_end_with_a_delimiter_are_no_fault(tmp_path):
    raw = file(tmp_path, [[*row, ""] for row in ROWS])
    assert (raw.frame.columns[1:], raw.faults) == (NAMES, ())


def test_lines_quoted_as_a_whole(tmp_path):
    path = tmp_path / "deals.csv"
    lines = [",".join(r).replace("Firm a", '""Firm, a""') for r in ROWS]
    path.write_text("\n".join([",".join(NAMES), *(f'"{line}"' for line in lines)]))
    raw = read(path)
    assert raw.frame.columns[1:] == NAMES
    assert raw.frame["name"][0] == "Firm, a"
    assert [(f.rule, f.n) for f in raw.faults] == [("line_quoted", 20)]
    path.write_text("\n".join([f'"{",".join(NAMES)}"', *(f'"{",".join(r)}"' for r in ROWS)]))
    assert read(path).frame.columns[1:] == NAMES


def test_only_some_lines_quoted_as_a_whole(tmp_path):
    path = tmp_path / "deals.csv"
    lines = [",".join(r) for r in ROWS]
    lines[4] = f'"{lines[4]}"'
    path.write_text("\n".join([",".join(NAMES), *lines]))
    raw = read(path)
    assert raw.frame.select(pl.exclude("_row")).rows() == [tuple(r) for r in ROWS]
    assert [(f.rule, f.row) for f in raw.faults] == [("line_quoted", 6)]


def test_a_column_of_quoted_texts_with_commas_is_no_table():
    text = 'Name\n"Smith, John, Jr"\n"Doe, Jane, Dr"\n'
    assert unwrapped(text, None) == text


@pytest.mark.parametrize("mark", ["\ufeff", "\u200b", "\u2060", "\u200e", "\u200d", "\u00ad"])
@pytest.mark.parametrize("where", ["{0}D-107", "D-{0}107", "D-107{0}"])
def test_characters_that_nobody_sees_leave_the_ids(tmp_path, mark, where):
    raw = file(tmp_path, with_cells({(6, 0): where.format(mark)}))
    assert raw.frame["deal_id"].to_list() == [r[0] for r in ROWS]
    assert [(f.rule, f.row, f.n) for f in raw.faults] == [("invisible_characters", 8, 1)]
    assert f"<U+{ord(mark):04X}>" in str(raw.faults[0].value)


def test_letters_that_need_a_joiner_keep_it(tmp_path):
    persian = "می\u200cخواهم"
    raw = file(tmp_path, with_cells({(6, 1): persian}))
    assert (raw.frame["name"][6], raw.faults) == (persian, ())


@pytest.mark.parametrize("cell", ['="{}"', '"=""{}"""'])
def test_ids_written_as_formulas(tmp_path, cell):
    raw = file(tmp_path, [[cell.format(f"00{i}"), *r[1:]] for i, r in enumerate(ROWS)])
    assert raw.frame["deal_id"].to_list() == [f"00{i}" for i in range(20)]
    assert [(f.rule, f.n) for f in raw.faults] == [("text_formula", 20)]


def test_nothing_as_databases_write_it(tmp_path):
    raw = file(tmp_path, with_cells({(1, 5): r"\N", (3, 6): r"\N", (4, 6): r"\N", (5, 1): r"a\N"}))
    assert raw.frame["amount"][1] is None
    assert raw.frame["owner"][3:5].to_list() == [None, None]
    assert raw.frame["name"][5] == r"a\N"
    assert [(f.rule, f.column, f.n) for f in raw.faults] == [
        ("read_as_empty", "amount", 1),
        ("read_as_empty", "owner", 2),
    ]
    assert parse(raw, "deals").faults == ()


def test_lines_saved_twice_with_a_return_too_many(tmp_path):
    raw = file(tmp_path, ROWS, end="\r\r\n")
    assert raw.frame.select(pl.exclude("_row")).rows() == [tuple(r) for r in ROWS]


@pytest.mark.parametrize("at", [[20], [5, 11, 20], [20, 20]])
@pytest.mark.parametrize("word", ["Total", "Subtotal", "Totaal:", "Average"])
def test_totals_are_no_deals_wherever_they_stand(tmp_path, at, word):
    rows = [row.copy() for row in ROWS]
    for place in reversed(at):
        rows.insert(place, [word, "", "", "", "", "5000", ""])
    raw = file(tmp_path, rows)
    assert raw.frame["deal_id"].to_list() == [r[0] for r in ROWS]
    assert sum(f.n for f in raw.faults if f.rule == "total_row") == len(at)


def test_a_customer_called_total_is_one(tmp_path):
    raw = file(tmp_path, with_cells({(4, 0): "Total", (9, 1): "Total"}))
    assert (raw.frame.height, raw.faults) == (20, ())


@pytest.mark.parametrize("rows", [[r for row in ROWS for r in (row, row)], ROWS * 2, ROWS + ROWS[:7]])
def test_lines_saved_twice_are_read_once(tmp_path, rows):
    raw = file(tmp_path, rows)
    assert raw.frame["deal_id"].to_list() == [r[0] for r in ROWS]
    assert [(f.rule, f.n) for f in raw.faults] == [("saved_twice", len(rows) - 20)]


def test_rows_that_are_alike_without_a_name_of_their_own_stay(tmp_path):
    rows = [["Call", "New", "won", "2026-01-01", "5", "An", "x"]] * 12
    raw = file(tmp_path, rows)
    assert (raw.frame.height, raw.faults) == (12, ())


def test_a_text_encoded_twice(tmp_path):
    path = tmp_path / "deals.csv"
    text = "\n".join([",".join(NAMES), *(",".join(r).replace("Firm a", "Café Zoë – “A”") for r in ROWS)])
    broken = text.encode().decode("latin-1")
    twice = "".join(bytes([ord(c)]).decode("cp1252") if c not in "\x81\x8d\x8f\x90\x9d" else c for c in broken)
    path.write_text(twice, encoding="utf-8")
    raw = read(path)
    assert raw.frame["name"][0] == "Café Zoë – “A”"
    assert [f.rule for f in raw.faults] == ["encoded_twice"]
    path.write_text(text.replace("Café", "CafÃ"), encoding="utf-8")
    assert read(path).faults == ()
