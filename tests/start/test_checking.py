"""``kpikit check``: one look at a book, what is new since the last, and where that is remembered."""

import json
from datetime import date

import polars as pl
import pytest

from kpikit import DataError, DealBook, Settings, open_book
from kpikit.errors import Fault
from kpikit.start import checking
from kpikit.words import LANGUAGES, Words
from tests.strategies import day


@pytest.fixture(autouse=True)
def memory(monkeypatch, tmp_path):
    """A data folder of our own: nothing is written into anybody's home."""
    folder = tmp_path / "data of the user"
    monkeypatch.setattr("platformdirs.user_data_path", lambda *_, **__: folder)
    return folder / "checks"


def book_of(n=10, stages=("A", "B"), as_of=100, **columns):
    rows = {
        "deal_id": [f"d{i}" for i in range(n)], "pipeline": ["p"] * n, "outcome": ["open"] * n,
        "created_at": [day(i) for i in range(n)], "stage": [stages[i % len(stages)] for i in range(n)],
        "owner": ["Ann Bakker"] * n, **{k: [v] * n for k, v in columns.items()},
    }  # fmt: skip
    return DealBook.from_frames(deals=pl.DataFrame(rows), as_of=day(as_of))


def said(found, language="en"):
    return "\n".join(checking.lines(found, Words(language)))


def test_the_first_look_and_the_second(memory):
    first = checking.check(book_of(), "mine")
    assert (first.new, first.last_on, first.is_kept) == (None, None, True)
    assert said(first).endswith("This is the first check; the next one says what is new.")
    second = checking.check(book_of(), "mine")
    assert (second.new, second.last_on) == ((), date(2026, 4, 11))  # 1 January + 100 days
    assert said(second).endswith("Nothing new since the last check on 11 April 2026.")
    assert said(second, "nl").endswith("Niets nieuws sinds de vorige controle op 11 april 2026.")


def test_what_is_new_is_said_last(memory):
    checking.check(book_of(100, source="web"), "mine")
    found = checking.check(book_of(70, stages=("B", "C"), as_of=130), "mine")
    assert [finding.code for finding in found.new] == ["new_stage", "gone_stage", "gone_column", "fewer_rows"]
    assert said(found).split("\n\n")[-1].splitlines() == [
        "New since the last check on 11 April 2026:",
        "  · Stages that were not there before: C (p).",
        "  · Stages that are no longer there: A (p).",
        "  · deals.source was filled before and is empty now.",
        "  · deals has 70 rows; before it had 100.",
    ]
    assert "Fasen die er eerder niet waren: C (p)." in said(found, "nl")


def test_every_book_has_a_memory_of_its_own(memory, tmp_path, monkeypatch):
    checking.check(book_of(), tmp_path / "one")
    assert checking.check(book_of(), tmp_path / "two").new is None
    monkeypatch.chdir(tmp_path)
    assert checking.check(book_of(), "one").new == ()  # the same place by another way
    assert len(list(memory.iterdir())) == 2


def test_the_memory_names_nobody_and_only_its_owner_reads_it(memory):
    checking.check(book_of(), "mine")
    (kept,) = memory.iterdir()
    assert "Bakker" not in kept.read_text(encoding="utf-8")
    assert kept.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "5", "null", '"text"', "\x00", '{"as_of": "2026-01-01"}'])
def test_a_memory_that_cannot_be_used_is_as_none(memory, text):
    checking.check(book_of(), "mine")
    (kept,) = memory.iterdir()
    kept.write_text(text, encoding="utf-8")
    found = checking.check(book_of(), "mine")
    assert found.new is None
    assert checking.check(book_of(), "mine").new == ()


def test_a_memory_that_cannot_be_kept_is_said(memory, monkeypatch):
    memory.parent.mkdir()
    memory.write_text("a file where a folder should be", encoding="utf-8")
    found = checking.check(book_of(), "mine")
    assert not found.is_kept
    assert said(found).endswith("What was seen could not be kept, so the next check cannot say what is new.")


