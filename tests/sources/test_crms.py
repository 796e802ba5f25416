"""A CRM is one file: what it names is code, its labels are its own, and one more file is one more CRM."""

import shutil

import polars as pl
import pytest

from kpikit import crms as crms_module
from kpikit import winloss
from kpikit.analysis.base.population import COUNTED
from kpikit.crms import CRMS, crms
from kpikit.schema import TABLES
from kpikit.sources import vocabulary
from kpikit.sources.guess import HISTORIES
from tests.analysis.rate_books import many, rate_book
from tests.report import worked
from tests.sources.test_guess import COLUMNS, guess_of, raw

#: what the report can say of a CRM's own report: the codes of ``leaves_out``
LEFT_OUT = {"set_aside"}


@pytest.mark.parametrize("name", CRMS)
def test_what_a_file_names_is_code(name):
    crm = crms()[name]
    assert crm.label
    assert crm.win_rate in COUNTED
    assert set(crm.leaves_out) <= LEFT_OUT
    assert set(crm.history) <= set(HISTORIES)
    for table, columns in crm.columns.items():
        assert set(columns) <= set(TABLES[table].names)
    assert {"won", "lost"} <= set(crm.ends) <= {"won", "lost", "void"}


@pytest.mark.parametrize("part", ["databases", "en", "nl"])
def test_what_no_crm_owns_is_a_part_for_each_language(part):
    assert set(vocabulary.common()[part]["columns"]) == {"deals", "stage_events", "stages", "people", "accounts"}


def test_four_are_known_and_each_counts_as_its_own_report_does():
    assert {name: crm.win_rate for name, crm in crms().items()} == {
        "dynamics": "every_end", "hubspot": "closed", "pipedrive": "finished", "salesforce": "every_end"
    }  # fmt: skip
    assert [name for name, crm in crms().items() if crm.leaves_out] == ["hubspot"]


# --- labels ----------------------------------------------------------------------------------------------------------

#: each vendor's export → its headers, and ours by header
EXPORTS = {name: columns for name, columns in COLUMNS.items() if name != "anything"}


def headers(export):
    return list(dict.fromkeys(EXPORTS[export].values()))


@pytest.mark.parametrize(("export", "label"), [(export, label) for export in EXPORTS for label in headers(export)])
def test_a_header_that_is_renamed_is_missing_and_nothing_else_changes(export, label):
    before = vocabulary.named(headers(export), "deals")
    after = vocabulary.named(["zzz" if header == label else header for header in headers(export)], "deals")
    kept = {ours: theirs for ours, theirs in before.items() if theirs != label}
    assert label not in after.values()
    assert {ours: theirs for ours, theirs in after.items() if ours in kept} == kept


@pytest.mark.parametrize("name", CRMS)
def test_a_label_that_is_renamed_in_a_crm_s_file_changes_that_column_of_that_crm_alone(name, monkeypatch):
    before = {export: vocabulary.named(headers(export), "deals") for export in EXPORTS}
    real = vocabulary.sources()
    place = len(real) - len(CRMS) + CRMS.index(name)  # after what no CRM owns
    for column, names in real[place]["deals"].items():
        for gone in names:
            renamed = {"deals": {**real[place]["deals"], column: tuple("zzz" if n == gone else n for n in names)}}
            monkeypatch.setattr(vocabulary, "sources", lambda new=renamed: (*real[:place], new, *real[place + 1 :]))
            for export in EXPORTS:
                after = vocabulary.named(headers(export), "deals")
                rest = {ours: theirs for ours, theirs in after.items() if ours != column}
                assert rest == {ours: theirs for ours, theirs in before[export].items() if ours != column}
                assert export.startswith(name) or after == before[export], (export, column, gone)


# --- one more --------------------------------------------------------------------------------------------------------

ACME = """
label = "Acme"
win_rate = "every_end"
leaves_out = []
history = ["long"]
end_times = ["Binnen op", "Weg op"]

[columns.deals]
deal_id = ["Kaartje"]
amount = ["Hoeveel dan"]
created_at = ["Geboren"]

[ends]
won = ["binnengehaald"]
lost = ["weggewaaid"]
"""


@pytest.fixture
def acme(tmp_path, monkeypatch):
    """A made-up CRM: one file more."""
    caches = [crms, vocabulary.common, vocabulary.sources, vocabulary.ends]
    folder = tmp_path / "sources"
    shutil.copytree(crms_module.FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "acme.toml").write_text(ACME, encoding="utf-8")
    monkeypatch.setattr(crms_module, "FOLDER", folder)
    monkeypatch.setattr(crms_module, "CRMS", ("acme", *CRMS))
    for cache in caches:
        cache.cache_clear()
    yield "acme"
    monkeypatch.undo()
    for cache in caches:
        cache.cache_clear()


def test_one_more_file_is_one_more_crm_to_the_guess(acme):
    from kpikit.sources.guess import guess

    ends = ("Binnengehaald", "Weggewaaid", "Bezig")
    rows = [
        {
            "Kaartje": f"k{i}", "Hoe dan": ends[i % 3], "Hoeveel dan": f"{i}00", "Geboren": f"2026-01-{i + 1:02}",
            "Binnen op": "2026-02-01" if i % 3 == 0 else "", "Weg op": "2026-02-02" if i % 3 == 1 else "",
        }
        for i in range(12)
    ]  # fmt: skip
    found = guess(raw("kaartjes", rows))
    assert dict(found.table("deals").columns) == {
        "deal_id": "Kaartje", "outcome": "Hoe dan", "amount": "Hoeveel dan", "created_at": "Geboren",
        "outcome_at": ["Binnen op", "Weg op"],
    }  # fmt: skip
    assert found.outcomes == {"Binnengehaald": "won", "Weggewaaid": "lost", "Bezig": "open"}


def test_one_more_file_changes_no_other_guess(acme, tmp_path):
    for export, columns in COLUMNS.items():
        assert dict(guess_of(tmp_path / export, export).table("deals").columns) == columns


def test_one_more_file_is_one_more_crm_to_the_bridge_and_the_report(acme):
    from kpikit.report.review import quarterly_winloss

    ends = [*many(2, "won"), *many(1, "lost"), *many(2, "void", loss_reason="Duplicate"), *many(3, "open")]
    first = winloss.bridge(rate_book(ends), from_=acme).filter(pl.col("step") == "crm").row(0, named=True)
    assert (first["n_events"], first["n"]) == (2, 5)  # 2 won of all 5 that are closed, duplicates too
    report = quarterly_winloss(worked.book(), period=worked.NOW, crm=acme)
    assert report["counted"].page.title == quarterly_winloss(
        worked.book(), period=worked.NOW, crm="salesforce"
    )["counted"].page.title  # fmt: skip
