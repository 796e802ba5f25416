"""One report: run the template with its parameters, keep the notebook, write the page and what else was asked for."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

from kpikit.files import write_whole
from kpikit.processes.tether import tether
from kpikit.report.formats.kinds import FILES, also
from kpikit.report.formats.outputs import FIGURES_MIME, PAGE_MIME, shown
from kpikit.report.making import failure
from kpikit.report.making.deferred_charts import Drawings, fill, put_off
from kpikit.schema import Look

NOTEBOOK, PAGE, FAILED = "report.ipynb", "report.html", "failed.html"
#: every file that a report may leave in its folder
OURS = (NOTEBOOK, PAGE, FAILED, *FILES.values())


@dataclass(frozen=True)
class Job:
    """What one report is made of.

    ``work`` is the folder the notebook runs in; the book lies there as ``book``. ``whose`` and ``about`` (period and
    copy) stand in the page's title.
    """

    team: str
    template: Path
    parameters: Mapping[str, Any]
    folder: Path
    work: Path
    whose: str
    about: str
    formats: tuple[str, ...] = ()
    static: bool = False
    look: Look = field(default_factory=Look)


@dataclass(frozen=True)
class Outcome:
    """How one report ended.

    ``finding`` is the title of its first page, ``reason`` what went wrong and ``cell`` where. ``formats`` gives for
    each format "" or why it could not be made, ``files`` the hash of each file, ``figures`` what
    :mod:`kpikit.report.figures.headline` keeps, ``restated`` those of an earlier report that are no longer the same,
    ``last_on`` the last day on which anything was recorded for the team.
    """

    team: str
    status: Literal["pending", "ok", "failed", "refused"]
    seconds: float = 0.0
    finding: str = ""
    reason: str = ""
    cell: int | None = None
    formats: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    figures: tuple[Mapping[str, Any], ...] = ()
    restated: tuple[Mapping[str, Any], ...] = ()
    last_on: str = ""

    @property
    def is_whole(self) -> bool:
        """The report was made, and every format that was asked for."""
        return self.status == "ok" and not any(self.formats.values())


@dataclass(frozen=True)
class Executed:
    """A notebook that ran: what it left, the charts that are still to be drawn, and why it failed, if it did."""

    notebook: Any
    drawings: Drawings = field(default_factory=dict)
    reason: str = ""
    seconds: float = 0.0


def execute(job: Job) -> Executed:
    """Run the notebook in this process, which must be its own (:mod:`kpikit.report.making.forked`); draw nothing."""
    from kpikit.report.making.papermill_engine import NAME, register

    tether()
    register()
    with put_off() as drawings:
        return _executed(job, {"engine_name": NAME, "autosave_cell_every": 0}, drawings)


def execute_with_kernel(job: Job) -> Executed:
    """Run the notebook in a kernel of its own, where processes cannot be forked."""
    import tempfile

    from traitlets.config import Config

    with tempfile.TemporaryDirectory(prefix="kpikit-", ignore_cleanup_errors=True) as sockets:
        return _executed(job, {"config": Config(_transport(Path(sockets)))}, {})


def _executed(job: Job, how: Mapping[str, Any], drawings: Drawings) -> Executed:
    """A failing notebook is an answer, never an exception; it comes with what it left so far."""
    import nbformat
    from papermill.exceptions import PapermillExecutionError
    from papermill.execute import execute_notebook, remove_error_markers

    started = time.monotonic()
    path = job.work / f"{job.folder.name}.ipynb"
    quiet = {"progress_bar": False, "log_output": False, "kernel_name": "python3", "language": "python"}
    # papermill fills in braces that stand in a path
    template, out = (str(file).replace("{", "{{").replace("}", "}}") for file in (job.template, path))
    try:
        notebook = execute_notebook(template, out, dict(job.parameters), cwd=str(job.work), **quiet, **how)
    except PapermillExecutionError as error:
        reason = f"{error.ename}: {error.evalue}"
        return Executed(remove_error_markers(nbformat.read(path, 4)), drawings, reason, time.monotonic() - started)
    except Exception as error:
        return Executed(None, {}, f"{type(error).__name__}: {error}", time.monotonic() - started)
    return Executed(notebook, drawings, "", time.monotonic() - started)


def finish(job: Job, executed: Executed) -> Outcome:
    """Draw the charts, keep the notebook beside its page, write the page. Runs nothing of the notebook's."""
    started = time.monotonic()
    reason = failure.without_places_in(executed.reason, job.work, job.folder.parent)
    if executed.notebook is None:
        return Outcome(job.team, "failed", executed.seconds, reason=reason)
    notebook = executed.notebook
    fill(notebook, executed.drawings)
    failure.without_places(notebook, job.work, job.folder.parent)
    job.folder.mkdir(parents=True, exist_ok=True)
    _keep(notebook, job.folder)
    if executed.reason:
        return _failed(job, notebook, reason, executed.seconds)
    from kpikit.report.formats.html import to_html

    language = job.parameters.get("language", "en")
    told = next(shown(notebook, FIGURES_MIME), {})
    title = f"{told.get('title', job.whose)} · {job.about}"
    write_whole(job.folder / PAGE, to_html(notebook, title=title, language=language, static=job.static, theme=job.look))
    formats = also(notebook, job.folder / PAGE, job.formats, language=language) if job.formats else {}
    front = next(shown(notebook, PAGE_MIME), {})
    return Outcome(
        job.team, "ok", executed.seconds + time.monotonic() - started,
        finding=front.get("title", ""), formats=formats, files=hashes(job.folder),
        figures=tuple(told.get("figures", ())), restated=tuple(told.get("restated", ())),
        last_on=told.get("last_on", ""),
    )  # fmt: skip


def hashes(folder: Path) -> dict[str, str]:
    """The hash of every file of a report that is there."""
    there = [folder / name for name in OURS if (folder / name).exists()]
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in there}


def _failed(job: Job, notebook: Any, reason: str, seconds: float) -> Outcome:
    """Beside the notebook a page that shows the cell it stopped at."""
    found, title = failure.failing(notebook), f"{job.whose} · {job.about}"
    write_whole(job.folder / FAILED, failure.page(notebook, title=title, language=job.parameters.get("language", "en")))
    cell = found[0] if found else None
    return Outcome(job.team, "failed", seconds, reason=reason, cell=cell, files=hashes(job.folder))


def _keep(notebook: Any, folder: Path) -> None:
    """The executed notebook without what differs between runs or tells of the machine: paths, clocks, random ids."""
    import nbformat

    notebook.metadata.pop("papermill", None)
    for number, cell in enumerate(notebook.cells, start=1):
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
        cell["id"] = f"cell-{number:02d}"
    write_whole(folder / NOTEBOOK, nbformat.writes(notebook) + "\n")


def _transport(sockets: Path) -> dict[str, Any]:
    """Kernels talk over sockets of their own where there are such; TCP is open to everyone on the machine."""
    import socket

    if not hasattr(socket, "AF_UNIX"):
        return {}
    return {"KernelManager": {"transport": "ipc", "ip": str(sockets / uuid4().hex[:8])}}
