"""Commands for templates of one's own: ``template check``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from kpikit.cli.saying import lang, tell, words_in


@click.group()
def template() -> None:
    """Templates of your own, for kpikit report --template."""


@template.command()
@click.argument("path")
@lang
def check(path: str, language: str) -> None:
    """Make a template on the demo, and say what is wrong with it.

    PATH is an .ipynb. Looked at: the parameters cell, whether every cell runs, whether the page works with the network
    off, and whether it names persons, or in the company copy deals and customers.

    \b
    kpikit template check our-review.ipynb

    Ends with 0 if nothing was found, 1 if something was, 2 if there is no such file.
    """
    from kpikit.report.runs.template_check import COPIES, check_template

    words = words_in(language)
    found = check_template(path)
    name = Path(path).name
    if not found:
        copies = words.names([words.say(f"title.copy.{copy}") for copy in COPIES])
        tell(words.say("template.fine", template=name, copies=copies))
        return
    tell(words.say("template.found", template=name, n=len(found)))
    for one in found:
        tell(f"  · {one.in_words(words)}")
    sys.exit(1)
