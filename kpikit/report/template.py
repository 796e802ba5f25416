"""Templates: which there are, and whether parameters fit, checked before anything runs."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kpikit.errors import UsageError
from kpikit.shipped import shipped

_TYPES = {"str": str, "int": int, "float": (int, float), "bool": bool}


@dataclass(frozen=True)
class Template:
    """A parameterised notebook: its file and the names, types and comments of its parameters cell."""

    name: str
    path: Path
    parameters: Mapping[str, Mapping[str, Any]]


def find(name: str) -> Template:
    """A shipped template by name, or any ``.ipynb`` by path.

    Raises:
        UsageError: there is none, or it has no parameters cell.
    """
    from nbformat import ValidationError
    from nbformat.reader import NotJSONError
    from papermill import inspect_notebook

    path = Path(name) if name.endswith(".ipynb") else shipped("templates") / f"{name}.ipynb"
    if not path.exists():
        known = ", ".join(sorted(file.stem for file in shipped("templates").glob("*.ipynb")))
        raise UsageError("no_such_template", template=name, allowed=known)
    try:
        return Template(path.stem, path, inspect_notebook(path))
    except (ValueError, KeyError, AttributeError, NotJSONError, ValidationError) as error:
        raise UsageError("not_a_template", template=path.name, detail=type(error).__name__) from None


def check(template: Template, parameters: Mapping[str, Any]) -> None:
    """Refuse a parameter that the template does not have, or of another type than it says.

    papermill itself would only warn, and then report on the default team.
    """
    for name, value in parameters.items():
        known = template.parameters.get(name)
        if known is None:
            allowed = ", ".join(template.parameters)
            raise UsageError("unknown_parameter", template=template.name, parameter=name, allowed=allowed)
        wanted = known.get("inferred_type_name")
        if wanted in _TYPES and (
            not isinstance(value, _TYPES[wanted]) or isinstance(value, bool) != (wanted == "bool")
        ):
            raise UsageError("parameter_type", parameter=name, wanted=wanted, value=value)


def read_parameter(text: str) -> tuple[str, Any]:
    """``name=value`` from the command line; numbers and True/False are read as such."""
    name, _, value = text.partition("=")
    try:
        return name, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return name, value
