"""Words: every code in both languages, with the same blanks; numbers as each language writes them."""

import re
import string
from datetime import UTC, date, datetime
from importlib import resources
from itertools import product

import pytest
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

from kpikit import words as words_package
from kpikit.calendar import Period
from kpikit.errors import SEVERITY, DataError, Fault, UsageError
from kpikit.kpi import cards
from kpikit.schema import Estimate
from kpikit.words import LANGUAGES, STYLES, Words

NBSP = "\u00a0"


def catalogue(language):
    """Code → its forms, read here from the .po files themselves."""
    found = {}
    for file in sorted(resources.files(words_package).joinpath(language).iterdir(), key=lambda f: f.name):
        if not file.name.endswith(".po"):
            continue
        with file.open("rb") as source:
            for message in read_po(source, locale=language):
                if message.id:
                    code, plural = message.id if isinstance(message.id, (list, tuple)) else (message.id, None)
                    assert code not in found, f"{code} stands twice in {language}"
                    assert plural in (None, code)
                    found[code] = tuple(message.string) if plural else (message.string,)
    return found


EN, NL = catalogue("en"), catalogue("nl")


def blanks(form):
    return {name: spec for _, name, spec, _ in string.Formatter().parse(form) if name is not None}


def test_both_languages_have_the_same_codes():
    assert set(EN) == set(NL)
    assert len(EN) > 100


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_a_further_language_has_the_codes_and_blanks_of_english(language):
    further = catalogue(language)
    assert set(further) == set(EN)
    assert [c for c in EN if {*blanks(EN[c][-1]).items()} != {*blanks(further[c][-1]).items()}] == []


@pytest.mark.parametrize("code", sorted(set(EN) & set(NL)))
def test_a_code_has_the_same_blanks_in_both_languages(code):
    assert len(EN[code]) == len(NL[code])
    for one, other in zip(EN[code], NL[code], strict=True):
        assert one
        assert other
        assert blanks(one) == blanks(other)
    for form in (*EN[code], *NL[code]):
        for name, style in blanks(form).items():
            assert name.isidentifier()
            assert style == "" or style in STYLES
    # the singular may write "1" instead of {n}; else both forms have the same blanks
    names = [set(blanks(form)) - {"n"} for form in EN[code]]
    assert all(those == names[0] for those in names) or len(EN[code]) == 2


def test_every_style_is_a_method():
    for style in STYLES:
        assert callable(getattr(Words, style))


#: words that Dutch says as English does
LOANS = frozenset(
    ["pdf", "agenda", "deal", "deals", "excel", "later", "min", "notebook", "open", "opening", "segment", "team"]
)


def test_dutch_is_not_english():
    same = {code for code in EN if EN[code] == NL[code]}
    words = {code: set(re.findall("[a-z]{3,}", re.sub(r"\{.*?\}", "", EN[code][0]).casefold())) for code in same}
    assert {code for code, some in words.items() if some - LOANS} == set()


@pytest.mark.parametrize(
    ("language", "n", "said"),
    [("en", 1, "1 day"), ("en", 2, "2 days"), ("en", 0, "0 days"), ("nl", 1, "1 dag"), ("nl", 2, "2 dagen")],
)
def test_singular_and_plural(language, n, said):
    assert Words(language).say("unit.day", n=n, shown=str(n)) == said


@pytest.mark.parametrize(
    ("value", "en", "nl"),
    [
        (1234, "1,234", "1.234"),
        (1234567, "1,234,567", "1.234.567"),
        (3.5, "3.5", "3,5"),
        (3.04, "3", "3"),
        (9.94, "9.9", "9,9"),
        (9.96, "10", "10"),
        (12.5, "12", "12"),
        (0, "0", "0"),
        (-7.25, "-7.2", "-7,2"),
    ],
)
def test_numbers(value, en, nl):
    assert (Words("en").number(value), Words("nl").number(value)) == (en, nl)


def test_there_is_no_minus_nought():
    assert Words("en").number(-0.04) == "0"
    assert Words("en").tenths(-0.04) == "0"
    assert Words("en", "EUR").price(-0.4) == f"€{NBSP}0"
    assert Words("en").hundred(-0.004) == "0"
    assert Words("en").signed(-0.4) == "0"


@pytest.mark.parametrize(
    ("value", "en", "nl"),
    [(132.55, "132.6", "132,6"), (-32.51, "-32.5", "-32,5"), (7.0, "7", "7"), (-1234.5, "-1,234.5", "-1.234,5")],
)
def test_tenths(value, en, nl):
    assert (Words("en").tenths(value), Words("nl").tenths(value)) == (en, nl)


