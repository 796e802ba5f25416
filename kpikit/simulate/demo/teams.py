"""The demo's plan as data: the process, the teams and their people, how many deals begin when, and what is planted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from kpikit.simulate.parameters import Effect, Parameters, Segment, stage

#: The first day of each quarter in which deals begin; the last one is the two days before the export.
QUARTERS = tuple(date(2024 + (6 + 3 * q) // 12, (6 + 3 * q) % 12 + 1, 1) for q in range(10))
LAST_DAY = date(2026, 10, 3)  # the export was made in the evening before

PROCESS = Parameters(
    stages=(
        stage(
            "Qualify",
            0.1,
            "advance .78 20, skip .05 18, lost .11 42, void .06 24",
            "Is there something to change, and are we the ones to ask?",
            ("The customer told us what should be different, and by when", "The customer agreed to a second talk"),
        ),
        stage(
            "Discovery",
            0.25,
            "advance .78 29, skip .03 28, lost .14 50, back .03 19, void .02 32",
            "What does the work look like today, and who decides?",
            ("The customer showed us how the work goes today", "The customer named everyone who decides"),
        ),
        stage(
            "Proposal",
            0.5,
            "advance .53 15.5, lost .38 31, back .09 13",
            "The customer has our offer and is weighing it",
            ("The customer asked for the offer", "The customer set a day to go through it with us"),
        ),
        stage(
            "Negotiation",
            0.75,
            "advance .71 17, lost .23 38, back .06 12",
            "The customer wants it; terms and dates are open",
            ("The customer told us which terms must change before they sign",),
        ),
    ),
    segments=(
        Segment("Small", 0.5, 0.9, 9.0, 0.45),
        Segment("Mid", 0.35, 1.05, 10.1, 0.5),
        Segment("Enterprise", 0.15, 1.3, 11.2, 0.55),
    ),
    spread=0.55,
    quality=0.4,
    skill=0.0,
    reopened=0.03,
    reopened_days=45,
    asleep=0.003,
    touches_per_week=0.65,
    effects=(Effect("Proposal", since_on=date(2026, 4, 1), team="North", pace=2.0),),
)


@dataclass(frozen=True, slots=True)
class Team:
    """One team: new deals per quarter (as :data:`QUARTERS`); ``late``: of those with an offer, the share begun then.

    ``seed`` was chosen among some thousands so that this team's figures come near those of the story: a quarter of one
    team is few deals, and most draws would hide what the demo is there to show (or show what is not there).
    """

    name: str
    country: str
    deals: tuple[int, ...]
    seed: int
    late: float = 0.05


@dataclass(frozen=True, slots=True)
class Person:
    """One person's time in one team; ``until_on`` is the first day that is not in it any more."""

    owner: str
    team: str
    from_on: date
    until_on: date | None = None
    share: float = 1.0


TEAMS = (
    Team("North", "NL", (52, 46, 46, 45, 46, 46, 46, 45, 31, 1), seed=14035, late=0.31),
    Team("South", "NL", (52, 46, 46, 45, 46, 46, 46, 45, 31, 1), seed=111),
    Team("Randstad", "NL", (66, 62, 64, 62, 64, 66, 78, 104, 216, 6), seed=156),
    Team("Liège", "BE-FR", (40, 38, 38, 36, 38, 38, 40, 42, 36, 1), seed=206),
    Team("Vlaanderen", "BE-NL", (40, 40, 40, 38, 40, 42, 44, 44, 38, 1), seed=498),
    Team("New Markets", "GB", (0, 0, 0, 0, 0, 0, 0, 1, 2, 0), seed=25, late=0.0),
)

_BEGIN = date(2024, 7, 1)


def _staff(team: str, first: int, shares: tuple[float, ...]) -> list[Person]:
    return [Person(f"p{first + i:03d}", team, _BEGIN, None, share) for i, share in enumerate(shares)]


def _people() -> tuple[Person, ...]:
    people = [
        *_staff("North", 1, (1, 1, 0.8, 1, 0.8, 1, 1)),
        Person("p008", "North", _BEGIN, date(2025, 9, 1)),
        Person("p042", "North", date(2025, 10, 1), None, 0.9),
        *_staff("South", 9, (1, 0.8, 1, 1, 1, 0.6, 1)),
        Person("p016", "South", _BEGIN, date(2026, 1, 5)),
        Person("p016", "Randstad", date(2026, 1, 5)),
        *_staff("Randstad", 17, (1, 1, 0.8, 1, 1, 1, 0.8)),
        Person("p024", "Randstad", _BEGIN, date(2025, 4, 1)),
        Person("p025", "Randstad", date(2026, 4, 1)),
        *_staff("Liège", 26, (1, 1, 0.8, 1, 1)),
        Person("p031", "Liège", _BEGIN, date(2026, 7, 1)),
        Person("p043", "Liège", date(2026, 5, 1), None, 0.8),
        *_staff("Vlaanderen", 32, (1, 0.8, 1, 1, 0.6, 1)),
        Person("p038", "Vlaanderen", _BEGIN, date(2026, 4, 1)),
        Person("p038", "New Markets", date(2026, 4, 1)),
        Person("p039", "New Markets", date(2026, 4, 1), None, 0.8),
        Person("p040", "New Markets", date(2026, 4, 1)),
    ]
    return tuple(people)


PEOPLE = _people()

#: Team Randstad's own process: small business is quick and often lost or unqualified, the rest is won more often.
RANDSTAD = replace(
    PROCESS,
    stages=(
        replace(
            PROCESS.stages[0],
            exits=stage("Qualify", 0.1, "advance .74 20, skip .05 18, lost .11 42, void .10 24").exits,
        ),
        *PROCESS.stages[1:],
    ),
    segments=(
        Segment("Small", 0.44, 0.42, 9.0, 0.45, lift=-0.2),
        Segment("Mid", 0.33, 0.85, 10.1, 0.5, lift=0.65),
        Segment("Enterprise", 0.23, 1.1, 11.2, 0.55, lift=0.95),
    ),
)
#: Segments of its new deals from the campaign on: mostly small business.
CAMPAIGN = (date(2026, 6, 8), (0.93, 0.045, 0.025))
#: Deals with a second contact before the offer; in team Vlaanderen, how much more often they go forward after it (with,
#: without; log-odds).
SECOND_SHARE, SECOND_LIFT = 0.46, (0.75, -0.65)

#: What happened, for the flags on charts: from, until (not included), team (None: all), text.
HAPPENINGS = (
    (date(2024, 12, 24), date(2025, 1, 2), None, "Closed between Christmas and New Year"),
    (date(2025, 4, 1), None, None, "Stage criteria rewritten: each says what the customer has done"),
    (date(2025, 7, 28), date(2025, 8, 11), "Liège", "Congé du bâtiment"),
    (date(2025, 9, 15), None, None, "Plannova launches a free starter edition"),
    (date(2025, 10, 1), None, "North", "A new colleague starts"),
    (date(2025, 12, 24), date(2026, 1, 2), None, "Closed between Christmas and New Year"),
    (date(2026, 3, 1), None, None, "New price list"),
    (date(2026, 4, 1), None, "New Markets", "The team begins"),
    (date(2026, 6, 8), None, "Randstad", "Campaign for small businesses"),
    (date(2026, 7, 27), date(2026, 8, 10), None, "Summer closure: half of our customers are away"),
)
