"""Texts that are days and times: one order of day and month for the column as a whole, one instant for each cell."""

from __future__ import annotations

import polars as pl

from kpikit.errors import Fault
from kpikit.reading.cells import Cells, Reading, distinct, laid_back
from kpikit.reading.typed.day_orders import Order, swapped
from kpikit.reading.typed.evidence import Evidence
from kpikit.reading.typed.formats import Formats
from kpikit.reading.typed.notations import DAY_NUMBER, NAIVE, read_texts, strptime
from kpikit.reading.typed.zones import two_meanings

#: Days that systems write for "never" and "unknown".
SENTINELS = (
    *("0001-01-01", "1899-12-30", "1899-12-31", "1900-01-01", "1970-01-01"),
    *("2050-01-01", "2099-12-31", "2999-12-31", "9999-12-31"),
)
_FIRST_YEAR, _LAST_YEAR = 1900, 2199
#: From which day spreadsheets count, and the numbers of the years 1970 to 2099.
_DAY_ZERO, _DAYS_OF_OUR_TIME = "1899-12-30", (25_569, 73_050)
#: Patterns of machines, tried on the whole column before anything slower; the length keeps out ``24-1-5``.
_MACHINE = (
    ("%Y-%m-%d", 10, 10),
    ("%Y-%m-%d %H:%M:%S", 19, 19),
    ("%Y-%m-%dT%H:%M:%S", 19, 19),
    ("%Y-%m-%d %H:%M", 16, 16),
    ("%Y-%m-%dT%H:%M:%S%.fZ", 20, 30),
    ("%Y-%m-%d %H:%M:%S%.f", 19, 29),
    ("%Y-%m-%dT%H:%M:%S%.f", 19, 29),
)


def read_machine(cells: Cells, formats: Formats, *, zone: str, is_day: bool) -> Reading | None:
    """A column that one machine pattern reads throughout, in one go; None: it takes :func:`read_moments`."""
    local = _by_machine(cells.text, formats)
    if local.null_count() > cells.text.null_count():
        return None
    read = settle(cells, _machine_parts(cells.text, local), formats, zone=zone, is_day=is_day)
    return Reading(read.values, read.faults, _iso(cells, local))


def _iso(cells: Cells, local: pl.Series) -> Evidence:
    row, value = cells.first(local.is_not_null())
    return Evidence(cells.column, "iso", len(local) - local.null_count(), row=row, value=value)


def _machine_parts(text: pl.Series, local: pl.Series) -> pl.DataFrame:
    sample = text.drop_nulls().head(1)
    is_dated = len(sample) > 0 and len(sample[0]) == 10
    is_zulu = len(sample) > 0 and sample[0].endswith("Z")
    return local.to_frame("local").with_columns(
        offset=pl.lit(0 if is_zulu else None, pl.Int32), is_dated=pl.lit(is_dated)
    )


def read_moments(cells: Cells, formats: Formats, *, zone: str, is_day: bool, day_zero: str | None) -> Reading:
    """The days (Date) or instants (Datetime in UTC) of a column of text, what was odd about it, and its order of dates.

    ``zone`` is the book's time zone: a day without a time starts at its midnight. Times without an offset are in
    ``formats.time_zone``, else in ``zone``. ``day_zero`` is the day from which a workbook counts its days; None: the
    file is none, and plain numbers are days only where nearly all cells are.
    """
    local = _by_machine(cells.text, formats)
    rest = cells.text.set(local.is_not_null(), None)
    day_zero = day_zero or (_DAY_ZERO if _are_days(rest, len(local) - local.null_count()) else None)
    texts = read_texts(distinct(rest), formats, day_zero=day_zero, zone=formats.time_zone or zone)
    read = laid_back(rest, texts.frame)
    local, swap = _unswapped(cells, local, texts.order, formats)
    faults = swap + _said(cells, read, texts.order)
    machine = pl.DataFrame({"m": local, "z": cells.text.str.ends_with("Z"), "d": cells.text.str.len_bytes() == 10})
    is_machine = pl.col("m").is_not_null()
    laid = pl.concat([read, machine], how="horizontal").select(
        local=pl.when(is_machine).then("m").otherwise("local"),
        offset=pl.when(is_machine).then(pl.when("z").then(0)).otherwise("offset").cast(pl.Int32),
        is_dated=pl.when(is_machine).then("d").otherwise("is_dated"),
    )
    settled = settle(cells, laid, formats, zone=zone, is_day=is_day)
    evidence = _evidence(cells, read, texts.order) or _iso(cells, local)
    return Reading(settled.values, faults + settled.faults, evidence)


