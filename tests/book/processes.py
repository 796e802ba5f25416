"""Deals whose visits to stages are known, and the same deals as every shape in which exports keep a stage history.

Nothing here asks kpikit: the truth is drawn first, and each shape is written from it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl

STAGES = {"New business": ("Qualify", "Demo", "Proposal", "Contract"), "Renewal": ("Outreach", "Contract")}
WON, LOST = "Closed Won", "Closed Lost"
START = datetime(2025, 3, 3, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@dataclass
class Deal:
    """A deal: its visits (pipeline, stage, entered, left) in order, and how it ended (None: it has not)."""

    deal_id: str
    visits: list = field(default_factory=list)
    outcome: str = "open"
    ended: datetime | None = None

    @property
    def created(self):
        return self.visits[0][2]

    @property
    def stage(self):
        return {"won": WON, "lost": LOST}.get(self.outcome, self.visits[-1][1])

    @property
    def pipeline(self):
        return self.visits[-1][0]

    def steps(self):
        """(stage, at, pipeline) of each entry, the end among them."""
        found = [(stage, entered, pipeline) for pipeline, stage, entered, _ in self.visits]
        return found + ([(self.stage, self.ended, self.pipeline)] if self.ended else [])


def deals(seed, n=25, *, back=0.0, pipelines=("New business",), changes=0.0):
    """Deals by a seed: they skip stages, come ``back`` with that chance, and change their pipeline with that chance."""
    draw = random.Random(seed)
    return [_deal(f"d{i:03}", draw, back, draw.choice(pipelines), changes) for i in range(n)]


def _deal(deal_id, draw, back, pipeline, changes):
    deal, at = Deal(deal_id), START + timedelta(minutes=draw.randrange(200 * 1440))
    place, moves = 0, 0
    while True:
        stage = STAGES[pipeline][place]
        stay = timedelta(minutes=draw.randrange(10, 20 * 1440))
        outcome = draw.choices(("on", "won", "lost", "open"), (6, 1, 2, 1))[0]
        last = place == len(STAGES[pipeline]) - 1
        moves += 1
        if outcome == "open" or moves > 9:
            deal.visits.append((pipeline, stage, at, None))
            return deal
        deal.visits.append((pipeline, stage, at, at + stay))
        at += stay
        if outcome in ("won", "lost") or (last and draw.random() > back):
            deal.outcome = outcome if outcome in ("won", "lost") else draw.choice(("won", "lost"))
            deal.ended = at
            return deal
        if draw.random() < changes:
            pipeline, place = next(name for name in STAGES if name != pipeline), 0
        elif place and (last or draw.random() < back):
            place = draw.randrange(place)
        else:
            place = min(place + draw.choice((1, 1, 1, 2)), len(STAGES[pipeline]) - 1)


def truth(some):
    """``(deal, pipeline, stage, entered, left, kind)`` of each visit, sorted; kind by the order within its pipeline."""
    rows = []
    for deal in some:
        for (pipeline, stage, entered, left), following in zip(deal.visits, [*deal.visits[1:], None], strict=True):
            kind = deal.outcome if following is None else "advance"
            if following and following[0] == pipeline:
                order = STAGES[pipeline]
                kind = "back" if order.index(following[1]) < order.index(stage) else "advance"
            rows.append((deal.deal_id, pipeline, stage, entered, left, kind))
    return sorted(rows, key=lambda row: (row[0], row[3]))


def as_text(at, style="%Y-%m-%d %H:%M:%S"):
    return None if at is None else at.strftime(style)


def deal_file(some, **more):
    """A row a deal, as its CRM shows it today."""
    rows = [
        {
            "Deal ID": deal.deal_id,
            "Pipeline": deal.pipeline,
            "Stage": deal.stage,
            "Created": as_text(deal.created),
            "Close Date": as_text(deal.ended),
        }
        for deal in some
    ]
    return pl.DataFrame(rows, schema=dict.fromkeys(rows[0], pl.String)).with_columns(**more)


def long(some):
    rows = [(deal.deal_id, stage, as_text(at)) for deal in some for stage, at, _ in deal.steps()]
    return pl.DataFrame(rows, schema=["Deal ID", "To", "At"], orient="row")


def from_to(some, *, birth=False):
    """A row a move; the first stage is only known as the first one left, unless the ``birth`` has a row too."""
    rows = []
    for deal in some:
        before = None
        for stage, at, _ in deal.steps():
            if before is not None or birth:
                rows.append((deal.deal_id, before, stage, as_text(at)))
            before = stage
    return pl.DataFrame(rows, schema=dict.fromkeys(["Deal ID", "From", "To", "At"], pl.String), orient="row")


def field_log(some, *, with_old=True):
    """A row a change of any field: stages, pipelines and amounts; without old values the first value has a row too."""
    rows = []
    for deal in some:
        stage_before = pipeline_before = None
        for stage, at, pipeline in deal.steps():
            for name, old, new in (("Pipeline", pipeline_before, pipeline), ("Stage", stage_before, stage)):
                if old != new and (old is not None or not with_old):
                    rows.append((deal.deal_id, name, old if with_old else None, new, as_text(at)))
            stage_before, pipeline_before = stage, pipeline
        rows.append((deal.deal_id, "Amount", "100", "250", as_text(deal.created + MINUTE)))
    return pl.DataFrame(rows, schema=dict.fromkeys(["Deal ID", "Field", "Old", "New", "At"], pl.String), orient="row")


def wide(some, place=lambda _pipeline, stage: stage):
    """The deals with a column a stage, as HubSpot fills it: the last visit; skipped stages with the next one's time."""
    rows = []
    for deal in some:
        row = {}
        before = dict.fromkeys(STAGES, -1)
        for (stage, at, pipeline), following in zip(deal.steps(), [*deal.steps()[1:], None], strict=True):
            order = [*STAGES[pipeline], WON, LOST]
            left = following[1] if following else None
            for skipped in order[before[pipeline] + 1 : order.index(stage)]:
                if skipped not in (WON, LOST) and f"in {place(pipeline, skipped)}" not in row:
                    name = place(pipeline, skipped)
                    row |= {f"in {name}": as_text(at), f"out {name}": as_text(at)}
            name = place(pipeline, stage)
            row |= {f"in {name}": as_text(at), f"out {name}": as_text(left)}
            before[pipeline] = order.index(stage)
        rows.append(row)
    pipelines = dict.fromkeys(pipeline for deal in some for pipeline, *_ in deal.visits)
    listed = dict.fromkeys(place(one, stage) for one in pipelines for stage in (*STAGES[one], WON, LOST))
    names = [f"{way} {name}" for name in listed for way in ("in", "out")]
    frame = pl.DataFrame([[row.get(n) for n in names] for row in rows], dict.fromkeys(names, pl.String), orient="row")
    return deal_file(some).hstack(frame)


