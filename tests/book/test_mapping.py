"""The grammar of kpikit.toml: rename, constant, value map, lookup and order of stages, through ``open_book``."""

import json
import re

import pytest

from kpikit import DataError, UsageError, open_book
from kpikit.errors import KpikitError
from kpikit.words import Words

#: row 5 has no status, row 6 one that nobody explains; stages are written in three ways
DEALS = """Nr,Klant,Stand,Som,Start,Einde,Product
001,Acme,Ja!,100,2026-01-05,2026-02-01,GTXPro
002,Borg,nee,200,2026-01-06,2026-02-02,Basic
003,acme ,JA! ,300,2026-01-07,2026-02-03,gtx pro
004,,,400,2026-01-08,,Basic
005,Cave,bezig,500,2026-01-09,,Oud
"""
PRODUCTS = "Naam,Reeks\nGTX Pro,GTX\nBasic,Basis\n"
MAPPING = {
    "columns": {"deal_id": "Nr", "outcome": "Stand", "amount": "Som", "created_at": "Start", "outcome_at": "Einde"},
    "constants": {"pipeline": "Verkoop"},
    "values": {"outcome": {"ja!": "won", "nee": "lost", "": "open", "*": "open"}},
}


def toml(tables, **more):
    """Tables as a kpikit.toml (JSON's strings, numbers, truth values and lists are TOML's too)."""
    lines = [line for name, part in more.items() for line in (f"[{name}]", *_pairs(part))]
    for name, table in tables.items():
        lines += [f"[tables.{name}]", *_pairs(table)]
    return "\n".join(lines)


def _pairs(part):
    return [f"{json.dumps(key)} = {_value(value)}" for key, value in part.items()]


def _value(value):
    if isinstance(value, dict):
        return "{" + ", ".join(_pairs(value)) + "}"
    return json.dumps(value, ensure_ascii=False)


def book_of(folder, tables=None, deals=DEALS, products=PRODUCTS, **more):
    """The book of DEALS with tables given beside, or in place of, the mapping above."""
    (folder / "lijst.csv").write_text(deals, encoding="utf-8")
    (folder / "producten.csv").write_text(products, encoding="utf-8")
    given = {"deals": {"file": "lijst.csv", **MAPPING}, **(tables or {})}
    (folder / "kpikit.toml").write_text(toml(given, **more), encoding="utf-8")
    return open_book(folder / "kpikit.toml")


def column(book, name, table="deals"):
    frame = book.tables[table]
    return dict(frame.sort(frame.columns[0]).select(frame.columns[0], name).iter_rows())


def rules(book):
    return [(fault.rule, fault.row, fault.value) for fault in book.faults]


# --- columns, constants, values --------------------------------------------------------------------------------------


def test_columns_are_renamed_and_constants_are_the_same_for_every_row(tmp_path):
    book = book_of(tmp_path)
    assert column(book, "amount") == {"001": 100, "002": 200, "003": 300, "004": 400, "005": 500}
    assert set(column(book, "pipeline").values()) == {"Verkoop"}
    assert book.dropped.is_empty()


def test_values_mean_what_is_said_whatever_their_case_and_outer_spaces(tmp_path):
    assert column(book_of(tmp_path), "outcome") == {
        "001": "won",
        "002": "lost",
        "003": "won",  # "JA! "
        "004": "open",  # empty
        "005": "open",  # "bezig", which nobody explains
    }


def test_without_a_word_for_the_others_they_stay_as_they_are(tmp_path):
    values = {"outcome": {"Ja!": "won", "nee": "lost", "": "open"}}
    book = book_of(tmp_path, {"deals": {"file": "lijst.csv", **MAPPING, "values": values}})
    assert book.dropped["_row"].to_list() == [6]
    assert ("unknown_choice", 6, "bezig") in rules(book)
    assert "005" not in column(book, "outcome")


def test_without_a_word_for_an_empty_cell_it_stays_empty(tmp_path):
    values = {"outcome": {"Ja!": "won", "nee": "lost", "*": "open"}}
    book = book_of(tmp_path, {"deals": {"file": "lijst.csv", **MAPPING, "values": values}})
    assert book.dropped.select("rule", "_row").rows() == [("required_empty", 5)]


