"""Team reviews for a hundred teams: one run of kpikit beside the plain loop of papermill and nbconvert.

    python benchmarks/reports.py [--teams 100] [--sample 8 | --all] [--seed 1]

Both read the same prepared book, run the same template, and draw the same charts, two reports at a time, with all
bytecode compiled. The loop is what one would write by hand: for each team the commands ``papermill`` (a kernel) and
``jupyter nbconvert`` (no execution). By default it makes a sample of the teams, and its time is scaled up; ``--all``
makes all. The clock suffers from whatever else the machine does, the processors' seconds hardly do.
"""

import argparse
import compileall
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

WORKERS, PERIOD, DEALS_PER_TEAM = 2, "2026Q2", 250
ROOT = Path(__file__).parents[1]


class Watch(threading.Thread):
    """What all processes below this one use: seconds of the processors, and the largest memory of one, in MB."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.used, self.largest, self.done = 0.0, 0.0, threading.Event()

    def run(self) -> None:
        """Look twenty times a second: living processes, and what they know of their children that have ended."""
        before = self._used()
        while not self.done.wait(0.05):
            self.used = max(self.used, self._used() - before)
        self.used = max(self.used, self._used() - before)

    def _used(self) -> float:
        import psutil

        me = psutil.Process()
        ended = me.cpu_times()
        used = ended.children_user + ended.children_system
        for child in me.children(recursive=True):
            with suppress(psutil.Error):
                times = child.cpu_times()
                used += times.user + times.system + times.children_user + times.children_system
                if child.ppid() != me.pid:  # the command itself is no worker
                    self.largest = max(self.largest, child.memory_info().rss / 1e6)
        return used


def measured(work: Callable[[], object]) -> tuple[float, float, float]:
    """Seconds by the clock and of the processors, and the memory of the largest worker."""
    clock, watch = time.perf_counter(), Watch()
    watch.start()
    work()
    watch.done.set()
    watch.join()
    return time.perf_counter() - clock, watch.used, watch.largest


def one_run(book: Path, out: Path) -> None:
    """kpikit: one command for all teams."""
    command = [sys.executable, "-m", "kpikit", "report", str(book), "--all-teams", "--period", PERIOD]
    subprocess.run([*command, "--out", str(out), "--jobs", str(WORKERS)], check=True, stderr=subprocess.DEVNULL)


def plain_loop(book: Path, teams: list[str], out: Path) -> None:
    """Two commands a team, two teams at a time."""
    out.mkdir()
    tools = Path(sys.executable).parent
    environment = os.environ | {"PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}

    def one(team: str) -> None:
        notebook = out / (re.sub(r"\W", "-", team) + ".ipynb")
        values = {"book": str(book), "team": team, "period": PERIOD, "language": "en", "copy": "team"}
        parameters = [part for name, value in values.items() for part in ("-p", name, value)]
        template = ROOT / "templates" / "team-review.ipynb"
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": environment}
        subprocess.run([tools / "papermill", "-k", "python3", template, notebook, *parameters], check=True, **quiet)
        subprocess.run([tools / "jupyter", "nbconvert", "--to", "html", "--no-input", notebook], check=True, **quiet)

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(one, teams))


def parts_of_a_report(book: Path, team: str) -> dict[str, float]:
    """In a forked child: the processors' seconds of each step of a notebook, without those of starting it."""
    from kpikit.book import of_team, open_book
    from kpikit.report.figures.about import about
    from kpikit.report.figures.team import team_figures
    from kpikit.report.making.deferred_charts import put_off
    from kpikit.report.pages.team import pages
    from kpikit.show.document import section
    from kpikit.words import Words

    found, last = {}, time.process_time()

    def step(name: str) -> None:
        nonlocal last
        found[name] = time.process_time() - last
        last = time.process_time()

    opened = open_book(book)
    period = opened.settings.period(PERIOD)
    part = of_team(opened.at(min(period.end, opened.as_of)), team)
    step("open the book")
    figures = team_figures(part, about(part, period, "team"))
    step("compute the figures")
    written = pages(figures)
    step("write the pages")
    with put_off():
        for page in written:
            section(page, Words("en"))
    step("describe charts, HTML")
    return found


