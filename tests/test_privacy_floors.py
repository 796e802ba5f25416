"""No breakdown tells of a small group: not itself, and not as what is left of the totals and the other groups."""

from collections import Counter
from functools import lru_cache
from itertools import combinations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from kpikit import DealBook, Privacy, Settings, cohorts, retention, velocity, winloss
from kpikit.analysis.base.suppression import _hidden, _Least, _Look
from kpikit.calendar import Period
from tests.strategies import STAGES, day

QUARTER = Period.parse("2026Q1")
#: every question that can be broken down, as it is asked here
QUESTIONS = {
    **{
        name: lambda book, by, name=name: winloss.win_rate(book, by=by, definition=name, during=QUARTER)
        for name in ("cohort", "finished", "closed", "value", "overdue_lost", "won_to_lost", "created", "from_stage")
    },
    "open_pipe": lambda book, by: winloss.win_rate(book, by=by, definition="open_pipe", during=QUARTER.back(-3)),
    "wins": lambda book, by: winloss.wins(book, by=by, during=[QUARTER, QUARTER.back(-3)]),
    "endings": lambda book, by: winloss.endings(book, by=by, during=QUARTER),
    "pooled": lambda book, by: winloss.pooled(book, by=by, during=QUARTER),
    "throughput": lambda book, by: velocity.throughput(book, by=by, during=QUARTER),
    "cycle": lambda book, by: velocity.cycle(book, by=by, during=QUARTER),
    "funnel": lambda book, by: velocity.funnel(book, by=by, during=QUARTER),
    "time": lambda book, by: velocity.time_in_stage(book, by=by, during=QUARTER),
    "exits": lambda book, by: velocity.exits(book, by=by, during=QUARTER),
    "curves": lambda book, by: velocity.curves(book, by=by, during=QUARTER),
    "naive": lambda book, by: velocity.naive(book, by=by, during=QUARTER),
    "compare": lambda book, by: velocity.compare(book, by=by, during=QUARTER.back(-3), before=QUARTER, permutations=0),
    "chain": lambda book, by: cohorts.chain(book, by=by),
    "regret": lambda book, by: retention.regret(book, by=by),
    "renewal": lambda book, by: retention.renewal(book, by=by),
    "gross_net": lambda book, by: retention.gross_net(book, by=by, draws=20),
    "customers": lambda book, by: retention.curves(book, by=by),
}
#: what names a row besides its group; sums are told for each of them
SLICES = ("stage", "exit", "figure", "step", "period")


@lru_cache(maxsize=8)
def a_book(seed: int, **privacy: int) -> DealBook:
    """Sixty to two hundred deals in lopsided segments and sources, over half a year; people sell mostly in one."""
    draw = np.random.default_rng(seed)
    n = int(draw.integers(60, 200))
    segments = draw.choice(["a", "b", "c", "d", None], size=n, p=draw.dirichlet([0.7] * 5))
    sources = draw.choice(["x", "y"], size=n, p=draw.dirichlet([2, 1]))
    owners = [f"o{draw.integers(0, 7)}{s if draw.random() < 0.5 else ''}" for s in segments]
    created = draw.integers(0, 120, size=n)
    stays, outcomes = (
        draw.integers(1, 60, size=n),
        draw.choice(["won", "lost", "open", "void"], n, p=[0.4, 0.3, 0.2, 0.1]),
    )
    outcomes[0] = "won"
    ended = [None if o == "open" else day(int(c + s)) for c, s, o in zip(created, stays, outcomes, strict=True)]
    deals = pl.DataFrame(
        {
            "deal_id": [f"d{i}" for i in range(n)], "pipeline": "New", "segment": segments.tolist(),
            "source": sources.tolist(), "owner": owners,
            "account_id": [f"k{i}" for i in range(n)], "deal_type": draw.choice(["new", "more"], n).tolist(),
            "outcome": outcomes.tolist(), "created_at": [day(int(c)) for c in created], "outcome_at": ended,
            "amount": draw.integers(1, 9, size=n).astype(float),
            "more_like_this": draw.choice([True, False, None], n).tolist(),
        },
        schema_overrides={"owner": pl.String, "segment": pl.String},
    )  # fmt: skip
    events = [{"deal_id": f"d{i}", "stage": "Qualify", "entered_at": day(int(c))} for i, c in enumerate(created)]
    events += [
        {"deal_id": f"d{i}", "stage": "Discovery", "entered_at": day(int(c) + 1)}
        for i, c in enumerate(created) if draw.random() < 0.6 and stays[i] > 1
    ]  # fmt: skip
    revenue = [
        {"account_id": f"k{i}", "period": day(30 * k).date(), "amount": float(1 + i % 5)}
        for i in range(n) for k in range(int(draw.integers(0, 7))) if outcomes[i] == "won"
    ]  # fmt: skip
    return DealBook.from_frames(
        deals=deals, stage_events=pl.DataFrame(events), stages=STAGES, revenue=pl.DataFrame(revenue or [
            {"account_id": "k0", "period": day(0).date(), "amount": 1.0}]),
        as_of=day(200), settings=Settings(privacy=Privacy(**privacy)),
    )  # fmt: skip


