"""PDF by an installed browser: tagged, A4, in the page's language, every title in it; and what is said without one."""

import os
import subprocess
import sys
import time

import pypdf
import pytest

from kpikit.report.formats import pdf as printing
from kpikit.report.formats.html import to_html
from kpikit.report.formats.pdf import NoPdf, browser, pdf, printable
from tests.report.notebooks import notebook, pages


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "nl"])
def test_what_is_printed(chromium, monkeypatch, tmp_path, language):
    monkeypatch.setenv("KPIKIT_BROWSER", chromium)
    html = to_html(notebook(language=language), title="Team A: Q2", language=language)
    file = tmp_path / "report.pdf"
    file.write_bytes(pdf(html))
    printed = pypdf.PdfReader(file)
    root = printed.trailer["/Root"]
    assert bool(root["/MarkInfo"]["/Marked"])
    assert root["/Lang"] == language
    assert printed.metadata.title == "Team A: Q2"
    # A4 is 210 by 297 mm: 595 by 842 points of 1/72 inch
    assert [round(float(side)) for side in printed.pages[0].mediabox[2:]] == [595, 842]
    texts = [" ".join(page.extract_text().split()) for page in printed.pages]
    whole = " ".join(texts)
    for title in (
        "Proposal waits longer",
        "Proposal now takes 20 days",
        "Proposal: how it ends",
        "Proposal: two deals",
    ):
        assert title in whole
    assert "0123456789abcdef" in whole  # the back matter is open on paper
    assert len(texts) == 3
    assert "/Figure" in _kinds(root["/StructTreeRoot"])


def _kinds(node, depth=0):
    """The kinds of the elements of a tagged document."""
    node = node.get_object() if hasattr(node, "get_object") else node
    found = {node["/S"]} if isinstance(node, dict) and "/S" in node else set()
    inside = node.get("/K", ()) if isinstance(node, dict) else ()
    for part in inside if isinstance(inside, list) else [inside]:
        part = part.get_object() if hasattr(part, "get_object") else part
        if isinstance(part, dict) and depth < 40:
            found |= _kinds(part, depth + 1)
    return found


@pytest.mark.slow
def test_pages_are_numbered_and_named(chromium, monkeypatch, tmp_path):
    """poppler reads what stands in the margins, which is no part of the text."""
    tool = __import__("shutil").which("pdftotext") or pytest.skip("poppler: pdftotext is not installed")
    monkeypatch.setenv("KPIKIT_BROWSER", chromium)
    file = tmp_path / "report.pdf"
    file.write_bytes(pdf(to_html(notebook(), title="Team A: Q2", language="en")))
    read = subprocess.run([tool, "-layout", file, "-"], capture_output=True, text=True, check=True).stdout
    sheets = read.split("\f")[:-1]
    assert len(sheets) == 3
    for number, sheet in enumerate(sheets, start=1):
        foot = sheet.rstrip().splitlines()[-1]
        assert "Team A: Q2" in foot
        assert foot.replace(" ", "").endswith(f"{number}/3")


def test_what_is_printed_has_no_script_and_nothing_folded():
    html = to_html(notebook(), title="x", language="en")
    paper = printable(html)
    assert "<script" not in paper
    assert "<details>" not in paper
    assert paper.count("<details open>") == html.count("<details>") == 2
    assert all(page.title.in_words(_words()) in paper for page in pages())


def _words():
    from kpikit.words import Words

    return Words("en")


def test_without_a_browser(monkeypatch):
    monkeypatch.setenv("KPIKIT_BROWSER", "no-such-browser")
    with pytest.raises(NoPdf) as refused:
        pdf("<p>x</p>")
    assert str(refused.value).startswith("For PDF an installed Chromium, Chrome or Edge is needed")
    assert "Voor PDF" in refused.value.sentence("nl")


def test_one_on_the_path_is_found(monkeypatch, tmp_path):
    program = tmp_path / ("msedge.exe" if sys.platform == "win32" else "msedge")
    program.write_text("")
    program.chmod(0o755)
    monkeypatch.delenv("KPIKIT_BROWSER", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert browser() == str(program)


@pytest.mark.parametrize(
    ("platform", "place"),
    [
        ("win32", ("Google", "Chrome", "Application", "chrome.exe")),
        ("win32", ("Microsoft", "Edge", "Application", "msedge.exe")),
        ("darwin", ("Applications", "Google Chrome.app", "Contents", "MacOS", "Google Chrome")),
    ],
)
def test_where_other_systems_keep_theirs(monkeypatch, tmp_path, platform, place):
    program = tmp_path.joinpath(*place)
    program.parent.mkdir(parents=True)
    program.write_text("")
    monkeypatch.delenv("KPIKIT_BROWSER", raising=False)
    monkeypatch.setattr(printing.shutil, "which", lambda _: None)
    monkeypatch.setattr(printing.sys, "platform", platform)
    monkeypatch.setenv("ProgramFiles", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(
        printing, "_WINDOWS", ("Google/Chrome/Application/chrome.exe", "Microsoft/Edge/Application/msedge.exe")
    )
    assert browser() == str(program)


def _script(tmp_path, text):
    program = tmp_path / "browser"
    program.write_text(f"#!{sys.executable}\nimport sys, time, subprocess\n{text}\n")
    program.chmod(0o755)
    return str(program)


@pytest.mark.skipif(os.name != "posix", reason="a script stands in for a browser")
def test_a_browser_that_prints_nothing(monkeypatch, tmp_path):
    monkeypatch.setenv("KPIKIT_BROWSER", _script(tmp_path, "sys.exit(1)"))
    with pytest.raises(NoPdf, match="browser did not make a PDF"):
        pdf("<p>x</p>")


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="a script stands in for a browser")
def test_a_browser_that_hangs_is_ended_with_its_children(monkeypatch, tmp_path):
    mark = tmp_path / "mark"
    child = f"import time, pathlib; time.sleep(2); pathlib.Path({str(mark)!r}).touch()"
    text = f"subprocess.Popen([sys.executable, '-c', {child!r}])\ntime.sleep(60)"
    monkeypatch.setenv("KPIKIT_BROWSER", _script(tmp_path, text))
    with pytest.raises(NoPdf, match="had not finished the PDF after 1 seconds"):
        pdf("<p>x</p>", seconds=1)
    time.sleep(2)
    assert not mark.exists()
