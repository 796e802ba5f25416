"""The one widget: it shows what its brain says and passes on what people do. Imported only where a session opens."""

from __future__ import annotations

from contextlib import suppress
from importlib import resources
from typing import Any, Protocol

import anywidget
import traitlets

from kpikit.show.theme import COLOURS, FONT

#: the panel's name in a notebook: the same after a restart, so that a page which is loaded again finds it
MODEL = "6b70696b69742d7265766965772d7061"


class Brain(Protocol):
    """What decides: plain Python, tested without a browser."""

    def view(self) -> dict[str, Any]:
        """What is on the screen, as plain values."""
        ...

    def handle(self, said: dict[str, Any]) -> None:
        """What somebody did."""
        ...


def look() -> str:
    """The panel's style sheet; light or dark as JupyterLab is."""
    light, dark = ("".join(f"--{name}:{values[i]};" for name, values in COLOURS.items()) for i in (0, 1))
    own = resources.files("kpikit.session").joinpath("static/panel.css").read_text(encoding="utf-8")
    tokens = f".kpikit-review{{--font:{FONT};--edge:var(--before);color-scheme:light;{light}}}\n"
    return f"{tokens}[data-jp-theme-light=false] .kpikit-review{{color-scheme:dark;{dark}}}\n{own}"


class ReviewWidget(anywidget.AnyWidget):
    """The panel in a notebook."""

    _esm = resources.files("kpikit.session").joinpath("static/panel.js").read_text(encoding="utf-8")
    _css = look()
    view = traitlets.Dict().tag(sync=True)

    def __init__(self, brain: Brain) -> None:
        super().__init__(model_id=MODEL)
        self.brain = brain
        self.view = brain.view()
        self.on_msg(self._heard)

    def __del__(self) -> None:
        with suppress(KeyError):  # a panel that was opened later has this one's name: nothing is left to close
            super().__del__()

    def _heard(self, _widget: Any, said: Any, _buffers: Any) -> None:
        if isinstance(said, dict):
            self.brain.handle(said)
            self.view = self.brain.view()
