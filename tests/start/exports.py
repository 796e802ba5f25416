"""Forty deals, written as four CRMs export them, in English and Dutch, and as anybody might.

Deal ``i`` begins ``3 i`` days after 3 January 2026; of five deals two are won, two lost and one is open; an open one
has an expected close date in the future, which HubSpot and Salesforce keep in the same column as the real one.
"""

import csv
from datetime import datetime, timedelta
from pathlib import Path

N = 40
#: won: i of 0 or 3, lost: 1 or 4, open: 2 modulo 5
OUTCOMES = ("won", "lost", "open", "won", "lost")
COUNTS = {"won": 16, "lost": 16, "open": 8}
#: 40 x 1,000 + 250.5 x (0 + 1 + … + 39 = 780), and of the won ones 16 x 1,000 + 250.5 x (140 + 164 = 304)
AMOUNT, WON_AMOUNT = 235_390.0, 92_152.0
FIRST = datetime.fromisoformat("2026-01-03T09:00")
#: deal 38: begins 3 January + 114 days at 9 + 38 mod 8 = 15 h, 38 x 7 = 266 mod 60 = 26 min; ends 10 + 38 mod 13 = 22
#: days and 2 hours later
LAST = datetime.fromisoformat("2026-05-19T17:26")
OWNERS = ("Anna de Boer", "Björn Smit", "Chantal Peeters", "Daan Visser")
TEAMS = ("Noord", "Noord", "Zuid", "Zuid")
EN = ("Appointment Scheduled", "Qualified To Buy", "Contract Sent", "Closed Won", "Closed Lost")
NL = ("Afspraak gepland", "Presentatie gepland", "Contract verzonden", "Gesloten gewonnen", "Gesloten verloren")


def deals(stages=EN) -> list[dict]:
    """The forty deals as values; ``close`` is when a closed one ended and when an open one is expected to."""
    rows = []
    for i in range(N):
        outcome = OUTCOMES[i % 5]
        created = FIRST + timedelta(days=3 * i, hours=i % 8, minutes=7 * i % 60)
        ended = created + timedelta(days=10 + i % 13, hours=2)
        close = datetime.fromisoformat("2026-06-01") + timedelta(days=i) if outcome == "open" else ended
        stage = {"won": stages[3], "lost": stages[4], "open": stages[i % 3]}[outcome]
        rows.append(
            {
                "id": 90_000_000_000 + 37 * i, "name": f"Déal {i}", "stage": stage, "outcome": outcome,
                "amount": 1000 + 250.5 * i, "created": created, "close": close, "owner": OWNERS[i % 4],
                "team": TEAMS[i % 4], "company": f"Bedrijf {i % 11}", "reason": "Prijs" if outcome == "lost" else "",
                "source": ("Organic Search", "Direct Traffic")[i % 2],
            }
        )  # fmt: skip
    return rows


