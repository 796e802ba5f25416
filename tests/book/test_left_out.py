"""What figures leave out is counted by reason and stage; machines are told of, and what is too coarse or thin."""

import json
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from click.testing import CliRunner

import kpikit
from kpikit import DealBook, Settings
from kpikit.book.fitness.left_out import REASONS
from kpikit.cli import kpikit as command
from kpikit.engine.kernel import EXCLUDED
from kpikit.report.review import quarterly_winloss
from kpikit.words import LANGUAGES, Words
from tests.strategies import STAGES

DAY0 = datetime(2026, 1, 5, 9, tzinfo=UTC)


def at(days):
    return None if days is None else DAY0 + timedelta(days=days)


def frame(rows, *names):
    return pl.DataFrame(rows, schema=list(names), orient="row", infer_schema_length=None)


@pytest.fixture
def book():
    """Nine deals by hand.

    ok1, ok2 won and lost; undated: no beginning; endless: lost without a day; backwards: ended before it began; two
    void, one of them without a reason; reopened: back in Qualify; strange: in a stage that nobody declared.
    """
    deals = frame(
        [
            ("ok1", "won", at(0), at(30), None),
            ("ok2", "lost", at(0), at(31), "price"),
            ("undated", "lost", None, at(20), "price"),
            ("endless", "lost", at(2), None, "price"),
            ("backwards", "lost", at(9), at(4), "price"),
            ("void1", "void", at(1), at(8), "unqualified"),
            ("void2", "void", at(1), at(9), None),
            ("reopened", "open", at(1), None, None),
            ("strange", "open", at(1), None, None),
        ],
        "deal_id", "outcome", "created_at", "outcome_at", "loss_reason",
    ).with_columns(pipeline=pl.lit("New"))  # fmt: skip
    events = frame(
        [
            ("ok1", "Qualify", at(0)), ("ok1", "Proposal", at(10)), ("ok1", "Proposal", at(40)),
            ("ok2", "Qualify", at(-3)), ("ok2", "Discovery", at(5)),
            ("reopened", "Qualify", at(1)), ("reopened", "Discovery", at(3)), ("reopened", "Qualify", at(6)),
            ("strange", "Limbo", at(1)),
            ("endless", "Qualify", at(2)),
        ],
        "deal_id", "stage", "entered_at",
    )  # fmt: skip
    return DealBook.from_frames(deals=deals, stage_events=events, stages=STAGES)


def told(book, part="left_out"):
    rows = book.fitness().filter((pl.col("part") == part) & (pl.col("code") != "too_thin"))
    return {(r["code"], r["subject"]): (r["n"], r["of"], r["example"]) for r in rows.to_dicts()}


def test_each_reason_with_its_stage_its_count_and_a_deal_to_look_at(book):
    assert told(book) == {
        ("no_beginning", "deals.created_at"): (1, 9, "undated"),
        ("no_end_lost", "deals.outcome_at"): (1, 4, "endless"),  # of four lost
        ("negative_time", "deals"): (1, 5, "backwards"),  # of those with both days
        ("void_reason", "unqualified"): (1, 7, "void1"),  # of all that ended
        ("void_blank", ""): (1, 7, "void2"),
        ("before_creation", "Qualify"): (1, 5, "ok2"),  # three days before it began, of five entries
        ("visit_after_outcome", "Proposal"): (1, 2, "ok1"),
        ("visit_unknown_stage", "Limbo"): (1, 1, "strange"),
        ("visit_end_unknown", "Qualify"): (1, 5, "endless"),
        ("visit_re_entry", "Qualify"): (1, 5, "reopened"),
    }


def test_nothing_is_told_of_a_book_in_order():
    deals = frame(
        [(f"d{i}", "won" if i % 2 else "lost", at(i), at(i + 20 + i % 7), "price") for i in range(60)],
        "deal_id", "outcome", "created_at", "outcome_at", "loss_reason",
    ).with_columns(pipeline=pl.lit("New"))  # fmt: skip
    book = DealBook.from_frames(deals=deals)
    assert told(book) == {}
    assert not {"twins", "one_age", "outcome_stage"} & set(book.fitness()["code"])