def hidden_in(frame: pl.DataFrame, by) -> set:
    return set(frame.filter(pl.col("status") == "suppressed").select(by).rows())


def added_up(frame: pl.DataFrame) -> list[str]:
    """Columns that add up over groups: counts, and values that are counts or sums."""
    counts = [name for name in frame.columns if name == "n" or (name.startswith("n_") and name != "n_eff")]
    sums = frame["unit"].drop_nulls().unique().to_list() if "unit" in frame.columns else []
    return [*counts, *(["value"] if set(sums) <= {"deal", "money"} and sums else [])]


def told_of(answers, by, groups, column, same):
    """Which groups go into each sum that is told of a column, in one slice: a line a sum."""
    for some, answer in answers.items():
        if (answer["status"] == "refused").any():
            continue
        here = answer.filter(*same, pl.col("status") != "suppressed", pl.col(column).is_not_null())
        places = [by.index(name) for name in some]
        for row in here.select(*some).rows() if some else [()] * here.height:
            yield [all(group[p] == v for p, v in zip(places, row, strict=True)) for group in groups]


def solved(question, book, by):
    """Hidden groups of which a number follows from what is told: the column, the slice and the group."""
    answers = {some: question(book, list(some)) for k in range(len(by) + 1) for some in combinations(by, k)}
    finest, groups = answers[tuple(by)], book.tables["deals"].select(by).unique().rows()
    names = [name for name in SLICES if name in finest.columns and name not in by]
    for one in finest.select(names).unique().rows() if names else [()]:
        same = [pl.col(name).eq_missing(pl.lit(v)) for name, v in zip(names, one, strict=True)]
        hidden = hidden_in(finest.filter(*same) if same else finest, list(by))
        if not hidden or hidden >= set(groups):  # what is left of everything is everything
            continue
        for column in added_up(finest):
            lines = np.array([*told_of(answers, by, groups, column, same)], dtype=float)
            given_by = np.diag(np.linalg.pinv(lines) @ lines) if len(lines) else np.zeros(len(groups))
            found = [g for g, share in zip(groups, given_by, strict=True) if g in hidden and share > 1 - 1e-9]
            yield from ((column, one, group) for group in found)


@pytest.mark.slow
@given(seed=st.integers(0, 2**32))
@hypothesis_settings(max_examples=15, deadline=None)
def test_what_is_hidden_cannot_be_worked_out_from_totals_and_other_groups(seed):
    book = a_book(seed)
    for by in (("segment",), ("segment", "source"), ("source", "deal_type", "segment")):
        assert [*solved(QUESTIONS["closed"], book, by)] == []


#: a question of each kind of deals that groups are made of; the others share its rule
KINDS = ("wins", "endings", "value", "created", "time", "exits", "chain", "regret", "renewal", "throughput")


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in QUESTIONS if name not in ("curves", "customers", "closed")])
@given(seed=st.integers(0, 2**32))
@hypothesis_settings(max_examples=2, deadline=None)
def test_no_question_lets_it_be_worked_out(name, seed):
    book = a_book(seed)
    for by in (("segment",), ("segment", "source")) if name in KINDS else (("segment",),):
        assert [*solved(QUESTIONS[name], book, by)] == []


