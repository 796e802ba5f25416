"""Which file a table is made from: one, several after each other, or the newest that fits a pattern."""

import io
import os
import zipfile

import pytest

from kpikit import DataError, UsageError, open_book

CONFIG = """
[tables.deals]
file = {file}
{more}
[tables.deals.columns]
deal_id = "Id"
created_at = "Begun"
outcome = "How"
[tables.deals.constants]
pipeline = "all"
"""
HEADER = "Id,Begun,How\n"


def book_of(tmp_path, file, more=""):
    (tmp_path / "kpikit.toml").write_text(CONFIG.format(file=file, more=more), encoding="utf-8")
    return open_book(tmp_path / "kpikit.toml")


def write(tmp_path, name, *rows, header=HEADER):
    (tmp_path / name).write_text(header + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return tmp_path / name


def rules(book):
    return [fault.rule for fault in book.faults]


def test_the_newest_file_is_the_one_with_the_last_day_in_it_not_the_last_written(tmp_path):
    write(tmp_path, "deals-b.csv", "d1,2026-01-05,open", "d2,2026-03-02,won")
    write(tmp_path, "deals-a.csv", "d1,2026-01-05,won", "d2,2026-03-02,won", "d3,2026-03-09,open")
    os.utime(tmp_path / "deals-a.csv", (1, 1))
    book = book_of(tmp_path, '"deals-*.csv"')
    assert book.tables["deals"]["deal_id"].to_list() == ["d1", "d2", "d3"]
    (told,) = [fault for fault in book.faults if fault.rule == "file_taken"]
    assert (told.file, told.values["n"], str(told.values["at"])) == ("deals-a.csv", 2, "2026-03-09")


def test_what_the_file_before_has_and_the_newest_lacks_is_told(tmp_path):
    write(tmp_path, "deals-1.csv", "d1,2026-01-05,won,x", "d2,2026-01-06,won,x", header="Id,Begun,How,Gone\n")
    write(tmp_path, "deals-2.csv", "d2,2026-01-06,won", "d3,2026-02-01,open")
    book = book_of(tmp_path, '"deals-?.csv"')
    assert rules(book) == ["file_taken", "columns_gone", "deals_gone"]
    gone = book.faults[-1]
    assert (gone.n, gone.value, gone.values["before"]) == (1, "d1", "deals-1.csv")


def test_a_file_that_kpikit_wrote_is_none(tmp_path):
    reports = tmp_path / "out"
    reports.mkdir()
    write(reports, "deals-9.csv", "d9,2026-09-01,won")
    (reports / "run.json").write_text("{}", encoding="utf-8")
    with pytest.raises(UsageError) as refused:
        book_of(tmp_path, '"out/deals-*.csv"')
    assert refused.value.code == "no_file_fits"
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as parts:
        parts.writestr("docProps/core.xml", "<dc:creator>kpikit</dc:creator>")
    (tmp_path / "deals-1.xlsx").write_bytes(written.getvalue())
    write(tmp_path, "deals-2.csv", "d2,2026-01-06,won")
    assert book_of(tmp_path, '"deals-*"').tables["deals"]["deal_id"].to_list() == ["d2"]


def test_a_workbook_of_kpikit_says_so():
    """The mark by which it is passed over is the one that it gets."""
    import nbformat

    from kpikit.report.formats.workbook import workbook

    book = workbook(nbformat.v4.new_notebook(), language="en")
    with zipfile.ZipFile(io.BytesIO(book)) as parts:
        assert b">kpikit<" in parts.read("docProps/core.xml")


def test_one_file_that_fits_needs_no_word(tmp_path):
    write(tmp_path, "deals-1.csv", "d1,2026-01-05,won")
    assert rules(book_of(tmp_path, '"deals-*.csv"')) == []


def test_a_name_with_a_star_in_it_is_a_file(tmp_path):
    write(tmp_path, "deals*.csv", "d1,2026-01-05,won")
    write(tmp_path, "deals2.csv", "d2,2026-01-05,won")
    assert book_of(tmp_path, '"deals*.csv"').tables["deals"]["deal_id"].to_list() == ["d1"]


def test_several_files_after_each_other(tmp_path):
    write(tmp_path, "2025.csv", "d1,2025-01-05,won", "d2,2025-12-06,open")
    write(tmp_path, "2026.csv", "d2,2025-12-06,lost", "d3,2026-02-01,open")
    book = book_of(tmp_path, '["2025.csv", "2026.csv"]', 'rows = "last"')
    assert book.tables["deals"].sort("deal_id").select("deal_id", "outcome").rows() == [
        ("d1", "won"), ("d2", "lost"), ("d3", "open"),
    ]  # fmt: skip
    (told,) = [fault for fault in book.faults if fault.rule == "rows_set_aside_last"]
    assert (told.n, told.value, told.values["rows"], told.values["kept"]) == (1, "d2", 4, 3)
    first = book_of(tmp_path, '["2025.csv", "2026.csv"]', 'rows = "first"')
    assert first.tables["deals"].sort("deal_id")["outcome"].to_list() == ["won", "open", "open"]


def test_rows_set_aside_are_no_rows_lost(tmp_path):
    """Ten rows a deal do not break max_dropped: nothing of the deal is lost."""
    write(tmp_path, "d.csv", *[f"d{i},2026-01-05,won" for i in range(3) for _ in range(10)])
    book = book_of(tmp_path, '"d.csv"', 'rows = "first"')
    assert (book.tables["deals"].height, book.dropped.height) == (3, 0)


@pytest.mark.parametrize("line", ['rows = "middle"', "rows = 3", 'ends = "IsWon"', "[tables.deals.ends]\nopen = 'How'"])
def test_what_the_grammar_does_not_know_is_refused(tmp_path, line):
    write(tmp_path, "d.csv", "d1,2026-01-05,won")
    with pytest.raises(UsageError):
        book_of(tmp_path, '"d.csv"', line)


def test_yes_or_no_columns_say_how_a_deal_ended(tmp_path):
    write(
        tmp_path, "d.csv", "a,true,TRUE", "b,yes,no", "c,0,0", "d,,", "e,,ja",
        header="Id,Closed,Won\n",
    )  # fmt: skip
    text = """
[tables.deals]
file = "d.csv"
[tables.deals.columns]
deal_id = "Id"
[tables.deals.constants]
pipeline = "all"
created_at = "2026-01-05"
[tables.deals.ends]
closed = "Closed"
won = "Won"
"""
    (tmp_path / "kpikit.toml").write_text(text, encoding="utf-8")
    deals = open_book(tmp_path / "kpikit.toml").tables["deals"]
    assert dict(deals.select("deal_id", "outcome").iter_rows()) == {
        "a": "won", "b": "lost", "c": "open", "d": "open", "e": "won",
    }  # fmt: skip


def test_a_column_of_flags_that_is_not_there(tmp_path):
    write(tmp_path, "d.csv", "d1,2026-01-05,won")
    text = (
        '[tables.deals]\nfile = "d.csv"\n[tables.deals.columns]\ndeal_id = "Id"\n[tables.deals.ends]\nwon = "IsWon"\n'
    )
    (tmp_path / "kpikit.toml").write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as refused:
        open_book(tmp_path / "kpikit.toml")
    assert [(f.rule, f.column) for f in refused.value.faults] == [("no_such_column", "IsWon")]


def test_one_column_may_be_the_end_and_the_expected_end(tmp_path):
    write(tmp_path, "d.csv", "a,won,2026-02-01", "b,open,2026-09-01", header="Id,How,Close\n")
    text = """
[tables.deals]
file = "d.csv"
[tables.deals.columns]
deal_id = "Id"
outcome = "How"
outcome_at = "Close"
expected_close_on = "Close"
[tables.deals.constants]
pipeline = "all"
created_at = "2026-01-05"
"""
    (tmp_path / "kpikit.toml").write_text(text, encoding="utf-8")
    book = open_book(tmp_path / "kpikit.toml")
    deals = book.tables["deals"].sort("deal_id")
    assert [at and at.day for at in deals["outcome_at"]] == [1, None]
    assert [str(on) for on in deals["expected_close_on"]] == ["2026-02-01", "2026-09-01"]
    assert rules(book) == []


def test_a_value_that_says_what_an_amount_is_for(tmp_path):
    write(tmp_path, "d.csv", "a,won,500", header="Id,How,ARR\n")
    text = """
[tables.deals]
file = "d.csv"
[tables.deals.columns]
deal_id = "Id"
outcome = "How"
amount = { column = "ARR", per = "year" }
[tables.deals.constants]
pipeline = "all"
created_at = "2026-01-05"
"""
    (tmp_path / "kpikit.toml").write_text(text, encoding="utf-8")
    book = open_book(tmp_path / "kpikit.toml")
    assert (book.tables["deals"]["amount"][0], book.settings.amount_per) == (500.0, "year")
    (tmp_path / "kpikit.toml").write_text(text.replace('"year"', '"week"'), encoding="utf-8")
    with pytest.raises(UsageError):
        open_book(tmp_path / "kpikit.toml")
