"""Codes and values in, sentences out, numbers and dates as each language writes them.

Each language is a folder (:mod:`kpikit.languages`); its sentences are ``.po`` files (gettext's format, read as text by
babel: nothing to compile, any translation tool edits them). The ``msgid`` is a code such as ``page.time.title``, never
an English sentence. Blanks are ``{name}`` or ``{name:style}``; the styles are the methods of :class:`Words` listed in
``STYLES``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from math import copysign
from string import Formatter
from typing import TYPE_CHECKING, Any

from kpikit.languages import FOLDER, LANGUAGES, language
from kpikit.schema import Estimate

if TYPE_CHECKING:
    from kpikit.calendar import Period
    from kpikit.errors import Fault

__all__ = ["LANGUAGES", "STYLES", "Words"]

#: ``{blank:style}`` in a sentence calls the method of this name.
STYLES = frozenset(
    {
        "number", "money", "day", "month", "moment", "period", "duration", "range", "hundred", "tenths", "signed",
        "names",
    }
)  # fmt: skip
TIME_UNITS = ("day", "hour", "minute")
#: characters that turn the direction of what follows: a name that brings one would turn the rest of the sentence
_TURNS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])


@cache
def _catalogue(name: str) -> dict[str, tuple[str, ...]]:
    """All messages of a language: code to its singular and plural forms."""
    from babel.messages.pofile import read_po

    messages: dict[str, tuple[str, ...]] = {}
    for file in sorted((FOLDER / name).glob("*.po")):
        with file.open("rb") as source:
            for message in read_po(source, locale=language(name)["locale"]):
                if message.id:
                    code = message.id[0] if isinstance(message.id, (list, tuple)) else message.id
                    forms = message.string if isinstance(message.string, (list, tuple)) else (message.string,)
                    messages[str(code)] = tuple(str(form) for form in forms)
    return messages


class _Blanks(Formatter):
    """``str.format`` in which a style such as ``{won:money}`` is a method of the words."""

    def __init__(self, words: Words) -> None:
        self.words = words

    def format_field(self, value: Any, format_spec: str) -> str:
        if format_spec in STYLES:
            return getattr(self.words, format_spec)(value)
        if format_spec:
            raise KeyError(format_spec)
        return self.words.plain(value)

    def get_field(self, field_name: str, args: Any, kwargs: Any) -> Any:  # noqa: ARG002 - the base class's signature
        return kwargs[field_name], field_name  # a code's blanks are names, never attributes or indices


def _is_one(locale: str, n: Any) -> bool:
    """Does the language say the singular for this number? One everywhere; in French nought too."""
    return n == 1 or (isinstance(n, int) and _plural(locale)(n) == "one")


@cache
def _plural(locale: str) -> Any:
    from babel import Locale

    return Locale.parse(locale).plural_form


def _nearest(value: float) -> int:
    """The nearest whole number, halves away from zero, as people round (65 of 200 is 33 in 100)."""
    return int(value + copysign(0.5 + 1e-9, value))


@dataclass(frozen=True)
class Words:
    """The words of one language; sums are in ``currency`` and, where amounts are, a ``per`` ("year", "month").

    >>> Words("en").say("unit.day", n=3, shown="3")
    '3 days'
    """

    language: str = "en"
    currency: str = "EUR"
    per: str = ""

    @property
    def locale(self) -> str:
        """The babel locale whose numbers and dates are used."""
        return language(self.language)["locale"]

    def has(self, code: str) -> bool:
        """Is there a sentence for this code?"""
        return code in _catalogue(self.language)

    def say(self, code: str, /, **values: Any) -> str:
        """The sentence of a code with its blanks filled; ``n`` chooses between singular and plural."""
        forms = _catalogue(self.language)[code]
        form = forms[0] if len(forms) == 1 or _is_one(self.locale, values.get("n")) else forms[1]
        return _Blanks(self).vformat(form, (), values)

    def fault(self, fault: Fault) -> str:
        """One fault as a line: where it stands, the rule it breaks, the way out."""
        where = [fault.file or fault.table]
        where += [self.say("fault.row", row=fault.row)] if fault.row is not None else []
        where += [self.say("fault.column", column=fault.column)] if fault.column else []
        blanks = {"table": fault.table, "column": fault.column, "value": fault.value, "n": fault.n} | fault.values
        parts = [self.say(f"rule.{fault.rule}", **blanks)]
        parts += [self.say("fault.more", n=fault.n - 1)] if fault.n > 1 and fault.row is not None else []
        parts += [self.say(f"way.{fault.rule}", **blanks)] if self.has(f"way.{fault.rule}") else []
        place = ", ".join(str(part) for part in where if part)
        return f"{place}: {' '.join(parts)}" if place else " ".join(parts)

    def plain(self, value: Any) -> str:
        """A value with no style: figures by their unit, numbers as the language writes them, text as it is."""
        if isinstance(value, Estimate):
            return self._figure(value.value, value.unit)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return self.number(value)
        if isinstance(value, tuple):
            return "; ".join(map(self.plain, value))
        return "" if value is None else str(value).translate(_TURNS)

    def number(self, value: float) -> str:
        """``1,234``; one decimal below ten where there is one."""
        from babel.numbers import format_decimal

        digits = 1 if abs(value) < 10 and abs(value - round(value)) > 0.049 else 0
        return format_decimal(round(value, digits) + 0.0, format="#,##0.#", locale=self.locale)

    def money(self, value: float) -> str:
        """``€ 386,000``: two figures kept for the eye, in millions from a million on; no sign if it is unknown."""
        from babel.numbers import format_decimal

        if abs(value) >= 1_000_000:
            amount = format_decimal(value / 1_000_000, format="#,##0.00", locale=self.locale)
            return self._each(self.say("unit.million", amount=f"{self._symbol()}{amount}"))
        return self.price(_nearest(value / 1000) * 1000 if abs(value) >= 10_000 else value)

    def price(self, value: float) -> str:
        """``€ 18,500``: what one deal is worth, in whole units; no sign if it is unknown."""
        from babel.numbers import format_decimal

        return self._each(f"{self._symbol()}{format_decimal(_nearest(value), format='#,##0', locale=self.locale)}")

    def _each(self, sum_: str) -> str:
        """A sum with what it is for: ``€ 18,500 a year``."""
        return self.say(f"unit.per_{self.per}", sum=sum_) if self.per else sum_

    def _symbol(self) -> str:
        from babel.numbers import get_currency_symbol

        return get_currency_symbol(self.currency, locale=self.locale) + "\u00a0" if self.currency else ""

    def day(self, value: date) -> str:
        """``2 October 2026``."""
        from babel.dates import format_date

        return format_date(value, format="d MMMM y", locale=self.locale)

    def month(self, value: date) -> str:
        """``Jul 2026``."""
        from babel.dates import format_date

        return format_date(value, format="MMM y", locale=self.locale)

    def moment(self, value: datetime) -> str:
        """``Friday 2 October 2026 18:10``; the caller has put it in local time."""
        from babel.dates import format_datetime

        return format_datetime(value, format="EEEE d MMMM y HH:mm", locale=self.locale, tzinfo=value.tzinfo)

    def period(self, period: Period) -> str:
        """A period by its months, and its fiscal name where it has one: ``Q2 FY26/27, Jul–Sep 2026``."""
        from babel.dates import format_date

        last_on = period.next_on - timedelta(days=1)
        pattern = "MMM" if period.first_on.year == last_on.year else "MMM y"
        first = format_date(period.first_on, format=pattern, locale=self.locale)
        months = self.month(last_on) if period.months == 1 else f"{first}–{self.month(last_on)}"
        label = period.label
        return f"{label}, {months}" if label else months

    def hundred(self, value: Estimate | float) -> str:
        """A share as so many in a hundred, without the words: ``28``."""
        share = value.value if isinstance(value, Estimate) else value
        return "?" if share is None else self.number(_nearest(100 * share))

    def tenths(self, value: float) -> str:
        """``32.5``: one decimal where there is one, however large."""
        from babel.numbers import format_decimal

        return format_decimal(round(value, 1) + 0.0, format="#,##0.#", locale=self.locale)

    def signed(self, value: float) -> str:
        """``+17``, ``−7``: a change in whole numbers."""
        whole = round(value)
        return f"{'−' if whole < 0 else '+' if whole else ''}{self.number(abs(whole))}"

    def duration(self, value: Estimate) -> str:
        """A length of time with its unit: ``34 days``."""
        return self._figure(value.value, value.unit)

    def range(self, value: Estimate) -> str:
        """The bounds of a figure: ``28 to 43``; an unknown end is said."""
        scale = self.scale(value.value if value.value is not None else value.low, value.unit)[0]
        bounds = [None if end is None else end * scale for end in (value.low, value.high)]
        whole = any(end is not None and abs(end) >= 9.95 for end in bounds)
        ends = [
            None
            if end is None
            else self.number(_nearest(end))
            if whole and abs(end) >= 0.5
            else self._rounded(end, value.unit)
            for end in bounds
        ]
        if ends[0] is None or ends[1] is None:
            known = ends[0] or ends[1]
            code = "range.unknown" if known is None else "range.from" if ends[1] is None else "range.to"
            return self.say(code, end=known)
        return self.say("range.both", low=ends[0], high=ends[1])

    def names(self, values: Iterable[str]) -> str:
        """``Proposal, Discovery and Qualify``."""
        from babel.lists import format_list

        return format_list(list(values), locale=self.locale)

    def scale(self, value: float | None, unit: str) -> tuple[float, str]:
        """By what to multiply a figure so that it reads well, and the unit it then has."""
        if unit == "share":
            return 100, "share"
        if unit == "minute" and value is not None and abs(value) >= 120:
            return (1 / 60, "hour") if abs(value) < 2880 else (1 / 1440, "day")
        if unit == "hour" and value is not None and abs(value) >= 48:
            return 1 / 24, "day"
        return 1, unit

    def _rounded(self, value: float, unit: str) -> str:
        """A share in whole numbers of a hundred from one on; hardly anything is not nothing: ``0.02``."""
        if 0 < abs(value) < 0.05:
            from babel.numbers import format_decimal

            return format_decimal(value, format="@", locale=self.locale)
        return self.number(_nearest(value) if unit == "share" and abs(value) >= 1 else value)

    def _figure(self, value: float | None, unit: str) -> str:
        if value is None:
            return self.say("unit.unknown")
        if unit == "money":
            return self.money(value)
        scale, unit = self.scale(value, unit)
        if unit in TIME_UNITS and 0 <= value * scale < 1:
            return self.say(f"unit.under_{unit}")
        shown = self._rounded(value * scale, unit)
        return self.say(f"unit.{unit}", n=1 if shown == "1" else 2, shown=shown)
