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


# --- every end counts, and what follows one reopens ------------------------------------------------------------------


def test_a_case_that_ended_and_was_opened_again(tmp_path):
    """k3 was refused on the 7th, sent again on the 8th, signed on the 10th."""
    book = book_of(tmp_path)
    changes = book.tables["changes"].sort("changed_at").select("deal_id", "field", "old", "new", "changed_at").rows()
    assert changes == [
        ("k3", "outcome", "open", "lost", at(7, 12)),
        ("k3", "outcome", "lost", "open", at(8, 12)),
        ("k3", "outcome", "open", "won", at(10, 12)),
    ]
    assert {fault.rule: fault.n for fault in book.faults}["reopened_cases"] == 1
    states = [(7, 13, "lost"), (8, 13, "open"), (10, 12, "won"), (7, 11, "open")]
    for day, hour, outcome in states:
        deals = book.at(at(day, hour)).tables["deals"]
        assert deals.filter(deal_id="k3")["outcome"].to_list() == [outcome]


def test_activities_that_are_no_stage_do_not_reopen(tmp_path):
    book = book_of(tmp_path, CSV + "k1,Called,2026-01-20 09:00:00,done,ann,1000,web\n")
    assert book.tables["deals"].filter(deal_id="k1")["outcome"].to_list() == ["won"]
    assert book.as_of == at(20, 9)  # the log speaks up to its last event, whatever it is


def test_cases_of_a_public_kind(tmp_path, shared_data):
    """40 cases New, Won on the 11th, New on the 21st, half Lost on 10 February; one begun on 1 June: by hand."""
    csv = (shared_data / "cases" / "shapes" / "event-log-reopened" / "re.csv").read_text(encoding="utf-8")
    (tmp_path / "log.csv").write_text(csv, encoding="utf-8")
    (tmp_path / "kpikit.toml").write_text(
        '[event_log]\nfile = "log.csv"\ncase = "case"\nactivity = "act"\ntime = "t"\n'
        'stages = ["New"]\nwon = ["Won"]\nlost = ["Lost"]\n',
        encoding="utf-8",
    )
    book = open_book(tmp_path)
    found = spells(book)
    days = (found["left_at"] - found["entered_at"]).dt.total_days()
    counted = found.select("kind").with_columns(days=days).group_by("kind", "days").len().rows()
    assert sorted(counted, key=str) == [("lost", 20, 20), ("open", None, 21), ("won", 10, 40)]
    assert book.as_of == datetime(2024, 6, 1, 9, tzinfo=UTC)
    for instant, outcomes in (((1, 15), {"won": 40}), ((3, 1), {"lost": 20, "open": 20})):
        then = book.at(datetime(2024, *instant, tzinfo=UTC)).tables["deals"]
        assert dict(then["outcome"].value_counts().iter_rows()) == outcomes


def test_activities_that_start_and_complete(tmp_path):
    """Two activities that overlap are two visits, at their starts; what ends the case ends it when it is complete."""
    csv = """case,step,when,phase
a,Sent,2026-01-05 09:00:00,start
a,Offer,2026-01-06 09:00:00,start
a,Sent,2026-01-07 09:00:00,complete
a,Offer,2026-01-08 09:00:00,complete
a,Signed,2026-01-09 09:00:00,START
a,Signed,2026-01-10 09:00:00,COMPLETE
a,Offer,2026-01-11 09:00:00,suspend
b,Sent,2026-01-05 09:00:00,complete
"""
    book = book_of(tmp_path, csv, keep=None, attributes=None, lifecycle='"phase"')
    found = (
        spells(book).sort("deal_id", "entered_at").select("deal_id", "stage", "entered_at", "left_at", "kind").rows()
    )
    assert found == [
        ("a", "Sent", at(5, 9), at(6, 9), "advance"),
        ("a", "Offer", at(6, 9), at(10, 9), "won"),
        ("b", "Sent", at(5, 9), None, "open"),  # no start was written: its completion is all there is
    ]


# --- tables beside the log -------------------------------------------------------------------------------------------

BESIDE = """
[tables.people]
file = "people.csv"
[tables.deals]
file = "cases.csv"
[tables.deals.columns]
deal_id = "nr"
amount = "worth"
owner = "who"
outcome = "state"
"""


def test_tables_beside_the_log(tmp_path):
    (tmp_path / "people.csv").write_text("owner,team\nann,North\ncem,South\n", encoding="utf-8")
    cases = "nr,worth,who,state\nk1,7,ann,lost\nk3,,cem,lost\nk4,9,cem,lost\nzz,1,ann,won\n"
    (tmp_path / "cases.csv").write_text(cases, encoding="utf-8")
    deals = book_of(tmp_path, settings="[settings]\nmax_dropped = 0.5" + BESIDE)
    found = deals.tables["deals"].sort("deal_id").select("deal_id", "amount", "team", "outcome").rows()
    assert found == [
        ("k1", 7.0, "North", "won"),  # the log says how it ended, the file what it is worth
        ("k2", 500.0, None, "lost"),  # what the log knows stays where the file has no row
        ("k3", 70.0, "South", "won"),
        ("k4", 9.0, "South", "open"),
        ("k5", 5.0, None, "void"),
    ]
    noticed = {fault.rule: (fault.n, fault.values.get("of")) for fault in deals.faults}
    assert noticed["cases_without_row"] == (2, 5)
    assert noticed["rows_without_case"] == (1, 4)


def test_people_beside_the_log(shared_data, tmp_path):
    """40 cases, half of them of people in the North."""
    folder = shared_data / "cases" / "shapes" / "event-log-with-people"
    for name in ("log.csv", "people.csv"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    (tmp_path / "kpikit.toml").write_text(
        '[event_log]\nfile = "log.csv"\ncase = "case"\nactivity = "act"\ntime = "t"\nstages = ["New", "Offer"]\n'
        'won = ["Won"]\nlost = ["Lost"]\nattributes = { owner = "who" }\n[tables.people]\nfile = "people.csv"\n',
        encoding="utf-8",
    )
    deals = open_book(tmp_path).tables["deals"]
    assert dict(deals["team"].value_counts().iter_rows()) == {"North": 20, "South": 20}
