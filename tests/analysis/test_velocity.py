"""Time in stage and exits, through the public questions: by hand, by published tables, by other libraries."""

import warnings
from datetime import timedelta
from fractions import Fraction

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpikit import DealBook, RankingRefused, Settings, velocity
from tests.oracles import curves_of, median_of, value_at
from tests.strategies import as_book, day, observed_visits, spell_rows

few = settings(max_examples=10, deadline=None)
AS_OF = 400
#: methods.md 1.4: twelve deals in Proposal; they advanced, were lost, or were open after so many days
TWELVE = (
    [(d, "advance") for d in (5, 8, 12, 20)]
    + [(d, "lost") for d in (10, 30, 45)]
    + [(d, "open") for d in (15, 25, 40, 60, 90)]
)
#: methods.md 1.7: the same deals, under observation from these ages on
ENTRIES = [0, 0, 3, 0, 4, 10, 20, 0, 12, 30, 0, 45]


def rows_of(visits, scale=1.0, **columns):
    """Rows for (days, kind[, day observation began]): an open deal entered so long before the end of the book."""
    spells, recorded = [], []
    for visit in visits:
        days, kind = visit[0] * scale, visit[1]
        spells.append((AS_OF - days, None, "open") if kind == "open" else (50.0, days, kind))
        entry = visit[2] * scale if len(visit) > 2 else 0
        recorded.append(entry or None)
    return spell_rows(spells, recorded=recorded, as_of=AS_OF, **columns)


def book_of(visits, *, scale=1.0, settings_=None, **columns):
    return as_book(rows_of(visits, scale, **columns), **(settings_ or {}))


def qualify(frame, **where):
    found = frame.filter(pl.col("stage") == "Qualify", **where).to_dicts()
    return found[0] if len(found) == 1 else found


def shares(frame):
    return {row["exit"]: row for row in qualify(frame)}


# --- by hand ---------------------------------------------------------------------------------------------------------


def test_the_twelve_deals_median_and_interval():
    found = qualify(velocity.time_in_stage(book_of(TWELVE)))
    # methods.md 1.4: median 30 days, 95 % interval from 8 to not reached
    assert (found["value"], found["low"], found["high"]) == (30.0, 8.0, None)
    assert (found["n"], found["n_open"], found["n_events"], found["n_excluded"]) == (12, 5, 7, 0)
    assert (found["unit"], found["status"], found["kpi"], found["from_age"]) == ("day", "ok", "time_in_stage", 0.0)


def test_the_twelve_deals_exits():
    # twice each, so that five exits of a kind are there; Aalen–Johansen does not change when every deal is doubled
    found = shares(velocity.exits(book_of(TWELVE * 2), horizon=45))
    assert found["on"]["value"] == pytest.approx(29 / 84, abs=1e-12)
    assert found["lost"]["value"] == pytest.approx(7 / 20, abs=1e-12)
    assert found["still_there"]["value"] == pytest.approx(32 / 105, abs=1e-12)
    assert (found["on"]["n_events"], found["lost"]["n_events"]) == (8, 6)
    assert {found[name]["status"] for name in ("back", "void")} == {"too_few"}
    # once each only three or four exits of a kind: counts, no numbers
    once = shares(velocity.exits(book_of(TWELVE), horizon=45))
    assert [(once[k]["status"], once[k]["reason"], once[k]["value"], once[k]["n_events"]) for k in ("on", "lost")] == [
        ("too_few", "few_exits", None, 4),
        ("too_few", "few_exits", None, 3),
    ]
    assert once["still_there"]["value"] == pytest.approx(32 / 105, abs=1e-12)


def test_the_twelve_deals_curves_have_their_published_errors():
    # SE .1407 and .1657 with log–log intervals (methods.md 1.4): .145–.682 for advance by day 45
    curve = velocity.curves(book_of(TWELVE)).filter(pl.col("stage") == "Qualify", pl.col("time") == 45.0)
    found = {row["exit"]: row for row in curve.to_dicts()}
    assert found["advance"]["value"] == pytest.approx(29 / 84)
    assert (found["advance"]["low"], found["advance"]["high"]) == (
        pytest.approx(0.145, abs=5e-4),
        pytest.approx(0.682, abs=5e-4),
    )
    # log–log by hand: F = .35, se = .1657: theta = log(-log(.65)), se_theta = .1657 / (.65 × .4308) = .5918
    assert found["lost"]["low"] == pytest.approx(1 - 0.65 ** np.exp(-1.959964 * 0.5918), abs=1e-3)
    assert found["still_there"]["value"] == pytest.approx(32 / 105)


