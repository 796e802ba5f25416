"""The bytes of a text file as UTF-8: byte order marks, UTF-16, Windows code pages, NUL bytes and line ends settled."""

from __future__ import annotations

import codecs
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from kpikit.errors import DataError, Fault

_CHUNK = 1 << 24
#: A single line longer than this is no line of a table (bytes).
LONGEST_LINE = 1 << 24
_BOMS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_WESTERN = frozenset("àáâãäåæçèéêëìíîïñòóôõöøùúûüýÿœßÀÁÂÄÅÆÇÈÉÊËÍÎÏÑÓÔÖØÙÚÛÜŒ€£§°²³µ«»’“”–—…·•®©™\u00a0")
_CENTRAL = frozenset("ąćęłńóśźżĄĆĘŁŃÓŚŹŻáčďéěíňřšťúůýžÁČĎÉĚÍŇŘŠŤÚŮÝŽőűŐŰăâîșțşţäöüß€–”„’\u00a0")
_CYRILLIC = frozenset("абвгдежзийклмнопрстуфхцчшщъыьэюяАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯёЁ№–\u00a0")
#: The accented letters that stand in most names.
_COMMON = frozenset("éèëêüöäáàçñïíóúßÉ€")
_MARKS = frozenset("’“”–—…«»•·\u00a0")
#: Letters as they look when UTF-8 was taken for Windows-1252 and encoded again: Ã, Â, â€.
_TWICE = (b"\xc3\x83\xc2", b"\xc3\x83\xe2", b"\xc3\x82\xc2", b"\xc3\xa2\xe2\x82\xac")
_UNKNOWN_1252 = frozenset("\x81\x8d\x8f\x90\x9d")
#: A text so long is not undone (bytes).
_UNDONE = 1 << 26
#: Code pages by how common they are in exports, with the letters that a text in them is made of.
_PAGES = (
    ("cp1252", _WESTERN),
    ("cp850", _WESTERN),
    ("mac_roman", _WESTERN),
    ("cp1250", _CENTRAL),
    ("cp1251", _CYRILLIC),
)


@dataclass(frozen=True, slots=True)
class Text:
    """A text in UTF-8: ``data`` its bytes (no mark before them), ``path`` the file where they stand just so, if any.

    ``lines`` counts line feeds, ``longest`` the bytes of the longest line, ``quotes`` the double quotes,
    ``returns`` carriage returns that no line feed follows. ``is_ascii``: no other characters are in it.
    """

    data: np.ndarray
    path: Path | None
    lines: int = 0
    longest: int = 0
    quotes: int = 0
    returns: int = 0
    faults: list[Fault] = field(default_factory=list)
    is_ascii: bool = False

    def slice(self, start: int, stop: int) -> bytes:
        """Some of the bytes."""
        return self.data[start:stop].tobytes()


def read_text(path: Path, encoding: str | None) -> Text:
    """The file as UTF-8 with line feeds, without being loaded where it already is (a memory map).

    Raises:
        DataError: ``empty_file``, ``unknown_encoding`` or ``line_too_long``.
    """
    if path.stat().st_size == 0:
        raise DataError([Fault("empty_file", file=path.name)])
    data = np.memmap(path, dtype=np.uint8, mode="r")
    name, mark, faults = _encoding(data, path.name, encoding)
    survey = _survey(data)
    if survey["blank"]:
        raise DataError([Fault("empty_file", file=path.name)])
    is_doubled = survey["returns"] > survey["lines"] / 2
    if name == "utf-8" and not survey["nul"] and not mark and not survey["old_mac"] and not is_doubled:
        if not survey["high"]:
            return _checked(_text(data, path, survey, faults, is_ascii=True), path.name)
        if not _is_twice_encoded(data):
            return _checked(_text(data, path, survey, faults), path.name)
        name = "utf-8-twice"
    if name == "utf-8" and survey["longest"] > LONGEST_LINE and not survey["old_mac"]:
        raise DataError([Fault("line_too_long", file=path.name, values={"megabytes": LONGEST_LINE >> 20})])
    text = _converted(data[mark:], name)
    lost = 0 if name in ("utf-8", "utf-8-twice") else text.count(b"\xef\xbf\xbd")
    if lost:
        faults.append(
            Fault("unreadable_bytes", file=path.name, n=lost, values={"encoding": name.removesuffix("-mixed")})
        )
    if b"\0" in text:
        faults.append(Fault("nul_bytes", file=path.name, n=text.count(b"\0")))
        text = text.replace(b"\0", b"")
    if is_doubled:  # each line ended twice, by two programs
        text = text.replace(b"\r\r\n", b"\r\n")
    if text.count(b"\r") - text.count(b"\r\n") > text.count(b"\n"):
        text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if not text.strip():
        raise DataError([Fault("empty_file", file=path.name)])
    data = np.frombuffer(text, dtype=np.uint8)
    survey = _survey(data)
    if name == "utf-8-twice":
        faults.append(Fault("encoded_twice", file=path.name))
    return _checked(_text(data, None, survey, faults), path.name)