def snapshots(some, days=7, until=None):
    """The deals as they stood every so many days."""
    rows = []
    end = until or max(at for deal in some for _, at, _ in deal.steps()) + timedelta(days=days)
    taken = START.replace(hour=0)
    while taken <= end:
        for deal in some:
            seen = [stage for stage, at, _ in deal.steps() if at <= taken]
            if seen:
                rows.append((taken.strftime("%Y-%m-%d"), deal.deal_id, seen[-1], as_text(deal.created)))
        taken += timedelta(days=days)
    return pl.DataFrame(rows, schema=["Snapshot Date", "Deal ID", "Stage", "Created"], orient="row")


def versions(some):
    """The deals in history mode: a row a version, the last one in force."""
    rows = []
    for deal in some:
        steps = deal.steps()
        for (stage, at, pipeline), following in zip(steps, [*steps[1:], None], strict=True):
            until = as_text(following[1]) if following else "9999-12-31 23:59:59"
            closed = as_text(deal.ended) if stage in (WON, LOST) else None
            rows.append(
                (deal.deal_id, pipeline, stage, as_text(deal.created), closed, as_text(at), until, str(not following))
            )
    names = [
        "deal_id",
        "pipeline",
        "stage",
        "created_at",
        "close_date",
        "_fivetran_start",
        "_fivetran_end",
        "_fivetran_active",
    ]
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")


def moved(at, zone):
    """A local time as UTC."""
    return None if at is None else at.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
