"""Every fault that an export is known to have, made by hand, from the file to the sentence. None is silent."""

import re
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from kpikit.book.door.validation import validate
from kpikit.errors import SEVERITY, DataError, Fault
from kpikit.reading.cells import BY_COLUMN, BY_VALUE
from kpikit.reading.files import read, read_all
from kpikit.reading.typed.formats import Formats
from kpikit.reading.typed.parsing import parse
from kpikit.words import Words, _catalogue

HEADER = "deal_id,pipeline,outcome,amount,created_at\n"


def door(
    tmp_path: Path, *, formats: Formats | None = None, **files: str | bytes
) -> tuple[dict[str, pl.DataFrame], list[Fault]]:
    """The tables behind the door, and all that was said on the way in."""
    formats = formats or Formats()
    frames, faults = {}, []
    for name, content in files.items():
        path = tmp_path / f"{name}.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        raw = read_all([path], formats)[path]
        parsed = parse(raw, name, formats, time_zone="Europe/Brussels")
        frames[name] = parsed.frame
        faults += [*raw.faults, *parsed.faults]
    result = validate(frames, files={name: f"{name}.csv" for name in frames}, time_zone="Europe/Brussels")
    return result.frames, [*faults, *result.faults]


def rules(faults: Iterable[Fault]) -> set[str]:
    return {fault.rule for fault in faults}


@pytest.mark.parametrize(
    ("content", "rule", "row"),
    [
        ("1,p,won,abc,2026-01-01\n", "unreadable_number", 2),
        ("1,p,won,-5,2026-01-01\n", "negative_amount", 2),
        ("1,p,won,1.234,2026-01-01\n", "decimal_ambiguous", 2),
        ('1,p,won,"1,5",2026-01-01\n2,p,won,1.5,2026-01-01\n', "decimal_mixed", 2),
        ("1,p,won,5,01-02-2026\n", "day_month_ambiguous", 2),
        ("1,p,won,5,13-02-2026\n2,p,won,5,02-13-2026\n", "day_month_mixed", 2),
        ("1,p,won,5,2026-02-30\n", "unreadable_date", 2),
        ("1,p,won,5,9999-12-31\n", "sentinel_date", 2),
        ("1,p,won,5,2050-01-01\n", "sentinel_date", 2),
        ("1,p,won,5,2026-03-29 02:30\n", "time_in_gap", 2),
        ("1,p,won,5,2026-10-25 02:30\n", "time_ambiguous", 2),
        ("1,p,won,5,2026-01-01T10:00:00Z\n2,p,won,5,2026-01-01 10:00\n", "mixed_zones", 3),
        ("1,p,won,NA,2026-01-01\n", "read_as_empty", 2),
        ("1,Select,won,5,2026-01-01\n", "placeholder_text", 2),
        ("1,p,won,#REF!,2026-01-01\n", "excel_error", 2),
        ("1,p,perhaps,5,2026-01-01\n", "unknown_choice", 2),
        ("1,p,,5,2026-01-01\n", "required_empty", 2),
        ("1,p,won,5,2026-01-01\n1,p,lost,5,2026-01-01\n", "duplicate_id", 3),
        ("1,p,won,5,2026-01-01\n1,p,won,5,2026-01-01\n", "duplicate_row", 3),
        ("1,p,won,5,2026-01-01\n2,p,won\n3,p,won,5,2026-01-01\n4,p,won,5,2026-01-01\n", "short_row", 3),
        ('1,"p,won,5,2026-01-01\n2,p,won,5,2026-01-01\n', "stray_quote", 2),
        (HEADER + "1,p,won,5,2026-01-01\n", "two_headers", 2),
        ("1,p,won,5,2026-01-01\n" + HEADER + "2,p,won,5,2026-01-01\n", "repeated_header", 3),
        ("", "empty_deals", None),
    ],
)
def test_faults_of_one_file(tmp_path, content, rule, row):
    _, faults = door(tmp_path, deals=HEADER + content)
    found = [fault for fault in faults if fault.rule == rule]
    assert found, rules(faults)
    assert found[0].row == row
    assert found[0].file == "deals.csv"


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (HEADER.encode("utf-16") + b"", "empty_deals"),
        ((HEADER + "1,Zoë,won,5,2026-01-01\n").encode("cp1252"), "encoding_guessed"),
        (HEADER.replace("amount", "outcome") + "1,p,won,5,2026-01-01\n", "repeated_column"),
        ("deal_id,pipeline\n1,p\n", "missing_column"),
        ("1,p,won,5,2026-01-01\n2,p,won,5,2026-01-02\n3,p,won,5,2026-01-03\n", "no_header"),
        (b"deal_id,pipeline,outcome\n1,p\x00,won\n", "nul_bytes"),
    ],
)
def test_faults_of_a_whole_file(tmp_path, content, rule):
    assert rule in rules(door(tmp_path, deals=content)[1])


