"""Texts that are days and times in any notation: one order of day and month for the column as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import polars as pl

from kpikit.crms import cell_words, months
from kpikit.errors import UsageError
from kpikit.reading.typed import zones
from kpikit.reading.typed.day_orders import ORDERS, Order, find_order
from kpikit.reading.typed.formats import Formats

#: What a pattern may look like, for whoever wrote one that cannot be.
_PATTERN = '"%d-%m-%Y", "%d-%m-%Y %H:%M"'
NAIVE = pl.Datetime("us")
#: A day as spreadsheets number them, with its time as a fraction.
DAY_NUMBER = r"^[1-9]\d{4}([.,]\d+)?$"
_NUMERIC = (
    r"^(?<a>\d{1,4})[-/.\s](?<b>\d{1,2})[-/.\s](?<c>\d{1,4})"
    r"(?:[T,\s]+(?<hour>\d{1,2})[:.h](?<minute>\d{2})(?:[:.](?<second>\d{2})(?:[.,](?<fraction>\d{1,9}))?)?"
    r"\s*(?<half>[AaPp]\.?[Mm]\.?)?)?"
    rf"\s*(?<zone>{zones.PATTERN})?$"
)


@dataclass(frozen=True, slots=True)
class Texts:
    """Distinct texts as ``text, local, offset, is_dated, rule, decisive, zone``, and the order of their dates."""

    frame: pl.DataFrame
    order: Order


def read_texts(distinct: pl.DataFrame, formats: Formats, *, day_zero: str | None, zone: str) -> Texts:
    """Distinct texts (each in ``n`` cells) in any notation.

    ``day_zero`` is the day from which plain numbers count days; None: they do not. ``zone`` is the book's own, which
    may say what an abbreviation means.
    """
    has_words = bool(distinct["text"].str.contains(r"[\p{L}]{3}").any())
    frame = distinct.with_columns(tidy=_tidy(pl.col("text"), has_words=has_words))
    parts = pl.col("tidy").str.extract_groups(_NUMERIC)
    frame = frame.with_columns(parts.alias("parts")).unnest("parts")
    frame = frame.with_columns(
        pl.col("a", "b", "c", "hour", "minute", "second").cast(pl.Int32),
        la=pl.col("a").str.len_bytes(),
        lc=pl.col("c").str.len_bytes(),
    )
    order = find_order(frame, formats)
    frame = frame.with_columns(
        local=_assembled(order.order),
        offset=zones.minutes(pl.col("zone"), zone),
        is_dated=pl.col("hour").is_null(),
        rule=_undecided(order),
        decisive=order.decisive.fill_null(value=False),
    )
    is_known = pl.col("zone").is_null() | pl.col("offset").is_not_null()
    frame = frame.with_columns(
        local=pl.when(pl.col("rule").is_null() & is_known).then("local"),
        rule=pl.coalesce(
            "rule", pl.when(zones.has_two_meanings(pl.col("zone"), zone)).then(pl.lit("zone_two_meanings"))
        ),
    )
    read = _numbers_as_times(_asked_for(frame, formats), day_zero).select(
        "text",
        "local",
        "offset",
        "is_dated",
        "decisive",
        "zone",
        rule=pl.when(pl.col("local").is_null() & (pl.col("rule").is_null() | (pl.col("rule") == "zone_two_meanings")))
        .then(pl.lit("unreadable_date"))
        .otherwise("rule"),
    )
    return Texts(read, order)


@cache
def _month() -> str:
    """Any month's name, as a pattern: the longest first."""
    return "|".join(sorted(months(), key=len, reverse=True))


@cache
def _weekday() -> str:
    """Any weekday's name before a day, as a pattern."""
    names = {name for words in cell_words("weekdays") for name in words.split()}
    return rf"(?:{'|'.join(sorted(names, key=len, reverse=True))})\.?,?\s+"


