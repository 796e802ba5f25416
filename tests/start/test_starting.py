"""``kpikit init``: from the files of an export to a kpikit.toml that opens, with at most seven questions."""

import tomllib
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from kpikit import DataError, UsageError, open_book
from kpikit.errors import SEVERITY, KpikitError
from kpikit.shipped import shipped
from kpikit.start.starting import keep, once_more, start, understand
from kpikit.start.understood import three_rows
from kpikit.words import Words
from tests.start import exports


class Asked:
    """Answers in place of a person: what is asked is kept; without an answer of its own the guess is taken."""

    def __init__(self, **answers):
        self.answers, self.questions = answers, []

    def __call__(self, question, blanks, guess):
        self.questions.append((question, guess))
        for language in ("en", "nl"):
            assert Words(language).say(f"ask.{question}", **blanks)
        return self.answers.get(question, guess)


def made_of(tmp_path, export, language="en", **answers):
    asked = Asked(**answers)
    made = start(exports.EXPORTS[export](tmp_path / "export"), tmp_path / "mine", asked, Words(language))
    return made, asked


def outcomes(book):
    return dict(book.tables["deals"]["outcome"].value_counts().iter_rows())


# --- whole exports ---------------------------------------------------------------------------------------------------

ZONES = {"hubspot_nl": "Europe/Amsterdam", "salesforce_nl": "Europe/Amsterdam", "pipedrive_nl": "Europe/Amsterdam"}
DAYS_ONLY = {"salesforce_en", "salesforce_nl"}
KNOWN = [name for name in exports.EXPORTS if name != "anything"]


@pytest.mark.parametrize("export", KNOWN)
def test_an_export_opens_with_every_guess_taken(tmp_path, export):
    made, asked = made_of(tmp_path, export)
    assert made.error is None
    assert len(asked.questions) <= 7
    book, deals = made.book, made.book.tables["deals"]
    assert outcomes(book) == exports.COUNTS
    assert deals["amount"].sum() == exports.AMOUNT
    assert deals.filter(outcome="won")["amount"].sum() == exports.WON_AMOUNT
    assert deals["amount_home"].sum() == exports.AMOUNT
    assert set(deals["currency"]) == {"EUR"}
    zone = ZoneInfo(ZONES.get(export, "UTC"))
    first = exports.FIRST.replace(hour=0) if export in DAYS_ONLY else exports.FIRST
    assert deals["created_at"].min() == first.replace(tzinfo=zone)
    assert book.dropped.is_empty()
    # the expected close of open deals, up to 8 July, is not how far the data go
    last = exports.LAST.replace(tzinfo=zone)
    assert book.as_of == (last.replace(hour=0, minute=0) if export in DAYS_ONLY else last)
    due = deals.filter(outcome="open")["expected_close_on"].sort()
    assert due.to_list() == [date(2026, 6, 1) + timedelta(days=i) for i in range(2, 40, 5)]


@pytest.mark.parametrize(
    ("export", "teams"),
    [
        ("hubspot_en", {"Noord": 20, "Zuid": 20}),
        ("hubspot_nl", {"Noord": 20, "Zuid": 20}),
        ("pipedrive_en", {"all": 40}),
    ],
)
def test_teams(tmp_path, export, teams):
    made, _ = made_of(tmp_path, export)
    assert dict(made.book.tables["deals"]["team"].value_counts().iter_rows()) == teams


def test_letters_of_a_dutch_export_of_windows(tmp_path):
    deals = made_of(tmp_path, "hubspot_nl")[0].book.tables["deals"].sort("created_at")
    assert deals.select("name", "owner", "amount").row(1) == ("Déal 1", "Björn Smit", 1250.5)


def test_ids_stay_text(tmp_path):
    deals = made_of(tmp_path, "salesforce_en")[0].book.tables["deals"]
    assert deals["deal_id"].str.len_chars().unique().to_list() == [15]
    assert deals["deal_id"].str.starts_with("0065e").all()


