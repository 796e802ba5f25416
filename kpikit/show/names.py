"""Names of teams and people as names of folders, on any system."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{i}" for port in ("com", "lpt") for i in range(10))}


def folder_name(name: str) -> str:
    """Small ASCII letters, digits and hyphens; at most 60 of them.

    >>> folder_name("Liège / Zuid")
    'liege-zuid'
    """
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_name.lower()).strip("-")[:60].strip("-") or "team"
    return f"team-{slug}" if slug in _RESERVED else slug


def folder_names(names: Iterable[str], first: str = "") -> dict[str, str]:
    """A folder for each name, no two alike; ``first``, if given, is the first one's.

    >>> folder_names(["A b", "a-B"])
    {'A b': 'a-b', 'a-B': 'a-b-2'}
    """
    found: dict[str, str] = {}
    for name in names:
        slug = base = first if first and not found else folder_name(name)
        count = 1
        while slug in found.values():
            count += 1
            slug = f"{base}-{count}"
        found[name] = slug
    return found
