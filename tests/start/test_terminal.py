"""Text on a terminal: nothing that it would obey, and rows that stand in line."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpikit.start.terminal import columns, printable

GONE = "\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("two\nlines", "two\nlines"),
        ("é ☃ 日本 €", "é ☃ 日本 €"),
        ("\x1b[2Jcleared", f"{GONE}[2Jcleared"),
        ("\x1b]0;title\x07", f"{GONE}]0;title{GONE}"),
        ("\x9b31mred", f"{GONE}31mred"),
        ("back\x08\x08", f"back{GONE}{GONE}"),
        ("over\rwritten", f"over{GONE}written"),
        ("\u202egnirts", f"{GONE}gnirts"),
        ("zero\u200bwidth", f"zero{GONE}width"),
        ("\ufeffbom", f"{GONE}bom"),
        ("", ""),
    ],
)
def test_what_a_terminal_would_obey_is_shown_instead(text, shown):
    assert printable(text) == shown


@given(st.text())
def test_no_control_character_passes_and_nothing_else_changes(text):
    shown = printable(text)
    assert len(shown) == len(text)
    for before, after in zip(text, shown, strict=True):
        is_control = before != "\n" and unicodedata.category(before) in ("Cc", "Cf", "Cs")
        assert after == (GONE if is_control else before)


def test_columns_stand_in_line_and_long_cells_are_cut():
    assert columns([("deal", "amount"), ("D1", "12000.0"), ("D10", "")]) == [
        "deal  amount",
        "D1    12000.0",
        "D10",
    ]
    assert columns([("a" * 40, "b")]) == ["a" * 27 + "…  b"]
    assert columns([("a" * 28, "b")], most=28) == ["a" * 28 + "  b"]


def test_cells_are_made_printable():
    assert columns([("x\x1b[2J", "y")]) == [f"x{GONE}[2J  y"]
