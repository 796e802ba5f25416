"""Agreements for other programs: a calendar file, and a table that no spreadsheet takes for formulas."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from kpikit.languages import language
from kpikit.show.page import message
from kpikit.words import Words

_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_COLUMNS = ("what", "customer", "deal", "who", "by")


def as_calendar(agreed: Iterable[Mapping[str, Any]], session: Mapping[str, Any], words: Words) -> str:
    """Agreements that have a day, and the next session, as days in a calendar (iCalendar).

    The same session gives the same file: names and stamps come from the log. A calendar that has it already gets no
    second one.
    """
    from icalendar import Calendar

    calendar = Calendar()
    calendar.add("prodid", "-//kpikit//review//EN")
    calendar.add("version", "2.0")
    for row in agreed:
        if row["due_on"] is not None:
            what = f"{row['owner']}: {row['text']}" if row["owner"] else row["text"]
            calendar.add_component(_day(row["entry_id"], row["due_on"], row["made_at"], what, row["customer"]))
    if session["next_on"] is not None:
        stamp = session["closed_at"] or session["opened_at"]
        what = message("minutes.calendar.next").in_words(words)
        calendar.add_component(_day(f"{session['session_id']}-next", session["next_on"], stamp, what, None))
    return calendar.to_ical().decode("utf-8")


def _day(name: str, on: date, stamp: Any, what: str, customer: str | None) -> Any:
    from icalendar import Event

    event = Event()
    event.add("uid", f"{name}@kpikit")
    event.add("dtstamp", stamp)
    event.add("dtstart", on)
    event.add("dtend", on + timedelta(days=1))
    event.add("summary", " ".join(what.split()))
    event.add("transp", "TRANSPARENT")
    if customer:
        event.add("description", customer)
    return event


def as_table(agreed: Iterable[Mapping[str, Any]], words: Words) -> str:
    """Agreements as CSV that spreadsheets open as text: a cell that looks like a formula gets an apostrophe."""
    text = io.StringIO(newline="")
    rows = csv.writer(text, delimiter=language(words.language)["cells"], lineterminator="\r\n")
    rows.writerow([message(f"minutes.column.{name}").in_words(words) for name in _COLUMNS])
    for row in agreed:
        due = row["due_on"].isoformat() if row["due_on"] else ""
        rows.writerow([_cell(row[name]) for name in ("text", "customer", "deal_id", "owner")] + [due])
    return "\ufeff" + text.getvalue()


def _cell(value: str | None) -> str:
    text = value or ""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULAS) else text
