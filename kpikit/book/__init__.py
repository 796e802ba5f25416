"""The deal book: validated tables with one as-of instant, and the doors that lead to it."""

from kpikit.book.deal_book import DealBook
from kpikit.book.door.trusted import trust
from kpikit.book.opening import open_book
from kpikit.book.preparing import prepare
from kpikit.book.selection import of_team, teams
from kpikit.book.settings import Privacy, Settings

__all__ = ["DealBook", "Privacy", "Settings", "of_team", "open_book", "prepare", "teams", "trust"]


def __dir__() -> list[str]:
    return sorted(__all__)