def test_delayed_entry_exact_fractions():
    # methods.md 1.7. There an entry at day e is at risk strictly after it; in a histogram a visit is at risk in the bin
    # it enters. In bins of an hour an entry one hour after day e says the same as the table
    visits = [
        (days * 24, kind, entry * 24 + 1 if entry else 0) for (days, kind), entry in zip(TWELVE, ENTRIES, strict=True)
    ]
    book = book_of(visits * 2, scale=1 / 24, settings_={"bin": "hour"})
    found = shares(velocity.exits(book, horizon=60 * 24))
    assert found["on"]["value"] == pytest.approx(18 / 35, abs=1e-9)
    assert found["lost"]["value"] == pytest.approx(13 / 35, abs=1e-9)
    assert found["still_there"]["value"] == pytest.approx(4 / 35, abs=1e-9)
    assert found["on"]["from_age"] == 0.0


def test_in_whole_days_a_visit_is_at_risk_on_the_day_it_came_into_view():
    visits = [(days, kind, entry) for (days, kind), entry in zip(TWELVE, ENTRIES, strict=True)] * 2
    survival, left = curves_of([(d, k, Fraction(e) - Fraction(1, 2) if e else 0) for d, k, e in visits])
    found = shares(velocity.exits(book_of(visits), horizon=60))
    assert found["on"]["value"] == pytest.approx(float(value_at(left["advance"], 60, 0)), abs=1e-9)
    assert found["still_there"]["value"] == pytest.approx(float(value_at(survival, 60, 1)), abs=1e-9)


def test_half_gone_exactly_is_the_middle_to_the_next():
    # ten visits that end after 10, 20, … 100 days: half are gone at 50, the next goes at 60
    visits = [(10 * (i + 1), "lost") for i in range(10)]
    assert qualify(velocity.time_in_stage(book_of(visits)))["value"] == 55.0


def test_visits_of_no_length_take_half_a_bin():
    found = qualify(velocity.time_in_stage(book_of([(0, "lost")] * 12)))
    assert (found["value"], found["status"]) == (0.5, "ok")


# --- floors, refusals, what is left out ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("visits", "status", "reason"),
    [
        ([(5, "lost")] * 9, "too_few", "few_deals"),
        ([(5, "lost")] * 4 + [(5, "open")] * 9, "too_few", "few_exits"),
        ([(5 + i, "lost") for i in range(10)], "ok", None),
        ([(5 + i, "lost") for i in range(5)] + [(60, "open")] * 5, "ok", None),
        ([(5 + i, "lost") for i in range(6)] + [(60, "open")] * 14, "not_reached", "half_still_there"),
    ],
)
def test_floors_of_the_median(visits, status, reason):
    found = qualify(velocity.time_in_stage(book_of(visits)))
    assert (found["status"], found["reason"], found["n"]) == (status, reason, len(visits))
    assert (found["value"] is None) == (status != "ok")
    if status == "too_few":
        assert (found["low"], found["high"]) == (None, None)


def test_nobody_was_followed_as_long_as_the_horizon():
    found = shares(velocity.exits(book_of([(5 + i, "lost") for i in range(8)] + [(40, "open")] * 8), horizon=60))
    assert (found["lost"]["status"], found["lost"]["value"], found["lost"]["reason"]) == (
        "not_reached",
        None,
        "nobody_followed",
    )
    assert (found["still_there"]["status"], found["still_there"]["value"]) == ("not_reached", None)
    # where all have left before the horizon everything is known
    gone = shares(velocity.exits(book_of([(5 + i, "lost") for i in range(12)]), horizon=60))
    assert (gone["lost"]["value"], gone["still_there"]["value"]) == (pytest.approx(1.0), pytest.approx(0.0))


