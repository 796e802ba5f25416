"""The papers before a session and after it: what the screen shows stands on her page first; nothing leaves the team."""

import csv
import dataclasses
import html
import io
import re
import subprocess
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
from icalendar import Calendar

import kpikit
from kpikit.book.selection import of_team
from kpikit.errors import UsageError
from kpikit.log.entries import Entry, LogError
from kpikit.review import open_log
from kpikit.review.listing.choices import Choices
from kpikit.session.exports import as_calendar, as_table
from kpikit.session.lookups import Desk
from kpikit.session.minutes import minutes
from kpikit.session.open_deals import open_deals
from kpikit.session.panel.agenda import why
from kpikit.session.panel.beginning import opening_part
from kpikit.session.panel.nodes import texts
from kpikit.session.panel.say import entry_text
from kpikit.session.panel.story import story_part
from kpikit.session.papers import prepare
from kpikit.words import Words
from tests.test_words import EN

pytestmark = pytest.mark.slow

DAY, WORDS = date(2026, 10, 5), Words("en", "EUR")
HOSTILE = "<script>alert(1)</script> \"><img src=x onerror=alert(2)> =cmd|'/C calc'!A0"


def of_north(demo, persons):
    privacy = dataclasses.replace(demo.settings.privacy, persons=persons, agreement="OR 2026-3")
    return of_team(demo.replace(settings=dataclasses.replace(demo.settings, privacy=privacy)), "North")


@pytest.fixture(scope="module")
def book(demo):
    """North's deals, each person seeing her own."""
    return of_north(demo, "self")


@pytest.fixture(scope="module")
def owners(book):
    deals = book.tables["deals"].lazy().select("deal_id", "owner", "name").collect()
    return {row["deal_id"]: row for row in deals.to_dicts()}


@pytest.fixture(scope="module")
def log(book, owners, tmp_path_factory):
    """A log with a session before this one, and what was prepared for this one."""
    listed = kpikit.review.agenda(book, session=DAY)["deal_id"].drop_nulls().to_list()
    opened = open_log(tmp_path_factory.mktemp("log") / "log.sqlite", author="coach")
    for entry in (
        Entry(kind="opened", session_id="before", due_on=date(2026, 9, 21)),
        Entry(kind="agreement", session_id="before", deal_id=listed[0], text="Ring procurement first", owner="Anna",
              due_on=date(2026, 10, 1)),
        Entry(kind="agreement", session_id="before", text="Bring a story", owner=owners[listed[0]]["owner"]),
        Entry(kind="learned", session_id="before", deal_id=listed[1], text="The works council decides"),
        Entry(kind="prediction", session_id="before", deal_id=listed[1], code="won", value=0.4, days=60),
        Entry(kind="note", session_id="before", deal_id=listed[1], text="between us", seen_by="coach_and_rep"),
        Entry(kind="prepared", deal_id=listed[0], code="not_in_crm", text=f"Her successor starts on Monday {HOSTILE}"),
    ):  # fmt: skip
        opened.write(entry)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def paths(book, log, tmp_path_factory):
    """The papers as files."""
    out = tmp_path_factory.mktemp("papers")
    written = prepare(book, log, out, WORDS, on=DAY)
    assert written[0] == out / "agenda.html"
    return written


@pytest.fixture(scope="module")
def made(paths):
    """The papers: path within the folder → text."""
    return {str(path.relative_to(paths[0].parent)): path.read_text(encoding="utf-8") for path in paths}


def plain(page):
    """What can be read on a page, with single spaces between."""
    without = re.sub(r"<style>.*?</style>", " ", page, flags=re.DOTALL)
    labels = " ".join(re.findall(r'aria-label="([^"]*)"', without))
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", without) + " " + labels).split())


def pieces(tree):
    """What stands on the screen, in pieces as small as its parts; the pictures by the texts in them."""
    for text in texts(tree):
        parts = re.findall(r"<text[^>]*>([^<]*)</text>", text) if text.startswith("<svg") else re.split(r" · ", text)
        for part in parts:
            if part.strip():
                yield " ".join(html.unescape(part).split())


#: fixed words of the screen (headings, buttons): they say nothing about anybody
FIXED = {" ".join(form.split()) for forms in EN.values() for form in forms if "{" not in form}


# --- before ----------------------------------------------------------------------------------------------------------


