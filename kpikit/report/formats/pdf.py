"""A report as PDF, printed by the Chromium, Chrome or Edge that is installed; nothing is downloaded."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from kpikit.errors import KpikitError
from kpikit.files import write_whole

_NAMES = (
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge",
    "microsoft-edge-stable", "msedge",
)  # fmt: skip
_MAC = ("Google Chrome", "Chromium", "Microsoft Edge")
_WINDOWS = (r"Google\Chrome\Application\chrome.exe", r"Microsoft\Edge\Application\msedge.exe")
_FLAGS = (
    "--headless", "--disable-gpu", "--no-first-run", "--no-default-browser-check", "--disable-extensions",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND", "--no-pdf-header-footer",
)  # fmt: skip
_SCRIPT = re.compile(r"<script\b.*?</script>\n?", re.DOTALL)


class NoPdf(KpikitError):  # noqa: N818 - it says what happened
    """There is no browser that could print, or it did not."""


def browser() -> str:
    """The browser that prints: the one that ``KPIKIT_BROWSER`` names, or the first that is found.

    Raises:
        NoPdf: none is installed.
    """
    found = next(_found(), None)
    if found is None:
        raise NoPdf("no_browser")
    return found


def _found() -> Iterator[str]:
    if own := os.environ.get("KPIKIT_BROWSER"):
        if path := shutil.which(own):
            yield path
        return
    yield from (path for name in _NAMES if (path := shutil.which(name)))
    places: list[Path] = []
    if sys.platform == "darwin":
        homes = (Path("/Applications"), Path.home() / "Applications")
        places = [home / f"{name}.app" / "Contents" / "MacOS" / name for home in homes for name in _MAC]
    elif sys.platform == "win32":
        homes = tuple(
            Path(os.environ[name])
            for name in ("ProgramFiles", "ProgramFiles(x86)", "LOCALAPPDATA")
            if name in os.environ
        )
        places = [home / path for home in homes for path in _WINDOWS]
    yield from (str(place) for place in places if place.is_file())


def printable(html: str) -> str:
    """A report's page as it is printed: without script, and with everything open that a reader could open."""
    return _SCRIPT.sub("", html).replace("<details>", "<details open>")


def pdf(html: str, *, seconds: float = 120) -> bytes:
    """Print a report's page: A4, tagged, with page numbers, in the page's language and under its title.

    Raises:
        NoPdf: no browser is installed, or it did not print in ``seconds``.
    """
    program = browser()
    with tempfile.TemporaryDirectory(prefix="kpikit-pdf-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        page, printed = folder / "page.html", folder / "page.pdf"
        write_whole(page, printable(html))
        command = [
            program,
            *_FLAGS,
            f"--user-data-dir={folder / 'profile'}",
            f"--print-to-pdf={printed}",
            page.as_uri(),
        ]
        if getattr(os, "geteuid", lambda: 1)() == 0:
            command.insert(1, "--no-sandbox")  # Chromium refuses to start as root with one
        _run(command, seconds)
        content = printed.read_bytes() if printed.exists() else b""
    if not content.startswith(b"%PDF-"):
        raise NoPdf("pdf_failed", browser=Path(program).name)
    return content


def _run(command: list[str], seconds: float) -> None:
    """Run the browser to its end; one that hangs is ended with all its processes."""
    with subprocess.Popen(  # noqa: S603 - a browser that we found, our own arguments
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as running:  # fmt: skip
        try:
            running.wait(seconds)
        except subprocess.TimeoutExpired:
            with suppress(OSError):
                os.killpg(running.pid, signal.SIGKILL) if hasattr(os, "killpg") else running.kill()
            raise NoPdf("pdf_slow", browser=Path(command[0]).name, seconds=seconds) from None