@pytest.mark.parametrize("question", [velocity.time_in_stage, velocity.exits, velocity.curves])
def test_refused_without_stage_history(question):
    deals = pl.DataFrame({"deal_id": ["a"], "pipeline": ["P"], "outcome": ["open"], "created_at": ["2026-01-01"]})
    found = question(DealBook.from_frames(deals=deals)).to_dicts()
    assert [(r["status"], r["reason"], r["value"], r["n"]) for r in found] == [
        ("refused", "no_stage_history", None, None)
    ]
    book = book_of(TWELVE)
    without = book.replace(tables={k: v for k, v in book.tables.items() if k != "stages"})
    assert question(without)["reason"].to_list() == ["no_stage_order"]


def test_refused_comparisons():
    deals = pl.DataFrame({"deal_id": ["a"], "pipeline": ["P"], "outcome": ["open"], "created_at": ["2026-01-01"]})
    book = DealBook.from_frames(deals=deals)
    period = book.settings.period
    found = velocity.compare(book, during=period("2026Q2"), before=period("2026Q1"))
    assert found["reason"].to_list() == ["no_stage_history"]


@pytest.mark.parametrize("by", ["owner", ["owner"], ["team", "owner"], ("actor",)])
@pytest.mark.parametrize("question", [velocity.time_in_stage, velocity.exits, velocity.curves])
def test_people_are_never_compared(question, by):
    with pytest.raises(RankingRefused):
        question(book_of(TWELVE, owner=["x"] * 12), by=by)


def test_visits_over_before_they_were_recorded_are_counted_as_left_out():
    visits = [(5 + i, "lost") for i in range(12)] + [(5, "lost", 5), (5, "lost", 9)]
    found = qualify(velocity.time_in_stage(book_of(visits)))
    assert (found["n"], found["n_excluded"]) == (12, 2)


def test_a_curve_starts_where_five_are_under_observation():
    # ten deals that came into view at the age of 30 days, two that were seen from the start and lost on day 3 and 6
    visits = [(3, "lost"), (6, "lost")] + [(40 + i, "lost", 30) for i in range(10)]
    found = qualify(velocity.time_in_stage(book_of(visits)))
    assert 30 <= found["from_age"] <= 40
    # given still there then, ten leave on days 40 to 49: half are gone on day 44, the next goes on day 45
    assert found["value"] == pytest.approx(44.5)


def test_never_five_at_once_is_too_few():
    visits = [(10 * i + 8, "lost", 10 * i) for i in range(12)]  # one deal at a time under observation
    found = qualify(velocity.time_in_stage(book_of(visits)))
    assert (found["status"], found["value"]) == ("too_few", None)


def test_a_horizon_before_the_curve_begins_has_no_answer():
    visits = [(40 + i, "lost", 30) for i in range(12)]
    found = shares(velocity.exits(book_of(visits), horizon=20))
    assert found["still_there"]["status"] != "ok"


# --- windows ---------------------------------------------------------------------------------------------------------


def test_a_window_sees_what_was_under_way_in_it():
    visits = [(0, 20, "lost")] * 6  # over on day 20
    visits += [(10, 40, "lost")] * 6  # under way: seen from the age of 21 (day 31), leave at 40
    visits += [(35, 10, "lost")] * 3 + [
        (35, 100, "lost")
    ] * 5  # begin on day 35; five outlive the window, at the age of 24
    visits += [(200, 5, "lost")] * 6  # not yet begun
    book = as_book(spell_rows(visits, as_of=AS_OF))
    found = qualify(velocity.time_in_stage(book, during=book.settings.period("2026-02")))  # days 31 to 58
    assert (found["n"], found["n_open"], found["n_events"]) == (14, 5, 9)
    # at 10 three of eight leave: 5/8 are left; at 40 all six that are then at risk: nobody
    assert found["value"] == 40.0


def test_windows_cut_off_at_the_end_of_the_book():
    book = book_of([(30, "open")] * 12)
    year = book.settings.period("2027")  # the book ends on day 400, 5 February 2027
    found = qualify(velocity.time_in_stage(book, during=year))
    assert (found["n"], found["n_open"], found["status"]) == (12, 12, "too_few")


@pytest.mark.slow
@few
@given(observed_visits, st.integers(-2, 2), st.integers(1, 3))
def test_in_every_window_the_shares_and_those_still_there_add_to_one(visits, start, months):
    from kpikit.calendar import Period, add_months

    book = book_of(visits)
    window = Period("w", add_months(day(50).date().replace(day=1), start), months)
    for during in (None, window):
        curve = velocity.curves(book, during=during).filter(pl.col("status") == "ok")
        if curve.height:
            sums = curve.group_by("stage", "time").agg(pl.col("value").sum())
            assert sums["value"].to_list() == pytest.approx([1.0] * sums.height, abs=1e-9)


