"""The pages with customers' words, reasons and drivers: on the demo, on books of our own, in both languages."""

import re
from pathlib import Path

import polars as pl
import pytest

from kpikit import DealBook
from kpikit.book import of_team
from kpikit.report.figures.drivers import DECLARED
from kpikit.report.interview_form import interview_form
from kpikit.report.pages.stories import line
from kpikit.show.document import plain, section
from kpikit.words import LANGUAGES, Words
from tests.analysis.test_stories import DEALS, TALKS
from tests.report import parts
from tests.report.parts import customer, goes_with, reasons, voices, where, whom
from tests.strategies import day

pytestmark = pytest.mark.slow  # each makes whole reports

EN, NL = Words("en"), Words("nl")
PAGES = ("customer", "voices", "where", "reasons", "whom", "goes_with")


def title(page, words=EN):
    return page.title.in_words(words)


def sentence(page, words=EN):
    return " ".join(part.in_words(words) for part in page.sentence)


@pytest.fixture(scope="module")
def period(demo):
    return demo.settings.period("2026Q3")


@pytest.fixture(scope="module")
def team(demo, period):
    then = demo.at(period.end)
    return lambda name: of_team(then, name)


def test_liege_wrote_price_nine_times(team, period):
    page = reasons(team("Liège"), period, "team")
    assert title(page) == "Buyers named “price” three times, we wrote it nine times"
    assert title(page, NL) == "Kopers noemden drie keer ‘prijs’, wij schreven het negen keer"
    assert sentence(page).startswith(
        "In 18 lost deals where both are known we wrote “price” 9 times; "
        "in 3 of those the buyer agreed (33 in 100; 12 to 65). How often in general: can't tell yet; worth asking."
    )
    assert page.chart.data.row(0, named=True)["ours"] == 9
    assert not page.folded


def test_vlaanderen_wins_six_in_ten_with_a_second_contact(team, period):
    page = goes_with(team("Vlaanderen"), period, "team")
    assert title(page) == "A second contact before the offer: six in ten won; without, three"
    assert title(page, NL) == "Tweede contact vóór de offerte: zes op de tien gewonnen, anders drie"
    assert page.certainty == "clear"
    # 32 of 55 less 21 of 66: 58.2 - 31.8 = 26.4
    assert "won 32 of 55 with a second contact before the offer against 21 of 66 without: 26 in 100 more" in sentence(
        page
    )
    assert len(page.details[0][1]) == 5


def test_the_report_may_judge_certainty_itself(team, period):
    page = goes_with(team("Vlaanderen"), period, "team", sure={"second_contact": "unknown"})
    assert page.folded
    assert "we would only have noticed a difference of about" in sentence(page)


def test_a_team_without_a_difference_folds(team, period):
    page = goes_with(team("South"), period, "team")
    assert page.folded
    assert title(page) == "We can't tell yet what goes with winning"


def test_six_in_ten_losses_come_after_the_offer(demo, period):
    page = where(demo.at(period.end), period, "company")
    assert title(page) == "Six in ten losses come after our offer"
    assert title(page, NL) == "Zes van de tien verliezen komen na onze offerte"
    assert re.match(
        r"\d+ of 199 lost deals \(59 in 100; 52 to 66\) left after the offer; for \d+ nobody", sentence(page)
    )
    assert page.chart.data["n"].sum() == 199


def test_our_largest_competitor_is_no_decision(demo, period):
    page = whom(demo.at(period.end), period, "company")
    assert title(page) == "Our largest competitor is no decision"
    assert page.certainty == "clear"
    # 199 lost, 37 of them blank or unknown: 76 of 162 no decision
    assert "Of 162 lost deals with a known reason: “no decision” 76 (47 in 100; 39 to 55)" in sentence(page)
    assert "37 blank or unknown." in sentence(page)


def test_two_reasons_as_frequent_cannot_be_told_apart(team, period):
    page = whom(team("Liège"), period, "team")  # price 9, no decision 8
    assert page.folded
    assert page.certainty == "unknown"
    assert title(page) == "More often “price” or “no decision”: we can't tell yet"