def _text(
    data: np.ndarray, path: Path | None, survey: dict[str, int], faults: list[Fault], *, is_ascii: bool = False
) -> Text:
    lines, longest, quotes, returns = (survey[key] for key in ("lines", "longest", "quotes", "returns"))
    return Text(data, path, lines, longest, quotes, returns, faults, is_ascii)


def _is_twice_encoded(data: np.ndarray) -> bool:
    """Was UTF-8 taken for Windows-1252 and saved as UTF-8 once more, so that é became Ã©?

    Believed only if the whole text can be undone, and letters are what comes of it.
    """
    raw = data[:_UNDONE].tobytes()
    if len(data) > _UNDONE or not any(mark in raw for mark in _TWICE):
        return False
    try:
        undone = _undone(raw).decode("utf-8")
    except UnicodeError:
        return False
    return any(c in _COMMON or c in _MARKS for c in undone)


def _undone(raw: bytes) -> bytes:
    """Text in UTF-8 as the bytes that were taken for Windows-1252 (bytes that it does not know stayed as they were)."""
    text = raw.decode("utf-8")
    return b"".join(c.encode("cp1252") if c not in _UNKNOWN_1252 else c.encode("latin-1") for c in text)


def _checked(text: Text, file: str) -> Text:
    if text.longest > LONGEST_LINE:
        raise DataError([Fault("line_too_long", file=file, values={"megabytes": LONGEST_LINE >> 20})])
    return text


def _survey(data: np.ndarray) -> dict[str, int]:
    """Counts over all bytes, chunk by chunk."""
    lines = returns = quotes = nul = pairs = longest = high = 0
    last_line, was_return = -1, False
    for start in range(0, len(data), _CHUNK):
        chunk = np.asarray(data[start : start + _CHUNK])
        ends = np.flatnonzero(chunk == 10)
        back = chunk == 13
        n_back = int(np.count_nonzero(back))
        if n_back or was_return:
            pairs += int(np.count_nonzero(back[ends[ends > 0] - 1])) + int(was_return and chunk[0] == 10)
        was_return = bool(back[-1])
        returns += n_back
        nul += int(np.count_nonzero(chunk == 0))
        high |= int(chunk.max() > 127)
        quotes += int(np.count_nonzero(chunk == 34))
        if len(ends):
            gaps = np.diff(ends, prepend=last_line - start)
            longest, last_line = max(longest, int(gaps.max())), int(ends[-1]) + start
            lines += len(ends)
    longest = max(longest, len(data) - last_line)
    lone = returns - pairs
    blank = len(data) < 1000 and not data.tobytes().strip()
    return {
        "blank": int(blank),
        "lines": lines,
        "longest": longest,
        "quotes": quotes,
        "nul": nul,
        "high": high,
        "returns": lone,
        "old_mac": int(lone > lines),
    }


