"""A real PostgreSQL server for tests: its own data, its own port on the loopback, gone afterwards."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PASSWORD = "not-a-secret"


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")) or [Path(shutil.which("initdb") or "")]
    if not found[-1].name:
        pytest.skip("postgres: no PostgreSQL server is installed")
    return found[-1].parent


class Server:
    """A running server, which can be stopped and started again."""

    def __init__(self, programs: Path, folder: Path, user: dict) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.programs, self.folder, self.user = programs, folder, user
        self.start()

    def start(self) -> None:
        settings = [
            f"port={self.port}", "listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=40",
            "shared_buffers=16MB", "log_min_messages=fatal", "fsync=off",
        ]  # fmt: skip
        command = [self.programs / "postgres", "-D", self.folder / "data"]
        command += [part for setting in settings for part in ("-c", setting)]
        self.process = subprocess.Popen(command, cwd=self.folder, stderr=subprocess.DEVNULL, **self.user)
        ready = [self.programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        for _ in range(300):
            if subprocess.run(ready, check=False).returncode == 0:
                return
            time.sleep(0.1)
        raise RuntimeError("PostgreSQL did not start")

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it: by SIGINT PostgreSQL tidies up first, by SIGQUIT it does not."""
        self.process.send_signal(how)
        self.process.wait(30)

    def database(self, *options: str) -> str:
        """The URL of a new, empty database."""
        name = f"log_{secrets.token_hex(6)}"
        command = [self.programs / "createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "kpikit", *options, name]
        subprocess.run(command, check=True, env={**os.environ, "PGPASSWORD": PASSWORD})
        return f"postgresql+pg8000://kpikit:{PASSWORD}@127.0.0.1:{self.port}/{name}"


@contextmanager
def running() -> Iterator[Server]:
    """A server of one's own. It refuses to run as root, so root lends it to the user that its package made."""
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="kpikit-pg-"))
    is_root = getattr(os, "geteuid", lambda: 1)() == 0
    user = {"user": "postgres", "group": "postgres", "extra_groups": []} if is_root else {}
    try:
        (folder / "password").write_text(PASSWORD, encoding="utf-8")
        if is_root:
            shutil.chown(folder, "postgres", "postgres")
        command = [programs / "initdb", "-D", folder / "data", "-U", "kpikit", "-A", "scram-sha-256", "-E", "UTF8"]
        command += ["--locale=C", f"--pwfile={folder / 'password'}", "--no-instructions"]
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, **user)
        server = Server(programs, folder, user)
        try:
            yield server
        finally:
            server.stop(signal.SIGQUIT)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def standing_still(server: Server) -> Iterator[None]:
    """The server and all its processes stand still, and go on at the end."""
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
    pids = [server.process.pid, *map(int, children)]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
