"""Files of deals whose right answer is known: clean ones in every notation, and ones with a fault of a kind and a dose.

Every case is drawn from the seed in its name, so that a list of names says what was tried.
"""

from __future__ import annotations

import csv
import io
import json
import random
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import xlsxwriter

NAMES = ["deal_id", "name", "pipeline", "outcome", "created_at", "outcome_at", "amount", "owner"]
FIRMS = ["Acme", "Borealis", "Cobalt", "Dune", "Elm Works", "Fjord", "Gamma", "Helix Labs", "Iris", "Juno"]
OWNERS = ["An", "Bo", "Cas"]
ZERO = date(1899, 12, 30)


@dataclass(frozen=True)
class Deal:
    """What is true of a deal."""

    deal_id: str
    name: str
    outcome: str
    created: date
    ended: date | None
    amount: float
    owner: str
    pipeline: str = "New"


@dataclass(frozen=True)
class Style:
    """How a clean file writes things down."""

    delimiter: str = ","
    day: Callable[[date], str] = date.isoformat
    number: Callable[[float], str] = "{:.10g}".format
    end: str = "\n"
    encoding: str = "utf-8"
    is_quoted: bool = False


@dataclass(frozen=True)
class Case:
    """A file to be made, by name, and what is true of it; ``formats`` are settings that it needs."""

    name: str
    make: Callable[[Path], Path]
    deals: list[Deal] = field(repr=False)
    formats: dict[str, Any] = field(default_factory=dict)
    time: timedelta = timedelta()
    """How long after its day's midnight (UTC) each deal was created."""


def drawn(
    name: str, n: int = 60, amount: Callable[[random.Random], float] | None = None
) -> tuple[list[Deal], random.Random]:
    """Deals of a case, from its name."""
    rng = random.Random(zlib.crc32(name.encode()))
    deals = []
    for i in range(n):
        created = date(2024, 6, 1) + timedelta(days=rng.randrange(500))
        outcome = rng.choice(["won", "lost", "open"])
        ended = None if outcome == "open" else created + timedelta(days=rng.randrange(5, 90))
        value = amount(rng) if amount else float(rng.randrange(100, 2000) * 10)
        deals.append(Deal(f"D-{1000 + i}", rng.choice(FIRMS), outcome, created, ended, value, rng.choice(OWNERS)))
    return deals, rng


def cells(deals: list[Deal], style: Style) -> list[list[str]]:
    """The rows of a file."""
    return [
        [
            *(d.deal_id, d.name, d.pipeline, d.outcome, style.day(d.created), style.day(d.ended) if d.ended else ""),
            *(style.number(d.amount), d.owner),
        ]
        for d in deals
    ]


def text(path: Path, rows: list[list[str]], style: Style, names: list[str] | None = None) -> Path:
    """A file as a program writes it."""
    out = io.StringIO(newline="")
    quoting = csv.QUOTE_ALL if style.is_quoted else csv.QUOTE_MINIMAL
    csv.writer(out, delimiter=style.delimiter, lineterminator=style.end, quoting=quoting).writerows(
        [names or NAMES, *rows]
    )
    path.write_bytes(out.getvalue().encode(style.encoding))
    return path


def raw_text(path: Path, lines: list[str], end: str = "\n", encoding: str = "utf-8") -> Path:
    """A file of lines as they are."""
    path.write_bytes((end.join(lines) + end).encode(encoding))
    return path


def workbook(path: Path, rows: list[list[Any]], after: Any = None) -> Path:
    """A workbook of one sheet."""
    made = openpyxl.Workbook()
    sheet = made.active
    assert sheet is not None
    for row in [NAMES, *rows]:
        sheet.append(row)
    if after:
        after(made, sheet)
    made.save(path.with_suffix(".xlsx"))
    return path.with_suffix(".xlsx")


def midnight(day: date) -> datetime:
    """A day as a workbook holds it."""
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001 - a sheet knows no zone


def sheet_rows(deals: list[Deal]) -> list[list[Any]]:
    """The rows of a sheet, with days and numbers as such."""
    return [
        [
            *(d.deal_id, d.name, d.pipeline, d.outcome, midnight(d.created), midnight(d.ended) if d.ended else None),
            *(d.amount, d.owner),
        ]
        for d in deals
    ]


# notations


def dmy(mark: str, year: str = "%Y") -> Callable[[date], str]:
    """Day first."""
    return lambda d: d.strftime(f"%d{mark}%m{mark}{year}")