def test_a_value_without_a_style():
    """A number as the language writes it, yes and no and text as they are, nothing as nothing."""
    assert [Words(name).plain(1234.0) for name in ("en", "nl")] == ["1,234", "1.234"]
    values = (1234, True, False, "1234", None, (1500, "a", None))
    assert [Words("en").plain(value) for value in values] == ["1,234", "True", "False", "1234", "", "1,500; a; "]


@pytest.mark.parametrize(("value", "said"), [(17, "+17"), (-7, "−7"), (0, "0"), (1, "+1"), (-1, "−1"), (0.6, "+1")])
def test_changes_have_their_sign(value, said):
    assert Words("en").signed(value) == said


def test_halves_are_rounded_away_from_nought_on_both_sides():
    assert [Words("en", "EUR").price(value) for value in (2.5, -2.5)] == [f"€{NBSP}3", f"€{NBSP}-3"]
    assert [Words("en").hundred(value) for value in (0.325, -0.325)] == ["33", "-33"]


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (-0.28, "share", "-28 in 100"),
        (-0.0004, "share", "-0.04 in 100"),
        (-0.325, "share", "-33 in 100"),
        (-0.0225, "share", "-2 in 100"),
        (-3.0, "day", "-3 days"),
        (-130.0, "minute", "-2.2 hours"),
        (-3000.0, "minute", "-2.1 days"),
        (-50.0, "hour", "-2.1 days"),
        (-386_123.0, "money", f"€{NBSP}-386,000"),
    ],
)
def test_a_figure_below_nought_reads_as_one_above(value, unit, said):
    """The sign, then the same unit and the same digits."""
    words = Words("en", "EUR")
    assert words.duration(Estimate(value, None, None, unit)) == said
    assert words.duration(Estimate(-value, None, None, unit)) == said.replace("-", "")


@pytest.mark.parametrize(
    ("low", "high", "unit", "said"),
    [
        (-0.28, 0.11, "share", "-28 to 11"),
        (-0.5, -0.004, "share", "-50 to -0.4"),
        (-3.2, -1.0, "day", "-3.2 to -1"),
        (-30.2, -10.4, "day", "-30 to -10"),
        (-30.2, 0.6, "day", "-30 to 1"),
    ],
)
def test_ranges_below_nought(low, high, unit, said):
    assert Words("en").range(Estimate(low, low, high, unit)) == said


@pytest.mark.parametrize(
    ("value", "currency", "en", "nl"),
    [
        (386_400, "EUR", f"€{NBSP}386,000", f"€{NBSP}386.000"),
        (9_876, "EUR", f"€{NBSP}9,876", f"€{NBSP}9.876"),
        (1_234_567, "EUR", f"€{NBSP}1.23 million", f"€{NBSP}1,23 miljoen"),
        (1_234_567, "GBP", f"£{NBSP}1.23 million", f"£{NBSP}1,23 miljoen"),
        (0, "EUR", f"€{NBSP}0", f"€{NBSP}0"),
        (-386_400, "EUR", f"€{NBSP}-386,000", f"€{NBSP}-386.000"),
        (-9_876, "EUR", f"€{NBSP}-9,876", f"€{NBSP}-9.876"),
        (-10_400, "EUR", f"€{NBSP}-10,000", f"€{NBSP}-10.000"),
        (-1_234_567, "EUR", f"€{NBSP}-1.23 million", f"€{NBSP}-1,23 miljoen"),
        (-0.4, "EUR", f"€{NBSP}0", f"€{NBSP}0"),
        (9_999, "EUR", f"€{NBSP}9,999", f"€{NBSP}9.999"),
        (10_000, "EUR", f"€{NBSP}10,000", f"€{NBSP}10.000"),
        (10_499, None, "10,000", "10.000"),
        (999_400, "EUR", f"€{NBSP}999,000", f"€{NBSP}999.000"),
        (1_000_000, "EUR", f"€{NBSP}1.00 million", f"€{NBSP}1,00 miljoen"),
    ],
)
def test_money(value, currency, en, nl):
    assert Words("en", currency).money(value) == en
    assert Words("nl", currency).money(value) == nl


def test_half_a_thousand_is_rounded_up_and_a_deal_has_its_own_amount():
    assert Words("en", "EUR").money(18_500) == f"€{NBSP}19,000"
    assert Words("en", "EUR").price(18_500.5) == f"€{NBSP}18,501"
    assert Words("nl", "EUR").price(1_218_500) == f"€{NBSP}1.218.500"