@pytest.mark.slow
@given(seed=st.integers(0, 2**32))
@hypothesis_settings(max_examples=15, deadline=None)
def test_what_one_breakdown_hides_no_finer_one_tells(seed):
    book, question = a_book(seed), QUESTIONS["closed"]
    finer = hidden_in(question(book, ["segment", "source"]), ["segment", "source"])
    shown = set(book.tables["deals"].select("segment", "source").rows()) - finer
    for place, name in enumerate(("segment", "source")):
        hidden = hidden_in(question(book, [name]), [name])
        assert not {row[place] for row in shown} & {group for (group,) in hidden}


def test_a_hidden_group_is_not_told_by_its_parts():
    # b has 8 deals, and a (22) is hidden with it; alone, a finer breakdown would hide parts of c beside those of b
    # (10 is less than 11) and tell both parts of a, whose sum gives b away
    cells = {("a", "x"): 11, ("a", "y"): 11, ("b", "x"): 4, ("b", "y"): 4}
    cells |= {("c", "x"): 10, ("c", "y"): 10, ("c", "z"): 40}
    rows = [
        {"deal_id": f"{segment}{source}{i}", "pipeline": "New", "segment": segment, "source": source,
         "owner": f"o{i % 6}", "created_at": day(1), "outcome": ("won", "lost")[i % 2], "outcome_at": day(40)}
        for (segment, source), n in cells.items() for i in range(n)
    ]  # fmt: skip
    book = DealBook.from_frames(deals=pl.DataFrame(rows), as_of=day(200))
    assert hidden_in(QUESTIONS["closed"](book, ["segment"]), ["segment"]) == {("a",), ("b",)}
    finer = hidden_in(QUESTIONS["closed"](book, ["segment", "source"]), ["segment", "source"])
    assert {("a", "x"), ("a", "y"), ("b", "x"), ("b", "y")} <= finer


def test_a_group_that_only_the_equations_together_give_gets_a_companion():
    # four by four; X hidden, two blocks and a bridge between them: rows and columns all have two hidden or none,
    # and still the bridge follows: (X X b . / X X . . / . . X X / . . X X), b = row 1 + row 2 - column 1 - column 2
    sums = [[4 * r + c for c in range(4)] for r in range(4)] + [[4 * r + c for r in range(4)] for c in range(4)]
    blocks = {0, 1, 4, 5, 10, 11, 14, 15}
    people = tuple(frozenset(f"{i}{k}" for k in range(6)) for i in range(16))
    look = _Look(np.full(16, 20), people)
    found = _hidden([look], [*sums, range(16)], _Least(5, 10), blocks | {2})
    assert found > blocks | {2}
    lines = np.array([[float(i in line) for i in sorted(found)] for line in [*sums, range(16)]])
    assert np.diag(np.linalg.pinv(lines) @ lines).max() < 1 - 1e-9
    assert _hidden([look], [*sums, range(16)], _Least(5, 10), blocks) == blocks


def test_the_check_itself_solves_what_can_be_solved():
    book = crafted({"a": (60, 8), "b": (60, 8), "c": (60, 1)})

    def leaking(book, by):
        """Hides c alone."""
        found = QUESTIONS["closed"](book, by)
        whole = QUESTIONS["closed"](crafted({"a": (60, 8), "b": (60, 8), "c": (60, 8)}), by)
        is_c = pl.col("segment") == "c"
        return found if not by else pl.concat([whole.filter(~is_c), found.filter(is_c)])

    assert ("n", (None,), ("c",)) in [(c, one and (None,), g) for c, one, g in solved(leaking, book, ("segment",))]


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_hidden_group_has_the_same_rows_whatever_is_in_it_and_no_number(name):
    found = QUESTIONS[name](a_book(3), ["segment"])
    gone = found.filter(pl.col("status") == "suppressed")
    assert gone.height
    fixed = {"segment", "kpi", "definition", "status", "reason", "unit", *SLICES}
    for column in {*gone.columns} - fixed | ({"time"} & {*gone.columns}):
        assert gone[column].null_count() == gone.height, column
    names = [n for n in SLICES if n in found.columns and n != "stage"]
    if "stage" not in found.columns:
        rows = [Counter(part.select(names).rows()) for part in gone.partition_by("segment")]
        assert all(one == rows[0] for one in rows)


