"""The panel's brain: what is said reaches the log at once, what fails stays on the screen, nobody is named."""

import json
import sqlite3
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from time import monotonic, sleep
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from sqlalchemy import event

from kpikit.book import of_team
from kpikit.log.entries import Entry, ServerLost
from kpikit.review import open_log
from kpikit.session.agenda_log import listing
from kpikit.session.lookups import Desk, session_day
from kpikit.session.panel.nodes import texts
from kpikit.session.panel.panel import AHEAD, Panel
from kpikit.words import Words
from tests.log import postgres

EN = Words("en")
DAY = date(2026, 10, 2)  # the demo's last day


@pytest.fixture(scope="module")
def north(demo):
    return of_team(demo, "North")


@pytest.fixture
def place(tmp_path):
    return tmp_path / "log.sqlite"


@pytest.fixture
def opened(north, place, monkeypatch):
    """``opened()`` makes a panel on the same log; pictures are drawn elsewhere."""
    monkeypatch.setattr("kpikit.session.lookups.svg", lambda chart, *_: f"<svg data-kind='{chart.kind}'></svg>")
    logs = []

    def make(author="coach", language="en", book=north):
        log = open_log(place, author=author)
        logs.append(log)
        return Panel(Desk(book, log, Words(language, "EUR"), DAY, 45), str(place.parent / "papers"))

    yield make
    for log in logs:
        log.close()


def said_on(panel):
    return texts(panel.view()["tree"])


def write(panel, saying, sent="id-1", entry=None, **values):
    given = {"seen_by": "team"} | values
    deal = panel.state.deal
    panel.handle({"do": "write", "saying": saying, "deal": deal, "entry": entry, "id": sent, "values": given})


def first_deal(panel):
    return panel.desk.listed(panel.state.choices)["deal_id"][0]


def choose(panel, deal=None):
    panel.handle({"do": "select", "deal": deal or first_deal(panel)})
    return panel.state.deal


# --- saying -----------------------------------------------------------------------------------------------------------


def test_what_is_said_is_in_the_log_and_on_the_screen_with_its_time(opened):
    panel = opened()
    deal = choose(panel)
    write(panel, "agreement", text="Ring procurement", owner=" Jo ", due_on="2026-10-20")
    entry = panel.log.entries(kind="agreement").row(0, named=True)
    assert (entry["text"], entry["owner"], entry["due_on"]) == ("Ring procurement", "Jo", date(2026, 10, 20))
    assert (entry["deal_id"], entry["author"], entry["seen_by"]) == (deal, "coach", "team")
    assert entry["session_id"] == panel.session_id
    clock = entry["written_at"].astimezone(ZoneInfo("Europe/Amsterdam")).strftime("%H:%M")
    assert panel.view()["acks"]["id-1"] == {"saved": clock, "failed": "", "again": 1}
    assert {f"saved {clock}", "Ring procurement · Jo · by 20 October 2026"} <= set(said_on(panel))


def test_sent_twice_is_written_once(opened):
    panel = opened()
    choose(panel)
    for _ in range(2):
        write(panel, "learned", text="They decide in March.")
    assert panel.log.entries(kind="learned").height == 1
    assert panel.trouble is None


def test_a_prediction_is_the_deal_s_and_comes_before_the_talk(opened):
    panel = opened()
    choose(panel)
    assert panel.state.saying == "prediction"
    write(panel, "prediction", code="won", days="90", value="30")
    entry = panel.log.entries(kind="prediction").row(0, named=True)
    assert (entry["code"], entry["days"], entry["value"], entry["author"]) == ("won", 90, 0.3, None)
    assert panel.state.saying == "learned"
    assert "is won within 90 days: 30 in 100" in said_on(panel)


def test_of_each_choice_one_is_chosen_and_it_is_what_was_said(opened):
    def choices(tree, name):
        if isinstance(tree, str):
            return []
        if tree[0] == "select" and tree[1].get("name") == name:
            return [option[1]["value"] for option in tree[2] if "selected" in option[1]]
        return [value for child in tree[2] for value in choices(child, name)]

    panel = opened()
    deal = choose(panel)
    tree = panel.view()["tree"]
    assert (choices(tree, "code"), choices(tree, "days")) == (["won"], ["90"])  # what is asked first
    write(panel, "prediction", code="lost", days="30", value="30")
    entry = panel.log.entries(kind="prediction")["entry_id"][0]
    panel.handle({"do": "edit", "entry": entry, "deal": deal, "saying": "prediction"})
    tree = panel.view()["tree"]
    assert (choices(tree, "code"), choices(tree, "days")) == (["lost"], ["30"])


