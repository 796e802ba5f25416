"""Which habits and circumstances to plant, and how much: ``late=.2,bias=-1,hidden=.3@p01+2025-07-01``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from kpikit.errors import wrong_setting
from kpikit.simulate.parameters import Parameters
from kpikit.simulate.recording import (
    activity_log,
    chances,
    close_dates,
    closing,
    imports,
    losses,
    prospecting,
    registration,
    splitting,
    stage_moves,
)
from kpikit.simulate.recording.record import Dose, Record

#: The habits, in the order in which a record is made: when a deal is begun, how it ends, what is said, what is logged.
HABITS: Mapping[str, Callable[[Record, Dose], Record]] = {
    "late": registration.late,
    "warm": prospecting.warm,
    "ahead": stage_moves.ahead,
    "pull": closing.pull,
    "hidden": losses.hidden,
    "void": losses.void,
    "reason": losses.reason,
    "famous": losses.famous,
    "recode": prospecting.recode,
    "offers": stage_moves.offers,
    "split": splitting.split,
    "parts": splitting.parts,
    "amounts": splitting.amounts,
    "small": splitting.small,
    "bias": chances.bias,
    "push_dates": close_dates.push_dates,
    "steps": close_dates.steps,
    "names": activity_log.names,
    "invent": activity_log.invent,
    "backdate": activity_log.backdate,
    "burst": activity_log.burst,
}
#: Look-alikes that are written down like a habit, and are none.
LOOK_ALIKES: Mapping[str, Callable[[Record, Dose], Record]] = {
    "partner": registration.partner,
    "month_end": closing.month_end,
    "own_quarter": closing.own_quarter,
    "price_list": closing.price_list,
    "stage_default": chances.stage_default,
    "default_dates": close_dates.default_dates,
    "bulk": imports.bulk,
}
#: Look-alikes that are a way in which the business itself goes.
WORLDS = ("growth", "mix", "long_cycle")
#: The order in which they act: the innocent beginning first, imports last.
ORDER = (
    "partner", "late", "warm", "recode", "ahead", "month_end", "own_quarter", "price_list", "pull", "offers", "hidden",
    "reason", "famous", "void", "split", "parts", "amounts", "small", "stage_default", "bias", "default_dates",
    "push_dates", "steps", "names", "invent", "backdate", "burst", "bulk",
)  # fmt: skip
#: What a dose can be, where it is not a share: log-odds, a direction, growth a quarter.
RANGES: Mapping[str, tuple[float, float]] = {"bias": (-4.0, 4.0), "pull": (-1.0, 1.0), "growth": (-0.5, 1.0)}
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_ACTS = {**HABITS, **LOOK_ALIKES}


@dataclass(frozen=True, slots=True)
class Plan:
    """What is planted: by name how much. A dose of 0 is as if it were not named.

    >>> sorted(plan("late=.2,bias=-1@p01,void=0").doses)
    ['bias', 'late']
    """

    doses: Mapping[str, Dose]

    def __bool__(self) -> bool:
        return bool(self.doses)

    def parameters(self, given: Parameters, middle: date) -> Parameters:
        """The process with the planted ways in which business goes; ``middle``: the day from which the mix moves."""
        size = {name: dose.size for name, dose in self.doses.items()}
        other = given.circumstances
        if "mix" in size:
            other = replace(other, mix=size["mix"], mix_on=middle)
        if "long_cycle" in size:
            other = replace(other, long_cycles=size["long_cycle"])
        return replace(given, growth=size.get("growth", given.growth), circumstances=other)

    def record(self, honest: Record) -> Record:
        """What is written down where all was written as it happened, with these habits instead.

        Raises:
            UsageError: a habit of somebody who has no deal, or of what this company does not write down.
        """
        going = {name: {"dose": dose.size} for name, dose in self.doses.items() if name in WORLDS}
        made = replace(honest, touched=going)
        everybody = [*honest.past["owner"].unique().sort()]
        for name in ORDER:
            if name in self.doses:
                _check_owners(name, self.doses[name], everybody)
                made = _ACTS[name](made, self.doses[name])
        return made


def plan(text: str) -> Plan:
    """A plan from ``name=dose`` parts between commas, each with ``@owner+owner`` where it is not everybody's habit.

    A day among the owners (``@2025-07-01``) is the one from which on the habit is one: in deals that begin since.

    Raises:
        UsageError: a name that is not known, a dose out of its range, or a name twice.
    """
    doses: dict[str, Dose] = {}
    for part in filter(None, (p.strip() for p in text.split(","))):
        name, is_given, amount = (cell.strip() for cell in part.partition("="))
        if name not in _ACTS and name not in WORLDS:
            raise wrong_setting("--plant", name, ", ".join((*HABITS, *LOOK_ALIKES, *WORLDS)))
        if name in doses:
            raise wrong_setting("--plant", part, f"{name} once")
        doses[name] = _dose(name, amount, part if is_given else name)
    return Plan({name: dose for name, dose in doses.items() if dose.size})


def _check_owners(name: str, dose: Dose, everybody: list[str]) -> None:
    """Nobody's habit changes nothing, and is a slip of the pen."""
    if unknown := [owner for owner in dose.owners if owner not in everybody]:
        some = ", ".join(everybody[:8]) + (", …" if len(everybody) > 8 else "")
        raise wrong_setting("--plant", f"{name}={dose.size:g}@{unknown[0]}", some)


def _dose(name: str, amount: str, written: str) -> Dose:
    """The dose in ``.2``, ``.2@p01+p02`` or ``.2@2025-07-01``."""
    number, _, owners = amount.partition("@")
    low, high = RANGES.get(name, (0.0, 1.0))
    try:
        size = float(number)
    except ValueError:
        size = float("nan")
    told = [part for part in owners.split("+") if part]
    days = [part for part in told if _DAY.fullmatch(part)]
    if not low <= size <= high or (told and name in WORLDS):
        raise wrong_setting("--plant", written, f"{name}={low:g} – {high:g}")
    try:
        since_on = max((date.fromisoformat(day) for day in days), default=date.min)
    except ValueError:
        raise wrong_setting("--plant", written, f"{name}={size:g}@2025-07-01") from None
    return Dose(size, tuple(part for part in told if part not in days), since_on)


NOTHING = Plan({})
