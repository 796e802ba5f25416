"""Exports as people have them, with the right answer (``cases/init/*/EXPECTED.md``): histories of stages."""

from collections import Counter

import polars as pl
import pytest

from kpikit import velocity
from kpikit.engine import spells
from kpikit.start import starting
from kpikit.words import Words

A, Q, C = "Appointment Scheduled", "Qualified To Buy", "Contract Sent"


@pytest.fixture
def opened(tmp_path, shared_data):
    """The book of a case, through ``kpikit init --yes``."""

    def book(name):
        files = sorted((shared_data / "cases" / "init" / name).glob("*.csv"))
        made = starting.start(files, tmp_path, lambda _question, _blanks, guess: guess, Words("en"))
        return made.book

    return book


def outcomes(book):
    return dict(book.tables["deals"]["outcome"].value_counts().iter_rows())


def counted(book):
    """(pipeline, stage, kind) → the visits that curves use."""
    used = spells(book).filter(pl.col("excluded").is_null())
    return Counter(used.select("pipeline", "stage", "kind").rows())


def stages(book):
    """Pipeline → its open stages in order, and those that end a deal."""
    found = {}
    for pipeline, stage, is_won, is_lost in (
        book.tables["stages"].sort("pipeline", "position").select("pipeline", "stage", "is_won", "is_lost").rows()
    ):
        found.setdefault(pipeline, []).append(
            {(True, False): "won", (False, True): "lost"}.get((is_won, is_lost), stage)
        )
    return found


def test_history_mode(opened):
    book = opened("03-history-mode")
    assert outcomes(book) == {"won": 16, "lost": 16, "open": 8}


def test_the_same_day(opened):
    book = opened("04-same-day")
    median = velocity.cycle(book).row(0, named=True)
    # ended by 12.08 days: 20 of 40, exactly half; the next ends at 13.08: the middle between them
    assert (round(median["value"], 2), median["n"], median["n_excluded"]) == (12.58, 40, 0)
    visits = Counter(spells(book).filter(pl.col("excluded").is_null())["stage"])
    assert visits == {A: 40, Q: 40, C: 40}


def test_the_first_stage_of_a_change_log(opened):
    book = opened("05-change-log-first-stage")
    assert stages(book) == {"all": [A, Q, C, "won", "lost"]}
    reached = Counter(spells(book).filter(pl.col("excluded").is_null() & (pl.col("visit") == 1))["stage"])
    assert reached == {A: 40, Q: 26, C: 13}  # 1, .65 and .325 of 40
    found = velocity.time_in_stage(book).filter(pl.col("stage") == A).row(0, named=True)
    assert found["n"] == 40
    assert velocity.cycle(book)["n_late"].to_list() == [0] * 5


def test_a_change_log_of_all_fields(opened):
    book = opened("06-pipedrive-changelog")
    firsts = Counter(spells(book).filter(pl.col("excluded").is_null() & (pl.col("visit") == 1))["stage"])
    assert firsts == {"1": 40, "2": 26, "3": 13}
    fields = dict(book.tables["changes"]["field"].value_counts().iter_rows())
    assert fields == {"amount": 40, "outcome": 32}


@pytest.mark.parametrize("case", ["11-stages-hubspot", "12-stages-salesforce"])
def test_a_list_of_stages_with_ends_in_it(opened, case):
    book = opened(case)
    assert stages(book) == {"Sales Pipeline": [A, Q, C, "won", "lost"]}
    of_contract = {kind: n for (_, stage, kind), n in counted(book).items() if stage == C}
    assert of_contract == {"won": 8, "lost": 8, "open": 4}
    assert {stage for _, stage, _ in counted(book)} == {A, Q, C}


def test_two_pipelines(opened):
    book = opened("14-two-pipelines")
    assert stages(book) == {
        "New business": ["Qualify", "Demo", "Proposal", "Contract", "won", "lost"],
        "Renewal": ["Outreach", "Contract", "won", "lost"],
    }
    assert counted(book)["New business", "Proposal", "advance"] == 17
    assert not [key for key in counted(book) if key[2] == "back"]
    sizes = dict(velocity.funnel(book).select("stage", "n").rows())
    assert sizes == {"Qualify": 20, "Demo": 20, "Proposal": 20, "Outreach": 60, "Contract": 80}
    assert set(velocity.cycle(book)["n_late"]) == {0}


def test_a_column_a_stage(opened):
    book = opened("21-wide-stage-dates")
    assert stages(book) == {"Sales Pipeline": [A, Q, C, "won", "lost"]}
    firsts = Counter(spells(book).filter(pl.col("excluded").is_null())["stage"])
    assert firsts == {A: 40, Q: 26, C: 13}
    assert outcomes(book) == {"won": 16, "lost": 16, "open": 8}


def test_weekly_snapshots(tmp_path, shared_data):
    file = shared_data / "cases" / "shapes" / "weekly-snapshots" / "snap.csv"
    made = starting.start([file], tmp_path, lambda _question, _blanks, guess: guess, Words("en"))
    assert made.book.tables["deals"].height == 50
    rows = pl.read_csv(file, infer_schema=False)
    firsts = rows.group_by("Deal ID", "Stage").agg(pl.col("Snapshot Date").min())
    events = made.book.tables["stage_events"].select("deal_id", "stage", pl.col("entered_at").dt.to_string("%Y-%m-%d"))
    assert sorted(events.rows()) == sorted(firsts.rows())
    assert f"{made.book.as_of:%Y-%m-%d}" == rows["Snapshot Date"].max()
