"""Pages as HTML: one ``<section>`` a page, nothing that needs the network, every value escaped."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from typing import Any

from kpikit.schema import Look
from kpikit.show.charts.picture import Drawn, pair
from kpikit.show.page import Link, Message, Page, Table
from kpikit.show.theme import PLAIN, variables
from kpikit.words import Words


@cache
def _templates() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("kpikit.show", "html"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip


@cache
def stylesheet(look: Look = PLAIN) -> str:
    """The look of every page, as CSS."""
    return variables(look) + re.sub(r"\s*\n\s*", "\n", _own("page.css"))


@cache
def _own(name: str) -> str:
    return resources.files("kpikit.show").joinpath("html", name).read_text(encoding="utf-8")


def section(page: Page, words: Words) -> str:
    """One page as HTML."""
    return with_charts(page, words)[0]


def with_charts(page: Page, words: Words) -> tuple[str, tuple[Drawn, ...]]:
    """One page as HTML, and its chart as it was drawn, wide and narrow."""
    from markupsafe import Markup

    charts = pair(page.chart, words) if page.chart else ()
    wide, narrow = (Markup(chart.svg) for chart in charts) if charts else ("", "")  # noqa: S704 - our own SVG
    return _render("section.html", words, page=page, wide=wide, narrow=narrow), charts


def header(title: Message, lines: tuple[Message, ...], words: Words, look: Look = PLAIN) -> str:
    """The heading of a report, with the stylesheet that its pages need."""
    from markupsafe import Markup

    css = Markup(stylesheet(look))  # noqa: S704 - our own CSS
    return _render("header.html", words, title=title, lines=lines, css=css, look=look)


def index(words: Words, look: Look = PLAIN, *, rows: Iterable[Mapping[str, Any]], **values: Any) -> str:
    """The index of a run: one line a team.

    ``title`` and ``lines`` are messages. ``rows`` are mappings, in the order of the teams' names:

    - ``team``, ``status`` (ok, failed, refused, pending), ``finding`` (a message);
    - ``link`` (of the team's name, or "");
    - ``links``: pairs of a code and a relative address, e.g. ``("index.link.pdf", "north/report.pdf")``; the codes are
      ``index.link.`` + html, pdf, xlsx, summary, notebook, failed;
    - ``warnings``: messages, e.g. a format that could not be made and why;
    - ``figures``: pairs of a message (what) and a message or text (the value with its range);
    - ``made_on``: a date, or None; it is shown as the day the figures speak of.

    All but ``team``, ``status``, ``finding`` and ``link`` may be left out. It sorts by name, date and status only.
    """
    from markupsafe import Markup

    css = Markup(stylesheet(look))  # noqa: S704 - our own CSS
    script = _own("index.js")
    own = {"css": css, "script": Markup(script), "policy": policy(script), "look": look}  # noqa: S704 - our own script
    bare: dict[str, Any] = {"links": (), "warnings": (), "figures": (), "made_on": None}
    return _render("index.html", words, rows=[{**bare, **row} for row in rows], **own, **values)


@cache
def policy(*scripts: str) -> str:
    """A Content-Security-Policy: these scripts and no other, the page's own styles and pictures, no request at all."""
    hashes = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{one}'" for one in hashes) or "'none'"
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def failed(words: Words, **values: Any) -> str:
    """The page of a notebook that failed: ``title``, ``cell`` of ``cells``, its ``source``, ``error`` and ``trace``."""
    from markupsafe import Markup

    return _render("failed.html", words, css=Markup(stylesheet()), **values)  # noqa: S704 - our own CSS


def paper(template: str, words: Words, look: Look = PLAIN, **values: Any) -> str:
    """A paper of a review, to be printed: ``agenda.html`` and ``prepare.html`` before it, ``minutes.html`` after it."""
    from markupsafe import Markup

    css = Markup(stylesheet(look) + _own("paper.css"))  # noqa: S704 - our own CSS
    return _render(template, words, css=css, policy=policy(), look=look, **values)


def _render(template: str, words: Words, **values: Any) -> str:
    def say(message: Message | str) -> str:
        """A message, or one of our own codes that the template names."""
        return message.in_words(words) if isinstance(message, Message) else words.say(message)

    def text(cell: Any) -> str:
        """What stands in a cell: a message in words; anything else is the CRM's and stays as it is."""
        return cell.in_words(words) if isinstance(cell, Message) else str(cell)

    def is_table(item: Any) -> bool:
        return isinstance(item, Table)

    def is_link(cell: Any) -> bool:
        return isinstance(cell, Link) and cell.address.startswith("https://")

    known = {"say": say, "text": text, "words": words, "is_table": is_table, "is_link": is_link}
    return _templates().get_template(template).render(**known, **values)


def plain(page: Page, words: Words) -> str:
    """A page as text: for terminals, tests and readers without pictures."""
    lines = [part.in_words(words) for part in (page.title, *page.sentence)]
    for card in page.cards:
        lines += [f"{card.heading.in_words(words)}: {card.story}", *card.others]
    lines += [page.question.in_words(words)] if page.question else []
    lines += [" ".join(part.in_words(words) for part in page.footer)] if page.footer else []
    return "\n".join(lines)