def test_two_customers_speak_drawn_by_lot(team, period):
    book = team("Liège")
    page = customer(book, period, "team")
    assert [card.heading.code for card in page.cards] == ["card.won", "card.not_won"]
    assert title(page).strip("“”").rstrip(" …") in page.cards[0].story
    assert sentence(page) == "35 of 41 decided customers were asked, 21 answered."
    assert [card.story for card in customer(book, period, "team").cards] == [card.story for card in page.cards]
    told = voices(book, period, "team")
    assert title(told) == "Why they chose us, why they didn't: two customers"
    assert [len(card.others) for card in told.cards] == [2, 2]


def test_new_markets_has_three_deals_and_one_story(team, period):
    book = team("New Markets")
    assert len(customer(book, period, "team").cards) == 1
    assert title(voices(book, period, "team")) == "Why they didn't choose us: one customer"
    for name in ("where", "reasons", "whom", "goes_with"):
        assert getattr(parts, name)(book, period, "team").folded


def book_of(*told, deals=None):
    kinds = DEALS | {"outcome_at": pl.Datetime("us", "UTC"), "loss_reason": pl.String}
    usual = {"pipeline": "New", "outcome": "won", "created_at": day(0), "outcome_at": day(20)}
    rows = [usual | {"deal_id": f"d{i:02}"} | deal for i, deal in enumerate(deals or [{} for _ in told])]
    talk = {"asked_at": day(21), "held_at": day(22), "language": "en", "permission": True, "quotable": True}
    spoken = [talk | {"deal_id": f"d{i:02}"} | one for i, one in enumerate(told)]
    frames = {"interviews": pl.DataFrame(spoken, schema=TALKS)} if spoken else {}
    return DealBook.from_frames(deals=pl.DataFrame(rows, schema=kinds), as_of=day(89), **frames)


@pytest.fixture
def quarter(demo):
    return demo.settings.period("2026Q1")


def test_the_company_copy_holds_quotable_stories_without_names(quarter):
    book = book_of({"story": "Karin said yes on Monday."}, {"story": "Only for you.", "quotable": False})
    page = customer(book, quarter, "company")
    assert [card.story for card in page.cards] == ["[…] said yes on Monday."]
    assert page.cards[0].about[-1].in_words(EN) == "names taken out"
    assert "Karin" not in section(page, EN) + section(voices(book, quarter, "company"), EN)
    both = customer(book, quarter, "team")
    assert both.cards[0].story in {"Karin said yes on Monday.", "Only for you."}


@pytest.mark.parametrize("copy", ["team", "company"])
def test_no_permission_no_story(quarter, copy):
    book = book_of({"story": "Secret.", "permission": False}, {"story": "Secret too.", "permission": None})
    for page in (customer(book, quarter, copy), voices(book, quarter, copy)):
        assert page.cards == ()
        assert not page.folded
        assert title(page) == "Customers were asked; no story may be told here"
        assert "Secret" not in section(page, EN)


def test_nobody_asked_a_customer(quarter):
    page = customer(book_of(deals=[{}, {"outcome": "lost"}]), quarter, "team")
    assert title(page) == "Nobody asked a customer in this period"
    assert sentence(page) == "2 customers decided; nobody asked why."
    assert page.question.in_words(EN) == "Whom could we ring this week?"


@pytest.mark.parametrize(
    ("story", "quote"),
    [
        ("It took long. You were the only ones who rang back on Friday.", "It took long."),
        ("No. " + "word " * 30 + ". Short enough to say.", "Short enough to say."),
        ("one " * 30, "one one one one one one one one one one one …"),
        ("Yes.", "Yes."),
    ],
)
def test_the_title_is_a_sentence_of_theirs(quarter, story, quote):
    page = customer(book_of({"story": story}), quarter, "team")
    assert title(page) == f"“{quote}”"
    assert len(title(page).split()) <= 12


def test_hostile_stories_and_reasons_stay_text(quarter):
    hostile = "<script>alert(1)</script> {{7*7}} said she."
    deals = [{"outcome": "lost", "loss_reason": "<img src=x onerror=alert(1)>x"} for _ in range(12)]
    book = book_of(*({"story": hostile} for _ in range(6)), deals=deals)
    for name in PAGES:
        html = section(getattr(parts, name)(book, quarter, "team"), EN)
        assert "<script" not in html
        assert "<img" not in html


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("outcome", ["won", "lost", "open", "void"])
@pytest.mark.parametrize("copy", ["team", "company"])
def test_all_won_all_lost_nothing_decided(quarter, language, outcome, copy):
    deals = [{"outcome": outcome, "outcome_at": None if outcome == "open" else day(20)} for _ in range(30)]
    for name in PAGES:
        page = getattr(parts, name)(book_of(deals=deals), quarter, copy)
        assert plain(page, Words(language))
        assert section(page, Words(language))