def test_a_value_that_no_cell_has_is_noted(tmp_path):
    values = {"outcome": {**MAPPING["values"]["outcome"], "Gewonen": "won"}}
    book = book_of(tmp_path, {"deals": {"file": "lijst.csv", **MAPPING, "values": values}})
    assert ("value_unused", None, "Gewonen") in rules(book)
    assert len([f for f in book.faults if f.rule == "value_unused"]) == 1  # "" and "*" are no spelling


def test_constants_may_be_numbers_and_truth_values(tmp_path):
    constants = {"pipeline": "p", "probability": 40, "is_icp": True, "discount": 0.5}
    book = book_of(tmp_path, {"deals": {"file": "lijst.csv", **MAPPING, "constants": constants}})
    row = book.tables["deals"].select("probability", "is_icp", "discount").row(0)
    assert row == (40.0, True, 0.5)


def test_values_of_a_constant_and_of_a_lookup(tmp_path):
    more = {
        "constants": {"pipeline": "eerste"},
        "values": {**MAPPING["values"], "pipeline": {"eerste": "Verkoop"}, "deal_type": {"GTX": "duur", "*": "gewoon"}},
        "lookup": {"deal_type": {"file": "producten.csv", "key": "Naam", "column": "Reeks", "on": "Product"}},
    }
    book = book_of(tmp_path, {"deals": {"file": "lijst.csv", **MAPPING, **more}})
    assert set(column(book, "pipeline").values()) == {"Verkoop"}
    assert column(book, "deal_type") == {"001": "duur", "002": "gewoon", "003": "duur", "004": "gewoon", "005": None}


def test_without_columns_the_file_has_kpikits_names(tmp_path):
    own = "deal_id,outcome,amount,created_at,note_of_mine\nx,won,5,2026-01-01,hello\n"
    book = book_of(tmp_path, {"deals": {"file": "lijst.csv", "constants": {"pipeline": "p"}}}, deals=own)
    assert column(book, "amount") == {"x": 5}


def test_one_column_may_be_two_of_ours(tmp_path):
    columns = {**MAPPING["columns"], "stage": "Stand"}
    book = book_of(tmp_path, {"deals": {"file": "lijst.csv", **MAPPING, "columns": columns}})
    assert column(book, "stage")["005"] == "bezig"


# --- lookup ----------------------------------------------------------------------------------------------------------

LOOKUP = {"lookup": {"deal_type": {"file": "producten.csv", "key": "Naam", "column": "Reeks", "on": "Product"}}}


def test_a_lookup_finds_exactly_then_by_letters_and_says_what_it_did(tmp_path):
    book = book_of(tmp_path, {"deals": {"file": "lijst.csv", **MAPPING, **LOOKUP}})
    assert column(book, "deal_type") == {"001": "GTX", "002": "Basis", "003": "GTX", "004": "Basis", "005": None}
    near, missed = (next(f for f in book.faults if f.rule == rule) for rule in ("lookup_near", "lookup_missed"))
    assert (near.file, near.row, near.column, near.value, near.n) == ("lijst.csv", 2, "Product", "GTXPro", 2)
    assert (near.values["like"], near.values["other"], near.values["distinct"]) == ("GTX Pro", "producten.csv", 2)
    assert (missed.row, missed.value, missed.n) == (6, "Oud", 1)
    for language in ("en", "nl"):
        assert "GTXPro" in Words(language).fault(near)
        assert "producten.csv" in Words(language).fault(missed)


def test_a_key_that_stands_twice_counts_once(tmp_path):
    products = PRODUCTS + "Basic,Anders\nBasic,Nog anders\n"
    book = book_of(tmp_path, {"deals": {"file": "lijst.csv", **MAPPING, **LOOKUP}}, products=products)
    assert column(book, "deal_type")["002"] == "Basis"
    (repeated,) = [f for f in book.faults if f.rule == "lookup_repeated"]
    assert (repeated.file, repeated.row, repeated.column, repeated.value, repeated.n) == (
        "producten.csv", 4, "Naam", "Basic", 2
    )  # fmt: skip


