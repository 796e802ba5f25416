"""Pages as HTML: one ``<section>`` a page, nothing that needs the network, every value escaped."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import Any

from kpikit.show.page import Message, Page, Table
from kpikit.show.picture import pair
from kpikit.show.theme import variables
from kpikit.words import Words


@cache
def _templates() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("kpikit.show", "html"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip


@cache
def stylesheet() -> str:
    """The look of every page, as CSS."""
    css = resources.files("kpikit.show").joinpath("html/page.css").read_text(encoding="utf-8")
    return variables() + re.sub(r"\s*\n\s*", "\n", css)


def section(page: Page, words: Words) -> str:
    """One page as HTML."""
    from markupsafe import Markup

    wide, narrow = (Markup(picture) for picture in pair(page.chart, words)) if page.chart else ("", "")  # noqa: S704 - our own SVG
    return _render("section.html", words, page=page, wide=wide, narrow=narrow)


def header(title: Message, lines: tuple[Message, ...], words: Words) -> str:
    """The heading of a report, with the stylesheet that its pages need."""
    from markupsafe import Markup

    return _render("header.html", words, title=title, lines=lines, css=Markup(stylesheet()))  # noqa: S704 - our own CSS


def index(words: Words, **values: Any) -> str:
    """The index of a run: one line a team."""
    from markupsafe import Markup

    return _render("index.html", words, css=Markup(stylesheet()), **values)  # noqa: S704 - our own CSS


def _render(template: str, words: Words, **values: Any) -> str:
    def say(message: Message | str) -> str:
        """A message, or one of our own codes that the template names."""
        return message.in_words(words) if isinstance(message, Message) else words.say(message)

    def text(cell: Any) -> str:
        """What stands in a cell: a message in words; anything else is the CRM's and stays as it is."""
        return cell.in_words(words) if isinstance(cell, Message) else str(cell)

    def is_table(item: Any) -> bool:
        return isinstance(item, Table)

    return _templates().get_template(template).render(say=say, text=text, words=words, is_table=is_table, **values)


def plain(page: Page, words: Words) -> str:
    """A page as text: for terminals, tests and readers without pictures."""
    lines = [part.in_words(words) for part in (page.title, *page.sentence)]
    for card in page.cards:
        lines += [f"{card.heading.in_words(words)}: {card.story}", *card.others]
    return "\n".join([*lines, *([page.question.in_words(words)] if page.question else [])])