def test_minutes_that_cannot_be_written_can_be_asked_for_again(opened, place):
    panel = opened()
    (place.parent / "papers").write_text("a file where the folder should be")
    panel.handle({"do": "close", "id": "c", "values": {"next_on": "2026-10-16"}})
    assert panel.trouble is not None
    assert panel.state.place != "closed"
    (place.parent / "papers").unlink()
    panel.handle({"do": "close", "id": "d", "values": {"next_on": "2026-10-23"}})
    assert panel.state.place == "closed"
    assert panel.log.sessions()["next_on"].to_list() == [date(2026, 10, 23)]


def test_what_a_rep_wrote_on_paper_stands_before_the_reason(opened):
    panel = opened()
    choose(panel)
    write(panel, "prepared", code="help", text="Someone for the legal part")
    found = said_on(panel)
    assert found.index("Help that is wanted") < found.index("Someone for the legal part")
    assert found.index("Someone for the legal part") < found.index("Why it is on the agenda")


def test_saying_it_better_keeps_what_was_said(opened):
    panel = opened()
    choose(panel)
    write(panel, "learned", text="They decide in March.")
    first = panel.log.entries(kind="learned")["entry_id"][0]
    panel.handle({"do": "edit", "entry": first, "saying": "learned"})
    assert "They decide in March." in said_on(panel)
    for _ in range(2):  # a second sending finds it there
        write(panel, "learned", sent="id-2", entry=first, text="They decide in May.")
    assert panel.trouble is None
    assert panel.log.entries(kind="learned")["text"].to_list() == ["They decide in May."]
    assert panel.log.history(first)["text"].to_list() == ["They decide in March.", "They decide in May."]


def test_what_cannot_be_saved_is_said_and_its_text_kept(opened):
    panel = opened()
    choose(panel)
    write(panel, "note", text="x" * 20_001)
    ack = panel.view()["acks"]["id-1"]
    assert ack["saved"] == ""
    assert "20,000" in ack["failed"]
    assert ack["failed"] in said_on(panel)
    assert panel.log.entries(kind="note").height == 0
    panel.handle({"do": "go", "place": "opening"})
    assert "x" * 20_001 in said_on(panel), "the text stays on the screen, on whatever page"
    panel.handle({"do": "let_go", "sent": "id-1"})
    assert "x" * 20_001 not in said_on(panel)


def test_a_full_disk_fails_one_note_and_not_the_session(opened, place):
    panel = opened()
    choose(panel)
    write(panel, "note", text="first")
    with panel.log.engine.connect() as connection:
        room = {"pages": connection.exec_driver_sql("PRAGMA page_count").scalar()}

    @event.listens_for(panel.log.engine, "checkout")
    def limit(connection, *_):
        """Whichever connection is taken, it cannot make the file longer."""
        connection.execute(f"PRAGMA max_page_count = {room['pages']}").fetchall()

    write(panel, "note", sent="id-2", text="y" * 19_000)
    assert panel.view()["acks"]["id-2"]["failed"]
    assert panel.log.entries(kind="note")["text"].to_list() == ["first"]
    room["pages"] = 1_000_000
    write(panel, "note", sent="id-2", text="y" * 19_000)
    assert panel.view()["acks"]["id-2"]["saved"]
    assert not panel.state.unsaved
    assert panel.log.entries(kind="note").height == 2


def test_nonsense_from_a_screen_is_a_sentence_and_changes_nothing(opened):
    panel = opened()
    before = panel.state
    asked = [{}, {"do": "__class__"}, {"do": "go", "place": "../"}, {"do": "sort", "by": "owner"}, {"do": "write"}]
    asked += [{"do": "select"}, {"do": "move", "deal": "?", "by": "x"}, {"do": "park", "deal": "D1", "value": "soon"}]
    for said in asked:
        panel.handle(said)
        assert said_on(panel)
    assert panel.state.place == before.place or panel.state.deal in ("", None)
    assert panel.log.entries().height == 0