def test_a_missing_key_that_the_mapping_explains_is_no_fault(tmp_path):
    lookup = {
        name: {"file": "producten.csv", "key": "Naam", "column": "Reeks", "on": "Product"}
        for name in ("deal_type", "source")
    }
    values = {**MAPPING["values"], "source": {"": "zonder reeks"}}
    book = book_of(tmp_path, {"deals": {"file": "lijst.csv", **MAPPING, "lookup": lookup, "values": values}})
    assert column(book, "source")["005"] == "zonder reeks"
    assert [f for f in book.faults if f.rule == "lookup_missed"] == []


def test_the_key_is_the_same_name_in_both_files_unless_on_says_otherwise(tmp_path):
    lookup = {"deal_type": {"file": "producten.csv", "key": "Product", "column": "Reeks"}}
    products = PRODUCTS.replace("Naam", "Product")
    book = book_of(tmp_path, {"deals": {"file": "lijst.csv", **MAPPING, "lookup": lookup}}, products=products)
    assert column(book, "deal_type")["002"] == "Basis"


# --- stages by order -------------------------------------------------------------------------------------------------


def test_stages_by_order_with_the_closed_ones_last(tmp_path):
    order = {"order": ["Nieuw", "Offerte"], "won": ["Ja!"], "lost": ["nee"], "pipeline": "Verkoop"}
    stages = book_of(tmp_path, {"stages": order}).tables["stages"]
    assert stages.select("pipeline", "stage", "position", "is_won", "is_lost").rows() == [
        ("Verkoop", "Nieuw", 1, False, False),
        ("Verkoop", "Offerte", 2, False, False),
        ("Verkoop", "Ja!", 3, True, False),
        ("Verkoop", "nee", 4, False, True),
    ]


def test_a_closed_stage_may_stand_within_the_order_and_the_pipeline_may_be_left_out(tmp_path):
    stages = book_of(tmp_path, {"stages": {"order": ["A", "Won", "B"], "won": ["Won"]}}).tables["stages"]
    assert stages.select("pipeline", "stage", "is_won").rows() == [
        ("Verkoop", "A", False),  # a list without a pipeline holds in every pipeline of the deals
        ("Verkoop", "Won", True),
        ("Verkoop", "B", False),
    ]


# --- what the grammar does not know ----------------------------------------------------------------------------------

BASE = {"file": "lijst.csv", **MAPPING}


@pytest.mark.parametrize(
    ("tables", "code", "setting"),
    [
        ({"deal": BASE}, "unknown_setting", "tables.deal"),
        ({"deals": {**BASE, "colums": {}}}, "unknown_setting", "tables.deals.colums"),
        ({"deals": {**BASE, "order": ["A"]}}, "unknown_setting", "tables.deals.order"),
        ({"deals": {**BASE, "columns": {"deal": "Nr"}}}, "unknown_setting", "tables.deals.columns.deal"),
        ({"deals": {**BASE, "constants": {"pipe": "p"}}}, "unknown_setting", "tables.deals.constants.pipe"),
        ({"deals": {**BASE, "values": {"status": {}}}}, "unknown_setting", "tables.deals.values.status"),
        ({"deals": {**BASE, "lookup": {"sector": {}}}}, "unknown_setting", "tables.deals.lookup.sector"),
        (
            {"deals": {**BASE, "lookup": {"segment": {"file": "a", "key": "b", "col": "c"}}}},
            "unknown_setting",
            "tables.deals.lookup.segment.col",
        ),
        (
            {"deals": {**BASE, "lookup": {"segment": {"file": "a", "key": "b"}}}},
            "missing_setting",
            "tables.deals.lookup.segment.column",
        ),
        ({"deals": MAPPING}, "missing_setting", "tables.deals.file"),
        ({"stages": {"won": ["Won"]}}, "missing_setting", "tables.stages.file"),
        ({"deals": {**BASE, "constants": {"outcome": "won"}}}, "mapped_twice", "tables.deals"),
        ({"deals": {**BASE, "lookup": {"amount": {**LOOKUP["lookup"]["deal_type"]}}}}, "mapped_twice", "tables.deals"),
        (
            {"deals": {**BASE, "values": {**MAPPING["values"], "segment": {"a": "b"}}}},
            "values_of_nothing",
            "tables.deals.values.segment",
        ),
    ],
)
def test_what_the_grammar_does_not_know_is_named_with_what_it_knows(tmp_path, tables, code, setting):
    with pytest.raises(UsageError) as refused:
        book_of(tmp_path, tables)
    assert (refused.value.code, refused.value.values["setting"]) == (code, setting)
    for language in ("en", "nl"):
        assert setting in refused.value.sentence(language)


