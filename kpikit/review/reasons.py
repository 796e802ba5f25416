"""A reason on the agenda as a message: the rule's sentence with its figure, what is usual, and since when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kpikit.schema import Estimate
from kpikit.show.page import Message, message


def reason(row: Mapping[str, Any]) -> Message:
    """Why a deal is listed, in a sentence; ``row`` has ``rule, value, usual, on, detail`` as the agenda gives them.

    >>> from kpikit.words import Words
    >>> row = {"rule": "overdue", "value": 12.0, "usual": None, "on": None, "detail": None}
    >>> reason(row).in_words(Words("en"))
    'The close date passed 12 days ago.'
    """
    rule, value, detail, on = row["rule"], row["value"], row["detail"], row["on"]
    days = 0 if value is None else round(value)
    usual = Estimate(row["usual"], None, None, "day")
    if rule == "silent":
        code = "review.reason.silent" if on is not None else "review.reason.silent.never"
        return message(code, n=days, usual=usual, **({"on": on} if on is not None else {}))
    if rule == "sleeping":
        return message("review.reason.sleeping", n=days, usual=usual, stage=detail)
    if rule == "criteria":
        return message("review.reason.criteria", criterion=detail)
    if rule == "no_next_step":
        return (
            message("review.reason.no_next_step") if detail == "none" else message("review.reason.step_passed", n=days)
        )
    if rule == "amount_moved":
        return message(f"review.reason.amount.{detail}", share=abs(value or 0.0), on=on)
    if rule == "large":
        return message("review.reason.large", share=value)
    if rule == "single_contact":
        code = "review.reason.single_contact" if days else "review.reason.no_contact"
        return message(code, usual=row["usual"])
    if rule == "customer_due":
        return message(f"review.reason.customer_due.{'past' if days < 0 else 'ahead'}", n=abs(days), on=on)
    if rule == "customer_silent":
        return message("review.reason.customer_silent", n=days)
    if rule == "just_ended":
        return message(f"review.reason.ended.{detail}", on=on)
    if rule == "returned":
        return message("review.reason.returned", on=on)
    return message("review.reason.overdue", n=days) if rule == "overdue" else message(f"review.reason.{rule}")


def short(rule: str) -> Message:
    """A rule's name in a few words, for the further reasons of a deal."""
    return message(f"review.rule.{rule}")
