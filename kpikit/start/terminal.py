"""Text on a terminal: what comes from a CRM may hold control characters, which a terminal would obey."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence


def printable(text: str) -> str:
    """The text with every control, direction and format character but line ends shown as ``�``."""
    return "".join(
        c if c == "\n" or unicodedata.category(c) not in ("Cc", "Cf", "Cs") else "\N{REPLACEMENT CHARACTER}"
        for c in text
    )


def columns(rows: Sequence[Sequence[str]], most: int = 28) -> list[str]:
    """Rows of cells as aligned lines; long cells are cut."""
    cut = [[cell if len(cell) <= most else cell[: most - 1] + "…" for cell in map(printable, row)] for row in rows]
    widths = [max(len(row[i]) for row in cut) for i in range(len(cut[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cut]