@pytest.mark.parametrize(
    ("content", "rule"), [(b"", "empty_file"), (b"PAR1abc", "broken_parquet"), (b"PK\x03\x04", "broken_workbook")]
)
def test_files_that_end_the_reading(tmp_path, content, rule):
    with pytest.raises(DataError) as caught:
        door(tmp_path, deals=content)
    assert rules(caught.value.faults) == {rule}
    assert "deals.csv" in str(caught.value)


DEALS = HEADER + "1,p,won,5,2026-01-01\n2,p,lost,5,2026-01-02\n"


def test_close_before_create(tmp_path):
    content = "deal_id,pipeline,outcome,created_at,outcome_at\n1,p,won,2026-01-05 10:00,2026-01-04\n"
    frames, faults = door(tmp_path, deals=content)
    assert [(f.rule, f.row) for f in faults] == [("outcome_before_created", 2)]
    assert frames["deals"].height == 1


def test_an_event_of_an_unknown_deal(tmp_path):
    events = "deal_id,stage,entered_at\n1,Q,2026-01-01\n9,Q,2026-01-01\n"
    frames, faults = door(tmp_path, deals=DEALS, stage_events=events)
    assert [(f.rule, f.file, f.row, f.value) for f in faults] == [("unknown_deal", "stage_events.csv", 3, "9")]
    assert frames["stage_events"].height == 1


def test_an_unknown_stage(tmp_path):
    events = "deal_id,stage,entered_at\n1,Q,2026-01-01\n1,Offer,2026-01-02\n"
    stages = "pipeline,stage,position\np,Q,1\n"
    assert [(f.rule, f.value) for f in door(tmp_path, deals=DEALS, stage_events=events, stages=stages)[1]] == [
        ("unknown_stage", "Offer")
    ]


def test_a_stage_order_that_contradicts_the_history(tmp_path):
    deals = HEADER + "".join(f"{i},p,open,5,2026-01-01\n" for i in range(25))
    events = "deal_id,stage,entered_at\n" + "".join(f"{i},Q,2026-01-01\n{i},Offer,2026-01-02\n" for i in range(25))
    stages = "pipeline,stage,position\np,Offer,1\np,Q,2\n"
    assert [(f.rule, f.n) for f in door(tmp_path, deals=deals, stage_events=events, stages=stages)[1]] == [
        ("stage_order", 25)
    ]


def test_a_dutch_export_of_excel_opens_without_a_word(tmp_path):
    content = "deal_id;pipeline;outcome;amount;created_at\n1;nieuw;won;1.234,50;31-12-2025\n"
    content += "2;nieuw;lost;€ 2.000;1-2-2026 14:30\n"
    frames, faults = door(tmp_path, deals=b"\xef\xbb\xbf" + content.encode())
    assert faults == []
    assert frames["deals"]["amount"].to_list() == [1234.5, 2000]
    assert frames["deals"]["created_at"].dt.to_string("%Y-%m-%d %H:%M").to_list() == [
        "2025-12-30 23:00",
        "2026-02-01 13:30",
    ]