def mdy(mark: str) -> Callable[[date], str]:
    """Month first."""
    return lambda d: d.strftime(f"%m{mark}%d{mark}%Y")


MONTHS = {
    "en": "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
    "nl": "jan feb mrt apr mei jun jul aug sep okt nov dec",
    "fr": "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.",
    "de": "Jan. Feb. März Apr. Mai Juni Juli Aug. Sept. Okt. Nov. Dez.",
    "es": "ene feb mar abr may jun jul ago sep oct nov dic",
    "it": "gen feb mar apr mag giu lug ago set ott nov dic",
    "fr-long": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "nl-long": "januari februari maart april mei juni juli augustus september oktober november december",
}


def in_words(language: str) -> Callable[[date], str]:
    """``5 janv. 2026``."""
    names = MONTHS[language].split()
    return lambda d: f"{d.day} {names[d.month - 1]} {d.year}"


def grouped(thousands: str, decimal: str, places: int = 0) -> Callable[[float], str]:
    """``1.234,50``."""
    swap = str.maketrans({",": thousands, ".": decimal})
    return lambda x: f"{x:,.{places}f}".translate(swap)


DAYS = {
    "iso": date.isoformat,
    "dmy-": dmy("-"),
    "dmy/": dmy("/"),
    "dmy.": dmy("."),
    "mdy/": mdy("/"),
    "yy": dmy("-", "%y"),
    **{f"words-{language}": in_words(language) for language in MONTHS},
    "iso-time": lambda d: f"{d.isoformat()} 00:00:00",
    "iso-z": lambda d: f"{d.isoformat()}T00:00:00Z",
    "basic": lambda d: d.strftime("%Y%m%d"),
    "day/": lambda d: f"{d.day}/{d.month}/{d.year}",
}
NUMBERS = {
    "plain": "{:.10g}".format,
    "nl-whole": grouped(".", ","),
    "en-whole": grouped(",", "."),
    "two": "{:.2f}".format,
    "comma": lambda x: f"{x:.2f}".replace(".", ","),
    "nl": grouped(".", ",", 2),
    "en": grouped(",", ".", 2),
    "ch": grouped("'", ".", 2),
    "fr": grouped("\u202f", ",", 2),
    "euro": lambda x: f"€ {x:.2f}",
    "nl-euro": lambda x: "€ " + grouped(".", ",", 2)(x),
    "eur": lambda x: f"{x:.2f} EUR",
}