def test_columns_that_no_file_has_are_said_all_at_once(tmp_path):
    lookup = {"segment": {"file": "producten.csv", "key": "naam", "column": "Sector", "on": "product"}}
    columns = {**MAPPING["columns"], "name": "Titel", "owner": "Titel"}
    people = {"file": "producten.csv", "columns": {"owner": "Wie", "team": "Team"}}
    with pytest.raises(DataError) as refused:
        book_of(tmp_path, {"deals": {**BASE, "columns": columns, "lookup": lookup}, "people": people})
    assert [(f.rule, f.file, f.column) for f in refused.value.faults] == [
        ("no_such_column", "lijst.csv", "Titel"),
        ("no_such_column", "lijst.csv", "product"),
        ("no_such_column", "producten.csv", "naam"),
        ("no_such_column", "producten.csv", "Sector"),
        ("no_such_column", "producten.csv", "Wie"),
        ("no_such_column", "producten.csv", "Team"),
    ]


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UsageError) as refused:
        book_of(tmp_path, {"deals": {**BASE, "file": "ander.csv"}})
    assert (refused.value.code, refused.value.values["file"]) == ("file_not_found", "ander.csv")


#: kinds of value that TOML allows and the grammar does not: what stands in kpikit.toml beside a deals.csv in our names
ODD = {
    "tables": "tables = 5",
    "settings": "settings = 5",
    "formats": "formats = 5",
    "a table": "[tables]\ndeals = 5",
    "a file": "[tables.deals]\nfile = 5",
    "columns": '[tables.deals]\nfile = "deals.csv"\ncolumns = 5',
    "a list of columns": '[tables.deals]\nfile = "deals.csv"\ncolumns = ["deal_id"]',
    "a list for a column": '[tables.deals]\nfile = "deals.csv"\ncolumns = { deal_id = [5] }',
    "values": '[tables.deals]\nfile = "deals.csv"\nvalues = { outcome = "won" }',
    "a lookup": '[tables.deals]\nfile = "deals.csv"\nlookup = { segment = "deals.csv" }',
    "an order": "[tables.stages]\norder = 5",
    "won": '[tables.stages]\norder = ["A"]\nwon = true',
    "a currency": "settings = { currency = 5 }",
    "max_dropped": 'settings = { max_dropped = "a" }',
    "a pipeline of an event log": '[event_log]\nfile = "deals.csv"\nstages = 5\ncase = "deal_id"\nactivity = "outcome"'
    '\ntime = "created_at"',
}


@pytest.mark.parametrize("case", list(ODD))
def test_a_value_of_an_odd_kind_is_refused_in_a_sentence(tmp_path, case):
    deals = "deal_id,pipeline,outcome,created_at,amount,currency\na,p,won,2026-01-01,5,EUR\nb,p,open,2026-01-02,6,EUR\n"
    (tmp_path / "deals.csv").write_text(deals, encoding="utf-8")
    (tmp_path / "kpikit.toml").write_text(ODD[case], encoding="utf-8")
    with pytest.raises(KpikitError) as refused:
        open_book(tmp_path)
    for language in ("en", "nl"):
        assert refused.value.sentence(language)


# --- faults and paths ------------------------------------------------------------------------------------------------


