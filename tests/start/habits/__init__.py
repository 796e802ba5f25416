"""Exports as people have them, of CRMs and habits that no other module writes; made of forty deals of known truth."""

from tests.start.habits import cells, crms, lists, others
from tests.start.habits.base import Habit

KINDS = (
    crms.odoo, crms.erpnext, crms.zoho, crms.freshsales, crms.copper, crms.close, crms.suite, lists.boards,
    lists.associations, lists.grouped, lists.parts, lists.sheets, lists.histories, cells.oddities, others.more,
)  # fmt: skip
HABITS: list[Habit] = [habit for kind in KINDS for habit in kind()]
