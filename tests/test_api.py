"""The names others rely on: they exist, take keywords only after the book, and explain themselves with an example."""

import importlib
import inspect

import pytest

import kpikit

#: name → its first parameters, as the design gives them; what follows is free, but by keyword where a book comes first
RELIED_ON = {
    "open_book": ["path", "as_of"],
    "prepare": ["book", "path"],
    "DealBook.from_frames": ["deals", "stage_events", "stages", "as_of"],
    "DealBook.at": ["self", "instant"],
    "DealBook.fitness": ["self"],
    "engine.spells": ["book"],
    "engine.histogram": ["book", "by", "bin"],
    "velocity.time_in_stage": ["book", "by"],
    "velocity.exits": ["book", "horizon"],
    "velocity.curves": ["book"],
    "velocity.compare": ["book"],
    "velocity.cycle": ["book"],
    "velocity.throughput": ["book"],
    "velocity.bottleneck": ["book"],
    "velocity.funnel": ["book"],
    "velocity.sleeping": ["book"],
    "winloss.wins": ["book", "by"],
    "winloss.endings": ["book", "by"],
    "winloss.over_time": ["book"],
    "winloss.mix_and_rate": ["book"],
    "winloss.own": ["book", "owner"],
    "winloss.pooled": ["book", "by"],
    "winloss.bridge": ["book", "from_"],
    "winloss.definitions": ["book"],
    "winloss.win_rate": ["book", "by", "definition"],
    "winloss.drivers": ["book"],
    "winloss.reasons": ["book"],
    "pipeline.moved": ["book", "during"],
    "review.agenda": ["book"],
    "review.story": ["book", "deal_id"],
    "review.open_log": ["path_or_url"],
    "interviews.draw": ["book", "n", "seed"],
    "cohorts.win_curves": ["book", "by"],
    "cohorts.triangle": ["book"],
    "cohorts.chain": ["book", "by"],
    "retention.renewal": ["book", "by"],
    "retention.gross_net": ["book"],
    "retention.curves": ["book"],
    "retention.regret": ["book", "by"],
    "simulate.process": [],
    "stats.kaplan_meier": ["time", "event", "entry"],
    "stats.aalen_johansen": ["time", "exit", "entry"],
    "stats.median": ["time", "event", "entry"],
    "stats.rmst": ["time", "event", "tau", "entry"],
    "stats.log_rank": ["time", "event", "group"],
    "stats.gray": ["time", "exit", "group"],
    "stats.wilson": ["k", "n"],
    "stats.newcombe": ["k1", "n1", "k2", "n2"],
    "stats.pooled_rates": ["k", "n"],
    "stats.firth": ["X", "y"],
    "stats.kitagawa": [],
    "stats.das_gupta": [],
    "stats.das_gupta_counts": [],
    "stats.xmr_limits": ["values"],
    "stats.p_limits": ["k", "n"],
    "stats.beta_geometric": [],
    "stats.chain_ladder": ["triangle"],
}


def _get(name):
    value = kpikit
    for part in name.split("."):
        value = getattr(value, part)
    return value


@pytest.mark.parametrize("name", RELIED_ON)
def test_it_exists_and_takes_what_the_design_says(name):
    parameters = list(inspect.signature(_get(name)).parameters)
    assert parameters[: len(RELIED_ON[name])] == RELIED_ON[name]


@pytest.mark.parametrize(
    "name", [name for name in RELIED_ON if name.partition(".")[0] in ("engine", "velocity", "winloss")]
)
def test_after_the_book_everything_is_by_keyword(name):
    first, *others = inspect.signature(_get(name)).parameters.values()
    assert first.name == "book"
    assert [other.name for other in others if other.kind is not other.KEYWORD_ONLY] == []


@pytest.mark.parametrize(
    "name",
    RELIED_ON,
)
def test_it_has_an_example_that_the_doctests_run(name):
    assert ">>> " in inspect.getdoc(_get(name))


@pytest.mark.parametrize("room", ["kpikit.engine", "kpikit.simulate", "kpikit.stats", "kpikit.book", "kpikit"])
def test_everything_a_room_offers_says_what_it_is(room):
    module = importlib.import_module(room)
    things = {name: getattr(module, name) for name in module.__all__ if not name.startswith("__")}
    silent = [name for name, thing in things.items() if callable(thing) and not inspect.getdoc(thing)]
    assert silent == []


def test_a_book_tells_up_to_when_and_what_was_refused(demo):
    assert demo.as_of.tzinfo is not None
    assert {"table", "rule"} <= set(demo.dropped.columns)


def test_answers_have_one_shape(demo):
    """All that goes through the wrapper ends in the same columns, with a status of the five that exist."""
    period, before = demo.settings.period("2026Q3"), demo.settings.period("2025Q3")
    asked = [
        kpikit.velocity.time_in_stage(demo),
        kpikit.velocity.exits(demo),
        kpikit.velocity.curves(demo),
        kpikit.velocity.compare(demo, during=period, before=before),
        kpikit.winloss.wins(demo),
    ]
    for frame in asked:
        assert frame.columns[-5:] == ["unit", "kpi", "definition", "status", "reason"]
        assert {"n", "n_excluded", "value", "low", "high"} <= set(frame.columns)
        assert set(frame["status"]) <= {"ok", "too_few", "suppressed", "not_reached", "refused"}


@pytest.mark.parametrize("ask", ["time_in_stage", "exits", "curves"])
def test_nobody_is_compared(demo, ask):
    with pytest.raises(kpikit.RankingRefused, match="does not group, compare or rank people"):
        getattr(kpikit.velocity, ask)(demo, by=["owner"])
