"""A papermill engine without a kernel: the cells run here, and leave the outputs that a kernel would have left.

Only for a process that runs one notebook and ends (:mod:`kpikit.report.making.forked`): there is one namespace.
"""

from __future__ import annotations

import sys
from functools import cache
from typing import Any, TextIO

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from nbformat.v4 import new_output
from traitlets import Type
from traitlets.config import Config

NAME = "kpikit"


class Outputs(list[Any]):
    """The outputs of one cell, in order; what is printed to one stream in a row is one output."""

    def stream(self, name: str, text: str) -> None:
        """Text printed to stdout or stderr."""
        if self and self[-1].output_type == "stream" and self[-1].name == name:
            self[-1]["text"] += text
        else:
            self.append(new_output("stream", name=name, text=text))


class _Stream:
    """stdout or stderr of a cell."""

    encoding, errors = "utf-8", "strict"

    def __init__(self, name: str, outputs: Outputs) -> None:
        self.name, self.outputs = name, outputs

    def write(self, text: str) -> int:
        if text:
            self.outputs.stream(self.name, text)
        return len(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Nothing waits to be written."""

    def isatty(self) -> bool:
        return False


class _Published(DisplayPublisher):
    """``display(…)`` leaves a display_data output."""

    def publish(self, data: Any, metadata: Any = None, **_: Any) -> None:  # type: ignore[override]
        self.shell.outputs.append(new_output("display_data", data=data, metadata=metadata or {}))  # type: ignore[union-attr]

    def clear_output(self, wait: bool = False) -> None:  # noqa: ARG002 - the base class's signature
        self.shell.outputs.clear()  # type: ignore[union-attr]


class _Shown(DisplayHook):
    """The value of a cell's last expression leaves an execute_result output."""

    def write_output_prompt(self) -> None:
        """No prompt: the count stands in the output."""

    def write_format_data(self, format_dict: Any, md_dict: Any = None) -> None:
        shell: Any = self.shell
        count, metadata = shell.cell_count, md_dict or {}
        shell.outputs.append(new_output("execute_result", data=format_dict, metadata=metadata, execution_count=count))

    def finish_displayhook(self) -> None:
        """Nothing to flush."""

    def log_output(self, format_dict: Any) -> None:
        """No log."""


class Shell(InteractiveShell):
    """A shell that keeps what its cells show."""

    displayhook_class = Type(_Shown)
    display_pub_class = Type(_Published)

    def __init__(self, **kwargs: Any) -> None:
        self.outputs, self.cell_count = Outputs(), 0
        super().__init__(**kwargs)

    def _showtraceback(self, etype: type[BaseException], evalue: BaseException, stb: list[str]) -> None:
        self.outputs.append(new_output("error", ename=etype.__name__, evalue=str(evalue), traceback=stb))

    def run(self, source: str) -> tuple[list[Any], int, bool]:
        """Run one cell: its outputs, its number, and whether it failed."""
        self.outputs = Outputs()
        streams: tuple[TextIO, TextIO] = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = (_Stream(name, self.outputs) for name in ("stdout", "stderr"))  # type: ignore[assignment]
        self.cell_count = self.execution_count
        try:
            result = self.run_cell(source, store_history=True)
        finally:
            sys.stdout, sys.stderr = streams
        return list(self.outputs), self.cell_count, not result.success


@cache
def _engine() -> type:
    """Made when first asked for: papermill loads this module while it is itself being imported."""
    from papermill.engines import Engine

    class InProcessEngine(Engine):
        """``papermill --engine kpikit``: the notebook runs in this process."""

        @classmethod
        def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **_: Any) -> None:  # noqa: ARG003
            """Run the code cells in order, until one fails.

            papermill would write the whole notebook twice a cell, for whoever looks on; here it is written at the end.
            """
            shell = Shell.instance(config=Config({"HistoryManager": {"enabled": False}}))
            file, nb_man.output_path = nb_man.output_path, None
            try:
                _run_cells(shell, nb_man)
            finally:
                nb_man.output_path = file

    return InProcessEngine


def _run_cells(shell: Shell, nb_man: Any) -> None:
    for index, cell in enumerate(nb_man.nb.cells):
        if cell.cell_type != "code" or not cell.source.strip():
            continue
        nb_man.cell_start(cell, index)
        cell.outputs, cell.execution_count, has_failed = shell.run(cell.source)
        if has_failed:
            nb_man.cell_exception(cell, index)
            break
        nb_man.cell_complete(cell, index)


def __getattr__(name: str) -> Any:
    """The class that papermill's entry point names."""
    if name == "InProcessEngine":
        return _engine()
    raise AttributeError(name)


def register() -> None:
    """Make the engine known to papermill, where no installed entry point does."""
    from papermill.engines import papermill_engines

    papermill_engines.register(NAME, _engine())
