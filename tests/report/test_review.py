"""A report as a value, without a notebook: which pages there are, what they may say, and what is refused."""

import json
import re

import pytest

import kpikit
from kpikit.errors import Refused, UsageError
from kpikit.report.formats.outputs import PAGE_MIME
from kpikit.report.review import team_review
from kpikit.show.document import plain, section
from tests.report.books import write_book

pytestmark = pytest.mark.slow  # each makes whole reports

PERIOD = "2026Q2"


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    folder = tmp_path_factory.mktemp("review") / "book"
    return kpikit.open_book(write_book(folder, {"Noord": (400, 4), "Zuid": (3, 3), "Duo": (30, 2)}, slower=30))


def _text(report):
    return "\n".join(plain(page, report.words) for page in report.pages)


def test_a_team_with_a_finding(book):
    """Written offer took 10 to 20 days, 15 at the half; since April 30 more."""
    report = team_review(book, team="Noord", period=PERIOD)
    assert [page.id for page in report.pages] == [
        "front", "customer", "tried", "moved", "time", "ends", "deals", "rate", "next", "back",
    ]  # fmt: skip
    front, time = report["front"].page, report["time"].page
    assert front.title.in_words(report.words) == "Written offer takes 29 days longer; the rest we can't tell yet"
    assert time.title.in_words(report.words).startswith("Written offer now takes 44 days; ")
    assert time.certainty == "clear"
    assert not time.folded
    with pytest.raises(UsageError, match="no page nonsense in this report; it has back, customer, deals"):
        report["nonsense"]


def test_the_same_in_dutch(book):
    report = team_review(book, team="Noord", period=PERIOD, language="nl")
    assert (
        report["front"].page.title.in_words(report.words)
        == "Written offer duurt 29 dagen langer; de rest nog niet te zeggen"
    )
    assert "Wat hier niet uit blijkt" in _text(report)
    assert "days" not in _text(report)


def test_a_team_with_three_deals_is_told_so_and_gets_no_figures(book):
    report = team_review(book, team="Zuid", period=PERIOD)
    assert report["front"].page.title.in_words(report.words) == "Three deals: talk about each; figures would mislead"
    assert {page.id for page in report.pages} == {"front", "customer", "tried", "deals", "next", "back"}
    assert all(page.chart is None for page in report.pages)
    dutch = team_review(book, team="Zuid", period=PERIOD, language="nl")
    assert dutch["front"].page.title.in_words(dutch.words) == "Drie deals: praat over elk; cijfers zouden misleiden"


def test_a_team_of_two_people_is_refused_with_the_reason(book):
    with pytest.raises(Refused, match="fewer than 3 people: a report of its own would be about persons"):
        team_review(book, team="Duo", period=PERIOD)


@pytest.mark.parametrize("team", ["Noord", "Zuid"])
@pytest.mark.parametrize("language", ["en", "nl"])
def test_pages_keep_the_order_and_say_no_more_than_one_question(book, team, language):
    report = team_review(book, team=team, period=PERIOD, language=language)
    for page in report.pages:
        html = section(page, report.words)
        places = [html.find(mark) for mark in ("<h2>", 'class="sentence"', "<figure>", 'class="question"')]
        there = [place for place in places if place >= 0]
        assert there == sorted(there)
        assert html.count('class="question"') <= 1
        assert html.count("<figure>") <= 1
        assert html.count("<h2>") == 1
        assert page.folded or page.id == "back" or page.question is not None
        assert "solution" not in plain(page, report.words)


def test_nobody_is_named(book):
    """Owners are called Noord-0 to Noord-3 here; no page, open or folded, has one of them."""
    report = team_review(book, team="Noord", period=PERIOD)
    html = "".join(section(page, report.words) for page in report.pages)
    assert not any(f"Noord-{i}" in html for i in range(4))


def test_what_stands_behind_each_cell(book):
    report = team_review(book, team="Noord", period=PERIOD)
    bundle = report["time"]._repr_mimebundle_()
    assert set(bundle) == {"text/html", "text/plain", PAGE_MIME}
    told = bundle[PAGE_MIME]
    page = report["time"].page
    assert (told["id"], told["folded"], told["certainty"]) == ("time", False, "clear")
    assert told["title"] == page.title.in_words(report.words)
    assert told["question"] == page.question.in_words(report.words)
    assert " ".join(told["sentence"]) in bundle["text/plain"].replace("\n", " ")
    assert set(told["charts"]) == {"wide", "narrow"}
    # every row of the chart is in the sheets, and no other
    (block,) = json.loads(told["sheets"])
    assert len(block["rows"]) == page.chart.data.height


def test_a_company_copy_says_so(book):
    report = team_review(book, team="Noord", period=PERIOD, copy="company")
    assert "company copy, no deals and no customers by name" in report._repr_mimebundle_()["text/html"]


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"team": "Nord"}, "There is no team 'Nord'. The book has: Duo, Noord, Zuid."),
        ({"language": "fr"}, "There is no language 'fr'."),
        ({"copy": "boss"}, "There is no 'boss' copy. Choose team or company."),
        ({"period": "2031Q1"}, "2031Q1 lies after the data"),
        ({"period": "2019Q1"}, "2019Q1 lies before the data"),
    ],
)
def test_what_cannot_be_answered_is_refused(book, asked, sentence):
    with pytest.raises(UsageError) as refused:
        team_review(book, **{"team": "Noord", "period": PERIOD} | asked)
    assert str(refused.value).startswith(sentence)


def test_a_report_on_the_past_does_not_know_the_future(book):
    """Up to the end of March nothing had become slower yet."""
    report = team_review(book, team="Noord", period="2026Q1")
    assert "Written offer takes" not in _text(report)


def test_all_teams_together(book):
    report = team_review(book, team="all", period=PERIOD)
    assert report.title.in_words(report.words) == "All teams: review"


def test_a_book_without_stage_history_says_why(tmp_path):
    folder = write_book(tmp_path / "book", {"Noord": (60, 4)})
    (folder / "stage_events.csv").unlink()
    report = team_review(kpikit.open_book(folder), team="Noord", period=PERIOD)
    assert "this export has no stage history" in report["front"].page.title.in_words(report.words)
    assert report["time"].page.folded


def test_every_link_inside_a_page_leads_somewhere(book):
    report = team_review(book, team="Noord", period=PERIOD)
    html = "".join(section(page, report.words) for page in report.pages)
    targets = set(re.findall(r'\bid="([^"]+)"', html))
    assert set(re.findall(r'href="#([^"]+)"', html)) <= targets
