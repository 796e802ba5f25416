"""What the door adds once, so that no question has to: order, teams by day, local days, amounts in one currency."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

import polars as pl

from kpikit import schema
from kpikit.book.door.histories.ends import within_their_day
from kpikit.book.own_fields import OwnField, of_accounts
from kpikit.book.settings import Settings

#: polars type of each kind of column
DTYPES: Mapping[str, pl.DataType] = {
    "id": pl.String(),
    "text": pl.String(),
    "choice": pl.String(),
    "instant": pl.Datetime("us", "UTC"),
    "day": pl.Date(),
    "number": pl.Float64(),
    "integer": pl.Int64(),
    "bool": pl.Boolean(),
}
#: columns the door adds
ADDED = {
    "deals": ("outcome_team", "created_day", "outcome_day", "amount_home", "is_discounted"),
    "stage_events": ("team", "entered_day"),
}


def complete(
    frames: Mapping[str, pl.DataFrame], settings: Settings, own: Sequence[OwnField] = ()
) -> dict[str, pl.DataFrame]:
    """The validated frames with the columns that the schema names, their own fields, and what the door adds.

    Own fields of accounts stand with the deals of the account too.
    """
    tables = {
        name: _in_shape(
            frame, schema.TABLES[name], [field for field in own if field.table == name and not field.is_of_account]
        )
        for name, frame in frames.items()
    }
    tables["deals"] = _with_accounts(tables["deals"], tables.get("accounts"), own)
    for name in ("stage_events", "changes"):
        if name in tables:
            tables[name] = _in_order(tables[name])
    tables["deals"] = within_their_day(tables, settings.time_zone)
    return derived(tables, settings)


def derived(tables: dict[str, pl.DataFrame], settings: Settings) -> dict[str, pl.DataFrame]:
    """Local days, amounts in the book's currency, and teams by day: whatever follows from the other columns."""
    deals = _local_days(tables["deals"], settings.time_zone, created_day="created_at", outcome_day="outcome_at")
    deals = deals.with_columns(is_discounted=pl.col("discount") > 0)
    tables["deals"] = _priced(deals, tables.get("rates"), settings)
    return with_teams(tables, settings.time_zone)


def _in_shape(frame: pl.DataFrame, table: schema.Table, own: Iterable[OwnField]) -> pl.DataFrame:
    """All columns of the schema, in its order and types, and the table's own fields; absent ones are null."""
    dtypes = {c.name: DTYPES[c.kind] for c in table.columns} | {field.column: field.dtype for field in own}
    return frame.select(
        pl.col(name).cast(dtype) if name in frame.columns else pl.lit(None, dtype).alias(name)
        for name, dtype in dtypes.items()
    )


def _with_accounts(deals: pl.DataFrame, accounts: pl.DataFrame | None, own: Sequence[OwnField]) -> pl.DataFrame:
    """The deals with what their accounts' own fields say."""
    theirs = [field for field in own if field.table == "accounts"]
    if accounts is None or not theirs:
        return deals
    ours = of_accounts(own, [f.column for f in own if f.table == "deals" and not f.is_of_account])
    named = {one.column: pl.col(field.column) for one, field in zip(ours, theirs, strict=True)}
    rows = accounts.select("account_id", **named).unique("account_id", keep="first")
    return deals.join(rows, on="account_id", how="left", maintain_order="left")


def _in_order(events: pl.DataFrame) -> pl.DataFrame:
    """``seq`` where the source gave none: the order of the rows."""
    if events["seq"].null_count() == events.height:
        return events.with_columns(seq=pl.int_range(pl.len(), dtype=pl.Int64))
    return events.with_columns(pl.col("seq").fill_null(pl.int_range(pl.len()).over("deal_id")))


def _local_days(frame: pl.DataFrame, time_zone: str, **days: str) -> pl.DataFrame:
    return frame.with_columns(local_day(pl.col(at), time_zone).alias(name) for name, at in days.items())


def local_day(instant: pl.Expr, time_zone: str) -> pl.Expr:
    """The local day of an instant, as days since 1970-01-01 (int)."""
    return instant.dt.convert_time_zone(time_zone).dt.date().cast(pl.Int32)


