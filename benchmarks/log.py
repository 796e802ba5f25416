"""Eight processes write 500 notes each into one review log, and one of them is killed a hundred times.

    python benchmarks/log.py [PATH_OR_URL] [--json]

A note counts as acknowledged once ``log.write`` has returned and its number stands in the writer's own file. A writer
that is killed starts again at the first number that it finds missing there, with the same id: what was written but not
acknowledged is written again, and must not stand there twice. Says what is in the log afterwards, and how long one note
takes to be safe on the disk, alone and among eight.
"""

import json
import multiprocessing as mp
import os
import random
import signal
import statistics
import sys
import tempfile
import time
from pathlib import Path

from kpikit.log.entries import Entry
from kpikit.log.opening import open_log

WRITERS, NOTES, KILLS = 8, 500, 100


def acknowledged(file):
    """The numbers that a writer has in its own file; a line that was cut off does not count."""
    return [int(line) for line in file.read_text().split("\n")[:-1]] if file.exists() else []


def writer(place, file, number, notes):
    """Write what is missing, one note at a time, and acknowledge each."""
    done = len(acknowledged(file))
    own = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    with open_log(place, author=f"writer {number}") as log:
        for i in range(done, notes):
            log.write(Entry(kind="note", id=f"{number}-{i}", text=f"note {i} of writer {number}, é€👍 " + "x" * 80))
            os.write(own, f"{i}\n".encode())


def storm(place, folder, writers=WRITERS, notes=NOTES, kills=KILLS, seed=1):
    """Let them all write, kill the first again and again, and wait until all are done."""
    context, rng = mp.get_context("fork"), random.Random(seed)
    files = [folder / f"acknowledged-{number}.txt" for number in range(writers)]

    def start(number):
        process = context.Process(target=writer, args=(place, files[number], number, notes))
        process.start()
        return process

    running = [start(number) for number in range(writers)]
    killed = 0
    while killed < kills:
        before, ends = len(acknowledged(files[0])), time.monotonic() + rng.uniform(0, 0.25)
        while time.monotonic() < ends and len(acknowledged(files[0])) < before + 5:
            time.sleep(0.002)
        if running[0].is_alive():
            os.kill(running[0].pid, signal.SIGKILL)
            killed += 1
        running[0].join()
        if running[0].exitcode == 0:
            break
        running[0] = start(0)
    for process in running:
        process.join()
    return {
        "killed": killed,
        "exits": [process.exitcode for process in running],
        "files": [str(file) for file in files],
    }


def alone(place, notes=200):
    """Seconds that each of so many notes takes when nobody else writes."""
    took = []
    with open_log(place) as log:
        for i in range(notes):
            before = time.perf_counter()
            log.write(Entry(kind="note", text=f"alone {i}"))
            took.append(time.perf_counter() - before)
    return took


def main():
    given = [argument for argument in sys.argv[1:] if argument != "--json"]
    with tempfile.TemporaryDirectory() as folder:
        place = given[0] if given else str(Path(folder) / "log.sqlite")
        work = Path(given[1]) if len(given) > 1 else Path(folder)
        before = time.perf_counter()
        found = storm(place, work)
        seconds = time.perf_counter() - before
        if "--json" in sys.argv:
            print(json.dumps(found | {"seconds": seconds}))
            return
        with open_log(place) as log:
            ids = log.entries(kind="note")["id"]
        safe = {f"{n}-{i}" for n, file in enumerate(found["files"]) for i in acknowledged(Path(file))}
        took = alone(place)
        print(f"{WRITERS} writers x {NOTES} notes, one killed {found['killed']} times: {seconds:.1f} s")
        print(f"acknowledged {len(safe)}, in the log {len(ids)}, missing {len(safe - set(ids))},", end=" ")
        print(f"twice {len(ids) - ids.n_unique()}")
        median, slowest = statistics.median(took) * 1000, max(took) * 1000
        print(f"a note alone: {median:.1f} ms, the slowest of {len(took)} {slowest:.0f} ms")


if __name__ == "__main__":
    main()
