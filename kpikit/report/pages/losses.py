"""What the pages on losses say in the same way: too few, a reason in a sentence, in a title, as a label."""

from __future__ import annotations

import polars as pl

from kpikit.report.pages.wording import refused
from kpikit.show.page import Message, Page, message


def is_refused(rows: pl.DataFrame) -> bool:
    """Could the book not say?"""
    return (rows["status"] == "refused").any()


def refused_page(topic: str, rows: pl.DataFrame) -> Page:
    """The page cannot be answered, and why."""
    return refused(topic, f"page.{topic}.title.refused", rows.filter(pl.col("status") == "refused")["reason"][0])


def few(topic: str, n: int) -> Page:
    """So few losses that each is talked about, or none."""
    title = message(f"page.{topic}.title.few", n=n) if n else message(f"page.{topic}.title.none")
    return Page(topic, title, folded=True)


def named(row: dict) -> Message:
    """A reason within a sentence: one of the coding scheme in our words, any other as it was written."""
    group = row["group"]
    return (
        message("reason_group.written", text=row["loss_reason"])
        if group == "other"
        else message(f"reason_group.{group}")
    )


def short(row: dict) -> Message:
    """A reason within a title: at most two words of what was written."""
    words = (row["loss_reason"] or "").split()
    text = row["loss_reason"] if len(words) <= 2 else f"{' '.join(words[:2])}…"
    return named(row | {"loss_reason": text})


def label(row: dict) -> Message:
    """A reason as a label."""
    if row["group"] != "other":
        return message(f"label.{row['group']}")
    return message("label.written", text=row["loss_reason"][:1].upper() + row["loss_reason"][1:])