@pytest.mark.slow
@given(seed=st.integers(0, 2**32))
@hypothesis_settings(max_examples=15, deadline=None)
def test_a_shown_group_has_five_people_and_ten_deals_and_so_has_what_is_left(seed):
    book = a_book(seed)
    ended = book.tables["deals"].filter(
        pl.col("outcome").is_in(["won", "lost"]),
        (pl.col("outcome_day").cast(pl.Date) >= QUARTER.first_on)
        & (pl.col("outcome_day").cast(pl.Date) < QUARTER.next_on),
    )
    found = winloss.win_rate(book, by=["segment"], definition="closed", during=QUARTER)
    hidden = [group for (group,) in hidden_in(found, ["segment"])]
    sizes = {
        group: (part.height, part["owner"].n_unique())
        for (group,), part in ended.partition_by("segment", as_dict=True).items()
    }
    for group, (deals, people) in sizes.items():
        assert group in hidden or (deals >= 10 and people >= 5), (group, deals, people)
    left = ended.filter(pl.col("segment").is_in(hidden, nulls_equal=True))
    all_hidden = set(hidden) >= set(sizes)
    assert not hidden or all_hidden or (left.height >= 10 and left["owner"].n_unique() >= 5)


def crafted(sizes: dict[str, tuple[int, int]], **privacy) -> DealBook:
    """Segments of so many won and lost deals in the quarter, of so many people."""
    rows = [
        {"deal_id": f"{s}{i}", "pipeline": "New", "segment": s, "owner": f"{s}{i % people}", "created_at": day(1),
         "outcome": ("won", "lost")[i % 2], "outcome_at": day(40), "amount": 1.0}
        for s, (n, people) in sizes.items() for i in range(n)
    ]  # fmt: skip
    return DealBook.from_frames(deals=pl.DataFrame(rows), as_of=day(200), settings=Settings(privacy=Privacy(**privacy)))


def test_a_group_is_counted_in_the_window_that_is_asked_for():
    # b: sixty deals of eight people in the book, but in the first quarter only four of them, by one person
    book = crafted({"a": (60, 8), "b": (60, 8), "c": (60, 8)})
    late = (pl.col("segment") == "b") & (pl.col("deal_id").str.slice(1).cast(pl.Int64) >= 4)
    deals = book.tables["deals"].select(
        "deal_id", "pipeline", "segment", "owner", "created_at", "outcome", "outcome_at", "amount"
    )
    deals = deals.with_columns(pl.when(late).then(pl.lit(day(120))).otherwise("outcome_at").alias("outcome_at"))
    moved = DealBook.from_frames(deals=deals, as_of=day(200))
    first = winloss.win_rate(moved, by=["segment"], definition="finished", during=QUARTER)
    # the first of the others, all alike, is hidden with it: what is left is 64 deals, and nobody knows whose
    assert hidden_in(first, ["segment"]) == {("b",), ("a",)}
    assert hidden_in(winloss.win_rate(moved, by=["segment"], definition="finished"), ["segment"]) == set()


def test_what_one_question_hides_no_other_question_of_the_same_deals_tells():
    # seven lost or won and five set aside: "finished" counts twelve, "closed" seven
    rows = [
        {"deal_id": f"{s}{i}", "pipeline": "New", "segment": s, "owner": f"o{i % 6}", "created_at": day(1),
         "outcome": "void" if s == "b" and i > 6 else ("won", "lost")[i % 2], "outcome_at": day(40)}
        for s, n in (("a", 30), ("b", 12), ("c", 40)) for i in range(n)
    ]  # fmt: skip
    book = DealBook.from_frames(deals=pl.DataFrame(rows), as_of=day(200))
    hidden = {
        name: hidden_in(winloss.win_rate(book, by=["segment"], definition=name, during=QUARTER), ["segment"])
        for name in ("finished", "closed", "won_to_lost", "overdue_lost")
    }
    assert set(map(frozenset, hidden.values())) == {frozenset({("b",), ("a",)})}