def write(path: Path, rows: list[dict], *, delimiter=",", encoding="utf-8", below=()) -> Path:
    """Rows as a delimited file, with lines below it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding=encoding) as file:
        writer = csv.DictWriter(file, rows[0].keys(), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
        file.writelines(f"{line}\r\n" for line in below)
    return path


def dutch(amount: float) -> str:
    """``1.250,50``."""
    return f"{amount:,.2f}".translate(str.maketrans(",.", ".,"))


def hubspot_en(folder: Path) -> list[Path]:
    rows = [
        {
            "Record ID": d["id"], "Deal Name": d["name"], "Deal Stage": d["stage"], "Pipeline": "Sales Pipeline",
            "Amount": d["amount"], "Currency": "EUR", "Deal owner": d["owner"], "HubSpot Team": d["team"],
            "Close Date": f"{d['close']:%Y-%m-%d %H:%M}", "Create Date": f"{d['created']:%Y-%m-%d %H:%M}",
            "Last Activity Date": "2026-05-19 18:00", "Associated Company": d["company"],
            "Closed Lost Reason": d["reason"], "Original Traffic Source": d["source"],
        }
        for d in deals()
    ]  # fmt: skip
    return [write(folder / "hubspot-crm-exports-all-deals.csv", rows)]


def hubspot_nl(folder: Path) -> list[Path]:
    rows = [
        {
            "Record-ID": d["id"], "Dealnaam": d["name"], "Dealfase": d["stage"], "Pijplijn": "Verkooppijplijn",
            "Bedrag": dutch(d["amount"]), "Valuta": "EUR", "Dealeigenaar": d["owner"], "HubSpot-team": d["team"],
            "Sluitingsdatum": f"{d['close']:%d-%m-%Y %H:%M}", "Aanmaakdatum": f"{d['created']:%d-%m-%Y %H:%M}",
            "Gekoppeld bedrijf": d["company"], "Reden gesloten verloren": d["reason"],
            "Oorspronkelijke bron van verkeer": d["source"],
        }
        for d in deals(NL)
    ]  # fmt: skip
    return [write(folder / "hubspot-alle-deals.csv", rows, delimiter=";", encoding="cp1252")]


def salesforce_en(folder: Path) -> list[Path]:
    """A report as its users export it: days only, month first, with notes below the table."""
    rows = [
        {
            "Opportunity Owner": d["owner"], "Account Name": d["company"], "Opportunity Name": d["name"],
            "Stage": d["stage"], "Amount": f"{d['amount']:.2f}", "Amount Currency": "EUR",
            "Probability (%)": {"won": 100, "lost": 0, "open": 40}[d["outcome"]],
            "Close Date": f"{d['close']:%-m/%-d/%Y}", "Created Date": f"{d['created']:%-m/%-d/%Y}", "Age": 20,
            "Fiscal Period": "Q1-2026", "Lead Source": d["source"], "Type": "New Business",
            "Opportunity ID": f"0065e{d['id'] % 10**10:010}",
        }
        for d in deals()
    ]  # fmt: skip
    below = [
        "",
        '"All opportunities"',
        '"Copyright (c) 2000-2026 salesforce.com, inc. All rights reserved."',
        '"Confidential Information - Do Not Distribute"',
        '"Generated By:  Anna de Boer  5/20/2026 9:00 AM"',
    ]
    return [write(folder / "report1779270000000.csv", rows, below=below)]


def salesforce_nl(folder: Path) -> list[Path]:
    stages = ("Prospectie", "Kwalificatie", "Voorstel", "Gesloten en gewonnen", "Gesloten en verloren")
    rows = [
        {
            "Eigenaar opportunity": d["owner"], "Accountnaam": d["company"], "Naam opportunity": d["name"],
            "Fase": d["stage"], "Bedrag": dutch(d["amount"]), "Opportunityvaluta": "EUR",
            "Waarschijnlijkheid (%)": {"won": 100, "lost": 0, "open": 40}[d["outcome"]],
            "Sluitingsdatum": f"{d['close']:%-d-%-m-%Y}", "Aanmaakdatum": f"{d['created']:%-d-%-m-%Y}",
            "Leadbron": d["source"], "Type": "Nieuw", "Opportunity-ID": f"0065e{d['id'] % 10**10:010}",
        }
        for d in deals(stages)
    ]  # fmt: skip
    return [write(folder / "rapport.csv", rows, delimiter=";", encoding="utf-8-sig")]


def salesforce_api(folder: Path) -> list[Path]:
    """Opportunity and OpportunityHistory by their API names: a history row a stage, and one more at the same stage."""
    stages = ("Prospecting", "Qualification", "Proposal/Price Quote", "Closed Won", "Closed Lost")
    rows, history = [], []
    for i, d in enumerate(deals(stages)):
        ident = f"0065e{d['id'] % 10**10:010}AAB"
        rows.append(
            {
                "Id": ident, "AccountId": f"0015e00000{i % 11:05}AAA", "Name": d["name"], "StageName": d["stage"],
                "Amount": d["amount"], "Probability": 50, "CloseDate": f"{d['close']:%Y-%m-%d}", "Type": "New Business",
                "LeadSource": d["source"], "IsClosed": d["outcome"] != "open", "IsWon": d["outcome"] == "won",
                "OwnerId": f"0055e00000{i % 4:05}AAA", "CreatedDate": f"{d['created']:%Y-%m-%dT%H:%M:%S}.000+0000",
                "CurrencyIsoCode": "EUR",
            }
        )  # fmt: skip
        path = [stages[k] for k in range(i % 3 + 1)] + ([d["stage"]] if d["outcome"] != "open" else [])
        ended = d["close"] if d["outcome"] != "open" else d["created"] + timedelta(days=9)
        moments = [d["created"] + (ended - d["created"]) * k / len(path) for k in range(len(path))]
        if d["outcome"] != "open":
            moments[-1] = ended
        for k, (stage, at) in enumerate(zip(path, moments, strict=True)):
            history.append(
                {
                    "Id": f"0085e{i:05}{k:05}AAA", "OpportunityId": ident, "CreatedById": "0055e0000000001AAA",
                    "CreatedDate": f"{at:%Y-%m-%dT%H:%M:%S}.000+0000", "StageName": stage, "Amount": d["amount"],
                    "ExpectedRevenue": d["amount"], "CloseDate": f"{d['close']:%Y-%m-%d}", "Probability": 50,
                    "IsDeleted": False,
                }
            )  # fmt: skip
    return [write(folder / "Opportunity.csv", rows), write(folder / "OpportunityHistory.csv", history)]


_PIPEDRIVE = ("Qualified", "Contact Made", "Proposal Made")


def pipedrive_en(folder: Path) -> list[Path]:
    rows = [
        {
            "Deal - ID": i + 1, "Deal - Title": d["name"], "Deal - Stage": _PIPEDRIVE[i % 3],
            "Deal - Pipeline": "Pipeline", "Deal - Status": d["outcome"].capitalize(), "Deal - Value": d["amount"],
            "Deal - Currency of Value": "EUR", "Deal - Owner": d["owner"], "Deal - Organization": d["company"],
            "Deal - Deal created": f"{d['created']:%Y-%m-%d %H:%M:%S}",
            "Deal - Expected close date": f"{d['close']:%Y-%m-%d}" if d["outcome"] == "open" else "",
            "Deal - Won time": f"{d['close']:%Y-%m-%d %H:%M:%S}" if d["outcome"] == "won" else "",
            "Deal - Lost time": f"{d['close']:%Y-%m-%d %H:%M:%S}" if d["outcome"] == "lost" else "",
            "Deal - Deal closed on": f"{d['close']:%Y-%m-%d %H:%M:%S}" if d["outcome"] != "open" else "",
            "Deal - Lost reason": d["reason"],
        }
        for i, d in enumerate(deals())
    ]  # fmt: skip
    return [write(folder / "deals-1234567-1.csv", rows)]


def pipedrive_nl(folder: Path) -> list[Path]:
    words = {"open": "Open", "won": "Gewonnen", "lost": "Verloren"}
    rows = [
        {
            "Deal - ID": i + 1, "Deal - Titel": d["name"], "Deal - Fase": ("Nieuw", "Contact", "Offerte")[i % 3],
            "Deal - Pijplijn": "Pijplijn", "Deal - Status": words[d["outcome"]], "Deal - Waarde": dutch(d["amount"]),
            "Deal - Valuta van waarde": "EUR", "Deal - Eigenaar": d["owner"], "Deal - Organisatie": d["company"],
            "Deal - Deal aangemaakt": f"{d['created']:%d-%m-%Y %H:%M}",
            "Deal - Verwachte sluitdatum": f"{d['close']:%d-%m-%Y}" if d["outcome"] == "open" else "",
            "Deal - Deal gesloten op": f"{d['close']:%d-%m-%Y %H:%M}" if d["outcome"] != "open" else "",
            "Deal - Reden verloren": d["reason"],
        }
        for i, d in enumerate(deals())
    ]  # fmt: skip
    return [write(folder / "deals-nl.csv", rows, delimiter=";")]


def dynamics_en(folder: Path) -> list[Path]:
    """A list of opportunities as its users take it to Excel: three columns first that nobody may change."""
    rows = [
        {
            "(Do Not Modify) Opportunity": f"7d9c1b2e-0000-4000-8000-{d['id']:012}",
            "(Do Not Modify) Row Checksum": "x==", "(Do Not Modify) Modified On": "",
            "Topic": d["name"], "Potential Customer": d["company"],
            "Pipeline Phase": ("1-Qualify", "2-Develop", "3-Propose")[i % 3], "Status": d["outcome"].capitalize(),
            "Est. revenue": d["amount"], "Currency": "EUR", "Owner": d["owner"], "Probability": 40,
            "Created On": f"{d['created']:%Y-%m-%d %H:%M}", "Est. close date": f"{d['close']:%Y-%m-%d}",
            "Actual Close Date": f"{d['close']:%Y-%m-%d %H:%M}" if d["outcome"] != "open" else "",
        }
        for i, d in enumerate(deals())
    ]  # fmt: skip
    return [write(folder / "My Open Opportunities.csv", rows)]


def anything(folder: Path) -> list[Path]:
    """A sheet that somebody keeps by hand: no header is known, the customer stands in it, amounts carry a sign."""
    words = {"open": "Loopt nog", "won": "Gewonnen", "lost": "Verloren"}
    rows = [
        {
            "Wie": d["company"], "Nummer": f"K-{i:03}", "Hoe staat het": words[d["outcome"]],
            "Hoeveel": f"€ {dutch(d['amount'])}", "Begonnen": f"{d['created']:%d/%m/%Y}",
            "Afgelopen": f"{d['close']:%d/%m/%Y}" if d["outcome"] != "open" else "",
        }
        for i, d in enumerate(deals())
    ]  # fmt: skip
    return [write(folder / "lijstje.csv", rows, delimiter=";")]


EXPORTS = {
    f.__name__: f
    for f in (
        hubspot_en,
        hubspot_nl,
        salesforce_en,
        salesforce_nl,
        salesforce_api,
        pipedrive_en,
        pipedrive_nl,
        dynamics_en,
        anything,
    )
}