def test_the_history_of_salesforce_gives_stages(tmp_path):
    book = made_of(tmp_path, "salesforce_api")[0].book
    # deal i passes i mod 3 + 1 open stages (13 + 2 x 13 + 3 x 13 + 1 = 79) and, if it ended (32), the closed one
    assert book.tables["stage_events"].height == 79 + 32
    stages = book.tables["stages"].select("stage", "position", "is_won", "is_lost").rows()
    assert stages == [
        ("Prospecting", 1, False, False),
        ("Qualification", 2, False, False),
        ("Proposal/Price Quote", 3, False, False),
        ("Closed Won", 4, True, False),
        ("Closed Lost", 5, False, True),
    ]
    found = book.fitness()
    assert found.filter(part="answers", subject="time_in_stage")["code"].to_list() == ["answered"]
    # a closed deal's CloseDate is a day, its history ends at a time of that day
    assert found.filter(code="stage_mismatch")["n"].to_list() == [0]


def test_headers_that_nobody_knows_are_read_by_their_values(tmp_path):
    """A number of its own each, words of an end, a first day, a day that only ended deals have, sums with a sign."""
    made = start(exports.EXPORTS["anything"](tmp_path / "export"), tmp_path / "mine", None, Words("nl"))
    config = tomllib.loads(made.path.read_text(encoding="utf-8"))
    assert config["tables"]["deals"]["columns"] == {
        "deal_id": "Nummer", "outcome": "Hoe staat het", "amount": "Hoeveel", "created_at": "Begonnen",
        "outcome_at": "Afgelopen",
    }  # fmt: skip
    assert made.is_clear
    book = open_book(made.path)
    assert outcomes(book) == exports.COUNTS
    assert book.tables["deals"]["amount"].sum() == exports.AMOUNT
    assert [told.code for told in made.guess.told] == ["id_by_values", "ends_by_values", *["by_values"] * 3]


def test_the_demos_files(tmp_path, demo):
    """A folder in our own names, without its kpikit.toml: all tables, and of them what no setting decides."""
    made = start(sorted(shipped("demo").glob("*.csv")), tmp_path, Asked(), Words("en"))
    assert made.error is None
    mine, shared = made.book.tables, demo.tables
    assert {name: frame.height for name, frame in mine.items()} == {
        name: frame.height for name, frame in shared.items()
    }
    for name in ("deal_id", "outcome", "amount", "currency", "owner", "team"):
        assert mine["deals"][name].equals(shared["deals"][name])


def test_a_pipeline_column_beside_a_history_keeps_the_order_of_the_stages(tmp_path):
    files = exports.salesforce_api(tmp_path / "export")
    rows = pl.read_csv(files[0], infer_schema=False).with_columns(Pipeline=pl.lit("Sales"))
    rows.write_csv(files[0])
    book = start(files, tmp_path, Asked(), Words("en")).book
    assert set(book.tables["deals"]["pipeline"]) <= set(book.tables["stages"]["pipeline"])


# --- the questions ---------------------------------------------------------------------------------------------------


def test_at_most_seven_questions_each_with_its_guess(tmp_path):
    _, asked = made_of(tmp_path, "hubspot_en")
    assert asked.questions == [("time_zone", "UTC"), ("fiscal_year_starts", "1"), ("persons", "n")]


def test_where_it_does_not_look_right_all_is_asked(tmp_path):
    asked = Asked()
    made = understand(exports.hubspot_en(tmp_path / "export"), tmp_path / "mine", asked)
    asked.questions.clear()
    once_more(made, asked)
    assert asked.questions == [
        ("won", "Closed Won"),
        ("lost", "Closed Lost"),
        ("team", "HubSpot Team"),
        ("currency", "EUR"),
        ("time_zone", "UTC"),
        ("fiscal_year_starts", "1"),
        ("persons", "n"),
    ]


