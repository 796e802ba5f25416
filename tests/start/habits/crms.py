"""Exports of CRMs that have no file of their own in kpikit."""

from __future__ import annotations

from collections.abc import Iterator

from tests.start.habits.base import Habit, day, deals, file, files, pick


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
            for i, d in enumerate(deals())
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
        for i, d in enumerate(deals())
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
        for i, d in enumerate(deals())
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
            for i, d in enumerate(deals())
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
        for i, d in enumerate(deals())
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
        for i, d in enumerate(deals())
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
        for i, d in enumerate(deals())
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
        for i, d in enumerate(deals())
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
