"""An answer is a value: its frame, what was asked, and no book; windows are periods before a question sees them."""

import copy
import gc
import inspect
import pickle
from datetime import date
from weakref import ref

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pytest

import kpikit
from kpikit import cohorts, pipeline, velocity, winloss
from kpikit.analysis.base.answer import answer
from kpikit.analysis.base.answers import CHANGING, Answer
from kpikit.analysis.base.periods import Window, as_period
from kpikit.calendar import Period
from kpikit.errors import UsageError
from tests.strategies import as_book, spell_rows

JULY = Period("2026-07", date(2026, 7, 1), 1)


def book(**given):
    visits = [(i, 3 + i % 20, ("advance", "lost")[i % 2]) for i in range(60)]
    return as_book(spell_rows(visits, as_of=400, segment=["big", "small"] * 30, amount=[5.0] * 60)).replace(**given)


# --- what an answer is -----------------------------------------------------------------------------------------------


def test_it_holds_the_frame_and_what_was_asked():
    asked = book()
    found = winloss.wins(asked, by="segment", during=["2026-07", JULY])
    assert isinstance(found, Answer)
    assert isinstance(found.frame, pl.DataFrame)
    assert (found.kpi, found.by) == ("wins", ("segment",))
    assert dict(found.asked) == {"by": ("segment",), "during": (JULY, JULY)}
    assert found.book is asked


def test_what_was_asked_has_the_defaults():
    defaults = {"by": (), "definition": "cohort", "during": None, "horizon": 180}
    assert dict(winloss.win_rate(book()).asked) == defaults


def test_of_what_holds_more_than_it_says_nothing_is_kept(demo, tmp_path):
    with kpikit.review.open_log(tmp_path / "log.sqlite") as log:
        assert "log" not in kpikit.review.agenda(demo, log=log).asked


def test_the_card_of_a_definition_is_the_one_that_was_asked_for():
    assert winloss.win_rate(book(), definition="closed").kpi == "win_rate_closed"


def test_the_methods_of_a_frame_give_plain_frames():
    found = velocity.exits(book(), by=["segment"])
    assert type(found.filter(status="ok")) is pl.DataFrame
    assert type(found.select("value")) is pl.DataFrame
    assert type(found["value"]) is pl.Series
    assert type(found[:2]) is pl.DataFrame
    assert (found.height, len(found), found.columns) == (found.frame.height, found.frame.height, found.frame.columns)
    assert [column.name for column in found] == found.frame.columns
    assert ("value" in found, "nonsense" in found) == (True, False)
    assert (found == found).select(pl.all_horizontal(pl.all().fill_null(True)).all()).item()
    assert (found != found.frame).select(pl.any_horizontal(pl.all()).any()).item() is False
    assert {"filter", "frame", "kpi", "book"} <= set(dir(found))


def test_other_libraries_take_it():
    found = velocity.exits(book())
    assert pl.DataFrame(found).equals(found.frame)
    assert nw.to_native(nw.from_native(found)).equals(found.frame)
    assert np.asarray(found).shape == found.frame.shape
    assert found.to_pandas().shape == found.frame.shape
    assert not hasattr(found, "__dataframe__")  # polars has it no more


def test_polars_itself_asks_for_a_frame():
    found = velocity.exits(book())
    with pytest.raises(TypeError, match="Answer"):
        pl.concat([found, found])
    with pytest.raises(TypeError, match="Answer"):
        found.frame.join(found, on="stage")
    assert pl.concat([found.frame, found.frame]).height == 2 * len(found)


def test_it_stays_as_it_is():
    found = velocity.exits(book())
    for name in CHANGING:
        assert callable(getattr(pl.DataFrame, name))
        with pytest.raises(AttributeError, match=name):
            getattr(found, name)
    with pytest.raises(AttributeError):
        found.frame = pl.DataFrame()
    with pytest.raises(TypeError):
        found["value"] = 1
    with pytest.raises(TypeError):
        found.asked["by"] = ()
    with pytest.raises(TypeError, match="unhashable"):
        hash(found)
    with pytest.raises(TypeError, match="ambiguous"):
        bool(found)
    with pytest.raises(AttributeError, match="_private"):
        found._private  # noqa: B018 - the access is the test


def test_it_shows_its_frame():
    found = velocity.exits(book())
    assert repr(found) == repr(found.frame)
    assert found._repr_html_() == found.frame._repr_html_()
    assert found._ipython_key_completions_() == found.columns


def test_it_pickles_and_then_knows_no_book():
    found = winloss.wins(book(), during="2026-07")
    for again in (pickle.loads(pickle.dumps(found)), copy.deepcopy(found)):
        assert again.equals(found.frame)
        assert (again.kpi, again.asked, again.by) == (found.kpi, found.asked, found.by)
        with pytest.raises(UsageError, match="Open the book again"):
            again.book  # noqa: B018 - the access is the test