def test_as_text(memory):
    lines = said(checking.check(book_of(), "mine")).splitlines()
    assert lines[0] == "10 deals, up to Saturday 11 April 2026 00:00."
    assert lines[1].startswith("It can answer ")
    text = "\n".join(lines)
    assert "Time in a stage" in text  # a refused question, by its name
    assert "this export has no stage history" in text
    assert "There is no stage history" in text
    assert "Ann" not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_demo_in_both_languages(memory, demo, language):
    text = said(checking.check(demo, "demo"), language)
    assert len(text.splitlines()) > 5
    assert "{" not in text
    assert "None" not in text


def test_what_was_noticed_at_the_door_comes_with_its_row(memory, tmp_path):
    rows = "".join(f"d{i},p,open,{i},2026-01-{i + 1:02}\n" for i in range(9))
    text = f"deal_id,pipeline,outcome,amount,created_at\n{rows}e,p,open,-5,2026-01-20\nf,p,open,much,2026-01-21\n"
    (tmp_path / "deals.csv").write_text(text, encoding="utf-8")
    text = said(checking.check(open_book(tmp_path), tmp_path))
    noticed = text.split("Noticed while reading:\n")[1].split("\n\n")[0]
    assert "deals.csv, row 11, column amount: The amount is negative (-5" in noticed
    assert "deals.csv, row 12, column amount: 'much' is not a number" in noticed


def test_as_plain_values(memory):
    plain = json.loads(json.dumps(checking.as_plain(checking.check(book_of(amount=-1.0), "mine")), default=str))
    assert set(plain) == {"deals", "as_of", "findings", "last_checked_up_to", "new", "basis", "faults"}
    assert (plain["deals"], plain["as_of"], plain["new"]) == (10, "2026-04-11T00:00:00+00:00", None)
    assert {"part", "code", "subject", "status", "n", "of", "example", "at", "reason"} == set(plain["findings"][0])
    assert [(f["rule"], f["severity"]) for f in plain["faults"]] == [("negative_amount", "warning")] * 10
    again = json.loads(json.dumps(checking.as_plain(checking.check(book_of(), "mine")), default=str))
    assert again["last_checked_up_to"] == "2026-04-11"
    assert [finding["code"] for finding in again["new"]] == ["gone_column"]  # amount, not amount_home as well


@pytest.mark.parametrize(
    ("language", "message"), [("en", "There is no table of deals."), ("nl", "Er is geen tabel met deals.")]
)
def test_a_book_that_does_not_open_as_plain_values(language, message):
    plain = checking.refused_as_plain(DataError([Fault("no_deals", file="x")]), Words(language))
    assert plain["deals"] is None
    (fault,) = plain["faults"]
    assert (fault["rule"], fault["severity"], fault["file"]) == ("no_deals", "error", "x")
    assert message in fault["message"]


@pytest.mark.parametrize(
    ("language", "said_of"),
    [
        ("en", ["Counted in the time zone Europe/Brussels now; before, in UTC."]),
        ("nl", ["Nu geteld in de tijdzone Europe/Brussels; eerder in UTC."]),
    ],
)
def test_other_settings_than_at_the_last_look_are_said(memory, language, said_of):
    checking.check(book_of(), "mine")
    other = book_of().replace(settings=Settings(time_zone="Europe/Brussels"))
    found = checking.check(other, "mine")
    assert said(found, language).splitlines()[-1:] == said_of
    assert [one["what"] for one in checking.as_plain(found)["basis"]] == ["time_zone"]
    assert checking.check(other, "mine").basis == ()  # it is said once
    assert [one.what for one in checking.check(book_of(), "mine").basis] == ["time_zone"]


def test_a_look_that_did_not_write_it_down_is_said_to_be_unknown(memory):
    checking.check(book_of(), "mine")
    (kept,) = memory.iterdir()
    before = json.loads(kept.read_text())
    del before["basis"]
    kept.write_text(json.dumps(before))
    assert [one.what for one in checking.check(book_of(), "mine").basis] == ["unknown"]
