"""Further habits: notations, ids, stages, days, files that follow one another."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tests.start import exports
from tests.start.faulty import truth
from tests.start.habits.base import Habit, day, deals, file, files, pick, plain


def more() -> Iterator[Habit]:
    base = plain()
    ds = deals()
    # mixed: dates
    mixed = [
        r | {"Create Date": day(d, "created", "%d/%m/%Y" if i % 2 else "%m/%d/%Y")}
        for i, (r, d) in enumerate(zip(base, ds, strict=True))
    ]
    yield file("two orders of days in one column", mixed, can_be_known=False)
    us = [
        r | {"Create Date": day(d, "created", "%m/%d/%y"), "Close Date": day(d, "close", "%m/%d/%y")}
        for r, d in zip(base, ds, strict=True)
    ]
    yield file("us short years", us)
    early = [
        r | {"Create Date": f"{(d['created'].day - 1) % 12 + 1:02}/{d['created'].month:02}/2026", "Close Date": ""}
        for r, d in zip(base, ds, strict=True)
    ]
    yield file("days up to twelve only", early, can_be_known=False)
    # owners, currency
    nodec = [
        r | {"Amount": f"{d['amount']:,.2f}".replace(",", "X").replace(".", ",").replace("X", ".")}
        for r, d in zip(base, ds, strict=True)
    ]
    yield file("dutch amounts under English headings", nodec)
    mix = [
        r | {"Amount": (f"{d['amount']:,.2f}" if i % 2 else f"{d['amount']:,.2f}".translate(str.maketrans(",.", ".,")))}
        for i, (r, d) in enumerate(zip(base, ds, strict=True))
    ]
    yield file("two notations of amounts in one column", mix, can_be_known=False)
    eur = [r | {"Amount": f"{d['amount']:.2f} EUR"} for r, d in zip(base, ds, strict=True)]
    yield file("amount EUR", eur)
    # ids
    sci = [r | {"Deal ID": f"{9.0e10 + (i // 4):.1E}"} for i, r in enumerate(base)]
    yield file("ids as powers of ten", sci, can_be_known=False)
    num = [r | {"Deal ID": f"{i + 1:,}"} for i, r in enumerate(base)]
    yield file("ids with separators", num)
    noid = [
        {k: v for k, v in r.items() if k != "Deal ID"} | {"Deal Name": f"Deal {i % 20}"} for i, r in enumerate(base)
    ]
    t = {(f"Deal {int(n[5:]) % 20}", o, a, c, e) for n, o, a, c, e in truth()}
    yield file("no id and names that repeat", noid, can_be_known=False, other=t)
    # salesforce 15-char ids that differ in case
    sf = [
        {("Opportunity ID" if k == "Deal ID" else k): v for k, v in r.items()}
        | {"Opportunity ID": f"0065e0000{'aA'[i % 2]}{i // 2:05}"}
        for i, r in enumerate(base)
    ]
    yield file("ids that differ in case", sf)
    # stage order prefix
    pre = [
        r
        | {
            "Deal Stage": {
                "Appointment Scheduled": "1. Intake",
                "Qualified To Buy": "2. Demo",
                "Contract Sent": "3. Offerte",
                "Closed Won": "5. Gewonnen",
                "Closed Lost": "6. Verloren",
            }[r["Deal Stage"]]
        }
        for r in base
    ]
    yield file("stages with numbers", pre)
    emo = [
        r | {"Deal Stage": {"Closed Won": "🎉 Won", "Closed Lost": "❌ Lost"}.get(r["Deal Stage"], r["Deal Stage"])}
        for r in base
    ]
    yield file("stages with pictures", emo)
    pct = [
        r
        | {
            "Deal Stage": {
                "Appointment Scheduled": "Intake - 10%",
                "Qualified To Buy": "Demo - 20%",
                "Contract Sent": "Offer - 60%",
                "Closed Won": "Won - 100%",
                "Closed Lost": "Lost - 0%",
            }[r["Deal Stage"]]
        }
        for r in base
    ]
    yield file("stages with chances", pct)
    pcto = [
        r
        | {
            "Deal Stage": {
                "Appointment Scheduled": "10%",
                "Qualified To Buy": "20%",
                "Contract Sent": "60%",
                "Closed Won": "100%",
                "Closed Lost": "0%",
            }[r["Deal Stage"]],
            "Closed Lost Reason": "",
        }
        for r in base
    ]
    yield file("stages that are chances", pcto, can_be_known=False)
    ids = [
        r
        | {
            "Deal Stage": {
                "Appointment Scheduled": "128001",
                "Qualified To Buy": "128002",
                "Contract Sent": "128003",
                "Closed Won": "128004",
                "Closed Lost": "128005",
            }[r["Deal Stage"]],
            "Closed Lost Reason": "",
        }
        for r in base
    ]
    yield file("stages by number", ids, can_be_known=False)
    lst = [
        {
            "stage_id": 128001 + k,
            "label": s,
            "display_order": k,
            "probability": p,
            "is_closed": str(p in (0, 1)).lower(),
            "pipeline_id": "default",
        }
        for k, (s, p) in enumerate(zip(exports.EN, (0.1, 0.3, 0.6, 1, 0), strict=True))
    ]
    yield files("stages by number and their list", {"deal.csv": ids, "deal_pipeline_stage.csv": lst})
    two = [
        r
        | {
            "Deal Stage": {"Closed Won": "Fase A", "Closed Lost": "Fase B"}.get(r["Deal Stage"], r["Deal Stage"]),
            "Closed Lost Reason": "",
            "Deal Status": pick(d, "Gewonnen", "Verloren", "Open"),
        }
        for r, d in zip(base, ds, strict=True)
    ]
    yield file("status and stage of other words", two)
    typ = [r | {"Deal Type": ("Won back", "New", "Lost customer")[i % 3]} for i, r in enumerate(base)]
    yield file("a type with words of ends", typ)
    st = [
        {k: v for k, v in r.items() if k not in ("Deal Stage", "Closed Lost Reason")}
        | {"Status": ("Active", "Inactive")[i % 2], "Phase": r["Deal Stage"]}
        for i, r in enumerate(base)
    ]
    yield file("a status that is another thing", st)
    st = [
        {k: v for k, v in r.items() if k not in ("Deal Stage", "Closed Lost Reason")}
        | {"Status": pick(d, "Closed", "Closed", "Open"), "Stage": r["Deal Stage"]}
        for r, d in zip(base, ds, strict=True)
    ]
    yield file("status open or closed beside the stage", st)
    st = [
        {k: v for k, v in r.items() if k not in ("Deal Stage", "Closed Lost Reason")}
        | {"State": pick(d, "Won", "Canceled", "Open"), "Status Reason": pick(d, "Won", "Out-Sold", "In Progress")}
        for r, d in zip(base, ds, strict=True)
    ]
    yield file("dynamics state and reason", st)
    wl = [
        {k: v for k, v in r.items() if k != "Close Date"}
        | {
            "Won Date": r["Close Date"] if d["outcome"] == "won" else "",
            "Lost Date": r["Close Date"] if d["outcome"] == "lost" else "",
        }
        for r, d in zip(base, ds, strict=True)
    ]
    yield file("a won and a lost date beside the stage", wl)
    wl = [
        {k: v for k, v in r.items() if k != "Close Date"}
        | {
            "Datum gewonnen": r["Close Date"] if d["outcome"] == "won" else "",
            "Datum verloren": r["Close Date"] if d["outcome"] == "lost" else "",
        }
        for r, d in zip(base, ds, strict=True)
    ]
    yield file("Datum gewonnen, Datum verloren", wl)
    mod = [
        {k: v for k, v in r.items() if k != "Create Date"}
        | {"Last Modified Date": "2026-05-25 10:00", "First Seen": r["Create Date"]}
        for r in base
    ]
    yield file("first seen, last modified", mod, can_be_known=False)
    stg = [
        r | {"Date entered stage": r["Create Date"], "Last activity": "2026-05-25", "Next step": "call"} for r in base
    ]
    yield file("more days", stg)
    won = [
        {k: v for k, v in r.items() if k != "Deal Stage"} | {"Deal Stage": "Closed Won"}
        for r, d in zip(base, ds, strict=True)
        if d["outcome"] == "won"
    ]
    lost = [r for r, d in zip(base, ds, strict=True) if d["outcome"] == "lost"]
    opn = [
        {k: v for k, v in r.items() if k != "Closed Lost Reason"}
        for r, d in zip(base, ds, strict=True)
        if d["outcome"] == "open"
    ]
    won = [{k: v for k, v in r.items() if k != "Closed Lost Reason"} for r in won]
    yield files(
        "three files, one with reasons",
        {"won deals.csv": won, "lost deals.csv": lost, "open deals.csv": opn},
        can_be_known=False,
    )
    yield files(
        "three files with stages",
        {f"{o}.csv": [r for r, d in zip(base, ds, strict=True) if d["outcome"] == o] for o in ("won", "lost", "open")},
    )
    opn2 = [
        {k: v for k, v in r.items() if k not in ("Closed Lost Reason", "Close Date", "Amount")}
        | {"Value": r["Amount"], "Created": r["Create Date"], "Stage": r["Deal Stage"]}
        for r in opn
    ]
    yield files(
        "closed deals and a pipeline of other headings",
        {
            "closed.csv": won + [{k: v for k, v in r.items() if k != "Closed Lost Reason"} for r in lost],
            "pipeline.csv": opn2,
        },
        can_be_known=False,
    )
    yield files("the same export twice", {"deals.csv": base, "deals copy.csv": base})
    newer = [
        r | ({"Deal Stage": "Closed Lost", "Close Date": "2026-05-30 10:00"} if d["outcome"] == "open" else {})
        for r, d in zip(base, ds, strict=True)
    ]
    meant = {
        (n, "lost" if o == "open" else o, a, c, e or datetime.fromisoformat("2026-05-30").date())
        for n, o, a, c, e in truth()
    }
    yield files(
        "an export and the next",
        {"deals 2026-05-20.csv": base, "deals 2026-06-01.csv": newer},
        other=meant,
        can_be_known=False,
    )
    yield files(
        "an export and the next, names the other way", {"z.csv": base, "a.csv": newer}, other=meant, can_be_known=False
    )
    nl = [r | {"Notes": 'He said "yes"\nand, then; no'} for r in base]
    yield file("notes of several lines", nl)
    html = [r | {"Deal Name": r["Deal Name"], "Description": "<p>Won &amp; lost</p>"} for r in base]
    yield file("html", html)
    zero = [r | {"Amount": "0" if i % 2 else r["Amount"]} for i, r in enumerate(base)]
    yield file("noughts", zero, other={(n, o, 0.0 if int(n[5:]) % 2 else a, c, e) for n, o, a, c, e in truth()})
    blank = [r | {"Amount": "" if i % 2 else r["Amount"]} for i, r in enumerate(base)]
    yield file("blank amounts", blank, other={(n, o, None if int(n[5:]) % 2 else a, c, e) for n, o, a, c, e in truth()})
    before = [
        r | ({"Create Date": r["Close Date"], "Close Date": r["Create Date"]} if r["Close Date"] else {}) for r in base
    ]
    yield file("dates that are swapped", before, can_be_known=False)
    swapped = [
        {("Close Date" if k == "Create Date" else "Create Date" if k == "Close Date" else k): v for k, v in r.items()}
        for r in base
    ]
    yield file("headings of dates swapped", swapped, can_be_known=False)
    quart = [r | {"Quarter": "Q1", "Year": "2026", "Month": "January"} for r in base]
    yield file("quarter, year, month beside", quart)
    tm = [
        r | {"Create Date": day(d, "created"), "Create Time": f"{d['created']:%H:%M}", "Close Date": day(d, "close")}
        for r, d in zip(base, ds, strict=True)
    ]
    yield file("a time of its own column", tm)
    tr = [{"Field": k, **{f"c{i}": r[k] for i, r in enumerate(base)}} for k in base[0]]
    yield file("turned on its side", tr, can_be_known=False)
    kb = [
        {
            s: next((r["Deal Name"] for i, r in enumerate(base) if r["Deal Stage"] == s and i // 3 == n), "")
            for s in exports.EN
        }
        for n in range(13)
    ]
    yield file("a column a stage", kb, can_be_known=False)
    kv = [{"Deal ID": r["Deal ID"], "Property": k, "Value": v} for r in base for k, v in r.items() if k != "Deal ID"]
    yield file("a row a property", kv, can_be_known=False)
    qte = [r | {"Quote": f"Q{n}", "Quote Status": ("Rejected", "Accepted")[n]} for r in base for n in range(2)]
    yield file("quotes of a deal", qte)
    splits = [r | {"Owner": o, "Split %": "50"} for r in base for o in exports.OWNERS[:2]]
    yield file("splits", splits, can_be_known=False)
    splitm = [
        r | {"Owner": o, "Split %": "50", "Amount": f"{float(r['Amount']) / 2:.2f}"}
        for r in base
        for o in exports.OWNERS[:2]
    ]
    yield file("splits of amounts", splitm, can_be_known=False)
    acts = [
        r | {"Activity": f"call {n}", "Activity date": f"2026-05-{n + 1:02}"}
        for i, r in enumerate(base)
        for n in range(i % 4 + 1)
    ]
    yield file("activities of a deal", acts)
    none = [
        r | {"Currency": ("EUR", "USD")[i % 2], "Amount in company currency": r["Amount"] if i % 2 == 0 else "0"}
        for i, r in enumerate(base)
    ]
    yield file("no rate for one currency", none)