def test_what_the_file_says_in_our_own_words_is_not_asked(tmp_path):
    (tmp_path / "deals.csv").write_text("deal_id,pipeline,outcome,created_at\na,p,won,2026-01-02\n", encoding="utf-8")
    asked = Asked()
    start([tmp_path / "deals.csv"], tmp_path / "mine", asked, Words("en"))
    assert [question for question, _ in asked.questions] == ["currency", "time_zone", "fiscal_year_starts", "persons"]


def corrected(files, out, **answers):
    """What comes of an export when somebody says that it does not look right, and then answers."""
    made = once_more(understand(files, out, Asked()), Asked(**answers))
    keep(made, Words("en"))
    return made


def test_answers_win_over_guesses(tmp_path):
    made = corrected(
        exports.hubspot_en(tmp_path / "export"),
        tmp_path / "mine",
        won=" closed WON , Contract Sent ",
        lost="Closed Lost",
        team="",
        currency="usd",
        time_zone="Europe/Brussels",
        fiscal_year_starts="4",
        persons="y",
    )
    config = tomllib.loads(made.path.read_text(encoding="utf-8"))
    assert config["settings"] == {"time_zone": "Europe/Brussels", "fiscal_year_starts": 4, "currency": "USD"}
    assert config["privacy"] == {"persons": "self"}
    assert config["tables"]["deals"]["values"]["outcome"] == {
        "Closed Won": "won", "Closed Lost": "lost", "Contract Sent": "won", "Qualified To Buy": "open",
        "Appointment Scheduled": "open",
    }  # fmt: skip
    assert "team" not in config["tables"]["deals"]["columns"]
    assert set(made.book.tables["deals"]["team"]) == {"all"}


def test_an_answer_may_name_another_column(tmp_path):
    rows = [
        {"Record ID": f"r{i}", "Deal Status": ("Won", "Lost", "Open")[i % 3], "Uitslag": ("Lost", "Won", "Won")[i % 3],
         "Create Date": f"2026-01-{i + 1:02}"}
        for i in range(9)
    ]  # fmt: skip
    made = corrected([exports.write(tmp_path / "export.csv", rows)], tmp_path / "mine", won="= uitslag")
    config = tomllib.loads(made.path.read_text(encoding="utf-8"))["tables"]["deals"]
    assert config["columns"]["outcome"] == "Uitslag"
    assert config["values"]["outcome"] == {"Lost": "lost", "Won": "won"}
    assert outcomes(made.book) == outcomes(open_book(made.path)) == {"won": 6, "lost": 3}


def _list_of(tmp_path, values, header="Deal Status"):
    rows = [{"Record ID": f"r{i}", header: v, "Create Date": f"2026-01-{i % 28 + 1:02}"} for i, v in enumerate(values)]
    return exports.write(tmp_path / "export.csv", rows)


def test_values_that_hold_a_comma_are_kept_whole(tmp_path):
    values = ["Won", "Won, later", "Lost, price", "Lost, no budget", "Open"] * 3
    made = start([_list_of(tmp_path, values)], tmp_path, Asked(), Words("en"))
    assert outcomes(made.book) == {"won": 6, "lost": 6, "open": 3}


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({}, {"won": 3, "lost": 3, "void": 3, "open": 3}),
        ({"lost": "Lost, Duplicate"}, {"won": 3, "lost": 6, "open": 3}),
        ({"won": "Won, Duplicate"}, {"won": 6, "lost": 3, "open": 3}),
    ],
)
def test_what_is_set_aside_is_so_unless_somebody_says_it_was_won_or_lost(tmp_path, answers, expected):
    values = ["Won", "Lost", "Duplicate", "Open"] * 3
    made = corrected([_list_of(tmp_path, values)], tmp_path, **answers)
    assert outcomes(made.book) == expected


def test_an_answer_may_name_a_value_that_holds_a_comma(tmp_path):
    values = ["Yes, signed", "No, too dear", "No", "Maybe", "Won"] * 3
    made = corrected([_list_of(tmp_path, values)], tmp_path, won="yes,signed, won", lost="No, No, too dear")
    assert outcomes(made.book) == {"won": 6, "lost": 6, "open": 3}