# --- independent of kpikit -------------------------------------------------------------------------------------------


@few
@given(observed_visits, st.integers(1, 30))
def test_the_figures_are_those_of_exact_fractions(visits, horizon):
    book = book_of(visits)
    found = shares(velocity.exits(book, horizon=horizon))
    start = found["on"]["from_age"]
    used = [
        (d, "on" if k in ("advance", "won") else k, Fraction(e) - Fraction(1, 2) if e else 0)
        for d, k, e in visits
        if d >= start
    ]
    survival, left = curves_of(used)
    if start <= horizon:
        for name, row in found.items():
            if row["status"] == "ok" and name != "still_there":
                assert row["value"] == pytest.approx(float(value_at(left.get(name, {}), horizon, 0)), abs=1e-9)
            if row["status"] == "ok" and name == "still_there":
                assert row["value"] == pytest.approx(float(value_at(survival, horizon, 1)), abs=1e-9)
    median = qualify(velocity.time_in_stage(book))
    expected = median_of(survival)
    if median["status"] == "ok":
        assert median["value"] == pytest.approx(float(expected), abs=1e-6)
    if median["status"] == "not_reached":
        assert expected is None


def random_visits(seed, n, *, with_entry):
    rng = np.random.default_rng(seed)
    days = rng.integers(1, 60, n)
    kinds = rng.choice(["advance", "lost", "open"], n, p=[0.4, 0.3, 0.3])
    entry = np.where(rng.random(n) < 0.4, rng.integers(0, 20, n), 0) if with_entry else np.zeros(n, int)
    keep = entry < days
    return [(int(d), str(k), int(e)) for d, k, e in zip(days[keep], kinds[keep], entry[keep], strict=True)]


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("with_entry", [False, True])
def test_against_lifelines(seed, with_entry):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from lifelines import KaplanMeierFitter

        visits = random_visits(seed, 90, with_entry=with_entry)
        time, kind, entry = (np.array(column) for column in zip(*visits, strict=True))
        fitter = KaplanMeierFitter()
        fitter.fit(time, kind != "open", entry=np.where(entry > 0, entry - 0.5, 0) if with_entry else None)
    book = book_of(visits)
    median = qualify(velocity.time_in_stage(book))
    assert median["from_age"] == 0.0
    assert median["value"] == pytest.approx(float(fitter.median_survival_time_))
    for horizon in (5, 20, 45):
        found = shares(velocity.exits(book, horizon=horizon))["still_there"]
        assert found["value"] == pytest.approx(float(fitter.predict(horizon)), abs=1e-9)
        if not with_entry:
            band = fitter.confidence_interval_survival_function_.loc[:horizon].iloc[-1]
            assert (found["low"], found["high"]) == (
                pytest.approx(band.iloc[0], abs=1e-6),
                pytest.approx(band.iloc[1], abs=1e-6),
            )


@pytest.mark.parametrize("seed", [4, 5, 6])
def test_against_statsmodels(seed):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from statsmodels.duration.survfunc import CumIncidenceRight

        visits = random_visits(seed, 90, with_entry=False)
        time, kind, _ = (np.array(column) for column in zip(*visits, strict=True))
        fitted = CumIncidenceRight(time, np.select([kind == "advance", kind == "lost"], [1, 2], 0))
    for horizon in (10, 20, 45):
        found = shares(velocity.exits(book_of(visits), horizon=horizon))
        for i, name in enumerate(("on", "lost")):
            until = fitted.times <= horizon
            share, se = fitted.cinc[i][until][-1], fitted.cinc_se[i][until][-1]
            if found[name]["n_events"] < 5:
                assert found[name]["status"] == "too_few"
                continue
            assert found[name]["value"] == pytest.approx(share, abs=1e-9)
            # log–log interval of methods.md 1.3
            wide = 1.959964 * se / ((1 - share) * abs(np.log(1 - share)))
            low, high = (1 - (1 - share) ** np.exp(sign * wide) for sign in (-1, 1))
            assert (found[name]["low"], found[name]["high"]) == (
                pytest.approx(low, abs=1e-5),
                pytest.approx(high, abs=1e-5),
            )


