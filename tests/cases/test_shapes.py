"""The exports in ``shared/data/cases/shapes``: one and the same past in every shape gives the same visits."""

from datetime import UTC, datetime

import polars as pl
import pytest

from kpikit.start.starting import understand

SAME = {
    "hubspot": ("hubspot-all-properties.csv",),
    "hubspot api": ("hubspot-api-names.csv",),
    "salesforce": ("salesforce-opportunities.csv", "salesforce-history.csv"),
}


@pytest.fixture
def made(shared_data, tmp_path):
    def of(folder, *names):
        files = [shared_data / "cases" / "shapes" / folder / name for name in names]
        return understand(files, tmp_path / "mine", None)

    return of


def letters(column):
    return pl.col(column).str.to_lowercase().str.replace_all(r"\W", "")


@pytest.mark.parametrize("shape", SAME)
def test_the_same_300_deals_give_the_same_visits(made, shared_data, shape):
    start = made("same-300-deals", *SAME[shape])
    assert start.is_clear
    ends = dict(start.book.tables["deals"]["outcome"].value_counts().iter_rows())
    assert ends == {"won": 73, "lost": 212, "open": 15}
    truth = pl.read_csv(shared_data / "cases" / "shapes" / "same-300-deals" / "truth_visits.csv", infer_schema=False)
    number = pl.col("deal").str.slice(-3).cast(pl.Int64)
    entered = pl.col("entered").str.to_datetime("%Y-%m-%d %H:%M", time_zone="UTC")
    expected = set(truth.select(number, letters("stage"), entered).iter_rows())
    visits = start.book.tables["stage_events"].filter(
        ~pl.col("stage").str.to_lowercase().str.replace_all(r"\W", "").is_in(["closedwon", "closedlost"])
    )
    seen = visits.select(
        pl.col("deal_id").str.slice(-3).cast(pl.Int64), letters("stage"), pl.col("entered_at").dt.cast_time_unit("us")
    )
    assert visits.height == len(expected) == 747
    assert set(seen.iter_rows()) == expected


@pytest.mark.parametrize(("shape", "n"), [("hubspot", 48), ("hubspot api", 47), ("salesforce", 48)])
def test_how_much_each_of_them_can_answer(made, shape, n):
    """The file with the names of the API has no reasons of a loss, which is one question more."""
    found = made("same-300-deals", *SAME[shape]).book.fitness()
    assert found.filter(part="answers", code="answered").height == n


def test_cases_that_end_and_begin_again(made):
    book = made("event-log-reopened", "re.csv").book
    deals = book.tables["deals"]
    assert dict(deals["outcome"].value_counts().iter_rows()) == {"lost": 20, "open": 21}
    assert book.tables["stage_events"].filter(stage="New").height == 81
    then = book.at(datetime(2024, 1, 15, tzinfo=UTC)).tables["deals"]["outcome"]
    assert (then == "won").sum() == 40
    later = dict(book.at(datetime(2024, 3, 1, tzinfo=UTC)).tables["deals"]["outcome"].value_counts().iter_rows())
    assert later == {"lost": 20, "open": 20}


def test_people_beside_a_log(made):
    book = made("event-log-with-people", "log.csv", "people.csv").book
    assert dict(book.tables["deals"]["team"].value_counts().iter_rows()) == {"North": 20, "South": 20}


def test_a_row_a_deal_and_week_is_one_deal(made):
    start = made("weekly-snapshots", "snap.csv")
    assert start.is_clear
    assert start.book.tables["deals"].height == 50