def test_deals_without_a_day_of_outcome_are_refused_with_the_reason(quarter):
    book = book_of(deals=[{"outcome": "lost", "outcome_at": None, "loss_reason": "price"} for _ in range(30)])
    for name, begins in (
        ("where", "Where we lose cannot be said"),
        ("goes_with", "What goes with winning cannot be said"),
    ):
        page = getattr(parts, name)(book, quarter, "team")
        assert title(page) == f"{begins}: no deal has a date of its outcome"
    assert sentence(whom(book, quarter, "team")).startswith("Too few in four quarters, so this looks at everything")
    assert sentence(customer(book, quarter, "team")) == "No customer decided in this period."


def test_windows_widen_and_say_so(demo):
    period = demo.settings.period("2026Q1")
    deals = [{"outcome": "lost", "loss_reason": "price", "outcome_at": day(-100)} for _ in range(12)]
    page = whom(book_of(deals=deals), period, "team")
    assert title(page) == "The reason we wrote most often is “price”"
    assert sentence(page).startswith(
        "Too few in this period alone, so this looks at four quarters (Apr 2025–Mar 2026)."
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_titles_have_at_most_twelve_words_on_every_team(team, period, language):
    words = Words(language)
    for name in ("North", "Randstad", "Liège", "Vlaanderen", "New Markets"):
        book = team(name)
        for page_name in PAGES[:-1]:
            said = title(getattr(parts, page_name)(book, period, "team"), words)
            assert len(said.split()) <= 12, said


def title_codes():
    text = (Path(__file__).parents[2] / "kpikit" / "words" / "en" / "voices.po").read_text(encoding="utf-8")
    return sorted(set(re.findall(r'msgid "(page\.\w+\.title[^"]*)"', text)))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", title_codes())
def test_every_title_has_at_most_twelve_words_and_none_of_a_statistician(code, language):
    words = Words(language)
    two_words = words.say("reason_group.written", text="missing feature")
    reasons_of = {
        "where": "no_stage_history",
        "reasons": "no_interviews",
        "whom": "no_loss_reason",
        "goes_with": "no_offers",
    }
    for driver in DECLARED:
        said = words.say(
            code, n=7, stage="Written offer", tens=words.say("count.6"), theirs=words.say("times.3"),
            ours=words.say("times.9"), reason=words.say(f"reason.{reasons_of.get(code.split('.')[1], 'no_offers')}")
            if code.endswith("refused") else two_words, one=two_words, other=two_words, quote="",
            driver=words.say(f"driver.{driver}"), with_it=0.58 if "hundred" in code else words.say("tens.6"),
            without=0.32 if "hundred" in code else words.say("tens.3"),
        )  # fmt: skip
        assert len(said.split()) <= 12, said
        assert not re.search(r"\b(median|mediaan|significan\w+|kpi|win rate|cohort|driver|odds|model)\b", said.lower())


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_form_has_six_questions(language):
    shown = interview_form(language)
    assert len(shown.page.table.rows) == 6
    html = section(shown.page, shown.words)
    assert html.count("<tr>") == 7
    assert Words(language).say("interview.permission") in html


def test_a_line_of_others_keeps_what_follows_or_says_that_something_does():
    assert line("The offer was good. Nobody here wanted it.") == "The offer was good. Nobody here wanted it."
    long = f"The offer was good. But {' '.join(['we'] * 25)} stayed."
    assert line(long) == "The offer was good. …"  # 4 words, and 27 more do not fit 22
    assert line(f"{' '.join(['word'] * 30)}. More.") == f"{' '.join(['word'] * 22)} …"


def test_a_page_over_all_there_is_speaks_in_whole_sentences():
    assert EN.say("page.goes_with.window.all").endswith(":")
    assert EN.say("page.goes_with.counts", k1=1, n1=2, k2=1, n2=2, driver="x").startswith("won ")
