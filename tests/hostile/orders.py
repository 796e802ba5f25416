"""Settings, files, command lines and places that nobody means, each made from a number: the same one, the same case."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.report.books import SETTINGS

DIGITS = "9" * 5000
DEEP = "[" * 3000 + "]" * 3000
#: a value as TOML writes it; every key is given some of them
VALUES = (
    "nan", "inf", "-inf", "-1", "0", "1e308", "1e-320", "-0.0", "9223372036854775807", "1" + "0" * 300, DIGITS,
    f"-{DIGITS}",
    f"0.{DIGITS}", "0x" + "f" * 4000, '""', '" "', '"\\u0000"', '"a\\u0000b"', '"\\uFEFF"', '"../../.."',
    '"/dev/null"', '"."',
    '"/"', f'"{"x" * 300}"', f'"{"x/" * 3000}"', '"{0.__class__}"', '"%"', '"%Q%"', "true", "[]", "{}", "[[]]", "[nan]",
    '[""]', '["", ""]', '["a", "a"]', "[1, 2]", "{a = 1}", "{a = {b = {c = 1}}}", "1979-05-27", "07:32:00",
    "1979-05-27T07:32:00Z", "0001-01-01", "9999-12-31", "[0001-01-01, 9999-12-31]", "[1979-05-27T07:32:00Z]",
    '["2026-13-45"]',
    '"idna"', '"utf-7"', '"rot13"', '"mbcs"', '"undefined"', '"punycode"', '"Europe"', '"localtime"', '"posix/UTC"',
)  # fmt: skip
KEYS = tuple(
    [f"settings.{k}" for k in ("time_zone", "fiscal_year_starts", "currency", "bin", "max_dropped", "holidays")]
    + [f"privacy.{k}" for k in ("persons", "min_people", "min_deals", "min_team", "agreement")]
    + [f"theme.{k}" for k in ("logo", "now", "before", "waiting", "font", "footer")]
    + [
        f"formats.{k}"
        for k in ("delimiter", "encoding", "decimal", "thousands", "date_order", "date_formats", "time_zone", "nulls")
    ]
    + ["formats.header_row", "formats.sheet", "settings", "privacy", "theme", "formats", "tables", "event_log"]
    + [f"tables.deals.{k}" for k in ("file", "columns", "columns.deal_id", "constants", "constants.currency")]
    + [f"tables.deals.{k}" for k in ("constants.amount", "lookup", "values", "values.outcome", "values.outcome.x")]
    + [f"tables.deals.lookup.owner.{k}" for k in ("file", "key", "column", "on")]
    + [f"tables.deals.{k}" for k in ("latest", "keep", "keep.deal_id", "made_from")]
    + [f"tables.stages.{k}" for k in ("pipeline", "order", "won", "lost", "pipelines", "pipelines.New")]
    + [f"tables.stage_events.{k}" for k in ("shape", "from", "field", "fields", "fields.x", "stages", "columns.stage")]
    + [f"event_log.{k}" for k in ("file", "case", "activity", "time", "pipeline", "keep", "attributes", "stages")]
    + [f"event_log.{k}" for k in ("won", "lost", "void", "lifecycle")]
)
#: whole files that are no kpikit.toml
FILES: dict[str, bytes] = {
    "nothing": b"",
    "nul": b"\0" * 500,
    "nul in a name": b'[settings]\n"a\\u0000" = 1\n',
    "utf-16": SETTINGS.encode("utf-16"),
    "latin": '[theme]\nfooter = "één"\n'.encode("latin-1"),
    "mark": b"\xef\xbb\xbf" + SETTINGS.encode(),
    "surrogate": b'[theme]\nfooter = "\xed\xa0\x80"\n',
    "escaped surrogate": b'[theme]\nfooter = "\\ud800"\n',
    "deep list": f"a = {DEEP}".encode(),
    "deep table": ("a = " + "{a = " * 3000 + "1" + "}" * 3000).encode(),
    "deep heading": ("[" + ".".join("a" * 3000) + "]\nb = 1\n").encode(),
    "deep key": ("settings." + ".".join("a" * 3000) + " = 1\n").encode(),
    "long name": (f"[settings]\n{'x' * 100_000} = 1\n").encode(),
    "digits": f"a = {DIGITS}".encode(),
    "digits in settings": f"[settings]\nfiscal_year_starts = {DIGITS}\n".encode(),
    "picture": bytes(range(256)) * 20,
    "carriage": SETTINGS.replace("\n", "\r").encode(),
    "lists of tables": b"[[settings]]\n[[settings]]\n",
    "twice": b"[settings]\n[settings]\n",
    "turned": '[theme]\nfooter = "\u202eabc\u202c"\n'.encode(),
    "terminal": b'[theme]\nfooter = "\\u001b[2J\\u001b]0;x\\u0007"\n',
}
#: what is given to an option as text
WORDS = (
    "", " ", "-", "--", "nan", "inf", "-1", "0", DIGITS, "1e9", "9" * 30, "..", "/", "/dev/null", "/dev/full", "a/b",
    "x" * 300,
    "\udcff", "\x1b[2J", "é" * 200, "%s", "{0}", "=", "a=", "=b", f"a={DIGITS}", "crm=" + DEEP, "crm=nan", "team=all",
    "https://[", "postgresql://[::1", "sqlite:///", "file:///etc", "tcp://", "\n", "\u202eabc", "con", "~", "*",
    "$(id)",
)  # fmt: skip
OPTIONS = (
    ("report", "--template"), ("report", "--team"), ("report", "--period"), ("report", "--lang"), ("report", "--copy"),
    ("report", "--jobs"), ("report", "--since"), ("report", "--log"), ("report", "-p"), ("report", "--out"),
    ("report", "book"),
    ("report", "--dask"), ("check", "book"), ("check", "--lang"), ("privacy", "book"), ("privacy", "--lang"),
    ("simulate", "--deals"), ("simulate", "--teams"), ("simulate", "--seed"), ("simulate", "--out"),
    ("simulate", "--plant"), ("simulate", "--world"), ("init", "file"),
    ("init", "--out"), ("review", "book"), ("review", "--out"), ("review", "--log"), ("review", "--team"), ("review",
    "--on"),
    ("review", "--minutes"), ("log keep", "months"), ("log keep", "--log"), ("log export", "person"), ("log export",
    "--out"),
    ("log export", "--log"), ("log forget", "person"), ("log forget", "--deal"), ("log correct", "entry"),
    ("log rescue", "--out"), ("log rescue", "--log"), ("template check", "path"), ("nonsense", "--what"),
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One thing to ask: what it is about, and the command line that asks it of a book, in a folder of its own."""

    name: str
    arguments: Callable[[Path, Path], list[str]]


