"""Customers' stories: found by stems and accents, ranked the same every time, told only with permission."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpikit import DealBook, UsageError, winloss
from kpikit.analysis.voices.search import asked, words
from tests.strategies import day

INSTANT = pl.Datetime("us", "UTC")
TALKS = {
    "deal_id": pl.String, "asked_at": INSTANT, "held_at": INSTANT, "language": pl.String, "story": pl.String,
    "permission": pl.Boolean, "quotable": pl.Boolean,
}  # fmt: skip
DEALS = {
    "deal_id": pl.String, "pipeline": pl.String, "outcome": pl.String, "account_id": pl.String, "name": pl.String,
    "owner": pl.String, "segment": pl.String, "source": pl.String, "deal_type": pl.String, "customer_goal": pl.String,
    "created_at": INSTANT,
}  # fmt: skip


def book_of(stories, deals=None, **tables):
    """A deal for each story, asked on day 10 and held on day 11, one day later each; with permission, quotable."""
    usual = {"asked_at": day(10), "language": "en", "permission": True, "quotable": True}
    told = [
        usual | {"deal_id": f"d{i:02}", "held_at": day(11 + i)} | (one if isinstance(one, dict) else {"story": one})
        for i, one in enumerate(stories)
    ]
    deals = deals or [{} for _ in told]
    rows = [
        {"deal_id": f"d{i:02}", "pipeline": "New", "outcome": "won", "created_at": day(0)} | d
        for i, d in enumerate(deals)
    ]
    return DealBook.from_frames(
        deals=pl.DataFrame(rows, schema=DEALS), interviews=pl.DataFrame(told, schema=TALKS), as_of=day(100), **tables
    )


def found(book, search="", **asked_for):
    return winloss.stories(book, search=search, **asked_for)["story"].to_list()


# --- words -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("search", "language", "story"),
    [
        ("offers", "en", "The offer was one page."),
        ("RINGING", "en", "You were the only ones who rings back."),
        ("quotation", "en", "Two quotations, one page each."),
        ("offertes", "nl", "De offerte was goed."),
        ("bellen", "nl", "Dinsdag gebeld, donderdag besloten."),
        ("planner", "nl", "De planners waren moe."),
        ("een", "nl", "Eén chauffeur was genoeg."),
        ("zoe", "nl", "Zoë had gelijk."),
        ("Zoë", "nl", "Zoe had gelijk."),
        ("cafés", "en", "A cafe next door."),
        ("décision", "fr", "La decision est tombée."),  # no stems of French, but its words
        ("offers", None, "The offer was one page."),  # nobody wrote down the language
        ("offertes", None, "De offerte was goed."),
    ],
)
def test_stems_and_accents(search, language, story):
    book = book_of([{"story": story, "language": language}, "Nothing of the kind."])
    assert found(book, search) == [story]


def test_the_stem_of_one_language_does_not_find_the_other():
    # Dutch would make "bel" of "gebeld"; in an English text that word stands for nothing
    assert found(book_of(["They rang the bell."]), "gebeld") == []


def test_small_words_do_not_find_everything():
    book = book_of(["The price was fine.", "The map was not."])
    assert found(book, "the price") == ["The price was fine."]
    assert len(found(book, "the")) == 2  # nothing else was asked


def test_who_fits_more_words_comes_first_then_the_latest_then_by_deal():
    stories = ["a tree", "rain and wind", "rain", "wind", "rain"]
    told = winloss.stories(book_of(stories), search="rain wind")
    assert told["deal_id"].to_list() == ["d01", "d04", "d02", "d03"] or told["story"][0] == "rain and wind"
    same = [
        {"story": "rain", "held_at": day(20)},
        {"story": "rain", "held_at": day(30)},
        {"story": "rain", "held_at": day(20)},
    ]
    assert winloss.stories(book_of(same), search="rain")["deal_id"].to_list() == ["d01", "d00", "d02"]


def test_without_words_all_stories_the_latest_first():
    assert found(book_of(["one", "two", "three"])) == ["three", "two", "one"]


@settings(max_examples=8, deadline=None)
@given(st.randoms(use_true_random=False), st.sampled_from(["rain", "rain wind", "", "tree rains"]))
def test_the_order_of_rows_does_not_matter(random, search):
    stories = [
        {"story": text, "held_at": day(20)} for text in ("rain", "rain wind", "a tree in the rain", "wind", "rain")
    ]
    told = [dict(one, deal_id=f"d{i:02}") for i, one in enumerate(stories)]
    expected = winloss.stories(book_of(told), search=search)
    random.shuffle(told)
    again = winloss.stories(book_of(told), search=search)
    assert again.to_dicts() == expected.to_dicts()


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(st.text(max_size=80), st.text(max_size=30))
def test_any_text_can_be_searched_and_stays_as_it_is(story, search):
    book = book_of([{"story": story}, "a tree"])
    kept = set(book.tables["interviews"]["story"])  # the door takes off what no text should end with
    assert set(found(book, search)) <= kept
    assert set(found(book)) == {text for text in kept if text and text.strip()}
    assert all(words(form.split(":", 1)[-1]) for forms in asked("tree house") for form in forms)


@pytest.mark.parametrize(
    "hostile", ["<script>alert(1)</script> rain", '"><img src=x onerror=rain>', "{{rain}}", "=rain()"]
)
def test_hostile_text_stays_text(hostile):
    assert found(book_of([hostile]), "rain") == [hostile]


# --- who may read what -----------------------------------------------------------------------------------------------

RIGHTS = [
    {"story": "yes and yes"}, {"story": "yes and no", "quotable": False}, {"story": "no", "permission": False},
    {"story": "quotable, but not permitted", "permission": False, "quotable": True},
    {"story": "nobody asked", "permission": None, "quotable": None},
    {"story": "not held", "held_at": None}, {"story": "  "},
]  # fmt: skip


def test_a_team_copy_holds_what_is_permitted_a_company_copy_what_is_quotable():
    book = book_of(RIGHTS)
    assert sorted(found(book)) == ["yes and no", "yes and yes"]
    company = winloss.stories(book, copy="company")
    assert company["story"].to_list() == ["yes and yes"]
    assert company["deal_id"].to_list() == [None]


def test_names_are_taken_out_of_a_company_copy():
    accounts = pl.DataFrame({"account_id": ["a"], "name": ["Waalburcht Bakkerij"]})
    deal = {
        "account_id": "a", "name": "Waalburcht Bakkerij – portaal", "owner": "p014",
        "customer_goal": "Minder bellen met Joost Bakker",
    }  # fmt: skip
    story = "Karin van Waalburcht zei tegen p014: bel de bakkerij op 06-12345678, of mail jan@bakker.nl."
    book = book_of([{"story": story, "language": "nl"}], [deal], accounts=accounts)
    row = winloss.stories(book, copy="company").to_dicts()[0]
    for name in ("Karin", "Waalburcht", "p014", "12345678", "jan@", "Joost"):
        assert name not in str(row)
    assert "de bakkerij" in row["story"]  # a word like any other
    assert winloss.stories(book)["story"].to_list() == [story]


def test_notes_are_for_the_team_and_only_when_asked_for():
    notes = pl.DataFrame({
        "deal_id": ["d00"] * 3, "at": [day(5)] * 3, "kind": ["story", "listening", "context"],
        "text": ["rain told", "rain heard", "rain meant"],
    })  # fmt: skip
    book = book_of(["rain said"], notes=notes)
    assert found(book, "rain") == ["rain said"]
    both = ("interview", "note")
    assert sorted(found(book, "rain", sources=both)) == ["rain heard", "rain said", "rain told"]
    assert found(book, "rain", sources=both, copy="company") == ["rain said"]


def test_what_cannot_be_asked():
    book = book_of(["rain"])
    with pytest.raises(UsageError):
        winloss.stories(book, copy="everybody")
    with pytest.raises(UsageError, match="no source of stories"):
        winloss.stories(book, sources=("mail",))
    with pytest.raises(UsageError, match="no deal 'x'"):
        winloss.stories_like(book, "x")


def test_a_book_without_interviews_has_no_stories():
    deals = pl.DataFrame([{"deal_id": "a", "pipeline": "New", "outcome": "won", "created_at": day(0)}], schema=DEALS)
    book = DealBook.from_frames(deals=deals, as_of=day(10))
    assert winloss.stories(book, search="rain").height == 0
    assert winloss.stories_like(book, "a").height == 0


# --- a story like this deal ------------------------------------------------------------------------------------------


def test_stories_like_a_deal():
    deals = [
        {"segment": "Small", "source": "web", "customer_goal": "Fewer missed visits"},
        {"segment": "Small", "source": "web"},
        {"segment": "Small", "source": "fair"},
        {"segment": "Large", "source": "fair"},
        {"segment": "Large", "source": "fair"},
    ]
    book = book_of(["own story of visits", "about rain", "about wind", "we missed a visit", "nothing"], deals)
    told = winloss.stories_like(book, "d00")
    assert told["deal_id"].to_list() == ["d03", "d01", "d02"]  # words 2; segment and source 2, but earlier; segment 1
    assert told["score"].to_list() == [2.0, 2.0, 1.0]
    assert told["alike"].to_list() == [["words"], ["segment", "source"], ["segment"]]
    assert winloss.stories_like(book, "d00", n=1)["deal_id"].to_list() == ["d03"]


def test_nulls_are_not_alike():
    assert winloss.stories_like(book_of(["one", "two"]), "d00").height == 0


def test_the_demo_finds_friday(demo):
    assert found(demo, "rings back on Fridays")[0].startswith("You were the only ones who rang back on Friday")
