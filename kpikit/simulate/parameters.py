"""What a simulated sales process is made of: stages and how they end, segments, effects. Values, nothing drawn."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal, cast, get_args

from kpikit.errors import UsageError
from kpikit.simulate.circumstances import NEW_AND_CUSTOMERS, Circumstances

ExitKind = Literal["advance", "lost", "back", "skip", "void"]
#: How many stages further each way of leaving leads; lost and void lead out.
STEPS: dict[str, int] = {"advance": 1, "skip": 2, "back": -1}


@dataclass(frozen=True, slots=True)
class Exit:
    """One way out of a stage: its ``share`` of the visits (0 to 1) and the median ``days`` that it takes."""

    kind: ExitKind
    share: float
    days: float


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage. ``probability`` is what the CRM shows beside it, ``criteria`` what the customer has done by then.

    Advancing from the last stage is winning.
    """

    name: str
    exits: tuple[Exit, ...]
    probability: float
    meaning: str = ""
    criteria: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        total = sum(e.share for e in self.exits)
        if abs(total - 1) > 1e-9 or any(e.share < 0 or e.days <= 0 for e in self.exits):
            raise UsageError("setting_value", setting=f"stage {self.name}", value=total, allowed="shares that add to 1")
        if unknown := {e.kind for e in self.exits} - set(get_args(ExitKind)):
            allowed = ", ".join(get_args(ExitKind))
            raise UsageError("setting_value", setting=f"stage {self.name}", value=min(unknown), allowed=allowed)


@dataclass(frozen=True, slots=True)
class Segment:
    """A kind of customer: its ``share`` of new deals, how many times as long everything takes (``pace``).

    Amounts are lognormal: ``amount_log`` is the mean of the natural logarithm, ``amount_spread`` its standard
    deviation. ``lift`` moves the log-odds of going forward.
    """

    name: str
    share: float
    pace: float = 1.0
    amount_log: float = 10.0
    amount_spread: float = 0.6
    lift: float = 0.0


@dataclass(frozen=True, slots=True)
class Effect:
    """A planted change: visits to ``stage`` that begin from ``since_on`` on (up to ``until_on``, not included).

    They take ``pace`` times as long, and the log-odds of going forward move by ``lift``. ``team`` None means all, and
    so does ``stage`` None. ``of="deals"``: the visits of deals that begin in those days, whenever they come.
    """

    stage: str | None
    since_on: date = date.min
    until_on: date = date.max
    team: str | None = None
    pace: float = 1.0
    lift: float = 0.0
    of: Literal["visits", "deals"] = "visits"


@dataclass(frozen=True, slots=True)
class Parameters:
    """A whole process.

    ``spread``: standard deviation of log days within one way of leaving. ``quality`` and ``skill``: standard
    deviations, on the log-odds of going forward, of what is hidden in a deal and in its owner (0: all alike).
    ``growth``: new deals grow by this share a quarter. ``people``: per team. ``reopened``: share of the deals lost in
    the third stage or later that come back, a stage earlier, after a median of ``reopened_days``. ``asleep``: share of
    visits that never end. ``touches_per_week``: activities on a deal under way; 0 gives the bare process, without
    activities, contacts, sources, offers and reasons. ``circumstances``: the market and the staff.
    """

    stages: tuple[Stage, ...]
    segments: tuple[Segment, ...]
    pipeline: str = "New business"
    spread: float = 0.7
    quality: float = 0.6
    skill: float = 0.2
    growth: float = 0.0
    people: int = 8
    reopened: float = 0.0
    reopened_days: float = 40.0
    asleep: float = 0.0
    touches_per_week: float = 0.0
    effects: tuple[Effect, ...] = ()
    circumstances: Circumstances = field(default_factory=Circumstances)

    def __post_init__(self) -> None:
        for stage, at in zip(self.stages, range(len(self.stages)), strict=True):
            for leave in stage.exits:
                to = at + STEPS.get(leave.kind, 0)
                if leave.share > 0 and not 0 <= to <= len(self.stages):
                    raise UsageError(
                        "setting_value", setting=f"stage {stage.name}", value=leave.kind, allowed="in range"
                    )
        for effect in self.effects:
            if effect.stage is not None and effect.stage not in self.names:
                raise UsageError("setting_value", setting="effect", value=effect.stage, allowed=", ".join(self.names))

    @property
    def names(self) -> tuple[str, ...]:
        """The stages' names, in order."""
        return tuple(s.name for s in self.stages)


def stage(name: str, probability: float, exits: str, meaning: str = "", criteria: tuple[str, ...] = ()) -> Stage:
    """A stage from a line such as ``"advance .58 12, lost .36 25, skip .06 12"`` (kind, share, median days).

    >>> stage("Qualify", 0.2, "advance .6 12, lost .4 25").exits[0].days
    12.0
    """
    cells = [part.split() for part in exits.split(",")]
    ways = tuple(Exit(cast(ExitKind, kind), float(share), float(days)) for kind, share, days in cells)
    return Stage(name, ways, probability, meaning, criteria)


#: The process of the methods note (section 9). Its yields are in :mod:`kpikit.simulate.truth`.
STANDARD = Parameters(
    stages=(
        stage(
            "Qualify",
            0.15,
            "advance .58 12, lost .36 25, skip .06 12",
            "We know whom we talk to, and why now",
            ("The customer told us what should change, and by when",),
        ),
        stage(
            "Discovery",
            0.3,
            "advance .62 18, lost .30 35, back .05 15, skip .03 18",
            "We understand the work and who decides",
            ("The customer showed us how the work goes today", "The customer named everyone who decides"),
        ),
        stage(
            "Proposal",
            0.5,
            "advance .62 15, lost .30 40, back .08 12",
            "The customer has our offer",
            ("The customer asked for the offer and set a day to discuss it",),
        ),
        stage(
            "Negotiation",
            0.7,
            "advance .70 12, lost .24 35, back .06 10",
            "The customer wants it; terms are open",
            ("The customer told us which terms must change before they sign",),
        ),
    ),
    segments=(
        Segment("SMB", 0.6, 1.0, 9.0, 0.5),
        Segment("MM", 0.3, 1.3, 10.2, 0.6),
        Segment("ENT", 0.1, 1.8, 11.5, 0.7),
    ),
)
#: The same process with what people do and write, for books that look like a CRM's.
DRESSED = replace(STANDARD, touches_per_week=1.0, reopened=0.02)
#: A company as its CRM shows it: the same process among customers old and new, with accounts, profiles, seasons, people
#: who come and go, close dates, chances stated at each stage, discounts and next steps.
COMPANY = replace(
    DRESSED,
    circumstances=Circumstances(
        season=(1.1, 1.05, 1.1, 1.0, 1.0, 1.0, 0.7, 0.6, 1.1, 1.2, 1.15, 0.8),
        turnover=0.15,
        types=NEW_AND_CUSTOMERS,
        accounts=2.0,
        icp=0.6,
        icp_lift=0.3,
        new_market=0.25,
        new_market_lift=-0.4,
        date_error=0.5,
        forecast_noise=0.5,
        discount=0.08,
        next_steps=0.6,
        competitors=("Alpha", "Beta", "Gamma"),
        reason_days=4.0,
        amount_moves=0.3,
    ),
)
