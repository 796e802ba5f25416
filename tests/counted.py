"""How much work something is, counted and not timed: a busy machine is no failure."""

import sys
from collections.abc import Callable


def calls(function: Callable[[], object]) -> int:
    """How many Python functions are called. What works in columns makes as many for many rows as for few."""
    n = 0

    def count(frame, event, argument):
        nonlocal n
        n += event == "call"

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        function()
    finally:
        sys.setprofile(before)
    return n
