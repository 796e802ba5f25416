"""Boards, reports, several files and workbooks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

from tests.start import exports
from tests.start.faulty import truth
from tests.start.habits.base import Habit, Rows, day, deals, file, files, pick, plain, text


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
                for d in deals()
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
            for d in deals()
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
        for i, d in enumerate(deals())
    ]
    yield file("trello", rows)


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
            f"{names[k]}.csv": [r for r, d in zip(bare, deals(), strict=True) if d["outcome"] == o]
            for k, o in enumerate(("won", "lost", "open"))
        }
        yield files(f"files {names[0]}", split, can_be_known=False)
    stage = [
        {k: v for k, v in r.items() if k != "Closed Lost Reason"} | {"Deal Stage": ("Demo", "Offer")[i % 2]}
        for i, r in enumerate(plain())
    ]
    split = {
        f"{o}.csv": [r for r, d in zip(stage, deals(), strict=True) if d["outcome"] == o]
        for o in ("won", "lost", "open")
    }
    yield files("files won with last stages", split, can_be_known=False)
    won = [r for r, d in zip(plain(), deals(), strict=True) if d["outcome"] == "won"]
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
    by = {o: [r for r, d in zip(bare, deals(), strict=True) if d["outcome"] == o] for o in ("won", "lost", "open")}
    yield Habit(
        "sheets won, lost, open",
        book({"Gewonnen": by["won"], "Verloren": by["lost"], "Open": by["open"]}),
        can_be_known=False,
    )
    full = {o: [r for r, d in zip(plain(), deals(), strict=True) if d["outcome"] == o] for o in ("won", "lost", "open")}
    yield Habit(
        "sheets won, lost, open with stage",
        book({"Gewonnen": full["won"], "Verloren": full["lost"], "Open": full["open"]}),
    )
    totals = [*plain(), dict.fromkeys(plain()[0], "") | {"Deal ID": "Totaal", "Amount": "235390"}]
    yield Habit("a sheet and its total", book({"Deals": totals, "Toelichting": [{"Kolom": "Amount", "Uitleg": "x"}]}))


def histories() -> Iterator[Habit]:
    base = plain()
    mid = [(d["created"], d["created"] + (d["close"] - d["created"]) / 3) for d in deals()]
    log = []
    for r, d, (a, b) in zip(base, deals(), mid, strict=True):
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
        for r, d in zip(base, deals(), strict=True)
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
    d0 = deals()[0]
    re += [
        {"Deal ID": i0, "Stage": "Contract Sent", "Changed at": f"{d0['close'] + timedelta(days=3):%Y-%m-%d %H:%M:%S}"}
    ]
    back = [r | {"Deal Stage": "Contract Sent", "Close Date": ""} if k == 0 else r for k, r in enumerate(base)]
    meant = {(n, "open" if n == "Déal 0" else o, a, c, None if n == "Déal 0" else e) for n, o, a, c, e in truth()}
    yield files("reopened", {"deals.csv": back, "stages.csv": re}, other=meant)
