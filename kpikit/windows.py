"""A window: a package whose public names are loaded where they live, when somebody first asks for them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pkgutil import resolve_name


def loading(window: str, homes: Mapping[str, str]) -> Callable[[str], object]:
    """What a window's ``__getattr__`` is: asked for a name the first time, it loads it and keeps it there.

    Args:
        window: the package's own name.
        homes: public name → where it lives: ``package.module``, or ``package.module:name`` for what stands in one.

    Raises:
        AttributeError: by what is returned, for a name that is not public.

    >>> loading("kpikit", {"Fault": "kpikit.errors:Fault"})("Fault").__name__
    'Fault'
    """

    def load(name: str) -> object:
        if name not in homes:
            raise AttributeError(f"module {window!r} has no attribute {name!r}")
        value = resolve_name(homes[name])
        setattr(sys.modules[window], name, value)
        return value

    return load
