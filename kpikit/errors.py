"""Errors, and the faults that data can have.

An error carries a code and values, never a sentence of its own: :mod:`kpikit.words` turns codes into English or Dutch,
so one message reads the same in Python, in the terminal and in a report.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with the data: where it stands, what came, and which rule it breaks.

    ``row`` is the row as a spreadsheet shows it (the header is row 1). ``n`` counts the rows that share this fault,
    of which ``row`` is the first. ``values`` fills the blanks of the rule's sentence.
    """

    rule: str
    table: str | None = None
    file: str | None = None
    row: int | None = None
    column: str | None = None
    value: str | None = None
    n: int = 1
    values: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The fault as plain values, for ``--json``."""
        return asdict(self)


class KpikitError(Exception):
    """Something kpikit will not do, as a code with values; ``str()`` gives the English sentence."""

    exit_code = 1

    def __init__(self, code: str, /, **values: Any) -> None:
        super().__init__(code)
        self.code = code
        self.values = values

    def sentence(self, language: str = "en") -> str:
        """The error as one sentence in the given language."""
        from kpikit.words import Words

        return Words(language).say(f"error.{self.code}", **self.values)

    def __str__(self) -> str:
        return self.sentence()


class UsageError(KpikitError):
    """A setting, argument or file name that cannot be used (exit code 2)."""

    exit_code = 2


class DataError(KpikitError):
    """The data breaks its contract; all faults at once (exit code 3)."""

    exit_code = 3

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("data", n=len(self.faults))

    def sentence(self, language: str = "en") -> str:
        """The heading and one line for each fault (at most forty are written out)."""
        from kpikit.words import Words

        words = Words(language)
        lines = [words.say("error.data", n=len(self.faults))]
        lines += [f"  {words.fault(fault)}" for fault in self.faults[:40]]
        if len(self.faults) > 40:
            lines.append("  " + words.say("error.data_more", n=len(self.faults) - 40))
        return "\n".join(lines)


class Refused(KpikitError):  # noqa: N818 - a refusal is an answer, not a failure
    """The book cannot answer this question; the code says why."""


class RankingRefused(Refused):
    """People are not compared, ranked or scored here (see docs/privacy)."""


class EstimateError(KpikitError, ValueError):
    """Arrays that no estimator can use; ``values["positions"]`` lists the first offending indices."""

    def sentence(self, language: str = "en") -> str:
        """The rule that the arrays break, and where."""
        from kpikit.words import Words

        words = Words(language)
        details = "; ".join(f"{name}: {value}" for name, value in self.values.items())
        rule = words.say(f"error.{self.code}")
        return f"{rule} ({details})" if details else rule
