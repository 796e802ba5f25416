"""Periods: whole months on local days."""

import itertools
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpikit import Settings, UsageError
from kpikit.calendar import MICROSECONDS_PER_UNIT, Period, add_months, midnight

AMSTERDAM = "Europe/Amsterdam"


@pytest.mark.parametrize(
    ("text", "fiscal_start", "first_on", "next_on"),
    [
        ("2026Q3", 4, date(2026, 7, 1), date(2026, 10, 1)),  # calendar, whatever the fiscal year
        ("FY2026Q1", 4, date(2026, 4, 1), date(2026, 7, 1)),
        ("FY2026Q2", 4, date(2026, 7, 1), date(2026, 10, 1)),
        ("FY2026Q4", 4, date(2027, 1, 1), date(2027, 4, 1)),
        ("FY2026", 4, date(2026, 4, 1), date(2027, 4, 1)),
        ("FY2026Q2", 1, date(2026, 4, 1), date(2026, 7, 1)),
        ("FY2026Q3", 11, date(2027, 5, 1), date(2027, 8, 1)),
        ("2026", 4, date(2026, 1, 1), date(2027, 1, 1)),
        ("2026-07", 4, date(2026, 7, 1), date(2026, 8, 1)),
        ("2026-12", 4, date(2026, 12, 1), date(2027, 1, 1)),
        (" fy2026q2 ", 4, date(2026, 7, 1), date(2026, 10, 1)),
    ],
)
def test_parse(text, fiscal_start, first_on, next_on):
    period = Period.parse(text, fiscal_start=fiscal_start)
    assert (period.first_on, period.next_on) == (first_on, next_on)
    assert period.name == text.strip().upper()


@pytest.mark.parametrize(
    "text",
    ["", "2026Q5", "2026Q0", "Q3 2026", "26Q3", "2026-13", "2026-00", "2026-7", "FY2026-07", "2026Q3x", "last quarter"],
)
def test_what_is_no_period(text):
    with pytest.raises(UsageError) as refused:
        Period.parse(text)
    assert refused.value.code == "period"
    assert repr(text) in str(refused.value)


def test_the_fiscal_year_is_the_calendar_s_unless_one_says_otherwise():
    assert Period.parse("FY2026Q2").first_on == date(2026, 4, 1)
    assert Period.parse("FY2026Q2").fiscal_start == 1


@pytest.mark.parametrize(("text", "first_on"), [("1900", date(1900, 1, 1)), ("2999Q4", date(2999, 10, 1))])
def test_the_first_and_the_last_year_are_periods(text, first_on):
    assert Period.parse(text).first_on == first_on


@pytest.mark.parametrize(
    ("unit", "long"), [("day", timedelta(1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1))]
)
def test_units_are_as_long_as_they_are(unit, long):
    assert timedelta(microseconds=MICROSECONDS_PER_UNIT[unit]) == long


@pytest.mark.parametrize("text", ["0000", "9999Q4", "1899", "3000"])
def test_years_beyond_the_calendar_are_no_period(text):
    with pytest.raises(UsageError):
        Period.parse(text).end  # noqa: B018


@pytest.mark.parametrize(
    ("text", "fiscal_start", "label"),
    [
        ("FY2026Q2", 4, "Q2 FY26/27"),
        ("FY2026Q4", 4, "Q4 FY26/27"),  # January to March 2027 still belong to the year that began in 2026
        ("FY2026", 4, "FY26/27"),
        ("FY2099", 4, "FY99/00"),
        ("FY2026Q2", 1, "Q2 FY26"),
        ("2026Q3", 4, "Q3 2026"),
        ("2026Q3", 1, "Q3 2026"),
        ("2026", 4, ""),
        ("2026-07", 4, ""),
    ],
)
def test_labels(text, fiscal_start, label):
    assert Period.parse(text, fiscal_start=fiscal_start).label == label


def test_a_period_begins_and_ends_at_local_midnight():
    # summer time: Amsterdam is two hours ahead until 25 October 2026, one hour after it
    third, fourth = (Period.parse(f"2026Q{i}", time_zone=AMSTERDAM) for i in (3, 4))
    assert third.start == datetime(2026, 6, 30, 22, tzinfo=UTC)
    assert third.end == datetime(2026, 9, 30, 22, tzinfo=UTC) == fourth.start
    assert fourth.end == datetime(2026, 12, 31, 23, tzinfo=UTC)
    # the month in which the clock is put back has one hour more than its 31 days
    october = Period.parse("2026-10", time_zone=AMSTERDAM)
    assert october.end - october.start == timedelta(days=31, hours=1)
    march = Period.parse("2026-03", time_zone=AMSTERDAM)
    assert march.end - march.start == timedelta(days=31) - timedelta(hours=1)


@pytest.mark.parametrize(
    ("day", "hour"),
    [(date(2026, 3, 29), 23), (date(2026, 3, 30), 22), (date(2026, 10, 25), 22), (date(2026, 10, 26), 23)],
)
def test_midnight_around_the_changes_of_the_clock(day, hour):
    assert midnight(day, AMSTERDAM) == datetime.combine(day - timedelta(days=1), datetime.min.time(), UTC).replace(
        hour=hour
    )


def test_back_and_widened():
    quarter = Period.parse("FY2026Q2", fiscal_start=4, time_zone=AMSTERDAM)
    before = quarter.back(12)
    assert (before.first_on, before.next_on, before.time_zone) == (date(2025, 7, 1), date(2025, 10, 1), AMSTERDAM)
    year = quarter.widened(12)
    assert (year.first_on, year.next_on) == (date(2025, 10, 1), date(2026, 10, 1))
    assert (quarter.back(12, 12).first_on, quarter.back(12, 12).next_on) == (date(2025, 7, 1), date(2026, 7, 1))
    assert before.label == ""


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)), st.integers(-500, 500))
def test_adding_months_and_taking_them_away(day, months):
    first = day.replace(day=1)
    assert add_months(add_months(day, months), -months) == first
    later = add_months(day, months)
    assert later.year * 12 + later.month - day.year * 12 - day.month == months


@given(
    st.integers(2000, 2090),
    st.integers(1, 12),
    st.sampled_from(["UTC", AMSTERDAM, "America/New_York", "Pacific/Auckland"]),
)
def test_quarters_tile_the_fiscal_year(year, fiscal_start, zone):
    whole = Period.parse(f"FY{year}", fiscal_start=fiscal_start, time_zone=zone)
    parts = [Period.parse(f"FY{year}Q{i}", fiscal_start=fiscal_start, time_zone=zone) for i in (1, 2, 3, 4)]
    assert parts[0].start == whole.start
    assert parts[3].end == whole.end
    assert all(one.end == next_.start for one, next_ in itertools.pairwise(parts))
    assert whole.first_on == date(year, fiscal_start, 1)


def test_settings_read_periods_by_their_own_calendar():
    period = Settings(time_zone=AMSTERDAM, fiscal_year_starts=4).period("FY2026Q2")
    assert period.start == datetime(2026, 6, 30, 22, tzinfo=UTC)
