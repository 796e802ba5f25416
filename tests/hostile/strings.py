"""The hostile strings, by class; "text * 1000" in the class ``long`` is that text so many times."""

import tomllib
from pathlib import Path

_RAW = tomllib.loads((Path(__file__).parent / "strings.toml").read_text(encoding="utf-8"))


def _spelled(kind: str, text: str) -> str:
    if kind != "long":
        return text
    part, _, times = text.rpartition(" * ")
    return part * int(times)


STRINGS = {
    f"{kind}-{number}": _spelled(kind, text)
    for kind, texts in _RAW.items()
    for number, text in enumerate(texts, start=1)
}
KINDS = tuple(_RAW)
