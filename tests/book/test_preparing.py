"""A prepared book: written once as Parquet, opened again in milliseconds, and the same."""

import json
from datetime import timedelta
from functools import cache

import polars as pl
import pytest

from kpikit import DealBook, Privacy, Settings, UsageError, open_book, prepare, velocity
from kpikit.book.preparing import MANIFEST, content_hash
from kpikit.engine import histogram, spells
from tests.counted import calls
from tests.strategies import as_book, as_frames, day, spell_rows

ROWS = spell_rows(
    [(i, 3 + i % 5, ("advance", "lost", "won")[i % 3]) for i in range(24)] + [(30, None, "open")],
    recorded=[None, 1] * 12 + [None],
    team=["A", "B"] * 12 + ["A"],
    amount=[float(i) for i in range(25)],
)
SETTINGS = Settings(
    time_zone="Europe/Amsterdam", fiscal_year_starts=4, bin="hour", privacy=Privacy(min_deals=11, agreement="x")
)


@cache
def made():
    return DealBook.from_frames(**as_frames(ROWS), as_of=ROWS["as_of"], settings=SETTINGS)


def test_what_comes_back_is_what_went_in(tmp_path):
    book = made()
    again = prepare(book, tmp_path / "book")
    for opened in (again, open_book(tmp_path / "book")):
        assert set(opened.tables) == set(book.tables)
        for name, frame in book.tables.items():
            assert opened.tables[name].lazy().collect().equals(frame), name
        assert (opened.settings, opened.as_of, opened.answers_in, opened.faults) == (
            book.settings,
            book.as_of,
            book.answers_in,
            book.faults,
        )
        assert opened.dropped.equals(book.dropped)


def test_answers_are_the_same(tmp_path):
    book, again = made(), prepare(made(), tmp_path / "book")
    assert spells(again).equals(spells(book))
    assert histogram(again, by=["team"]).equals(histogram(book, by=["team"]))
    for question in (velocity.time_in_stage, velocity.exits, velocity.curves):
        assert question(again).equals(question(book).frame)
    assert again.at(day(20)).tables["deals"].lazy().collect().equals(book.at(day(20)).tables["deals"])


def test_dropped_rows_and_faults_come_back(tmp_path):
    deals = pl.DataFrame(
        {
            "deal_id": [f"d{i}" for i in range(9)] + ["d0"],
            "pipeline": ["P"] * 9 + ["Q"],
            "outcome": ["won"] * 10,
            "outcome_at": ["2026-01-01"] * 10,
        }
    )
    book = DealBook.from_frames(deals=deals)
    again = prepare(book, tmp_path / "book")
    assert again.dropped.equals(book.dropped)
    assert again.dropped.height == 1
    assert again.faults == book.faults


