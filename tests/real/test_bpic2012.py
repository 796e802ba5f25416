"""A real process (loan offers of a Dutch bank, BPI Challenge 2012) through its kpikit.toml and the public questions."""

from collections import defaultdict
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from kpikit import open_book, velocity
from kpikit.engine import histogram, spells
from kpikit.schema import Estimate
from kpikit.words import Words

STAGES = ("A_SUBMITTED", "A_PARTLYSUBMITTED", "A_PREACCEPTED", "A_ACCEPTED", "A_FINALIZED", "O_SENT", "O_SENT_BACK")
ENDS = {"A_APPROVED": "won", "A_DECLINED": "lost", "A_CANCELLED": "lost"}
#: data/README.md
REACHED = {
    "A_SUBMITTED": 13_087,
    "A_PREACCEPTED": 7_367,
    "A_ACCEPTED": 5_113,
    "A_FINALIZED": 5_015,
    "O_SENT": 5_015,
    "O_SENT_BACK": 3_254,
}


@pytest.fixture(scope="module")
def log(shared_data):
    return pl.read_parquet(shared_data / "bpic2012" / "bpic2012.parquet")


@pytest.fixture(scope="module")
def book(root, shared_data):
    if not (root.parent / "shared" / "data").samefile(shared_data):
        pytest.skip("shared: the folder is not where tests/real/bpic2012.toml looks for it")
    return open_book(root / "tests" / "real" / "bpic2012.toml")


def test_cases_and_how_they_ended(book):
    deals = book.tables["deals"]
    assert deals.height == 13_087
    assert book.dropped.is_empty()
    outcomes = dict(deals["outcome"].value_counts().iter_rows())
    assert outcomes == {"won": 2_246, "lost": 7_635 + 2_807, "open": 399}
    reasons = dict(deals["loss_reason"].drop_nulls().value_counts().iter_rows())
    assert reasons == {"A_DECLINED": 7_635, "A_CANCELLED": 2_807}
    assert deals.filter(pl.col("outcome") != "open")["outcome_at"].null_count() == 0


def test_amounts_were_text_and_one_is_nought(book):
    amounts = book.tables["deals"]["amount"]
    assert amounts.null_count() == 0
    assert (amounts == 0).sum() == 1


def test_dates(book, log):
    zone = ZoneInfo("Europe/Amsterdam")
    first = book.tables["deals"]["created_at"]
    assert first.min().astimezone(zone).date() in (
        date(2011, 9, 30),
        date(2011, 10, 1),
    )  # 1 October just after midnight, local
    assert first.max().astimezone(zone).date() == date(2012, 2, 29)  # registrations stop
    assert book.as_of.astimezone(zone).date() == date(2012, 3, 14)
    complete = log.filter(pl.col("lifecycle:transition") == "COMPLETE")["time:timestamp"]
    assert abs((book.as_of - _utc(complete.max())).total_seconds()) < 86_400


def _utc(instant):
    return instant.replace(tzinfo=ZoneInfo("UTC")) if instant.tzinfo is None else instant


def test_how_many_cases_reached_each_stage(book):
    reached = spells(book).group_by("stage").agg(pl.col("deal_id").n_unique())
    assert {stage: n for stage, n in reached.iter_rows() if stage in REACHED} == REACHED


def test_spells_and_histogram_count_the_same_visits(book):
    visits = spells(book)
    assert visits.filter(pl.col("left_at") < pl.col("entered_at")).is_empty()
    table = histogram(book, visits="all").filter(pl.col("kind") != "entered_late")
    assert table["n"].sum() == visits.filter(pl.col("excluded").is_null()).height
    assert visits.select("deal_id", "stage", "visit").is_duplicated().sum() == 0


def first_visits(log):
    """Stage → (minutes, ended) of first visits, by a loop over each case of the raw log."""
    rows = log.filter(pl.col("lifecycle:transition") == "COMPLETE").select(
        case=pl.col("case:concept:name").cast(pl.String), activity="concept:name", at="time:timestamp"
    )
    last = rows["at"].max()
    cases = defaultdict(list)
    for case, activity, at in rows.iter_rows():
        if activity in STAGES or activity in ENDS:
            cases[case].append((at, activity))
    found = defaultdict(list)
    for events in cases.values():
        events.sort(key=lambda event: event[0])  # stable: the order of the file within one instant
        end = max((at for at, activity in events if activity in ENDS), default=None)
        inside = [(at, activity) for at, activity in events if activity in STAGES and (end is None or at <= end)]
        seen, previous = set(), None
        for i, (at, activity) in enumerate(inside):
            if activity == previous:
                continue
            previous = activity
            if activity in seen:
                continue
            seen.add(activity)
            left = next((later for later, other in inside[i + 1 :] if other != activity), end)
            found[activity].append((((left or last) - at) / timedelta(minutes=1), left is not None))
    return found


@pytest.mark.slow
def test_medians_against_lifelines_on_raw_times(book, log):
    from lifelines import KaplanMeierFitter

    visits = first_visits(log)
    answers = {row["stage"]: row for row in velocity.time_in_stage(book).to_dicts()}
    assert set(answers) == set(STAGES)
    for stage, times in visits.items():
        minutes, ended = (np.array(column) for column in zip(*times, strict=True))
        median = float(KaplanMeierFitter().fit(minutes, ended).median_survival_time_)
        row = answers[stage]
        assert row["n"] + row["n_excluded"] == len(times)
        assert row["n_events"] == int(ended.sum())
        # a bin is a minute wide: the median may be off by one bin
        assert row["value"] == pytest.approx(median, abs=1.0), stage


def test_no_value_reads_nought(book):
    for language in ("en", "nl"):
        words = Words(language)
        for row in velocity.time_in_stage(book).to_dicts():
            figure = Estimate.of(row)
            said = words.duration(figure)
            assert not said.startswith("0"), (row["stage"], said)
            assert row["value"] > 0


def test_shares_add_up_and_agree_with_plain_counts(book):
    # 26 % of cases end within a minute and most within days: by 30 days nearly all visits have ended
    month = 30 * 24 * 60
    found = velocity.exits(book, horizon=month).filter(stage="A_SUBMITTED")
    shares = {row["exit"]: row["value"] for row in found.to_dicts()}
    # A_SUBMITTED is always followed by A_PARTLYSUBMITTED within minutes
    assert shares["on"] == pytest.approx(1.0, abs=1e-9)
    assert shares["still_there"] == pytest.approx(0.0, abs=1e-9)