def test_all_that_the_screen_shows_of_her_deals_stands_on_her_page_first(book, log, owners, made):
    desk = Desk(book, log, WORDS, DAY, 45)
    listed = desk.listed(Choices()).filter(pl.col("status") == "ok").to_dicts()
    pages = {owner: plain(text) for path, text in made.items() for owner in [path.split("/")[0]]}
    ages = {row["deal_id"]: row for row in desk.deals.to_dicts()}
    compared = 0
    for row in listed:
        deal = row["deal_id"]
        page = pages[owners[deal]["owner"].lower()]
        found = desk.story(deal, "team")
        screen = story_part(found, row, ages.get(deal), desk.pictures(found, 800), desk.told(found), WORDS)
        missing = [piece for piece in pieces(screen) if piece not in page and piece not in FIXED]
        assert missing == [], f"{deal}: on the screen, not on her page"
        assert WORDS.say("panel.minutes", n=row["minutes"]) in pages["agenda.html"]
        assert " ".join(why(row, WORDS).split()) in page
        for said in log.entries(deal_id=deal).filter(~pl.col("kind").is_in(["listed", "prepared"])).to_dicts():
            assert entry_text(said, WORDS) in page
        compared += 1
    assert compared == 8


def test_what_the_opening_shows_of_her_stands_on_her_page_too(book, log, owners, made):
    desk = Desk(book, log, WORDS, DAY, 45)
    found = desk.opening("team", "today")
    assert found.agreements.height == 2
    first = found.agreements.filter(pl.col("deal_id").is_not_null())["deal_id"][0]
    page = plain(made[f"{owners[first]['owner'].lower()}/prepare.html"])
    screen = opening_part(found.__class__(None, found.worked, found.did_not, found.agreements, found.since),
                          book.as_of.tzinfo, WORDS)  # fmt: skip
    assert [piece for piece in pieces(screen) if piece not in page and piece not in FIXED] == []


def test_her_open_deals_that_anyone_can_look_up_are_listed(book, owners, made):
    desk_deals, seen = open_deals(book), 0
    for path, text in made.items():
        if path == "agenda.html":
            continue
        page = plain(text)
        hers = [row for row in desk_deals.to_dicts() if owners[row["deal_id"]]["owner"].lower() == path.split("/")[0]]
        assert hers
        assert [row["name"] for row in hers if " ".join(row["name"].split()) not in page] == []
        # those that are not on the agenda stand in a table: the name, then the stage
        stages = {" ".join(row["name"].split()): row["stage"] or "–" for row in hers}
        rows = [
            re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL) for row in re.findall(r"<tr.*?</tr>", text, re.DOTALL)
        ]
        cells = [[plain(cell) for cell in row] for row in rows]
        told = [(row[0], row[1]) for row in cells if row and row[0] in stages]
        assert told == [(name, stages[name]) for name, _ in told]
        seen += len(told)
    assert seen > 0


def test_a_page_is_hers_alone(owners, made):
    names = {row["owner"] for row in owners.values() if row["owner"]}
    for path, text in made.items():
        folder = path.split("/")[0]
        for name in names:
            if name.lower() != folder:
                assert not re.search(rf"\b{re.escape(name)}\b", plain(text)), f"{name} stands in {path}"
    assert "between us" not in "".join(made.values())


def test_her_own_words_stand_before_the_reason(made):
    with_words = [text for text in made.values() if "Her successor starts on Monday" in text]
    assert len(with_words) == 1
    page = plain(with_words[0])
    assert page.index("Her successor starts on Monday") < page.index("Why it is on the agenda")


def test_the_agenda_names_nobody_and_gives_each_reason(book, made):
    page = plain(made["agenda.html"])
    assert "8 deals in 45 minutes" in page
    assert "Drawn by lot" in page
    assert "For conversation, not for appraisal. Agreement with staff: OR 2026-3." in page
    assert "data up to Friday 2 October 2026" in page


def test_no_page_asks_the_network_or_runs_a_script(made):
    for path, text in made.items():
        assert "<script" not in text
        assert not re.search(r'(src|href)="', re.sub(r"<svg.*?</svg>", "", text, flags=re.DOTALL))
        assert "default-src 'none'" in html.unescape(text), path
    assert any("&lt;script&gt;alert(1)&lt;/script&gt;" in text for text in made.values())


