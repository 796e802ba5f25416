"""The form for a talk with a buyer: six questions, permission first, to be printed or filled in."""

from __future__ import annotations

from kpikit.analysis.voices.interviews import QUESTIONS
from kpikit.report.review import ShownPage
from kpikit.show.page import Page, Table, message
from kpikit.words import Words

#: the columns of the table ``interviews`` that the answers go into
FIELDS = {"permission": "permission", "quotable": "quotable", "reasons": "reasons"}


def interview_form(language: str = "en") -> ShownPage:
    """The six questions as a page.

    >>> interview_form("nl").page.title.in_words(Words("nl"))
    'Zes vragen aan een klant die besliste'
    """
    headings = tuple(message(f"interview.{name}") for name in ("question", "answer", "field"))
    rows = tuple((message(f"interview.{code}"), "", FIELDS.get(code, "story")) for code in QUESTIONS)
    sentence = (message("interview.intro"), message("interview.thanks"))
    page = Page("interview", message("interview.title"), sentence, table=Table(headings, rows))
    return ShownPage(page, Words(language))
