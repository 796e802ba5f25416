"""What a stranger clones: one truth for dependencies, pins without addresses, and targets that exist."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
ON_CONDA_FORGE = {"tzdata": "python-tzdata", "duckdb": "python-duckdb"}
BY_PIP = {
    "axe-playwright-python",
    "playwright",
}  # conda-forge's browser builds are not needed: tests drive an installed one


def _bounds(lines):
    return {re.split(r"[<>=!~ ;\[]", line, maxsplit=1)[0]: line.replace(" ", "") for line in lines}


def _declared(*extras):
    lines = list(PROJECT["dependencies"])
    for extra in extras:
        lines += PROJECT["optional-dependencies"][extra]
    return _bounds(lines)


def _tracked():
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("git: this is not a clone")
    return [ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


def _environment():
    """The names and bounds of environment.yml, apart for conda and for pip; it is simple enough to read by hand."""
    conda, pip = [], []
    for line in (ROOT / "environment.yml").read_text(encoding="utf-8").splitlines():
        if line.startswith("  - ") and not line.endswith("pip:"):
            conda.append(line[4:].strip())
        elif line.startswith("      - "):
            pip.append(line[8:].strip())
    channels = ["conda-forge"]
    return _bounds([name for name in conda if name not in channels]), pip


def test_conda_has_the_names_and_bounds_of_pyproject():
    declared = _declared("lab", "db", "dev")
    conda, pip = _environment()
    expected = {
        ON_CONDA_FORGE.get(name, name): line.replace(name, ON_CONDA_FORGE.get(name, name), 1)
        for name, line in declared.items()
        if name not in BY_PIP
    }
    expected["python"] = "python" + PROJECT["requires-python"]
    expected["pip"] = "pip"
    assert conda == expected
    assert pip == [*(declared[name] for name in sorted(BY_PIP)), "--editable ."]


def test_pins_fit_the_bounds_and_miss_none():
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    pins = {}
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        requirement = Requirement(line)
        versions = [str(spec) for spec in requirement.specifier]
        assert len(versions) == 1 and versions[0].startswith("=="), line
        pins.setdefault(canonicalize_name(requirement.name), set()).add(versions[0].removeprefix("=="))
    extras = [extra for extra in PROJECT["optional-dependencies"] if extra != "spark"]
    for line in _declared(*extras).values():
        wanted = Requirement(line)
        assert pins.get(canonicalize_name(wanted.name)), f"{wanted.name} is not pinned in constraints.txt"
        for version in pins[canonicalize_name(wanted.name)]:
            assert version in wanted.specifier, f"{wanted} and {version}"


def test_pins_have_no_addresses():
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert not re.search(r"://|index-url|find-links| @ |--hash|#", text)


def test_no_lock_file_is_in_git():
    locks = {"uv.lock", "pylock.toml", "poetry.lock", "pdm.lock", "conda-lock.yml", "Pipfile.lock", "pixi.lock"}
    assert [path.name for path in _tracked() if path.name in locks] == []


def test_no_file_in_git_names_a_registry_or_a_machine():
    """Whoever clones uses the registry that is theirs; and no path of whoever wrote it."""
    wrong = re.compile(
        rb"(?:index-url|find-links|registry)\s*[=:]\s*\S*://|://[\w.-]+/(?:simple|pypi|npm)/?|/home/\w+/|/Users/\w+/|[A-Z]:\\Users"
    )
    here = Path(__file__).resolve()
    found = [
        str(path.relative_to(ROOT)) for path in _tracked() if path.resolve() != here and wrong.search(path.read_bytes())
    ]
    assert found == []


def test_the_demo_stays_small():
    sizes = [path.stat().st_size for path in _tracked() if (ROOT / "data" / "demo") in path.parents]
    assert sum(sizes) <= 5_000_000


def _targets():
    lines = (ROOT / "Makefile").read_text(encoding="utf-8").splitlines()
    return {line.partition(":")[0].strip() for line in lines if re.match(r"^[a-z-]+:", line)}


def test_make_has_the_targets_that_the_readme_and_the_design_name():
    assert {"demo", "test", "lint", "bench", "lab", "pictures"} <= _targets()
    phony = re.search(r"^\.PHONY:(.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert phony and _targets() <= set(phony[1].split())


def test_documents_name_only_targets_that_exist():
    for name in ("README.md", "CONTRIBUTING.md"):
        named = set(re.findall(r"(?:^|`)make ([a-z-]+)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE))
        assert named
        assert named <= _targets(), name


def test_every_ruff_exception_has_its_reason():
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").split("\nignore = [")[1].split("]")[0].splitlines()
    rules = [line for line in lines if line.strip()]
    reasoned = [line for line in rules if "#" in line]
    assert reasoned
    assert all("#" in line or rules[i - 1].strip()[:4] == line.strip()[:4] for i, line in enumerate(rules))


def test_what_the_makefile_calls_exists():
    for path in ("tests/run.py", "docs/pictures.py", "benchmarks", "notebooks"):
        assert (ROOT / path).exists(), path
