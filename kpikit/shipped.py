"""Where templates, notebooks and the demo book are: inside an installed kpikit, or in a checkout beside it."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

_IN_CHECKOUT = {"templates": "templates", "notebooks": "notebooks", "demo": "data/demo"}


def shipped(name: str) -> Path:
    """The folder of ``templates``, ``notebooks`` or ``demo``."""
    package = Path(str(resources.files("kpikit")))
    installed = package / "shipped" / name
    return installed if installed.exists() else package.parent / _IN_CHECKOUT[name]