# --- what must not change, or must change in one way ---------------------------------------------------------------


@pytest.mark.slow
@few
@given(observed_visits)
def test_twice_as_long_takes_twice_as_long(visits):
    once, twice = (qualify(velocity.time_in_stage(book_of(visits, scale=scale))) for scale in (1, 2))
    assert twice["status"] == once["status"]
    for name in ("value", "low", "high"):
        expected = None if once[name] is None else pytest.approx(2 * once[name], abs=1e-6)
        assert twice[name] == expected


@pytest.mark.slow
@few
@given(st.lists(st.tuples(st.integers(1, 30), st.sampled_from(("advance", "lost", "open"))), min_size=12, max_size=25))
def test_a_deal_that_never_closes_raises_no_share(visits):
    before, after = (
        velocity.curves(book_of(v)).filter(pl.col("stage") == "Qualify") for v in (visits, [*visits, (300, "open")])
    )
    both = before.join(after, on=["time", "exit"], suffix="_after")
    assert both.height == before.filter(pl.col("n_events") > 0).height or both.height == before.height
    ways = both.filter(pl.col("exit") != "still_there")
    assert (ways["value_after"] <= ways["value"] + 1e-12).all()
    still = both.filter(pl.col("exit") == "still_there")
    assert (still["value_after"] >= still["value"] - 1e-12).all()


def test_other_names_for_teams_only_change_the_names():
    visits = random_visits(7, 80, with_entry=True)
    names = [("A", "B", "C")[i % 3] for i in range(len(visits))]
    other = {"A": "Z", "B": "Y", "C": "X"}
    one = velocity.time_in_stage(book_of(visits, team=names), by=["team"])
    two = velocity.time_in_stage(book_of(visits, team=[other[n] for n in names]), by=["team"])
    assert one.height >= 3
    assert one.with_columns(pl.col("team").replace(other)).sort("team", "stage").equals(two.sort("team", "stage"))


def test_groups_are_answered_as_if_they_were_alone():
    visits = random_visits(8, 90, with_entry=True)
    names = [("A", "B")[i % 2] for i in range(len(visits))]
    both = velocity.exits(book_of(visits, segment=names), by=["segment"])
    for name in "AB":
        alone = velocity.exits(book_of([v for v, n in zip(visits, names, strict=True) if n == name]))
        mine = both.filter(pl.col("segment") == name).drop("segment")
        assert mine.sort("stage", "exit").equals(alone.sort("stage", "exit"))


def test_stages_come_in_the_order_of_the_pipeline():
    rows = spell_rows([(0, 10, "advance")] * 12)
    assert velocity.time_in_stage(as_book(rows))["stage"].to_list() == ["Qualify", "Discovery"]


def test_the_bin_is_the_books_own():
    visits = [(5 + i, "lost") for i in range(12)]
    found = {
        unit: qualify(velocity.time_in_stage(book_of(visits, settings_={"bin": unit})))
        for unit in ("day", "hour", "minute")
    }
    assert found["day"]["value"] == 10.5  # half are gone on day 10, the next goes on day 11
    assert found["hour"]["value"] == pytest.approx(252)
    assert found["minute"]["value"] == pytest.approx(15120)
    assert [row["unit"] for row in found.values()] == ["day", "hour", "minute"]


def test_second_visits_do_not_count():
    rows = spell_rows([(0, 10, "advance")] * 12)
    rows["stage_events"] += [
        {"deal_id": f"d{i:04}", "stage": "Qualify", "entered_at": day(20), "seq": 3} for i in range(12)
    ]
    found = qualify(velocity.time_in_stage(as_book(rows)))
    assert (found["n"], found["value"]) == (12, 10.0)


def test_asking_twice_is_the_same_and_the_book_is_not_touched():
    book = book_of(TWELVE, settings_={})
    before = {name: frame.clone() for name, frame in book.tables.items()}
    assert velocity.exits(book).equals(velocity.exits(book).frame)
    assert all(before[name].equals(frame) for name, frame in book.tables.items())
    assert book.as_of == day(0) + timedelta(days=AS_OF)
    assert book.settings == Settings()