def _are_days(rest: pl.Series, others: int) -> bool:
    """Are most cells of a text file numbers as a spreadsheet counts days, of our time?"""
    number = rest.filter(rest.str.contains(DAY_NUMBER)).str.replace(",", ".", literal=True).cast(pl.Float64)
    n = int(number.is_between(*_DAYS_OF_OUR_TIME).sum())
    return n > 0.5 * (others + len(rest) - rest.null_count())


def _said(cells: Cells, read: pl.DataFrame, order: Order) -> list[Fault]:
    """What was odd about the texts; of an abbreviation with two meanings both are said, each once."""
    unclear = read["rule"] == "zone_two_meanings"
    if not unclear.any():
        return cells.faults(read["rule"], **order.readings)
    names = read["zone"].str.to_uppercase().set((~unclear).fill_null(value=True), None)
    faults = cells.faults(read["rule"].set(unclear.fill_null(value=False), None), **order.readings)
    for name in names.drop_nulls().unique(maintain_order=True).to_list():
        rules = pl.select(pl.when(names == name).then(pl.lit("zone_two_meanings"))).to_series()
        faults += cells.faults(rules, **two_meanings(name))
    return faults


def _unswapped(cells: Cells, local: pl.Series, order: Order, formats: Formats) -> tuple[pl.Series, list[Fault]]:
    """Dates whose day and month a spreadsheet exchanged, put back; or refused where that is not certain."""
    rule = None if formats.date_order else swapped(local, order)
    if rule is None:
        return local, []
    there = local.is_not_null()
    faults = cells.faults(pl.select(pl.when(there).then(pl.lit(rule))).to_series(), texts=order.n, order=order.order)
    if rule == "days_maybe_swapped":
        return local.set(there, None), faults
    back = pl.datetime(
        *(pl.col("m").dt.year(), pl.col("m").dt.day(), pl.col("m").dt.month()),
        *(pl.col("m").dt.hour(), pl.col("m").dt.minute(), pl.col("m").dt.second()),
    )
    return local.to_frame("m").select(back.cast(NAIVE)).to_series(), faults


def _evidence(cells: Cells, read: pl.DataFrame, order: Order) -> Evidence | None:
    """How the texts were read; None where there are none."""
    if order.rule or order.n:
        row, value = cells.first(read["decisive"])
        notation = "" if order.rule else order.order
        n, against = order.readings.get("dmy", order.n), order.readings.get("mdy", order.against)
        return Evidence(cells.column, notation, n, against, order.readings.get("both", order.both), row, value)
    for notation, rule in (("day_number", "excel_serial"), ("epoch", "epoch_time")):
        mask = read["rule"] == rule
        if mask.any():
            row, value = cells.first(mask)
            return Evidence(cells.column, notation, int(mask.sum()), row=row, value=value)
    written = read["local"].is_not_null()
    if not written.any():
        return None
    row, value = cells.first(written)
    return Evidence(cells.column, "words", int(written.sum()), row=row, value=value)


def from_typed(series: pl.Series) -> pl.DataFrame:
    """A Date or Datetime column as :func:`settle` wants it."""
    zoned = isinstance(series.dtype, pl.Datetime) and series.dtype.time_zone is not None
    local = series.dt.convert_time_zone("UTC").dt.replace_time_zone(None) if zoned else series
    offset = pl.lit(0 if zoned else None, pl.Int32)
    return local.cast(NAIVE).to_frame("local").with_columns(offset=offset, is_dated=pl.lit(series.dtype == pl.Date))


def settle(cells: Cells, read: pl.DataFrame, formats: Formats, *, zone: str, is_day: bool) -> Reading:
    """Local times (``local``, ``offset`` in minutes or null, ``is_dated``: no time of day) as days or UTC instants.

    Sentinels and years outside 1900 to 2199 become null with a fault; so does a time that its zone's clock skips.
    """
    local = read["local"]
    year, day = local.dt.year(), local.dt.date()
    sentinel = day.is_in(pl.Series(SENTINELS).str.to_date().implode())
    odd = (year < _FIRST_YEAR) | (year > _LAST_YEAR)
    faults: list[Fault] = []
    if (sentinel | odd).any():
        rules = pl.select(
            pl.when(sentinel).then(pl.lit("sentinel_date")).when(odd).then(pl.lit("implausible_date"))
        ).to_series()
        faults += cells.faults(rules)
        local = local.set((sentinel | odd).fill_null(value=False), None)
    frame = read.with_columns(local=local)
    has_offset = frame["offset"].is_not_null()
    if is_day:
        return Reading(_days(frame, zone=zone, any_offset=bool(has_offset.any())), faults)
    naive_zone = formats.time_zone or zone
    known = local.is_not_null()
    if (has_offset & known).any() and (~has_offset & known & ~frame["is_dated"]).any():
        rules = pl.select(pl.when(~has_offset & known).then(pl.lit("mixed_zones"))).to_series()
        faults += cells.faults(rules, zone=naive_zone)
    values, faults = _instants(cells, frame, naive_zone=naive_zone, day_zone=zone, faults=faults)
    return Reading(values, faults)


