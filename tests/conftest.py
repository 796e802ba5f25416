"""What all tests share: where things are, the demo book, and what a missing tool means."""

import gc
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).parents[1]
#: tools whose absence is a failure here ("all": every one that is not below); a skip gives its tool before the colon
REQUIRED = frozenset(filter(None, os.environ.get("KPIKIT_REQUIRE", "").split(",")))
#: what may be skipped even where all is required, and why
MAY_BE_SKIPPED = {
    "shared": "the real data stand beside the project, and not on every machine",
    "mount": "only root may mount a small disk, and not in every container",
}

#: what starts a browser, a database, clusters or processes that it kills, and waits for them: one at a time
QUIET = ("browser", "/log/", "engine/test_engines", "report/test_pdf", "_killed", "_lock", "report/test_forked")
#: a build repeats itself: the same examples each time. Elsewhere every run looks for new ones, and `make
#: explore-examples` for more of them, with what repeats a find. No test asserts a speed.
settings.register_profile("here", deadline=None)
settings.register_profile("explore", deadline=None, max_examples=1000, print_blob=True)
settings.register_profile("build", deadline=None, derandomize=True)
settings.load_profile("build" if REQUIRED else "here")


def is_required(tool: str) -> bool:
    """May a test not be skipped for want of this?"""
    return tool in REQUIRED or ("all" in REQUIRED and tool not in MAY_BE_SKIPPED)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """By file, except that what needs quiet is one group. (xdist 3.8's groups by mark do nothing with pytest 9.2.)"""
    if config.getvalue("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class ByGroup(LoadFileScheduling):
        def _split_scope(self, nodeid):
            return group_of(super()._split_scope(nodeid))

    return ByGroup(config, log)


def group_of(file: str) -> str:
    """The tests that one process runs in turn."""
    return "quiet" if any(part in file for part in QUIET) else file


def pytest_collection_finish():
    """What was imported and collected stays: the collector of garbage need not walk through all of it again."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A skip for want of something that is required here is a failure."""
    outcome = yield
    report = outcome.get_result()
    if report.skipped and isinstance(report.longrepr, tuple):
        reason = report.longrepr[2].removeprefix("Skipped: ")
        if is_required(reason.partition(":")[0]):
            report.outcome = "failed"
            report.longrepr = f"required here (KPIKIT_REQUIRE), but skipped: {reason}"


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's folder."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data that stands beside the project and is never copied into it."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.exists():
        pytest.skip("shared: the folder ../shared/data is not here")
    return folder


@pytest.fixture(scope="session")
def chromium() -> str:
    """An installed Chromium, Chrome or Edge."""
    for name in ("chromium", "chromium-browser", "google-chrome", "msedge"):
        if path := shutil.which(name):
            return path
    pytest.skip("chromium: no Chromium, Chrome or Edge is installed")


@pytest.fixture(scope="session")
def demo():
    """The demo book, opened once."""
    import kpikit

    return kpikit.open_book("demo")


@pytest.fixture(scope="module")
def browser(chromium):
    """That browser, started; for a module at a time, since two cannot run in one process."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright: not installed")
    flags = ["--disable-background-networking"]
    flags += ["--no-sandbox"] if getattr(os, "geteuid", lambda: 1)() == 0 else []
    with api.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=chromium, args=flags)
        yield started
        started.close()
