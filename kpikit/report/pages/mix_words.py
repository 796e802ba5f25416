"""What the change of a rate is made of, in words that several pages share: the side, the bounds, the move."""

from __future__ import annotations

from kpikit.report.figures.winloss import WinLossFigures
from kpikit.show.page import Message, message


def ends(row: dict) -> dict[str, float]:
    """The bounds of a change, in a hundred."""
    return {"low": 100 * row["low"], "high": 100 * row["high"]}


def move(figures: WinLossFigures, mix: dict) -> Message:
    """What moved in the mix: the segment whose share grew most, where the mix is clear and segments can be told."""
    segment = grown(figures)
    if mix["certainty"] != "clear" or segment is None:
        return message("page.wl.why.mix")
    return message("page.wl.why.move", segment=segment)


def grown(figures: WinLossFigures) -> str | None:
    """The segment whose share of the deals grew most."""
    rows = [row for row in figures.by_segment.to_dicts() if row["segment"] is not None]
    if len(rows) < 2:
        return None
    n, n_before = (sum(row[name] for row in rows) for name in ("n", "n_before"))
    return max(rows, key=lambda row: row["n"] / n - row["n_before"] / n_before)["segment"]
