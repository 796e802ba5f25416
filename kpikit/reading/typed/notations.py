"""Texts that are days and times in any notation: one order of day and month for the column as a whole."""

from __future__ import annotations

from functools import cache

import polars as pl

from kpikit.crms import cell_words, months
from kpikit.errors import UsageError
from kpikit.reading.typed.formats import Formats

#: What a pattern may look like, for whoever wrote one that cannot be.
_PATTERN = '"%d-%m-%Y", "%d-%m-%Y %H:%M"'
NAIVE = pl.Datetime("us")
_NUMERIC = (
    r"^(?<a>\d{1,4})[-/.\s](?<b>\d{1,2})[-/.\s](?<c>\d{1,4})"
    r"(?:[T,\s]+(?<hour>\d{1,2})[:.h](?<minute>\d{2})(?:[:.](?<second>\d{2})(?:[.,](?<fraction>\d{1,9}))?)?"
    r"\s*(?<half>[AaPp]\.?[Mm]\.?)?)?"
    r"\s*(?<zone>[Zz]|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?$"
)


def read_texts(distinct: pl.Series, formats: Formats, *, is_excel: bool) -> pl.DataFrame:
    """Distinct texts in any notation, as ``text, local, offset, is_dated, rule``."""
    has_words = bool(distinct.str.contains(r"[\p{L}]{3}").any())
    frame = distinct.to_frame().with_columns(tidy=_tidy(pl.col("text"), has_words=has_words))
    parts = pl.col("tidy").str.extract_groups(_NUMERIC)
    frame = frame.with_columns(parts.alias("parts")).unnest("parts")
    frame = frame.with_columns(
        pl.col("a", "b", "c", "hour", "minute", "second").cast(pl.Int32),
        la=pl.col("a").str.len_bytes(),
        lc=pl.col("c").str.len_bytes(),
    )
    order, rule = _order(frame, formats)
    frame = frame.with_columns(
        local=_assembled(order), offset=_offset(), is_dated=pl.col("hour").is_null(), rule=_undecided(rule)
    )
    frame = frame.with_columns(local=pl.when(pl.col("rule").is_null()).then("local"))
    return _numbers_as_times(_asked_for(frame, formats), is_excel=is_excel).select(
        "text",
        "local",
        "offset",
        "is_dated",
        rule=pl.when(pl.col("local").is_null()).then(pl.coalesce("rule", pl.lit("unreadable_date"))).otherwise("rule"),
    )


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
    tidy = text.str.replace_all(r"[\s\u{00A0}\u{202F}]+", " ")
    tidy = tidy.str.replace(r"^(\d{4})(\d{2})(\d{2})$", "$1-$2-$3")
    tidy = tidy.str.replace(r"^(\d{4})(\d{2})(\d{2})[T ]?(\d{2})(\d{2})(\d{2})(Z?)$", "$1-$2-$3 $4:$5:$6$7")
    tidy = tidy.str.replace(r"(?i) (\d{1,2}) ?([ap]\.?m\.?)$", " $1:00 $2")
    return _month_numbers(tidy.str.replace(rf"(?i)^{_weekday()}", "")) if has_words else tidy


def _month_numbers(tidy: pl.Expr) -> pl.Expr:
    """``5 mei 2026`` and ``May 5, 2026`` as year, month and day."""
    tidy = tidy.str.replace(
        rf"(?i)^(\d{{1,2}})(?:st|nd|rd|th|e|\.)?[-/. ]*({_month()})\.?[-/., ]*(\d{{4}}|\d{{2}}\b)", "$3 ~$2~ $1"
    )
    tidy = tidy.str.replace(rf"(?i)^({_month()})\.?[- ]+(\d{{1,2}})(?:st|nd|rd|th)?,?[- ]+(\d{{4}})", "$3 ~$1~ $2")
    tidy = tidy.str.replace(rf"(?i)^(\d{{4}})[- ]({_month()})[- ](\d{{1,2}})", "$1 ~$2~ $3")
    named = tidy.str.contains("~", literal=True)
    numbers = tidy.str.to_lowercase().str.replace_many([f"~{m}~" for m in months()], list(months().values()))
    return pl.when(named).then(numbers.str.replace(r"^(\d\d) ", "20$1 ")).otherwise(tidy)