def test_days_and_moments():
    day, moment = date(2026, 10, 2), datetime(2026, 10, 2, 18, 10, tzinfo=UTC)
    assert [Words(language).day(day) for language in LANGUAGES] == ["2 October 2026", "2 oktober 2026"]
    assert [Words(language).moment(moment) for language in LANGUAGES] == [
        "Friday 2 October 2026 18:10", "vrijdag 2 oktober 2026 18:10"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "fiscal_start", "en", "nl"),
    [
        ("FY2026Q2", 4, "Q2 FY26/27, Jul–Sept 2026", "Q2 FY26/27, jul–sep 2026"),
        ("2026Q3", 4, "Q3 2026, Jul–Sept 2026", "Q3 2026, jul–sep 2026"),
        ("FY2026", 4, "FY26/27, Apr 2026–Mar 2027", "FY26/27, apr 2026–mrt 2027"),
        ("2026-05", 1, "May 2026", "mei 2026"),
    ],
)
def test_periods_always_show_their_months(text, fiscal_start, en, nl):
    period = Period.parse(text, fiscal_start=fiscal_start)
    # CLDR writes "Sep" or "Sept", with or without a point, from one version to the next
    plain = [Words(language).period(period).replace(".", "").replace("Sept", "Sep") for language in LANGUAGES]
    assert plain == [en.replace("Sept", "Sep"), nl]


@pytest.mark.parametrize(
    ("low", "high", "en", "nl"),
    [
        (28.0, 43.0, "28 to 43", "28 tot 43"),
        (28.0, None, "28 or more", "28 of meer"),
        (None, 43.0, "up to 43", "hoogstens 43"),
        (None, None, "range not known", "marge niet bekend"),
    ],
)
def test_ranges_with_unknown_ends(low, high, en, nl):
    figure = Estimate(34.0, low, high, "day")
    assert (Words("en").range(figure), Words("nl").range(figure)) == (en, nl)


def test_shares_are_so_many_in_a_hundred():
    figure = Estimate(0.284, 0.126, 0.471, "share")
    assert Words("en").plain(figure) == "28 in 100"
    assert Words("en").range(figure) == "13 to 47"
    assert Words("nl").hundred(figure) == "28"


def test_what_is_not_known_is_said():
    assert Words("en").duration(Estimate(None, 8.0, None, "day")) == "not yet known"
    assert Words("nl").duration(Estimate(None, 8.0, None, "day")) == "nog niet bekend"
    assert Words("en").range(Estimate(None, 8.0, None, "day")) == "8 or more"


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (0.0, "day", "less than a day"),
        (0.4, "minute", "less than a minute"),
        (0.5, "hour", "less than an hour"),
        (1.0, "day", "1 day"),
        (34.0, "day", "34 days"),
        (119.0, "minute", "119 minutes"),
        (120.0, "minute", "2 hours"),  # 120 / 60
        (2879.0, "minute", "48 hours"),  # a minute less than two days
        (2880.0, "minute", "2 days"),  # 2880 / 1440
        (47.0, "hour", "47 hours"),
        (48.0, "hour", "2 days"),
    ],
)
def test_durations(value, unit, said):
    assert Words("en").duration(Estimate(value, None, None, unit)) == said


@given(st.floats(0, 1e5), st.sampled_from(["day", "hour", "minute"]), st.sampled_from(LANGUAGES))
def test_a_duration_never_reads_nought(value, unit, language):
    assert not re.match(r"-?0\b", Words(language).duration(Estimate(value, None, None, unit)))


@pytest.mark.parametrize(("value", "low", "high", "unit"), [(1.0, 0.02, 3.0, "day"), (200.0, 1.0, 400.0, "minute")])
def test_the_range_of_a_duration_never_reads_nought(value, low, high, unit):
    assert not Words("en").range(Estimate(value, low, high, unit)).startswith("0 ")


def test_names_are_listed_as_a_language_does():
    assert Words("en").names(["Proposal", "Discovery", "Qualify"]) == "Proposal, Discovery and Qualify"
    assert Words("nl").names(["A", "B", "C"]) == "A, B en C"


def test_blanks_are_names_never_ways_into_an_object():
    words = Words("en")
    assert (
        words.say("error.not_a_book", path="{0.__class__}")
        == "{0.__class__} is not a book. Give a folder, a kpikit.toml, or a prepared book."
    )


# --- codes used in the source ----------------------------------------------------------------------------------------