def _tidy(text: pl.Expr, *, has_words: bool) -> pl.Expr:
    """Months as numbers, weekdays away, compact stamps spaced out: everything as digits with marks between."""
    tidy = text.str.replace_all(r"[\s\u{00A0}\u{202F}]+", " ").str.replace(r" ?[(\[][\p{L}][^)\]]*[)\]]$", "")
    tidy = tidy.str.replace(r"^(\d{4})(\d{2})(\d{2})$", "$1-$2-$3")
    tidy = tidy.str.replace(r"^(\d{4})(\d{2})(\d{2})[T ]?(\d{2})(\d{2})(\d{2})(Z?)$", "$1-$2-$3 $4:$5:$6$7")
    tidy = tidy.str.replace(r"(?i) (\d{1,2}) ?([ap]\.?m\.?)$", " $1:00 $2")
    return _month_numbers(tidy.str.replace(rf"(?i)^{_weekday()}", "")) if has_words else tidy


def _month_numbers(tidy: pl.Expr) -> pl.Expr:
    """``5 mei 2026`` and ``May 5, 2026`` as year, month and day."""
    tidy = tidy.str.replace(
        rf"(?i)^(\d{{1,2}})(?:st|nd|rd|th|er|e|\.)?(?:[-/. ]| de )*({_month()})\.?(?:[-/., ]| de )*(\d{{4}}|\d{{2}}\b)",
        "$3 ~$2~ $1",
    )
    tidy = tidy.str.replace(rf"(?i)^({_month()})\.?[- ]+(\d{{1,2}})(?:st|nd|rd|th)?,?[- ]+(\d{{4}})", "$3 ~$1~ $2")
    tidy = tidy.str.replace(
        rf"(?i)^({_month()}) (\d{{1,2}}) ([\d:]{{4,8}}) ?([a-z]*[+\d:-]*) (\d{{4}})$", "$5 ~$1~ $2 $3 $4"
    )
    tidy = tidy.str.replace(rf"(?i)^(\d{{4}})[- ]({_month()})[- ](\d{{1,2}})", "$1 ~$2~ $3")
    named = tidy.str.contains("~", literal=True)
    numbers = tidy.str.to_lowercase().str.replace_many([f"~{m}~" for m in months()], list(months().values()))
    return pl.when(named).then(numbers.str.replace(r"^(\d\d) ", "20$1 ")).otherwise(tidy)


def _undecided(order: Order) -> pl.Expr:
    """The rule of the dates that no order was found for, or that are written in another order than the rest."""
    if order.rule is None:
        return pl.when(order.odd).then(pl.lit("date_notation"))
    return pl.when((pl.col("la") <= 2) & (pl.col("a") != pl.col("b"))).then(pl.lit(order.rule))


def _assembled(order: str) -> pl.Expr:
    """The parts put together; null where they are no day or no time of day."""
    day, month, year = (pl.col(c) for c in ORDERS[order])
    first_is_year = pl.col("la") == 4
    day, month, year = (
        pl.when(first_is_year).then(pl.col(c)).otherwise(e) for c, e in zip("cba", (day, month, year), strict=True)
    )
    fair = pl.when(first_is_year).then(pl.col("lc") <= 2).otherwise((pl.col("la") <= 2) & pl.col("lc").is_in([2, 4]))
    short = pl.when(first_is_year).then(False).when(pl.lit(order == "ymd")).then(True).otherwise(pl.col("lc") == 2)
    year = pl.when(short).then(pl.when(year < 70).then(year + 2000).otherwise(year + 1900)).otherwise(year)
    afternoon = pl.col("half").str.to_lowercase().str.starts_with("p")
    hour = pl.when(pl.col("half").is_null()).then("hour").otherwise(pl.col("hour") % 12 + 12 * afternoon.cast(pl.Int32))
    fair &= pl.col("half").is_null() | pl.col("hour").is_between(1, 12)
    texts = [
        part.fill_null(0).cast(pl.String).str.zfill(2)
        for part in (month, day, hour, pl.col("minute"), pl.col("second"))
    ]
    stamp = pl.format("{}-{}-{} {}:{}:{}", year.cast(pl.String).str.zfill(4), *texts)
    fraction = pl.col("fraction").fill_null("0").str.pad_end(6, "0").str.slice(0, 6).cast(pl.Int64)
    at = stamp.str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False, time_unit="us") + pl.duration(microseconds=fraction)
    return pl.when(fair).then(at)