def _fits(day: str, month: str) -> pl.Expr:
    return pl.col(day).is_between(1, 31) & pl.col(month).is_between(1, 12)


_ORDERS = {"dmy": ("a", "b", "c"), "mdy": ("b", "a", "c"), "ymd": ("c", "b", "a")}


def _order(frame: pl.DataFrame, formats: Formats) -> tuple[str, str | None]:
    """The order of the column's days that do not start with a four-digit year, or the rule that says why not."""
    open_ones = frame.filter((pl.col("la") <= 2) & pl.col("lc").is_in([2, 4]))
    if formats.date_order or open_ones.is_empty():
        return formats.date_order or "dmy", None
    count = open_ones.select(
        dmy=_fits("a", "b").sum(), mdy=_fits("b", "a").sum(), ymd=((pl.col("lc") == 2) & _fits("c", "b")).sum()
    ).row(0, named=True)
    days_only = open_ones.filter(_fits("a", "b") | _fits("b", "a"))
    full = days_only.height
    fitting = [order for order in ("dmy", "mdy") if count[order] == full and full]
    if count["ymd"] == open_ones.height and (not full or not fitting or _looks_like_years(open_ones)):
        return ("dmy", "day_month_ambiguous") if fitting and full == open_ones.height else ("ymd", None)
    if len(fitting) == 1:
        return fitting[0], None
    if not fitting:
        return "dmy", "day_month_mixed" if full else None
    return "dmy", None if bool((open_ones["a"] == open_ones["b"]).all()) else "day_month_ambiguous"


def _looks_like_years(open_ones: pl.DataFrame) -> bool:
    """Are the first numbers fewer than the last ones, as years are beside days?"""
    return open_ones["a"].n_unique() < open_ones["c"].n_unique()


def _undecided(rule: str | None) -> pl.Expr:
    if rule is None:
        return pl.lit(None, pl.String)
    return pl.when((pl.col("la") <= 2) & (pl.col("a") != pl.col("b"))).then(pl.lit(rule))


def _assembled(order: str) -> pl.Expr:
    """The parts put together; null where they are no day or no time of day."""
    day, month, year = (pl.col(c) for c in _ORDERS[order])
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


def _offset() -> pl.Expr:
    """The written offset in minutes, null where there is none."""
    zone = pl.col("zone")
    minutes = zone.str.slice(1, 2).cast(pl.Int32, strict=False) * 60
    minutes += zone.str.extract(r"(\d{2})$").cast(pl.Int32) * zone.str.contains(r"\d{2}:?\d{2}$").cast(pl.Int32)
    signed = pl.when(zone.str.starts_with("-")).then(-minutes).otherwise(minutes)
    return pl.when(zone.str.contains(r"^[+-]")).then(signed).when(zone.is_not_null()).then(0).cast(pl.Int32)


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


def _numbers_as_times(frame: pl.DataFrame, *, is_excel: bool) -> pl.DataFrame:
    """Plain numbers: days since 1899-12-30 in a workbook; seconds or milliseconds since 1970 anywhere."""
    text = pl.col("text").str.replace(r"\.0+$", "")
    epoch = text.str.contains(r"^(\d{10}|\d{13})$")
    unit = pl.when(text.str.len_bytes() == 10).then(1_000_000).otherwise(1_000)
    instant = pl.when(epoch).then(text.cast(pl.Int64, strict=False) * unit).cast(NAIVE)
    serial = pl.lit(is_excel) & pl.col("text").str.contains(r"^[1-9]\d{4}(\.\d+)?$")
    days = pl.when(serial).then(pl.col("text").cast(pl.Float64, strict=False))
    seconds = (days * 86_400_000).round(0).cast(pl.Int64) * 1000
    day = (pl.lit("1899-12-30").str.to_datetime(time_unit="us") + seconds.cast(pl.Duration("us"))).cast(NAIVE)
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
