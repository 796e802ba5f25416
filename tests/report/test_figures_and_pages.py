"""Figures once, pages pure: what a report says is a function of one small value, and its template shows all of it."""

import dataclasses
import pickle
import subprocess
import sys
from types import FunctionType, MethodType

import polars as pl
import pytest

from kpikit.book import DealBook, of_team
from kpikit.errors import UsageError
from kpikit.report.figures.about import about
from kpikit.report.figures.team import team_figures
from kpikit.report.figures.winloss import winloss_figures
from kpikit.report.pages import team, winloss
from kpikit.report.pages.order import BACK, order
from kpikit.report.review import review_of, winloss_of
from tests.report import worked

PAGES_OF = """
import hashlib, json, pickle, sys
from pathlib import Path
import kpikit.book.opening
kpikit.book.opening.shipped = None  # no data can be opened here
from kpikit.report import review
figures, make, language = pickle.loads(Path(sys.argv[1]).read_bytes())
report = getattr(review, make)(figures, language)
told = {page.id: report[page.id]._repr_mimebundle_() for page in report.pages}
print(hashlib.sha256(json.dumps([report._repr_mimebundle_(), told], default=str).encode()).hexdigest())
"""


@pytest.fixture(scope="module")
def figures(demo):
    period = demo.settings.period("FY2026Q2")
    part = of_team(demo.at(min(period.end, demo.as_of)), "North")
    review = team_figures(part, about(part, period, "team", team="North"))
    quarter = winloss_figures(worked.book(), about(worked.book(), worked.book().settings.period(worked.NOW), "company"))
    return {"review_of": review, "winloss_of": quarter}


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "nl"])
@pytest.mark.parametrize("make", ["review_of", "winloss_of"])
def test_a_fresh_process_without_data_makes_the_same_pages(figures, tmp_path, make, language):
    import hashlib
    import json

    file = tmp_path / "figures.pickle"
    file.write_bytes(pickle.dumps((figures[make], make, language)))
    done = subprocess.run([sys.executable, "-c", PAGES_OF, file], capture_output=True, text=True, check=True)
    report = {"review_of": review_of, "winloss_of": winloss_of}[make](figures[make], language)
    told = {page.id: report[page.id]._repr_mimebundle_() for page in report.pages}
    here = hashlib.sha256(json.dumps([report._repr_mimebundle_(), told], default=str).encode()).hexdigest()
    assert done.stdout.strip() == here
    assert len(told) >= 9


def parts_of(value, path="figures"):
    """Every value within figures, with where it stands."""
    yield path, value
    if dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from parts_of(getattr(value, field.name), f"{path}.{field.name}")
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from parts_of(inner, f"{path}[{name!r}]")
    elif isinstance(value, (tuple, list)):
        for i, inner in enumerate(value):
            yield from parts_of(inner, f"{path}[{i}]")


@pytest.mark.parametrize("make", ["review_of", "winloss_of"])
def test_figures_hold_no_book_no_callable_and_nothing_lazy(figures, make):
    parts = dict(parts_of(figures[make]))
    forbidden = (DealBook, pl.LazyFrame, pl.Expr, FunctionType, MethodType)
    assert [path for path, value in parts.items() if isinstance(value, forbidden) or callable(value)] == []
    tables = {path: value.height for path, value in parts.items() if isinstance(value, pl.DataFrame)}
    assert max(tables.values()) < 1_000  # small: what a page can show, not what it was computed from
    assert len(pickle.dumps(figures[make])) < 400_000


@pytest.mark.parametrize("make", [team_figures, winloss_figures])
def test_a_company_copy_s_figures_hold_no_deal(demo, make):
    period = demo.settings.period("FY2026Q2")
    part = of_team(demo.at(min(period.end, demo.as_of)), "North")
    names = part.tables["deals"].lazy().select("deal_id", "name").collect()
    said = [name for column in names for name in column.drop_nulls().to_list() if len(name) > 3]

    def told(copy):
        kept = pickle.dumps(make(part, about(part, period, copy, team="North")))
        return [name for name in said if name.encode() in kept]

    assert told("company") == []
    if make is team_figures:  # the mirror: a team's own copy lists deals, and they are seen
        assert len(told("team")) > 7


@pytest.mark.parametrize("room", [team, winloss])
def test_every_page_has_its_cell_and_every_cell_its_page(room):
    shown = order(room.TEMPLATE)
    assert len(shown) == len(set(shown))
    assert set(shown) == {*room.PAGES, BACK}
    assert shown[-1] == BACK


def test_the_pages_come_in_the_order_of_the_template(figures):
    report = winloss_of(figures["winloss_of"])
    assert tuple(page.id for page in report.pages) == order(winloss.TEMPLATE)


def test_a_page_that_no_report_has_is_refused_with_those_there_are(figures):
    report = review_of(figures["review_of"])
    with pytest.raises(UsageError) as refused:
        report["fornt"]
    assert refused.value.code == "unknown_page"
    assert {"front", "back", "deals"} <= set(refused.value.values["allowed"].split(", "))
