"""One report: run the template with its parameters, keep the notebook, write the page."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

from kpikit.report.review import PAGE_MIME

NOTEBOOK, PAGE = "report.ipynb", "report.html"


@dataclass(frozen=True)
class Job:
    """What one report is made of. ``work`` is the folder the notebook runs in; the book lies there as ``book``."""

    team: str
    template: Path
    parameters: Mapping[str, Any]
    folder: Path
    work: Path
    title: str


@dataclass(frozen=True)
class Outcome:
    """How one report ended. ``finding`` is the title of its first page, ``reason`` what went wrong."""

    team: str
    status: Literal["ok", "failed", "refused"]
    seconds: float = 0.0
    finding: str = ""
    reason: str = ""


def make(job: Job) -> Outcome:
    """Make one report; a failing notebook is an outcome, never an exception, and is kept beside."""
    import nbformat
    from papermill import execute_notebook
    from papermill.exceptions import PapermillExecutionError
    from traitlets.config import Config

    from kpikit.report.pages_html import to_html

    started = time.monotonic()
    job.folder.mkdir(parents=True, exist_ok=True)
    executed = job.work / f"{job.folder.name}.ipynb"
    quiet = {"progress_bar": False, "log_output": False, "kernel_name": "python3"}
    try:
        notebook = execute_notebook(
            job.template,
            executed,
            dict(job.parameters),
            cwd=str(job.work),
            config=Config(_transport(job.work)),
            **quiet,
        )
    except PapermillExecutionError as error:
        _keep(nbformat.read(executed, 4), job.folder)
        return Outcome(job.team, "failed", time.monotonic() - started, reason=f"{error.ename}: {error.evalue}")
    except Exception as error:
        return Outcome(job.team, "failed", time.monotonic() - started, reason=f"{type(error).__name__}: {error}")
    _keep(notebook, job.folder)
    write(job.folder / PAGE, to_html(notebook, title=job.title, language=job.parameters.get("language", "en")))
    facts = [
        output["data"][PAGE_MIME]
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        if PAGE_MIME in output.get("data", {})
    ]
    return Outcome(job.team, "ok", time.monotonic() - started, finding=facts[0]["title"] if facts else "")


def _keep(notebook: Any, folder: Path) -> None:
    """The executed notebook without what differs between runs or tells of the machine: paths, clocks, random ids."""
    import nbformat

    notebook.metadata.pop("papermill", None)
    for number, cell in enumerate(notebook.cells, start=1):
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
        cell["id"] = f"cell-{number:02d}"
    write(folder / NOTEBOOK, nbformat.writes(notebook) + "\n")


def _transport(work: Path) -> dict[str, Any]:
    """Kernels talk over sockets of their own where there are such; TCP is open to everyone on the machine."""
    import socket

    if not hasattr(socket, "AF_UNIX"):
        return {}
    return {"KernelManager": {"transport": "ipc", "ip": str(work / uuid4().hex[:8])}}


def write(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    partial = path.with_name(f".{path.name}.part")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)