def test_no_value_at_all_may_mean_lost(tmp_path):
    made = start([_list_of(tmp_path, ["Won", "Running"] * 5)], tmp_path, Asked(), Words("en"))
    assert outcomes(made.book) == {"won": 5, "open": 5}


def _ambiguous(tmp_path, header="Create Date", delimiter=","):
    """All days fit both orders, and the only amount both decimal marks."""
    rows = [
        {"Record ID": f"r{i}", "Deal Status": ("Won", "Open")[i % 2], header: f"0{i + 1}-02-2026", "Amount": "1.234"}
        for i in range(6)
    ]
    return exports.write(tmp_path / "export.csv", rows, delimiter=delimiter)


def test_what_the_reader_cannot_settle_is_asked_once(tmp_path):
    asked = Asked(date_order="mdy", decimal=".")
    made = start([_ambiguous(tmp_path)], tmp_path, asked, Words("en"))
    assert made.error is None
    assert [q for q, _ in asked.questions if q in ("date_order", "decimal")] in (
        ["date_order", "decimal"],
        ["decimal", "date_order"],
    )
    assert tomllib.loads(made.path.read_text(encoding="utf-8"))["formats"] == {"date_order": "mdy", "decimal": "."}
    deals = made.book.tables["deals"].sort("deal_id")
    assert deals["created_at"][1].date() == date(2026, 2, 2)
    assert deals["created_at"][2].date() == date(2026, 3, 2)
    assert deals["amount"][0] == 1.234


def test_in_a_dutch_export_day_first_and_a_decimal_comma_are_the_guess(tmp_path):
    made = start([_ambiguous(tmp_path, "Aanmaakdatum", ";")], tmp_path, Asked(), Words("nl"))
    deals = made.book.tables["deals"].sort("deal_id")
    zone = ZoneInfo("Europe/Amsterdam")
    assert deals["created_at"][2].astimezone(zone).date() == date(2026, 2, 3)
    assert deals["amount"][0] == 1234


def test_without_an_answer_the_draft_is_written_and_says_what_is_open(tmp_path):
    made = start([_ambiguous(tmp_path)], tmp_path, Asked(), Words("en"))
    assert made.book is None
    assert {"day_month_ambiguous", "decimal_ambiguous"} <= {fault.rule for fault in made.error.faults}
    assert tomllib.loads(made.path.read_text(encoding="utf-8"))["tables"]["deals"]["file"] == "export.csv"
    assert made.period == ""


def test_a_slip_in_an_answer_about_the_format_does_not_lose_the_others(tmp_path):
    made = start([_ambiguous(tmp_path)], tmp_path, Asked(date_order="day first", decimal="."), Words("en"))
    assert made.path.exists()


@pytest.mark.parametrize(
    ("answers", "n_asked"),
    [({"team": "hubspot team"}, 7), ({"fiscal_year_starts": "april"}, 8), ({"time_zone": "Amsterdam"}, 8)],
)
def test_a_slip_in_an_answer_is_not_taken_for_another_answer(tmp_path, answers, n_asked):
    """A slip is asked about once more, and then the guess is taken; case is no slip."""
    files = exports.hubspot_en(tmp_path / "export")
    usual = corrected(files, tmp_path / "usual")
    asked = Asked(**answers)
    slipped = once_more(understand(files, tmp_path / "slipped", None), asked)
    assert slipped.choices == usual.choices
    assert len(asked.questions) == n_asked


# --- refusals --------------------------------------------------------------------------------------------------------


def test_a_config_that_exists_is_never_written_over(tmp_path):
    (tmp_path / "kpikit.toml").write_text("# mine\n", encoding="utf-8")
    asked = Asked()
    with pytest.raises(UsageError) as refused:
        start(exports.hubspot_en(tmp_path / "export"), tmp_path, asked, Words("en"))
    assert refused.value.code == "config_exists"
    assert asked.questions == []
    assert (tmp_path / "kpikit.toml").read_text(encoding="utf-8") == "# mine\n"