# --- sessions ---------------------------------------------------------------------------------------------------------


def test_nothing_is_in_the_log_until_somebody_does_something(opened):
    panel = opened()
    choose(panel)
    panel.view()
    assert panel.log.entries().height == 0


def test_who_only_arranges_the_agenda_holds_no_session(opened):
    panel = opened()
    panel.handle({"do": "pin", "deal": panel.desk.listed(panel.state.choices)["deal_id"][2]})
    assert panel.log.sessions().height == 0
    choose(panel)
    write(panel, "learned", text="They decide in March.")
    assert panel.log.sessions()["session_id"].to_list() == [panel.session_id]


def test_what_the_coach_arranged_is_there_again(opened):
    panel = opened()
    names = panel.desk.listed(panel.state.choices).filter(status="ok")["deal_id"].to_list()
    panel.handle({"do": "pin", "deal": names[3]})
    panel.handle({"do": "drop", "deal": names[0]})
    panel.handle({"do": "park", "deal": names[1], "value": "2026-11-02"})
    panel.handle({"do": "drop", "deal": names[2]})
    panel.handle({"do": "undo"})
    shown = panel.desk.listed(panel.state.choices).filter(status="ok")["deal_id"].to_list()
    panel.handle({"do": "move", "deal": shown[2], "by": -1})
    before = panel.desk.listed(panel.state.choices)
    again = opened()
    assert again.desk.listed(again.state.choices).equals(before)
    assert again.state.choices.asked() == panel.state.choices.asked()


def test_a_deal_taken_off_unsaid_was_not_talked_about(opened):
    panel = opened()
    first, second = panel.desk.listed(panel.state.choices)["deal_id"][:2]
    choose(panel, second)
    write(panel, "learned", text="They decide in March.")
    panel.handle({"do": "drop", "deal": first})
    panel.handle({"do": "drop", "deal": second})
    assert second in panel.log.agenda(panel.session_id)["deal_id"].to_list()
    assert first not in panel.log.agenda(panel.session_id)["deal_id"].to_list()


def lot_on(panel):
    return panel.desk.listed(panel.state.choices).filter("is_lot")["deal_id"].to_list()


def on_screen(panel):
    return panel.desk.listed(panel.state.choices).filter(status="ok")["deal_id"].to_list()


def test_the_lot_that_is_parked_and_then_pinned_is_the_lot_and_parked_no_more(opened):
    panel = opened()
    lot = lot_on(panel)
    panel.handle({"do": "park", "deal": lot[0], "value": "2026-11-02"})
    assert lot_on(panel) == []
    panel.handle({"do": "pin", "deal": lot[0]})
    assert lot_on(panel) == lot == lot_on(opened())
    assert panel.log.parked().height == 0
    assert opened().state.choices.asked() == panel.state.choices.asked()


def test_a_parking_that_is_undone_leaves_what_held_before(opened, place):
    panel = opened()
    deal = on_screen(panel)[0]
    with open_log(place, author="coach") as log:
        log.write(Entry(kind="opened", session_id="before", due_on=date(2026, 9, 25)))
        log.write(Entry(kind="parked", session_id="before", deal_id=deal, due_on=date(2026, 12, 1)))
    panel = opened()
    assert deal not in on_screen(panel)
    panel.handle({"do": "park", "deal": deal, "value": "2026-11-02"})
    panel.handle({"do": "undo"})
    assert deal not in on_screen(panel)
    assert panel.log.parked().select("deal_id", "until_on").rows() == [(deal, date(2026, 12, 1))]


def test_a_deal_that_came_back_and_is_parked_again_draws_no_other_lot(opened, place):
    with open_log(place, author="coach") as log:
        log.write(Entry(kind="opened", session_id="before", due_on=date(2026, 9, 25)))
        for deal in on_screen(opened())[:1]:
            log.write(Entry(kind="parked", session_id="before", deal_id=deal, due_on=DAY))
    panel = opened()
    lot = lot_on(panel)
    assert panel.desk.listed(panel.state.choices).filter(deal_id=deal)["rule"].to_list() == ["returned"]
    panel.handle({"do": "park", "deal": deal, "value": "2026-11-02"})
    assert lot_on(panel) == lot
    assert deal not in on_screen(panel)


