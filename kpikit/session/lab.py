"""JupyterLab for one session: on this machine only, quiet, the notebook already run, gone when it ends."""

from __future__ import annotations

import json
import os
import queue
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kpikit.errors import UsageError
from kpikit.files import write_whole
from kpikit.processes.keeping import kept
from kpikit.shipped import shipped

NOTEBOOK = "deal-review.ipynb"
#: the environment variable that names the review log
LOG = "KPIKIT_LOG"
#: how long a server, and then a notebook, may take
_PATIENCE = 120.0

#: what nobody needs in a meeting, and what would ask the network for news
_LEFT_OUT = (
    "@jupyterlab/apputils-extension:announcements",
    "@jupyterlab/debugger-extension",
    "@jupyterlab/extensionmanager-extension",
    "@jupyterlab/help-extension:resources",
)
_SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True,
    },
    "@jupyterlab/apputils-extension:themes": {"adaptive-theme": True},
    "@jupyterlab/docmanager-extension:plugin": {"autosaveInterval": 3600},
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none", "scrollPastEnd": False},
    "@jupyterlab/statusbar-extension:plugin": {"visible": False},
}  # fmt: skip


@dataclass(frozen=True)
class Lab:
    """A JupyterLab that runs: its address with the token, its process, and the notebook in it."""

    url: str
    notebook: Path
    process: subprocess.Popen[bytes]


def parameters_of(**values: Any) -> str:
    """The notebook's first cell with these values, as Python's own literals."""
    return "\n".join(f"{name.upper()} = {value!r}" for name, value in values.items())


