"""Exports as people have them, of CRMs and habits that no other module writes; made of forty deals of known truth.

Each is a name and what writes its files; ``truth`` where it is not that of the forty deals as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
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


def _deals() -> Rows:
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


def odoo() -> Iterator[Habit]:
    stages = ("New", "Qualified", "Proposition")
    for archived in (True, False):
        rows = [
            {
                "External ID": f"__export__.crm_lead_{i}",
                "Opportunity": d["name"],
                "Customer": d["company"],
                "Stage": pick(d, "Won", stages[i % 3], stages[i % 3]),
                "Active": pick(d, "True", "False", "True"),
                "Probability": pick(d, 100.0, 0.0, 35.5),
                "Lost Reason": "Too expensive" if d["outcome"] == "lost" else "",
                "Expected Revenue": d["amount"],
                "Created on": day(d, "created", "%Y-%m-%d %H:%M:%S"),
                "Closed Date": day(d, "close", "%Y-%m-%d %H:%M:%S"),
                "Salesperson": d["owner"],
                "Expected Closing": "2026-06-30",
            }
            for i, d in enumerate(_deals())
        ]
        if not archived:
            rows = [{k: v for k, v in r.items() if k not in ("Active", "Lost Reason")} for r in rows]
        yield file(f"odoo {'with' if archived else 'without'} active", rows, can_be_known=False)
    rows = [
        {
            "id": i + 1,
            "name": d["name"],
            "partner_id": d["company"],
            "stage_id": pick(d, "Won", stages[i % 3], stages[i % 3]),
            "active": pick(d, "t", "f", "t"),
            "probability": pick(d, 100, 0, 35.5),
            "type": "opportunity",
            "lost_reason_id": 3 if d["outcome"] == "lost" else "",
            "expected_revenue": d["amount"],
            "prorated_revenue": d["amount"] * 0.35,
            "create_date": day(d, "created", "%Y-%m-%d %H:%M:%S"),
            "date_closed": day(d, "close", "%Y-%m-%d %H:%M:%S"),
            "user_id": d["owner"],
            "date_deadline": "2026-06-30",
            "write_date": "2026-05-20 10:00:00",
        }
        for i, d in enumerate(_deals())
    ]
    yield file("odoo crm_lead", rows, can_be_known=False)


def erpnext() -> Iterator[Habit]:
    rows = [
        {
            "ID": f"CRM-OPP-2026-{i:05}",
            "Title": d["name"],
            "Opportunity From": "Customer",
            "Party": d["company"],
            "Status": pick(d, "Converted", "Lost", ("Open", "Quotation", "Replied")[i % 3]),
            "Sales Stage": ("Prospecting", "Negotiation/Review")[i % 2],
            "Opportunity Amount": d["amount"],
            "Created On": day(d, "created", "%Y-%m-%d %H:%M:%S"),
            "Closing Date": day(d, "close"),
            "Opportunity Owner": d["owner"],
            "Lost Reasons": "Price" if d["outcome"] == "lost" else "",
        }
        for i, d in enumerate(_deals())
    ]
    yield file("erpnext", rows, can_be_known=False)


def zoho() -> Iterator[Habit]:
    for label in ("Closed Lost", "Closed-Lost to Competition"):
        rows = [
            {
                "Record Id": f"zcrm_{d['id']}",
                "Deal Name": d["name"],
                "Account Name": d["company"],
                "Stage": pick(
                    d, "Closed Won", label if i % 2 else "Closed Lost", ("Qualification", "Value Proposition")[i % 2]
                ),
                "Amount": d["amount"],
                "Probability (%)": pick(d, 100, 0, 40),
                "Expected Revenue": d["amount"] * 0.4,
                "Created Time": day(d, "created", "%Y-%m-%d %H:%M:%S"),
                "Closing Date": day(d, "close", open_too=True),
                "Deal Owner": d["owner"],
                "Modified Time": "2026-05-20 09:00:00",
                "Overall Sales Duration": 12,
            }
            for i, d in enumerate(_deals())
        ]
        yield file(f"zoho {label}", rows)


def freshsales() -> Iterator[Habit]:
    rows = [
        {
            "Id": 7000 + i,
            "Name": d["name"],
            "Deal stage": pick(d, "Won", "Lost", ("New", "Demo")[i % 2]),
            "Deal value": d["amount"],
            "Deal value in Base Currency": d["amount"],
            "Expected close": day(d, "close", open_too=True),
            "Closed date": day(d, "close"),
            "Created at": day(d, "created", "%Y-%m-%d %H:%M"),
            "Sales owner": d["owner"],
            "Lost reason": "Price" if d["outcome"] == "lost" else "",
            "Probability (%)": pick(d, 100, 0, 50),
            "Deal pipeline": "Default Pipeline",
            "Age (in days)": 12,
        }
        for i, d in enumerate(_deals())
    ]
    yield file("freshsales", rows)


def copper() -> Iterator[Habit]:
    rows = [
        {
            "Copper ID": 5000 + i,
            "Name": d["name"],
            "Primary Contact": f"p{i}",
            "Company": d["company"],
            "Status": pick(d, "Won", "Lost", "Open"),
            "Stage": ("First Meeting", "Proposal")[i % 2],
            "Pipeline": "Sales",
            "Value": d["amount"],
            "Currency": "EUR",
            "Win Probability": 50,
            "Close Date": day(d, "close", "%m/%d/%Y", open_too=True),
            "Created At": day(d, "created", "%m/%d/%Y"),
            "Updated At": "05/20/2026",
            "Owned By": d["owner"],
            "Loss Reason": d["reason"],
            "Won/Lost Date": day(d, "close", "%m/%d/%Y"),
        }
        for i, d in enumerate(_deals())
    ]
    yield file("copper", rows)
    half = [
        row | {"Status": "Abandoned" if row["Status"] == "Lost" and i % 2 else row["Status"]}
        for i, row in enumerate(rows)
    ]
    yield file("copper abandoned", half)


def close() -> Iterator[Habit]:
    rows = [
        {
            "id": f"oppo_{i:05}",
            "lead_name": d["company"],
            "note": d["name"],
            "status_label": pick(d, "Won", "Lost", "Active"),
            "status_type": d["outcome"].replace("open", "active"),
            "value": d["amount"],
            "value_period": "one_time",
            "value_currency": "EUR",
            "confidence": 50,
            "date_created": day(d, "created", "%Y-%m-%dT%H:%M:%S+00:00"),
            "date_won": day(d, "close") if d["outcome"] == "won" else "",
            "date_lost": day(d, "close") if d["outcome"] == "lost" else "",
            "user_name": d["owner"],
        }
        for i, d in enumerate(_deals())
    ]
    yield file("close", [{("name" if k == "note" else k): v for k, v in r.items()} for r in rows])
    yield file(
        "close, values in cents",
        [
            {("name" if k == "note" else k): (int(v * 100) if k == "value" else v) for k, v in r.items()}
            | {"value_formatted": f"€{r['value']:,.2f}"}
            for r in rows
        ],
        can_be_known=False,
    )


def suite() -> Iterator[Habit]:
    rows = [
        {
            "id": f"5f2c9a1e-{i:04}-4000-8000-000000000000",
            "name": d["name"],
            "account_name": d["company"],
            "sales_stage": pick(d, "Closed Won", "Closed Lost", ("Prospecting", "Needs Analysis")[i % 2]),
            "amount": d["amount"],
            "amount_usdollar": d["amount"] * 1.1,
            "currency_id": "-99",
            "probability": pick(d, 100, 0, 40),
            "date_closed": day(d, "close", open_too=True),
            "date_entered": day(d, "created", "%Y-%m-%d %H:%M:%S"),
            "date_modified": "2026-05-20 09:00:00",
            "assigned_user_id": f"u{i % 4}",
            "deleted": 0,
        }
        for i, d in enumerate(_deals())
    ]
    yield file("suitecrm", rows)
    gone = [r | {"id": r["id"] + "x", "name": r["name"] + " x", "deleted": 1} for r in rows[:6]]
    yield file("suitecrm with deleted", [*rows, *gone])
    for name, yes, no in (("IsDeleted", "true", "false"), ("_fivetran_deleted", "True", "False"), ("deleted", "1", "")):
        tagged = [
            {**{k: v for k, v in r.items() if k != "deleted"}, name: yes if r["deleted"] else no}
            for r in (*rows, *gone)
        ]
        yield file(f"{name} {yes}/{no}", tagged)
        yield files(f"{name} {yes}/{no} in two files", {"a.csv": tagged[:20], "b.csv": tagged[20:]})


def boards() -> Iterator[Habit]:
    head = ["Name", "Person", "Status", "Deal value", "Created", "Closed"]
    for title in (True, False):
        lines = ["Sales pipeline", "", ""] if title else []
        for group in ("won", "lost", "open"):
            lines += [{"won": "Closed won", "lost": "Lost deals", "open": "Active deals"}[group], ",".join(head)]
            lines += [
                ",".join(
                    [
                        d["name"],
                        d["owner"],
                        pick(d, "Won", "Lost", "Working on it"),
                        f"{d['amount']}",
                        day(d, "created"),
                        day(d, "close"),
                    ]
                )
                for d in _deals()
                if d["outcome"] == group
            ]
            lines += ["", ""]
        yield text(f"monday groups, title {title}", lines)
    lines = []
    for group in ("won", "lost", "open"):
        lines += [
            {"won": "Closed won", "lost": "Lost", "open": "Active deals"}[group] + "," * 4,
            "Name,Person,Deal value,Created,Closed",
        ]
        lines += [
            ",".join([d["name"], d["owner"], f"{d['amount']}", day(d, "created"), day(d, "close")])
            for d in _deals()
            if d["outcome"] == group
        ]
        lines += [","]
    yield text("monday groups only", lines, can_be_known=False)
    rows = [
        {
            "Card ID": f"c{i:04}",
            "Card Name": d["name"],
            "List Name": pick(d, "Won", "Lost", ("To contact", "Offer sent")[i % 2]),
            "Labels": "blue",
            "Members": d["owner"],
            "Due Date": day(d, "close"),
            "Card created": day(d, "created"),
            "Value": d["amount"],
            "Archived": "false",
        }
        for i, d in enumerate(_deals())
    ]
    yield file("trello", rows)


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
        for i, d in enumerate(_deals())
    ]


def associations() -> Iterator[Habit]:
    rows = [
        r | {"Associated Company": f"{r['Company']};Holding {i % 3}", "Tags": "a;b;c"} for i, r in enumerate(plain())
    ]
    yield file("two companies in a cell", rows)
    people = [
        {"Deal ID": r["Deal ID"], "Contact": f"c{i}-{k}", "Role": "Decision maker"}
        for i, r in enumerate(plain())
        for k in range(2)
    ]
    yield files("deals and their contacts", {"deals.csv": plain(), "deal_contacts.csv": people})
    users = [
        {"Id": f"u{k}", "Name": n, "Email": f"x{k}@x.nl", "IsActive": "true"} for k, n in enumerate(exports.OWNERS)
    ]
    owned = [r | {"Owner": f"u{i % 4}"} for i, r in enumerate(plain())]
    yield files("owner ids and users", {"deals.csv": owned, "users.csv": users})
    leads = [
        {
            "Lead ID": f"L{i:04}",
            "Name": f"Lead {i}",
            "Company": f"Bedrijf {i % 13}",
            "Status": ("New", "Converted", "Disqualified", "Lost")[i % 4],
            "Created Date": f"2026-02-{i % 27 + 1:02}",
            "Lead Owner": exports.OWNERS[i % 4],
            "Lead Source": "Web",
        }
        for i in range(60)
    ]
    yield files("leads and deals", {"leads.csv": leads, "deals.csv": plain()})
    yield files("deals and leads by name", {"Opportunities.csv": plain(), "Zleads.csv": leads})
    yield file("two rows a deal: companies", [r | {"Company": c} for r in plain() for c in (r["Company"], "Holding")])
    items = [
        {"Deal ID": r["Deal ID"], "Product": f"P{k}", "Quantity": 1, "Amount": f"{float(r['Amount']) / 2:.2f}"}
        for r in plain()
        for k in range(2)
    ]
    yield files("deals and their products", {"deals.csv": plain(), "line_items.csv": items})
    yield file(
        "product lines, amounts of lines",
        [r | {"Product": f"P{k}", "Line amount": f"{float(r['Amount']) / 2:.2f}"} for r in plain() for k in range(2)],
    )
    yield file(
        "product lines, only line amounts",
        [
            r | {"Product": f"P{k}", "Amount": f"{float(r['Amount']) * (0.3, 0.7)[k]:.4f}"}
            for r in plain()
            for k in range(2)
        ],
        can_be_known=False,
    )


def grouped() -> Iterator[Habit]:
    for said in ("Subtotal", "Count"):
        rows = []
        for owner in exports.OWNERS:
            mine = [r for r in plain() if r["Owner"] == owner]
            for k, r in enumerate(mine):
                rows.append({"Owner": owner if k == 0 else "", **{c: v for c, v in r.items() if c != "Owner"}})
            blank = dict.fromkeys(rows[0], "")
            if said == "Subtotal":
                rows.append(blank | {"Owner": "Subtotal", "Amount": f"{sum(float(r['Amount']) for r in mine):.2f}"})
            else:
                rows.append(blank | {"Owner": f"{owner} ({len(mine)} records)"})
        rows.append(dict.fromkeys(rows[0], "") | {"Owner": "Total", "Amount": "235390.00"})
        yield file(f"grouped by owner, {said}", rows)
    rows = []
    for stage in dict.fromkeys(r["Deal Stage"] for r in plain()):
        mine = [r for r in plain() if r["Deal Stage"] == stage]
        for k, r in enumerate(mine):
            rows.append(
                {
                    "Deal Stage": f"{stage} ({len(mine)})" if k == 0 else "",
                    **{c: v for c, v in r.items() if c != "Deal Stage"},
                }
            )
        rows.append(
            dict.fromkeys(rows[0], "")
            | {"Deal Stage": "Subtotal", "Amount": f"{sum(float(r['Amount']) for r in mine):.2f}"}
        )
    yield file("grouped by stage", rows, can_be_known=False)
    matrix = [
        {"Owner": o, **{s: sum(r["Owner"] == o and r["Deal Stage"] == s for r in plain()) for s in exports.EN}}
        for o in exports.OWNERS
    ]
    yield file("a matrix report", matrix, can_be_known=False)
    yield file(
        "sums by stage",
        [
            {"Deal Stage": s, "Record Count": sum(r["Deal Stage"] == s for r in plain()), "Sum of Amount": 100.0 * k}
            for k, s in enumerate(exports.EN)
        ],
        can_be_known=False,
    )


def parts() -> Iterator[Habit]:
    """The end stands in a file's or sheet's name alone."""
    bare = [{k: v for k, v in r.items() if k not in ("Deal Stage", "Closed Lost Reason")} for r in plain()]
    for names in (
        ("won", "lost", "open"),
        ("Gewonnen deals", "Verloren deals", "Lopende deals"),
        ("Closed Won 2026", "Closed Lost 2026", "Pipeline"),
    ):
        split = {
            f"{names[k]}.csv": [r for r, d in zip(bare, _deals(), strict=True) if d["outcome"] == o]
            for k, o in enumerate(("won", "lost", "open"))
        }
        yield files(f"files {names[0]}", split, can_be_known=False)
    stage = [
        {k: v for k, v in r.items() if k != "Closed Lost Reason"} | {"Deal Stage": ("Demo", "Offer")[i % 2]}
        for i, r in enumerate(plain())
    ]
    split = {
        f"{o}.csv": [r for r, d in zip(stage, _deals(), strict=True) if d["outcome"] == o]
        for o in ("won", "lost", "open")
    }
    yield files("files won with last stages", split, can_be_known=False)
    won = [r for r, d in zip(plain(), _deals(), strict=True) if d["outcome"] == "won"]
    yield file("only won deals", won, other={t for t in truth() if t[1] == "won"})
    half = {f"Q{k + 1}.csv": plain()[k * 10 : k * 10 + 10] for k in range(4)}
    yield files("quarter files", half)
    renamed = {
        "2025.csv": plain()[:20],
        "2026.csv": [{("Value" if k == "Amount" else k): v for k, v in r.items()} for r in plain()[20:]],
    }
    yield files("years with another heading", renamed, can_be_known=False)


def sheets() -> Iterator[Habit]:
    def book(groups: dict[str, Rows]) -> Callable[[Path], list[Path]]:
        def write(folder: Path) -> list[Path]:
            import openpyxl

            made = openpyxl.Workbook()
            made.remove(made.active)
            for name, rows in groups.items():
                sheet = made.create_sheet(name)
                sheet.append(list(rows[0]))
                for r in rows:
                    sheet.append([float(v) if k == "Amount" and v else v for k, v in r.items()])
            folder.mkdir(parents=True, exist_ok=True)
            made.save(folder / "lijst.xlsx")
            return [folder / "lijst.xlsx"]

        return write

    yield Habit("sheets Q1 to Q4", book({f"Q{k + 1} 2026": plain()[k * 10 : k * 10 + 10] for k in range(4)}))
    bare = [{k: v for k, v in r.items() if k not in ("Deal Stage", "Closed Lost Reason")} for r in plain()]
    by = {o: [r for r, d in zip(bare, _deals(), strict=True) if d["outcome"] == o] for o in ("won", "lost", "open")}
    yield Habit(
        "sheets won, lost, open",
        book({"Gewonnen": by["won"], "Verloren": by["lost"], "Open": by["open"]}),
        can_be_known=False,
    )
    full = {
        o: [r for r, d in zip(plain(), _deals(), strict=True) if d["outcome"] == o] for o in ("won", "lost", "open")
    }
    yield Habit(
        "sheets won, lost, open with stage",
        book({"Gewonnen": full["won"], "Verloren": full["lost"], "Open": full["open"]}),
    )
    totals = [*plain(), dict.fromkeys(plain()[0], "") | {"Deal ID": "Totaal", "Amount": "235390"}]
    yield Habit("a sheet and its total", book({"Deals": totals, "Toelichting": [{"Kolom": "Amount", "Uitleg": "x"}]}))


def oddities() -> Iterator[Habit]:
    base = plain()
    for yes, no in (("Ja", "Nee"), ("WAAR", "ONWAAR"), ("J", "N"), ("Oui", "Non"), ("✓", ""), ("X", "")):
        rows = [
            {k: v for k, v in r.items() if k != "Closed Lost Reason"}
            | {
                "Deal Stage": "Fase 5" if d["outcome"] != "open" else "Fase 2",
                "Is Closed": yes if d["outcome"] != "open" else no,
                "Is Won": yes if d["outcome"] == "won" else no,
            }
            for r, d in zip(base, _deals(), strict=True)
        ]
        yield file(f"flags {yes}/{no}", rows, can_be_known=True)
    for scale in (1, 100):
        rows = [
            {k: v for k, v in r.items() if k not in ("Deal Stage", "Closed Lost Reason")}
            | {"Probability": pick(d, scale, 0, scale * 0.4)}
            for r, d in zip(base, _deals(), strict=True)
        ]
        yield file(f"only a chance of 0 to {scale}", rows, can_be_known=False)
    filled = [
        r | {"Close Date": day(d, "close", "%Y-%m-%d %H:%M", open_too=True)}
        for r, d in zip(base, _deals(), strict=True)
    ]
    yield file("close date for open ones too", filled)
    past = [r | {"Close Date": r["Close Date"] or "2026-03-31 00:00"} for r in base]
    yield file("overdue close date for open ones", past)
    for pattern, name in (
        ("%d %B %Y", "month names"),
        ("%d-%b-%y", "short years"),
        ("%Y%m%d", "compact"),
        ("%a %d %b %Y", "weekdays"),
        ("%d/%m/%Y %I:%M %p", "am pm"),
        ("%b %-d, %Y, %I:%M:%S %p", "words am pm"),
        ("%Y-%m-%d %H:%M:%S UTC", "UTC"),
        ("%Y-%m-%dT%H:%M:%S.000Z", "zulu"),
    ):
        yield file(
            f"days as {name}",
            [
                r | {"Create Date": day(d, "created", pattern), "Close Date": day(d, "close", pattern)}
                for r, d in zip(base, _deals(), strict=True)
            ],
        )
    for pattern, name in (
        ("%G-W%V-%u", "iso weeks with days"),
        ("%G-W%V", "iso weeks"),
        ("%B %Y", "months"),
        ("Q%q %Y", "quarters"),
    ):

        def w(x, p=pattern):
            return x.strftime(p.replace("%q", str((x.month - 1) // 3 + 1)))

        yield file(
            f"days as {name}",
            [
                r | {"Create Date": w(d["created"]), "Close Date": w(d["close"]) if d["outcome"] != "open" else ""}
                for r, d in zip(base, _deals(), strict=True)
            ],
            can_be_known=False,
        )
    dutch = ["januari", "februari", "maart", "april", "mei", "juni"]
    short = ["jan.", "feb.", "mrt.", "apr.", "mei", "jun."]
    for names in (dutch, short):
        yield file(
            f"days in Dutch, {names[0]}",
            [
                r
                | {
                    "Create Date": f"{d['created'].day} {names[d['created'].month - 1]} {d['created'].year}",
                    "Close Date": f"{d['close'].day} {names[d['close'].month - 1]} {d['close'].year}"
                    if d["outcome"] != "open"
                    else "",
                }
                for r, d in zip(base, _deals(), strict=True)
            ],
        )
    ms = [
        r
        | {
            "Create Date": int((d["created"] - datetime.fromisoformat("1970-01-01")).total_seconds() * 1000),
            "Close Date": int((d["close"] - datetime.fromisoformat("1970-01-01")).total_seconds() * 1000)
            if d["outcome"] != "open"
            else "",
        }
        for r, d in zip(base, _deals(), strict=True)
    ]
    yield file("milliseconds", ms)
    secs = [r | {"Create Date": str(r["Create Date"])[:-3], "Close Date": str(r["Close Date"])[:-3]} for r in ms]
    yield file("seconds", secs)
    bad = {(n, o, -a if n == "Déal 3" else a, c, e) for n, o, a, c, e in truth()}
    for style in ("-{}", "({})", "{}-"):
        rows = [r | {"Amount": style.format(r["Amount"]) if i == 3 else r["Amount"]} for i, r in enumerate(base)]
        yield file(f"a credit as {style}", rows, other=bad)
    template = dict.fromkeys(base[0], "") | {
        "Deal Name": "EXAMPLE - do not delete",
        "Deal Stage": "Appointment Scheduled",
    }
    yield file("a template row", [template, *base], can_be_known=False)
    tips = dict.fromkeys(base[0], "(text)")
    yield file("a row of types below the header", [tips, *base], can_be_known=False)
    api = dict(
        zip(
            base[0],
            (
                "hs_object_id",
                "dealname",
                "company",
                "dealstage",
                "amount",
                "createdate",
                "closedate",
                "hubspot_owner_id",
                "closed_lost_reason",
            ),
            strict=True,
        )
    )
    yield file("labels above, API names below", [api, *base])
    two = [",,,Deal,,Dates,,People,", ",".join(base[0]), *(",".join(r.values()) for r in base)]
    yield text("two header rows", two)
    yield text(
        "a title above", ["Deal overview per 20-05-2026", "", ",".join(base[0]), *(",".join(r.values()) for r in base)]
    )
    yield text("a total above", [",,,,235390.00,,,,", ",".join(base[0]), *(",".join(r.values()) for r in base)])
    yield text(
        "header repeats",
        [
            ",".join(base[0]),
            *(
                line
                for k, r in enumerate(base)
                for line in ([",".join(base[0])] if k and k % 15 == 0 else []) + [",".join(r.values())]
            ),
        ],
    )
    weighted = [r | {"Weighted Amount": f"{float(r['Amount']) * 0.4:.2f}", "Probability": "40%"} for r in base]
    yield file("weighted", weighted)
    money = [r | {"Amount": ("EUR " if i % 2 else "USD ") + r["Amount"]} for i, r in enumerate(base)]
    yield file("currency in the cell", money, can_be_known=False)
    money = [r | {"Currency": ("EUR", "USD")[i % 2]} for i, r in enumerate(base)]
    yield file("currency a row", money)
    thousand = [
        {
            ("Amount (x 1000)" if k == "Amount" else k): (f"{float(v) / 1000:.4f}" if k == "Amount" else v)
            for k, v in r.items()
        }
        for r in base
    ]
    yield file("amounts in thousands", thousand, can_be_known=False)
    for name in (
        "Amount (k€)",
        "Bedrag x 1000",
        "Amount (000s)",
        "Value in thousands",
        "Deal value (k)",
        "Bedrag in duizenden",
        "Omzet (x €1.000)",
    ):
        short = [
            {(name if k == "Amount" else k): (f"{float(v) / 1000:.2f}" if k == "Amount" else v) for k, v in r.items()}
            for r in base
        ]
        yield file(f"amounts under {name}", short, can_be_known=False)
    k = [r | {"Amount": f"{float(r['Amount']) / 1000:.4f}k"} for r in base]
    yield file("amounts with k", k)
    merged = [
        *base,
        *(
            r
            | {
                "Deal ID": r["Deal ID"] + "m",
                "Deal Name": r["Deal Name"] + " old",
                "Deal Stage": "Merged",
                "Close Date": "",
            }
            for r in base[:4]
        ),
    ]
    yield file(
        "merged deals",
        merged,
        other={
            *truth(),
            *(
                (f"{n} old", "void", a, c, None)
                for n, _, a, c, _ in truth()
                if n in ("Déal 0", "Déal 1", "Déal 2", "Déal 3")
            ),
        },
    )
    dup = [
        *base,
        *(
            r | {"Deal ID": r["Deal ID"] + "m", "Deal Name": r["Deal Name"] + " old", "Deal Stage": "Duplicate"}
            for r in base[:4]
        ),
    ]
    yield file(
        "duplicates by stage",
        dup,
        other={
            *truth(),
            *(
                (f"{n} old", "void", a, c, e)
                for n, _, a, c, e in truth()
                if n in ("Déal 0", "Déal 1", "Déal 2", "Déal 3")
            ),
        },
    )
    renew = [r | {"Pipeline": "Renewals" if i % 4 == 0 else "Sales"} for i, r in enumerate(base)]
    yield file("a pipeline of renewals", renew)
    offs = [
        r
        | {
            "Create Date": f"{d['created'] + timedelta(hours=2):%Y-%m-%dT%H:%M:%S}+02:00",
            "Close Date": f"{d['close'] + timedelta(hours=2):%Y-%m-%dT%H:%M:%S}+02:00"
            if d["outcome"] != "open"
            else "",
        }
        for r, d in zip(base, _deals(), strict=True)
    ]
    yield file("offsets", offs)
    yield file(
        "excel serial days",
        [
            r
            | {
                "Create Date": f"{(d['created'] - datetime.fromisoformat('1899-12-30')).total_seconds() / 86400:.6f}",
                "Close Date": f"{(d['close'] - datetime.fromisoformat('1899-12-30')).total_seconds() / 86400:.6f}"
                if d["outcome"] != "open"
                else "",
            }
            for r, d in zip(base, _deals(), strict=True)
        ],
    )
    yield file("no name, no id", [{k: v for k, v in r.items() if k != "Deal ID"} for r in base])
    wl = [
        {k: v for k, v in r.items() if k not in ("Deal Stage", "Closed Lost Reason")} | {"W/L": pick(d, "W", "L", "")}
        for r, d in zip(base, _deals(), strict=True)
    ]
    yield file("W/L column", wl, can_be_known=False)
    for name, words in (
        ("Result", ("Won", "Lost", "")),
        ("Status", ("Won", "Lost", "")),
        ("Outcome", ("Gewonnen", "Verloren", "")),
        ("Uitslag", ("gewonnen", "verloren", "-")),
    ):
        some = [
            {k: v for k, v in r.items() if k != "W/L"} | {name: pick(d, *words)}
            for r, d in zip(wl, _deals(), strict=True)
        ]
        yield file(f"{name} of ends only", some)
        yield file(
            f"{name} of ends only, open ones with a day",
            [r | {"Close Date": r["Close Date"] or "2026-07-01 00:00"} for r in some],
            can_be_known=False,
        )
        yield file(
            f"{name} of ends only beside a stage", [r | {"Stage": ("Demo", "Offer")[i % 2]} for i, r in enumerate(some)]
        )
    wl = [
        {k: v for k, v in r.items() if k not in ("Deal Stage", "Closed Lost Reason")}
        | {"Won?": pick(d, "Yes", "No", "")}
        for r, d in zip(base, _deals(), strict=True)
    ]
    yield file("Won? yes, no, blank", wl)
    for name in ("Is Won", "Gewonnen", "Is Lost"):
        yield file(
            f"{name} alone",
            [
                {k: v for k, v in r.items() if k != "Won?"}
                | {name: "Yes" if d["outcome"] == ("lost" if "Lost" in name else "won") else "No"}
                for r, d in zip(wl, _deals(), strict=True)
            ],
            can_be_known=False,
        )
    wl = [
        {k: v for k, v in r.items() if k not in ("Deal Stage", "Closed Lost Reason")}
        | {"Result": pick(d, "1", "0", "")}
        for r, d in zip(base, _deals(), strict=True)
    ]
    yield file("Result 1, 0, blank", wl, can_be_known=False)
    wl = [
        {k: v for k, v in r.items() if k not in ("Deal Stage", "Closed Lost Reason")}
        | {
            "Won date": r["Close Date"] if d["outcome"] == "won" else "",
            "Lost date": r["Close Date"] if d["outcome"] == "lost" else "",
        }
        for r, d in zip(base, _deals(), strict=True)
    ]
    yield file(
        "dates of ends only", [{k: v for k, v in r.items() if k != "Close Date"} for r in wl], can_be_known=False
    )
    unsure = (
        "Won - pending signature",
        "Mogelijk verloren",
        "Almost won",
        "Waarschijnlijk gewonnen",
        "Lost? to be confirmed",
        "Won (awaiting PO)",
    )
    for go in ("On hold", "Nurture", "Stalled", "Verbal yes", "Not lost yet", *unsure):
        yield file(
            f"open is called {go}",
            can_be_known=go not in unsure,
            rows=[
                r | {"Deal Stage": go if d["outcome"] == "open" else r["Deal Stage"]}
                for r, d in zip(base, _deals(), strict=True)
            ],
        )
    for lost in (
        "Disqualified",
        "No response",
        "Duplicate",
        "Unqualified",
        "Closed",
        "Niet doorgegaan",
        "Vervallen",
        "Archived",
        "Kein Interesse",
        "Went dark",
        "Afgevallen",
        "Churned",
        "Concurrent gekozen",
    ):
        yield file(
            f"lost is called {lost}",
            [
                r | {"Deal Stage": lost if d["outcome"] == "lost" else r["Deal Stage"], "Closed Lost Reason": ""}
                for r, d in zip(base, _deals(), strict=True)
            ],
            can_be_known=False,
        )
    for won in (
        "Completed",
        "Invoiced",
        "Converted",
        "Customer",
        "Klant",
        "Order",
        "Contract signed",
        "Gefactureerd",
        "Opdracht",
        "Live",
        "Delivered",
        "Closed",
        "PO received",
    ):
        yield file(
            f"won is called {won}",
            [
                r | {"Deal Stage": won if d["outcome"] == "won" else r["Deal Stage"]}
                for r, d in zip(base, _deals(), strict=True)
            ],
            can_be_known=False,
        )


def histories() -> Iterator[Habit]:
    base = plain()
    mid = [(d["created"], d["created"] + (d["close"] - d["created"]) / 3) for d in _deals()]
    log = []
    for r, d, (a, b) in zip(base, _deals(), mid, strict=True):
        if d["outcome"] == "open":
            b = a + timedelta(days=2)
        log += [
            (r["Deal ID"], "", "Appointment Scheduled", a),
            (r["Deal ID"], "Appointment Scheduled", "Contract Sent", b),
        ]
        if d["outcome"] != "open":
            log.append((r["Deal ID"], "Contract Sent", d["stage"], d["close"]))
    base = [
        r | {"Deal Stage": r["Deal Stage"] if d["outcome"] != "open" else "Contract Sent"}
        for r, d in zip(base, _deals(), strict=True)
    ]
    hist = [
        {
            "Deal ID": i,
            "Old Value": f,
            "New Value": t,
            "Field": "Stage",
            "Edit Date": f"{at:%Y-%m-%d %H:%M:%S}",
            "Edited By": "x",
        }
        for i, f, t, at in log
    ]
    yield files("deals and their changes", {"deals.csv": base, "history.csv": hist})
    same = [h for r in hist for h in (r, r | {"Field": "Probability", "Old Value": "10", "New Value": "20"})]
    yield files("changes with others in the same second", {"deals.csv": base, "history.csv": same})
    # reopened: the last of the won ones goes on
    re = [{"Deal ID": i, "Stage": t, "Changed at": f"{at:%Y-%m-%d %H:%M:%S}"} for i, f, t, at in log]
    i0 = base[0]["Deal ID"]
    d0 = _deals()[0]
    re += [
        {"Deal ID": i0, "Stage": "Contract Sent", "Changed at": f"{d0['close'] + timedelta(days=3):%Y-%m-%d %H:%M:%S}"}
    ]
    back = [r | {"Deal Stage": "Contract Sent", "Close Date": ""} if k == 0 else r for k, r in enumerate(base)]
    meant = {(n, "open" if n == "Déal 0" else o, a, c, None if n == "Déal 0" else e) for n, o, a, c, e in truth()}
    yield files("reopened", {"deals.csv": back, "stages.csv": re}, other=meant)


HABITS = [
    habit
    for kind in (
        odoo,
        erpnext,
        zoho,
        freshsales,
        copper,
        close,
        suite,
        boards,
        associations,
        grouped,
        parts,
        sheets,
        oddities,
        histories,
    )
    for habit in kind()
]
