"""Write docs/honesty.md: what each figure does when only the record changes, and which figure beside it shows that.

    python docs/honesty.py [--books 40] [--jobs 2]

The study is benchmarks/honesty_study.py, its acts are docs/honesty.toml. It goes on where it was stopped (out/honesty).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))

import honesty_study as measured  # noqa: E402 - the study stands in another folder

PAGE = ROOT / "docs" / "honesty.md"
Replicates = list[dict[str, dict[str, float | None]]]
INTRO = """# Honesty must pay: what each figure does when only the record changes

The same customers sign on the same days. Only the record differs: a share of the deals (the dose) is written down as
the act says, none, .2 or .5 of them. {books} teams of eight people, a hundred deals a quarter for two years, each
written down in every way ([simulated books](simulate.md)); behind each figure the standard error of its mean over the
teams. "Moves" is the change from none to .5 in the same books: up or down where it is more than three of its own
standard errors and can be seen in the digits shown.

A figure that moves while the customers do the same can be pleased by writing things down otherwise, and the honest act
makes it look worse. So it never stands alone: in each table the figures that tell the act apart stand below "beside
it", whether they move or, like the customers, stay. Nothing here is about a person, and every act has innocent
look-alikes ([which](simulate.md)): a figure that moves is a question about how the record is made, with several
answers.

**The plainest case.** When deals are registered only once an offer is due, "won within 180 days" goes {late_rate}
and the median cycle {late_days} days, at doses of none, .2 and .5, while the deals won stay {late_wins}.
"First recorded at a later stage" goes {late_share}.

"""
OUTRO = """
*Written by `python docs/honesty.py --books {books}` from `docs/honesty.toml`; the study is
`benchmarks/honesty_study.py`.*
"""


def shown(value: float, unit: str) -> str:
    """A figure as the tables write it."""
    if value != value:
        return "not told"
    digits = {"share": 3, "ratio": 2, "rate": 4, "day": 1, "count": 1, "money": 0}[unit]
    text = f"{round(value, digits) + 0.0:,.{digits}f}"
    return text.replace("-0.", "−.").replace("0.", ".", 1) if digits == 3 and abs(value) < 1 else text.replace("-", "−")


def with_error(mean: float, error: float, unit: str) -> str:
    """``.231 ± .004``."""
    return shown(mean, unit) if mean != mean else f"{shown(mean, unit)} ± {shown(error, unit)}"


def column(found: Replicates, text: str, key: str) -> list[float | None]:
    """A figure in every book under one plan."""
    return [book[text][key] for book in found]


def line(found: Replicates, row: Mapping[str, Any], key: str, first: str, last: str = "") -> str:
    """One figure at the doses, and where it moves."""
    name, unit, _ = measured.FIGURES[key]
    columns = [column(found, measured.text_of(row, dose), key) for dose in measured.DOSES]
    cells = [with_error(*measured.estimate(values)[:2], unit) for values in columns]
    change, error, _ = measured.moved(columns[0], columns[-1])
    moves = f"{way_of(found, row, key)} ({with_error(change, error, unit)})"
    return "| " + " | ".join((first or name, *cells, moves, last)) + " |"


def links(cards: list[str]) -> str:
    """Cards as links to their pages."""
    return ", ".join(f"[{card}](kpi/{card}.md)" for card in cards)


def table(found: Replicates, row: Mapping[str, Any]) -> list[str]:
    """One act: the figures whose cards name it, the agenda's rules, and below the line what shows it."""
    since = f", since {row['since']}" if "since" in row else ""
    head = f"## {row['act'][0].upper()}{row['act'][1:]}"
    lines = [
        head,
        "",
        f"`--plant {row['plant']}`{since}",
        "",
        "| figure | none | .2 | .5 | moves | expected |",
        "|---|---|---|---|---|---|",
    ]
    lines[2] = lines[2].replace("`--plant push`", "`--plant pull`, below 0")
    for asked in row["figures"]:
        name = measured.FIGURES[asked["figure"]][0]
        lines.append(line(found, row, asked["figure"], f"{name}: {links(asked['of'])}", asked["claims"]))
    for rule, claims in row.get("rules", {}).items():
        lines.append(line(found, row, f"rule.{rule}", f"agenda rule `{rule}`: deals listed", claims))
    told = {f["figure"] for f in row["figures"]}
    shows = [key for key in row["shows"] if key not in told] + [key for key in row["shows"] if key in told]
    if shows:
        lines.append("| **beside it** | | | | | |")
        lines += [line(found, row, key, "") for key in shows]
    else:
        lines += ["", "No other figure of kpikit shows it: it is for the conversation."]
    return [*lines, ""]