def copy_notebook(folder: Path, parameters: str) -> Path:
    """The session's notebook with its parameters, code folded away, cells that a click cannot spoil."""
    import nbformat

    notebook = nbformat.read(shipped("notebooks") / NOTEBOOK, 4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    code[0].source = parameters
    for cell in notebook.cells:
        cell.metadata["deletable"] = False
    for cell in code:
        cell.metadata["jupyter"] = {"source_hidden": True}
        cell.outputs, cell.execution_count = [], None
    path = folder / NOTEBOOK
    write_whole(path, nbformat.writes(notebook) + "\n")
    return path


@contextmanager
def running(parameters: str, *, log: str | None = None, port: int = 0) -> Iterator[Lab]:
    """JupyterLab with the notebook of a session, run and ready to be looked at; stopped when the block ends.

    Args:
        parameters: the notebook's first cell.
        log: the review log; it may hold a password, so it goes by the environment and stands in no file.
        port: where to listen; 0 takes a free one.

    Raises:
        UsageError: JupyterLab is not installed, or did not start.
    """
    _installed()
    home = Path(tempfile.mkdtemp(prefix="lab-", dir=kept().folder))
    token = secrets.token_urlsafe(24)
    try:
        for name in ("session", "config", "run", "data", "settings", "own", "spaces"):
            (home / name).mkdir(mode=0o700)
        notebook = copy_notebook(home / "session", parameters)
        write_whole(home / "config" / "jupyter_server_config.json", json.dumps(_config(home, token, port)))
        write_whole(home / "settings" / "overrides.json", json.dumps(_SETTINGS))
        left_out = {"disabledExtensions": dict.fromkeys(_LEFT_OUT, True)}
        write_whole(home / "settings" / "page_config.json", json.dumps(left_out))
        process = _started(home, log)
        try:
            address = _address(home / "run", process)
            _run(notebook, home, _Api(address, token))
            yield Lab(f"{address}doc/tree/{NOTEBOOK}?token={token}", notebook, process)
        finally:
            _stop(process)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _installed() -> None:
    """JupyterLab and the widgets are an extra."""
    from importlib.util import find_spec

    if missing := [name for name in ("jupyterlab", "ipywidgets", "anywidget") if find_spec(name) is None]:
        raise UsageError("no_lab", missing=", ".join(missing))


def _config(home: Path, token: str, port: int) -> dict[str, Any]:
    """The server's settings: this machine, one token, nothing fetched, nothing of the user's own setup touched."""
    return {
        "ServerApp": {
            "ip": "127.0.0.1", "port": port, "open_browser": False, "root_dir": str(home / "session"),
            "allow_root": True, "terminals_enabled": False, "allow_remote_access": False,
        },
        "IdentityProvider": {"token": token},
        "LabApp": {
            "default_url": f"/doc/tree/{NOTEBOOK}", "app_settings_dir": str(home / "settings"),
            "user_settings_dir": str(home / "own"), "workspaces_dir": str(home / "spaces"), "news_url": None,
            "check_for_updates_class": "jupyterlab.NeverCheckForUpdate", "extension_manager": "readonly",
            "expose_app_in_browser": True,
        },
        "LanguageServerManager": {"autodetect": False},
        "KernelManager": {} if sys.platform == "win32" else {"transport": "ipc"},
    }  # fmt: skip


def _started(home: Path, log: str | None) -> subprocess.Popen[bytes]:
    """The server, in a group of its own: Ctrl-C reaches the command that waits for it, and that one stops it.

    However that one ends: server and kernels bear its mark.
    """
    own = {name: value for name, value in os.environ.items() if not name.startswith("JUPYTER")}
    folders = {"CONFIG": home / "config", "RUNTIME": home / "run", "DATA": home / "data"}
    environment = own | {f"JUPYTER_{name}_DIR": str(folder) for name, folder in folders.items()}
    environment |= {} if log is None else {LOG: log}
    with (home / "server.txt").open("wb") as said:
        return subprocess.Popen(
            [sys.executable, "-m", "jupyterlab"],
            env={**environment, **kept().environment, "JUPYTER_PREFER_ENV_PATH": "1"},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )


def _address(run: Path, process: subprocess.Popen[bytes]) -> str:
    """Where the server listens, once it says so."""
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until and process.poll() is None:
        for file in run.glob("jpserver-*.json"):
            try:
                return str(json.loads(file.read_text())["url"])
            except (ValueError, KeyError):
                continue  # half written
        time.sleep(0.05)
    said = (run.parent / "server.txt").read_text(errors="replace").strip().splitlines()
    raise UsageError("lab_not_started", detail=said[-1] if said else "")


class _Api:
    """The server's own interface, past any proxy."""

    def __init__(self, address: str, token: str) -> None:
        self.address = address
        self.headers = {"Authorization": f"token {token}", "Content-Type": "application/json"}
        self.open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open

    def __call__(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        until = time.monotonic() + _PATIENCE
        data = None if body is None else json.dumps(body).encode()
        while True:
            try:
                asked = urllib.request.Request(self.address + path, data=data, headers=self.headers)  # noqa: S310
                with self.open(asked, timeout=_PATIENCE) as answer:
                    return json.loads(answer.read())
            except ConnectionError as error:
                if time.monotonic() > until:
                    raise UsageError("lab_not_started", detail=str(error)) from None
                time.sleep(0.05)
            except urllib.error.URLError as error:
                if not isinstance(error.reason, ConnectionError) or time.monotonic() > until:
                    raise UsageError("lab_not_started", detail=str(error)) from None
                time.sleep(0.05)


def _run(notebook: Path, home: Path, api: _Api) -> None:
    """Run the notebook in the kernel that JupyterLab will find at its path, and keep what it shows.

    A widget lives in its kernel: a notebook that is run elsewhere shows none. So the kernel is asked for by the path;
    JupyterLab, opening the notebook, joins it and draws the widgets that are there. Signed, since JupyterLab draws
    widgets of trusted notebooks only.
    """
    import nbformat
    from jupyter_client import BlockingKernelClient  # pyright: ignore[reportPrivateImportUsage]
    from nbformat.sign import NotebookNotary

    kernel = {"name": "python3"}
    session = api("api/sessions", {"path": NOTEBOOK, "name": NOTEBOOK, "type": "notebook", "kernel": kernel})
    client = BlockingKernelClient()
    client.load_connection_file(str(home / "run" / f"kernel-{session['kernel']['id']}.json"))
    client.start_channels()
    try:
        _heard(client)
        made = nbformat.read(notebook, 4)
        for cell in made.cells:
            if cell.cell_type == "code":
                _run_cell(cell, client)
    finally:
        client.stop_channels()
    write_whole(notebook, nbformat.writes(made) + "\n")
    notary = NotebookNotary(data_dir=str(home / "data"))
    notary.sign(made)
    notary.store.close()


def _heard(client: Any) -> None:
    """Wait until the kernel answers, and until what it says to all reaches us.

    The client's own ``wait_for_ready`` takes a kernel for dead that is slow to start on a busy machine.
    """
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        client.kernel_info()
        with suppress(queue.Empty):
            client.get_iopub_msg(timeout=0.5)
            return
    raise UsageError("lab_not_started", detail="kernel")


def _run_cell(cell: Any, client: Any) -> None:
    """One cell, with its outputs as a notebook holds them."""
    from nbformat.v4 import output_from_msg

    def hear(message: Mapping[str, Any]) -> None:
        if message["msg_type"] in ("display_data", "execute_result", "stream", "error"):
            cell.outputs.append(output_from_msg(message))

    reply = client.execute_interactive(cell.source, output_hook=hear, timeout=10 * _PATIENCE)
    cell.execution_count = reply["content"].get("execution_count")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the server and its kernels; wait until they are gone."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