def test_a_pin_that_cannot_be_saved_is_not_on_the_screen_and_can_be_tried_again(opened, place, monkeypatch):
    monkeypatch.setattr("kpikit.log.connecting.BUSY_TIMEOUT", 50)  # a person waits half a minute, a test need not
    panel = opened()
    deal = on_screen(panel)[3]
    busy = sqlite3.connect(place, isolation_level=None)
    busy.execute("BEGIN IMMEDIATE")
    panel.handle({"do": "pin", "deal": deal})
    assert panel.state.choices.pinned == ()
    assert any(text.endswith("Nothing was saved.") for text in said_on(panel))
    busy.execute("ROLLBACK")
    busy.close()
    panel.handle({"do": "pin", "deal": deal})
    assert panel.state.choices.pinned == (deal,) == opened().state.choices.pinned


@pytest.mark.parametrize(
    "acts",
    [
        [("drop", 0), ("undo", None)], [("pin", -1)], [("park", 1)], [("drop", 2), ("drop", 1), ("undo", None)],
        [("park", 0), ("undo", None)], [("asked", 0)],
    ],
)  # fmt: skip
def test_the_log_has_the_agenda_that_is_on_the_screen(opened, acts):
    """Whatever was listed for a while and never spoken of was not reviewed."""
    panel = opened()
    everything = panel.desk.deals["deal_id"].to_list()
    for do, which in acts:
        shown = on_screen(panel)
        deal = next(one for one in everything if one not in shown) if which == -1 else shown[which or 0]
        if do == "asked":
            choose(panel, deal)
            write(panel, "prepared", code="leave_out", text="Not now, please")
        else:
            panel.handle({"do": do, "deal": deal, "value": "2026-11-02"})
    kept = panel.log.agenda(panel.session_id)["deal_id"].to_list()
    assert sorted(kept) == sorted(on_screen(panel))


def test_a_deal_is_listed_once_however_often_the_agenda_is_written(place):
    def shown(*deals):
        rows = [
            {"deal_id": name, "rule": "sleeping", "value": 1.0, "unit": "day", "position": i + 1}
            for i, name in enumerate(deals)
        ]
        return pl.DataFrame(rows)

    with open_log(place, author="coach") as log:
        for agenda in (shown("a", "b"), shown("b", "c"), shown("a", "b", "c")):
            for entry in listing(log, "s", agenda):
                log.write(replace(entry, session_id="s"))
        said = log.entries(session_id="s").sort("seq").select("kind", "deal_id", "code").rows()
    assert [row for row in said if row[0] == "listed"] == [("listed", name, "sleeping") for name in "abc"]
    # a went off with the second agenda and came back with the third
    assert [row[1:] for row in said if row[0] == "placed"] == [("a", "off"), ("a", "free")]


def test_a_request_that_arrives_while_the_panel_is_open_is_heard(opened, place):
    panel = opened()
    first = on_screen(panel)[0]
    with open_log(place, author="ann") as log:
        log.write(Entry(kind="prepared", code="leave_out", deal_id=first, text="Next week, please"))
    assert first not in on_screen(panel)


def test_how_an_agreement_ended_stands_in_this_sessions_minutes(opened, place):
    log = open_log(place, author="coach")
    made = log.write(Entry(kind="agreement", text="Ring them on Friday", session_id="before", due_on=DAY))
    log.close()
    panel = opened()
    panel.handle({"do": "end", "agreement": made.id, "state": "done"})
    panel.handle({"do": "closing"})
    panel.handle({"do": "close", "id": "c-1", "values": {}})
    page = next(path for path in panel.minutes if path.endswith("minutes.html"))
    assert "Ring them on Friday" in Path(page).read_text(encoding="utf-8")


def test_the_first_word_opens_the_session_with_its_agenda(opened):
    panel = opened()
    choose(panel)
    write(panel, "learned", text="They decide in March.")
    assert panel.log.sessions().select("session_id", "held_on").rows() == [(panel.session_id, DAY)]
    shown = panel.desk.listed(panel.state.choices).filter(pl.col("status") == "ok")
    listed = panel.log.agenda(panel.session_id)
    assert listed["deal_id"].to_list() == shown["deal_id"].to_list()
    assert listed["is_lot"].sum() == 1