def test_an_answer_does_not_keep_the_book():
    one = book()
    found = Answer(pl.DataFrame({"n": [1]}), "wins", {}, (), ref(one))
    assert found.book is one
    del one
    gc.collect()
    with pytest.raises(UsageError) as gone:
        found.book  # noqa: B018 - the access is the test
    assert gone.value.code == "book_gone"
    assert found.height == 1


def test_from_pandas_the_frame_is_pandas():
    found = winloss.wins(book(answers_in="pandas"))
    assert isinstance(found.frame, pd.DataFrame)
    assert isinstance(found.set_index("figure"), pd.DataFrame)
    assert found.to_pandas() is found.frame
    assert found["value"].tolist() == winloss.wins(book())["value"].to_list()
    assert list(found) == found.columns.tolist()
    assert (found == found.frame)["n"].all()
    assert repr(found) == repr(found.frame)
    assert found._repr_html_() == found.frame._repr_html_()
    assert np.asarray(found).shape == found.shape
    with pytest.raises(ValueError, match="ambiguous"):
        bool(found)
    assert pickle.loads(pickle.dumps(found)).frame.equals(found.frame)


# --- windows ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["2026", "FY2026", "2026q3", "2026-07"])
def test_a_text_is_the_period_that_the_book_reads(text, demo):
    by_text, by_period = (pipeline.moved(demo, during=it) for it in (text, demo.settings.period(text)))
    assert by_text.equals(by_period.frame)
    assert by_text.asked == by_period.asked


def test_both_windows_are_read(demo):
    period = demo.settings.period
    texts = velocity.compare(demo, during="FY2026Q2", before="FY2025Q2", permutations=0)
    assert texts.equals(
        velocity.compare(demo, during=period("FY2026Q2"), before=period("FY2025Q2"), permutations=0).frame
    )


def test_a_group_that_is_small_in_the_window_is_hidden_by_a_text_too(demo):
    period = demo.settings.period("2026-07")
    by_text, by_period = (winloss.win_rate(demo, by="team", during=it) for it in ("2026-07", period))
    assert by_text.equals(by_period.frame)


@pytest.mark.parametrize("wrong", ["2026Q5", "last quarter", "", 2026, date(2026, 7, 1), ["2026Q3"], ["2026Q5"]])
def test_a_wrong_window_is_refused_in_words(wrong):
    with pytest.raises(UsageError, match="is not a period"):
        velocity.exits(book(), during=wrong)


@pytest.mark.parametrize("wrong", ["nonsense", ["2026Q3", "nonsense"], [2026]])
def test_where_several_may_be_asked_each_is_read(wrong):
    with pytest.raises(UsageError, match="is not a period"):
        winloss.wins(book(), during=wrong)


def test_a_window_that_is_needed_cannot_be_nothing():
    with pytest.raises(UsageError, match="is not a period"):
        pipeline.moved(book(), during=None)


def test_a_text_past_the_wrapper_is_a_mistake_of_ours():
    with pytest.raises(TypeError, match="never read"):
        velocity.exits.__wrapped__(book(), during="2026Q3")
    assert as_period(JULY) is JULY
    assert as_period(None) is None


# --- the wrapper -----------------------------------------------------------------------------------------------------


def test_it_keeps_the_signature_and_says_what_comes_back():
    signature = inspect.signature(winloss.wins)
    assert list(signature.parameters) == ["book", "by", "during"]
    assert signature.return_annotation is Answer
    assert winloss.wins.__doc__.startswith("How many deals were won")


def test_the_book_may_come_by_name():
    asked = book()
    assert winloss.wins(book=asked).equals(winloss.wins(asked).frame)


def test_a_wrong_argument_names_the_question():
    with pytest.raises(TypeError, match=r"wins\(\) got an unexpected keyword argument 'when'"):
        winloss.wins(book(), when="2026Q3")
    with pytest.raises(TypeError, match=r"moved\(\) missing a required argument: 'during'"):
        pipeline.moved(book())


def test_the_function_sees_periods():
    seen = []

    @answer(kpi="wins")
    def question(book, *, by=(), during: Window | None = None):
        seen.append((by, during))
        return pl.DataFrame(
            {"n": [20], "n_excluded": [0], "value": [1.0], "low": [None], "high": [None], "unit": ["deal"]}
        )

    question(book(), by="segment", during="2026-07")
    assert seen == [(("segment",), JULY)]


@pytest.mark.parametrize("room", ["cohorts", "interviews", "pipeline", "retention", "velocity", "winloss"])
def test_completion_of_a_window_shows_questions_only(room):
    module = getattr(kpikit, room)
    assert dir(module) == sorted(module.__all__)
    assert all(hasattr(getattr(module, name), "kpi") for name in dir(module))


@pytest.mark.parametrize("room", ["book", "engine", "review", "simulate", "stats"])
def test_completion_of_the_other_rooms_shows_what_is_public(room):
    module = getattr(kpikit, room)
    assert dir(module) == sorted(module.__all__)


def test_cohorts_offers_four_questions():
    assert dir(cohorts) == ["chain", "newest", "triangle", "win_curves"]
