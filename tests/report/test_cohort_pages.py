"""What is to come and who stays: the titles from books made for them, every form of each, and what is drawn."""

from datetime import date, timedelta

import polars as pl
import pytest

from kpikit import Settings
from kpikit.calendar import Period
from kpikit.report.figures.cohorts import newest_figures
from kpikit.show.charts.base import NARROW, WIDE, draw
from kpikit.show.document import section
from kpikit.show.page import Chart
from kpikit.words import Words
from tests.analysis.customer_books import customer_book, years
from tests.analysis.rate_books import many, rate_book
from tests.report.parts import stay, to_come
from tests.strategies import day

pytestmark = pytest.mark.slow  # each makes whole reports

Q3 = Period.parse("2026Q3")
EN, NL = Words("en"), Words("nl")
END = 273.0  # 1 October 2026


def said(page, words=EN) -> str:
    return " ".join(part.in_words(words) for part in page.sentence)


def chart_of(page) -> Chart:
    assert page.chart is not None
    return page.chart


def both_widths(page):
    return [draw(chart_of(page), words, width).to_dict() for words in (EN, NL) for width in (WIDE, NARROW)]


# --- to come -------------------------------------------------------------------------------------------------------


def quarters(now: tuple[int, int, int], before: tuple[int, int], scale: int = 1, **asked):
    """Q2: so many won, lost, open; the four quarters before it each so many won and lost; some of Q3."""
    rows = []
    for start in (-360, -270, -180, -90):
        rows += many(before[0] * scale, "won", created_at=day(start + 10), outcome_at=day(start + 60))
        rows += many(before[1] * scale, "lost", created_at=day(start + 10), outcome_at=day(start + 20))
    for n, outcome, ended in zip(now, ("won", "lost", "open"), (150, 120, None), strict=True):
        rows += many(n * scale, outcome, created_at=day(100), outcome_at=None if ended is None else day(ended))
    rows += many(12, "won", created_at=day(200), outcome_at=day(230)) + many(20, "open", created_at=day(200))
    return rate_book(rows, as_of=END, **asked)


def test_springs_deals_go_the_usual_way():
    # 84 of 400 won (21), before 76 of 400 a quarter (19); 136 open (34): the end lies between 21 and 55
    page = to_come(quarters((84, 180, 136), (76, 324)), Q3, "company")
    assert page.title.in_words(EN) == "Spring's deals go the usual way; summer's are too young"
    assert page.title.in_words(NL) == "De deals van het voorjaar lopen als gewoonlijk; die van de zomer zijn te jong"
    assert said(page).startswith("Begun Apr–Jun 2026: 21 in 100 won within 90 days (17 to 25; 400 deals), usual 19. ")
    assert "34 in 100 are still open, so the end lies between 21 and 55." in said(page)
    assert "With 400 deals we would only have noticed a difference of about 6 in 100." in said(page)
    assert (page.folded, page.certainty) == (False, None)
    assert len(both_widths(page)) == 4


def test_a_clear_fall_is_a_finding():
    page = to_come(quarters((20, 180, 0), (100, 100)), Q3, "company")
    assert page.title.in_words(EN) == "Spring's deals are won less often than usual"
    assert (page.certainty, page.folded) == ("clear", False)
    assert "noticed" not in said(page)
    assert "still open" not in said(page)


def test_the_report_may_know_better_how_sure_it_is():
    page = to_come(quarters((20, 180, 0), (100, 100)), Q3, "company", "unknown")
    assert page.certainty is None
    assert page.title.in_words(EN).startswith("Spring's deals go the usual way")
    found = newest_figures(quarters((20, 180, 0), (100, 100)), Q3)
    assert {"finding", "value", "low", "high", "low80", "high80", "p"} <= set(found.now.columns) & set(
        found.earlier.columns
    )


def test_a_few_deals_cannot_tell_and_fold():
    page = to_come(quarters((4, 10, 6), (5, 15)), Q3, "company")
    assert page.title.in_words(EN) == "Spring's deals: the usual way? We can't tell yet"
    assert (page.folded, page.certainty) == (True, "unknown")


def test_nothing_old_enough_and_nothing_dated_fold_with_a_reason():
    young = to_come(rate_book(many(30, "open", created_at=day(260)), as_of=END), Q3, "company")
    assert young.folded
    assert young.title.in_words(EN) == "We can't tell yet how the newest deals will go"
    undated = to_come(rate_book(many(30, "won", created_at=None), as_of=END), Q3, "company")
    assert undated.folded
    assert undated.title.in_words(EN).startswith("How the newest deals will go cannot be answered: ")


def test_quarters_of_another_fiscal_year_go_by_their_months():
    book = quarters((84, 180, 136), (76, 324), settings=Settings(fiscal_year_starts=2))
    page = to_come(book, Period.parse("FY2026Q2", fiscal_start=2), "company")
    assert page.title.in_words(EN).startswith("Deals of ")
    assert len(both_widths(page)) == 4


def test_the_young_part_of_a_curve_is_drawn_hollow_and_numbers_stand_below():
    page = to_come(quarters((84, 180, 136), (76, 324)), Q3, "company")
    data = chart_of(page).data
    summer = data.filter((pl.col("which") == "waiting") & (pl.col("panel") == "curve"))
    assert summer["is_young"].all()
    assert not data.filter(pl.col("which") == "before")["is_young"].any()
    now = data.filter((pl.col("which") == "now") & (pl.col("panel") == "view")).sort("time")
    # 400 begun; 180 lost at 20 days, 84 won at 50, the 136 open ones followed from day 100 to 273
    assert now["n"].to_list() == [400, 220, 136, 136, 136, 136, 0]