def cases(seed: int, n: int) -> list[Case]:
    """So many cases, drawn from all that there are: a third of settings, files and places, a third of command lines."""
    drawn = random.Random(seed)
    every = [[*settings()], [*files(), *places()], [*lines()]]
    return [case for kind in every for case in drawn.sample(kind, min(len(kind), -(-n // 3)))]


def settings() -> Iterator[Case]:
    """Every key with every value."""
    for key in KEYS:
        for value in VALUES:
            yield Case(f"{key} = {value[:30]}", _with_toml(f"{_around(key)}{key} = {value}\n".encode()))


def _around(key: str) -> str:
    """What a key's table needs besides, so that the value itself is looked at."""
    table = key.split(".")[0]
    if key.startswith("tables.deals.") and key != "tables.deals.file":
        return 'tables.deals.file = "deals.csv"\n'
    if key.startswith("tables.stages.") and key != "tables.stages.order":
        return 'tables.deals.file = "deals.csv"\ntables.stages.order = ["First talk", "Written offer"]\n'
    if key.startswith("tables.stage_events."):
        shape = "field_log" if "field" in key else "wide" if key.endswith("stages") else "from_to"
        needed = {"shape": f'"{shape}"', "from": '"stage"', "columns.deal_id": '"deal_id"', "columns.stage": '"stage"'}
        needed |= {"columns.entered_at": '"entered_at"'} | ({"field": '"stage"'} if shape == "field_log" else {})
        lines = [f"tables.stage_events.{k} = {v}\n" for k, v in needed.items() if f"tables.stage_events.{k}" != key]
        return 'tables.deals.file = "deals.csv"\ntables.stage_events.file = "stage_events.csv"\n' + "".join(lines)
    if table == "event_log" and key != table:
        given = {"file": "stage_events.csv", "case": "deal_id", "activity": "stage", "time": "entered_at"}
        return "".join(f'event_log.{k} = "{v}"\n' for k, v in given.items() if key != f"event_log.{k}")
    return ""


def files() -> Iterator[Case]:
    """Every file that is no kpikit.toml, as one; and as each table of a book."""
    for name, content in FILES.items():
        yield Case(f"toml: {name}", _with_toml(content))
        for table in ("deals.csv", "stage_events.csv", "people.csv", "deals.parquet", "deals.xlsx"):
            yield Case(f"{table}: {name}", _with_table(table, content))


def _with_toml(content: bytes) -> Callable[[Path, Path], list[str]]:
    def arguments(book: Path, folder: Path) -> list[str]:
        _copy(book, folder / "book")
        (folder / "book" / "kpikit.toml").write_bytes(content)
        return ["check", str(folder / "book")]

    return arguments


def _with_table(table: str, content: bytes) -> Callable[[Path, Path], list[str]]:
    def arguments(book: Path, folder: Path) -> list[str]:
        _copy(book, folder / "book")
        (folder / "book" / table).write_bytes(content)
        return ["check", str(folder / "book")]

    return arguments


def _copy(book: Path, to: Path) -> None:
    to.mkdir()
    for path in book.iterdir():
        (to / path.name).write_bytes(path.read_bytes())


def places() -> Iterator[Case]:
    """Each command that reads or writes, at places that are not what they should be."""
    for kind in (
        "file",
        "below a file",
        "device",
        "full device",
        "loop",
        "empty",
        "long",
        "dangling",
        "link to a file",
    ):
        for command in ("check", "privacy", "report", "init", "review"):
            yield Case(f"{command} of {kind}", _at(kind, command, is_out=False))
        for command in ("report", "demo", "init", "simulate", "review", "log export", "log rescue"):
            yield Case(f"{command} --out {kind}", _at(kind, command, is_out=True))


def _at(kind: str, command: str, *, is_out: bool) -> Callable[[Path, Path], list[str]]:
    def arguments(book: Path, folder: Path) -> list[str]:
        place = str(_place(kind, folder))
        given = str(book) if is_out else place
        out = place if is_out else str(folder / "out")
        log = ["--log", str(folder / "log.sqlite")]
        return {
            "check": ["check", given],
            "privacy": ["privacy", given],
            "report": ["report", given, "--all-teams", "--period", "2026Q2", "--out", out,
            *([] if is_out else ["--dry-run"])],
            "demo": ["demo", "--out", out],
            "init": ["init", str(book / "deals.csv") if is_out else place, "--yes", "--out", out],
            "simulate": ["simulate", "--deals", "30", "--out", out],
            "review": ["review", given, "--prepare", "--out", out, *log],
            "log export": ["log", "export", "Anna", "--out", out, *log],
            "log rescue": ["log", "rescue", "--out", out, *log],
        }[command]  # fmt: skip

    return arguments


def _place(kind: str, folder: Path) -> Path:
    file, loop, dangling = folder / "a file", folder / "loop", folder / "dangling"
    file.write_bytes(b"text\n")
    loop.symlink_to(loop)
    dangling.symlink_to(folder / "nowhere" / "at all")
    (folder / "linked").symlink_to(file)
    (folder / "empty").mkdir()
    return {
        "file": file, "below a file": file / "out", "device": Path(os.devnull), "full device": Path("/dev/full"),
        "loop": loop, "empty": folder / "empty", "long": folder / ("x" * 300), "dangling": dangling,
        "link to a file": folder / "linked",
    }[kind]  # fmt: skip


def lines() -> Iterator[Case]:
    """Each option and argument of each command with each text."""
    for command, option in OPTIONS:
        for text in WORDS:
            if not (option.endswith(("out", "deals", "teams")) and text in ("9" * 30, DIGITS, "1e9", "..", "/", "~")):
                yield Case(f"{command} {option} {text[:30]!r}", _line(command, option, text))


def _line(command: str, option: str, text: str) -> Callable[[Path, Path], list[str]]:
    def arguments(book: Path, folder: Path) -> list[str]:
        log, out = {"--log": str(folder / "log.sqlite")}, {"--out": str(folder / "out")}
        needs: dict[str, dict[str, str]] = {
            "report": {"book": str(book), "--team": "North", "--period": "2026Q2", "--dry-run": "", **out},
            "check": {"book": str(book)},
            "privacy": {"book": str(book)},
            "simulate": {"--deals": "20", **out},
            "init": {"file": str(book / "deals.csv"), "--yes": "", **out},
            "review": {"book": str(book), "--prepare": "", **out, **log},
            "log keep": {"months": "24", "--yes": "", **log},
            "log export": {"person": "Anna", **log},
            "log forget": {"person": "Anna", "--yes": "", **log},
            "log correct": {"entry": "e1", "text": "better", **log},
            "log rescue": {**out, **log},
            "template check": {"path": "nowhere.ipynb"},
            "nonsense": {},
        }
        given = needs[command] | {option: text}
        if option == "--deal":
            del given["person"]
        parts = [
            [value]
            if not name.startswith("-")
            else [name]
            if name in ("--yes", "--dry-run", "--prepare")
            else [name, value]
            for name, value in given.items()
        ]
        return [*command.split(), *(one for part in parts for one in part)]

    return arguments
