"""What a report is made into besides its page: PDF, Excel, a summary for a chat."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from kpikit.files import write_whole
from kpikit.report.formats.pdf import NoPdf, pdf
from kpikit.report.formats.summary import summary
from kpikit.report.formats.workbook import workbook
from kpikit.words import Words

FORMATS = ("pdf", "xlsx", "summary")
#: the file of each, beside the page
FILES = {"pdf": "report.pdf", "xlsx": "report.xlsx", "summary": "summary.txt"}


def also(notebook: Any, page: Path, wanted: Collection[str], *, language: str) -> Mapping[str, str]:
    """Write the wanted formats beside a report's page, each whole or not at all.

    Args:
        notebook: the executed notebook, drawings filled.
        page: the ``report.html`` that was written from it.
        wanted: of :data:`FORMATS`.
        language: the report's.

    Returns:
        Each wanted format, in the order of :data:`FORMATS`: "" where it was made, else a sentence that says why not.
    """
    told = {}
    for name in FORMATS:
        if name not in wanted:
            continue
        file = page.with_name(FILES[name])
        file.unlink(missing_ok=True)  # what another run left is not this report
        try:
            write_whole(file, _made(name, notebook, page, language))
            told[name] = ""
        except NoPdf as error:
            told[name] = error.sentence(language)
        except Exception as error:  # one format that fails costs neither the page nor the other formats
            told[name] = Words(language).say("error.format_failed", format=name, detail=type(error).__name__)
    return told


def _made(name: str, notebook: Any, page: Path, language: str) -> bytes:
    if name == "pdf":
        return pdf(page.read_text(encoding="utf-8"))
    if name == "xlsx":
        return workbook(notebook, language=language)
    return summary(notebook, page, language=language).encode()
