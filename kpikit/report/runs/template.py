"""Templates: which there are, and whether parameters fit, checked before anything runs."""

from __future__ import annotations

import ast
import io
import json
import tokenize
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kpikit.errors import UsageError
from kpikit.shipped import shipped

_TYPES = {"str": str, "int": int, "float": (int, float), "bool": bool}


@dataclass(frozen=True)
class Template:
    """A parameterised notebook: its file and the parameters of its parameters cell, by name."""

    name: str
    path: Path
    parameters: Mapping[str, Parameter]


@dataclass(frozen=True)
class Parameter:
    """One line of a parameters cell: its type as it is written ("" if it has none), its value, its comment."""

    type: str
    default: str
    help: str = ""


def find(name: str) -> Template:
    """A shipped template by name, or any ``.ipynb`` by path.

    Raises:
        UsageError: there is no such file (``no_such_template``), or it is no template (``not_a_template``; ``detail``
            is json, kernel or parameters, whichever is wrong first).
    """
    path = Path(name) if name.endswith(".ipynb") else shipped("templates") / f"{name}.ipynb"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in shipped("templates").glob("*.ipynb")))
        raise UsageError("no_such_template", template=name, allowed=known)
    # read as plain JSON: the notebook libraries take seconds to import, and this is asked before anything runs
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        tagged = [cell for cell in notebook["cells"] if "parameters" in cell["metadata"].get("tags", ())]
        kernel = notebook["metadata"].get("kernelspec", {}).get("language", "")
        language = notebook["metadata"].get("language_info", {}).get("name", kernel)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UsageError("not_a_template", template=path.name, detail="json") from None
    if language != "python" or "kernelspec" not in notebook["metadata"]:
        raise UsageError("not_a_template", template=path.name, detail="kernel")
    try:
        parameters = dict(_parameters("".join(tagged[0]["source"])))
    except (IndexError, KeyError, TypeError, SyntaxError, tokenize.TokenError):
        raise UsageError("not_a_template", template=path.name, detail="parameters") from None
    return Template(path.stem, path, parameters)


def _parameters(source: str) -> Iterator[tuple[str, Parameter]]:
    """What a parameters cell sets, in order."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    comments = {token.start[0]: token.string.lstrip("# ") for token in tokens if token.type == tokenize.COMMENT}
    for line in ast.parse(source).body:
        if not isinstance(line, (ast.Assign, ast.AnnAssign)) or line.value is None:
            continue
        target = line.target if isinstance(line, ast.AnnAssign) else line.targets[0]
        kind = ast.unparse(line.annotation).strip("'\"") if isinstance(line, ast.AnnAssign) else ""
        if isinstance(target, ast.Name):
            yield target.id, Parameter(kind, ast.unparse(line.value), comments.get(line.end_lineno or 0, ""))


def check(template: Template, parameters: Mapping[str, Any]) -> None:
    """Refuse a parameter that the template does not have, of another type than it says, or that is no plain data.

    papermill itself would only warn, and then report on the default team.
    """
    for name, value in parameters.items():
        known = template.parameters.get(name)
        if known is None:
            allowed = ", ".join(template.parameters)
            raise UsageError("unknown_parameter", template=template.name, parameter=name, allowed=allowed)
        wanted = known.type
        fits = wanted not in _TYPES or (
            isinstance(value, _TYPES[wanted]) and isinstance(value, bool) == (wanted == "bool")
        )
        if not fits or not _is_data(value):
            wanted = wanted if wanted in _TYPES else "str, int, float, bool, list, dict"
            raise UsageError("parameter_type", parameter=name, wanted=wanted, value=value)


def default(template: Template, name: str, otherwise: str) -> str:
    """The text that a template gives a parameter by itself."""
    known = template.parameters.get(name)
    try:
        value = ast.literal_eval(known.default) if known is not None else otherwise
    except (ValueError, SyntaxError):
        return otherwise
    return value if isinstance(value, str) else otherwise


def _is_data(value: Any) -> bool:
    """Text, numbers, yes and no, and lists and tables of these; papermill writes anything else down as code."""
    if isinstance(value, list):
        return all(map(_is_data, value))
    if isinstance(value, dict):
        return all(isinstance(name, str) for name in value) and all(map(_is_data, value.values()))
    return value is None or isinstance(value, (str, int, float))


def read_parameter(text: str) -> tuple[str, Any]:
    """``name=value`` from the command line; numbers and True/False are read as such."""
    name, _, value = text.partition("=")
    try:
        return name, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return name, value
