"""What docs/bring-your-data.md and docs/sources promise: every kpikit.toml in them opens, and says what it is said to.

The files that an example names are made here: three deals, D1 won, D2 lost, D3 open, the same visits in each shape.
"""

import csv
import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest

import kpikit
from kpikit.cli import kpikit as command_line

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "docs" / "bring-your-data.md", *sorted((ROOT / "docs" / "sources").glob("*.md"))]
#: D1 is in the first stage on 1 January, in the second on the 11th, won on the 21st; D2 is lost from the first on the
#: 16th; D3 begins on the 6th and stays
DEALS = {
    "D1": {"outcome": "won", "created_at": "2026-01-01", "outcome_at": "2026-01-21", "amount": "100"},
    "D2": {"outcome": "lost", "created_at": "2026-01-01", "outcome_at": "2026-01-16", "amount": "200"},
    "D3": {"outcome": "open", "created_at": "2026-01-06", "outcome_at": "", "amount": "400"},
}
#: (deal, which stage: the order's first or second, day)
MOVES = [("D1", 0, 1), ("D1", 1, 11), ("D2", 0, 1), ("D3", 0, 6)]
TOML = re.compile(r"^```toml\n(.*?)^```", re.DOTALL | re.MULTILINE)
EXAMPLES = [
    (f"{page.stem}-{number}", block)
    for page in PAGES
    for number, block in enumerate(TOML.findall(page.read_text(encoding="utf-8")), 1)
]
#: what an example leaves to the reader
NAMED = {"deal_id": "id", "outcome": "how", "created_at": "from", "outcome_at": "to", "pipeline": "line"}
COLUMNS = "[tables.deals.columns]\n" + "".join(f'{ours} = "{theirs}"\n' for ours, theirs in NAMED.items())
PLAIN = '[tables.deals]\nfile = "plain.csv"\n'


def day(number):
    return f"2026-01-{number:02}"


def several(value):
    return value if isinstance(value, list) else [value]


def written(path, rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(dict.fromkeys(name for row in rows for name in row)), restval="")
        writer.writeheader()
        writer.writerows(rows)


def theirs(asked, ours, value):
    """A value in the words of the file, where the example says what its words mean."""
    meanings = asked.get("values", {}).get(ours, {})
    return next((word for word, meaning in meanings.items() if meaning == value and word not in ("*", "")), value)


def deal_row(asked, deal):
    """One row of deals under the headings that an example names."""
    facts = DEALS[deal] | {"deal_id": deal, "stage": "Qualify", "owner": "Anna", "name": deal, "pipeline": "Pipeline"}
    row = {}
    for ours, named in asked.get("columns", {}).items():
        heading = named["column"] if isinstance(named, dict) else several(named)[0]
        value = theirs(asked, ours, facts.get(ours, ""))
        row.setdefault(heading, value)
        if ours == "outcome":
            row[heading] = value
        row |= dict.fromkeys(several(named)[1:] if not isinstance(named, dict) else [], "")
    yes = {"won": facts["outcome"] == "won", "lost": facts["outcome"] == "lost", "closed": facts["outcome"] != "open"}
    row |= {heading: str(yes[key]).lower() for key, heading in asked.get("ends", {}).items()}
    row |= {lookup.get("on", lookup["key"]): "Bedrijf" for lookup in asked.get("lookup", {}).values()}
    row |= {name: values[0] for name, values in asked.get("keep", {}).items()}
    return row | {field["column"]: "1" for field in asked.get("own", {}).values()}


def history_rows(asked, stages, deals):
    """The rows of a stage history in the shape that an example asks for."""
    shape, columns = asked.get("shape", "long"), asked["columns"]
    if shape == "wide":
        known = {deal: [m for m in MOVES if m[0] == deal] for deal in DEALS}
        return [
            deal_row(deals, deal) | {columns["deal_id"]: deal}
            | {asked["stages"][m[1]]["entered"]: day(m[2]) for m in known[deal]}
            | {one["exited"]: "" for one in asked["stages"]}
            for deal in DEALS
        ]  # fmt: skip
    if shape in ("snapshots", "versions"):
        return list(seen(asked, stages, deals))
    rows = []
    for deal, which, on in MOVES:
        row = {columns["deal_id"]: deal, columns["entered_at"]: day(on), columns["stage"]: stages[which]}
        if shape == "from_to":
            row[asked["from"]] = stages[which - 1] if which else ""
        if shape == "field_log":
            row[asked["field"]] = next(word for word, ours in asked["fields"].items() if ours == "stage")
            row |= {asked["from"]: stages[which - 1] if which else ""} if "from" in asked else {}
        rows.append(row)
    if shape == "long" and "made_from" in deals:
        ends = {"D1": "Closed Won", "D2": "Closed Lost"}
        rows += [
            {columns["deal_id"]: d, columns["entered_at"]: DEALS[d]["outcome_at"], columns["stage"]: e}
            for d, e in ends.items()
        ]
    return rows