def test_every_reason_of_the_engine_has_a_sentence_in_each_language():
    codes = [f"fitness.visit_{reason}" for reason in (*REASONS, "re_entry")]
    codes += [f"fitness.no_end_{outcome}" for outcome in ("won", "lost", "void")]
    codes += [f"fitness.void_{what}" for what in ("reason", "blank", "rest", "all")]
    codes += [f"fitness.{c}" for c in ("no_beginning", "negative_time", "before_creation", "too_coarse", "too_thin",
                                       "twins", "outcome_stage", "one_age", "with_example")]  # fmt: skip
    assert set(EXCLUDED) - set(REASONS) == {"closed_stage"}
    for language in LANGUAGES:
        assert [code for code in codes if not Words(language).has(code)] == []


def test_many_reasons_are_eight_lines_and_a_rest():
    rows = [(f"d{i:02}", "void", at(0), at(9), f"reason {i % 12}") for i in range(24)]
    deals = frame(rows, "deal_id", "outcome", "created_at", "outcome_at", "loss_reason")
    found = told(DealBook.from_frames(deals=deals.with_columns(pipeline=pl.lit("P"))))
    assert len([code for code, _ in found if code == "void_reason"]) == 8
    assert found["void_rest", ""][:2] == (8, 24)  # four reasons of two


def test_what_leaves_the_team_names_no_deal_and_no_rare_reason(book):
    report = quarterly_winloss(book, period="2026Q1", copy="company")
    text = report["back"]._repr_mimebundle_()["text/plain"]
    assert "unqualified" not in text
    for deal in book.tables["deals"]["deal_id"]:
        assert f"example {deal}" not in text


def test_check_says_it_in_both_languages_and_as_json(tmp_path, book):
    kpikit.prepare(book, tmp_path / "book")
    run = CliRunner()
    english = run.invoke(command, ["check", str(tmp_path / "book")], standalone_mode=False).output
    assert "Left out of figures:" in english
    assert "Proposal: 1 of 2 visits began after the deal had ended. For example ok1." in english
    dutch = run.invoke(command, ["check", str(tmp_path / "book"), "--lang", "nl"], standalone_mode=False).output
    assert "Proposal: 1 van 2 bezoeken begonnen nadat de deal was geëindigd. Bijvoorbeeld ok1." in dutch
    plain = json.loads(run.invoke(command, ["check", str(tmp_path / "book"), "--json"], standalone_mode=False).output)
    found = [row for row in plain["findings"] if row["code"] == "visit_after_outcome"]
    assert [(row["subject"], row["n"], row["of"], row["example"]) for row in found] == [("Proposal", 1, 2, "ok1")]


# --- too coarse, too thin


def moves(hours, *, dated):
    """40 deals whose stages take so many hours each."""

    def moment(h):
        found = DAY0 + timedelta(hours=h)
        return found.replace(hour=0) if dated else found

    deals = frame(
        [(f"d{i}", "won" if i % 2 else "lost", moment(24 * i), moment(24 * i + 2 * hours)) for i in range(40)],
        "deal_id", "outcome", "created_at", "outcome_at",
    ).with_columns(pipeline=pl.lit("New"))  # fmt: skip
    rows = [
        (f"d{i}", stage, moment(24 * i + k * hours))
        for i in range(40)
        for k, stage in enumerate(["Qualify", "Proposal"])
    ]
    events = frame(rows, "deal_id", "stage", "entered_at")
    return {"deals": deals, "stage_events": events, "stages": STAGES}


def coarse(tables, **settings):
    found = DealBook.from_frames(**tables, settings=Settings(**settings)).fitness()
    return found.filter(pl.col("code") == "too_coarse")["subject"].to_list()


