"""A deal's story on the screen: the customer first, then the rep's own words, then why it is listed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl

from kpikit.review.reasons import reason
from kpikit.review.telling import Story
from kpikit.session.panel.agenda import why
from kpikit.session.panel.nodes import Node, node, picture
from kpikit.show.page import Message
from kpikit.words import Words


def story_part(
    story: Story,
    listed: dict[str, Any] | None,
    aged: dict[str, Any] | None,
    pictures: Sequence[str],
    told: Message | None,
    words: Words,
) -> Node:
    """The story in the order in which it is told.

    Args:
        story: :func:`kpikit.review.story`.
        listed: the deal's row of the agenda, if it is on it.
        aged: the deal's row of the table of open deals, for its days in the stage.
        pictures: the timeline, and how it went with deals like it, as SVG.
        told: the sentence to the second picture.
        words: the language of what kpikit says; the rest is as it was written.
    """
    deal = story.deal
    goal = deal["customer_goal"]
    return node(
        "div",
        node("h2", deal["name"] or deal["deal_id"]),
        node("p", " · ".join(_about(deal, aged, words)), cls="about"),
        node("p", goal, cls="goal") if goal else node("p", words.say("panel.story.no_goal"), cls="goal none"),
        *_own_words(story.prepared, words),
        *_why(story.reasons, listed, words),
        *(_figure(svg, i, told if i else None, words) for i, svg in enumerate(pictures)),
        _questions(story, words),
        _stage(story, words),
        *_like(story.like, words),
        cls="story",
    )


def _about(deal: Any, aged: dict[str, Any] | None, words: Words) -> Iterator[str]:
    """Where the deal stands, in a line."""
    if deal["stage"]:
        yield deal["stage"]
    if deal["outcome"] != "open":
        yield words.say(f"panel.outcome.{deal['outcome']}")
    elif aged is not None and aged["days"] is not None:
        yield words.say("panel.story.days", n=round(aged["days"]))
    if deal["amount"] is not None:
        yield words.price(deal["amount"])
    if deal["expected_close_on"] is not None:
        yield words.say("panel.story.expected", day=deal["expected_close_on"])
    if deal["next_step"]:
        yield words.say("panel.story.next", text=deal["next_step"])


def _own_words(prepared: pl.DataFrame | None, words: Words) -> Iterator[Node]:
    """What the one whose deal it is wrote before the session: it stands before any reason."""
    told = [] if prepared is None else [row for row in prepared.to_dicts() if row["text"]]
    for row in told:
        yield node("div", node("h3", words.say(f"panel.prepared.{row['code']}")), node("p", row["text"]), cls="own",
                   key=f"own-{row['entry_id']}")  # fmt: skip


def _why(reasons: pl.DataFrame, listed: dict[str, Any] | None, words: Words) -> Iterator[Node]:
    """Why it is on the agenda; or what a rule would say, for a deal that somebody chose."""
    said = why(listed, words) if listed else " ".join(reason(row).in_words(words) for row in reasons.to_dicts())
    if said:
        heading = words.say("panel.story.why" if listed else "panel.story.noticed")
        yield node("section", node("h3", heading), node("p", said, cls="why"), key="why")


def _figure(svg: str, i: int, told: Message | None, words: Words) -> Node:
    heading = words.say("panel.story.timeline" if i == 0 else "panel.story.similar")
    sentence = node("p", told.in_words(words)) if told is not None else None
    return node("section", node("h3", heading), sentence, node("figure", picture(svg)), key=f"figure-{i}")


def _questions(story: Story, words: Words) -> Node:
    asked = [node("li", text) for text in story.asks(words.language)]
    return node("section", node("h3", words.say("panel.story.questions")), node("ul", *asked, cls="questions"))


def _stage(story: Story, words: Words) -> Node | None:
    """What the stage means and asks for, beside what is recorded."""
    if not story.meaning and not story.criteria.height:
        return None
    lines = [
        node(
            "li",
            row["criterion"],
            " ",
            node("span", words.say(_MET[row["met"]]), cls="mark" if row["met"] else "muted"),
        )
        for row in story.criteria.iter_rows(named=True)
    ]
    return node(
        "section",
        node("h3", words.say("panel.story.stage", stage=story.deal["stage"] or "–")),
        node("p", story.meaning) if story.meaning else None,
        node("ul", *lines, cls="criteria") if lines else None,
        key="stage",
    )


_MET = {True: "review.met.yes", False: "review.met.no", None: "review.met.unknown"}


def _like(like: pl.DataFrame, words: Words) -> Iterator[Node]:
    """A customer like this one, in the customer's words."""
    if "story" not in like.columns:
        return
    for row in like.filter(pl.col("story").is_not_null()).head(1).to_dicts():
        alike = [words.say(f"panel.alike.{code}") for code in row["alike"]]
        about = words.say("panel.story.alike", names=alike) if alike else ""
        yield node(
            "section",
            node("h3", words.say("panel.story.like")),
            node("div", node("blockquote", row["story"], lang=row.get("language")), node("p", about, cls="muted small"),
                 cls="card"),
            key="like",
        )  # fmt: skip
