"""What stands in cells and headings: flags, days, sums, words of ends."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tests.start.faulty import truth
from tests.start.habits.base import Habit, day, deals, file, pick, plain, text


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
            for r, d in zip(base, deals(), strict=True)
        ]
        yield file(f"flags {yes}/{no}", rows, can_be_known=True)
    for scale in (1, 100):
        rows = [
            {k: v for k, v in r.items() if k not in ("Deal Stage", "Closed Lost Reason")}
            | {"Probability": pick(d, scale, 0, scale * 0.4)}
            for r, d in zip(base, deals(), strict=True)
        ]
        yield file(f"only a chance of 0 to {scale}", rows, can_be_known=False)
    filled = [
        r | {"Close Date": day(d, "close", "%Y-%m-%d %H:%M", open_too=True)} for r, d in zip(base, deals(), strict=True)
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
                for r, d in zip(base, deals(), strict=True)
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
                for r, d in zip(base, deals(), strict=True)
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
                for r, d in zip(base, deals(), strict=True)
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
        for r, d in zip(base, deals(), strict=True)
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
        for r, d in zip(base, deals(), strict=True)
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
            for r, d in zip(base, deals(), strict=True)
        ],
    )
    yield file("no name, no id", [{k: v for k, v in r.items() if k != "Deal ID"} for r in base])
    wl = [
        {k: v for k, v in r.items() if k not in ("Deal Stage", "Closed Lost Reason")} | {"W/L": pick(d, "W", "L", "")}
        for r, d in zip(base, deals(), strict=True)
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
            for r, d in zip(wl, deals(), strict=True)
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
        for r, d in zip(base, deals(), strict=True)
    ]
    yield file("Won? yes, no, blank", wl)
    for name in ("Is Won", "Gewonnen", "Is Lost"):
        yield file(
            f"{name} alone",
            [
                {k: v for k, v in r.items() if k != "Won?"}
                | {name: "Yes" if d["outcome"] == ("lost" if "Lost" in name else "won") else "No"}
                for r, d in zip(wl, deals(), strict=True)
            ],
            can_be_known=False,
        )
    wl = [
        {k: v for k, v in r.items() if k not in ("Deal Stage", "Closed Lost Reason")}
        | {"Result": pick(d, "1", "0", "")}
        for r, d in zip(base, deals(), strict=True)
    ]
    yield file("Result 1, 0, blank", wl, can_be_known=False)
    wl = [
        {k: v for k, v in r.items() if k not in ("Deal Stage", "Closed Lost Reason")}
        | {
            "Won date": r["Close Date"] if d["outcome"] == "won" else "",
            "Lost date": r["Close Date"] if d["outcome"] == "lost" else "",
        }
        for r, d in zip(base, deals(), strict=True)
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
                for r, d in zip(base, deals(), strict=True)
            ],
        )
    for lost in (
        "Disqualified",
        "No response",
        "Duplicate",
        "Unqualified",
        "Closed",
        "Niet doorgegaan",
        "Archived",
        "Concurrent gekozen",
    ):
        yield file(
            f"lost is called {lost}",
            [
                r | {"Deal Stage": lost if d["outcome"] == "lost" else r["Deal Stage"], "Closed Lost Reason": ""}
                for r, d in zip(base, deals(), strict=True)
            ],
            can_be_known=False,
        )
    for won in (
        "Completed",
        "Converted",
        "Klant",
        "Contract signed",
        "Opdracht",
        "Closed",
    ):
        yield file(
            f"won is called {won}",
            [
                r | {"Deal Stage": won if d["outcome"] == "won" else r["Deal Stage"]}
                for r, d in zip(base, deals(), strict=True)
            ],
            can_be_known=False,
        )
