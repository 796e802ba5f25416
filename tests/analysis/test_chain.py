"""From a hundred leads to customers who stay: by hand, and never growing."""

from datetime import date, timedelta
from math import exp, log, sqrt

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import AalenJohansenFitter
from statsmodels.stats.proportion import proportion_confint

from kpikit import cohorts
from kpikit.analysis.cohorts.leads import _joined
from kpikit.errors import RankingRefused
from tests.analysis.customer_books import at, customer_book

BEGIN, AFTER = date(2025, 1, 6), date(2026, 6, 1)
STAGES = pl.DataFrame({"pipeline": ["New"] * 2, "stage": ["First", "Second"], "position": [1, 2]})


def chain_book(leads: list[dict], as_of: date = AFTER):
    """Leads of 6 January 2025: ``accepted`` after so many days, ``closed`` after so many, ``outcome, stays``."""
    deals, events, paid = [], [], []
    for i, lead in enumerate(leads):
        outcome, closed = lead.get("outcome", "open"), lead.get("closed")
        ended = None if closed is None else BEGIN + timedelta(days=closed)
        deals.append(
            {
                "account_id": f"a{i}", "won_on": BEGIN, "outcome": outcome, "source": lead.get("source", "web"),
                "outcome_at": None if ended is None else at(ended),
            }
        )  # fmt: skip
        events.append({"deal_id": f"D{i}", "stage": "First", "entered_at": at(BEGIN), "seq": 1})
        if "accepted" in lead:
            moment = at(BEGIN + timedelta(days=lead["accepted"]))
            events.append({"deal_id": f"D{i}", "stage": "Second", "entered_at": moment, "seq": 2})
        if outcome == "won" and ended is not None:
            paid += [(f"a{i}", ended, 100)]
            paid += [(f"a{i}", ended.replace(year=ended.year + 1), 100)] if lead.get("stays") else []
    return customer_book(
        paid or [("nobody", BEGIN, 1)], as_of=as_of, deals=deals, stage_events=pl.DataFrame(events), stages=STAGES
    )


def steps(book, **asked) -> dict:
    return {row["step"]: row for row in cohorts.chain(book, **{"by": (), **asked}).to_dicts()}


WON = {"accepted": 5, "closed": 30, "outcome": "won"}
LOST = {"accepted": 5, "closed": 30, "outcome": "lost"}
DECLINED = {"closed": 3, "outcome": "lost"}
HUNDRED = [DECLINED] * 40 + [LOST] * 35 + [{**WON, "stays": True}] * 20 + [WON] * 5


def test_of_a_hundred_leads_sixty_are_accepted_twentyfive_won_twenty_kept():
    found = steps(chain_book(HUNDRED))
    assert [row["value"] for row in found.values()] == pytest.approx([0.60, 0.25, 0.20])
    assert [row["of_previous"] for row in found.values()] == pytest.approx([0.60, 25 / 60, 0.80])
    assert [(row["n"], row["n_events"], row["n_leads"]) for row in found.values()] == [
        (100, 60, 100), (60, 25, 100), (25, 20, 100),
    ]  # fmt: skip


def test_the_range_joins_those_of_the_steps():
    found = steps(chain_book(HUNDRED))
    # squares of distances on the log scale, added; the third step by Wilson as statsmodels has it
    low, high = proportion_confint(20, 25, method="wilson")
    first, second = found["accepted"], found["won"]
    down = sqrt(log(0.25 / second["low"]) ** 2 + log(0.8 / low) ** 2)
    up = sqrt(log(second["high"] / 0.25) ** 2 + log(high / 0.8) ** 2)
    assert found["kept"]["low"] == pytest.approx(0.2 * exp(-down))
    assert found["kept"]["high"] == pytest.approx(min(0.2 * exp(up), second["high"]))
    assert first["low"] < 0.6 < first["high"]


def test_young_leads_count_as_open_and_not_as_declined_or_accepted():
    # 20 declined after 3 days, 20 accepted after 5, 20 still in the first stage: not 20 of the 40 known ...
    leads = [{"closed": 3, "outcome": "lost"}] * 20 + [{"accepted": 5}] * 20 + [{}] * 20
    young = steps(chain_book(leads, as_of=BEGIN + timedelta(days=30)))["accepted"]
    assert young["value"] == pytest.approx(20 / 60)  # ... for those twenty were followed longer than anybody needed