def _encoding(data: np.ndarray, file: str, wanted: str | None) -> tuple[str, int, list[Fault]]:
    """The encoding's name, the length of the byte order mark, and what to say about it."""
    head = data[:4].tobytes()
    for mark, name in _BOMS:
        if head.startswith(mark):
            return _sound(name, data[len(mark) :]), len(mark), []
    if wanted:
        return _sound(codecs.lookup(wanted).name.removesuffix("-sig"), data), 0, []
    sample = data[: 1 << 16].tobytes()
    nul = [sample[i::2].count(0) for i in (0, 1)]
    if max(nul) > len(sample) / 5 and min(nul) < max(nul) / 4:
        return ("utf-16-be" if nul[0] > nul[1] else "utf-16-le"), 0, []
    bad = _first_not_utf8(data)
    if bad is None:
        return "utf-8", 0, []
    return _code_page(data, bad, file)


def _sound(name: str, data: np.ndarray) -> str:
    """UTF-8 that is none everywhere goes by another name: it has to be decoded with a loss."""
    return "utf8" if name == "utf-8" and _first_not_utf8(data) is not None else name


def _first_not_utf8(data: np.ndarray) -> int | None:
    """Where the bytes stop being UTF-8; None if nowhere. Chunks of plain ASCII cost next to nothing."""
    start = 0
    while start < len(data):
        chunk = np.asarray(data[start : start + _CHUNK])
        if chunk.max() < 128:
            start += len(chunk)
            continue
        try:
            chunk.tobytes().decode("utf-8")
            start += len(chunk)
        except UnicodeDecodeError as error:
            at = start + error.start
            if "unexpected end" not in error.reason or start + len(chunk) >= len(data):
                return at
            start = at  # a character cut by the end of the chunk
    return None


def _code_page(data: np.ndarray, bad: int, file: str) -> tuple[str, int, list[Fault]]:
    """The code page whose letters the text is made of; UTF-8 with a few stray bytes is that, read byte by byte."""
    parts = [data[: 1 << 16]] + ([data[max(0, bad - 2000) : bad + (1 << 16)]] if bad >= 1 << 16 else [])
    sample = np.concatenate(parts).tobytes()
    mixed = sample.decode("utf-8", "surrogateescape")
    strays = sum("\udc80" <= c <= "\udcff" for c in mixed)
    proper = sum(c > "\x7f" for c in mixed) - strays
    if proper > 3 * strays:
        return "utf-8-mixed", 0, [Fault("mixed_encoding", file=file, n=max(1, strays))]
    fit = {page: _letters(sample.decode(page, "replace"), letters) for page, letters in _PAGES}
    best = max(fit, key=fit.__getitem__)
    if fit[best] < 0.5:
        best = _detected(sample) or "cp1252"
    line = data[max(0, bad - 30) : bad + 30].tobytes()
    shown = " ".join(line.decode(best, "replace").split())
    return best, 0, [Fault("encoding_guessed", file=file, value=shown, values={"encoding": best})]


def _letters(text: str, letters: frozenset[str]) -> float:
    """How much of what is not ASCII are letters of a language, and where such letters stand (``CafÄ`` is no word)."""
    points = n = 0.0
    alone = {_WESTERN: 0.2, _CENTRAL: 0.6}.get(letters, 1.0)
    for before, c, after in zip(" " + text[:-1], text, text[1:] + " ", strict=True):
        if c > "\x7f":
            n += 1
            if (
                c in letters
                and not (c.isupper() and before.islower())
                and (c.isalpha() or c in _MARKS or not after.isalpha())
            ):
                points += alone if before > "\x7f" and before not in _MARKS else 1 + (c in _COMMON)
    return points / n if n else 0.0


def _detected(sample: bytes) -> str | None:
    """What charset-normalizer, where it is installed, makes of text in none of the usual code pages."""
    try:
        from charset_normalizer import from_bytes
    except ImportError:
        return None
    best = from_bytes(sample).best()
    return best.encoding if best else None


def _converted(data: np.ndarray, name: str) -> bytes:
    raw = data.tobytes()
    if name == "utf-8":
        return raw
    if name == "utf-8-twice":
        return _undone(raw)
    if name == "utf-8-mixed":
        text = raw.decode("utf-8", "surrogateescape")
        stray = {0xDC00 + b: bytes([b]).decode("cp1252", "replace") for b in range(128, 256)}
        return text.translate(stray).encode("utf-8")
    return raw.decode(name, "replace").encode("utf-8", "replace")
