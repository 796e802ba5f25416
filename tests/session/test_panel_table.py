"""All open deals: found by words, sorted, drawn as a strip in which a dot is a deal."""

from dataclasses import replace
from datetime import UTC, date, datetime
from math import sqrt
from types import SimpleNamespace

import polars as pl
import pytest

from kpikit import DealBook
from kpikit.session.open_deals import SORTS, open_deals, shown
from kpikit.session.panel.agenda import agenda_tools
from kpikit.session.panel.learning import _room
from kpikit.session.panel.nodes import node, texts
from kpikit.session.panel.state import State, filtered, select
from kpikit.session.panel.strip import LABELS, WIDTH, strip
from kpikit.session.panel.table import short_day, table_part
from kpikit.words import Words

EN = Words("en")
DEALS = pl.DataFrame(
    {
        "deal_id": ["a", "b", "c", "d"],
        "name": ["Appel", "Peer & Zn", "<b>Kers</b>", "Pruim"],
        "stage": ["Offer", "Offer", "Talk", "Talk"],
        "position": [2, 2, 1, 1],
        "days": [100.0, 25.0, 9.0, None],
        "mark_days": [49.0, 49.0, 36.0, None],
        "is_sleeping": [True, False, False, None],
        "amount": [10_000.0, None, 250.0, 1_500.0],
        "close_on": [date(2026, 10, 2), None, date(2025, 9, 1), date(2026, 12, 1)],
        "customer_goal": ["Fewer calls", "", None, "calls in the night"],
        "next_step": [None, None, None, None],
        "segment": ["Small", "Mid", None, "Small"],
    },
    schema_overrides={"next_step": pl.String},
)


def ids(found):
    return found.rows["deal_id"].to_list()


def test_every_word_must_be_there_in_any_case_anywhere():
    assert ids(shown(DEALS, "CALLS", "name")) == ["a", "d"]
    assert ids(shown(DEALS, "calls small night", "name")) == ["d"]
    assert shown(DEALS, "banana", "name").n_found == 0
    assert ids(shown(DEALS, "  ", "name")) == ["c", "a", "b", "d"]  # "<" stands before letters


def test_a_filter_is_text_not_a_pattern():
    assert ids(shown(DEALS, "<b>", "name")) == ["c"]
    assert ids(shown(DEALS, "a.*l", "name")) == []


def test_sorting_puts_the_largest_first_and_what_is_unknown_last():
    assert ids(shown(DEALS, "", "days")) == ["a", "b", "c", "d"]
    assert ids(shown(DEALS, "", "-days")) == ["c", "b", "a", "d"]
    assert ids(shown(DEALS, "", "amount")) == ["a", "d", "c", "b"]
    assert ids(shown(DEALS, "", "close_on")) == ["c", "a", "d", "b"]


@pytest.mark.parametrize("column", SORTS)
def test_every_sort_keeps_every_deal(column):
    assert sorted(ids(shown(DEALS, "", column))) == sorted(ids(shown(DEALS, "", f"-{column}"))) == list("abcd")


def test_a_hundred_rows_are_enough_and_the_rest_is_counted():
    many = pl.concat([DEALS.with_columns(deal_id=pl.lit(f"d{i}")) for i in range(30)])
    found = shown(many, "", "days")
    assert (found.rows.height, found.n_found, found.n) == (100, 120, 120)
    part = node("div", *table_part(many, State(), frozenset(), 2026, EN))
    assert "And 20 more: write in the field above what you look for." in texts(part)


def dots(tree):
    """All circles in a tree, by deal."""
    found = {}
    for child in tree[2]:
        if isinstance(child, list):
            found |= {child[1]["data-deal"]: child[1]} if child[0] == "circle" else dots(child)
    return found


def test_a_dot_stands_at_the_root_of_its_days():
    found = dots(strip(DEALS, None, EN))
    most, width = 100 * 1.03, WIDTH - LABELS - 8
    assert float(found["a"]["cx"]) == pytest.approx(LABELS + width * sqrt(100 / most), abs=0.1)
    assert float(found["b"]["cx"]) == pytest.approx(LABELS + width * sqrt(25 / most), abs=0.1)
    assert set(found) == {"a", "b", "c"}, "a deal whose days are unknown has no dot"
    assert (found["a"]["fill"], found["b"]["fill"]) == ("var(--waiting)", "var(--before)")


def test_stages_stand_in_their_order_whatever_the_deals_do():
    tree = strip(DEALS, None, EN)
    assert [part[1]["key"] for part in tree[2] if part[1].get("key", "").startswith("strip")] == [
        "strip-Talk", "strip-Offer"
    ]  # fmt: skip


def test_the_chosen_dot_is_ringed_and_a_click_chooses():
    found = dots(strip(DEALS, "b", EN))
    assert (found["b"]["stroke"], found["a"]["stroke"]) == ("var(--ink)", "var(--paper)")
    assert found["a"]["do"] == '{"do": "select", "deal": "a"}'
    assert found["a"]["aria-label"] == "Appel: 100 days"


def test_dots_on_one_day_do_not_hide_each_other():
    same = pl.concat([DEALS.head(1).with_columns(deal_id=pl.lit(name)) for name in "xyz"])
    places = {(dot["cx"], dot["cy"]) for dot in dots(strip(same, None, EN)).values()}
    assert len(places) == 3


def test_without_days_there_is_no_strip():
    assert strip(DEALS.with_columns(days=pl.lit(None, pl.Float64)), None, EN) is None


