"""Small deal books of our own for tests of the outside: written as CSV, so that every door is walked through."""

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

AS_OF = datetime(2026, 7, 1, 9, tzinfo=UTC)
STAGES = ("First talk", "Written offer")
SETTINGS = '[settings]\ntime_zone = "Europe/Amsterdam"\nfiscal_year_starts = 4\ncurrency = "EUR"\n'


def _text(instant):
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def _write(path: Path, rows: list[dict]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


def write_book(
    folder: Path, teams: dict[str, tuple[int, int]], *, slower: int = 0, stages=STAGES, settings=SETTINGS
) -> Path:
    """A book of two stages and two years.

    ``teams`` gives each team's number of deals and of people. Deals begin at equal distances; the first stage takes 3
    to 9 days, the second 10 to 20, and ``slower`` days more when entered from April 2026 on. Of three deals one is won,
    one lost, one lost in the first stage; whatever lies beyond 1 July 2026 is still open. A team of fewer than ten
    deals has them all in the last hundred days.
    """
    folder.mkdir(parents=True)
    (folder / "kpikit.toml").write_text(settings, encoding="utf-8")
    deals, events, number = [], [], 0
    for team, (n_deals, n_people) in teams.items():
        for i in range(n_deals):
            number += 1
            days = 700 if n_deals >= 10 else 100
            created = AS_OF - timedelta(days=days - (days - 10) * i / n_deals, hours=number % 5)
            offered = created + timedelta(days=3 + i % 7)
            stays = 10 + i % 11 + (slower if offered >= datetime(2026, 4, 1, tzinfo=UTC) else 0)
            outcome, ended = (
                ("lost", offered) if i % 3 == 2 else (("won", "lost")[i % 3], offered + timedelta(days=stays))
            )
            if ended > AS_OF:
                outcome, ended = "open", None
            deal = f"D{number:04}"
            deals.append(
                {
                    "deal_id": deal, "team": team, "owner": f"{team}-{i % n_people}", "pipeline": "New",
                    "amount": 1000 + 100 * (i % 9), "currency": "EUR", "created_at": _text(created), "outcome": outcome,
                    "outcome_at": _text(ended) if ended else "",
                }
            )  # fmt: skip
            events.append({"deal_id": deal, "stage": stages[0], "entered_at": _text(created), "seq": 1})
            if i % 3 != 2 and offered <= AS_OF:
                events.append({"deal_id": deal, "stage": stages[1], "entered_at": _text(offered), "seq": 2})
    # one long-open deal fixes the instant up to which the book speaks
    deals[-1] |= {"outcome": "open", "outcome_at": "", "created_at": _text(AS_OF - timedelta(days=1))}
    events = [e for e in events if e["deal_id"] != deals[-1]["deal_id"]]
    events.append({"deal_id": deals[-1]["deal_id"], "stage": stages[0], "entered_at": _text(AS_OF), "seq": 1})
    _write(folder / "deals.csv", deals)
    _write(folder / "stage_events.csv", events)
    _write(folder / "stages.csv", [{"pipeline": "New", "stage": s, "position": i} for i, s in enumerate(stages, 1)])
    return folder
