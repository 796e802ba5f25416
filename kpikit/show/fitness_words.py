"""What an export can answer and what in it deserves a look, as messages: for the back matter and ``kpikit check``."""

from __future__ import annotations

from typing import Any

import polars as pl

from kpikit.show.page import Message, message


def refused(findings: pl.DataFrame) -> tuple[Message, ...]:
    """A line a reason: the questions that cannot be answered for it."""
    rows = findings.filter((pl.col("part") == "answers") & (pl.col("status") == "missing"))
    return tuple(
        message(
            "fitness.refused",
            reason=message(f"reason.{reason}"),
            questions=tuple(message(f"kpi.{subject}") for subject in part["subject"]),
        )
        for (reason,), part in rows.group_by("reason", maintain_order=True)
    )


def answered(findings: pl.DataFrame) -> Message:
    """How many questions can be answered."""
    asked = findings.filter(pl.col("part") == "answers")
    return message("check.answers", n=asked.filter(pl.col("status") == "fine").height, of=asked.height)


def looked(findings: pl.DataFrame) -> tuple[Message, ...]:
    """What deserves a look, a line each."""
    rows = findings.filter((pl.col("status") == "look") & ~pl.col("part").is_in(["answers", "left_out", "door"]))
    return tuple(sentence(row) for row in rows.to_dicts())


def left_out(findings: pl.DataFrame) -> tuple[Message, ...]:
    """What no figure counts, a line a reason and stage, and the questions for which there are too few deals."""
    rows = findings.filter(pl.col("part") == "left_out")
    thin = pl.col("code") == "too_thin"
    lines = [_with_example(row) for row in rows.filter(~thin).to_dicts()]
    for (n, of), part in rows.filter(thin).group_by("n", "of", maintain_order=True):
        questions = tuple(message(f"kpi.{subject}") for subject in part["subject"])
        lines.append(message("fitness.too_thin", n=n, of=of, questions=questions))
    return tuple(lines)


def _with_example(row: dict[str, Any]) -> Message:
    """A finding with a deal to look at, where one may be named."""
    said = sentence(row)
    return said if row["example"] is None else message("fitness.with_example", said=said, example=row["example"])


def missing(findings: pl.DataFrame) -> tuple[Message, ...]:
    """What is not in the export at all: the stage history, columns and tables."""
    rows = findings.filter((pl.col("status") == "missing") & (pl.col("part") != "answers"))
    lines = [sentence(row) for row in rows.filter(pl.col("part") == "history").to_dicts()]
    for code in ("empty", "no_table"):
        subjects = rows.filter(pl.col("code") == code)["subject"].to_list()
        names = ", ".join(subject.removeprefix("deals.") for subject in subjects)
        lines += [message(f"fitness.all_{code}", n=len(subjects), names=names)] if subjects else []
    return tuple(lines)


def sentence(row: dict[str, Any]) -> Message:
    """One finding as a message."""
    return Message(f"fitness.{row['code']}", {k: row[k] for k in ("subject", "n", "of", "example", "at")})
