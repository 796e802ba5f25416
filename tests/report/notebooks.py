"""Executed notebooks put together by hand: a heading and pages, as a kernel would have left them."""

from nbformat.v4 import new_code_cell, new_notebook, new_output

from kpikit.report.review import Report
from kpikit.show.page import Page, Table, message
from kpikit.show.theme import PLAIN
from kpikit.words import Words
from tests.show.pages_for_tests import findings, hundreds, ranges


def plain(text):
    """Text that stands for itself."""
    return message("index.plain", text=text)


def pages(text="Proposal"):
    """A front page, two pages with charts, one with a table, and the back matter; ``text`` stands in each."""
    deals = Table((plain("Deal"), plain("Days")), ((text, 765), ("=1+1", 3.5)))
    hash_ = ((message("back.data"), (message("back.hash", hash="0123456789abcdef"), plain("=2+2"))),)
    return (
        Page("front", plain(f"{text} waits longer"), (plain("14 new customers."), plain("Two changes.")),
             findings(text), plain("Which do you recognise?")),
        Page("time", plain(f"{text} now takes 20 days"), (plain("20 days (15 to 30);"), plain("41 visits.")),
             ranges(labels=(text, "Qualify")), plain("What happens there?"), certainty="clear", terms=("clear",)),
        Page("ends", plain(f"{text}: how it ends"), (plain("We can't say."),), hundreds(), folded=True),
        Page("deals", plain(f"{text}: two deals"), (plain("Two."),), table=deals),
        Page("back", message("page.back.title"), details=hash_),
    )  # fmt: skip


def report(text="Proposal", *, language="en", look=PLAIN):
    """A report of these pages."""
    about = (plain("Q2 FY26/27"), message("header.copy.team"), message("header.for"))
    return Report(message("header.team", team=text), about, pages(text), Words(language), look=look)


def notebook(text="Proposal", **more):
    """The notebook that shows this report."""
    made = report(text, **more)
    bundles = [made._repr_mimebundle_(), *(made[page.id]._repr_mimebundle_() for page in made.pages)]
    cells = [new_code_cell("x", outputs=[new_output("display_data", data=bundle)]) for bundle in bundles]
    return new_notebook(cells=cells)
