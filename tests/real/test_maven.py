"""Maven's CRM snapshot through its kpikit.toml, and through ``kpikit init``: known figures, and each trap said."""

import csv
import re
import tomllib
from collections import Counter
from datetime import date, datetime
from html import unescape

import polars as pl
import pytest

from kpikit import open_book, velocity, winloss
from kpikit.calendar import Period
from kpikit.start.starting import start
from kpikit.words import Words

#: data/README.md: won of won and lost by the month of closing in 2017
BY_MONTH = (
    ("2017-03", 0.821), ("2017-04", 0.486), ("2017-05", 0.544), ("2017-06", 0.828), ("2017-07", 0.491),
    ("2017-08", 0.568), ("2017-09", 0.792), ("2017-10", 0.493), ("2017-11", 0.529), ("2017-12", 0.785),
)  # fmt: skip
STAGE_QUESTIONS = ("time_in_stage", "exits", "funnel", "bottleneck", "sleeping")


@pytest.fixture(scope="module")
def book(real):
    return open_book(real / "maven.toml")


@pytest.fixture(scope="module")
def rows(shared_data):
    """The raw rows, read by Python's own reader."""
    with (shared_data / "maven_crm" / "sales_pipeline.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def counted(book, column="outcome"):
    return dict(book.tables["deals"][column].value_counts().iter_rows())


def finding(book, code, subject=None):
    rows = book.fitness().filter(code=code).to_dicts()
    return next(((r["status"], r["n"], r["of"]) for r in rows if subject in (None, r["subject"])), None)


def test_how_many_of_each(book):
    assert counted(book, "stage") == {"Won": 4_238, "Lost": 2_473, "Engaging": 1_589, "Prospecting": 500}
    assert counted(book) == {"won": 4_238, "lost": 2_473, "open": 1_589 + 500}
    assert book.dropped.is_empty()


def test_the_win_rate_and_the_won_value(book):
    closed = winloss.win_rate(book, definition="closed").to_dicts()[0]
    assert closed["value"] == pytest.approx(0.6315, abs=5e-5)
    assert closed["n"] == 4_238 + 2_473
    wins = {row["figure"]: row["value"] for row in winloss.wins(book).to_dicts()}
    assert wins == {"won": 4_238, "won_value": 10_005_534}


@pytest.mark.parametrize(("month", "rate"), BY_MONTH)
def test_the_win_rate_of_each_month_of_closing(book, month, rate):
    row = winloss.win_rate(book, definition="closed", during=Period.parse(month)).to_dicts()[0]
    assert row["value"] == pytest.approx(rate, abs=5e-4)


def test_the_first_quarter_holds_march_only(book):
    ended = book.tables["deals"].filter(pl.col("outcome") != "open")["outcome_at"]
    assert ended.min().date() == date(2017, 3, 1)
    found = book.fitness().filter(code="outcomes_start").to_dicts()[0]
    assert (found["status"], found["at"]) == ("look", date(2017, 3, 1))


@pytest.mark.parametrize("question", STAGE_QUESTIONS)
def test_stage_questions_are_refused_with_the_reason(book, question):
    answer = getattr(velocity, question)(book).to_dicts()
    assert [(row["status"], row["reason"]) for row in answer] == [("refused", "no_stage_history")]
    found = book.fitness().filter(part="answers", subject=question)["reason"].to_list()
    assert found == ["no_stage_history"]


def test_no_stage_history_is_said_and_how_to_get_one(book):
    assert finding(book, "no_stage_history") == ("missing", None, 8_800)


# --- the traps -------------------------------------------------------------------------------------------------------


def test_a_product_that_is_written_in_two_ways(book, rows):
    n = sum(row["product"] == "GTXPro" for row in rows)
    (near,) = [fault for fault in book.faults if fault.rule == "lookup_near"]
    assert (near.value, near.values["like"], near.n, near.values["distinct"]) == ("GTXPro", "GTX Pro", n, 1)
    assert counted(book, "deal_type")["GTX"] == sum(row["product"].startswith("GTX") for row in rows)
    assert book.tables["deals"]["deal_type"].null_count() == 0


def test_a_sector_that_is_misspelt(book, shared_data, rows):
    with (shared_data / "maven_crm" / "accounts.csv").open(encoding="utf-8", newline="") as file:
        sectors = {row["account"]: row["sector"] for row in csv.DictReader(file)}
    assert "technolgy" in sectors.values()
    expected = Counter(sectors.get(row["account"], "").replace("technolgy", "technology") or None for row in rows)
    assert counted(book, "segment") == dict(expected)
    assert "technolgy" not in set(book.tables["accounts"]["industry"])


def test_prospects_without_a_date(book):
    undated = book.tables["deals"].filter(pl.col("created_at").is_null())
    assert counted(book, "stage")["Prospecting"] == undated.height == 500
    assert set(undated["stage"]) == {"Prospecting"}
    assert finding(book, "empty", "deals.created_at") == ("look", 500, 8_800)


def test_the_amount_of_lost_deals_was_never_kept(book):
    (fault,) = [fault for fault in book.faults if fault.rule == "zero_amount_of_lost"]
    assert (fault.n, fault.column) == (2_473, "close_value (amount)")
    assert winloss.win_rate(book, definition="value")["status"].to_list() == ["refused"]


def test_agents_without_deals(book, rows):
    assert finding(book, "people_without_deals") == ("look", 5, 35)
    assert finding(book, "owners_without_team") == ("fine", 0, len({row["sales_agent"] for row in rows}))


def test_open_deals_older_than_any_that_ended(book, rows):
    def day(text):
        return datetime.strptime(text, "%m/%d/%Y").date()  # noqa: DTZ007 - days alone

    cycles = [(day(r["close_date"]) - day(r["engage_date"])).days for r in rows if r["close_date"] and r["engage_date"]]
    assert max(cycles) == 138
    last = max(day(row["close_date"]) for row in rows if row["close_date"])
    engaging = [(last - day(row["engage_date"])).days for row in rows if row["deal_stage"] == "Engaging"]
    n = sum(age > 138 for age in engaging)
    assert n / len(engaging) == pytest.approx(0.81, abs=0.005)
    found = book.fitness().filter(code="open_older").to_dicts()[0]
    assert (found["status"], found["n"], found["of"], found["example"]) == ("look", n, 1_589, "138")


def test_teams_are_the_offices_of_people(book, shared_data, rows):
    with (shared_data / "maven_crm" / "sales_teams.csv").open(encoding="utf-8", newline="") as file:
        office = {row["sales_agent"]: row["regional_office"] for row in csv.DictReader(file)}
    expected = Counter(office[row["sales_agent"]] if row["engage_date"] else None for row in rows)
    assert counted(book, "team") == dict(expected)  # a prospect without a date belongs to no day, so to no team


def test_all_that_is_found_can_be_said(book):
    for language in ("en", "nl"):
        for fault in book.faults:
            assert Words(language).fault(fault)


# --- init ------------------------------------------------------------------------------------------------------------


def test_init_takes_it_for_what_it_is(shared_data, tmp_path, book):
    made = start(sorted((shared_data / "maven_crm").glob("*.csv")), tmp_path, lambda *asked: asked[2], Words("en"))
    assert made.error is None
    mine, known = made.book.tables["deals"], book.tables["deals"]
    for column in ("deal_id", "outcome", "amount", "created_at", "outcome_at", "stage", "team", "owner", "account_id"):
        assert mine[column].equals(known[column]), column
    assert made.book.as_of == book.as_of
    assert made.period == "2017Q4"
    config = tomllib.loads(made.path.read_text(encoding="utf-8"))
    assert config["tables"]["people"]["columns"] == {"owner": "sales_agent", "team": "regional_office"}
    assert config["tables"]["deals"]["values"]["outcome"] == {
        "Won": "won", "Lost": "lost", "Engaging": "open", "Prospecting": "open"
    }  # fmt: skip
    assert [path.name for path in made.guess.unused_files] == ["data_dictionary.csv", "products.csv"]


# --- the report ------------------------------------------------------------------------------------------------------

REPORT = {
    "en": {
        "page-time": "Stage times cannot be said: this export has no stage history",
        "page-ends": "How stages end cannot be said: this export has no stage history",
        "page-deals": "Long waits cannot be said: this export has no stage history",
    },
    "nl": {
        "page-time": "Fasetijden zijn niet te zeggen: deze export heeft geen fasegeschiedenis",
        "page-ends": "Hoe fasen aflopen is niet te zeggen: deze export heeft geen fasegeschiedenis",
        "page-deals": "Wie lang wacht is niet te zeggen: deze export heeft geen fasegeschiedenis",
    },
}


@pytest.mark.slow
@pytest.mark.parametrize("language", REPORT)
def test_the_reports_stage_pages_say_why_they_are_empty(real, tmp_path, language):
    from kpikit.report.runs.run import Order, run

    order = Order(str(real / "maven.toml"), "team-review", "2017Q4", tmp_path, ("Central",), language)
    made = run(order)
    assert made.exit_code == 0
    html = (tmp_path / "2017Q4" / "central" / "report.html").read_text(encoding="utf-8")
    sections = {
        match[1]: unescape(" ".join(re.sub(r"<[^>]+>", " ", match[2]).split()))
        for match in re.finditer(r'<section[^>]*id="([^"]+)"[^>]*>([\s\S]*?)</section>', html)
    }
    for page, sentence in REPORT[language].items():
        assert sentence in sections[page], page
        assert not re.search(r"\d", sections[page].replace(sentence, "")), "no figure on a page that cannot answer"
    assert REPORT[language]["page-time"] in sections["page-back"]
    assert "US$" in sections["page-front"]  # the wins are answered all the same
