"""What stands beside a page: each format whole or not at all, and a sentence where it could not be made."""

import pytest

from kpikit.report.formats import kinds as formats
from kpikit.report.formats.pdf import NoPdf
from tests.report.notebooks import notebook


@pytest.fixture
def page(tmp_path):
    file = tmp_path / "north" / "report.html"
    file.parent.mkdir()
    file.write_text("<!DOCTYPE html>", encoding="utf-8")
    return file


def _no_browser(_):
    raise NoPdf("no_browser")


def test_what_is_wanted_is_made_and_nothing_else(page):
    assert formats.also(notebook(), page, {"summary", "xlsx"}, language="en") == {"xlsx": "", "summary": ""}
    assert sorted(file.name for file in page.parent.iterdir()) == ["report.html", "report.xlsx", "summary.txt"]


def test_nothing_is_wanted(page):
    assert formats.also(notebook(), page, (), language="en") == {}


@pytest.mark.parametrize(("language", "said"), [("en", "For PDF an installed"), ("nl", "Voor PDF is een")])
def test_without_a_browser_the_rest_is_made_and_the_reason_said(monkeypatch, page, language, said):
    monkeypatch.setattr(formats, "pdf", _no_browser)
    told = formats.also(notebook(), page, formats.FORMATS, language=language)
    assert list(told) == ["pdf", "xlsx", "summary"]
    assert told["pdf"].startswith(said)
    assert (told["xlsx"], told["summary"]) == ("", "")
    assert not page.with_name("report.pdf").exists()


def test_what_another_run_left_does_not_stay(monkeypatch, page):
    page.with_name("report.pdf").write_bytes(b"%PDF-old")
    monkeypatch.setattr(formats, "pdf", _no_browser)
    formats.also(notebook(), page, ["pdf"], language="en")
    assert not page.with_name("report.pdf").exists()


def test_a_format_that_fails_costs_no_other(monkeypatch, page):
    def broken(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr(formats, "workbook", broken)
    told = formats.also(notebook(), page, ["xlsx", "summary"], language="en")
    assert told == {
        "xlsx": "The report could not be made as xlsx (ZeroDivisionError). Its page is there.",
        "summary": "",
    }
    assert sorted(file.name for file in page.parent.iterdir()) == ["report.html", "summary.txt"]
