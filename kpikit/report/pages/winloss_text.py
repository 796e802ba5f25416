"""What several pages of the quarterly report say in the same way."""

from __future__ import annotations

from math import floor

from kpikit.report.figures.winloss import WinLoss
from kpikit.schema import Estimate
from kpikit.show.page import Message, message


def share_in_words(row: dict) -> tuple[Message | str, Message | str]:
    """K of n, and the figure with its range."""
    counts = message("back.wl.k_of_n", k=row["n_events"], n=row["n"]) if row["n"] is not None else ""
    if row["value"] is None:
        reason = row["reason"] or "few_deals"
        if row["status"] == "not_reached" and row.get("high_bound") is not None:
            ends = {"low": round(100 * row["low_bound"]), "high": round(100 * row["high_bound"])}
            return counts, message("back.wl.bounds", **ends)
        return counts, message(f"reason.{reason}")
    figure = Estimate(row["value"], row["low"], row["high"], row["unit"], row["n"])
    if row.get("without_largest") is not None:
        rest = Estimate(row["without_largest"], None, None, row["unit"])
        return counts, message("back.wl.value.largest", figure=figure, rest=rest)
    return counts, message("back.wl.value" if row["low"] is not None else "back.wl.value.bare", figure=figure)


def in_100(share: float) -> int:
    """So many in a hundred, a half rounded up.

    >>> in_100(0.325)
    33
    """
    return floor(100 * share + 0.5 + 1e-9)


def ends(row: dict) -> dict[str, float]:
    """The bounds of a change, in a hundred."""
    return {"low": 100 * row["low"], "high": 100 * row["high"]}


def gave(row: dict) -> str:
    """``more`` or ``less``: the side of a change, as part of a code."""
    return "more" if row["value"] > 0 else "less"


def move(figures: WinLoss, mix: dict) -> Message:
    """What moved in the mix: the segment whose share grew most, where the mix is clear and segments can be told."""
    segment = grown(figures)
    if mix["certainty"] != "clear" or segment is None:
        return message("page.wl.why.mix")
    return message("page.wl.why.move", segment=segment)


def grown(figures: WinLoss) -> str | None:
    """The segment whose share of the deals grew most."""
    rows = [row for row in figures.by_segment.to_dicts() if row["segment"] is not None]
    if len(rows) < 2:
        return None
    n, n_before = (sum(row[name] for row in rows) for name in ("n", "n_before"))
    return max(rows, key=lambda row: row["n"] / n - row["n_before"] / n_before)["segment"]
