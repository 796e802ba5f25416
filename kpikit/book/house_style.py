"""``[theme]`` in kpikit.toml: an organisation's own logo, colours, font and footer, held against what can be read."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from kpikit.errors import UsageError, wrong_setting
from kpikit.schema import Look

COLOURS = ("now", "before", "waiting")
#: the paper of a page, and how much a colour must stand out from it (WCAG 2.2, text)
PAPER, LEAST = "#fdfdfb", 4.5
MOST_KILOBYTES = 200
_KINDS = {".png": "image/png", ".svg": "image/svg+xml"}
_EMBEDDED = re.compile(r"data:image/(png|svg\+xml);base64,[A-Za-z0-9+/]+=*")
_HEX = re.compile(r"#[0-9a-fA-F]{6}")
_FONT = re.compile(r"[\w][\w .\-]{0,59}")


@dataclass(frozen=True, slots=True)
class Theme(Look):
    """``[theme]`` in kpikit.toml.

    ``logo``: a PNG or SVG file beside the kpikit.toml; it is put into each report. ``now``, ``before``, ``waiting``:
    the colours of this period, of what it is held against, and of what still waits, as ``#12477d``; in the dark they
    are lightened. ``font``: the name of a font that readers have; nothing is downloaded. ``footer``: a line under
    each report.
    """

    def __post_init__(self) -> None:
        if self.logo and not _EMBEDDED.fullmatch(self.logo):
            raise wrong_setting("theme.logo", self.logo, "logo.png, logo.svg")
        for name in COLOURS:
            _readable(name, getattr(self, name))
        if self.font and not _FONT.fullmatch(self.font):
            raise wrong_setting("theme.font", self.font, "Inter, Source Sans 3, …")
        if not isinstance(self.footer, str) or len(self.footer) > 200:
            raise wrong_setting("theme.footer", self.footer, "≤ 200")

    @classmethod
    def from_table(cls, given: Mapping[str, Any], folder: Path = Path()) -> Theme:
        """From the ``[theme]`` table; the logo's path is relative to ``folder``. An unknown key is refused."""
        known = {f.name for f in fields(cls)}
        for key in given:
            if key not in known:
                raise UsageError("unknown_setting", setting=f"theme.{key}", allowed=", ".join(sorted(known)))
        logo = str(given.get("logo", ""))
        return cls(**{**given, "logo": logo if not logo or _EMBEDDED.fullmatch(logo) else _embedded(folder / logo)})


def contrast(one: str, other: str) -> float:
    """How much two colours differ in lightness, from 1 to 21, by the formula of WCAG 2.2."""
    lights = sorted((_luminance(one), _luminance(other)))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def _readable(name: str, colour: str) -> None:
    if not colour:
        return
    if not isinstance(colour, str) or not _HEX.fullmatch(colour):
        raise wrong_setting(f"theme.{name}", colour, "#12477d, #6b727b, …")
    found = contrast(colour, PAPER)
    if found < LEAST:
        raise UsageError("theme_contrast", setting=f"theme.{name}", value=colour, found=f"{found:.2f}", least=LEAST)


def _luminance(colour: str) -> float:
    shares = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _embedded(path: Path) -> str:
    """A picture as part of the page. As a picture an SVG runs nothing and loads nothing, whatever it holds."""
    kind = _KINDS.get(path.suffix.lower())
    if kind is None or not path.is_file():
        raise UsageError("theme_logo", path=path.name, allowed=", ".join(sorted(_KINDS)))
    content = path.read_bytes()
    if len(content) > MOST_KILOBYTES * 1024:
        raise UsageError("theme_logo_size", path=path.name, kilobytes=len(content) // 1024, most=MOST_KILOBYTES)
    is_real = content.startswith(b"\x89PNG\r\n\x1a\n") if kind == "image/png" else b"<svg" in content[:4096]
    if not is_real:
        raise UsageError("theme_logo", path=path.name, allowed=", ".join(sorted(_KINDS)))
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