def test_a_kernel_that_starts_again_goes_on_with_the_session(opened):
    panel = opened()
    choose(panel)
    write(panel, "learned", text="They decide in March.")
    again = opened()
    assert again.session_id == panel.session_id
    choose(again, panel.state.deal)
    assert "They decide in March." in said_on(again)


def test_a_closed_session_has_its_minutes_and_is_not_gone_on_with(opened, place):
    panel = opened()
    panel.handle({"do": "closing"})
    assert "Close the session and write the minutes?" in said_on(panel)
    panel.handle({"do": "close", "id": "c", "values": {"next_on": "2026-10-16"}})
    assert panel.trouble is None, panel.trouble
    assert panel.log.sessions().select("next_on").item() == date(2026, 10, 16)
    assert panel.view()["shown"].startswith("closed")
    written = [text for text in said_on(panel) if text.startswith(str(place.parent / "papers"))]
    assert sorted(text.rpartition("/")[2] for text in written) == ["agreements.ics", "minutes.html", "tasks.csv"]
    assert opened().session_id != panel.session_id


def test_two_people_see_each_other_s_notes(opened):
    one, two = opened("ann"), opened("bob")
    deal = choose(one)
    choose(two, deal)
    write(one, "learned", sent="of-ann", text="Said by Ann")
    two.handle({"do": "tick"})
    assert "Said by Ann" in said_on(two)
    write(two, "learned", sent="of-bob", text="Said by Bob")
    one.handle({"do": "refresh"})
    assert {"Said by Ann", "Said by Bob"} <= set(said_on(one))


def test_what_is_for_coach_and_rep_is_not_on_the_team_s_screen(opened):
    panel = opened()
    choose(panel)
    write(panel, "note", text="between the two of us", seen_by="coach_and_rep")
    assert "between the two of us" not in said_on(panel)
    panel.handle({"do": "reader", "value": "coach_and_rep"})
    assert "between the two of us" in said_on(panel)


# --- what was agreed --------------------------------------------------------------------------------------------------


@pytest.fixture
def agreed(opened):
    """A panel, three weeks after somebody promised to ring."""
    panel = opened()
    deal = first_deal(panel)
    panel.log.write(Entry(kind="opened", session_id="before", due_on=DAY - timedelta(21)))
    panel.log.write(Entry(kind="worked", session_id="before", text="Ringing early"))
    made = Entry(
        kind="agreement", id="ag", session_id="before", deal_id=deal, text="Ring them", author="ann", owner="Jo"
    )
    panel.log.write(made)
    return panel


def test_the_first_page_has_a_customer_what_worked_and_what_was_agreed(agreed):
    found = said_on(agreed)
    assert found.index("A customer's words") < found.index("Ringing early") < found.index("Ring them")
    # agreed by the log's clock, that is, after the last day of the demo's data
    assert {"done", "changed our mind", "still on", "overtaken", EN.say("review.since.not_yet")} <= set(found)


def test_only_who_agreed_says_how_it_stands(agreed):
    agreed.handle({"do": "end", "agreement": "ag", "state": "done"})  # by "coach", who did not make it
    assert agreed.log.agreements()["state"].to_list() == [None]
    assert agreed.trouble is not None
    agreed.handle({"do": "author", "value": "JO "})
    agreed.handle({"do": "end", "agreement": "ag", "state": "done"})
    assert agreed.log.agreements()["state"].to_list() == ["done"]
    assert agreed.trouble is None


def test_what_was_ended_a_minute_ago_can_be_ended_otherwise(agreed):
    agreed.view()
    agreed.handle({"do": "author", "value": "ann"})
    agreed.handle({"do": "end", "agreement": "ag", "state": "overtaken"})
    pressed = [part for part in walk(agreed.view()["tree"]) if part[1].get("aria-pressed") == "true"]
    assert [texts(part) for part in pressed] == [["overtaken"]]


def test_what_was_agreed_today_is_not_yet_asked_about(opened):
    panel = opened()
    choose(panel)
    write(panel, "agreement", text="Ring procurement")
    panel.handle({"do": "go", "place": "opening"})
    assert "Ring procurement" not in said_on(panel)


