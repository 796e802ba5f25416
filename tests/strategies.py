"""Deal books for Hypothesis: small, in kpikit's columns, with everything that happens in a real CRM.

Deals skip stages, come back to them, are closed and reopened (through a change, through a stage event, through a closed
stage), have several events at one instant, and are recorded late or never.
"""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
from hypothesis import strategies as st

from kpikit import DealBook, Settings

DAY0 = datetime(2026, 1, 1, tzinfo=UTC)
PIPELINE = "New"
OPEN_STAGES = ("Qualify", "Discovery", "Proposal", "Negotiation")
LOST_STAGE, WON_STAGE, FOREIGN_STAGE = "Closed lost", "Closed won", "Nowhere"
STAGES = pl.DataFrame(
    {
        "pipeline": [PIPELINE] * 6,
        "stage": [*OPEN_STAGES, WON_STAGE, LOST_STAGE],
        "position": [1, 2, 3, 4, 5, 6],
        "is_won": [False] * 4 + [True, False],
        "is_lost": [False] * 5 + [True],
    }
)
MINUTE = timedelta(minutes=1)
#: minutes between two things: often none at all, or just under or over a day
GAPS = (0, 0, 1, 59, 1439, 1440, 1441, 3 * 1440, 11 * 1440 + 7, 40 * 1440)
SCHEMAS: dict[str, dict[str, Any]] = {
    "deals": {
        "deal_id": pl.String, "pipeline": pl.String, "team": pl.String, "owner": pl.String, "segment": pl.String,
        "amount": pl.Float64, "created_at": pl.Datetime("us", "UTC"), "recorded_at": pl.Datetime("us", "UTC"),
        "outcome": pl.String, "outcome_at": pl.Datetime("us", "UTC"),
    },
    "stage_events": {
        "deal_id": pl.String, "stage": pl.String, "entered_at": pl.Datetime("us", "UTC"), "seq": pl.Int64,
        "recorded_at": pl.Datetime("us", "UTC"),
    },
    "changes": {
        "deal_id": pl.String, "field": pl.String, "old": pl.String, "new": pl.String,
        "changed_at": pl.Datetime("us", "UTC"), "seq": pl.Int64,
    },
}  # fmt: skip


def day(days: float) -> datetime:
    """So many days after the first of January 2026, UTC."""
    return DAY0 + timedelta(days=days)


def as_frames(rows: dict[str, list[dict]]) -> dict[str, pl.DataFrame]:
    """Rows as frames in the columns above; stages are added."""
    frames = {name: pl.DataFrame(rows[name], schema=schema) for name, schema in SCHEMAS.items()}
    if frames["changes"].is_empty():
        del frames["changes"]
    return {**frames, "stages": STAGES}


def placed(rows: dict[str, list[dict]], book: DealBook) -> dict[str, list[dict]]:
    """The rows with the ends as the book keeps them: one known by its day only has a place within it (test_ends.py)."""
    ends = dict(book.tables["deals"].select("deal_id", "outcome_at").iter_rows())  # type: ignore[union-attr]
    return {**rows, "deals": [{**deal, "outcome_at": ends[deal["deal_id"]]} for deal in rows["deals"]]}


#: the books of late, by what was asked for: many tests ask for the same one
_BUILT: dict[str, DealBook] = {}
KEPT = 50


def as_book(rows: dict[str, list[dict]], **settings: Any) -> DealBook:
    """Rows as a book, up to ``rows["as_of"]``: one that remembers nothing, of tables that are read once."""
    asked = repr((rows, sorted(settings.items())))
    book = _BUILT.pop(asked, None) or read_anew(rows, **settings)
    _BUILT[asked] = book
    if len(_BUILT) > KEPT:
        del _BUILT[next(iter(_BUILT))]
    return book.replace()


def read_anew(rows: dict[str, list[dict]], **settings: Any) -> DealBook:
    """The same, of tables that nobody else holds."""
    frames = as_frames(rows)
    if frames["stage_events"].is_empty():
        del frames["stage_events"]
    return DealBook.from_frames(**frames, as_of=rows["as_of"], settings=Settings(**settings))