def _asked_for(frame: pl.DataFrame, formats: Formats) -> pl.DataFrame:
    """The patterns that the settings name win over all guesses; what none of them reads, the guesses may."""
    if not formats.date_formats:
        return frame
    try:
        read = [strptime(frame["text"], pattern).alias(f"f{i}") for i, pattern in enumerate(formats.date_formats)]
    except pl.exceptions.PolarsError:
        patterns = ", ".join(formats.date_formats)
        raise UsageError("setting_value", setting="formats.date_formats", value=patterns, allowed=_PATTERN) from None
    timed, zoned = (
        pl.any_horizontal(
            pl.lit(value=False),
            *(pl.col(f"f{i}").is_not_null() for i, p in enumerate(formats.date_formats) if any(m in p for m in marks)),
        )
        for marks in (("%H", "%I", "%T", "%R", "%c"), ("%z", "%:z", "%#z", "%+"))
    )
    asked = pl.coalesce(s.name for s in read)
    frame = frame.with_columns(*read)
    return frame.with_columns(
        rule=pl.when(asked.is_null()).then("rule"),
        offset=pl.when(asked.is_null()).then("offset").when(zoned).then(0).cast(pl.Int32),
        is_dated=pl.when(asked.is_null()).then("is_dated").otherwise(~timed),
        local=pl.coalesce(asked, "local"),
    )


def _numbers_as_times(frame: pl.DataFrame, day_zero: str | None) -> pl.DataFrame:
    """Plain numbers: seconds, or parts of them, since 1970 anywhere; days since ``day_zero`` where there is one."""
    text = pl.col("text").str.replace(r"^\\?/Date\((-?\d{12,13})(?:[+-]\d{4})?\)\\?/$", "$1")
    text = text.str.replace(r"\.0+$", "")
    epoch = text.str.contains(r"^-?(\d{10}(\.\d+)?|\d{13}|\d{16})$|^-?\d{12}$") & (
        (text.str.len_bytes() != 12) | (text != pl.col("text"))
    )
    digits = text.str.extract(r"^-?(\d+)").str.len_bytes()
    unit = pl.when(digits == 10).then(1_000_000).when(digits == 16).then(1).otherwise(1_000)
    since = (text.cast(pl.Float64, strict=False) * unit).round(0).cast(pl.Int64, strict=False)
    instant = pl.when(epoch).then(since).cast(NAIVE)
    serial = pl.lit(day_zero is not None) & pl.col("text").str.contains(DAY_NUMBER)
    days = pl.when(serial).then(pl.col("text").str.replace(",", ".", literal=True).cast(pl.Float64, strict=False))
    seconds = (days * 86_400_000).round(0).cast(pl.Int64) * 1000
    zero = pl.lit(day_zero or "1899-12-30").str.to_datetime("%Y-%m-%d", time_unit="us")
    day = (zero + seconds.cast(pl.Duration("us"))).cast(NAIVE)
    return frame.with_columns(
        local=pl.coalesce(instant, day, "local"),
        offset=pl.when(epoch).then(0).otherwise("offset").cast(pl.Int32),
        is_dated=pl.when(epoch).then(False).when(serial).then(days == days.floor()).otherwise("is_dated"),
        rule=pl.when(epoch).then(pl.lit("epoch_time")).when(serial).then(pl.lit("excel_serial")).otherwise("rule"),
    )


def strptime(text: pl.Series, pattern: str) -> pl.Series:
    """Local times by one pattern; null where it does not fit."""
    if "%H" not in pattern:
        return text.str.to_date(pattern, strict=False).cast(NAIVE)
    return text.str.to_datetime(pattern, strict=False, time_unit="us", ambiguous="earliest").dt.replace_time_zone(None)
