"""Exports with one thing wrong, or merely different, made from forty deals whose truth is known: kinds times doses.

Each case is a name and a function that writes files into a folder. What comes of it is right (every deal with its own
outcome, amount, first and last day), refused in words, or wrong; nothing may be wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from tests.start import exports

Rows = list[dict]
#: deals of the forty, by how they ended
WON = [i for i in range(exports.N) if exports.OUTCOMES[i % 5] == "won"]
LOST = [i for i in range(exports.N) if exports.OUTCOMES[i % 5] == "lost"]
OPEN = [i for i in range(exports.N) if exports.OUTCOMES[i % 5] == "open"]


@dataclass(frozen=True)
class Case:
    """A kind, its dose, and what writes the files; ``can_be_known``: the files hold the truth."""

    kind: str
    dose: str
    write: Callable[[Path], list[Path]]
    can_be_known: bool = True


def truth() -> set[tuple[str, str, float, date, date | None]]:
    """Name, outcome, amount, first day and, of those that ended, last day of each deal."""
    return {
        (
            d["name"],
            d["outcome"],
            d["amount"],
            d["created"].date(),
            d["close"].date() if d["outcome"] != "open" else None,
        )
        for d in exports.deals()
    }


def rows(**other: str) -> Rows:
    """The forty deals in plain English headings; ``other`` renames them (an empty name leaves a column out)."""
    names = {
        "id": "Deal ID", "name": "Deal Name", "stage": "Deal Stage", "amount": "Amount", "created": "Create Date",
        "close": "Close Date", "owner": "Deal owner", "reason": "Closed Lost Reason",
    } | other  # fmt: skip
    made = []
    for d in exports.deals():
        cells = {
            "id": f"D-{d['id'] % 10**6:06}", "name": d["name"], "stage": d["stage"], "amount": f"{d['amount']:.2f}",
            "created": f"{d['created']:%Y-%m-%d %H:%M}", "close": f"{d['close']:%Y-%m-%d %H:%M}", "owner": d["owner"],
            "reason": d["reason"],
        }  # fmt: skip
        if d["outcome"] == "open":
            cells["close"] = ""
        made.append({names[k]: v for k, v in cells.items() if names[k]})
    return made


def one(kind: str, dose: str, made: Rows, *, can_be_known: bool = True) -> Case:
    """A case of one file."""
    return Case(kind, dose, lambda folder: [exports.write(folder / "export.csv", made)], can_be_known)


def relabelled(labels: dict[int, str], made: Rows | None = None, column: str = "Deal Stage") -> Rows:
    """The rows with other words in the column of stages."""
    made = [dict(row) for row in made or rows()]
    for i, label in labels.items():
        made[i][column] = label
    return made


def words_of_a_loss() -> Iterator[Case]:
    """Lost in so many words, in all or some of the lost deals; what no word explains may be refused."""
    known = (
        "Closed Lost - Went with Competitor", "Closed Lost: price too high for our budget",
        "Lost - no budget this year",
        "Lost", "Deal lost", "Dead", "No Decision", "Abandoned", "Rejected", "Verloren", "Verloren - prijs te hoog",
        "Gesloten - verloren", "9. Closed Lost", "closed_lost", "CLOSED LOST / TIMING", "Cancelled", "Afgewezen",
        "Geannuleerd", "Lost to competitor", "Withdrawn", "Closed-Lost (other)", "Perdu",
    )  # fmt: skip
    unknown = ("Parked for good", "Nurture - lost for now", "Zombie", "Ghosted us", "Zonder vervolg", "X9", "Recycled")
    for words, can_be_known in ((known, True), (unknown, False)):
        for label in words:
            for dose, some in (("all", LOST), ("half", LOST[::2]), ("one", LOST[:1])):
                yield one(
                    f"lost is called {label!r}", dose, relabelled(dict.fromkeys(some, label)), can_be_known=can_be_known
                )


def words_of_a_win() -> Iterator[Case]:
    for label in ("Closed Won - Partner Sourced Deal", "Won", "Sold", "Signed", "Gewonnen", "Getekend",
                  "7 - Closed Won",
                  "closedwon", "Order received", "Deal won!", "Gesloten en gewonnen", "Akkoord"):  # fmt: skip
        for dose, some in (("all", WON), ("half", WON[1::2])):
            yield one(f"won is called {label!r}", dose, relabelled(dict.fromkeys(some, label)))


def flags() -> Iterator[Case]:
    """Stages that say nothing, and yes-or-no columns that say it: whole, or against a few deals."""
    opaque = dict.fromkeys(WON, "Fase 8") | dict.fromkeys(LOST, "Fase 9")
    for yes, no in (("true", "false"), ("1", "0"), ("Yes", "No"), ("ja", "nee"), ("TRUE", "FALSE"), ("x", "n")):
        for closed, won in (("IsClosed", "IsWon"), ("Is Closed", "Is Won"), ("hs_is_closed", "hs_is_closed_won"),
                            ("Gesloten", "Gewonnen")):  # fmt: skip
            made = relabelled(opaque)
            made = [
                row | {closed: no if i in OPEN else yes, won: yes if i in WON else no} for i, row in enumerate(made)
            ]
            yield one(f"flags {closed}, {won}", f"{yes}/{no}", made)
    both = dict.fromkeys([*WON, *LOST], "Closed")
    made = [row | {"IsClosed": str(i not in OPEN), "IsWon": str(i in WON)} for i, row in enumerate(relabelled(both))]
    yield one("one stage for both ends, flags beside", "all", made)
    yield one("one stage for both ends, nothing beside", "all", [
        {k: v for k, v in row.items() if k != "Closed Lost Reason"} for row in relabelled(both)
    ], can_be_known=False)  # fmt: skip
    for k in (1, 2, 8, 16):
        wrong = set(LOST[:k])
        made = [
            row | {"IsClosed": str(i not in OPEN), "IsWon": str(i in WON or i in wrong)} for i, row in enumerate(rows())
        ]
        yield one("flags against the stage", str(k), made, can_be_known=k <= 2)


def reasons() -> Iterator[Case]:
    """A stage that no word explains, with what only lost deals have."""
    for column, value in (("Closed Lost Reason", "Prijs"),):
        for label in ("Stage 9", "Einde", "Z"):
            made = [
                row | {column: value if i in LOST else ""}
                for i, row in enumerate(relabelled(dict.fromkeys(LOST, label)))
            ]
            yield one(f"a reason of a loss at {label!r}", "all", made, can_be_known=False)


def repeated_ids() -> Iterator[Case]:
    """Several rows a deal: its products, its contacts, the same lines twice, and versions that differ."""
    for n in (2, 3, 7):
        lines = [
            row | {"Product": f"P{k}", "Product: ID": f"{i}-{k}"} for i, row in enumerate(rows()) for k in range(n)
        ]
        yield one("products of a deal", str(n), lines)
        people = [row | {"Contact": f"c{k}@x.nl", "Role": f"r{k}"} for row in rows() for k in range(n)]
        yield one("contacts of a deal", str(n), people)
        some = [row | {"Product": f"P{k}"} for i, row in enumerate(rows()) for k in range(n if i % 4 == 0 else 1)]
        yield one("products of some deals", str(n), some)
    for k in (1, 5, 40):
        yield one("the same lines twice", str(k), [*rows(), *rows()[:k]])
    for k in (10, 40):
        older = [row | {"Deal Stage": "Contract Sent", "Close Date": ""} for row in rows()[:k]]
        yield one("older versions above", str(k), [*older, *rows()], can_be_known=False)
    lines = [
        row | {"Amount": f"{float(row['Amount']) / 2:.2f}", "Product": f"P{k}"} for row in rows() for k in range(2)
    ]
    lines = [row | {"Amount": f"{100 * k + float(row['Amount']):.2f}"} for k, row in enumerate(lines)]
    yield one("amounts a product", "2", lines, can_be_known=False)


def moments_and_ids() -> Iterator[Case]:
    """No column is called an id; some have a value of their own in each row."""
    for name in ("Nummer", "Ref", "Case key", "Dossier"):
        yield one(f"the id is called {name!r}", "", rows(id=name))
    yield one("no id, each moment its own", "", [
        {k: v for k, v in row.items() if k != "Deal ID"} | {"Modified": f"2026-06-01 {i // 60:02}:{i % 60:02}"}
        for i, row in enumerate(rows())
    ])  # fmt: skip
    yield one("an id of one value", "", [row | {"Deal ID": "all"} for row in rows()], can_be_known=False)


def second_files() -> Iterator[Case]:
    """Two exports that overlap, the newer with what happened since."""
    for name, other in (("deals (1).csv", "deals.csv"), ("2025.csv", "2026.csv"), ("a.csv", "b.csv")):
        for k in (0, 5, 20):

            def write(folder: Path, name: str = name, other: str = other, k: int = k) -> list[Path]:
                older = [dict(row) for row in rows()[: 20 + k]]
                return [exports.write(folder / name, older), exports.write(folder / other, rows()[20 - k // 2 :])]

            yield Case("two exports with the same columns", f"{name}, {k}", write)


def money() -> Iterator[Case]:
    """More than one column of sums."""
    for column, factor in (("Weighted amount", 0.4), ("Expected Revenue", 0.4), ("Forecast amount", 0.5),
                           ("Gewogen bedrag", 0.4)):  # fmt: skip
        made = [row | {column: f"{float(row['Amount']) * factor:.2f}"} for row in rows()]
        yield one(f"{column} beside the amount", "", made)
        yield one(f"{column} before the amount", "", [{column: row[column], **row} for row in made])
    for column in ("ARR", "MRR", "Annual recurring revenue", "ACV"):
        made = [row | {column: f"{float(row['Amount']) / 3:.2f}"} for row in rows()]
        yield one(f"{column} beside the amount", "", made)
        yield one(f"{column} beside the amount, blank", "", [row | {column: ""} for row in rows()])
    for columns in (("ARR", "ACV"), ("TCV", "Deal Value"), ("Revenue", "Price")):
        made = [{("x" if k == "Amount" else k): v for k, v in row.items()} for row in rows()]
        made = [
            {k: v for k, v in row.items() if k != "x"}
            | {columns[0]: row["x"], columns[1]: f"{float(row['x']) * 2:.2f}"}
            for row in made
        ]
        yield one(f"{columns[0]} and {columns[1]}", "", made, can_be_known=False)
    for share in (2, 4):
        made = [
            row | {"Currency": "USD" if i % share == 0 else "EUR",
                   "Amount in company currency": row["Amount"],
                   "Amount": f"{float(row['Amount']) * (1.25 if i % share == 0 else 1):.2f}"}
            for i, row in enumerate(rows())
        ]  # fmt: skip
        yield one("amounts in two currencies, and all in one", f"1 of {share}", made)


def unknown_headings() -> Iterator[Case]:
    """Headings that nobody knows; what stands below them tells, or does not."""
    names = {
        "stage": "Hoe staat het",
        "created": "Begonnen",
        "close": "Afgelopen",
        "amount": "Hoeveel",
        "name": "Deal Name",
    }
    for some in (["stage"], ["created"], ["close"], ["amount"], ["created", "close"], ["stage", "amount"], list(names)):
        yield one("headings that nobody knows", ", ".join(some), rows(**{name: names[name] for name in some}))
    more = [row | {"Gezien": row["Create Date"], "Bijgewerkt": "2026-06-01"} for row in rows()]
    more = [{("Begonnen" if k == "Create Date" else k): v for k, v in row.items()} for row in more]
    yield one("two columns of days that could be the first", "", more, can_be_known=False)
    sums = [
        {("Hoeveel" if k == "Amount" else k): v for k, v in row.items()} | {"Marge": f"{500 + i}"}
        for i, row in enumerate(rows())
    ]
    yield one("two columns of sums that nobody knows", "", sums, can_be_known=False)


def contradictions() -> Iterator[Case]:
    """A status beside a stage: the same, a little apart, and against each other."""
    said = {"won": "Won", "lost": "Lost", "open": "Open"}
    status = [row | {"Deal Status": said[exports.OUTCOMES[i % 5]]} for i, row in enumerate(rows())]
    yield one("status and stage", "0", status)
    for k in (1, 2, 10, 16):
        made = [dict(row) for row in status]
        for i in WON[:k]:
            made[i]["Deal Status"] = "Lost"
        yield one("status against stage", str(k), made, can_be_known=False)
    kept = [row | {"Deal Stage": "Proposal"} for row in status]
    yield one("a lost deal keeps its stage", "", kept)


def unread() -> Iterator[Case]:
    """Amounts and days that cannot be read, in some cells and in all."""
    for k in (1, 20, 40):
        made = [row | ({"Amount": "n.t.b. volgt"} if i < k else {}) for i, row in enumerate(rows())]
        yield one("amounts that are words", str(k), made, can_be_known=False)


CASES = [
    case
    for kind in (
        words_of_a_loss, words_of_a_win, flags, reasons, repeated_ids, moments_and_ids, second_files, money,
        unknown_headings, contradictions, unread,
    )
    for case in kind()
]  # fmt: skip


# --- clean files -----------------------------------------------------------------------------------------------------

_DAYS = {
    "iso": "%Y-%m-%d %H:%M", "iso T": "%Y-%m-%dT%H:%M:%SZ", "day first": "%d-%m-%Y %H:%M", "dotted": "%d.%m.%Y",
    "month first": "%m/%d/%Y", "words": "%-d %b %Y", "long words": "%B %-d, %Y", "day only": "%Y-%m-%d",
}  # fmt: skip
_SUMS = {
    "plain": lambda x: f"{x:.2f}", "dutch": exports.dutch, "euro": lambda x: f"€ {exports.dutch(x)}",
    "english": lambda x: f"{x:,.2f}", "spaced": lambda x: f"{x:,.2f}".translate(str.maketrans(",.", " ,")),
    "swiss": lambda x: f"{x:,.2f}".replace(",", "'"), "whole": lambda x: f"{x:.1f}",
}  # fmt: skip
_HEADINGS = {
    "hubspot": {"id": "Record ID", "name": "Deal Name", "stage": "Deal Stage", "amount": "Amount",
                "created": "Create Date", "close": "Close Date", "owner": "Deal owner", "reason": "Closed Lost Reason"},
    "hubspot nl": {"id": "Record-ID", "name": "Dealnaam", "stage": "Dealfase", "amount": "Bedrag",
                   "created": "Aanmaakdatum",
                   "close": "Sluitingsdatum", "owner": "Dealeigenaar", "reason": "Reden gesloten verloren"},
    "salesforce": {"id": "Opportunity ID", "name": "Opportunity Name", "stage": "Stage", "amount": "Amount",
                   "created": "Created Date", "close": "Close Date", "owner": "Opportunity Owner",
                   "reason": "Loss Reason"},
    "pipedrive": {"id": "Deal - ID", "name": "Deal - Title", "stage": "Deal - Stage", "amount": "Deal - Value",
                  "created": "Deal - Deal created", "close": "Deal - Deal closed on", "owner": "Deal - Owner",
                  "reason": "Deal - Lost reason"},
    "database": {"id": "deal_id", "name": "name", "stage": "stage", "amount": "amount", "created": "created_at",
                 "close": "close_date", "owner": "owner_id", "reason": "lost_reason"},
}  # fmt: skip
_FILES = {
    "commas": (",", "utf-8"), "semicolons": (";", "utf-8-sig"), "tabs": ("\t", "utf-8"), "bars": ("|", "utf-8"),
    "windows": (";", "cp1252"), "utf-16": ("\t", "utf-16"),
}  # fmt: skip


def clean() -> Iterator[Case]:
    """A hundred clean files: headings of each CRM, delimiters, encodings, days and sums as people write them."""
    styles = [(h, f, d, s) for h in _HEADINGS for f in _FILES for d in _DAYS for s in _SUMS]
    for place in range(100):
        headings, file, days, sums = styles[place * 1009 % len(styles)]
        yield Case(headings, f"{file}, {days}, {sums}", _clean(headings, file, days, sums))


def _clean(headings: str, file: str, days: str, sums: str) -> Callable[[Path], list[Path]]:
    names, (delimiter, encoding), pattern, written = _HEADINGS[headings], _FILES[file], _DAYS[days], _SUMS[sums]
    is_dutch = headings.endswith("nl")
    if file == "windows" and sums == "spaced":
        written = _SUMS["dutch"]

    def write(folder: Path) -> list[Path]:
        made = [
            {
                names["id"]: 10_000 + i, names["name"]: d["name"], names["stage"]: d["stage"],
                names["amount"]: written(d["amount"]), names["created"]: f"{d['created']:{pattern}}",
                names["close"]: f"{d['close']:{pattern}}" if d["outcome"] != "open" else "",
                names["owner"]: d["owner"], names["reason"]: d["reason"],
            }
            for i, d in enumerate(exports.deals(exports.NL if is_dutch else exports.EN))
        ]  # fmt: skip
        return [exports.write(folder / "deals export.csv", made, delimiter=delimiter, encoding=encoding)]

    return write