def _priced(deals: pl.DataFrame, rates: pl.DataFrame | None, settings: Settings) -> pl.DataFrame:
    """``amount_home``: the amount in the book's currency at the last rate on or before the outcome (else creation) day.

    Null where the rate is missing: such a deal is counted, never priced.
    """
    home = settings.currency
    if home is None:
        return deals.with_columns(pl.col("amount").alias("amount_home"))
    is_home = pl.col("currency").is_null() | (pl.col("currency") == home)
    if rates is None:
        return deals.with_columns(pl.when(is_home).then("amount").alias("amount_home"))
    dated = deals.with_row_index("_i").with_columns(pl.coalesce("outcome_day", "created_day").cast(pl.Date).alias("on"))
    priced = dated.sort("on").join_asof(
        rates.select("currency", "on", "rate").sort("on"), on="on", by="currency", check_sortedness=False
    )
    amount = pl.when(is_home).then("amount").otherwise(pl.col("amount") * pl.col("rate"))
    return priced.with_columns(amount.alias("amount_home")).sort("_i").drop("_i", "on", "rate")


def with_teams(tables: dict[str, pl.DataFrame], time_zone: str) -> dict[str, pl.DataFrame]:
    """The owner's team on the day that counts: creation for a deal, outcome for its outcome, entry for a stage event.

    With ``people``, from it (by day); without, from ``deals.team``; without either, one team "all".
    """
    deals, events, people = tables["deals"], tables.get("stage_events"), tables.get("people")
    owners = _owner_spans(deals, tables.get("changes"))
    created = deals.select("deal_id", at=pl.coalesce("created_at", "outcome_at"))
    deals = deals.with_columns(
        _team(created, owners, people, deals, time_zone).alias("team"),
        _team(deals.select("deal_id", at="outcome_at"), owners, people, deals, time_zone).alias("outcome_team"),
    )
    deals = deals.with_columns(pl.when(pl.col("outcome_at").is_not_null()).then("outcome_team").alias("outcome_team"))
    tables["deals"] = deals
    if events is not None:
        team = _team(events.select("deal_id", at="entered_at"), owners, people, deals, time_zone)
        tables["stage_events"] = events.with_columns(
            team.alias("team"), local_day(pl.col("entered_at"), time_zone).alias("entered_day")
        )
    return tables


def teams_at(tables: Mapping[str, pl.DataFrame], instant: datetime, time_zone: str) -> pl.DataFrame:
    """``deal_id, team``: the team of each deal's owner on the day of an instant."""
    deals = tables["deals"]
    moments = deals.select("deal_id", at=pl.lit(instant).dt.cast_time_unit("us"))
    team = _team(moments, _owner_spans(deals, tables.get("changes")), tables.get("people"), deals, time_zone)
    return deals.select("deal_id").with_columns(team.alias("team"))


def _owner_spans(deals: pl.DataFrame, changes: pl.DataFrame | None) -> pl.DataFrame:
    """``deal_id, since, owner``: who owned a deal from when on; the first span begins before all time."""
    long_ago = pl.lit(datetime(1, 1, 1, tzinfo=UTC)).dt.cast_time_unit("us")
    now = deals.select("deal_id", since=long_ago, owner="owner")
    if changes is None:
        return now
    moves = changes.filter(pl.col("field") == "owner").sort("deal_id", "changed_at", "seq")
    first = moves.group_by("deal_id", maintain_order=True).first().select("deal_id", since=long_ago, owner="old")
    later = moves.select("deal_id", since="changed_at", owner="new")
    return pl.concat([now.join(first, on="deal_id", how="anti"), first, later])


def _team(
    moments: pl.DataFrame, owners: pl.DataFrame, people: pl.DataFrame | None, deals: pl.DataFrame, time_zone: str
) -> pl.Series:
    """The team of each (deal, instant), in the order of the rows."""
    given = moments.join(deals.select("deal_id", "team"), on="deal_id", how="left", maintain_order="left")["team"]
    if people is None:
        return given if deals["team"].count() else pl.Series("team", ["all"] * len(given), pl.String)
    asked = moments.with_row_index("_i").sort("at", nulls_last=True)
    owned = asked.join_asof(
        owners.sort("since"), left_on="at", right_on="since", by="deal_id", check_sortedness=False
    ).with_columns(local_day(pl.col("at"), time_zone).cast(pl.Date).alias("on"))
    matched = owned.join(people.rename({"team": "their_team"}), on="owner", how="left").filter(
        (pl.col("from_on").is_null() | (pl.col("from_on") <= pl.col("on")))
        & (pl.col("until_on").is_null() | (pl.col("on") < pl.col("until_on")))
    )
    teams = matched.group_by("_i").agg(pl.col("their_team").first())
    found = asked.select("_i").join(teams, on="_i", how="left").sort("_i")["their_team"]
    return pl.select(pl.coalesce(found, given)).to_series().alias("team")
