"""Texts as values: one notation for a column as a whole, and a fault for every cell that has none."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpikit import schema
from kpikit.errors import SEVERITY, Fault, UsageError
from kpikit.reading.files import RawTable, from_frame
from kpikit.reading.typed.evidence import Evidence
from kpikit.reading.typed.formats import Formats
from kpikit.reading.typed.parsing import Parsed, parse

BRUSSELS = "Europe/Brussels"


def column(
    name: str, values: list, *, source: str = "csv", zone: str = BRUSSELS, others: dict | None = None, **formats
):
    """The values of one column of deals, and the faults."""
    frame = pl.DataFrame({name: pl.Series(values, dtype=pl.String), **(others or {})}).with_row_index("_row", offset=2)
    parsed = parse(RawTable("deals.csv", frame, (), source), "deals", Formats(**formats), time_zone=zone)
    return parsed.frame[name].to_list(), list(parsed.faults)


def said(faults: list[Fault]) -> list[tuple[str, int | None, str | None]]:
    return [(f.rule, f.row, f.value) for f in faults]


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


# numbers


@pytest.mark.parametrize(
    ("texts", "numbers"),
    [
        (["1", "2.5", None, " 3 ", "-4", "1e3"], [1, 2.5, None, 3, -4, 1000]),
        (["1.234,56", "€ 1.234", "1 234,5", "7"], [1234.56, 1234, 1234.5, 7]),
        (["1,234.56", "$1,234", "(123)", "0.5"], [1234.56, 1234, -123, 0.5]),
        (["1.234.567", "1.000"], [1234567, 1000]),
        (["1,234,567", "1,000"], [1234567, 1000]),
        (["12,34,567", "1,000.5"], [1234567, 1000.5]),
        (["1'234'567.50", "2'000"], [1234567.5, 2000]),
        (["1\u202f234,50", "12\u00a0000,25"], [1234.5, 12000.25]),
        (["€ 50,-", "EUR 1.250,75", "75,50 eur", "12,5-", "-€ 3,5"], [50, 1250.75, 75.5, -12.5, -3.5]),
        (["(1.500,25)", "\u22122,5"], [-1500.25, -2.5]),
        (["0,125", "0,250"], [0.125, 0.25]),
        ([".5", "5.", "+3"], [0.5, 5, 3]),
        (["1.234", "1250.125", "0.5"], [1.234, 1250.125, 0.5]),
        (["1,234", "1250,125", "0,5"], [1.234, 1250.125, 0.5]),
    ],
)
def test_numbers_in_the_notation_of_their_column(texts, numbers):
    values, faults = column("amount", texts)
    assert values == numbers
    assert faults == []


def test_a_thousand_or_a_decimal_is_asked_and_not_guessed():
    values, faults = column("amount", ["1.234", "5", None])
    assert values == [None, 5, None]
    assert said(faults) == [("decimal_ambiguous", 2, "1.234")]
    assert SEVERITY["decimal_ambiguous"] == "error"
    assert column("amount", ["1.234", "5"], decimal=",") == ([1234, 5], [])
    assert column("amount", ["1.234", "5"], decimal=".") == ([1.234, 5], [])
    assert column("amount", ["1.234", "5"], thousands=".") == ([1234, 5], [])
    assert column("amount", ["1,234", "5"], thousands=",") == ([1234, 5], [])


@pytest.mark.parametrize("texts", [["1,5", "1.5"], ["1.234", "1,234"], ["1.234,5", "1,234.5"]])
def test_numbers_that_contradict_each_other(texts):
    values, faults = column("amount", [*texts, "7"])
    assert values == [None, None, 7]
    assert [(f.rule, f.n) for f in faults] == [("decimal_mixed", 2)]


THOUSANDS = [f"{1000 + 37 * i:,}" for i in range(499)]


@pytest.mark.parametrize("odd", ["99.95", "1250.5", "0.5"])
@pytest.mark.parametrize("mark", [".", ","])
def test_one_decimal_among_thousands_is_reported_and_not_obeyed(odd, mark):
    swap = str.maketrans({",": mark, ".": mark})
    values, faults = column("amount", [*(t.translate(swap) for t in THOUSANDS), odd.translate(swap)])
    assert values == [*(1000.0 + 37 * i for i in range(499)), None]
    assert said(faults) == [("number_notation", 501, odd.translate(swap))]
    assert SEVERITY["number_notation"] == "warning"


@pytest.mark.parametrize("mark", [".", ","])
def test_one_thousand_among_decimals_is_reported_and_not_obeyed(mark):
    decimals = [f"{100 + i}.{i % 90 + 10}".replace(".", mark) for i in range(200)]
    values, faults = column("amount", [*decimals, f"1{mark}037"])
    assert (values[0], values[-1]) == (100.10, None)
    assert said(faults) == [("number_notation", 202, f"1{mark}037")]


@pytest.mark.parametrize("share", [25, 100, 250])
def test_split_evidence_is_asked_about_with_both_readings(share):
    texts = [t.replace(",", ".") for t in THOUSANDS[:-share]] + ["99.95"] * share
    values, faults = column("amount", texts)
    assert values == [None] * 499
    assert [(f.rule, f.row, f.value, f.n) for f in faults] == [("decimal_ambiguous", 2, "1.000", 499)]
    expected = {"whole": "1000", "part": "1.000", "both": 499 - share, "point": share, "comma": 0}
    assert faults[0].values | expected == faults[0].values
    values, faults = column("amount", texts, decimal=",")
    assert values[0] == 1000
    assert [f.rule for f in faults] == (["unreadable_number"] if share > 20 else [])


@pytest.mark.parametrize("mark", [".", ","])
def test_three_digits_throughout_are_thousands_and_said(mark):
    texts = [t.replace(",", mark) for t in THOUSANDS[:30]]
    values, faults = column("amount", [*texts, "950"])
    assert values == [*(1000 + 37 * i for i in range(30)), 950]
    assert [(f.rule, f.row, f.value, f.n) for f in faults] == [("thousands_by_shape", 2, f"1{mark}000", 30)]
    # a share has no thousands, five are not many, and numbers without a last nought may be decimals
    assert [f.rule for f in column("probability", texts)[1]] == ["decimal_ambiguous"]
    assert [f.rule for f in column("amount", texts[:5])[1]] == ["decimal_ambiguous"]
    assert [f.rule for f in column("amount", [t for t in texts if t[-1] != "0"])[1]] == ["decimal_ambiguous"]


def test_three_decimals_without_their_last_nought():
    rates = [f"{1.101 + 0.001 * i:.3f}".rstrip("0") for i in range(40)]
    assert column("amount", rates)[0] == pytest.approx([1.101 + 0.001 * i for i in range(40)])
    assert column("probability", ["1.234", "2.5"]) == ([1.234, 2.5], [])


@pytest.mark.parametrize(
    ("texts", "numbers"),
    [
        (["5k", "6k", "12K"], [5000, 6000, 12000]),
        (["1,2 mln", "0,75 mln", "€ 3 mln"], [1_200_000, 750_000, 3_000_000]),
        (["€ 1.2m", "$0.5M"], [1_200_000, 500_000]),
        (["2,5 miljoen", "300 duizend"], [2_500_000, 300_000]),
        (["1.5bn", "(2k)", "-3k"], [1_500_000_000, -2000, -3000]),
        (["5 k€", "1.250 EUR"], [5000, None]),
        (["5k EUR", "7.5k eur"], [5000, 7500]),
    ],
)
def test_units_multiply_and_are_noted(texts, numbers):
    values, faults = column("amount", texts, others={"currency": ["EUR"] * len(texts)})
    assert values == numbers
    assert {f.rule for f in faults} >= {"unit"}


def test_a_small_number_without_the_unit_of_the_others_is_said():
    values, faults = column("amount", ["5k", "6", "7000", "0"])
    assert values == [5000, 6, 7000, 0]
    assert said(faults) == [("unit", 2, "5k"), ("unit_mixed", 3, "6")]


@pytest.mark.parametrize(
    "text", ["abc", "1.2.3", "--3", "inf", "1 2", "12.34.567,0", "1,2,3", "€", "1e999", "5 apples"]
)
def test_texts_that_are_no_number(text):
    values, faults = column("amount", [text, "0.5"])
    assert values == [None, 0.5]
    assert said(faults) == [("unreadable_number", 2, text)]


def test_percent_is_divided_and_noted():
    assert column("discount", ["12%", "7.5 %"])[0] == [0.12, 0.075]
    assert [f.rule for f in column("discount", ["12%", "7.5 %"])[1]] == ["percent"]
    values, faults = column("discount", ["12%", "0.3"])
    assert (values, [f.rule for f in faults]) == ([0.12, 0.3], ["percent_mixed"])


def test_amounts_in_several_currencies_need_a_column_that_says_which():
    _, faults = column("amount", ["€ 5", "$ 5"])
    assert said(faults) == [("currency_mixed", 2, "€ 5")]
    assert column("amount", ["€ 5", "$ 5"], others={"currency": ["EUR", "USD"]})[1] == []


def test_whole_numbers():
    events = pl.DataFrame({"deal_id": ["a"] * 4, "stage": ["s"] * 4, "seq": ["1", "2.0", "2.5", None]})
    parsed = parse(from_frame(events), "stage_events")
    assert parsed.frame["seq"].to_list() == [1, 2, None, None]
    assert parsed.frame["seq"].dtype == pl.Int64
    assert said(list(parsed.faults)) == [("not_whole", 4, "2.5")]


def grouped(number: float, mark: str, decimal: str, places: int) -> str:
    return f"{number:,.{places}f}".translate(str.maketrans({",": mark, ".": decimal}))


@settings(max_examples=150, deadline=None)
@given(
    numbers=st.lists(st.integers(-(10**9), 10**9).map(lambda n: n / 100), min_size=1, max_size=20),
    notation=st.sampled_from([(".", ","), (",", "."), (" ", ","), ("'", "."), ("", "."), ("", ",")]),
    money=st.sampled_from(["{}", "€ {}", "{} EUR", "${}"]),
)
def test_numbers_come_back_from_every_notation(numbers, notation, money):
    mark, decimal = notation
    texts = [money.format(grouped(n, mark, decimal, 2)) for n in numbers]
    values, faults = column("amount", texts)
    assert values == pytest.approx(numbers)
    assert faults == []


# days and instants


@pytest.mark.parametrize(
    ("texts", "days"),
    [
        (["2026-01-31", None, "2026-02-01"], [date(2026, 1, 31), None, date(2026, 2, 1)]),
        (["31-12-2025", "01-02-2026"], [date(2025, 12, 31), date(2026, 2, 1)]),
        (["12/31/2025", "1/2/2026"], [date(2025, 12, 31), date(2026, 1, 2)]),
        (["31.12.25", "1.2.26"], [date(2025, 12, 31), date(2026, 2, 1)]),
        (["20260131", "20260201"], [date(2026, 1, 31), date(2026, 2, 1)]),
        (["2026/1/31", "2026/2/1"], [date(2026, 1, 31), date(2026, 2, 1)]),
        (["5 mei 2026", "12 okt 2026", "1 maart 2026"], [date(2026, 5, 5), date(2026, 10, 12), date(2026, 3, 1)]),
        (["May 5, 2026", "Oct 12, 2026", "March 1st, 2026"], [date(2026, 5, 5), date(2026, 10, 12), date(2026, 3, 1)]),
        (["5-Mar-26", "12-Aug-26"], [date(2026, 3, 5), date(2026, 8, 12)]),
        # two digits from 70 on are of the last century
        (["31-12-69", "31-12-70", "31-12-99"], [date(2069, 12, 31), date(1970, 12, 31), date(1999, 12, 31)]),
        # months in words beside months in digits
        (["3 maart 2026", "24-03-2026"], [date(2026, 3, 3), date(2026, 3, 24)]),
        (["ma 5 januari 2026", "Tuesday, 6 January 2026"], [date(2026, 1, 5), date(2026, 1, 6)]),
        (["2026-01-31 10:20:30", "31-01-2026"], [date(2026, 1, 31), date(2026, 1, 31)]),
        (["03-03-2026"], [date(2026, 3, 3)]),
    ],
)
def test_days_in_the_notation_of_their_column(texts, days):
    values, faults = column("expected_close_on", texts)
    assert values == days
    assert faults == []


def test_day_and_month_are_asked_and_not_guessed():
    values, faults = column("expected_close_on", ["01-02-2026", "03-04-2026", "05-05-2026"])
    assert values == [None, None, date(2026, 5, 5)]
    assert [(f.rule, f.row, f.n) for f in faults] == [("day_month_ambiguous", 2, 2)]
    assert SEVERITY["day_month_ambiguous"] == "error"
    assert column("expected_close_on", ["01-02-2026"], date_order="dmy") == ([date(2026, 2, 1)], [])
    assert column("expected_close_on", ["01-02-2026"], date_order="mdy") == ([date(2026, 1, 2)], [])
    assert column("expected_close_on", ["26-01-02"], date_order="ymd") == ([date(2026, 1, 2)], [])


def test_the_column_has_one_order_and_no_cell_goes_its_own_way():
    many = ["01-02-2026", "13-02-2026"] * 20
    assert column("expected_close_on", many)[0][0] == date(2026, 2, 1)
    assert column("expected_close_on", [d.replace("13-02", "02-13") for d in many])[0][0] == date(2026, 1, 2)
    values, faults = column("expected_close_on", ["13-02-2026", "02-13-2026", "01-01-2026"])
    assert values == [None, None, date(2026, 1, 1)]
    assert [(f.rule, f.n) for f in faults] == [("day_month_mixed", 2)]
    _, faults = column("expected_close_on", ["13-02-2026", "02-13-2026"], date_order="dmy")
    assert said(faults) == [("unreadable_date", 3, "02-13-2026")]


@pytest.mark.parametrize(("telling", "order"), [("13-02-2026", "dmy"), ("02-13-2026", "mdy")])
def test_one_date_does_not_settle_seven_others(telling, order):
    """By hand: of eight dates about five lie past the 12th; one of eight or fewer happens in one case of a hundred."""
    seven = [f"0{i}-0{i + 1}-2026" for i in range(1, 8)]
    values, faults = column("expected_close_on", [*seven, telling])
    assert values == [None] * 8
    assert [(f.rule, f.n) for f in faults] == [("day_month_ambiguous", 8)]
    counts = {"dmy": 0, "mdy": 0, "both": 7} | {order: 1}
    assert faults[0].values | counts | {"first": "2026-02-01", "second": "2026-01-02"} == faults[0].values
    values, faults = column("expected_close_on", [*seven, telling], date_order="dmy")
    assert values[0] == date(2026, 2, 1)
    assert [f.rule for f in faults] == ([] if order == "dmy" else ["unreadable_date"])


@pytest.mark.parametrize("flip", [False, True])
def test_one_date_against_many_is_reported_and_not_obeyed(flip):
    days = [date(2026, 1, 1) + timedelta(days=i) for i in range(60)]
    texts = [d.strftime("%m/%d/%Y" if flip else "%d/%m/%Y") for d in days]
    odd = "25/12/2025" if flip else "12/25/2025"
    values, faults = column("expected_close_on", [*texts, odd])
    assert values == [*days, None]
    assert said(faults) == [("date_notation", 62, odd)]
    # four of twenty are no oversight
    values, faults = column("expected_close_on", [*texts[12:28], *[odd] * 4])
    assert [f.rule for f in faults] == ["day_month_mixed"]
    assert values == [None] * 20


@pytest.mark.parametrize(("order", "pattern"), [("dmy", "%d/%m/%Y"), ("mdy", "%m/%d/%Y")])
def test_a_column_that_does_not_tell_is_read_as_the_dates_beside_it(order, pattern):
    days = [date(2026, 3, 1) + timedelta(days=i) for i in range(40)]
    early = [date(2026, 1 + i % 11, 2 + i % 5 + i % 3) for i in range(40)]
    frame = pl.DataFrame(
        {"created_at": [d.strftime(pattern) for d in days], "outcome_at": [d.strftime(pattern) for d in early]}
    )
    parsed = parse(from_frame(frame), "deals")
    assert parsed.frame["outcome_at"].dt.date().to_list() == early
    note = parsed.faults[0]
    assert (note.rule, note.column) == ("order_as_beside", "outcome_at")
    assert (note.values["beside"], note.values["order"]) == ("created_at", order)
    assert parsed.evidence["outcome_at"].notation == order
    # what is against the others is not read as they are
    odd = "31/12/2026" if order == "mdy" else "12/31/2026"
    frame = frame.with_columns(outcome_at=pl.Series([*frame["outcome_at"][:-1], odd]))
    assert [f.rule for f in parse(from_frame(frame), "deals").faults] == ["day_month_ambiguous"]


def test_years_of_two_digits_in_front():
    _, faults = column("expected_close_on", ["24-03-15", "24-03-16", "24-02-17"])
    assert [f.rule for f in faults] == ["day_month_ambiguous"]
    assert column("expected_close_on", ["24-03-15"], date_order="ymd")[0] == [date(2024, 3, 15)]


@pytest.mark.parametrize(
    "text", ["2026-02-30", "31-04-2026", "x", "2026-13-01", "1-2", "45292", "12", "2026-01-02 25:00"]
)
def test_texts_that_are_no_day(text):
    values, faults = column("expected_close_on", [text, "2026-01-01", "31-12-2026"])
    assert values == [None, date(2026, 1, 1), date(2026, 12, 31)]
    assert said(faults) == [("unreadable_date", 2, text)]


def test_days_become_local_midnights_and_times_local_times():
    values, faults = column("created_at", ["2026-01-31", "2026-07-01", "2026-01-31 10:00", "2026-07-01T10:00:00.5"])
    assert values == [
        utc(2026, 1, 30, 23),
        utc(2026, 6, 30, 22),
        utc(2026, 1, 31, 9),
        utc(2026, 7, 1, 8, 0, 0, 500_000),
    ]
    assert faults == []


def test_offsets_are_honoured_and_a_mixture_is_noted():
    texts = ["2026-01-31T10:00:00Z", "2026-01-31T10:00:00+02:00", "2026-01-31 10:00:00 -0500", "2026-01-31 10:00 UTC"]
    values, faults = column("created_at", texts)
    assert values == [utc(2026, 1, 31, 10), utc(2026, 1, 31, 8), utc(2026, 1, 31, 15), utc(2026, 1, 31, 10)]
    assert faults == []
    values, faults = column("created_at", [*texts, "2026-01-31 10:00:00"])
    assert values[-1] == utc(2026, 1, 31, 9)
    assert [(f.rule, f.row, f.values["zone"]) for f in faults] == [("mixed_zones", 6, BRUSSELS)]
    assert column("expected_close_on", ["2026-03-31T22:00:00Z"])[0] == [date(2026, 4, 1)]


def test_the_time_zone_of_the_file_is_not_that_of_the_book():
    values, _ = column("created_at", ["2026-01-31", "2026-01-31 10:00"], time_zone="America/New_York")
    assert values == [utc(2026, 1, 30, 23), utc(2026, 1, 31, 15)]


def test_the_hours_that_summer_time_skips_and_doubles():
    values, faults = column("created_at", ["2026-03-29 02:30:00", "2026-10-25 02:30:00", "2026-10-25 04:00:00"])
    assert values == [None, utc(2026, 10, 25, 0, 30), utc(2026, 10, 25, 3)]
    assert said(faults) == [
        ("time_in_gap", 2, "2026-03-29 02:30:00"),
        ("time_ambiguous", 3, "2026-10-25 02:30:00"),
    ]
    # in Brazil the clock skipped midnight itself: the day begins at one
    assert column("created_at", ["2018-11-04"], zone="America/Sao_Paulo") == ([utc(2018, 11, 4, 3)], [])


def test_afternoons():
    values, faults = column("created_at", ["1/31/2026 3:05 PM", "1/2/2026 12:00 am", "1/2/2026 12:30 p.m."], zone="UTC")
    assert values == [utc(2026, 1, 31, 15, 5), utc(2026, 1, 2), utc(2026, 1, 2, 12, 30)]
    assert faults == []


def test_sentinels_are_read_as_empty_and_noted():
    texts = [
        "9999-12-31 23:59:59",
        "2050-01-01 00:00:00",
        "1900-01-01 00:00:00",
        "0024-01-02 00:00:00",
        "2026-01-01 00:00:00",
    ]
    values, faults = column("created_at", texts, zone="UTC")
    assert values == [None, None, None, None, utc(2026, 1, 1)]
    assert [f.rule for f in faults] == ["sentinel_date"] * 3 + ["implausible_date"]
    values, faults = column("expected_close_on", ["31-12-9999", "01-02-2026", "13-02-2026"])
    assert (values[0], [f.rule for f in faults]) == (None, ["sentinel_date"])


def test_patterns_of_the_settings_come_first():
    values, _ = column("created_at", ["02|2026|03 07:30", "2026-01-01"], zone="UTC", date_formats=("%d|%Y|%m %H:%M",))
    assert values == [utc(2026, 3, 2, 7, 30), utc(2026, 1, 1)]
    values, _ = column("created_at", ["02|2026|03 07:30 +0200"], date_formats=("%d|%Y|%m %H:%M %z",))
    assert values == [utc(2026, 3, 2, 5, 30)]
    with pytest.raises(UsageError) as caught:
        column("created_at", ["02"], date_formats=("%d|%Y|%m %Hh",))
    assert caught.value.code == "setting_value"
    values, faults = column("expected_close_on", ["02|2026|03"], date_formats=("%d|%Y|%m",))
    assert (values, faults) == ([date(2026, 3, 2)], [])


def test_day_numbers_of_a_workbook_and_seconds_of_a_machine():
    values, faults = column("created_at", ["45292", "45292.5", "2024-01-03 00:00:00"], source="excel", zone="UTC")
    assert values == [utc(2024, 1, 1), utc(2024, 1, 1, 12), utc(2024, 1, 3)]
    assert [(f.rule, f.n) for f in faults] == [("excel_serial", 2)]
    values, faults = column("created_at", ["1575463702000", "1575463702"])
    assert values == [utc(2019, 12, 4, 12, 48, 22)] * 2
    assert [f.rule for f in faults] == ["epoch_time"]


NOTATIONS = ("%Y-%m-%d", "%d-%m-%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y%m%d", "%d %b %Y", "%B %d, %Y", "%d-%m-%y")


@pytest.mark.slow
@settings(max_examples=80, deadline=None)
@given(
    days=st.lists(st.dates(date(1971, 1, 1), date(2049, 12, 31)), min_size=1, max_size=15),
    notation=st.sampled_from(NOTATIONS),
)
def test_days_come_back_from_every_notation_or_are_asked_about(days, notation):
    values, faults = column("expected_close_on", [d.strftime(notation) for d in days])
    if faults:
        assert {f.rule for f in faults} <= {"day_month_ambiguous"}
    for value, day in zip(values, days, strict=True):
        assert value in (day, None)
        assert (value is None) == (bool(faults) and value is None)
    order = "mdy" if notation.startswith("%m") else "dmy"
    assert column("expected_close_on", [d.strftime(notation) for d in days], date_order=order) == (days, [])


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(
    times=st.lists(st.datetimes(datetime(1971, 1, 1), datetime(2049, 12, 31)), min_size=1, max_size=10),  # noqa: DTZ001
    notation=st.sampled_from(["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%d %b %Y %H:%M:%S", "%Y-%m-%d %I:%M:%S %p"]),
    zone=st.sampled_from([BRUSSELS, "UTC", "America/New_York", "Asia/Kolkata", "America/Sao_Paulo"]),
)
def test_instants_agree_with_the_standard_library(times, notation, zone):
    values, _ = column("created_at", [t.strftime(notation) for t in times], zone=zone)
    for value, time in zip(values, times, strict=True):
        local = time.replace(microsecond=0, tzinfo=ZoneInfo(zone))
        expected = local.astimezone(UTC)
        if expected.astimezone(ZoneInfo(zone)).replace(tzinfo=None) != local.replace(tzinfo=None):
            assert value is None  # a time that the clock skipped
        else:
            assert value == expected


# ids, texts, choices, yes and no


def test_each_column_says_how_it_was_read_and_which_cells_decided():
    frame = pl.DataFrame(
        {
            "amount": ["1.234", "x", "12,50", "7"],
            "expected_close_on": ["01-02-2026", None, "13-02-2026", "maybe"],
            "created_at": ["2026-01-01", "2026-01-02", None, None],
            "outcome": ["won", "lost", "?!", "open"],
            "name": ["a", "b", "c", "d"],
        }
    ).with_row_index("_row", offset=2)
    evidence = parse(RawTable("deals.csv", frame), "deals").evidence
    assert evidence["amount"] == Evidence("amount", ",", 1, 0, 1, 4, "12,50", failed=1)
    assert evidence["expected_close_on"] == Evidence("expected_close_on", "dmy", 1, 0, 1, 4, "13-02-2026", failed=1)
    assert evidence["created_at"] == Evidence("created_at", "iso", 2, row=2, value="2026-01-01")
    assert evidence["outcome"] == Evidence("outcome", failed=1)
    assert "name" not in evidence


def test_a_column_without_a_decision_says_how_its_cells_are_split():
    _, faults = column("amount", ["1.234"])
    evidence = parse(from_frame(pl.DataFrame({"amount": ["1.234"]})), "deals").evidence["amount"]
    assert (evidence.notation, evidence.n, evidence.failed) == ("", 0, 1)
    assert faults[0].values["both"] == 1


def test_ids_stay_as_they_are():
    texts = ["007", "NA", "None", " a ", "006q000000HddohAAB", "006q000000Hddoh", "#N/A", ""]
    values, faults = column("deal_id", texts, nulls=("NA",))
    assert values == ["007", "NA", "None", "a", "006q000000HddohAAB", "006q000000Hddoh", "#N/A", None]
    assert faults == []
    assert said(column("deal_id", ["1.23457E+14"])[1]) == [("id_scientific", 2, "1.23457E+14")]


def test_long_ids_whose_last_digits_a_spreadsheet_made_noughts_are_said():
    values, faults = column("deal_id", [f"{123456789012345 + i}000" for i in range(4)])
    assert values[1] == "123456789012346000"
    assert [(f.rule, f.row, f.n) for f in faults] == [("id_scientific", 2, 4)]
    assert column("deal_id", [f"{123456789012345000 + i}" for i in range(30)])[1] == []
    assert column("deal_id", ["1000000000000000000", "12"])[1] == []


def test_words_for_empty_in_text_and_in_typed_columns():
    values, faults = column("source", ["Select", "NA", " ", "web"])
    assert values == ["Select", "NA", None, "web"]
    assert said(faults) == [("placeholder_text", 2, "Select"), ("placeholder_text", 3, "NA")]
    assert column("source", ["Select", "NA", "web"], nulls=("Select", "NA")) == ([None, None, "web"], [])
    values, faults = column("amount", ["NA", "null", "5"])
    assert (values, [f.rule for f in faults]) == ([None, None, 5], ["read_as_empty"] * 2)


def test_errors_of_a_spreadsheet_are_said_in_every_kind_of_column():
    for name in ("source", "amount", "created_at", "is_icp", "outcome"):
        values, faults = column(name, ["#REF!", "#DEEL/0!"])
        assert values == [None, None]
        assert [f.rule for f in faults] == ["excel_error"] * 2


def test_choices_and_truth():
    values, faults = column("outcome", ["Won", " LOST ", "maybe", None])
    assert values == ["won", "lost", None, None]
    assert said(faults) == [("unknown_choice", 4, "maybe")]
    values, faults = column("is_icp", ["true", "Ja", "1", "waar", "No", "nee", "0", "onwaar", "perhaps", None])
    assert values == [True] * 4 + [False] * 4 + [None, None]
    assert said(faults) == [("unreadable_yes_no", 10, "perhaps")]


def test_many_bad_cells_are_one_fault_with_examples():
    _, faults = column("amount", [f"x{i}" for i in range(30)])
    assert [(f.rule, f.row, f.n) for f in faults] == [("unreadable_number", 2, 30)]
    assert faults[0].values["rows"] == list(range(2, 22))
    assert faults[0].values["examples"] == ["x0", "x1", "x2", "x3", "x4"]
    assert len(column("amount", ["x"] * 20)[1]) == 20


# typed columns


@pytest.mark.parametrize(
    ("dtype", "amounts", "seqs", "faults"),
    [
        # an amount is no whole number because its column is; a seq is one where its column could hold others
        (pl.Int32, [1.0, 7.0, None], [1, 7, None], []),
        (pl.UInt8, [1.0, 7.0, None], [1, 7, None], []),
        (pl.Float64, [1.0, 7.0, None], [1, 7, None], []),
        (pl.Decimal(9, 2), [1.0, 7.0, None], [1, 7, None], []),
    ],
)
def test_typed_numbers_take_the_type_of_their_kind(dtype, amounts, seqs, faults):
    values = pl.Series([1, 7, None]).cast(dtype)
    deals = parse(from_frame(pl.DataFrame({"deal_id": ["a", "b", "c"], "amount": values})), "deals")
    events = {"deal_id": ["a", "b", "c"], "stage": ["s"] * 3, "seq": values}
    events = parse(from_frame(pl.DataFrame(events)), "stage_events")
    assert (deals.frame["amount"].dtype, events.frame["seq"].dtype) == (pl.Float64, pl.Int64)
    assert (deals.frame["amount"].to_list(), events.frame["seq"].to_list()) == (amounts, seqs)
    assert said([*deals.faults, *events.faults]) == faults


def test_a_typed_number_that_is_not_whole_is_said_and_not_cut():
    events = pl.DataFrame({"deal_id": ["a", "b"], "stage": ["s"] * 2, "seq": [1.0, 2.5]})
    parsed = parse(from_frame(events), "stage_events")
    assert parsed.frame["seq"].to_list() == [1, None]
    assert [(f.rule, f.row) for f in parsed.faults] == [("not_whole", 3)]


def test_typed_frames_keep_their_values():
    frame = pd.DataFrame(
        {
            "deal_id": [1001, None],
            "amount": [1.5, float("inf")],
            "created_at": pd.to_datetime(["2026-01-31 10:00", "2050-01-01 00:00"]),
            "outcome_at": pd.to_datetime(["2026-01-31 10:00", None]).tz_localize("America/New_York"),
            "expected_close_on": [date(2026, 1, 31), None],
            "is_icp": [True, False],
            "outcome": pd.Categorical(["won", "open"]),
        }
    )
    parsed = parse(from_frame(frame), "deals", time_zone=BRUSSELS)
    assert parsed.frame.row(0, named=True) == {
        "_row": 2,
        "deal_id": "1001",
        "amount": 1.5,
        "created_at": utc(2026, 1, 31, 9),
        "outcome": "won",
        "outcome_at": utc(2026, 1, 31, 15),
        "expected_close_on": date(2026, 1, 31),
        "is_icp": True,
    }
    assert parsed.frame.row(1) == (3, None, None, None, "open", None, None, False)
    assert {(f.rule, f.column) for f in parsed.faults} == {
        ("unreadable_number", "amount"),
        ("sentinel_date", "created_at"),
    }


KINDS = {
    "id": pl.String,
    "text": pl.String,
    "choice": pl.String,
    "instant": pl.Datetime("us", "UTC"),
    "day": pl.Date,
    "number": pl.Float64,
    "integer": pl.Int64,
    "bool": pl.Boolean,
}


@pytest.mark.parametrize("name", list(schema.TABLES))
@pytest.mark.parametrize("values", [[], [None, None], ["", " "], ["x", "1"]])
def test_every_column_gets_the_type_of_its_kind(name, values):
    table = schema.TABLES[name]
    frame = pl.DataFrame({c.name: pl.Series(values, dtype=pl.String) for c in table.columns} | {"more": values})
    parsed = parse(from_frame(frame), table)
    assert parsed.frame.schema == {"_row": pl.UInt32} | {c.name: KINDS[c.kind] for c in table.columns}
    nothing = pl.DataFrame({c.name: pl.Series([None], dtype=pl.Null) for c in table.columns})
    assert parse(from_frame(nothing), table).frame.schema == parsed.frame.schema


def same(one: Parsed, other: Parsed) -> bool:
    return one.frame.equals(other.frame) and one.faults == other.faults


def test_big_tables_are_parsed_as_small_ones(monkeypatch):
    texts = {"deal_id": ["a", "b"], "amount": ["1,5", "x"], "created_at": ["31-12-2026", "2026-01-01 10:00:00"]}
    raw = from_frame(pl.DataFrame(texts))
    small = parse(raw, "deals", time_zone=BRUSSELS)
    monkeypatch.setattr("kpikit.reading.typed.parsing._MANY", 1)
    assert same(parse(raw, "deals", time_zone=BRUSSELS), small)


PIECES = st.sampled_from([*"0123456789.,-/:%€$()' TZe+#~\u00a0", "jan", "mei", "NA", "9999", "12", "PM", "é"])
TEXTS = st.lists(st.none() | st.text(max_size=8) | st.lists(PIECES, max_size=9).map("".join), min_size=1, max_size=5)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(
    name=st.sampled_from(["deal_id", "amount", "created_at", "expected_close_on", "outcome", "is_icp", "source"]),
    texts=TEXTS,
    source=st.sampled_from(["csv", "excel"]),
)
def test_no_text_ends_in_a_traceback(name, texts, source):
    values, faults = column(name, texts, source=source)
    assert len(values) == len(texts)
    assert all(f.rule in SEVERITY for f in faults)


# formats


def test_formats_from_settings():
    formats = Formats.from_settings({"decimal": ",", "nulls": "NA", "date_formats": ["%d/%m/%Y"], "header_row": 3})
    assert formats == Formats(decimal=",", nulls=("NA",), date_formats=("%d/%m/%Y",), header_row=3)
    with pytest.raises(UsageError) as caught:
        Formats.from_settings({"decimals": ","})
    assert caught.value.code == "unknown_setting"
    assert "decimals" in str(caught.value)


@pytest.mark.parametrize(
    "settings",
    [
        {"decimal": ";"},
        {"date_order": "ydm"},
        {"time_zone": "Brussels"},
        {"time_zone": "../etc"},
        {"encoding": "utf-9"},
        {"encoding": "base64"},
        {"header_row": "1"},
        {"header_row": True},
        {"nulls": [1]},
        {"delimiter": ""},
        {"sheet": 0},
        {"thousands": "x"},
    ],
)
def test_formats_that_cannot_be(settings):
    with pytest.raises(UsageError) as caught:
        Formats.from_settings(settings)
    assert caught.value.code == "setting_value"


def test_a_day_is_a_day_in_every_zone():
    for zone in ("UTC", BRUSSELS, "Pacific/Kiritimati", "Pacific/Pago_Pago"):
        for day in (date(2026, 1, 1), date(2026, 6, 30)):
            (value,), _ = column("created_at", [day.isoformat()], zone=zone)
            assert value.astimezone(ZoneInfo(zone)).date() == day
            assert value.astimezone(ZoneInfo(zone)).time() == datetime.min.time()
            assert value - timedelta(0) == value