def spell_rows(
    visits: list[tuple[float, float | None, str]],
    *,
    recorded: list[float | None] | None = None,
    as_of: float = 400,
    **columns: list[Any],
) -> dict[str, list[dict]]:
    """Deals that enter Qualify at a day and leave it after so many days (None: never) in a way: advance, lost, won …

    ``recorded``: the age in days at which the system first heard of each deal.
    """
    deals, events = [], []
    for i, (entered, days, kind) in enumerate(visits):
        left = None if days is None else day(entered + days)
        closed = kind in ("won", "lost", "void")
        late = recorded[i] if recorded else None
        deals.append(
            {
                "deal_id": f"d{i:04}", "pipeline": PIPELINE, "created_at": day(entered),
                "recorded_at": None if late is None else day(entered + late),
                "outcome": kind if closed else "open", "outcome_at": left if closed else None,
                **{name: values[i] for name, values in columns.items()},
            }
        )  # fmt: skip
        events.append({"deal_id": f"d{i:04}", "stage": "Qualify", "entered_at": day(entered), "seq": 1})
        if kind == "advance":
            events.append({"deal_id": f"d{i:04}", "stage": "Discovery", "entered_at": left, "seq": 2})
    return {"deals": deals, "stage_events": events, "changes": [], "as_of": day(as_of)}


@st.composite
def _deal(draw: Any, number: int) -> dict[str, list[dict]]:
    """One deal's rows: a walk through moves, closings and reopenings at instants that never go back."""
    name = f"d{number}"
    at = DAY0 + draw(st.sampled_from((0, 60, 5 * 1440, 30 * 1440))) * MINUTE
    created, seq, outcome, decided_at = at, 0, "open", None
    events: list[dict] = []
    changes: list[dict] = []
    moves = draw(
        st.lists(
            st.tuples(
                st.sampled_from(GAPS),
                st.sampled_from(
                    (*OPEN_STAGES, *OPEN_STAGES, LOST_STAGE, FOREIGN_STAGE, "lost", "won", "void", "reopen", "reopen")
                ),
                st.sampled_from((None, None, None, 0, 30, 1440, 20 * 1440)),
            ),
            max_size=8,
        )
    )
    for gap, what, late in moves:
        at += gap * MINUTE
        seq += 1
        if what in ("lost", "won", "void"):
            if outcome == what:
                continue
            changes.append({"field": "outcome", "old": outcome, "new": what, "changed_at": at, "seq": seq})
            outcome, decided_at = what, at
        elif what == "reopen":
            if outcome != "open":
                changes.append({"field": "outcome", "old": outcome, "new": "open", "changed_at": at, "seq": seq})
                outcome, decided_at = "open", None
        else:
            recorded = None if late is None else at + late * MINUTE
            events.append({"stage": what, "entered_at": at, "seq": seq, "recorded_at": recorded})
    amounts = draw(st.lists(st.sampled_from((0.0, 50.0, 1250.5)), min_size=1, max_size=3))
    changes += [
        {
            "field": "amount",
            "old": str(old),
            "new": str(new),
            "changed_at": created + (i + 1) * 6 * 1440 * MINUTE,
            "seq": 100 + i,
        }
        for i, (old, new) in enumerate(itertools.pairwise(amounts))
    ]
    late = draw(st.sampled_from((None, None, None, 0, 90, 12 * 1440)))
    deal = {
        "pipeline": PIPELINE, "team": draw(st.sampled_from("AB")), "owner": draw(st.sampled_from("uvw")),
        "segment": draw(st.sampled_from((None, "big", "small"))), "amount": amounts[-1], "created_at": created,
        "recorded_at": None if late is None else created + late * MINUTE, "outcome": outcome, "outcome_at": decided_at,
    }  # fmt: skip
    return {
        "deals": [{"deal_id": name, **deal}],
        "stage_events": [{"deal_id": name, **row} for row in events],
        "changes": [{"deal_id": name, **row} for row in changes],
    }


@st.composite
def deal_rows(draw: Any, max_deals: int = 4) -> dict[str, Any]:
    """Rows of a whole book: ``deals, stage_events, changes`` and ``as_of``, at or after the last instant in them."""
    parts = [draw(_deal(i)) for i in range(draw(st.integers(1, max_deals)))]
    rows: dict[str, Any] = {name: [row for part in parts for row in part[name]] for name in SCHEMAS}
    instants = [
        row[name]
        for table, names in (
            ("deals", ("created_at", "recorded_at", "outcome_at")),
            ("stage_events", ("entered_at", "recorded_at")),
            ("changes", ("changed_at",)),
        )
        for row in rows[table]
        for name in names
        if row.get(name) is not None
    ]
    rows["as_of"] = max(instants) + draw(st.sampled_from((0, 1, 1440, 50 * 1440))) * MINUTE
    return rows


#: observed ages in whole days, as the estimators see them: (days, kind, day at which observation began)
observed_visits = st.lists(
    st.tuples(
        st.integers(1, 30),
        st.sampled_from(("advance", "won", "lost", "void", "open")),
        st.integers(0, 12),
    ).filter(lambda visit: visit[2] < visit[0]),
    min_size=12,
    max_size=30,
)
