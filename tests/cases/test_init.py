"""The exports in ``shared/data/cases/init``: what init, check and the book make of each, against its right answer."""

from datetime import date

import pytest

from kpikit.analysis import velocity, winloss
from kpikit.start.starting import understand


@pytest.fixture
def made(shared_data, tmp_path):
    def of(case):
        folder = shared_data / "cases" / "init" / case
        files = sorted(path for path in folder.iterdir() if path.suffix != ".md")
        return understand(files, tmp_path / "mine", None)

    return of


def counts(book):
    return dict(book.tables["deals"]["outcome"].value_counts().iter_rows())


def rules(book):
    return {fault.rule for fault in book.faults}


THIRDS = {"won": 16, "lost": 16, "open": 8}


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ("01-line-items", THIRDS), ("03-history-mode", THIRDS), ("04-same-day", THIRDS),
        ("05-change-log-first-stage", THIRDS), ("06-pipedrive-changelog", THIRDS), ("08-lost-stages", THIRDS),
        ("09-flags", THIRDS), ("11-stages-hubspot", {"won": 24, "lost": 24, "open": 12}),
        ("12-stages-salesforce", {"won": 24, "lost": 24, "open": 12}),
        ("14-two-pipelines", {"won": 32, "lost": 32, "open": 16}),
        ("20-excel-serials", {"won": 36, "lost": 36, "open": 18}),
        ("21-wide-stage-dates", THIRDS),
    ],
)  # fmt: skip
def test_how_many_deals_ended_how(made, case, expected):
    start = made(case)
    assert start.is_clear, start.error and start.error.sentence()
    assert counts(start.book) == expected


def test_01_lines_of_a_deal_are_one_deal(made):
    book = made("01-line-items").book
    won = book.tables["deals"].filter(outcome="won")
    quarter = won.filter(won["outcome_at"].dt.date().is_between(date(2026, 4, 1), date(2026, 6, 30)))
    assert (quarter.height, quarter["amount"].sum()) == (7, 60_000)


def test_04_a_deal_begun_and_closed_on_one_day_counts(made):
    book = made("04-same-day").book
    assert velocity.cycle(book).frame["n"][0] == 40


def test_05_the_first_stage_is_what_was_left_first(made):
    start = made("05-change-log-first-stage")
    visits = start.book.tables["stage_events"]
    assert visits.filter(stage="Appointment Scheduled").height == 40


def test_06_rows_of_the_stage_are_the_history_and_others_are_changes(made):
    book = made("06-pipedrive-changelog").book
    first = book.tables["stage_events"].sort("entered_at").group_by("deal_id").first()
    assert first.height == 40
    assert set(book.tables["changes"]["field"]) <= {"amount", "outcome"}


def test_08_lost_in_several_words(made):
    book = made("08-lost-stages").book
    closed = winloss.definitions(book).frame
    assert closed.height > 0
    lost = book.tables["deals"].filter(outcome="lost")["stage"].unique().sort().to_list()
    assert lost == ["Closed Lost", "Closed Lost - No Decision / Timing", "Closed Lost - Went with Competitor"]


@pytest.mark.parametrize("case", ["11-stages-hubspot", "12-stages-salesforce"])
def test_11_12_ends_among_the_stages_are_ends(made, case):
    book = made(case).book
    stages = velocity.time_in_stage(book).frame["stage"].unique().sort().to_list()
    assert stages == ["Appointment Scheduled", "Contract Sent", "Qualified To Buy"]
    assert (velocity.time_in_stage(book).frame["n"] > 0).all()


def test_14_an_order_for_each_pipeline(made):
    stages = made("14-two-pipelines").book.tables["stages"].sort("pipeline", "position")
    listed = {
        name: stages.filter(pipeline=name).filter(~stages.filter(pipeline=name)["stage"].str.contains("Closed"))[
            "stage"
        ]
        for name in ("New business", "Renewal")
    }
    assert listed["New business"].to_list() == ["Qualify", "Demo", "Proposal", "Contract"]
    assert listed["Renewal"].to_list() == ["Outreach", "Contract"]


def test_15_a_day_after_all_else_is_told_and_moves_nothing(made):
    start = made("15-future-close")
    assert start.book.as_of.date() == date(2026, 7, 18)
    (told,) = [fault for fault in start.book.faults if fault.rule == "after_all_else"]
    assert told.row is not None
    assert told.file == "deals_export.csv"


def test_17_twins_are_told(made):
    found = made("17-doubles").book.fitness()
    twins = found.filter(code="twins")
    assert twins["n"].to_list() == [20]


def test_18_amounts_are_read_or_said_to_be_none(made):
    start = made("18-amounts-5k")
    if start.is_clear:
        assert start.book.tables["deals"].sort("deal_id")["amount"].head(3).to_list() == [5000, 6000, 7000]
    else:
        (doubt,) = start.choices.open
        assert (doubt.values["k"], doubt.values["n"]) == (40, 40)


def test_20_days_as_numbers(made):
    deals = made("20-excel-serials").book.tables["deals"].sort("deal_id")
    assert deals["created_at"][0].isoformat() == "2026-01-05T09:00:00+00:00"


def test_21_a_column_a_stage_is_a_history(made):
    book = made("21-wide-stage-dates").book
    assert book.tables["stage_events"].filter(stage="Appointment Scheduled").height == 40
