"""What is computed of a value that never changes stays with that value, and goes when it goes.

A cache of a module would keep each book that was ever asked alive. What is kept here lies on the book itself: whoever
drops the book drops it too, even where what is kept points back at the book.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import wraps
from threading import Lock
from typing import Any, Concatenate, ParamSpec, TypeVar

Owner = TypeVar("Owner")
P = ParamSpec("P")
R = TypeVar("R")

_NAME = "_remembered"
_LOCK = Lock()
_MISSING = object()


def remembered(
    most: int,
) -> Callable[[Callable[Concatenate[Owner, P], R]], Callable[Concatenate[Owner, P], R]]:
    """Compute a function of a value once for each set of arguments; ``most`` answers stay, the latest asked for.

    The value must have a ``__dict__`` and never change; the other arguments must be hashable.
    """

    def wrap(compute: Callable[Concatenate[Owner, P], R]) -> Callable[Concatenate[Owner, P], R]:
        @wraps(compute)
        def ask(owner: Owner, /, *args: P.args, **named: P.kwargs) -> R:
            key = (*args, *sorted(named.items()))
            with _LOCK:
                kept = vars(owner).setdefault(_NAME, {}).setdefault(ask, OrderedDict())
                found = kept.get(key, _MISSING)
                if found is not _MISSING:
                    kept.move_to_end(key)
                    return found
            found = compute(owner, *args, **named)
            with _LOCK:
                kept[key] = found
                while len(kept) > most:
                    kept.popitem(last=False)
            return found

        return ask

    return wrap


def without_memory(owner: object) -> dict[str, Any]:
    """The state of a value without what was computed of it: what another process is sent."""
    return {name: value for name, value in vars(owner).items() if name != _NAME}
