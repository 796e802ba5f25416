"""At most three things to try, and when to look again."""

from __future__ import annotations

from datetime import timedelta

from kpikit.calendar import add_months
from kpikit.report.figures.team import TeamFigures
from kpikit.report.pages.wording import surest
from kpikit.show.page import Page, Table, message


def page(figures: TeamFigures) -> Page:
    """At most three things to try, and when to look again."""
    until = add_months(figures.period.next_on, 2) - timedelta(days=1)
    sure = next((row for row in surest(figures.changes) if row["certainty"] != "unknown"), None)
    sentence = [message("page.next.sentence")]
    if sure is not None and not figures.is_few:
        sentence.append(message("page.next.idea", stage=sure["stage"]))
    headings = tuple(message(f"page.next.{name}") for name in ("what", "whom", "see", "again"))
    table = Table(headings, tuple(("", "", "", message("page.next.day", day=until)) for _ in range(3)))
    question = message("page.next.question")
    return Page("next", message("page.next.title", day=until), tuple(sentence), None, question, table=table)
