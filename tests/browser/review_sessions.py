"""Sessions as people start them: ``kpikit review`` in a process of its own, and a browser that talks to it alone."""

import os
import re
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from queue import Queue

PATIENCE = 120


@contextmanager
def session(book, log, home, *options):
    """The address of a session that runs; Ctrl-C ends it, and it ends well."""
    command = [sys.executable, "-m", "kpikit", "review", str(book), "--no-browser", "--log", str(log), *options]
    environment = os.environ | {"XDG_DATA_HOME": str(home), "XDG_DOCUMENTS_DIR": str(home), "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)
    lines = Queue()

    def listen():
        for line in process.stdout:
            lines.put(line)
        lines.put(None)

    ear = threading.Thread(target=listen, daemon=True)
    ear.start()
    said = []
    try:
        while True:
            line = lines.get(timeout=PATIENCE)
            assert line is not None, "".join(said)
            said.append(line)
            if found := re.search(r"http://127\.0\.0\.1:\d+/\S+", line):
                break
        yield found[0]
    finally:
        process.send_signal(signal.SIGINT)
        code = process.wait(60)
        ear.join(10)
        process.stdout.close()
    assert code == 0, f"ended with {code}"


@contextmanager
def window(browser, url, **more):
    """A browser window on a session; what asks for anything but this machine, or runs a dialog, is remembered."""
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 720}, **more})
    strangers, dialogs, errors = [], [], []
    here = re.compile(r"(https?|wss?)://127\.0\.0\.1[:/]|data:|blob:|about:")

    def look(route):
        strangers.append(route.request.url)
        route.abort()

    context.route(lambda asked: not here.match(asked), look)
    page = context.new_page()
    page.set_default_timeout(30_000)
    page.on("request", lambda request: None if here.match(request.url) else strangers.append(request.url))
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.on("pageerror", lambda error: errors.append(str(error)))
    try:
        page.goto(url)
        _shown(page)
        yield page
    finally:
        context.close()
    assert strangers == []
    assert dialogs == []
    assert errors == []


def _shown(page):
    """The panel is there; on a machine that is too busy for JupyterLab's four seconds, after a reload."""
    for last in (False, True):
        try:
            page.wait_for_selector(".kpikit-review header", timeout=PATIENCE * 500)
        except Exception:
            assert not last, page.locator(".jp-Notebook").inner_text()
            page.reload()
        else:
            return


def run_again(page):
    """Kernel → Restart Kernel and Run All Cells, with its question answered."""
    page.evaluate("document.querySelector('.kpikit-review').dataset.old = 'yes'")
    page.get_by_role("menuitem", name="Kernel", exact=True).click()
    page.get_by_text("Restart Kernel and Run All Cells…").click()
    page.locator(".jp-Dialog-button.jp-mod-warn, .jp-Dialog-button.jp-mod-accept").last.click()
    page.wait_for_selector(".kpikit-review:not([data-old]) header", timeout=PATIENCE * 1000)