def clean(n: int = 100) -> Iterator[Case]:
    """Clean files: every style of days and numbers, delimiter, line end and encoding; each fifth a workbook."""
    rng = random.Random(17)
    days, numbers = list(DAYS.items()), list(NUMBERS.items())
    for i in range(n):
        day_name, day = days[i % len(days)]
        number_name, number = numbers[(i // 2) % len(numbers)]
        delimiter = rng.choice([",", ";", "\t", "|"])
        end, encoding = rng.choice(["\n", "\r\n"]), rng.choice(["utf-8", "utf-8-sig", "cp1252", "utf-16"])
        if (number_name == "fr" and encoding == "cp1252") or day_name in ("words-fr", "words-de"):
            encoding = "utf-8"
        name = f"clean-{i}-{day_name}-{number_name}-{delimiter!r}-{encoding}"
        amount = (
            (lambda r: r.randrange(10, 90_000))
            if "whole" in number_name
            else lambda r: r.randrange(10**4, 9 * 10**6) / 100
        )
        deals, _ = drawn(name, rng.choice([25, 60, 300]), amount)
        if i % 5 == 4:
            rows = sheet_rows(deals)
            yield Case(name + "-xlsx", lambda path, rows=rows: workbook(path, rows), deals)
            continue
        style = Style(delimiter, day, number, end, encoding, rng.random() < 0.3)
        yield Case(name, lambda path, deals=deals, style=style: text(path, cells(deals, style), style), deals)


# faults: numbers


def odd_numbers() -> Iterator[Case]:
    """Some amounts in another notation than the rest."""
    styles = {
        "nl-thousands": (grouped(".", ","), "{:.2f}".format),
        "en-thousands": (grouped(",", "."), lambda x: f"{x:.2f}".replace(".", ",")),
        "nl-decimals": (grouped(".", ",", 2), grouped(",", ".", 2)),
        "en-decimals": (grouped(",", ".", 2), grouped(".", ",", 2)),
        "two-decimals": ("{:.2f}".format, lambda x: f"{x:.2f}".replace(".", ",")),
    }
    for style, (usual, odd) in styles.items():
        for n, k in ((12, 1), (12, 4), (60, 1), (60, 6), (60, 30), (500, 1), (500, 8), (500, 60), (500, 250)):
            name = f"number-{style}-{k}-of-{n}"
            deals, rng = drawn(name, n, lambda r: r.randrange(1000, 20_000))
            at = set(rng.sample(range(n), k))
            if "thousands" in style:
                deals = [
                    replace(d, amount=round(rng.uniform(5, 999), 1) + 0.05) if i in at else d
                    for i, d in enumerate(deals)
                ]
            else:
                deals = [replace(d, amount=d.amount + rng.randrange(1, 100) / 100) for d in deals]
            rows = cells(deals, Style())
            for i, (row, deal) in enumerate(zip(rows, deals, strict=True)):
                row[6] = (odd if i in at else usual)(deal.amount)
            yield Case(name, lambda path, rows=rows: text(path, rows, Style(";")), deals)


def units() -> Iterator[Case]:
    """Amounts in thousands or millions, with the unit behind."""
    styles = {
        "k": lambda x: f"{x / 1000:g}k",
        "K-euro": lambda x: f"€{x / 1000:g}K",
        "mln": lambda x: f"{x / 1e6:g} mln".replace(".", ","),
        "euro-m": lambda x: f"€ {x / 1e6:g}m",
        "mio": lambda x: f"{x / 1e6:g} Mio. EUR",
        "k-eur": lambda x: f"{x / 1000:g} k€",
        "mixed": lambda x: f"{x / 1000:g}k" if x < 10_000 else f"{x / 1e6:g}M",
    }
    for style, write in styles.items():
        deals, _ = drawn(f"unit-{style}", 40, lambda r: r.randrange(10, 200) * 100)
        yield Case(
            f"unit-{style}", lambda path, d=deals, w=write: text(path, cells(d, Style(number=w)), Style(";")), deals
        )


# faults: days


def odd_days() -> Iterator[Case]:
    """Dates of which few tell day from month, or some are in another order than the rest."""
    for order, (usual, odd) in {"dmy": (dmy("/"), mdy("/")), "mdy": (mdy("/"), dmy("/"))}.items():
        for n, telling in ((8, 0), (8, 1), (20, 2), (60, 0), (60, 1), (60, 5), (500, 1), (500, 40)):
            name = f"days-{order}-{telling}-of-{n}-tell"
            deals, rng = drawn(name, n)
            at = set(rng.sample(range(n), telling))
            days = [rng.randrange(13, 29) if i in at else rng.randrange(1, 13) for i in range(n)]
            deals = [
                replace(d, created=d.created.replace(day=k), ended=None, outcome="open")
                for d, k in zip(deals, days, strict=True)
            ]
            yield Case(name, lambda path, d=deals, s=Style(day=usual): text(path, cells(d, s), s), deals)
        for n, k in ((12, 1), (60, 1), (60, 6), (500, 1), (500, 60), (500, 250)):
            name = f"days-{order}-{k}-of-{n}-otherwise"
            deals, rng = drawn(name, n)
            at = set(rng.sample([i for i, d in enumerate(deals) if d.created.day > 12], min(k, n // 3)))
            rows = cells(deals, Style())
            for i, (row, deal) in enumerate(zip(rows, deals, strict=True)):
                row[4] = (odd if i in at else usual)(deal.created)
                row[5] = usual(deal.ended) if deal.ended else ""
            yield Case(name, lambda path, rows=rows: text(path, rows, Style()), deals)


def written_days() -> Iterator[Case]:
    """Days as machines and languages write them."""
    at = timedelta(hours=9)
    milli = lambda d: (d - date(1970, 1, 1)).days * 86_400_000 + 9 * 3_600_000  # noqa: E731
    styles: dict[str, Callable[[date], str]] = {
        "serial-time": lambda d: f"{(d - ZERO).days + 0.375:.5f}",
        "CET": lambda d: f"{d} 10:00 CET",
        "CEST": lambda d: f"{d} 11:00 CEST",
        "EST": lambda d: f"{d} 04:00:00 EST",
        "PDT": lambda d: f"{d.strftime('%m/%d/%Y')} 2:00 AM PDT",
        "UTC": lambda d: f"{d} 09:00 UTC",
        "GMT+2": lambda d: f"{d} 11:00 GMT+2",
        "+0100": lambda d: f"{d}T10:00:00+0100",
        "-05:30": lambda d: f"{d} 03:30 -05:30",
        "java": lambda d: f"{d}T10:00:00+01:00[Europe/Brussels]",
        "javascript": lambda d: d.strftime("%a %b %d %Y 10:00:00 GMT+0100 (Central European Standard Time)"),
        "unix": lambda d: d.strftime("%a %b %e 10:00:00 CET %Y"),
        "rfc": lambda d: d.strftime("%a, %d %b %Y 10:00:00 +0100"),
        "asp": lambda d: f"/Date({milli(d)})/",
        "asp-zone": lambda d: f"/Date({milli(d)}+0200)/",
        "seconds": lambda d: str(milli(d) // 1000),
        "milli": lambda d: str(milli(d)),
        "micro": lambda d: str(milli(d) * 1000),
    }
    for style, write in styles.items():
        deals, _ = drawn(f"day-{style}", 30)
        rows = cells(deals, Style())
        for row, deal in zip(rows, deals, strict=True):
            row[4] = write(deal.created)
        yield Case(f"day-{style}", lambda path, rows=rows: text(path, rows, Style(";")), deals, time=at)
    for style in ("serial", *(f"words-{language}" for language in MONTHS), "fr-1er", "de-dot", "es-de"):
        deals, _ = drawn(f"day-{style}", 30)
        write = {
            "serial": lambda d: str((d - ZERO).days),
            "fr-1er": lambda d: in_words("fr")(d).replace("1 ", "1er ", 1) if d.day == 1 else in_words("fr")(d),
            "de-dot": lambda d: f"{d.day}. {MONTHS['de'].split()[d.month - 1]} {d.year}",
            "es-de": lambda d: f"{d.day} de {MONTHS['es'].split()[d.month - 1]} de {d.year}",
        }.get(style) or DAYS[style]
        yield Case(f"day-{style}", lambda path, d=deals, s=Style(";", day=write): text(path, cells(d, s), s), deals)


# faults: quotes, headers, characters


def stray_quotes() -> Iterator[Case]:
    """Quotation marks that open or close nothing."""
    for column in range(8):
        for apart, pairs in ((1, 1), (3, 1), (1, 4)):
            name = f"fused-{column}-{apart}-{pairs}"
            deals, rng = drawn(name, 60)
            deals = [
                replace(d, outcome="won", ended=d.created + timedelta(days=30)) if i % 3 else d
                for i, d in enumerate(deals)
            ]
            lines = [r.copy() for r in cells(deals, Style())]
            for k in range(pairs):
                top = 5 + 12 * k + rng.randrange(6)
                lines[top][column] = '"' + lines[top][column]
                lines[top + apart][column] += '"'
            content = [",".join(NAMES), *(",".join(line) for line in lines)]
            yield Case(name, lambda path, c=content: raw_text(path, c), deals)
    for column in (1, 3, 6, 7):
        for mark in ('"{}', '{}"', '{0}"{0}'):
            name = f"stray-{column}-{mark}"
            deals, _ = drawn(name, 30)
            deals = [replace(d, name="Cobalt") if i == 9 else d for i, d in enumerate(deals)]
            lines = cells(deals, Style())
            if mark == '{0}"{0}' and column != 1:
                continue
            lines[9][column] = mark.format(lines[9][column])
            content = [",".join(NAMES), *(",".join(line) for line in lines)]
            if column == 1:
                deals = [replace(d, name=lines[9][1]) if i == 9 else d for i, d in enumerate(deals)]
            yield Case(name, lambda path, c=content: raw_text(path, c), deals)


def headers() -> Iterator[Case]:
    """A header that lost a delimiter, with the last column blank or not."""
    for at in range(7):
        for last in ("", "x"):
            name = f"header-{at}-{last or 'blank'}"
            deals, _ = drawn(name, 30)
            names = [*NAMES, "notes"]
            names = [*names[:at], names[at] + names[at + 1], *names[at + 2 :]]
            rows = [[*row, last] for row in cells(deals, Style())]
            yield Case(name, lambda path, r=rows, h=names: text(path, r, Style(), h), deals)


def characters() -> Iterator[Case]:
    """Characters that nobody sees, texts as formulas, ``\\N``, lines quoted or ended twice."""
    for mark in ("\ufeff", "\u200b", "\u2060", "\u200d", "\u00ad", "\u200e"):
        for k in (1, 30):
            name = f"invisible-{ord(mark):x}-{k}"
            deals, rng = drawn(name, 30)
            rows = cells(deals, Style())
            for i in rng.sample(range(30), k):
                cut = rng.randrange(len(rows[i][0]) + 1)
                rows[i][0] = rows[i][0][:cut] + mark + rows[i][0][cut:]
            yield Case(name, lambda path, rows=rows: text(path, rows, Style()), deals)
    for name, quote in (("formula-bare", '="{}"'), ("formula-quoted", '"=""{}"""')):
        deals, _ = drawn(name, 30)
        deals = [replace(d, deal_id=f"00{i}") for i, d in enumerate(deals)]
        lines = [",".join([quote.format(r[0]), *r[1:]]) for r in cells(deals, Style())]
        yield Case(name, lambda path, lines=lines: raw_text(path, [",".join(NAMES), *lines]), deals)
    for k in (1, 20):
        deals, _ = drawn(f"nothing-{k}", 30)
        rows = [[c or (r"\N" if i < k else "") for c in row] for i, row in enumerate(cells(deals, Style()))]
        yield Case(f"nothing-{k}", lambda path, rows=rows: text(path, rows, Style("\t")), deals)
    deals, _ = drawn("lines", 30)
    lines = [",".join(r) for r in cells(deals, Style())]
    head = ",".join(NAMES)
    made = {
        "line-quoted": [head, *(f'"{line}"' for line in lines)],
        "line-quoted-all": [f'"{head}"', *(f'"{line}"' for line in lines)],
        "line-quoted-some": [head, *(f'"{line}"' if i % 7 == 3 else line for i, line in enumerate(lines))],
        "line-trailing": [head, *(f"{line}," for line in lines)],
        "line-blank-between": [x for line in [head, *lines] for x in (line, "")],
        "line-total": [head, *lines, f"Total,,,,,,{sum(d.amount for d in deals):g},"],
        "line-footer": [head, *lines, "", "Exported by An on 5 January"],
        "line-preamble": ["Deals of today", "", head, *lines],
        "line-repeated-header": [head, *lines[:15], head, *lines[15:]],
        "line-sep": ["sep=,", head, *lines],
        "line-subtotals": [
            head,
            *lines[:9],
            "Subtotal,,,,,,5000,",
            *lines[9:],
            "Total,,,,,,9000,",
            "Average,,,,,,300,",
        ],
        "line-twice": [head, *(line for line in lines for _ in "ab")],
        "line-all-twice": [head, *lines, *lines],
        "line-appended": [head, *lines[:20], *lines],
    }
    for name, content in made.items():
        yield Case(name, lambda path, c=content: raw_text(path, c), deals)
    for name, end in (("end-twice", "\r\r\n"), ("end-mac", "\r"), ("end-blank", "\r\n\r\n")):
        yield Case(name, lambda path, end=end: raw_text(path, [head, *lines], end), deals)
    mixed = "".join(line + ("\r\n" if i % 3 else "\n") for i, line in enumerate([head, *lines]))
    yield Case("end-mixed", lambda path: path.write_bytes(mixed.encode()) and path, deals)  # type: ignore[return-value]


# faults: workbooks


def workbooks() -> Iterator[Case]:
    """What people do to workbooks."""
    for k in (1, 12, 30):
        deals, _ = drawn(f"book-formula-{k}", 30)
        rows = sheet_rows(deals)
        for row in rows[:k]:
            row[6] = f"=1*{row[6]}"
        yield Case(f"book-formula-{k}", lambda path, rows=rows: workbook(path, rows), deals)
        yield Case(f"book-nought-{k}", lambda path, d=deals, k=k: _nought(path.with_suffix(".xlsx"), d, k), deals)
    for size in (2, 3, 5):
        for column, label in ((7, "owner"), (6, "amount"), (2, "pipeline"), (4, "created")):
            deals, _ = drawn(f"book-merged-{label}-{size}", 30)
            deals = [_same(d, deals[i // size * size], label) for i, d in enumerate(deals)]
            after = lambda _, sheet, size=size, column=column: [  # noqa: E731
                sheet.merge_cells(start_row=r, end_row=r + size - 1, start_column=column + 1, end_column=column + 1)
                for r in range(2, 32, size)
            ]
            yield Case(
                f"book-merged-{label}-{size}", lambda path, d=deals, a=after: workbook(path, sheet_rows(d), a), deals
            )
    for days in (30, 100):
        deals, _ = drawn(f"book-swapped-{days}", days)
        rows = sheet_rows(deals)
        for row, deal in zip(rows, deals, strict=True):
            row[4], row[5] = _exchanged(deal.created), _exchanged(deal.ended)
        yield Case(f"book-swapped-{days}", lambda path, rows=rows: workbook(path, rows), deals)
    for kind in ("general", "dated"):
        deals, _ = drawn(f"book-1904-{kind}", 30)
        yield Case(
            f"book-1904-{kind}", lambda path, d=deals, k=kind: _since_1904(path.with_suffix(".xlsx"), d, k), deals
        )
    deals, _ = drawn("book-sheets", 40)
    rows = sheet_rows(deals)
    makers: dict[str, Callable[[Any, Any], Any]] = {
        "cover": lambda book, _: _first(book, [["Deals", 2026]]),
        "years": lambda book, sheet: _second(book, sheet, 20),
        "hidden-rows": lambda _, sheet: [setattr(sheet.row_dimensions[r], "hidden", True) for r in (4, 9)],
        "pivot": lambda book, _: [
            [s.append(r) for r in (["Stage", "Sum"], ["won", 5], ["lost", 7])] for s in [book.create_sheet("P", 0)]
        ],
        "general-days": lambda _, sheet: [setattr(sheet.cell(r, 5), "number_format", "General") for r in range(2, 42)],
    }
    for name, after in makers.items():
        yield Case(f"book-{name}", lambda path, a=after: workbook(path, rows, a), deals)
    ids = [replace(d, deal_id=str(1234567890123456789 + 1000 * i)) for i, d in enumerate(deals)]
    long = [[int(d.deal_id), *row[1:]] for d, row in zip(ids, rows, strict=True)]
    yield Case("book-long-ids", lambda path: workbook(path, long), ids)


def _nought(path: Path, deals: list[Deal], k: int) -> Path:
    made = xlsxwriter.Workbook(path)
    sheet, day = made.add_worksheet(), made.add_format({"num_format": "yyyy-mm-dd"})
    for r, row in enumerate([NAMES, *sheet_rows(deals)]):
        for c, cell in enumerate(row):
            if c == 6 and 0 < r <= k:
                sheet.write_formula(r, c, f"=1*{cell}")
            elif isinstance(cell, datetime):
                sheet.write_datetime(r, c, cell, day)
            else:
                sheet.write(r, c, cell)
    made.close()
    return path


def _since_1904(path: Path, deals: list[Deal], kind: str) -> Path:
    made = xlsxwriter.Workbook(path, {"date_1904": True})
    sheet, day = made.add_worksheet(), made.add_format({"num_format": "yyyy-mm-dd"})
    for r, row in enumerate([NAMES, *sheet_rows(deals)]):
        for c, cell in enumerate(row):
            if not isinstance(cell, datetime):
                sheet.write(r, c, cell)
            elif kind == "general":
                sheet.write(r, c, (cell.date() - date(1904, 1, 1)).days)
            else:
                sheet.write_datetime(r, c, cell, day)
    made.close()
    return path


def _same(deal: Deal, first: Deal, label: str) -> Deal:
    return replace(deal, **{label: getattr(first, label)}) if label in ("owner", "created") else deal


def _exchanged(day: date | None) -> Any:
    """A day written day first, as a spreadsheet that expects the month first takes it."""
    if day is None:
        return None
    return midnight(day.replace(day=day.month, month=day.day)) if day.day <= 12 else day.strftime("%d/%m/%Y")


def _first(book: Any, rows: list[list[Any]]) -> None:
    """A sheet before the others."""
    sheet = book.create_sheet("First", 0)
    for row in rows:
        sheet.append(row)


def _second(book: Any, sheet: Any, n: int) -> None:
    """The rows below ``n`` on a sheet of their own."""
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    sheet.delete_rows(n + 2, len(rows))
    sheet.title, other = "2024", book.create_sheet("2025")
    for row in [rows[0], *rows[n + 1 :]]:
        other.append(row)


KINDS = (odd_numbers, units, odd_days, written_days, stray_quotes, headers, characters, workbooks)


def polluted() -> list[Case]:
    """Every case with a fault."""
    return [case for kind in KINDS for case in kind()]


def named(cases: list[Case]) -> str:
    """The list of cases, for whoever wants to see what was tried."""
    return json.dumps([case.name for case in cases], indent=0)
