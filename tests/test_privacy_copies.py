"""Nothing leaves the team that may not: a marker in every text of every table, looked for in all that is made."""

import getpass
import json
import re
import socket
import zipfile
from functools import cache
from pathlib import Path

import pytest

import kpikit
from kpikit import prepare
from kpikit.report.review import quarterly_winloss, team_review
from kpikit.report.runs.run import Order, run
from tests.hostile.books import PERIOD, book_of, plain

pytestmark = pytest.mark.slow  # each makes whole reports

#: texts that name a deal, a customer or a person, or were written about one
NAMES = {
    ("deals", "owner"), ("deals", "name"), ("stage_events", "actor"), ("changes", "actor"), ("activities", "owner"),
    ("activities", "contact_key"), ("contacts", "contact_key"), ("contacts", "role"), ("notes", "by"),
    ("interviews", "with_whom"), ("accounts", "name"),
}  # fmt: skip
WRITTEN = {
    ("deals", "next_step"), ("deals", "customer_goal"), ("changes", "old"), ("changes", "new"),
    ("activities", "outcome"), ("notes", "text"), ("interviews", "reasons"), ("interviews", "story"),
}  # fmt: skip
#: a value of these in fifty is a marker of its own; the others make groups
RARE = {("deals", "loss_reason"), ("deals", "competitor"), ("deals", "segment")}
MARKER = re.compile(r"mk(\w+?)0(\w+?)0(\d+)x")


def marker(table: str, column: str, i: int) -> str:
    return f"mk{table.replace('_', '')}0{column.replace('_', '')}0{i}x"


