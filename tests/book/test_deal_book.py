"""From frames to a deal book: kinds of frame, the as-of instant, and what is refused."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import polars as pl
import pytest

from kpikit import DataError, DealBook, Settings, UsageError, velocity, winloss
from kpikit.engine import spells
from tests.strategies import STAGES, day

DEALS = {
    "deal_id": ["a", "b", "c"],
    "pipeline": ["New"] * 3,
    "outcome": ["won", "open", "lost"],
    "created_at": ["2026-01-05", "2026-01-06", "2026-01-07"],
    "outcome_at": ["2026-02-01", None, "2026-02-03"],
    "amount": [100.0, None, 50.0],
}
EVENTS = {"deal_id": ["a", "b"], "stage": ["Qualify", "Qualify"], "entered_at": ["2026-01-05", "2026-01-06"]}


def rules(error):
    return [fault.rule for fault in error.value.faults]


def test_from_polars():
    book = DealBook.from_frames(deals=pl.DataFrame(DEALS))
    assert book.answers_in == "polars"
    assert isinstance(winloss.wins(book).frame, pl.DataFrame)
    assert book.as_of == datetime(2026, 2, 3, tzinfo=UTC)
    assert repr(book) == "DealBook: 3 deals, up to 2026-02-03 00:00 UTC"


def test_pandas_in_pandas_out():
    deals = pd.DataFrame(DEALS)
    for column in ("created_at", "outcome_at"):
        deals[column] = pd.to_datetime(deals[column])
    book = DealBook.from_frames(deals=deals, stage_events=pd.DataFrame(EVENTS), stages=STAGES.to_pandas())
    for answer in (winloss.wins(book), velocity.time_in_stage(book), velocity.exits(book), velocity.curves(book)):
        assert isinstance(answer.frame, pd.DataFrame)
    wins = winloss.wins(book).set_index("figure")
    assert wins.loc["won", "value"] == 1
    assert wins.loc["won_value", "value"] == 100


def test_pandas_and_polars_make_the_same_book():
    one = DealBook.from_frames(deals=pl.DataFrame(DEALS), stage_events=pl.DataFrame(EVENTS), stages=STAGES)
    other = DealBook.from_frames(
        deals=pd.DataFrame(DEALS), stage_events=pd.DataFrame(EVENTS), stages=STAGES.to_pandas()
    )
    for name, frame in one.tables.items():
        assert frame.equals(other.tables[name]), name
    assert one.as_of == other.as_of


def test_a_pandas_index_does_no_harm_and_further_columns_are_kept():
    deals = pd.DataFrame({**DEALS, "shoe_size": [1, 2, 3]}, index=[7, 7, 9])
    book = DealBook.from_frames(deals=deals)
    assert book.tables["deals"]["deal_id"].to_list() == ["a", "b", "c"]
    assert book.tables["deals"]["shoe_size"].to_list() == [1, 2, 3]


def test_a_lazy_frame_will_do():
    assert DealBook.from_frames(deals=pl.LazyFrame(DEALS)).tables["deals"].height == 3


@pytest.mark.parametrize("missing", ["deal_id", "pipeline", "outcome"])
def test_the_three_columns_that_are_needed(missing):
    with pytest.raises(DataError) as refused:
        DealBook.from_frames(deals=pl.DataFrame(DEALS).drop(missing))
    assert "missing_column" in rules(refused)
    assert missing in {fault.column for fault in refused.value.faults}


def test_all_faults_at_once():
    deals = pl.DataFrame(DEALS).drop("pipeline", "outcome")
    with pytest.raises(DataError) as refused:
        DealBook.from_frames(deals=deals)
    assert rules(refused).count("missing_column") == 2


def test_an_unknown_table_is_refused_and_the_known_ones_are_named():
    with pytest.raises(UsageError) as refused:
        DealBook.from_frames(deals=pl.DataFrame(DEALS), invoices=pl.DataFrame({"x": [1]}))
    assert refused.value.code == "unknown_table"
    assert "invoices" in str(refused.value)
    assert "stage_events" in str(refused.value)


def test_dropped_rows_are_kept_with_their_rule():
    deals = pl.DataFrame(
        {
            "deal_id": [f"d{i}" for i in range(9)] + ["d0"],
            "pipeline": ["P"] * 9 + ["Q"],
            "outcome": ["won"] * 10,
            "outcome_at": ["2026-01-01"] * 10,
        }
    )
    book = DealBook.from_frames(deals=deals)
    assert book.tables["deals"].height == 9
    assert book.dropped.select("table", "_row", "rule").rows() == [("deals", 11, "duplicate_id")]  # the header is row 1


def test_too_many_dropped_rows_are_refused():
    deals = pl.DataFrame(
        {"deal_id": ["a"] * 5, "pipeline": list("PQRST"), "outcome": ["won"] * 5, "outcome_at": ["2026-01-01"] * 5}
    )
    with pytest.raises(DataError) as refused:
        DealBook.from_frames(deals=deals)
    assert rules(refused)[0] == "too_many_dropped"  # 4 of 5 is more than a fifth
    assert DealBook.from_frames(deals=deals, settings=Settings(max_dropped=0.8)).tables["deals"].height == 1


# --- as of -----------------------------------------------------------------------------------------------------------


def many(n, odd, *, n_odd=1, column="outcome_at"):
    """n deals of January to March 2026, of which some have an instant that lies elsewhere."""
    values = {"created_at": [day(i % 50) for i in range(n)], "outcome_at": [day(60)] * n}
    values[column] = [odd if i < n_odd else value for i, value in enumerate(values[column])]
    return pl.DataFrame(
        {"deal_id": [str(i) for i in range(n)], "pipeline": ["P"] * n, "outcome": ["won"] * n, **values}
    )


def test_as_of_is_the_last_instant_recorded_in_any_of_the_logs():
    frames = {"deals": pl.DataFrame(DEALS), "stages": STAGES}
    events = pl.DataFrame(EVENTS)
    later = events.with_columns(recorded_at=pl.lit("2026-03-05"))
    assert DealBook.from_frames(**frames, stage_events=later).as_of == datetime(2026, 3, 5, tzinfo=UTC)
    changes = pl.DataFrame(
        {"deal_id": ["a"], "field": ["amount"], "old": ["1"], "new": ["100"], "changed_at": ["2026-04-01"]}
    )
    assert DealBook.from_frames(**frames, stage_events=later, changes=changes).as_of == datetime(2026, 4, 1, tzinfo=UTC)


def test_what_is_planned_or_was_said_does_not_count_as_recorded():
    deals = pl.DataFrame(DEALS).with_columns(expected_close_on=pl.lit("2026-12-31"), next_step_on=pl.lit("2026-11-01"))
    activities = pl.DataFrame({"activity_id": ["1"], "kind": ["call"], "happened_at": ["2026-06-01"]})
    assert DealBook.from_frames(deals=deals, activities=activities).as_of == datetime(2026, 2, 3, tzinfo=UTC)


@pytest.mark.parametrize("column", ["created_at", "outcome_at"])
def test_an_instant_far_ahead_of_a_few_makes_it_ask(column):
    with pytest.raises(DataError) as refused:
        DealBook.from_frames(deals=many(3, datetime(2099, 1, 1, tzinfo=UTC), column=column))
    (fault,) = (fault for fault in refused.value.faults if fault.rule == "as_of_unclear")
    assert fault.values["last"].year == 2099


@pytest.mark.parametrize("n", [100, 900])
@pytest.mark.parametrize("column", ["created_at", "outcome_at"])
def test_an_instant_far_ahead_of_many_is_told_with_its_row_and_moves_nothing(n, column):
    book = DealBook.from_frames(deals=many(n, datetime(2099, 1, 1, tzinfo=UTC), column=column))
    assert book.as_of == day(60)
    told = [(f.rule, f.row, f.column, f.value, f.n) for f in book.faults if f.rule == "after_all_else"]
    assert told == [("after_all_else", 2, column, "2099-01-01 00:00 UTC", 1)]
    assert book.tables["deals"][column].null_count() == 1
    assert book.tables["deals"]["outcome"].to_list() == ["won"] * n


def test_an_open_end_written_as_9999_never_becomes_as_of():
    try:
        book = DealBook.from_frames(deals=many(100, datetime(9999, 12, 31, tzinfo=UTC)))
    except DataError as error:
        assert [fault.rule for fault in error.faults] == ["as_of_unclear"]
    else:
        assert book.as_of == day(60)


def test_within_a_year_of_a_few_others_it_does_not_ask():
    assert DealBook.from_frames(deals=many(3, day(60 + 365))).as_of == day(425)
    with pytest.raises(DataError):
        DealBook.from_frames(deals=many(3, day(60 + 366)))


def test_told_as_of_it_does_not_ask_and_what_lies_ahead_has_not_happened():
    book = DealBook.from_frames(deals=many(3, datetime(2099, 1, 1, tzinfo=UTC)), as_of=day(90))
    assert book.as_of == day(90)
    assert book.tables["deals"]["outcome"].to_list() == ["open", "won", "won"]
    assert book.tables["deals"]["outcome_at"].to_list() == [None, day(60), day(60)]


def test_told_as_of_without_a_zone_is_utc():
    told = datetime(2026, 3, 1)  # noqa: DTZ001 - that is the point
    assert DealBook.from_frames(deals=pl.DataFrame(DEALS), as_of=told).as_of == datetime(2026, 3, 1, tzinfo=UTC)


def test_no_instant_at_all():
    deals = pl.DataFrame({"deal_id": ["a"], "pipeline": ["P"], "outcome": ["won"]})
    book = DealBook.from_frames(deals=deals)
    assert not book.is_dated
    assert repr(book) == "DealBook: 1 deal, no dates"
    told = DealBook.from_frames(deals=deals, as_of=day(9))
    assert (told.as_of, told.is_dated) == (day(9), True)


def test_an_open_deal_has_no_outcome_instant():
    deals = pl.DataFrame(
        {"deal_id": ["a"], "pipeline": ["P"], "outcome": ["open"], "created_at": [day(0)], "outcome_at": [day(9)]}
    )
    book = DealBook.from_frames(deals=deals, as_of=day(20))
    assert book.tables["deals"]["outcome_at"].to_list() == [None]


@pytest.mark.parametrize(
    ("instant", "local_day"),
    [
        (datetime(2026, 6, 30, 21, 59, tzinfo=UTC), datetime(2026, 6, 30)),  # noqa: DTZ001 - 23:59 in Amsterdam
        (datetime(2026, 6, 30, 22, 0, tzinfo=UTC), datetime(2026, 7, 1)),  # noqa: DTZ001 - summer time: two hours ahead
        (datetime(2026, 12, 31, 22, 59, tzinfo=UTC), datetime(2026, 12, 31)),  # noqa: DTZ001
        (datetime(2026, 12, 31, 23, 0, tzinfo=UTC), datetime(2027, 1, 1)),  # noqa: DTZ001 - one hour ahead
    ],
)
def test_local_days(instant, local_day):
    deals = pl.DataFrame(
        {"deal_id": ["a"], "pipeline": ["P"], "outcome": ["won"], "created_at": [day(0)], "outcome_at": [instant]}
    )
    book = DealBook.from_frames(deals=deals, settings=Settings(time_zone="Europe/Amsterdam"))
    assert book.tables["deals"]["outcome_day"].to_list() == [(local_day - datetime(1970, 1, 1)).days]  # noqa: DTZ001


def test_a_date_without_a_time_is_local_midnight():
    book = DealBook.from_frames(deals=pl.DataFrame(DEALS), settings=Settings(time_zone="Europe/Amsterdam"))
    assert book.tables["deals"]["outcome_at"][0] == datetime(2026, 1, 31, 23, tzinfo=UTC)
    assert book.tables["deals"]["outcome_day"][0] == (datetime(2026, 2, 1) - datetime(1970, 1, 1)).days  # noqa: DTZ001


def test_without_seq_the_order_of_the_rows_is_the_order_of_events():
    events = pl.DataFrame(
        {"deal_id": ["a", "a", "a"], "stage": ["Proposal", "Qualify", "Discovery"], "entered_at": ["2026-01-05"] * 3}
    )
    book = DealBook.from_frames(deals=pl.DataFrame(DEALS), stage_events=events, stages=STAGES)
    assert spells(book)["stage"].to_list() == ["Proposal", "Qualify", "Discovery"]


def test_a_book_cannot_be_changed():
    book = DealBook.from_frames(deals=pl.DataFrame(DEALS))
    with pytest.raises(AttributeError):
        book.as_of = day(0)
    later = book.replace(as_of=book.as_of + timedelta(days=1))
    assert (later.as_of - book.as_of).days == 1


def test_created_and_closed_on_one_day_is_no_fault():
    deals = pl.DataFrame(
        {
            "deal_id": ["a"],
            "pipeline": ["P"],
            "outcome": ["won"],
            "created_at": ["2026-07-01T10:00:00Z"],
            "outcome_at": ["2026-07-01"],
        }
    )
    book = DealBook.from_frames(deals=deals, settings=Settings(time_zone="Europe/Amsterdam"))
    assert "outcome_before_created" not in {fault.rule for fault in book.faults}
