"""What importing kpikit costs and does: next to nothing, and nothing that anyone could notice."""

import json
import subprocess
import sys

import pytest

HEAVY = ("altair", "statsmodels", "scipy", "papermill", "pandas", "great_tables", "IPython")

#: runs ``{code}``, then prints which modules are loaded, and which files were opened that are not Python's own code
WATCHED = """
import io, json, os, sys

opened = []

def watch(event, args):
    if event == "open" and isinstance(args[0], str) and not args[0].endswith((".py", ".pyc", ".so", ".pyd")):
        opened.append([args[0], str(args[1])])
    elif event.split(".")[0] in ("socket", "subprocess") or event in ("os.mkdir", "os.rename", "os.remove"):
        opened.append([event, ""])

before = dict(os.environ)
sys.stdout, sys.stderr = io.StringIO(), io.StringIO()
sys.addaudithook(watch)
{code}
seen = list(opened)
said = sys.stdout.getvalue() + sys.stderr.getvalue()
sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
print(json.dumps(dict(modules=sorted(sys.modules), opened=seen, said=said, environment=dict(os.environ) == before)))
"""


def _fresh(code):
    command = [sys.executable, "-W", "error", "-c", WATCHED.replace("{code}", code)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _heavy(found):
    return sorted(set(HEAVY) & {name.split(".")[0] for name in found["modules"]})


def test_importing_kpikit_loads_nothing_heavy_reads_no_file_and_says_nothing():
    found = _fresh("import kpikit")
    assert _heavy(found) == []
    assert "polars" not in found["modules"]
    assert [path for path, _ in found["opened"] if "__pycache__" not in path] == []
    assert found["said"] == ""
    assert found["environment"]


def test_help_loads_nothing_heavy():
    code = """
import runpy
sys.argv = ["kpikit", "--help"]
try:
    runpy.run_module("kpikit", run_name="__main__")
except SystemExit as stop:
    assert not stop.code
"""
    found = _fresh(code)
    assert _heavy(found) == []
    assert "Usage:" in found["said"]
    assert [path for path, mode in found["opened"] if set(mode) & set("wax+")] == []


@pytest.mark.parametrize("command", ["demo", "report", "simulate"])
def test_help_of_each_command_loads_nothing_heavy(command):
    code = f"""
import runpy
sys.argv = ["kpikit", "{command}", "--help"]
try:
    runpy.run_module("kpikit", run_name="__main__")
except SystemExit as stop:
    assert not stop.code
"""
    assert _heavy(_fresh(code)) == []


def test_every_public_name_can_be_had_and_is_listed():
    import kpikit

    for name in kpikit.__all__:
        assert getattr(kpikit, name) is not None
    assert dir(kpikit) == sorted(kpikit.__all__)
    with pytest.raises(AttributeError, match="'nonsense'"):
        kpikit.nonsense  # noqa: B018 - the access is the test
