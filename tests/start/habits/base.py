"""Forty deals of known truth as rows, and what makes files of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.start import exports
from tests.start.faulty import truth

Rows = list[dict]
Truth = frozenset


@dataclass(frozen=True)
class Habit:
    """``can_be_known``: the files hold the truth; else they may only be refused, or told of."""

    name: str
    write: Callable[[Path], list[Path]]
    can_be_known: bool = True
    truth: frozenset = frozenset()

    def meant(self) -> set:
        return set(self.truth) or truth()


def deals() -> Rows:
    return exports.deals()


def day(d: dict, key: str, pattern: str = "%Y-%m-%d", *, open_too: bool = False) -> str:
    """A day of a deal as text; that of an open one's end only where ``open_too``."""
    if key == "close" and d["outcome"] == "open" and not open_too:
        return ""
    return f"{d[key]:{pattern}}"


def file(
    name: str, rows: Rows, *, can_be_known: bool = True, to: str = "export.csv", other: set | None = None, **how
) -> Habit:
    """A habit of one file."""
    return Habit(name, lambda folder: [exports.write(folder / to, rows, **how)], can_be_known, frozenset(other or ()))


def files(name: str, tables: dict[str, Rows], *, can_be_known: bool = True, other: set | None = None) -> Habit:
    """A habit of several files."""
    return Habit(
        name,
        lambda folder: [exports.write(folder / to, rows) for to, rows in tables.items()],
        can_be_known,
        frozenset(other or ()),
    )


def text(name: str, lines: list[str], *, can_be_known: bool = True, other: set | None = None) -> Habit:
    def write(folder: Path) -> list[Path]:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "export.csv").write_text("\r\n".join(lines) + "\r\n", encoding="utf-8")
        return [folder / "export.csv"]

    return Habit(name, write, can_be_known, frozenset(other or ()))


def pick(d: dict, won, lost, going):
    return {"won": won, "lost": lost, "open": going}[d["outcome"]]


def plain(**more) -> Rows:
    """The forty in plain headings."""
    return [
        {
            "Deal ID": f"D-{i:05}",
            "Deal Name": d["name"],
            "Company": d["company"],
            "Deal Stage": d["stage"],
            "Amount": f"{d['amount']:.2f}",
            "Create Date": day(d, "created", "%Y-%m-%d %H:%M"),
            "Close Date": day(d, "close", "%Y-%m-%d %H:%M"),
            "Owner": d["owner"],
            "Closed Lost Reason": d["reason"],
        }
        for i, d in enumerate(deals())
    ]
