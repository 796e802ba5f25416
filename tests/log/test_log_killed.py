"""Eight processes write 500 notes each and one is killed a hundred times: all that was acknowledged is there, once."""

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from kpikit.review import open_log
from tests.log import postgres

pytestmark = pytest.mark.slow


def storm(root, place, folder):
    """Run the benchmark's storm in a process that has done nothing but import; numbers acknowledged by each writer."""
    command = [sys.executable, str(root / "benchmarks" / "log.py"), str(place), str(folder), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    found = json.loads(done.stdout)
    assert found["killed"] == 100
    assert found["exits"] == [0] * 8
    return {
        f"{number}-{int(line)}"
        for number, file in enumerate(found["files"])
        for line in Path(file).read_text().splitlines()
    }


def check(ids, texts, safe):
    assert len(safe) == 8 * 500
    assert sorted(ids) == sorted(safe)  # every acknowledged note, none twice
    for name, words in zip(ids, texts, strict=True):
        number, i = name.split("-")
        assert words.startswith(f"note {i} of writer {number}, é€👍 ")


def test_in_a_file(root, tmp_path):
    place = tmp_path / "log.sqlite"
    safe = storm(root, place, tmp_path)
    with sqlite3.connect(place) as connection:
        rows = connection.execute("SELECT id, text FROM kpikit_entries").fetchall()
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()
    check([row[0] for row in rows], [row[1] for row in rows], safe)
    with open_log(place) as log:
        assert log.notices == ()
        assert log.entries()["seq"].n_unique() == 4000


def test_in_postgresql(root, tmp_path):
    with postgres.running() as server:
        url = server.database()
        safe = storm(root, url, tmp_path)
        engine = create_engine(url)
        with engine.connect() as connection:
            rows = connection.execute(text("SELECT id, text FROM kpikit_entries")).all()
        engine.dispose()
        check([row[0] for row in rows], [row[1] for row in rows], safe)