def test_a_fault_names_the_column_as_the_file_has_it(tmp_path):
    deals = DEALS.replace("200", "veel").replace("2026-01-08", "straks")
    book = book_of(tmp_path, deals=deals)
    noticed = [f for f in book.faults if f.rule != "columns_unused"]
    assert {(f.rule, f.row, f.column) for f in noticed} == {
        ("unreadable_number", 3, "Som (amount)"),
        ("unreadable_date", 5, "Start (created_at)"),
    }


def test_a_column_that_has_our_name_already_is_not_said_twice(tmp_path):
    book = book_of(
        tmp_path,
        {"deals": {**BASE, "columns": {**MAPPING["columns"], "amount": "amount"}}},
        deals=DEALS.replace("Som", "amount").replace("200", "veel"),
    )
    assert [f.column for f in book.faults if f.rule != "columns_unused"] == ["amount"]


def test_a_book_that_does_not_open_says_their_names_too(tmp_path):
    with pytest.raises(DataError) as refused:
        book_of(tmp_path, deals=DEALS.replace("2026-", "").replace("01-0", "01-02-202").replace("02-0", "01-02-202"))
    assert "Start (created_at)" in {fault.column for fault in refused.value.faults}


def test_paths_are_relative_to_the_toml_and_not_to_where_one_stands(tmp_path, monkeypatch):
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "x.csv").write_text(DEALS, encoding="utf-8")
    (tmp_path / "mijn").mkdir()
    config = toml({"deals": {**BASE, "file": "../export/x.csv"}})
    (tmp_path / "mijn" / "kpikit.toml").write_text(config, encoding="utf-8")
    (tmp_path / "elders").mkdir()
    monkeypatch.chdir(tmp_path / "elders")
    assert open_book(tmp_path / "mijn" / "kpikit.toml").tables["deals"].height == 5
    assert open_book("../mijn").tables["deals"].height == 5  # the folder of a kpikit.toml is a book too


def test_a_kpikit_toml_may_have_any_name(tmp_path):
    book_of(tmp_path)
    (tmp_path / "kpikit.toml").rename(tmp_path / "mijn.toml")
    assert open_book(tmp_path / "mijn.toml").tables["deals"].height == 5


def test_of_several_columns_the_first_that_is_filled_counts(tmp_path):
    deals = "id,state,won on,lost on\na,won,2026-01-02,\nb,lost,,2026-02-03\nc,open,,\n"
    tables = {
        "deals": {
            "file": "lijst.csv",
            "columns": {"deal_id": "id", "outcome": "state", "outcome_at": ["won on", "lost on"]},
            "constants": {"pipeline": "p"},
        }
    }
    book = book_of(tmp_path, tables, deals=deals)
    ends = book.tables["deals"].sort("deal_id")["outcome_at"].to_list()
    assert [end and f"{end:%m-%d}" for end in ends] == ["01-02", "02-03", None]


def test_one_order_of_stages_for_several_pipelines(tmp_path):
    stages = {"order": ["Talk", "Offer"], "pipeline": ["New", "Renewal"]}
    rows = book_of(tmp_path, {"deals": BASE, "stages": stages}).tables["stages"]
    assert rows.select("pipeline", "stage", "position").rows() == [
        ("New", "Talk", 1), ("New", "Offer", 2), ("Renewal", "Talk", 1), ("Renewal", "Offer", 2),
    ]  # fmt: skip


def test_every_example_of_the_docs_keeps_the_grammar(root, tmp_path):
    """Each block is read up to the first file that is not there; what stands in it is then known to be allowed."""
    text = (root / "docs" / "bring-your-data.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    assert len(blocks) > 8
    for block in blocks:
        (tmp_path / "kpikit.toml").write_text(block, encoding="utf-8")
        with pytest.raises(KpikitError) as stopped:
            open_book(tmp_path)
        made = (
            stopped.value.code == "missing_setting"  # a part that is shown alone
        )  # deals from a history that is not shown
        assert made or stopped.value.code in ("file_not_found", "no_file_fits", "data"), block
