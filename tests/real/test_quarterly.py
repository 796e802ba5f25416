"""The quarterly report on real exports, in both languages: pages, or in words why there is none."""

import pytest

import kpikit
from kpikit.report.review import quarterly_winloss
from kpikit.show.document import plain, section

PERIODS = {"bpic2012": "2012Q1", "maven": "2017Q4", "olist": "2018Q2"}
FOLDERS = {"bpic2012": "bpic2012", "maven": "maven_crm", "olist": "olist"}


def report(name, root, shared_data, language="en"):
    if not (shared_data / FOLDERS[name]).exists():
        pytest.skip(f"shared: {FOLDERS[name]} is not here")
    book = kpikit.open_book(root / "tests" / "real" / f"{name}.toml")
    return quarterly_winloss(book, period=PERIODS[name], language=language)


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "nl"])
@pytest.mark.parametrize("name", PERIODS)
def test_it_renders(name, language, root, shared_data):
    made = report(name, root, shared_data, language)
    assert len(made.pages) == 13
    for page in made.pages:
        assert section(page, made.words)
        assert page.chart is None or "<svg" in section(page, made.words)


@pytest.mark.slow
def test_maven_counts_what_is_known(root, shared_data):
    # won per month Oct .493 of 566, Nov .529 of 768, Dec .785 of 651: 279 + 406 + 511 = 1,196 of 1,985
    made = report("maven", root, shared_data)
    text = plain(made["counted"].page, made.words)
    assert "All finished: 1,196 of 1,985" in text
    assert "no stage history" in plain(made["where"].page, made.words)


@pytest.mark.slow
def test_olist_never_records_a_loss(root, shared_data):
    made = report("olist", root, shared_data)
    text = plain(made["front"].page, made.words)
    assert text.startswith("How often we win cannot be said: no deal was ever recorded as lost")
    assert "won within 180 days" in text
