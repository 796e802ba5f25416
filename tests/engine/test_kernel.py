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