def test_promises_are_counted_for_nobody(agreed):
    agreed.handle({"do": "go", "place": "learning"})
    found = " ".join(said_on(agreed))
    assert "never about one person" in found
    assert "Jo" not in found.replace("John", "")
    assert "ann" not in found.split()


# --- the agenda -------------------------------------------------------------------------------------------------------


def listed(panel):
    panel.view()
    return panel.desk.listed(panel.state.choices).filter(pl.col("status") == "ok")["deal_id"].to_list()


def test_the_agenda_is_eight_deals_with_reasons_and_minutes(opened):
    panel = opened()
    panel.handle({"do": "go", "place": "deals"})
    found = said_on(panel)
    assert len(listed(panel)) == 8
    assert found.count("5 min") == 8
    assert "8 deals, 40 min" in found
    assert any("nine in ten" in text for text in found)


def test_the_keys_walk_over_every_deal_of_the_agenda_and_tab_stops_at_one(opened):
    def rows_of(tree):
        if isinstance(tree, str):
            return []
        own = [tree[1]] if tree[0] == "li" and "data-deal" in tree[1] else []
        return own + [row for child in tree[2] for row in rows_of(child)]

    panel = opened()
    panel.handle({"do": "go", "place": "deals"})
    rows = rows_of(panel.view()["tree"])
    assert len(rows) == 8
    assert all("data-row" in row for row in rows)
    assert [row["tabindex"] for row in rows].count("0") == 1


def test_pin_drop_move_and_undo_change_what_is_listed(opened):
    panel = opened()
    before = listed(panel)
    panel.handle({"do": "drop", "deal": before[1]})
    assert before[1] not in listed(panel)
    panel.handle({"do": "undo"})
    assert listed(panel) == before
    panel.handle({"do": "move", "deal": before[1], "by": -1})
    assert listed(panel)[:2] == [before[1], before[0]]
    other = next(deal for deal in panel.desk.deals["deal_id"] if deal not in before)
    panel.handle({"do": "pin", "deal": other})
    assert other in listed(panel)
    assert len(listed(panel)) <= 8


def test_a_parked_deal_is_away_until_its_day_for_everybody(opened):
    panel = opened()
    deal = listed(panel)[0]
    panel.handle({"do": "park", "deal": deal, "value": (DAY + AHEAD).isoformat()})
    assert deal not in listed(panel)
    assert deal not in listed(opened())
    before = listed(opened())
    panel.handle({"do": "undo"})
    assert deal in listed(panel)
    assert listed(opened()) == listed(panel) != before, "for everybody, and not as one that came back"
    for days in (AHEAD, 2 * AHEAD):
        panel.handle({"do": "park", "deal": deal, "value": (DAY + days).isoformat()})
    panel.handle({"do": "undo"})
    assert dict(panel.log.parked().select("deal_id", "until_on").iter_rows())[deal] == DAY + AHEAD
    panel.handle({"do": "undo"})
    assert panel.log.parked().height == 0
    panel.handle({"do": "park", "deal": deal, "value": (DAY - AHEAD).isoformat()})
    assert deal in listed(panel)
    assert (panel.trouble.code, panel.trouble.values["day"]) == ("park_past", DAY), "the first day that is too early"


# --- what is shown ----------------------------------------------------------------------------------------------------


def walk(tree):
    if isinstance(tree, list):
        yield tree
        for child in tree[2]:
            yield from walk(child)


@pytest.mark.parametrize("language", ["en", "nl"])
def test_no_person_of_ours_is_on_any_screen(opened, north, language):
    people = set(north.tables["deals"].lazy().collect()["owner"].drop_nulls())
    panel = opened(author="coach", language=language)
    for said in ({"do": "go", "place": "opening"}, {"do": "look", "side": "all"}, {"do": "look", "side": "agenda"},
                 {"do": "select", "deal": first_deal(panel)}, {"do": "go", "place": "learning"}):  # fmt: skip
        panel.handle(said)
        shown = json.dumps(panel.view()["tree"], ensure_ascii=False)
        assert panel.trouble is None
        assert [name for name in people if f'"{name}"' in shown] == []