def test_nothing_is_written_when_no_file_holds_deals(tmp_path):
    people = exports.write(tmp_path / "people.csv", [{"Name": "Ann", "Team": "N"}, {"Name": "Bob", "Team": "S"}])
    with pytest.raises(DataError) as refused:
        start([people], tmp_path / "mine", Asked(), Words("en"))
    assert [fault.rule for fault in refused.value.faults] == ["no_deals_found"]
    assert not (tmp_path / "mine").exists()


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(UsageError) as refused:
        start([tmp_path / "no.csv"], tmp_path / "mine", Asked(), Words("en"))
    assert refused.value.values == {"file": "no.csv"}


def test_files_that_cannot_be_read_are_all_named(tmp_path):
    for name, content in (("a.parquet", b"PAR1cut"), ("b.pdf", b"%PDF-1.7"), ("c.csv", b"")):
        (tmp_path / name).write_bytes(content)
    files = [tmp_path / name for name in ("a.parquet", "b.pdf", "c.csv")]
    with pytest.raises(DataError) as refused:
        start([*files, *exports.hubspot_en(tmp_path / "export")], tmp_path / "mine", Asked(), Words("en"))
    assert [(fault.rule, fault.file) for fault in refused.value.faults] == [
        ("broken_parquet", "a.parquet"),
        ("not_a_table", "b.pdf"),
        ("empty_file", "c.csv"),
    ]
    assert not (tmp_path / "mine").exists()


# --- hostile names and values ----------------------------------------------------------------------------------------

HOSTILE = (
    '"',
    '"""',
    "'''",
    "\\",
    "\\u0041",
    "]]",
    '"] = 1',
    "[tables.people]",
    "# no comment",
    "a = 5",
    "\x1b[2J\x1b]0;gotcha\x07",
    "\x7f",
    "\x00",
    "tab\tin it",
    "line\nand\r\nline",
    "\u202egnirts",
    "\u2028",
    "{0.__class__} {names} {n}",
    "%s %(x)s",
    "é ☃ 日本",
    ".",
    "*",
)


def test_hostile_values_and_headers_are_only_text(tmp_path):
    rows = [
        {"Record ID": f"r{i}", "Deal Stage": ("Closed Won", "Closed Lost", f"Talk {text}")[i % 3], "Deal Name": text,
         "Create Date": "2026-01-02", "HubSpot Team": f"T {text}", **{f"Zeta {other}": "v" for other in HOSTILE}}
        for i, text in enumerate(text for text in HOSTILE for _ in range(3))
    ]  # fmt: skip
    made = start([exports.write(tmp_path / "ex.csv", rows)], tmp_path / "mine", Asked(), Words("en"))
    raw = made.path.read_text(encoding="utf-8")
    config = tomllib.loads(raw)
    assert set(config) == {"settings", "privacy", "formats", "tables"}
    assert set(config["tables"]) == {"deals"}
    assert made.error is None
    counts = dict.fromkeys(("won", "lost", "open"), len(HOSTILE))
    assert outcomes(made.book) == outcomes(open_book(made.path)) == counts
    assert not any(c in raw for c in "\x1b\x07\x00\x7f\r")
    comments = "".join(line for line in raw.splitlines() if line.startswith("#"))
    assert "\u202e" not in comments


def test_a_header_that_hostile_may_be_mapped(tmp_path):
    header = 'Deal "Stage"]] = # \\'
    rows = [{"Record ID": f"r{i}", header: ("Won", "Lost")[i % 2], "Create Date": "2026-01-02"} for i in range(6)]
    made = start([exports.write(tmp_path / "ex.csv", rows)], tmp_path / "mine", Asked(), Words("nl"))
    assert tomllib.loads(made.path.read_text(encoding="utf-8"))["tables"]["deals"]["columns"]["outcome"] == header
    assert outcomes(made.book) == {"won": 3, "lost": 3}