def test_the_table_says_what_it_shows():
    said = texts(node("div", *table_part(DEALS, filtered(select(State(), "a"), "appel"), frozenset("a"), 2026, EN)))
    assert "1 of 4 deals" in said
    assert {"Appel", "agenda", "Offer", "100", "€\N{NO-BREAK SPACE}10,000", "2 Oct"} <= set(said)
    assert "Peer & Zn" not in said


def test_exactly_one_row_is_in_the_way_of_the_tab_key():
    for chosen in (None, "b", "not there"):
        state = State() if chosen is None else select(State(), chosen)
        part = node("div", *table_part(DEALS, state, frozenset(), 2026, EN))
        assert [row["data-deal"] for row in rows(part) if row["tabindex"] == "0"] == ["b" if chosen == "b" else "a"]


def heads(tree):
    """The headings of a table: what each says, and its attributes."""
    if isinstance(tree, str):
        return []
    own = [("".join(texts(tree)), tree[1])] if tree[0] == "th" else []
    return own + [head for child in tree[2] for head in heads(child)]


@pytest.mark.parametrize(("sort", "arrow", "told"), [("days", "↓", "descending"), ("-days", "↑", "ascending")])
def test_the_heading_that_sorts_says_so_and_no_other(sort, arrow, told):
    state = replace(State(), sort=sort)
    found = heads(node("div", *table_part(DEALS, state, frozenset(), 2026, EN)))
    assert [said[-1] for said, attributes in found if "aria-sort" in attributes] == [arrow]
    assert [attributes["aria-sort"] for _, attributes in found if "aria-sort" in attributes] == [told]
    assert [said for said, _ in found if said[-1] in "↓↑"] == [
        f"{EN.say('panel.column.days')}  {arrow}"
    ]  # fmt: skip


def test_the_columns_of_numbers_are_set_as_numbers():
    found = heads(node("div", *table_part(DEALS, State(), frozenset(), 2026, EN)))
    numbers = [said.rstrip(" ↓↑") for said, attributes in found if attributes.get("class") == "number"]
    assert sorted(numbers) == sorted(EN.say(f"panel.column.{column}") for column in ("days", "amount"))
    assert len(found) > 2


def rows(tree):
    if isinstance(tree, str):
        return []
    own = [tree[1]] if "data-row" in tree[1] else []
    return own + [row for child in tree[2] for row in rows(child)]


def test_days_of_another_year_name_the_year():
    assert short_day(date(2026, 10, 2), 2026, EN) == "2 Oct"
    assert short_day(date(2025, 9, 1), 2026, Words("nl")).startswith("sep")


def test_a_book_without_stages_still_lists_its_open_deals():
    deals = pl.DataFrame(
        {"deal_id": ["a", "b"], "pipeline": ["P", "P"], "outcome": ["open", "won"],
         "created_at": [datetime(2026, 1, 1, tzinfo=UTC)] * 2, "outcome_at": [None, datetime(2026, 2, 1, tzinfo=UTC)]}
    )  # fmt: skip
    found = open_deals(DealBook.from_frames(deals=deals))
    assert found["deal_id"].to_list() == ["a"]
    assert found.select("name", "days", "is_sleeping").row(0) == ("a", None, None)


def test_open_deals_of_the_demo_are_all_there(demo):
    found = open_deals(demo)
    assert found.height == demo.tables["deals"].lazy().filter(pl.col("outcome") == "open").collect().height
    assert not {"owner", "team"} & set(found.columns)


def test_a_stage_of_two_pipelines_stands_at_its_first_place():
    """Talk is 1st here and 9th there, Offer 5th: Talk comes first, in whichever order the deals stand."""
    rows = [("x", "Talk", 9), ("y", "Offer", 5), ("z", "Talk", 1)]
    one = DEALS.head(1)
    deals = pl.concat(one.with_columns(deal_id=pl.lit(a), stage=pl.lit(b), position=pl.lit(c)) for a, b, c in rows)
    for some in (deals, deals.reverse()):
        tree = strip(some, None, EN)
        keys = [part[1]["key"] for part in tree[2] if part[1].get("key", "").startswith("strip")]
        assert keys == ["strip-Talk", "strip-Offer"]


@pytest.mark.parametrize(("value", "said"), [(0.19, "better"), (0.2, "not_better"), (0.21, "not_better")])
def test_a_forecast_is_better_than_the_usual_rate_only_below_it(value, said):
    score = pl.DataFrame([{"status": "ok", "value": value, "usual": 0.2, "n": 12, "n_events": 5}])
    told = SimpleNamespace(predicted=pl.DataFrame([{"chance": 0.3, "n_events": 5, "n": 12}]), score=score)
    words = "".join(text for one in _room(told, EN) for text in texts(one))
    assert EN.say(f"panel.learning.room.{said}", n=12, k=5) in words


@pytest.mark.parametrize(("statuses", "n", "minutes"), [(["ok", "off", "ok"], 2, 40), (["off"] * 3, 0, 0)])
def test_the_agenda_tells_how_long_it_is(statuses, n, minutes):
    listed = pl.DataFrame({"status": statuses, "minutes": [15, 5, 25]})
    state = SimpleNamespace(choices=SimpleNamespace(before=None))
    said = "".join(text for one in agenda_tools(listed, state, EN) for text in texts(one))
    assert EN.say("panel.agenda.sum", n=n, minutes=minutes) in said
