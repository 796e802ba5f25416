"""When a deal ended: from its history where the deal does not say it, and within its day where only that is known."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from kpikit.errors import Fault

#: a midnight is a day without a time of day where at least this share of the ends stand at one
_DAYS_FROM = 0.1
_CLOSES = ("won", "lost", "void")


def closings(frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """``deal_id, at, outcome``: entries to a stage that ends a deal, and changes of its outcome, in the history."""
    parts = [pl.DataFrame(schema={"deal_id": pl.String, "at": pl.Datetime("us", "UTC"), "outcome": pl.String})]
    events, stages, deals = (frames.get(name) for name in ("stage_events", "stages", "deals"))
    if events is not None and stages is not None and deals is not None and {"is_won", "is_lost"} & set(stages.columns):
        marks = [
            pl.col(n).fill_null(value=False) if n in stages.columns else pl.lit(value=False)
            for n in ("is_won", "is_lost")
        ]
        ends = stages.select(
            "pipeline", "stage", outcome=pl.when(marks[0]).then(pl.lit("won")).when(marks[1]).then(pl.lit("lost"))
        )
        ends = ends.drop_nulls().unique(["pipeline", "stage"])
        there = events.select("deal_id", "stage", at="entered_at", _own=own_pipeline(events))
        there = there.join(deals.select("deal_id", "pipeline"), on="deal_id", how="inner")
        there = there.with_columns(pipeline=pl.coalesce("_own", "pipeline")).join(ends, on=["pipeline", "stage"])
        parts.append(there.select("deal_id", "at", "outcome"))
    changes = frames.get("changes")
    if changes is not None and {"field", "new", "changed_at"} <= set(changes.columns):
        made = changes.filter((pl.col("field") == "outcome") & pl.col("new").is_in(_CLOSES))
        parts.append(made.select("deal_id", at="changed_at", outcome="new"))
    return pl.concat(parts).drop_nulls()


def own_pipeline(events: pl.DataFrame) -> pl.Expr:
    """The pipeline that a stage event names itself, if any."""
    return pl.col("pipeline") if "pipeline" in events.columns else pl.lit(None, pl.String)


def filled(frames: Mapping[str, pl.DataFrame], file: str | None = None) -> tuple[dict[str, pl.DataFrame], list[Fault]]:
    """The tables with the end of closed deals that have none, where the last thing in their history is that end."""
    tables = dict(frames)
    deals, events = tables.get("deals"), tables.get("stage_events")
    needed = {"deal_id", "outcome", "pipeline"}
    if deals is None or events is None or not needed <= set(deals.columns):
        return tables, []
    if not {"deal_id", "stage", "entered_at"} <= set(events.columns):
        return tables, []
    if "outcome_at" not in deals.columns:
        deals = deals.with_columns(outcome_at=pl.lit(None, pl.Datetime("us", "UTC")))
    if deals.filter(pl.col("outcome").is_in(_CLOSES) & pl.col("outcome_at").is_null()).is_empty():
        return tables, []
    ended = _last_ends(tables)
    known = deals.join(ended, on=["deal_id", "outcome"], how="left", maintain_order="left")
    fill = pl.col("outcome_at").is_null() & pl.col("at").is_not_null()
    n = known.filter(fill).height
    if not n:
        return tables, []
    tables["deals"] = known.with_columns(outcome_at=pl.coalesce("outcome_at", "at")).drop("at")
    n_closed = deals.filter(pl.col("outcome").is_in(_CLOSES)).height
    return tables, [Fault("ends_from_history", "deals", file, column="outcome_at", n=n, values={"of": n_closed})]


def _last_ends(frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """``deal_id, outcome, at``: deals whose history ends with a closing, since the first one in a row of them."""
    ends = closings(frames)
    entered = frames["stage_events"].select("deal_id", at="entered_at").drop_nulls()
    rest = [entered.join(ends, on=["deal_id", "at"], how="anti")]
    if "changes" in frames and {"field", "new", "changed_at"} <= set(frames["changes"].columns):
        reopened = frames["changes"].filter((pl.col("field") == "outcome") & (pl.col("new") == "open"))
        rest.append(reopened.select("deal_id", at="changed_at"))
    last_open = pl.concat(rest).group_by("deal_id").agg(open_at=pl.col("at").max())
    after = ends.join(last_open, on="deal_id", how="left").filter(
        pl.col("open_at").is_null() | (pl.col("at") > pl.col("open_at"))
    )
    last = after.sort("at").group_by("deal_id").agg(pl.col("outcome").last())
    same = after.join(last, on=["deal_id", "outcome"])
    return same.group_by("deal_id", "outcome").agg(pl.col("at").min())


def within_their_day(tables: Mapping[str, pl.DataFrame], zone: str) -> pl.DataFrame:
    """The deals with ends that are known by their day only moved to where they can have been within that local day.

    That is the instant at which the history closes the deal on that day; else the time of day at which it was created,
    so that its length is a number of whole days; and never before the last thing that happened to it that day. Ends
    with a time of day stay as they are.
    """
    deals = tables["deals"]
    is_day = _is_midnight("outcome_at", zone) & (pl.col("outcome") != "open")
    n_ends = deals.filter(pl.col("outcome_at").is_not_null() & (pl.col("outcome") != "open")).height
    if not n_ends or deals.filter(is_day).height < _DAYS_FROM * n_ends:
        return deals
    dated = deals.select("deal_id", "created_at", "outcome", "outcome_at", is_day=is_day.fill_null(value=False))
    dated = dated.with_row_index("_i").filter("is_day")
    same_day = _day("at", zone) == _day("outcome_at", zone)
    told = closings(tables).join(dated.select("deal_id", "outcome", "outcome_at"), on=["deal_id", "outcome"])
    told = told.filter(same_day).group_by("deal_id").agg(closed_at=pl.col("at").max())
    entered = tables["stage_events"].select("deal_id", at="entered_at") if "stage_events" in tables else None
    begun = [deals.select("deal_id", at="created_at"), *([] if entered is None else [entered])]
    busy = pl.concat(begun).join(dated.select("deal_id", "outcome_at"), on="deal_id").filter(same_day)
    busy = busy.group_by("deal_id").agg(busy_at=pl.col("at").max())
    placed = dated.join(told, on="deal_id", how="left").join(busy, on="deal_id", how="left")
    clock = _local("created_at", zone).dt.time()
    at_clock = _local("outcome_at", zone).dt.date().dt.combine(clock)
    at_clock = at_clock.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null").dt.convert_time_zone(
        "UTC"
    )
    settled = pl.max_horizontal(pl.coalesce("closed_at", at_clock, "outcome_at"), "busy_at")
    moved = placed.select("_i", at=settled.dt.cast_time_unit("us"))
    ends = deals["outcome_at"].scatter(moved["_i"], moved["at"])
    return deals.with_columns(outcome_at=ends)


def _local(name: str, zone: str) -> pl.Expr:
    return pl.col(name).dt.convert_time_zone(zone)


def _day(name: str, zone: str) -> pl.Expr:
    return _local(name, zone).dt.date()


def _is_midnight(name: str, zone: str) -> pl.Expr:
    return _local(name, zone).dt.time() == pl.time(0, 0)
