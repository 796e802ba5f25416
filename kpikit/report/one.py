"""One report: run the template with its parameters, keep the notebook, write the page."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

from kpikit.report.drawing import Drawings, fill, put_off
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


@dataclass(frozen=True)
class Executed:
    """A notebook that ran: what it left, the charts that are still to be drawn, and why it failed, if it did."""

    notebook: Any
    drawings: Drawings = field(default_factory=dict)
    reason: str = ""
    seconds: float = 0.0


def execute(job: Job) -> Executed:
    """Run the notebook in this process, which must be its own (:mod:`kpikit.report.forked`); draw nothing."""
    from kpikit.report.in_process import NAME, register

    register()
    with put_off() as drawings:
        return _executed(job, {"engine_name": NAME, "autosave_cell_every": 0}, drawings)


def execute_with_kernel(job: Job) -> Executed:
    """Run the notebook in a kernel of its own, where processes cannot be forked."""
    from traitlets.config import Config

    return _executed(job, {"config": Config(_transport(job.work))}, {})


def _executed(job: Job, how: Mapping[str, Any], drawings: Drawings) -> Executed:
    """A failing notebook is an answer, never an exception; it comes with what it left so far."""
    import nbformat
    from papermill import execute_notebook
    from papermill.exceptions import PapermillExecutionError

    started = time.monotonic()
    path = job.work / f"{job.folder.name}.ipynb"
    quiet = {"progress_bar": False, "log_output": False, "kernel_name": "python3"}
    try:
        notebook = execute_notebook(job.template, path, dict(job.parameters), cwd=str(job.work), **quiet, **how)
    except PapermillExecutionError as error:
        reason = f"{error.ename}: {error.evalue}"
        return Executed(nbformat.read(path, 4), drawings, reason, time.monotonic() - started)
    except Exception as error:
        return Executed(None, {}, f"{type(error).__name__}: {error}", time.monotonic() - started)
    return Executed(notebook, drawings, "", time.monotonic() - started)


def finish(job: Job, executed: Executed) -> Outcome:
    """Draw the charts, keep the notebook beside its page, write the page. Runs nothing of the notebook's."""
    from kpikit.report.pages_html import to_html

    started = time.monotonic()
    notebook = executed.notebook
    if notebook is not None:
        fill(notebook, executed.drawings)
        job.folder.mkdir(parents=True, exist_ok=True)
        _keep(notebook, job.folder)
    if executed.reason or notebook is None:
        return Outcome(job.team, "failed", executed.seconds, reason=executed.reason)
    write(job.folder / PAGE, to_html(notebook, title=job.title, language=job.parameters.get("language", "en")))
    facts = [
        output["data"][PAGE_MIME]
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        if PAGE_MIME in output.get("data", {})
    ]
    seconds = executed.seconds + time.monotonic() - started
    return Outcome(job.team, "ok", seconds, finding=facts[0]["title"] if facts else "")


def make(job: Job) -> Outcome:
    """One report in a kernel, from beginning to end."""
    return finish(job, execute_with_kernel(job))


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