def test_where_nobody_is_shown_there_is_a_page_a_deal_without_a_name(demo, tmp_path):
    book = of_north(demo, "off")
    paths = prepare(book, None, tmp_path / "out", Words("nl", "EUR"), on=DAY)
    assert len(paths) == 9
    assert len({path.parent for path in paths}) == 9
    names = {row for row in book.tables["deals"].lazy().select("owner").collect()["owner"].to_list() if row}
    for path in paths:
        assert re.fullmatch(r"[a-z0-9-]+", path.parent.name) or path.name == "agenda.html"
        page = plain(path.read_text(encoding="utf-8"))
        assert [name for name in names if re.search(rf"\b{re.escape(name)}\b", page)] == []
        assert "Voor het gesprek" in page
        assert re.findall(r"\b(?:paper|panel|review|minutes)\.[a-z_.]+\b", page) == []


def test_an_empty_agenda_says_so(tmp_path):
    deals = pl.DataFrame({"deal_id": ["a"], "pipeline": ["New"], "outcome": ["void"], "created_at": ["2026-01-05"]})
    book = kpikit.DealBook.from_frames(deals=deals, as_of=datetime(2026, 2, 1, tzinfo=UTC))
    (path,) = prepare(book, None, tmp_path, WORDS)
    assert "No open deal meets a rule today" in plain(path.read_text(encoding="utf-8"))


def test_a_folder_that_cannot_be_written_is_said(demo, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be written"):
        prepare(of_north(demo, "off"), None, tmp_path / "file" / "out", WORDS, on=DAY)


# --- after -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def session(book, log, tmp_path):
    """A session that was held and closed; its minutes: path and texts by name."""
    first, second = book.tables["deals"].lazy().select("deal_id").head(2).collect()["deal_id"].to_list()
    earlier = log.agreements().filter(pl.col("text") == "Ring procurement first")["entry_id"][0]
    name = f"today-{tmp_path.name}"
    for entry in (
        Entry(kind="opened", session_id=name, due_on=DAY),
        Entry(kind="learned", session_id=name, deal_id=first, text=f"They decide in March {HOSTILE}"),
        Entry(kind="learned", session_id="another", deal_id=first, text="said in another session"),
        Entry(kind="worked", session_id=name, text="Ringing back on Friday"),
        Entry(kind="did_not", session_id=name, text="An offer that nobody asked for"),
        Entry(kind="agreement", session_id=name, deal_id=first, text="=1+1", owner="Anna", due_on=date(2026, 10, 9)),
        Entry(kind="agreement", session_id=name, text="Ask who reads it;\nthen tell us", owner="+32 Bea"),
        Entry(kind="agreement", session_id=name, text="of coach and rep", seen_by="coach_and_rep"),
        Entry(kind="note", session_id=name, text="a note between us", seen_by="coach_and_rep"),
        Entry(kind="ended", session_id=name, about=earlier, code="changed_our_mind"),
        Entry(kind="parked", session_id=name, deal_id=second, due_on=date(2026, 12, 1)),
        Entry(kind="closed", session_id=name, due_on=date(2026, 10, 12)),
    ):  # fmt: skip
        log.write(entry)
    paths = minutes(book, log, name, tmp_path, WORDS)
    return name, {path.name: path.read_bytes().decode() for path in paths}, paths


def test_the_minutes_say_what_was_said_and_only_to_the_team(session):
    page = plain(session[1]["minutes.html"])
    for said in (
        "What we said on 5 October 2026", "They decide in March <script>alert(1)</script>", "Ringing back on Friday",
        "An offer that nobody asked for", "=1+1", "Anna", "by 9 October 2026", "Ask who reads it; then tell us",
        "Ring procurement first changed our mind", "until 1 December 2026", "Next session: 12 October 2026.",
        "For conversation, not for appraisal.", "in a customer's own words",
    ):  # fmt: skip
        assert said in page
    for not_said in ("between us", "of coach and rep", "said in another session"):
        assert not_said not in "".join(session[1].values())
    assert "<script" not in session[1]["minutes.html"]


def test_the_calendar_has_each_agreement_with_a_day_once_and_the_next_session(session):
    events = {str(event["summary"]): event for event in Calendar.from_ical(session[1]["agreements.ics"]).walk("VEVENT")}
    assert set(events) == {"Anna: =1+1", "Deal review"}
    assert events["Anna: =1+1"]["dtstart"].dt == date(2026, 10, 9)
    assert events["Deal review"]["dtstart"].dt == date(2026, 10, 12)
    assert len({str(event["uid"]) for event in events.values()}) == 2


def test_the_tasks_are_no_formulas(session):
    text = session[1]["tasks.csv"]
    assert text.startswith("\ufeffWhat,Customer,Deal,Who,By\r\n")
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    assert [(row[0], row[3], row[4]) for row in rows[1:]] == [
        ("'=1+1", "Anna", "2026-10-09"),
        ("Ask who reads it;\nthen tell us", "'+32 Bea", ""),
    ]


def test_the_same_minutes_twice_are_the_same_files(book, log, session, tmp_path):
    before = [path.read_bytes() for path in session[2]]
    again = minutes(book, log, session[0], tmp_path, WORDS)
    assert again == session[2]
    assert [path.read_bytes() for path in again] == before


def test_two_sessions_of_one_day_have_a_folder_each(book, log, session, tmp_path):
    log.write(Entry(kind="opened", session_id=f"second-{tmp_path.name}", due_on=DAY))
    log.write(Entry(kind="learned", session_id=f"second-{tmp_path.name}", text="They decide in March."))
    other = minutes(book, log, f"second-{tmp_path.name}", tmp_path, WORDS)
    assert other[0].parent != session[2][0].parent
    assert "The day of the next session is not set yet." in plain(other[0].read_text(encoding="utf-8"))


def test_a_session_that_is_not_in_the_log_is_said(book, log, tmp_path):
    with pytest.raises(LogError, match="no session nonsense"):
        minutes(book, log, "nonsense", tmp_path, WORDS)


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1", "'=1"),
        ("  =1", "'  =1"),
        ("@a", "'@a"),
        ("-", "'-"),
        ("\t=1", "'\t=1"),
        ("＝1", "'＝1"),
        ("a=1", "a=1"),
        (None, ""),
    ],
)
def test_a_cell_that_looks_like_a_formula_is_text(text, cell):
    row = {"text": text, "customer": None, "deal_id": None, "owner": None, "due_on": None}
    read = list(csv.reader(io.StringIO(as_table([row], Words("nl")).removeprefix("\ufeff"), newline=""), delimiter=";"))
    assert read == [["Wat", "Klant", "Deal", "Wie", "Wanneer"], [cell, "", "", "", ""]]