_CALL = re.compile(
    r"""(message|say|has|UsageError|Refused|RankingRefused|EstimateError|Fault|refuse_where)\(\s*(f?)"([^"]+)\""""
)
#: a page that cannot be answered: its name, then the code of its title
_REFUSED = re.compile(r"""\brefused\(\s*"\w+",\s*()"([^"]+)\"""")
_PREFIX = {
    "UsageError": "error.", "Refused": "error.", "RankingRefused": "error.", "EstimateError": "error.",
    "refuse_where": "error.", "Fault": "rule.",
}  # fmt: skip
#: what can stand in the braces of a code built in the source
FAMILIES = {
    "copy": ("team", "company"),
    "page": ("time", "ends"),
    "term": ("open", "half", "waiting", "ended", "range", "hundred", "clear", "hint", "unknown", "set_aside"),
    "top['certainty']": ("clear", "hint"),
    "side(top)": ("more", "less"),
    "side(row)": ("more", "less"),
    "top['window']": ("period", "year"),
    "row['window']": ("period", "year"),
    "figures.refused": ("no_stage_history", "no_stage_order"),
    "row['status']": ("not_reached", "too_few"),
    "n": tuple(str(i) for i in range(10)),
    "part": ("on", "back", "lost", "other", "waiting"),
    "unit": ("day", "hour", "minute", "share", "deal"),
    "unit.under_{unit}": ("day", "hour", "minute"),
    "chart.axis.{unit}": ("day", "hour", "minute"),
    "curve.axis.{unit}": ("day", "hour", "minute", "working_day"),
    "check.{part}": ("looked", "missing"),
    "unit.per_{self.per}": ("year", "month"),
    "draft.{part}": ("columns", "constants", "values", "ends", "own"),
}


def codes_in_source():
    """(code with its braces, where) of every message, error and fault in the source."""
    root = resources.files("kpikit")
    for path in sorted(p for p in _walk(root) if p.name.endswith(".py")):
        for kind, is_f, code in _CALL.findall(path.read_text(encoding="utf-8")):
            yield _PREFIX.get(kind, "") + code, bool(is_f), f"{path.parent.name}/{path.name}"
        for is_f, code in _REFUSED.findall(path.read_text(encoding="utf-8")):
            yield code, bool(is_f), f"{path.parent.name}/{path.name}"


def _walk(folder):
    for item in folder.iterdir():
        if item.is_dir() and item.name != "__pycache__" and item.name != "shipped":
            yield from _walk(item)
        else:
            yield item


PLAIN = sorted(
    {code for code, is_f, at in codes_in_source() if not is_f and "." in code and not at.startswith("stats/")}
)
OF_ESTIMATORS = sorted({code for code, is_f, at in codes_in_source() if not is_f and at.startswith("stats/")})
BUILT = sorted({code for code, is_f, _ in codes_in_source() if is_f and "." in code})


def test_the_source_was_read():
    assert {"error.period", "page.front.title.unknown", "error.by_person", "rule.no_deals"} <= set(PLAIN)
    assert "page.time.title.{top['certainty']}.{side(top)}" in BUILT


@pytest.mark.parametrize("code", PLAIN)
def test_a_code_in_the_source_has_its_words(code):
    assert code in EN


def test_errors_of_the_estimators_have_their_words():
    assert [code for code in OF_ESTIMATORS if code not in EN] == []


@pytest.mark.parametrize("code", BUILT)
def test_every_code_that_can_be_built_has_its_words(code):
    parts = re.split(r"\{(.+?)\}", code)
    known = [FAMILIES.get(code) or FAMILIES.get(part) for part in parts[1::2]]
    if None in known:  # not in the table above: at least the family must exist
        pattern = "".join(re.escape(p) if i % 2 == 0 else ".+" for i, p in enumerate(parts))
        assert any(re.fullmatch(pattern, existing) for existing in EN), code
        return
    for values in product(*known):
        full = "".join(x for pair in zip(parts[::2], (*values, ""), strict=True) for x in pair)
        assert full in EN, full


@pytest.mark.parametrize("rule", sorted(SEVERITY))
def test_every_rule_of_the_door_has_its_words(rule):
    assert f"rule.{rule}" in EN


def test_the_figures_that_a_report_names_have_a_name():
    from kpikit.report.pages.back_of_quarter import USED as USED_QUARTERLY
    from kpikit.report.pages.back_of_team import USED

    used = {*USED, *USED_QUARTERLY}
    assert used <= set(cards())
    assert {f"kpi.{card}" for card in used} <= set(EN)


def test_every_reason_and_status_of_an_answer_that_pages_show_has_words():
    assert {"reason.no_stage_history", "reason.no_stage_order", "reason.no_outcome_at"} <= set(EN)
    assert {f"certainty.{word}" for word in ("clear", "hint", "unknown")} <= set(EN)


def test_an_error_says_its_sentence_in_both_languages():
    error = UsageError("period", period="Q9")
    assert str(error).startswith("'Q9' is not a period.")
    assert error.sentence("nl").startswith("'Q9' is geen periode.")


def test_faults_are_said_with_file_row_and_column():
    faults = [Fault("no_deals", file=f"deals{i}.csv", row=i + 2, column="deal_id") for i in range(45)]
    text = str(DataError(faults))
    assert text.startswith("The data break 45 rules:")
    assert "deals0.csv, row 2, column deal_id" in text
    assert text.count("\n") == 41  # the heading, forty faults, "… and 5 more."
    assert text.endswith("… and 5 more.")