@pytest.mark.parametrize("name", ['quo"te \\ ]] # ünï.csv', "new\nline.csv"])
def test_a_file_may_have_any_name(tmp_path, name):
    file = exports.hubspot_en(tmp_path)[0].rename(tmp_path / name)
    other = exports.write(tmp_path / f"other {name}", [{"a": "1", "b": "2"}])
    made = start([file, other], tmp_path / "mine", Asked(), Words("en"))
    assert outcomes(open_book(made.path)) == exports.COUNTS


# --- what is shown ---------------------------------------------------------------------------------------------------


def test_three_rows_as_understood(tmp_path):
    made, _ = made_of(tmp_path, "hubspot_nl")
    assert three_rows(made.book) == [
        ("deal_id", "created_at", "stage", "outcome", "outcome_at", "amount", "currency", "team"),
        ("90000000000", "2026-01-03", "Gesloten gewonnen", "won", "2026-01-13", "1000", "EUR", "Noord"),
        ("90000000037", "2026-01-06", "Gesloten verloren", "lost", "2026-01-17", "1250.5", "EUR", "Noord"),
        ("90000000074", "2026-01-09", "Contract verzonden", "open", "", "1501", "EUR", "Zuid"),
    ]


@pytest.mark.parametrize(
    ("as_of", "period"),
    [
        (datetime(2026, 5, 19, tzinfo=UTC), "2026Q1"),
        (datetime(2026, 6, 30, 12, tzinfo=UTC), "2026Q2"),  # its last day makes a quarter whole
        (datetime(2026, 6, 29, 12, tzinfo=UTC), "2026Q1"),
        (datetime(2026, 1, 15, tzinfo=UTC), "2026Q1"),  # no quarter of this book is whole: the one that it is in
        (datetime(2025, 12, 31, tzinfo=UTC), "2025Q4"),
    ],
)
def test_the_period_of_a_first_report_is_the_last_whole_quarter(tmp_path, demo, as_of, period):
    made, _ = made_of(tmp_path, "pipedrive_en")
    book = made.book.replace(as_of=as_of)
    assert replace(made, book=book).period == period


def test_paths_in_the_draft_are_relative_and_work_from_anywhere(tmp_path, monkeypatch):
    exports.hubspot_en(tmp_path / "export")
    monkeypatch.chdir(tmp_path)
    made = start([Path("export/hubspot-crm-exports-all-deals.csv")], Path("a/b"), Asked(), Words("en"))
    config = tomllib.loads(made.path.read_text(encoding="utf-8"))
    assert config["tables"]["deals"]["file"] == "../../export/hubspot-crm-exports-all-deals.csv"
    monkeypatch.chdir(tmp_path / "export")
    assert outcomes(open_book("../a/b")) == exports.COUNTS
    assert not list((tmp_path / "a" / "b").glob("*.part"))


@pytest.mark.parametrize("export", exports.EXPORTS)
def test_what_is_said_of_any_export_can_be_said_in_both_languages(tmp_path, export):
    made, _ = made_of(tmp_path, export, "nl")
    faults = made.book.faults if made.book is not None else made.error.faults
    for language in ("en", "nl"):
        for fault in faults:
            assert Words(language).fault(fault)
    assert isinstance(made.error, (KpikitError, type(None)))


@pytest.mark.parametrize("export", exports.EXPORTS)
def test_what_init_writes_gets_no_reproach(tmp_path, export):
    """What check notices of a clean export is about the data, never about what init wrote."""
    made, _ = made_of(tmp_path, export)
    book = open_book(made.path)
    reproaches = {"value_unused", "unknown_stage", "open_with_end", "stage_order", "no_such_column", "columns_gone"}
    assert reproaches & {fault.rule for fault in book.faults} == set()
    assert [fault for fault in book.faults if SEVERITY[fault.rule] in ("error", "drop")] == []
