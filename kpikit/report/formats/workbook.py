"""A report as an Excel workbook: a sheet a page with the numbers of its chart and tables, and a sheet about the report.

Text is written as text, whatever it looks like: no cell is a formula, no cell is a link.
"""

from __future__ import annotations

import io
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from kpikit.report.formats.outputs import PAGE_MIME, REPORT_MIME, shown
from kpikit.words import Words

_OPTIONS = {
    "in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
}  # fmt: skip
_FORMATS: Mapping[str, dict[str, Any]] = {
    "title": {"bold": True, "font_size": 14},
    "about": {"font_color": "#59616b"},
    "heading": {"bold": True},
    "head": {"bold": True, "bottom": 1, "font_color": "#59616b", "text_wrap": True, "valign": "top"},
    "text": {"text_wrap": True, "valign": "top"},
    "told": {"valign": "top"},
    "number": {"num_format": "#,##0.##;-#,##0.##;0", "valign": "top"},
    "whole": {"num_format": "#,##0", "valign": "top"},
    "share": {"num_format": "0.0%", "valign": "top"},
    "date": {"num_format": "yyyy-mm-dd", "valign": "top", "align": "left"},
}
#: what Excel does not allow in the name of a sheet, and characters that have no place in one
_NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\'\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_MOST_LETTERS = 32_000


def workbook(notebook: Any, *, language: str) -> bytes:
    """The workbook of an executed notebook; the same notebook gives the same bytes.

    Args:
        notebook: executed; what its pages say of themselves is read, nothing else.
        language: of the few words that the workbook adds.
    """
    import xlsxwriter

    told: Mapping[str, Any] = next(shown(notebook, REPORT_MIME), {})
    words = Words(language)
    written = io.BytesIO()
    with xlsxwriter.Workbook(written, _OPTIONS) as book:
        # Excel wants a moment of making; a fixed one, so that the same report is the same file
        book.set_properties(
            {"title": _text(told.get("title", "")), "author": "kpikit", "created": datetime(2000, 1, 1, tzinfo=UTC)}
        )
        formats = {name: book.add_format(look) for name, look in _FORMATS.items()}
        about = " · ".join(told.get("about", ()))
        back: list[Any] = []
        for number, page in enumerate(shown(notebook, PAGE_MIME), start=1):
            blocks = json.loads(page.get("sheets") or "[]")
            if page["id"] == "back":
                back = blocks
            elif blocks:
                sheet = book.add_worksheet(_name(f"{number} {page['title']}"))
                _fill(sheet, (page["title"], about), blocks, formats)
        lines = [told.get("title", ""), *told.get("about", ()), *filter(None, [told.get("footer")])]
        _fill(book.add_worksheet(_name(words.say("sheet.about"))), lines, back, formats)
    return written.getvalue()


def _fill(sheet: Any, lines: Sequence[str], blocks: Sequence[Any], formats: Mapping[str, Any]) -> None:
    """The lines at the top, then each block under its heading; a single block's headings stay in view."""
    for row, line in enumerate(lines):
        sheet.write_string(row, 0, _text(line), formats["title" if row == 0 else "about"])
    row = len(lines) + 1
    heads = []
    widths: dict[int, int] = {}
    for block in blocks:
        if block["heading"]:
            sheet.write_string(row, 0, _text(block["heading"]), formats["heading"])
            row += 1
        if block["columns"]:
            heads.append(row)
            _row(sheet, row, [("head", name) for name in block["columns"]], formats, widths)
            row += 1
        for cells in block["rows"]:
            _row(sheet, row, cells if block["columns"] else [("told", cells[0][1])], formats, widths)
            row += 1
        row += 1
    for column, width in widths.items():
        sheet.set_column(column, column, min(max(width + 2, 9), 60))
    sheet.freeze_panes(heads[0] + 1 if len(heads) == 1 and len(blocks) == 1 else 1, 0)


def _row(
    sheet: Any, row: int, cells: Iterable[tuple[str, Any]], formats: Mapping[str, Any], widths: dict[int, int]
) -> None:
    for column, (style, value) in enumerate(cells):
        if style in ("number", "share") and math.isfinite(value):
            whole = style == "number" and float(value).is_integer()
            sheet.write_number(row, column, value, formats["whole" if whole else style])
            widths[column] = max(widths.get(column, 0), 8)
        elif style == "date":
            sheet.write_datetime(row, column, date.fromisoformat(value), formats["date"])
            widths[column] = max(widths.get(column, 0), 10)
        else:
            known = style if style in ("head", "told") else "text"
            sheet.write_string(row, column, _text(value), formats[known])
            if known != "told":
                widths[column] = max(widths.get(column, 0), len(str(value)))


def _text(value: Any) -> str:
    """Text that a workbook can hold."""
    said = str(value).encode("utf-8", "replace").decode("utf-8")
    kept = _cut(said, _MOST_LETTERS)
    return said if kept == said else f"{kept}…"


def _name(title: str) -> str:
    """A name that Excel allows for a sheet."""
    return _cut(" ".join(_NOT_IN_NAMES.sub(" ", title.replace("'", "’")).split()), 31).strip()


def _cut(text: str, most: int) -> str:
    """At most so many characters as Excel counts them: an emoji is two."""
    return text.encode("utf-16-le")[: 2 * most].decode("utf-16-le", "ignore")
