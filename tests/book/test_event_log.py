"""An event log (a case, an activity and a time a row) as a deal book, through a kpikit.toml."""

from datetime import UTC, datetime

import pytest

from kpikit import DataError, UsageError, open_book
from kpikit.engine import spells

CSV = """case,step,when,phase,who,sum,channel
k1,Sent,2026-01-05 09:00:00,done,ann,1000,web
k1,Called,2026-01-06 09:00:00,done,ann,1000,web
k1,Offer,2026-01-07 09:00:00,done,bob,1000,web
k1,Signed,2026-01-09 10:00:00,done,bob,1000,web
k2,Sent,2026-01-05 10:00:00,done,ann,,phone
k2,Offer,2026-01-06 10:00:00,planned,ann,500,phone
k2,Refused,2026-01-08 10:00:00,done,ann,500,phone
k3,Sent,2026-01-06 12:00:00,done,cem,70,web
k3,Refused,2026-01-07 12:00:00,done,cem,70,web
k3,Sent,2026-01-08 12:00:00,done,cem,70,web
k3,Signed,2026-01-10 12:00:00,done,cem,70,web
k4,Called,2026-01-10 13:00:00,done,cem,5,web
k5,Sent,2026-01-02 13:00:00,done,cem,5,web
k5,Test,2026-01-03 13:00:00,done,cem,5,web
"""
LOG = {
    "file": '"log.csv"',
    "case": '"case"',
    "activity": '"step"',
    "time": '"when"',
    "stages": '["Sent", "Offer"]',
    "won": '["Signed"]',
    "lost": '["Refused"]',
    "void": '["Test"]',
    "keep": '{ phase = ["done"] }',
    "attributes": '{ amount = "sum", source = "channel", actor = "who" }',
    "pipeline": '"Loans"',
}


def book_of(folder, csv=CSV, settings="", **changed):
    (folder / "log.csv").write_text(csv, encoding="utf-8")
    log = {k: v for k, v in {**LOG, **changed}.items() if v is not None}
    lines = [settings, "[event_log]", *(f"{k} = {v}" for k, v in log.items())]
    (folder / "kpikit.toml").write_text("\n".join(lines), encoding="utf-8")
    return open_book(folder / "kpikit.toml")


def at(day, hour):
    return datetime(2026, 1, day, hour, tzinfo=UTC)


def test_cases_become_deals(tmp_path):
    deals = book_of(tmp_path).tables["deals"].sort("deal_id")
    assert deals.select(
        "deal_id", "pipeline", "outcome", "created_at", "outcome_at", "amount", "loss_reason"
    ).rows() == [
        ("k1", "Loans", "won", at(5, 9), at(9, 10), 1000.0, None),
        ("k2", "Loans", "lost", at(5, 10), at(8, 10), 500.0, "Refused"),  # its first amount that is there
        ("k3", "Loans", "won", at(6, 12), at(10, 12), 70.0, None),  # refused, then signed: the last one decides
        ("k4", "Loans", "open", at(10, 13), None, 5.0, None),  # created by an activity that is no stage
        ("k5", "Loans", "void", at(2, 13), at(3, 13), 5.0, None),
    ]
    assert deals["source"].to_list() == ["web", "phone", "web", "web", "web"]


def test_stages_become_events_in_their_order(tmp_path):
    book = book_of(tmp_path)
    assert book.tables["stages"].select("pipeline", "stage", "position").rows() == [
        ("Loans", "Sent", 1),
        ("Loans", "Offer", 2),
    ]
    events = book.tables["stage_events"].sort("deal_id", "seq")
    assert events.select("deal_id", "stage", "actor").rows() == [
        ("k1", "Sent", "ann"),
        ("k1", "Offer", "bob"),
        ("k2", "Sent", "ann"),
        ("k3", "Sent", "cem"),
        ("k3", "Sent", "cem"),
        ("k5", "Sent", "cem"),
    ]


def test_its_spells(tmp_path):
    found = (
        spells(book_of(tmp_path))
        .sort("deal_id", "entered_at")
        .select("deal_id", "stage", "entered_at", "left_at", "kind")
    )
    assert found.rows() == [
        ("k1", "Sent", at(5, 9), at(7, 9), "advance"),
        ("k1", "Offer", at(7, 9), at(9, 10), "won"),
        ("k2", "Sent", at(5, 10), at(8, 10), "lost"),
        ("k3", "Sent", at(6, 12), at(7, 12), "lost"),  # refused: an end, whatever came of it
        ("k3", "Sent", at(8, 12), at(10, 12), "won"),  # sent again: opened again, and won two days later
        ("k5", "Sent", at(2, 13), at(3, 13), "void"),
    ]


def test_times_are_local_where_the_file_does_not_say(tmp_path):
    book = book_of(tmp_path, settings='[settings]\ntime_zone = "Europe/Amsterdam"')
    assert book.tables["deals"].sort("deal_id")["created_at"][0] == at(5, 8)


def test_without_keep_every_row_counts(tmp_path):
    events = book_of(tmp_path, keep=None).tables["stage_events"]
    assert events.filter(deal_id="k2")["stage"].to_list() == ["Sent", "Offer"]


@pytest.mark.parametrize("missing", ["file", "case", "activity", "time", "stages"])
def test_a_missing_key_is_named(tmp_path, missing):
    with pytest.raises(UsageError) as refused:
        book_of(tmp_path, **{missing: None})
    assert (refused.value.code, refused.value.values["setting"]) == ("missing_setting", f"event_log.{missing}")


def test_an_unknown_key_is_named_with_those_there_are(tmp_path):
    with pytest.raises(UsageError) as refused:
        book_of(tmp_path, activty='"step"')
    assert refused.value.values["setting"] == "event_log.activty"
    assert "activity" in refused.value.values["allowed"]


def test_columns_that_the_file_does_not_have_are_named_all_at_once(tmp_path):
    with pytest.raises(DataError) as refused:
        book_of(tmp_path, case='"Case ID"', keep='{ lifecycle = ["COMPLETE"] }', attributes='{ amount = "total" }')
    assert {(f.rule, f.column) for f in refused.value.faults} == {
        ("no_such_column", "Case ID"),
        ("no_such_column", "lifecycle"),
        ("no_such_column", "total"),
    }


def test_a_time_that_cannot_be_read_is_a_fault_with_its_row(tmp_path):
    csv = CSV.replace("2026-01-06 09:00:00", "soon")
    try:
        faults = book_of(tmp_path, csv).faults
    except DataError as error:
        faults = error.faults
    assert ("unreadable_date", 3) in {(fault.rule, fault.row) for fault in faults}  # the header is row 1