def where_time_goes(book: Path, teams: list[str], out: Path) -> None:
    """Print the steps of a report: those of the notebook, and those of the exporter."""
    from kpikit.report.making.deferred_charts import fill
    from kpikit.report.making.executors import executor
    from kpikit.report.making.job import Executed, Job, execute, finish
    from kpikit.report.runs import template

    started = time.perf_counter()
    with executor(1) as forked:
        forked.submit(os.getpid).result()
        print(f"  {'import, once':<26}{time.perf_counter() - started:>7.2f} s by the clock")
        clock, used, _ = measured(lambda: [forked.submit(os.getpid).result() for _ in range(10)])
        print(f"  {'fork':<26}{used / 10:>7.3f} s of the processors ({1000 * clock / 10:.0f} ms by the clock)")
        steps = [forked.submit(parts_of_a_report, book, team).result() for team in teams]
        for name in steps[0]:
            print(f"  {name:<26}{sum(step[name] for step in steps) / len(steps):>7.3f} s")
        values = {"period": PERIOD, "language": "en", "copy": "team", "book": str(book)}
        (out / "work").mkdir()
        path = template.find("team-review").path
        jobs = [
            Job(team, path, values | {"team": team}, out / f"parts-{i}", out / "work", team, "")
            for i, team in enumerate(teams)
        ]
        done: list[Executed] = []
        used = measured(lambda: done.extend(forked.submit(execute, job).result() for job in jobs))[1]
        told = sum(sum(step.values()) for step in steps) / len(steps)
        print(f"  {'papermill, cells, fork':<26}{used / len(jobs) - told:>7.3f} s")
    finish(jobs[0], done[0])  # the first starts the drawing engine
    begun = time.process_time()
    for one in done[1:]:
        fill(one.notebook, one.drawings)
    drawn = time.process_time()
    for job, one in zip(jobs[1:], done[1:], strict=True):
        finish(job, Executed(one.notebook))
    count = len(jobs) - 1
    print(f"  {'draw':<26}{(drawn - begun) / count:>7.3f} s")
    print(f"  {'export':<26}{(time.process_time() - drawn) / count:>7.3f} s")


def compiled() -> None:
    """Bytecode for everything that either side imports."""
    for folder in {ROOT / "kpikit", *(Path(path) for path in sys.path if path.endswith("site-packages"))}:
        compileall.compile_dir(folder, quiet=2, workers=WORKERS)


def made(folder: Path, n_teams: int, seed: int) -> Path:
    """A prepared book of simulated teams."""
    from kpikit.book import prepare
    from kpikit.simulate import process

    prepare(process(deals=n_teams * DEALS_PER_TEAM, teams=n_teams, seed=seed), folder / "book")
    return folder / "book"


def main() -> None:
    """Make the book, both sides, and the table."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--teams", type=int, default=100)
    asked.add_argument("--sample", type=int, default=8)
    asked.add_argument("--all", action="store_true")
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--parts", action="store_true", help="only where the time goes")
    options = asked.parse_args()
    compiled()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        book = made(folder, options.teams, options.seed)
        from kpikit.book import open_book, teams

        names = teams(open_book(book))
        if not options.parts:
            compare(book, names, folder, len(names) if options.all else min(options.sample, len(names)))
        print("where the time of a report goes, on average of eight")
        where_time_goes(book, names[:8], folder)


def compare(book: Path, names: list[str], folder: Path, n_sample: int) -> None:
    """Print both sides and the ratios."""
    ours = measured(lambda: one_run(book, folder / "out"))
    record = json.loads((folder / "out" / PERIOD / "run.json").read_text())
    n_ok = sum(team["status"] == "ok" for team in record["teams"])
    sizes = [file.stat().st_size for file in (folder / "out" / PERIOD).glob("*/report.html")]
    print(f"{len(names)} teams, {n_ok} reports, {WORKERS} workers; {max(sizes) / 1e3:,.0f} kB the largest page")
    some = names[:: max(1, len(names) // n_sample)][:n_sample]
    plain = measured(lambda: plain_loop(book, some, folder / "plain"))
    scaled = [seconds * len(names) / len(some) for seconds in plain[:2]]
    said = "all made" if len(some) == len(names) else f"scaled up from {len(some)}"
    print(f"{'':<28}{'clock':>10}{'processors':>13}")
    print(f"{'kpikit report':<28}{ours[0]:>8.1f} s{ours[1]:>11.1f} s")
    print(f"{'papermill and nbconvert':<28}{scaled[0]:>8.1f} s{scaled[1]:>11.1f} s   {said}")
    print(f"{'times as long (asked 10)':<28}{scaled[0] / ours[0]:>10.1f}{scaled[1] / ours[1]:>13.1f}")
    print(f"the largest worker: {ours[2]:,.0f} MB (asked under 500)")


if __name__ == "__main__":
    main()