def seen(asked, stages, deals):
    """A row a deal and five days, with what was in force then; of versions only the last is active."""
    columns = asked["columns"]
    for deal in DEALS:
        days = [on for on in (1, 6, 11, 16, 21) if on >= int(DEALS[deal]["created_at"][-2:])]
        for on in days:
            stage = max(m for m in MOVES if m[0] == deal and m[2] <= on)[1]
            row = deal_row(deals, deal) | {columns["stage"]: stages[stage], columns["entered_at"]: day(on)}
            row |= {name: str(on == days[-1]).lower() for name in deals.get("keep", {})}
            yield row | {columns["deal_id"]: deal}


def laid_out(block, folder):
    """The kpikit.toml of an example, completed where it is a part of one, with the files that it names."""
    config = tomllib.loads(block)
    deals = config.get("tables", {}).get("deals", {})
    if "file" not in deals and "made_from" not in deals:
        block += PLAIN
    if "columns" not in deals and "made_from" not in deals:
        block += COLUMNS
    config = tomllib.loads(block)
    tables = config["tables"]
    if "accounts" in tables:
        block += '[tables.accounts]\nfile = "accounts.csv"\ncolumns = { account_id = "id" }\n'
        written(folder / "accounts.csv", [{"id": "a1", "Branche": "Zorg"}])
    (folder / "kpikit.toml").write_text(block, encoding="utf-8")
    deals, history = tables["deals"], tables.get("stage_events")
    for name in several(deals.get("file", [])):
        written(folder / name.replace("*", "2026-10"), [deal_row(deals, deal) for deal in DEALS])
    for lookup in deals.get("lookup", {}).values():
        written(folder / lookup["file"], [{lookup["key"]: "Bedrijf", lookup["column"]: "MKB"}])
    if "people" in tables:
        people = tables["people"]
        written(folder / people["file"], [{people["columns"]["owner"]: "Anna", people["columns"]["team"]: "Noord"}])
    if history:
        order = tables.get("stages", {}).get("order", ["Qualify", "Proposal"])
        written(folder / history["file"], history_rows(history, order, deals))
    return config


def test_there_are_examples_of_every_shape():
    tables = [tomllib.loads(block)["tables"] for _, block in EXAMPLES]
    shapes = {table.get("stage_events", {}).get("shape") for table in tables}
    assert shapes == {None, "from_to", "field_log", "wide", "snapshots", "versions"}
    assert len(PAGES) == 7


@pytest.mark.parametrize("block", [block for _, block in EXAMPLES], ids=[name for name, _ in EXAMPLES])
def test_an_example_opens_with_its_deals_and_visits(block, tmp_path):
    config = laid_out(block, tmp_path)
    book = kpikit.open_book(tmp_path)
    deals = book.tables["deals"]
    assert dict(deals.select("deal_id", "outcome").iter_rows()) == {"D1": "won", "D2": "lost", "D3": "open"}
    assert deals.sort("deal_id")["outcome_at"].dt.month().to_list() == [1, 1, None]
    if "amount" in config["tables"]["deals"].get("columns", {}):
        assert deals.sort("deal_id")["amount"].to_list() == [100.0, 200.0, 400.0]
    if "stage_events" not in config["tables"]:
        return
    order = config["tables"].get("stages", {}).get("order", ["Qualify", "Proposal"])
    events = book.tables["stage_events"].filter(book.tables["stage_events"]["stage"].is_in(order))
    assert sorted(events.select("deal_id", "stage", "entered_at").iter_rows()) == sorted(
        (deal, order[which], datetime(2026, 1, on, tzinfo=UTC)) for deal, which, on in MOVES
    )


def test_the_words_of_the_amount_are_on_the_book(tmp_path):
    """``per = "year"`` is said by every sum."""
    block = next(block for _, block in EXAMPLES if 'per = "year"' in block)
    laid_out(block, tmp_path)
    assert kpikit.open_book(tmp_path).settings.amount_per == "year"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_and_pictures_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    for link, _, part in re.findall(r"\]\(([^)#\s]*)(#?)([^)\s]*)\)", text):
        there = (page.parent / link).resolve() if link else page
        assert there.exists(), f"{page.name}: {link}"
        if part and there.suffix == ".md":
            headings = re.findall(r"^#+ (.+)$", there.read_text(encoding="utf-8"), re.MULTILINE)
            anchors = [re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings]
            assert part in anchors, f"{page.name}: {link}#{part}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_commands_and_options_exist(page):
    for line in re.findall(r"^kpikit (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE):
        name, *rest = line.split()
        options = {option for parameter in command_line.commands[name].params for option in parameter.opts}
        assert set(re.findall(r"(?<!\S)--[a-z-]+", " ".join(rest))) <= options, line


@pytest.mark.parametrize("name", ["init.png", "init-refused.png", "check.png"])
def test_pictures_of_a_terminal_are_small(name):
    picture = (ROOT / "docs" / "pictures" / name).read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) < 400_000