def test_the_mix_puts_small_groups_together():
    # thirty of one person in each window: never a part of its own
    rows = [
        {"deal_id": f"{s}{i}{w}", "pipeline": "New", "segment": s, "owner": f"{s}{i % people}", "created_at": day(1),
         "outcome": ("won", "lost")[(i + w) % 2], "outcome_at": day(40 + 91 * w)}
        for s, n, people in (("a", 40, 8), ("b", 30, 1), ("c", 40, 8), ("d", 50, 8)) for i in range(n) for w in (0, 1)
    ]  # fmt: skip
    book = DealBook.from_frames(deals=pl.DataFrame(rows), as_of=day(200))
    found = winloss.mix_and_rate(book, during=QUARTER.back(-3), before=QUARTER)
    assert found["n_merged"].unique().to_list() == [2]  # b, and a with it


@pytest.mark.parametrize(("privacy", "n"), [({}, 0), ({"min_people": 9}, 3), ({"min_deals": 61}, 3)])
def test_the_floors_can_be_raised(privacy, n):
    found = winloss.endings(crafted({"a": (60, 8), "b": (60, 8), "c": (60, 8)}, **privacy), by=["segment"])
    assert len(hidden_in(found, ["segment"])) == n


def test_every_breakdown_says_which_deals_its_groups_must_have_enough_of():
    from kpikit.kpi import cards
    from tests.test_architecture import _public_analyses

    for name, function in _public_analyses():
        by = getattr(function, "__kwdefaults__", None) or getattr(function.__wrapped__, "__kwdefaults__", {}) or {}
        if isinstance(by.get("by"), tuple) and by["by"] != ("team",):
            assert cards()[function.kpi].floor.counts, name


def test_written_reasons_leave_the_team_only_where_many_have_them():
    # timing: twelve of six people; a name: one; wrong fit: twelve, but of two people
    reasons = ["timing"] * 12 + ["Acme's director Jansen left"] + ["wrong fit"] * 12 + ["price"] * 3
    rows = [
        {"deal_id": f"d{i}", "pipeline": "New", "owner": f"o{i % (2 if r == 'wrong fit' else 6)}", "created_at": day(1),
         "outcome": "lost", "outcome_at": day(40), "loss_reason": r, "competitor": "Rival" if i < 12 else f"Small {i}"}
        for i, r in enumerate(reasons)
    ]  # fmt: skip
    book = DealBook.from_frames(deals=pl.DataFrame(rows), as_of=day(200))
    own, outside = (
        winloss.reasons(book, copy=copy).select("loss_reason", "group", "n_events").rows()
        for copy in ("team", "company")
    )
    assert own[:2] == [("timing", "other", 12), ("wrong fit", "other", 12)]
    assert outside == [("timing", "other", 12), ("price", "price", 3), (None, "rest", 13)]
    rivals = winloss.competitors(book, copy="company")["rival"].drop_nulls().to_list()
    assert rivals == ["Rival"]


def test_a_reason_too_rare_to_name_takes_the_lead_from_those_that_are_named():
    # nine alike, which nobody outside may read, against six for the price: "price" does not lead
    reasons = ["a name"] * 9 + ["price"] * 6
    rows = [
        {"deal_id": f"d{i}", "pipeline": "New", "owner": f"o{i % 6}", "created_at": day(1), "outcome": "lost",
         "outcome_at": day(40), "loss_reason": r}
        for i, r in enumerate(reasons)
    ]  # fmt: skip
    found = winloss.reasons(DealBook.from_frames(deals=pl.DataFrame(rows), as_of=day(200)), copy="company")
    assert found.select("group", "n_events", "p_next").rows() == [("price", 6, None), ("rest", 9, None)]