def test_a_calendar_entry_cannot_be_broken_out_of():
    row = {
        "entry_id": "e", "due_on": date(2026, 1, 2), "made_at": datetime(2026, 1, 1, tzinfo=UTC), "owner": None,
        "text": "one\r\nEND:VEVENT\r\nBEGIN:VEVENT\nATTACH:file:///etc/passwd", "customer": "x\nATTACH:y",
    }  # fmt: skip
    session = {"next_on": None, "closed_at": None, "opened_at": None, "session_id": "s"}
    events = Calendar.from_ical(as_calendar([row], session, WORDS)).walk("VEVENT")
    assert len(events) == 1
    assert "ATTACH" not in {str(name) for name in events[0]}


# --- on paper --------------------------------------------------------------------------------------------------------


def sheets(chromium, path, tmp_path):
    """Pages of A4 that a browser makes of a file, and what is written on each."""
    if not Path("/usr/bin/pdftotext").exists():
        pytest.skip("poppler: pdftotext is not installed")
    made = tmp_path / "made.pdf"
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-pdf-header-footer"]
    subprocess.run([chromium, *flags, f"--print-to-pdf={made}", path.as_uri()], check=True, capture_output=True)
    size = subprocess.run(["pdfinfo", made], check=True, capture_output=True, text=True).stdout
    assert "A4" in size
    text = subprocess.run(["pdftotext", "-layout", made, "-"], check=True, capture_output=True, text=True).stdout
    return text.split("\f")[:-1]


def test_each_is_one_sheet_of_paper(chromium, book, log, owners, paths, session, tmp_path):
    assert len(sheets(chromium, paths[0], tmp_path)) == 1
    assert len(sheets(chromium, session[2][0], tmp_path)) == 1
    listed = kpikit.review.agenda(book, log=log, session=DAY)["deal_id"].drop_nulls().to_list()
    counts = {path: sum(owners[deal]["owner"].lower() == path.parent.name for deal in listed) for path in paths[1:]}
    small = [path for path, n in counts.items() if n <= 2]
    assert small
    for path in small:  # up to two deals: the front to fill in, the back to read
        front, back = sheets(chromium, path, tmp_path)
        assert "What I want to share" in front
        assert back.lstrip().startswith("What else the screen will show")