def first_page(found: Replicates) -> list[str]:
    """What stands on a first page, and what moves it and shows it."""
    study = measured.study()
    figures = dict.fromkeys(key for keys in study["first_page"].values() for key in keys)
    lines = [
        "## What stands on a first page",
        "",
        "| figure | what moves it | what moves with it and shows it (bold: stands on the quarterly first page too) |",
        "|---|---|---|",
    ]
    for key in figures:
        acts, shows = [], []
        for row in study["row"]:
            if key in {f["figure"] for f in row["figures"]} and way_of(found, row, key) != "stays":
                acts.append(f"`{row['plant']}` {way_of(found, row, key)}")
                moved = [k for k in row["shows"] if k != key and way_of(found, row, k) in ("up", "down")]
                shows += [
                    f"**{measured.FIGURES[k][0]}**" if k in study["beside"]["winloss"] else measured.FIGURES[k][0]
                    for k in moved
                ]
        what = ", ".join(dict.fromkeys(acts)) or "none of these acts"
        lines.append(
            f"| {measured.FIGURES[key][0]} | {what} | {'; '.join(dict.fromkeys(shows)) or 'nothing is needed'} |"
        )
    return [*lines, ""]


def way_of(found: Replicates, row: Mapping[str, Any], key: str) -> str:
    """Where a figure moves from no dose to the largest; a change that the table's digits do not show is none."""
    none, most = (measured.text_of(row, dose) for dose in (measured.DOSES[0], measured.DOSES[-1]))
    change, _, way = measured.moved(column(found, none, key), column(found, most, key))
    unit = measured.FIGURES[key][1]
    return "stays" if way in ("up", "down") and shown(change, unit) == shown(0.0, unit) else way


def otherwise(found: Replicates) -> list[str]:
    """Where a card's claim and the measurement differ."""
    lines = []
    for row in measured.study()["row"]:
        claims = [(f["figure"], f["claims"]) for f in row["figures"]]
        claims += [(f"rule.{name}", way) for name, way in row.get("rules", {}).items()]
        for key, claimed in claims:
            way = way_of(found, row, key)
            if way != claimed:
                since = f" since {row['since']}" if "since" in row else ""
                lines.append(
                    f"- `{row['plant']}`{since}: {measured.FIGURES[key][0]} was expected {claimed}, and {way}."
                )
    head = ["## Where the measurement differs from what was expected", ""]
    return [*head, *lines, ""] if lines else []


def elsewhere() -> list[str]:
    """What is not measured, and why."""
    study = measured.study()
    lines = ["## Not measured here", "", "| card or rule | why |", "|---|---|"]
    lines += [f"| {links([card])} | {why} |" for card, why in study["elsewhere"].items()]
    return lines + [f"| agenda rule `{rule}` | {why} |" for rule, why in study["rules_elsewhere"].items()]


def page(found: Replicates) -> str:
    """The whole page."""
    late = measured.study()["row"][0]

    def three(key: str) -> str:
        unit = measured.FIGURES[key][1]
        means = [measured.estimate(column(found, measured.text_of(late, dose), key))[0] for dose in measured.DOSES]
        return " / ".join(shown(mean, unit) for mean in means)

    intro = INTRO.format(
        books=len(found),
        late_rate=three("rate.cohort"),
        late_days=three("cycle.median"),
        late_wins=three("wins.won"),
        late_share=three("late.share"),
    )
    parts = [*first_page(found), *(text for row in measured.study()["row"] for text in table(found, row))]
    return intro + "\n".join([*parts, *otherwise(found), *elsewhere()]) + "\n" + OUTRO.format(books=len(found))


def main() -> None:
    """Measure what is not measured yet, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--books", type=int, default=40, help="how many teams' two years")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    given = parser.parse_args()
    PAGE.write_text(page(list(measured.replicates(given.books, given.jobs))), encoding="utf-8")


if __name__ == "__main__":
    main()