def test_accepted_as_lifelines_has_it():
    accepted, declined = (1, 2, 4, 9, 12), (3, 5, 8, 11)
    leads = [{"accepted": a} for a in accepted] + [{"closed": c, "outcome": "lost"} for c in declined]
    leads += [{"accepted": 6, "closed": 7, "outcome": "lost"}]
    opened = {"deal_id": ["D10", "D11"], "days": [9.6, 6.6]}  # two that began later and are still in the first stage
    book = chain_book([*leads, {}, {}], as_of=BEGIN + timedelta(days=20))
    deals = book.tables["deals"].lazy().collect()
    begun = pl.DataFrame(opened).with_columns(later=book.as_of - pl.duration(hours=24 * pl.col("days")))
    deals = deals.join(begun, on="deal_id", how="left").with_columns(created_at=pl.coalesce("later", "created_at"))
    young = book.replace(tables={**book.tables, "deals": deals.drop("later", "days")})
    time = [*accepted, *declined, 6, 9.6, 6.6]
    kinds = [1] * 5 + [2] * 4 + [1, 0, 0]
    fitted = AalenJohansenFitter(calculate_variance=False).fit(time, kinds, event_of_interest=1)
    assert steps(young)["accepted"]["value"] == pytest.approx(float(fitted.cumulative_density_.iloc[-1, 0]), abs=1e-9)


def test_kept_is_not_reached_while_nobody_is_a_year_old():
    found = steps(chain_book([DECLINED] * 10 + [WON] * 10, as_of=date(2025, 6, 1)))
    assert (found["kept"]["status"], found["kept"]["value"], found["kept"]["n"]) == ("too_few", None, 0)
    assert found["won"]["value"] == pytest.approx(0.5)


def test_after_a_step_of_which_nothing_is_known_nothing_is():
    """However much is known of later ones; before it, what is known stays."""
    known = {"value": 0.5, "low": 0.4, "high": 0.6, "n": 40}
    for unknown in ({"value": None, "low": None, "high": None, "n": 0}, known | {"n": 0}):
        found = _joined([dict(known), dict(unknown), dict(known)])
        assert [(row["status"], row["value"], row["of_previous"]) for row in found] == [
            ("ok", 0.5, 0.5), ("not_reached", None, None), ("not_reached", None, None),
        ]  # fmt: skip
        assert [row["status"] for row in _joined([dict(unknown), dict(known)])] == ["not_reached"] * 2


def test_all_or_none_still_has_a_range():
    all_of_them = steps(chain_book([{**WON, "stays": True}] * 20))
    assert [row["value"] for row in all_of_them.values()] == pytest.approx([1, 1, 1])
    assert 0.5 < all_of_them["kept"]["low"] < all_of_them["won"]["low"] < all_of_them["accepted"]["low"] < 1
    none = steps(chain_book([LOST] * 20))
    assert (none["won"]["value"], none["won"]["low"]) == (0.0, 0.0)
    assert 0 < none["won"]["high"] < 0.25


def test_by_source_and_never_by_a_person():
    book = chain_book(
        [{**row, "source": "web"} for row in HUNDRED] + [{**row, "source": "fair"} for row in [LOST] * 20]
    )
    rows = cohorts.chain(book).to_dicts()
    assert [(r["source"], r["step"], r["n_leads"]) for r in rows][:4] == [
        ("fair", "accepted", 20), ("fair", "won", 20), ("fair", "kept", 20), ("web", "accepted", 100),
    ]  # fmt: skip
    with pytest.raises(RankingRefused):
        cohorts.chain(book, by="owner")


LEADS = st.lists(
    st.fixed_dictionaries(
        {"outcome": st.sampled_from(["won", "lost", "open"]), "stays": st.booleans()},
        optional={"accepted": st.integers(0, 40)},
    ),
    min_size=10,
    max_size=40,
)


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(LEADS)
def test_a_chain_never_grows(leads):
    leads = [lead | ({} if lead["outcome"] == "open" else {"closed": 45}) for lead in leads]
    rows = [row for row in steps(chain_book(leads)).values() if row["value"] is not None]
    for name in ("value", "high"):
        values = [row[name] for row in rows]
        assert values == sorted(values, reverse=True)
    assert all(
        0 <= row["low"] <= row["value"] + 1e-12 and row["value"] <= row["high"] + 1e-12 <= 1 + 1e-9 for row in rows
    )