def test_only_a_prepared_book_is_replaced(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(UsageError) as refused:
        prepare(made(), tmp_path / "mine")
    assert refused.value.code == "folder_in_use"
    assert (tmp_path / "mine" / "thesis.txt").read_text(encoding="utf-8") == "years of work"
    (tmp_path / "empty").mkdir()
    prepare(made(), tmp_path / "empty")
    other = as_book(spell_rows([(0, 4, "lost")]))
    assert prepare(other, tmp_path / "empty").tables["deals"].collect().height == 1


def test_a_prepared_book_can_be_prepared_in_its_own_place(tmp_path):
    first = prepare(made(), tmp_path / "book")
    again = prepare(open_book(tmp_path / "book"), tmp_path / "book")
    assert again.hash == first.hash
    assert again.tables["deals"].collect().equals(made().tables["deals"])


def test_another_format_is_refused(tmp_path):
    prepare(made(), tmp_path / "book")
    manifest = json.loads((tmp_path / "book" / MANIFEST).read_text(encoding="utf-8"))
    (tmp_path / "book" / MANIFEST).write_text(json.dumps({**manifest, "format": 99}), encoding="utf-8")
    with pytest.raises(UsageError) as refused:
        open_book(tmp_path / "book")
    assert refused.value.code == "prepared_format"


def test_opening_reads_no_table(tmp_path, monkeypatch):
    """That is why it takes milliseconds, however large the book is."""
    rows = spell_rows([(i % 50, 3 + i % 5, "lost") for i in range(2_500)], as_of=400)
    prepare(made(), tmp_path / "small")
    prepare(as_book(rows), tmp_path / "large")
    open_book(tmp_path / "small")  # what is imported only once

    def collect(*_, **__):
        raise AssertionError("a table was read")

    read, read_parquet = [], pl.read_parquet
    monkeypatch.setattr(pl.LazyFrame, "collect", collect)
    monkeypatch.setattr(pl, "collect_all", collect)
    monkeypatch.setattr(pl, "read_parquet", lambda path, **more: read.append(path.name) or read_parquet(path, **more))
    small, large = (calls(lambda name=name: open_book(tmp_path / name)) for name in ("small", "large"))
    assert large < 1.2 * small
    assert read == ["_dropped.parquet"] * 2  # the rows that were left out, which are few


# --- hash ------------------------------------------------------------------------------------------------------------


def test_the_hash_is_the_same_for_the_same_book():
    assert content_hash(made()) == content_hash(made())
    assert len(content_hash(made())) == 16
    int(content_hash(made()), 16)


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("deals", "amount", 7.5),
        ("deals", "amount", None),
        ("deals", "team", "Z"),
        ("deals", "outcome_at", day(399)),
        ("stage_events", "entered_at", day(1.5)),
        ("stage_events", "seq", 9),
        ("stages", "is_lost", True),
    ],
)
def test_the_hash_changes_with_any_cell(table, column, value):
    book = made()
    frame = book.tables[table]
    for row in (0, frame.height - 1):
        at = pl.int_range(pl.len()) == row
        changed = frame.with_columns(
            pl.when(at).then(pl.lit(value, frame[column].dtype)).otherwise(pl.col(column)).alias(column)
        )
        if changed.equals(frame):
            continue
        assert content_hash(book.replace(tables={**book.tables, table: changed})) != content_hash(book)


def test_the_hash_changes_with_settings_as_of_rows_and_tables():
    book = made()
    deals = book.tables["deals"]
    others = [
        book.replace(settings=Settings()),
        book.replace(as_of=book.as_of + timedelta(microseconds=1)),
        book.replace(tables={**book.tables, "deals": deals[:-1]}),
        book.replace(tables={k: v for k, v in book.tables.items() if k != "stages"}),
        book.replace(tables={**book.tables, "deals": deals.with_columns(name=pl.col("segment"), segment=pl.lit("x"))}),
    ]
    assert len({content_hash(other) for other in (book, *others)}) == 6


# --- bugs ------------------------------------------------------------------------------------------------------------


def test_as_of_is_heard_when_a_prepared_book_is_opened(tmp_path):
    prepare(made(), tmp_path / "book")
    try:
        assert open_book(tmp_path / "book", as_of=day(20)).as_of == day(20)
    except UsageError:  # refusing is right too
        return


def test_a_prepared_book_taken_back_has_a_hash_of_its_own(tmp_path):
    first = prepare(made(), tmp_path / "book")
    second = prepare(first.at(day(20)), tmp_path / "then")
    assert second.hash != first.hash


def test_nothing_of_the_book_that_was_replaced_is_left(tmp_path):
    notes = pl.DataFrame({"deal_id": ["d0000"], "at": [day(1)], "kind": ["story"], "text": ["private"]})
    prepare(DealBook.from_frames(**as_frames(ROWS), notes=notes, as_of=ROWS["as_of"]), tmp_path / "book")
    prepare(made(), tmp_path / "book")
    assert not (tmp_path / "book" / "notes.parquet").exists()


def test_a_file_is_no_place_for_a_book(tmp_path):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(UsageError):
        prepare(made(), tmp_path / "file")


def test_a_book_of_one_team_stays_one(tmp_path):
    book = made().replace(team="A")
    assert prepare(book, tmp_path / "book").team == "A"
