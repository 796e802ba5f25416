"""At most three things to try, the smallest change we could see, and when we look again."""

from __future__ import annotations

from datetime import timedelta

from kpikit.calendar import add_months
from kpikit.report.figures.winloss import WinLossFigures
from kpikit.report.pages import tries
from kpikit.report.pages.wording import in_100
from kpikit.show.page import Page, Table, message


def page(figures: WinLossFigures) -> Page:
    """At most three things to try, the smallest change we could see, and when we look again."""
    day = add_months(figures.period.next_on, figures.period.months) + timedelta(days=14)
    seen = None if figures.refused else figures.in_time["noticeable"].drop_nulls()
    smallest = message("page.wl.next.seen", n=in_100(seen[-1])) if seen is not None and len(seen) else ""
    headings = tuple(message(f"page.wl.next.{name}") for name in ("what", "whom", "see", "smallest", "again"))
    table = Table(headings, tuple(("", "", "", smallest, message("page.next.day", day=day)) for _ in range(3)))
    last = tries.last(figures.tried)
    sentence = (*((last,) if last else ()), message("page.wl.next.sentence"))
    return Page(
        "next", message("page.wl.next.title", day=day), sentence, None, message("page.wl.next.question"), table=table
    )