def test_settings_settle_what_the_file_leaves_open(tmp_path):
    formats = Formats(decimal=",", date_order="dmy", nulls=("Select",))
    frames, faults = door(
        tmp_path, deals=HEADER + "1,p,won,1.234,01-02-2026\n2,Select,won,1,03-04-2026\n", formats=formats
    )
    assert frames["deals"]["amount"].to_list() == [1234]
    assert rules(faults) == {"required_empty"}


def test_the_two_notations_of_olist_say_the_same(shared_data):
    names = {"mql_id": "deal_id", "first_contact_date": "created_at", "won_date": "created_at"}
    for stem in ("olist_marketing_qualified_leads_dataset", "olist_closed_deals_dataset"):
        both = []
        for suffix in ("", "_iso"):
            raw = read(shared_data / "olist" / f"{stem}{suffix}.csv")
            frame = raw.frame.rename({k: v for k, v in names.items() if k in raw.frame.columns})
            parsed = parse(type(raw)(raw.file, frame), "deals", time_zone="America/Sao_Paulo")
            assert parsed.faults == () or rules(parsed.faults) <= {"time_in_gap", "time_ambiguous"}
            both.append(parsed.frame["created_at"].dt.truncate("1m"))
        assert both[0].equals(both[1])


def test_the_fivetran_seeds_are_parsed_in_words(shared_data):
    raw = read(shared_data / "fivetran_salesforce" / "sf_opportunity_data.csv")
    names = {"id": "deal_id", "created_date": "created_at", "close_date": "outcome_at", "stage_name": "stage"}
    frame = raw.frame.rename(names).with_columns(pipeline=pl.lit("p"), outcome=pl.lit("won"))
    parsed = parse(type(raw)(raw.file, frame), "deals", time_zone="UTC")
    assert parsed.frame.height == 10
    result = validate({"deals": parsed.frame})
    assert ("outcome_before_created" in rules(result.faults)) is False or result.frames["deals"].height == 10
    assert "probability_range" in rules(result.faults)


# words


def test_every_rule_has_a_sentence_and_a_way_out_in_both_languages():
    for language in ("en", "nl"):
        words = Words(language)
        missing = [f"{part}.{rule}" for rule in SEVERITY for part in ("rule", "way") if not words.has(f"{part}.{rule}")]
        assert missing == []


def test_both_languages_have_the_same_codes_and_blanks(root):
    found = {}
    for language in ("en", "nl"):
        text = (root / "kpikit" / "words" / language / "faults.po").read_text(encoding="utf-8")
        pairs = re.findall(r'msgid "([^"]+)"\nmsgstr "(.*)"', text)
        found[language] = {code: set(re.findall(r"{(\w+)", sentence)) for code, sentence in pairs}
    assert found["en"].keys() == found["nl"].keys()
    assert {c for c in found["en"] if found["en"][c] != found["nl"][c]} == set()


def test_every_rule_that_the_code_names_has_a_severity_and_none_is_left_over(root):
    reading = (root / "kpikit" / "reading").rglob("*.py")
    building = (root / "kpikit" / "book").rglob("*.py")
    guessing = (*(root / "kpikit" / "sources").glob("*.py"), *(root / "kpikit" / "start").glob("*.py"))
    text = "".join(file.read_text(encoding="utf-8") for file in (*reading, *building, *guessing))
    quoted = set(re.findall(r'"([a-z][a-z0-9_]+)"', text))
    dropped = {f"{rule}_dropped" for rule in ("short_row", "long_row", "missing_delimiter")}
    built = {"outcome_before_created", "outcome_before_first_contact", "rows_set_aside_first", "rows_set_aside_last"}
    assert set(SEVERITY) - quoted - dropped - built == set()
    raised = set(re.findall(r'(?:Fault|desk\.add)\(\s*"([a-z0-9_]+)"', text))
    assert raised - set(SEVERITY) == set()
    assert set(BY_VALUE) | set(BY_COLUMN) <= set(SEVERITY)


