"""The fast kernel and the definition of spells, drawn books side by side: they must be the same rows, ties included."""

import polars as pl
import pytest
from hypothesis import given, settings
from polars.testing import assert_frame_equal

import kpikit
from kpikit.engine.spells import defined, spells
from tests import strategies

ORDER = ["deal_id", "entered_at", "seq", "left_at", "stage", "visit"]


def in_order(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.sort(ORDER, nulls_last=True)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(strategies.deal_rows())
def test_kernel_equals_the_definition(rows):
    book = strategies.as_book(rows)
    if "stage_events" not in book.tables:
        return
    assert_frame_equal(in_order(spells(book)), in_order(defined(book)), check_dtypes=False)


@pytest.mark.parametrize("source", ["demo", "tests/real/bpic2012.toml"])
def test_kernel_equals_the_definition_on_real_books(source, root, shared_data):
    book = kpikit.open_book(source if source == "demo" else root / source)
    assert_frame_equal(in_order(spells(book)), in_order(defined(book)), check_dtypes=False)


def test_a_closed_deal_without_a_day_that_was_once_reopened_has_no_known_end():
    """Lost on day 10, open again on day 20, lost since nobody knows when: its last visit is no open one."""
    deals = [
        {"deal_id": "x", "pipeline": "New", "stage": "Proposal", "outcome": "lost", "created_at": strategies.day(1)}
    ]
    events = [{"deal_id": "x", "stage": "Proposal", "entered_at": strategies.day(1), "seq": 2**33}]
    changes = [
        {"deal_id": "x", "field": "outcome", "old": old, "new": new, "changed_at": strategies.day(at), "seq": 1}
        for old, new, at in (("open", "lost", 10), ("lost", "open", 20))
    ]
    rows = {"deals": deals, "stage_events": events, "changes": changes, "as_of": strategies.day(50)}
    book = strategies.as_book(rows)
    found = spells(book)
    assert found["excluded"].to_list() == [None, "end_unknown"]
    assert_frame_equal(in_order(found), in_order(defined(book)), check_dtypes=False)