def test_the_story_begins_with_the_customer_then_the_rep_then_the_reason(opened):
    panel = opened()
    deals = panel.book.tables["deals"].lazy().collect()
    with_goal = next(d for d in listed(panel) if deals.filter(deal_id=d)["customer_goal"][0])
    mine = {"kind": "prepared", "deal_id": with_goal, "author": "rep"}
    panel.log.write(Entry(code="not_in_crm", text="The director is new", **mine))
    choose(panel, with_goal)
    found = said_on(panel)
    goal = deals.filter(deal_id=with_goal)["customer_goal"][0]
    assert found.index(goal) < found.index("The director is new") < found.index("Why it is on the agenda")


def test_a_deal_that_is_gone_does_not_take_the_session_with_it(opened):
    panel = opened()
    choose(panel, "no such deal")
    assert panel.view()["shown"] == "deals/"
    assert panel.trouble is not None
    choose(panel)
    panel.view()
    assert panel.trouble is None


def test_the_screen_is_plain_values_and_knows_no_markup(opened):
    panel = opened()
    choose(panel)
    tree = json.loads(json.dumps(panel.view()))["tree"]
    tags = {part[0] for part in walk(tree)}
    assert not tags & {"script", "iframe", "a", "img", "object", "style", "link", "foreignObject"}
    assert [name for part in walk(tree) for name in part[1] if name.startswith("on") and name != "on"] == []


def test_a_log_that_cannot_be_written_is_said_on_top(north, place, opened):
    first = opened()
    choose(first)
    write(first, "learned", text="kept")
    first.log.close()
    with sqlite3.connect(place) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    place.write_bytes(place.read_bytes()[:100] + b"\xff" * 3000)
    panel = opened()
    assert panel.log.notices
    assert panel.log.notices[-1].sentence("en") in said_on(panel)
    choose(panel)
    write(panel, "note", text="still on the screen")
    assert panel.view()["acks"]["id-1"]["failed"]


# --- the day ----------------------------------------------------------------------------------------------------------


def test_an_old_export_is_talked_about_as_of_its_own_last_day(demo):
    assert session_day(demo, date(2026, 10, 5)) == date(2026, 10, 5)  # Friday's data on Monday
    assert session_day(demo, date(2026, 10, 16)) == date(2026, 10, 16)  # 14 days
    assert session_day(demo, date(2026, 10, 17)) == DAY
    assert session_day(demo, date(2026, 9, 1)) == DAY


# --- a server that is lost --------------------------------------------------------------------------------------------


def test_while_the_server_is_lost_the_screen_stands_and_what_is_typed_stays(opened, monkeypatch):
    panel = opened()
    deal = choose(panel)
    before = said_on(panel)
    with monkeypatch.context() as lost:
        lost.setattr(type(panel.log), "_answering", silent)
        write(panel, "learned", text="They decide in March.")
        panel.handle({"do": "go", "place": "learning"})
        view = panel.view()
        shown = texts(view["tree"])
        assert any("does not answer" in text for text in shown)
        assert set(before) <= set(shown)  # the deal, its story and the agenda are there as they were
        assert (panel.state.place, panel.state.deal) == ("deals", deal)
        assert "Your text was not saved" in view["acks"]["id-1"]["failed"]
        assert "They decide in March." in shown
    write(panel, "learned", text="They decide in March.")
    after = said_on(panel)
    assert not any("does not answer" in text for text in after)
    assert panel.log.entries(kind="learned")["text"].to_list() == ["They decide in March."]


@contextmanager
def silent(log, text):
    raise ServerLost("log_unreachable", text=text, where="there")
    yield


@pytest.mark.slow
def test_a_server_that_stands_still_is_told_on_the_screen_within_five_seconds(north, monkeypatch):
    monkeypatch.setattr("kpikit.session.lookups.svg", lambda chart, *_: f"<svg data-kind='{chart.kind}'></svg>")
    with postgres.running() as server, open_log(server.database(), author="coach") as log:
        panel = Panel(Desk(north, log, EN, DAY, 45), None)
        choose(panel)
        panel.view()
        with postgres.standing_still(server):
            begun = monotonic()
            write(panel, "learned", text="They decide in March.")
            shown = said_on(panel)
            assert monotonic() - begun < 5
            assert any("does not answer" in text for text in shown)
        sleep(1.1)
        write(panel, "learned", text="They decide in March.")
        assert log.entries(kind="learned")["text"].to_list() == ["They decide in March."]
