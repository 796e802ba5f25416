"""Drawn time becomes working time without changing order; by hand for a week with a holiday."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kpikit.simulate.working_time import drawn_time, to_working_time, utc, working_days

EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - drawn time has no zone


def us(*parts):
    return (datetime(*parts) - EPOCH) // timedelta(microseconds=1)  # noqa: DTZ001


def shown(value):
    return EPOCH + timedelta(microseconds=int(value))


def test_a_plain_week_by_hand():
    # Monday 5 October 2026 00:00 is its first working instant; half the week (Thursday noon) is Wednesday, 13:00
    week = to_working_time(np.array([us(2026, 10, 5), us(2026, 10, 8, 12), us(2026, 10, 11, 23, 59, 59)]))
    assert shown(week[0]) == datetime(2026, 10, 5, 8, 30)  # noqa: DTZ001
    assert shown(week[1]) == datetime(2026, 10, 7, 13, 0)  # noqa: DTZ001
    assert shown(week[2]).strftime("%a %H") == "Fri 17"


def test_a_week_with_easter_monday_has_four_days():
    # 6 April 2026 is off: the week begins on Tuesday, and its half lies between Wednesday and Thursday
    week = to_working_time(np.array([us(2026, 4, 6), us(2026, 4, 9, 12)]))
    assert shown(week[0]) == datetime(2026, 4, 7, 8, 30)  # noqa: DTZ001
    assert shown(week[1]) == datetime(2026, 4, 9, 8, 30)  # noqa: DTZ001
    assert date(2026, 4, 6) not in working_days(date(2026, 4, 1), date(2026, 5, 1))


@settings(max_examples=50)
@given(st.lists(st.integers(us(2023, 6, 1), us(2027, 1, 1)), min_size=2, max_size=50))
@example([us(2025, 12, 27, 21, 7, 13), us(2025, 12, 28, 23, 59, 59)])
def test_order_is_kept_and_hours_are_working_hours(instants):
    instants = np.sort(np.array(instants))
    moved = to_working_time(instants)
    assert (np.diff(moved) >= 0).all()
    for value in moved:
        at = shown(value)
        assert at.weekday() < 5
        assert (8, 30) <= (at.hour, at.minute) <= (17, 30)
    # the longest way is that of Sunday's last instant in a week whose Wednesday to Friday are Christmas: back to
    # Tuesday, 17:30, that is five days and six and a half hours
    assert np.abs(moved - instants).max() <= (5 * 24 + 6.5) * 3_600_000_000


def test_there_and_back():
    days = working_days(date(2026, 3, 2), date(2026, 5, 30))
    moved = to_working_time(drawn_time(days, np.full(len(days), 0.5)))
    assert [shown(m).date() for m in moved] == days


def test_summer_and_winter_in_utc():
    drawn = pl.Series("at", [us(2026, 7, 6), None, us(2026, 1, 5)])
    assert utc(drawn, "Europe/Amsterdam").dt.strftime("%H:%M").to_list() == ["06:30", None, "07:30"]
