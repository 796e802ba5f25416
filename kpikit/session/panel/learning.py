"""Looking back: what earlier sessions teach the team, in sentences with how sure one can be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kpikit.review.lessons import Learning
from kpikit.review.reasons import short
from kpikit.schema import Estimate
from kpikit.session.panel.nodes import Node, node
from kpikit.show.basis_words import all_differ
from kpikit.words import Words


def learning_part(found: Learning, words: Words) -> Node:
    """Four questions to the past, and where there is too little to tell, that."""
    parts = (
        ("steps", _steps(found, words)),
        ("lot", _lot(found, words)),
        ("room", _room(found, words)),
        ("reasons", _reasons(found, words)),
    )
    young = words.say("panel.learning.young", n=found.n_young, days=found.days) if found.n_young else ""
    return node(
        "main",
        node("p", words.say("panel.learning.intro"), cls="muted"),
        *_apart(found, words),
        *(
            node("section", node("h2", words.say(f"panel.learning.{name}")), *lines, key=f"learning-{name}")
            for name, lines in parts
        ),
        node("p", young, cls="muted") if young else None,
        cls="page",
        data_scroll=True,
        key="learning",
    )


def _apart(found: Learning, words: Words) -> Iterator[Node]:
    """Sessions that are left out, and what their books rested on."""
    if found.apart:
        said = [one.in_words(words) for why in found.apart.values() for one in all_differ(why)]
        text = words.say("basis.left_out", n=len(found.apart), why=" ".join(dict.fromkeys(said)))
        yield node("p", text, cls="muted", key="learning-apart")


def _sentence(text: str) -> Node:
    return node("p", text, cls="why")


def _steps(found: Learning, words: Words) -> Iterator[Node]:
    """How agreements ended, as people said; and what the book shows."""
    n = int(found.said["n"].sum())
    if not n:
        yield _sentence(words.say("panel.learning.steps.none"))
        return
    counts = [
        words.say(f"panel.learning.said.{state}", n=count) for state, count in found.said.iter_rows() if count
    ]  # fmt: skip
    yield _sentence(words.say("panel.learning.steps.said", n=n, counts=counts))
    for row in found.steps.filter(found.steps["n"] > 0).iter_rows(named=True):
        yield node("p", _share(f"panel.learning.steps.{row['figure']}", row, words))


def _share(code: str, row: dict[str, Any], words: Words) -> str:
    """Counts, and a figure with its range where there are enough."""
    said = words.say(code, n=row["n"], k=row["n_events"])
    if row["status"] != "ok":
        return said
    figure = Estimate(row["value"], row["low"], row["high"], "share")
    return f"{said} {words.say('panel.learning.share', figure=figure)}"


def _lot(found: Learning, words: Words) -> Iterator[Node]:
    """Did what the rules chose move more than what the lot chose?"""
    row = found.difference.row(0, named=True)
    if not row["n"] and not row["n_before"]:
        yield _sentence(words.say("panel.learning.reasons.none"))
        return
    counts = {"k": row["n_events"], "n": row["n"], "k_lot": row["n_events_before"], "n_lot": row["n_before"]}
    yield _sentence(words.say("panel.learning.lot.counts", days=found.days, **counts))
    if row["status"] != "ok":
        yield node("p", words.say("panel.learning.lot.few"), cls="muted")
        return
    points = {name: None if row[name] is None else 100 * row[name] for name in ("value", "low", "high", "noticeable")}
    clear = row["certainty"] == "clear"
    code = f"panel.learning.lot.{'clear' if clear else 'unknown'}"
    yield node("p", node("b", words.say(f"certainty.{row['certainty']}")), ": ", words.say(code, **points))


def _room(found: Learning, words: Words) -> Iterator[Node]:
    """Of what was given about so much, how much came about?"""
    rows = found.predicted.to_dicts()
    if not rows:
        yield _sentence(words.say("panel.learning.room.none"))
        return
    score = found.score.row(0, named=True)
    if score["status"] == "ok":
        code = "better" if score["value"] < score["usual"] else "not_better"
        yield _sentence(words.say(f"panel.learning.room.{code}", n=score["n"], k=score["n_events"]))
    else:
        yield _sentence(words.say("panel.learning.room.few", n=score["n"]))
    lines = [
        node("li", words.say("panel.learning.room.step", chance=row["chance"], k=row["n_events"], n=row["n"]))
        for row in rows
    ]
    yield node("ul", *lines, cls="plain")


def _reasons(found: Learning, words: Words) -> Iterator[Node]:
    """Of the deals listed for a reason, how many moved or ended?"""
    rows = found.reasons.sort("n", "rule", descending=[True, False]).to_dicts()
    if not rows:
        yield _sentence(words.say("panel.learning.reasons.none"))
        return
    lines = []
    for row in rows:
        name = short(row["rule"]).in_words(words)
        lines.append(node("li", node("b", name), ": ", _share("panel.learning.reasons.row", row, words)))
    yield node("ul", *lines, cls="plain")