def marked(table: str, column: str, i: int) -> str:
    """A marker in every text; stories name the customer, the owner and the deal as people do."""
    if (table, column) == ("interviews", "story"):
        names = [marker(*name, i) for name in (("accounts", "name"), ("deals", "name"))]
        owner = marker("deals", "owner", (i % 2) * 6 + (i // 2) % 6)
        told = f"{names[0]} was glad that {owner} rang about {names[1]} on time."
        return f"{marker(table, column, i)} they called us. {told}"
    if (table, column) in NAMES | WRITTEN:
        return marker(table, column, i)
    if (table, column) in RARE and i % 50 in (1, 2):
        return marker(table, column, i)
    return plain(table, column, i)


@cache
def marked_book():
    return book_of(marked, agreement="OR 2026-4")


def found(text: str) -> set[tuple[str, str]]:
    return {(table, column) for table, column, _ in MARKER.findall(text)}


def shown(report) -> str:
    """Everything that a notebook would keep of a report: HTML, text, and the facts for workbook and live charts."""
    parts = [report._repr_mimebundle_(), *(report[page.id]._repr_mimebundle_() for page in report.pages)]
    return "\n".join(json.dumps(part, ensure_ascii=False, default=str) for part in parts)


def made(copy: str, which) -> str:
    return shown(which(marked_book(), team="Noord", period=PERIOD, copy=copy))


@pytest.mark.parametrize("which", [team_review, quarterly_winloss])
def test_a_company_copy_has_no_deal_no_customer_and_nobody(which):
    text = made("company", which)
    assert found(text) <= {("interviews", "story"), ("deals", "customergoal")}
    told = {int(i) for table, column, i in MARKER.findall(text)}
    assert all(i % 5 and i % 4 for i in told)  # permission, and quotable
    assert not re.search(r"\b[DAV]\d{4}\b", text)  # no deal, account or activity by its number


@pytest.mark.parametrize("which", [team_review, quarterly_winloss])
def test_a_team_copy_names_no_owner_and_no_buyer(which):
    text = made("team", which)
    people = {("deals", "owner"), ("activities", "owner"), ("interviews", "withwhom"), ("notes", "by")}
    keys = {("stageevents", "actor"), ("changes", "actor"), ("activities", "contactkey"), ("contacts", "contactkey")}
    stories = "".join(re.findall(r"mkinterviews0story0.*?on time", text))
    outside_stories = re.sub(r"mkinterviews0story0.*?on time", "", text)
    assert not found(outside_stories) & (people | keys)
    assert found(stories) <= {("interviews", "story"), ("deals", "owner"), ("deals", "name"), ("accounts", "name")}
    told = {int(i) for table, column, i in MARKER.findall(text) if (table, column) == ("interviews", "story")}
    assert all(i % 5 for i in told)  # nobody is shown who did not agree


def test_the_markers_are_found_where_they_may_be():
    """The checks above would be green on empty pages."""
    assert ("deals", "name") in found(made("team", team_review))
    assert ("interviews", "story") in found(made("company", quarterly_winloss))
    assert ("deals", "lossreason") in found(made("team", quarterly_winloss))


@pytest.mark.parametrize(("copy", "there"), [("team", True), ("company", False)])
def test_under_a_list_of_deals_stands_what_it_is_for_and_what_was_agreed(copy, there):
    report = team_review(marked_book(), team="Noord", period=PERIOD, copy=copy)
    page = report["deals"]._repr_mimebundle_()
    for kind in ("text/html", "text/plain"):
        assert ("For conversation, not for appraisal. Agreement with staff: OR 2026-4." in page[kind]) is there
    assert "<footer>" in page["text/html"] or not there


def test_every_report_says_what_it_is_for_and_what_was_agreed():
    text = made("company", quarterly_winloss)
    assert "for conversation, not for appraisal" in text
    assert "OR 2026-4" in text


# --- what a run leaves -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def book_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("marked") / "book"
    prepare(marked_book(), folder)
    return folder


@pytest.fixture(scope="module", params=["team", "company"])
def a_run(request, book_folder, tmp_path_factory):
    out = tmp_path_factory.mktemp(request.param)
    formats = ("xlsx", "summary")
    order = Order(str(book_folder), "team-review", PERIOD, out, ("Noord",), copy=request.param, formats=formats)
    return request.param, run(order).folder


def contents(folder: Path) -> dict[str, str]:
    """Every file of a run as text; a workbook's parts one by one."""
    texts = {}
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = file.relative_to(folder).as_posix()
        if file.suffix == ".xlsx":
            with zipfile.ZipFile(file) as parts:
                texts |= {f"{name}/{part}": parts.read(part).decode("utf-8", "replace") for part in parts.namelist()}
        else:
            texts[name] = file.read_text(encoding="utf-8", errors="replace")
    return texts


def test_no_file_of_a_run_holds_what_its_copy_may_not(a_run):
    copy, folder = a_run
    texts = contents(folder)
    assert {"index.html", "run.json", "noord/report.html", "noord/report.ipynb", "noord/summary.txt"} <= set(texts)
    assert any(name.startswith("noord/report.xlsx/") for name in texts)
    for name, text in texts.items():
        kinds = found(text)
        if copy == "company":
            assert kinds <= {("interviews", "story"), ("deals", "customergoal")}, (name, kinds)
            assert not re.search(r"\b[DAV]\d{4}\b", text), name
        assert not kinds & {("interviews", "withwhom"), ("notes", "by"), ("stageevents", "actor")}, name


def test_the_notebook_and_the_workbook_hold_no_more_than_the_page(a_run):
    _, folder = a_run
    texts = contents(folder)
    page = set(MARKER.findall(texts["noord/report.html"]))
    for name, text in texts.items():
        assert set(MARKER.findall(text)) <= page, name


def test_no_file_of_a_run_names_this_machine(a_run, book_folder):
    _, folder = a_run
    here = {str(Path.home()), str(Path.cwd()), str(book_folder), str(folder), str(Path(kpikit.__file__).parent)}
    who = {name for name in (getpass.getuser(), socket.gethostname()) if len(name) > 3 and name != "root"}
    for name, text in contents(folder).items():
        assert not [place for place in here if len(place) > 5 and place in text], name
        assert not [one for one in who if re.search(rf"\b{re.escape(one)}\b", text)], name
        assert "/tmp/" not in text, name
        assert not re.search(r"(/home|/Users)/\w+/|[A-Z]:\\\\Users", text), name