# --- who stays -------------------------------------------------------------------------------------------------------

STAGES = pl.DataFrame({"pipeline": ["New"] * 2, "stage": ["First", "Second"], "position": [1, 2]})


def customers(stayed: int, left: int, yes: int, no: int, unasked: int, **tables):
    """Contracts of July 2025 due in July 2026, and wins of the last year with their answers."""
    due = [date(2025, 7, 1) + timedelta(days=i % 60) for i in range(stayed + left)]
    paid = [row for i, d in enumerate(due) for row in years(f"a{i}", d, [10, 10 if i < stayed else 0])]
    deals = [{"account_id": f"a{i}", "won_on": d, "source": "web"} for i, d in enumerate(due)]
    answers = [True] * yes + [False] * no + [None] * unasked
    deals += [
        {"account_id": f"w{i}", "won_on": date(2026, 2, 1) + timedelta(days=i), "more_like_this": answer}
        for i, answer in enumerate(answers)
    ]
    deals = [{"source": "web", **deal} for deal in deals]
    paid = paid or [("nobody", date(2026, 9, 1), 1)]
    return customer_book(paid, as_of=date(2026, 10, 1), deals=deals, **tables)


def test_twenty_of_twentyfour_stayed_and_thirtyone_of_forty_are_wanted_again():
    page = stay(customers(20, 4, 31, 9, 12), Q3, "company")
    assert page.title.in_words(EN) == "20 of 24 customers due stayed; of last year's wins we want 31 of 40 again"
    assert page.title.in_words(NL) == "20 van de 24 klanten bleven; 31 van de 40 zouden we zo weer willen"
    assert (
        said(page)
        == "20 of 24 due stayed (83 in 100; 64 to 93). “A hundred more of these?” yes 31, no 9, not asked 12."
    )
    squares = chart_of(page).data.filter(panel="due").select(pl.col("stayed", "left", "unknown").sum()).row(0)
    assert squares == (20, 4, 0)
    assert len(both_widths(page)) == 4
    for words in (EN, NL):
        assert "20" in section(page, words)


def test_chain_by_source_stands_beside_the_squares():
    events = pl.DataFrame(
        {"deal_id": [f"D{i}" for i in range(76)], "stage": "First", "entered_at": date(2025, 7, 1), "seq": 1}
    )
    page = stay(customers(20, 4, 31, 9, 12, stage_events=events, stages=STAGES), Q3, "company")
    link = chart_of(page).data.filter(panel="chain").to_dicts()[0]
    # every lead is won here; 20 of the 24 that are a year old are still there
    assert (link["label"], link["accepted"], link["won"], link["kept"]) == ("web", 1.0, 1.0, pytest.approx(20 / 24))
    assert link["note"].in_words(EN) == "100 → 100 → 83"
    assert len(both_widths(page)) == 4


@pytest.mark.parametrize(
    ("book", "title"),
    [
        ((20, 4, 0, 0, 5), "20 of 24 customers due stayed"),
        ((0, 0, 31, 9, 12), "Of last year's wins we want 31 of 40 again"),
        ((3, 1, 0, 0, 0), "3 of 4 customers due stayed"),
        ((0, 0, 0, 0, 3), "Who stays cannot be answered: no contract fell due of which we know what became"),
    ],
)
def test_what_is_not_known_is_left_out_of_the_title(book, title):
    page = stay(customers(*book), Q3, "company")
    assert page.title.in_words(EN) == title
    assert page.folded == ("cannot" in title)
    for words in (EN, NL):
        section(page, words)


def test_no_revenue_is_said_and_what_is_wanted_is_still_told():
    book = customers(0, 0, 31, 9, 12)
    bare = book.replace(tables={name: table for name, table in book.tables.items() if name != "revenue"})
    page = stay(bare, Q3, "company")
    assert page.title.in_words(EN) == "Of last year's wins we want 31 of 40 again"
    assert said(page).startswith("Who stayed when due cannot be told: ")
    nothing = customers(0, 0, 0, 0, 3)
    nothing = nothing.replace(tables={name: table for name, table in nothing.tables.items() if name != "revenue"})
    assert stay(nothing, Q3, "company").folded


def test_many_customers_share_a_square_and_none_is_lost():
    page = stay(customers(200, 40, 0, 0, 1), Q3, "company")
    spec = str(draw(chart_of(page), EN, WIDE).to_dict())
    assert "a square is" in spec
    assert chart_of(page).data.filter(panel="due").select(pl.col("stayed", "left").sum()).row(0) == (200, 40)


def test_a_source_with_a_hostile_name_is_drawn_as_text():
    events = pl.DataFrame(
        {"deal_id": [f"D{i}" for i in range(76)], "stage": "First", "entered_at": date(2025, 7, 1), "seq": 1}
    )
    book = customers(20, 4, 31, 9, 12, stage_events=events, stages=STAGES)
    deals = book.tables["deals"].lazy().collect().with_columns(source=pl.lit("<script>alert(1)</script>\u2028"))
    page = stay(book.replace(tables={**book.tables, "deals": deals}), Q3, "company")
    assert "<script" not in section(page, EN)
