"""Open questions for a deal by the step in which it stands: kpikit's own, and a company's."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import polars as pl

from kpikit.book import DealBook
from kpikit.book.selection import open_stages
from kpikit.errors import DataError, Fault
from kpikit.languages import LANGUAGES, known, language

FILE = "questions.toml"
#: the steps of a sale, in their order; questions for any of them come last
STEPS = ("appointment", "meeting", "offer", "follow_up")
ANY = "any"
#: steps by how surely a stage's name tells them: ``[steps]`` of each language has the parts of names
_TELLING = ("offer", "follow_up", "meeting", "appointment")


@dataclass(frozen=True)
class Questions:
    """Texts by step and language, and the steps that a company gave its stages."""

    asked: tuple[Mapping[str, str], ...]
    steps: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def of(self, step: str | None, name: str) -> tuple[str, ...]:
        """The questions of a step in a language, by its name, then those for any."""
        return tuple(one[name] for wanted in (step, ANY) for one in self.asked if one["step"] == wanted and name in one)


def read_questions(path: str | Path | None = None) -> Questions:
    """The questions that come with kpikit, with a company's own where it has a file.

    Args:
        path: a ``questions.toml``, or the folder in which one may stand; None for kpikit's own only.

    Raises:
        DataError: what is wrong in the file, all at once.

    Example:
        >>> read_questions().of("offer", "en")[0]
        'Who asked for the offer?'
    """
    if path is None:
        return _shipped()
    file = Path(path) / FILE if Path(path).is_dir() else Path(path)
    if not file.exists():
        return _shipped()
    try:
        given = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError([Fault("questions_toml", file=file.name, value=str(error))]) from None
    if faults := list(_faults(given, file.name)):
        raise DataError(faults)
    own = _made(given)
    if given.get("replace", False):
        return own
    return Questions((*own.asked, *_shipped().asked), own.steps)


@cache
def _shipped() -> Questions:
    asked = [
        {"step": step, name: text}
        for name in LANGUAGES
        for step, texts in language(name, "questions").items()
        for text in texts
    ]
    return _made({"question": asked})


def _made(given: Mapping[str, Any]) -> Questions:
    return Questions(tuple(given.get("question", ())), MappingProxyType(dict(given.get("steps", {}))))


def _faults(given: Mapping[str, Any], file: str) -> Iterator[Fault]:
    """What is wrong in a company's own file. It has its questions in every language that it uses at all."""
    for name in given:
        if name not in ("question", "steps", "replace"):
            yield Fault("questions_key", file=file, value=str(name))
    allowed = ", ".join((*STEPS, ANY))
    questions = given.get("question", [])
    if not isinstance(questions, list) or not all(isinstance(one, dict) for one in questions):
        yield Fault("questions_key", file=file, value="question")
        return
    wanted = [name for name in LANGUAGES if any(name in one for one in questions)] or LANGUAGES
    for i, one in enumerate(questions, start=1):
        if one.get("step") not in (*STEPS, ANY):
            yield Fault("question_step", file=file, value=str(one.get("step", "")), values={"i": i, "allowed": allowed})
        for name in wanted:
            if not str(one.get(name, "")).strip().endswith("?"):
                yield Fault("question_text", file=file, value=name, values={"i": i})
    steps = given.get("steps", {})
    for stage, step in steps.items() if isinstance(steps, dict) else [("steps", "")]:
        if step not in STEPS:
            yield Fault("question_stage", file=file, value=str(stage), values={"allowed": ", ".join(STEPS)})


def step_of(book: DealBook, pipeline: str, stage: str | None, questions: Questions) -> str | None:
    """The step of a stage: as the company says, else by its name, else by its place in the pipeline.

    None where nothing tells: a stage that is not in the book's list and has no telling name.
    """
    if stage is None:
        return None
    if stage in questions.steps:
        return questions.steps[stage]
    name = stage.casefold()
    told = (step for step in _TELLING for parts in known("steps", step) if any(part in name for part in parts))
    found = next(told, None)
    if found is not None or "stages" not in book.tables:
        return found
    stages = open_stages(book).filter(pl.col("pipeline") == pipeline).sort("position").collect()["stage"].to_list()
    if stage not in stages:
        return None
    return STEPS[stages.index(stage) * len(STEPS) // len(stages)]