def _days(frame: pl.DataFrame, *, zone: str, any_offset: bool) -> pl.Series:
    if not any_offset:
        return frame["local"].dt.date()
    there = _utc(pl.col("local"), pl.col("offset")).dt.convert_time_zone(zone).dt.date()
    return frame.select(
        pl.when(pl.col("offset").is_null()).then(pl.col("local").dt.date()).otherwise(there)
    ).to_series()


def _utc(local: pl.Expr, offset: pl.Expr) -> pl.Expr:
    return (local - pl.duration(minutes=offset)).dt.replace_time_zone("UTC")


def _instants(
    cells: Cells, frame: pl.DataFrame, *, naive_zone: str, day_zone: str, faults: list[Fault]
) -> tuple[pl.Series, list[Fault]]:
    """The instants of local times; a skipped hour is a fault, a doubled hour is its first and a note."""
    if frame["offset"].null_count() == 0:
        return frame.select(_utc(pl.col("local"), pl.col("offset"))).to_series(), faults
    if naive_zone == day_zone == "UTC" and frame["offset"].null_count() == frame.height:
        return frame["local"].dt.replace_time_zone("UTC"), faults
    dated, local, offset = pl.col("is_dated"), pl.col("local"), pl.col("offset")
    placed = _placed(local, naive_zone)
    if naive_zone != day_zone:
        placed = pl.when(dated).then(_placed(local, day_zone)).otherwise(placed)
    values = frame.select(pl.when(offset.is_null()).then(placed).otherwise(_utc(local, offset))).to_series()
    changing = frame.select(
        offset.is_null() & local.dt.date().is_in(_clock_changes(frame["local"], naive_zone, day_zone))
    )
    mask = changing.to_series().fill_null(value=False)
    if not mask.any():
        return values, faults
    some = frame.with_columns(value=values).filter(mask)
    rules = some.select(
        pl.when(dated)
        .then(pl.lit(None, pl.String))
        .when(pl.col("value").is_null())
        .then(pl.lit("time_in_gap"))
        .when(pl.col("value") != _placed(local, naive_zone, "latest"))
        .then(pl.lit("time_ambiguous"))
    ).to_series()
    faults = faults + cells.at(mask).faults(rules, zone=naive_zone)
    skipped_midnight = dated & local.is_not_null() & pl.col("value").is_null()
    if some.select(skipped_midnight.any()).item():
        later = _placed(local + pl.duration(hours=1), day_zone)
        mended = some.select(pl.when(skipped_midnight).then(later).otherwise("value")).to_series()
        values = values.scatter(mask.arg_true(), mended)
    return values, faults


def _clock_changes(local: pl.Series, *zones: str) -> pl.Series:
    """The days among these on which a clock of the zones is put forward or back (as one list, for ``is_in``)."""
    day = pl.col("day").cast(NAIVE)
    length = [(_placed(day + pl.duration(hours=36), z) - _placed(day - pl.duration(hours=12), z)) for z in set(zones)]
    days = local.dt.date().unique().drop_nulls().to_frame("day")
    changed = [(n != pl.duration(hours=48)).fill_null(value=True) for n in length]
    return days.filter(pl.any_horizontal(changed))["day"].implode()


def _placed(local: pl.Expr, zone: str, ambiguous: str = "earliest") -> pl.Expr:
    """A local time as an UTC instant; null where the zone's clock skips it."""
    placed = local.dt.replace_time_zone(zone, ambiguous=ambiguous, non_existent="null")  # type: ignore[arg-type]
    return placed.dt.convert_time_zone("UTC")


def _by_machine(text: pl.Series, formats: Formats) -> pl.Series:
    """The local times of the one machine pattern that most first cells have; null where a cell is written otherwise."""
    sample = text.drop_nulls().head(100)
    if formats.date_formats or not len(sample):
        return pl.Series("local", [None], dtype=NAIVE).new_from_index(0, len(text))
    best = max(_MACHINE, key=lambda machine: _machine(sample, *machine).count())
    return _machine(text, *best)


def _machine(text: pl.Series, pattern: str, shortest: int, longest: int) -> pl.Series:
    """The texts of a fair length that one pattern reads, as local times."""
    length = text.str.len_bytes()
    odd = ~length.is_between(shortest, longest)
    return strptime(text.set(odd, None) if odd.any() else text, pattern)
