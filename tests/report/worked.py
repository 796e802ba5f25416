"""The worked example of the methods as a deal book: 35 of 100 won, then 65 of 200, with both markets a little better.

First quarter of 2026: Enterprise 20 of 40, SMB 15 of 60. Second: Enterprise 11 of 20, SMB 54 of 180; of the 135 not
won 29 were set aside as unqualified (65 of 171 = 38 in 100 in a CRM that leaves them out). Six quarters of history, and
a new price list on 1 March 2025.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache

import polars as pl

from kpikit import DealBook, Settings

AS_OF = datetime(2026, 7, 1, 12, tzinfo=UTC)
BEFORE, NOW = "2026Q1", "2026Q2"
#: quarter: its first month, and for each segment won, lost, set aside
QUARTERS = {
    (2024, 7): {"Enterprise": (19, 21, 0), "SMB": (14, 46, 0)},
    (2024, 10): {"Enterprise": (21, 19, 0), "SMB": (15, 45, 0)},
    (2025, 1): {"Enterprise": (20, 20, 0), "SMB": (14, 46, 0)},
    (2025, 4): {"Enterprise": (21, 19, 0), "SMB": (16, 44, 0)},
    (2025, 7): {"Enterprise": (19, 21, 0), "SMB": (15, 45, 0)},
    (2025, 10): {"Enterprise": (21, 19, 0), "SMB": (15, 45, 0)},
    (2026, 1): {"Enterprise": (20, 20, 0), "SMB": (15, 45, 0)},
    (2026, 4): {"Enterprise": (11, 9, 0), "SMB": (54, 97, 29)},
}
AMOUNTS = {"Enterprise": 80_000.0, "SMB": 13_500.0}  # won in the last quarter: 11 * 80,000 + 54 * 13,500 = 1,609,000
REASONS = ("no decision", "price", "", "competitor", "timing")
STAGES = ("First talk", "Offer")


@cache
def book() -> DealBook:
    """The book."""
    deals, events = [], []
    for (year, month), segments in QUARTERS.items():
        first = datetime(year, month, 2, 10, tzinfo=UTC)
        for segment, counts in segments.items():
            for outcome, n in zip(("won", "lost", "void"), counts, strict=True):
                for i in range(n):
                    number = len(deals)
                    ended = first + timedelta(days=86 * i / max(n, 1))
                    begun = ended - timedelta(days=40 + number % 50)
                    reason = {"won": None, "lost": REASONS[i % 5] or None, "void": "unqualified"}[outcome]
                    deals.append(
                        {
                            "deal_id": f"W{number:04}", "pipeline": "New", "owner": f"P{number % 8}",
                            "segment": segment,
                            "amount": AMOUNTS[segment], "currency": "EUR", "created_at": begun, "outcome": outcome,
                            "outcome_at": ended, "loss_reason": reason,
                        }
                    )  # fmt: skip
                    events.append({"deal_id": f"W{number:04}", "stage": STAGES[0], "entered_at": begun, "seq": 1})
                    if i % 5 < 3 or outcome == "won":
                        offered = begun + (ended - begun) / 2
                        events.append({"deal_id": f"W{number:04}", "stage": STAGES[1], "entered_at": offered, "seq": 2})
    stages = pl.DataFrame({"pipeline": ["New"] * 2, "stage": list(STAGES), "position": [1, 2]})
    happenings = pl.DataFrame({"on": [date(2025, 3, 1)], "text": ["New price list"]})
    return DealBook.from_frames(
        deals=pl.DataFrame(deals), stage_events=pl.DataFrame(events), stages=stages, happenings=happenings, as_of=AS_OF,
        settings=Settings(time_zone="Europe/Amsterdam", currency="EUR"),
    )  # fmt: skip