#: Blanks that some rules fill with other kinds of values than the rest.
BLANKS: dict[str, dict] = {"sheets_joined": {"last": "2026"}}


@pytest.mark.parametrize("language", ["en", "nl"])
@pytest.mark.parametrize("rule", list(SEVERITY))
def test_every_sentence_can_be_said(language, rule):
    blanks = dict.fromkeys(("cells", "width", "megabytes", "used", "position", "moves", "lines"), 3)
    blanks |= {"last": date(2026, 1, 1), "usual": date(2025, 1, 1), "rows": 100, "share": 0.2}
    blanks |= {
        "other": "accounts.csv",
        "key": "account",
        "like": "GTX Pro",
        "distinct": 2,
        "found": "f",
        "wanted": "w",
        "names": "a, b",
    }
    blanks |= {"encoding": "cp1252", "sheet": "A", "others": "B", "allowed": "won, lost", "zone": "UTC"}
    blanks |= dict.fromkeys(("sheets", "row", "beside"), 5)
    blanks |= {"mark": ",", "order": "dmy", "taken": "UTC-6"} | BLANKS.get(rule, {})
    blanks |= dict.fromkeys(("of", "days", "visits", "deals"), 4) | dict.fromkeys(("on", "first"), date(2026, 1, 1))
    blanks |= {"fields": "owner", "deal": "a", "stage": "Talk", "stated": "Won", "pipelines": "Old", "log": "log.csv"}
    asked = {
        b for part in ("rule", "way") for b in re.findall(r"{(\w+)", " ".join(_catalogue(language)[f"{part}.{rule}"]))
    }
    blanks = dict.fromkeys(asked, 3) | blanks
    fault = Fault(rule, "deals", "deals.csv", 7, "amount", "1.234", 2, blanks)
    line = Words(language).fault(fault)
    assert line.startswith("deals.csv")
    assert "{" not in line


def test_a_fault_reads_like_a_colleague(tmp_path):
    _, faults = door(tmp_path, deals=HEADER + "1,p,won,1.234,2026-01-01\n")
    assert Words("en").fault(faults[0]) == (
        "deals.csv, row 2, column amount: '1.234' is 1234 or 1.234: 1 numbers of this column fit both readings, "
        '0 only a decimal point, 0 only a decimal comma. Set decimal = "," or decimal = "." under [formats].'
    )
    assert Words("nl").fault(faults[0]).startswith("deals.csv, rij 2, kolom amount: '1.234' is 1234 of 1.234:")


def test_what_the_door_says_can_be_said(tmp_path):
    """Every fault that comes out of a messy book has all the blanks of its sentence."""
    deals = (
        "Report of today\n\ndeal_id,pipeline,outcome,amount,created_at,outcome_at,source,is_icp,probability,owner\n"
        "1,p,won,€ 5,9999-12-31,2026-01-01,Select,yes,12%,1.2E+14\n2,p,maybe,$ 7,2026-03-29 02:30,,x,?!,2000,b\n"
        '2,p,open,-3,2026-01-05,2026-01-04,"un,closed,5,b\n3,,won,#N/A,1700000000,2026-01-04,y,no,5,c\n\nTotal,,,9,,,,,,\n'
    )
    events = "deal_id,stage,entered_at,seq\n1,Q,2026-01-01,1.5\n9,X,2026-01-01T10:00:00Z,2\n1,Q,x,3\n1,Q\n"
    stages = "pipeline,stage,position\np,Q,1\n"
    _, faults = door(tmp_path, deals=deals, stage_events=events, stages=stages)
    assert len(rules(faults)) >= 12
    for language in ("en", "nl"):
        for fault in faults:
            assert Words(language).fault(fault)
