"""How tries ended, counted: for the page on them, and for the page that asks for the next ones."""

from __future__ import annotations

from kpikit.report.figures.tries import STATES, Tried
from kpikit.show.page import Message, message


def counted(found: Tried) -> Message | None:
    """How many tries ended in another way than done; None where there are none."""
    others = STATES[1:-1]
    parts = tuple(
        message(f"page.tried.{state}", n=found.states.count(state)) for state in others if state in found.states
    )
    unsaid = found.states.count(None)
    parts += (message("page.tried.unsaid", n=unsaid),) if unsaid else ()
    return message("page.tried.ended", parts=parts) if parts else None


def last(found: Tried) -> Message | None:
    """Last quarter's tries in a sentence."""
    if not found.states:
        return None
    return message("page.tried.last", n=len(found.states), done=found.states.count("done"))