def test_days_are_too_coarse_for_what_takes_hours_and_fine_for_what_takes_weeks():
    assert coarse(moves(6, dated=True)) == ["deals.created_at", "stage_events.entered_at"]
    assert coarse(moves(6, dated=False)) == []
    assert coarse(moves(24 * 20, dated=True)) == []
    assert coarse(moves(24 * 20, dated=True), bin="hour") == ["deals.created_at", "stage_events.entered_at"]


def test_a_book_that_is_too_small_says_for_which_questions(book):
    rows = book.fitness().filter(pl.col("code") == "too_thin").to_dicts()
    assert "cycle" in {row["subject"] for row in rows}
    assert all(row["n"] < row["of"] for row in rows)
    assert kpikit.open_book("demo").fitness().filter(pl.col("code") == "too_thin").is_empty()


# --- twins, two stories, rules


def twins_of(seconds, **other):
    deals = pl.DataFrame(
        {
            "deal_id": ["a", "b", "c"],
            "pipeline": ["P"] * 3,
            "outcome": ["open"] * 3,
            "name": ["Deal 1", " deal 1", "Deal 2"],
            "account_id": ["x", "x", "x"],
            "amount": [100.0, 100.0, 100.0],
            "created_at": [DAY0, DAY0 + timedelta(seconds=seconds), DAY0],
        }
        | other
    )
    return told(DealBook.from_frames(deals=deals), "oddities").get(("twins", "deals"))


def test_twins_are_counted_without_the_first():
    assert twins_of(1) == (1, 3, "b")
    assert twins_of(60) == (1, 3, "b")
    assert twins_of(61) is None
    assert twins_of(1, amount=[100.0, 101.0, 100.0]) is None
    assert twins_of(1, account_id=["x", "y", "x"]) is None
    assert twins_of(1, name=[None, None, None]) is None
    assert twins_of(1, account_id=[None, None, None], amount=[None, None, None]) == (1, 3, "b")


def test_the_case_of_the_sixty_deals(shared_data):
    raw = pl.read_csv(shared_data / "cases" / "init" / "17-doubles" / "export.csv")
    deals = raw.select(
        deal_id=pl.col("Record ID").cast(pl.String), pipeline=pl.lit("P"), name="Deal Name", amount="Amount",
        account_id="Associated Company", created_at="Create Date", outcome_at="Close Date",
        outcome=pl.col("Deal Stage").replace_strict({"Closed Won": "won", "Closed Lost": "lost"}, default="open"),
    )  # fmt: skip
    found = told(DealBook.from_frames(deals=deals), "oddities")["twins", "deals"]
    assert found[:2] == (20, 80)


def test_an_outcome_that_its_stage_contradicts():
    rows = [("a", "won", "Closed won"), ("b", "won", "Closed lost"), ("c", "open", "Closed won"),
            ("d", "lost", "Proposal"), ("e", "void", "Closed lost"), ("f", "lost", "Closed lost")]  # fmt: skip
    deals = frame(rows, "deal_id", "outcome", "stage").with_columns(pipeline=pl.lit("New"), created_at=pl.lit(DAY0))
    found = told(DealBook.from_frames(deals=deals, stages=STAGES), "oddities")
    assert found["outcome_stage", "deals.stage"] == (2, 5, "b")  # b and c, of those that stand in a stage of the end


@pytest.mark.parametrize(("robots", "is_told"), [(0, False), (5, False), (30, True)])
def test_losses_at_exactly_one_age(robots, is_told):
    ages = [20 + (7 * i) % 150 for i in range(150)] + [90] * robots
    rows = [(f"d{i}", "lost", at(i % 60), at(i % 60 + age)) for i, age in enumerate(ages)]
    deals = frame(rows, "deal_id", "outcome", "created_at", "outcome_at").with_columns(pipeline=pl.lit("P"))
    found = told(DealBook.from_frames(deals=deals), "oddities")
    assert (("one_age", "deals") in found) == is_told
    if is_told:
        n, of, age = found["one_age", "deals"]
        assert (n, of, age) == (31, 180, "90")  # one of the others took 90 days as well
