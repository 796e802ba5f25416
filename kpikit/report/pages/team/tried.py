"""What the team agreed to try, what the customer did then, how it ended."""

from __future__ import annotations

from kpikit.report.figures.team import TeamFigures
from kpikit.report.figures.tries import Tried
from kpikit.report.pages import tries
from kpikit.show.page import Message, Page, Table, message

#: so many characters of a try or of what was said
LONGEST = 100


def page(figures: TeamFigures) -> Page:
    """A list in the team's own words; a company copy has the counts only."""
    found, own = figures.tried, figures.about.copy == "team"
    question, first = message("page.tried.question"), message("page.tried.question.first")
    if not found.is_kept:
        return Page("tried", message("page.tried.title.no_log"), (message("page.tried.no_log"),), question=first)
    if not found.states:
        return Page("tried", message("page.tried.title.none"), (message("page.tried.none"),), question=first)
    sentence = [told] if (told := tries.counted(found)) else []
    if not own:
        return Page("tried", _title(found), tuple(sentence), question=question)
    words = {"worked": found.worked, "did_not": found.did_not}
    sentence += [message(f"page.tried.{kind}", text=tuple(map(_short, said))) for kind, said in words.items() if said]
    return Page("tried", _title(found), tuple(sentence), question=question, table=_table(found))


def _title(found: Tried) -> Message:
    n, done = len(found.states), found.states.count("done")
    if found.states.count(None) == n:
        return message("page.tried.title.unsaid", n=n)
    return message("page.tried.title", n=n, done=done)


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= LONGEST else f"{plain[: LONGEST - 1].rstrip()}…"


def _table(found: Tried) -> Table:
    """What was agreed, for which deal, what the customer did after it, how it ended; the surest first."""
    cells = tuple(
        (_short(row["text"]), row["deal"], _since(row), message(f"page.tried.state.{row['state'] or 'unsaid'}"))
        for row in found.rows.to_dicts()
    )
    return Table(tuple(message(f"page.tried.{name}") for name in ("try", "deal", "since", "how")), cells)


def _since(row: dict) -> Message | str:
    """The last thing that the book shows of the deal after what was agreed."""
    if row["kind"] is None:
        return ""
    if row["kind"] == "nothing":
        return message("review.since.nothing")
    return message(f"review.since.{row['kind']}", n=row["n"], stage=row["stage"], on=row["on"])
