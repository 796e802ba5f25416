"""What stands in the review log: kinds of entries, what each carries, and what the log will not take.

An entry is a frozen value of codes, numbers and the room's own words. Its ``id`` is made by who writes it, so that
writing it again after a failure never writes it twice.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Literal
from uuid import uuid4

from kpikit.errors import KpikitError

Reader = Literal["team", "coach_and_rep"]
READERS = ("team", "coach_and_rep")
#: the most characters that a text, a name and a code may have; a longer one is refused, never cut
LIMITS: Mapping[str, int] = MappingProxyType(
    {
        "text": 20_000, "author": 200, "owner": 200, "deal_id": 500, "session_id": 100, "id": 100, "replaces": 100,
        "about": 100, "book_hash": 100, "code": 100, "unit": 100,
    }
)  # fmt: skip
#: how an agreement can end; only who made it, or whose it is, says so
STATES = ("done", "changed_our_mind", "still_on", "overtaken")
#: what a rep writes before the session: three fields, a request, and what she wants to share
PREPARED = ("not_in_crm", "customer_next", "help", "leave_out", "share_worked", "share_did_not")
#: a deal's place on the agenda: as the coach chose, as the rules have it, or not on it any more
PLACED = ("pinned", "dropped", "free", "off")
#: kinds that say something; as long as there are none of a deal, nobody talked about it
TALK = ("prediction", "learned", "worked", "did_not", "note", "agreement", "ended")
#: what a room predicts of a deal, within so many days
PREDICTED = ("won", "lost", "moves")


@dataclass(frozen=True, slots=True)
class Carries:
    """What an entry of a kind must and may carry, besides session, deal, book, author and reader."""

    must: tuple[str, ...] = ()
    may: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()


#: kind → what it carries. ``due_on`` is the day of the session (opened), of the next one (closed), the day by which
#: (agreement), the day until which (parked). ``text`` of "basis" is what the session's book rested on, as JSON.
KINDS: Mapping[str, Carries] = MappingProxyType(
    {
        "opened": Carries(("session_id", "due_on"), ("text",)),
        "basis": Carries(("session_id", "text")),
        "closed": Carries(("session_id",), ("due_on", "text")),
        "listed": Carries(("session_id", "deal_id", "code"), ("value", "unit", "position")),
        "placed": Carries(("session_id", "deal_id", "code"), ("position",), PLACED),
        "prediction": Carries(("deal_id", "code", "value", "days"), codes=PREDICTED),
        "learned": Carries(("text",)),
        "worked": Carries(("text",)),
        "did_not": Carries(("text",)),
        "note": Carries(("text",)),
        "agreement": Carries(("text",), ("owner", "due_on")),
        "ended": Carries(("about", "code"), ("text",), STATES),
        "parked": Carries(("deal_id", "due_on"), ("text",)),
        "prepared": Carries(("code",), ("text", "owner"), PREPARED),
        "erased": Carries(("code", "value"), ("due_on",), ("keep", "forget")),
    }
)
#: the day that stands where a parking was undone
UNPARKED = date(1970, 1, 1)
#: what nobody signs: a prediction is the deal's, and the agenda is the room's
UNSIGNED = ("prediction", "listed", "placed", "basis", "erased")
_ALWAYS = {"kind", "id", "replaces", "session_id", "deal_id", "book_hash", "author", "seen_by", "written_at"}


def login_name() -> str | None:
    """Who is at this machine, as far as it knows: the author unless somebody else is named."""
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return None


def new_id() -> str:
    """An id that no other entry has."""
    return uuid4().hex


class LogError(KpikitError):
    """The log cannot do this now; ``text`` is what was to be written, so that it can stay on the screen.

    ``text`` is empty where what was to be written had no text, and None where nothing was to be written.
    """

    exit_code = 4

    def __init__(self, code: str, /, *, text: str | None = None, **values: Any) -> None:
        super().__init__(code, **values)
        self.text = text

    def sentence(self, language: str = "en") -> str:
        """What happened; and if something was to be written, that it was not, and where its text is."""
        from kpikit.words import Words

        said = super().sentence(language)
        if self.text is None:
            return said
        return f"{said} {Words(language).say('log.not_saved' if self.text == '' else 'log.text_kept')}"


class ServerLost(LogError):  # noqa: N818 - what it is, as Refused is
    """The server of the log does not answer, or answers no more (exit code 5): nothing is wrong with what was asked."""

    exit_code = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that was said, agreed, predicted, listed or prepared.

    ``text`` is the room's own words, ``code`` what the kind needs one for (a rule, a state, what is predicted),
    ``value`` with ``unit`` its figure. ``days``: within how many days a prediction speaks. ``position``: place on the
    agenda. ``about``: the agreement that ended. ``replaces``: the entry that this one is a new version of.
    ``written_at`` is filled by the log.

    >>> Entry(kind="learned", text="They decide in March.", deal_id="D-1").seen_by
    'team'
    """

    kind: str
    id: str = field(default_factory=new_id)
    replaces: str | None = None
    session_id: str | None = None
    deal_id: str | None = None
    book_hash: str | None = None
    author: str | None = None
    owner: str | None = None
    seen_by: str = "team"
    text: str | None = None
    code: str | None = None
    value: float | None = None
    unit: str | None = None
    days: int | None = None
    position: int | None = None
    due_on: date | None = None
    about: str | None = None
    written_at: datetime | None = None


#: the columns of an entry that a caller gives, in their order
GIVEN = tuple(name.name for name in fields(Entry) if name.name != "written_at")


def checked(entry: Entry) -> Entry:
    """The entry if the log can keep it exactly as it is.

    An author is taken off what nobody signs. Nothing else is changed.

    Raises:
        LogError: something is missing, does not belong, is too long, or has a character that no database keeps.
    """
    carries = KINDS.get(entry.kind)
    if carries is None:
        raise LogError("log_kind", text=entry.text or "", kind=entry.kind, allowed=", ".join(KINDS))
    given = {name for name in GIVEN if getattr(entry, name) is not None}
    missing = [name for name in carries.must if name not in given or getattr(entry, name) == ""]
    if missing:
        raise LogError("log_missing", text=entry.text or "", kind=entry.kind, field=missing[0])
    if odd := sorted(given - _ALWAYS - set(carries.must) - set(carries.may)):
        raise LogError("log_odd", text=entry.text or "", kind=entry.kind, field=odd[0])
    _known(entry, "seen_by", READERS)
    _known(entry, "code", carries.codes)
    _sizes(entry)
    _figures(entry)
    return replace(entry, author=None) if entry.kind in UNSIGNED else entry


def _known(entry: Entry, name: str, allowed: tuple[str, ...]) -> None:
    if allowed and getattr(entry, name) not in allowed:
        value = getattr(entry, name)
        raise LogError("log_value", text=entry.text or "", field=name, value=value, allowed=", ".join(allowed))


def _sizes(entry: Entry) -> None:
    for name, limit in LIMITS.items():
        value = getattr(entry, name)
        if value is None:
            continue
        if len(value) > limit:
            raise LogError("log_too_long", text=entry.text or "", field=name, n=len(value), limit=limit)
        at = next((i for i, letter in enumerate(value) if letter == "\0" or "\ud800" <= letter <= "\udfff"), None)
        if at is not None:
            raise LogError(
                "log_character", text=entry.text or "", field=name, place=at + 1, shown=f"U+{ord(value[at]):04X}"
            )


def _figures(entry: Entry) -> None:
    value = entry.value
    wrong = value is not None and (not math.isfinite(value) or (entry.kind == "prediction" and not 0 <= value <= 1))
    if wrong:
        raise LogError("log_value", text=entry.text or "", field="value", value=str(value), allowed="0 – 1")
    if entry.due_on is not None and type(entry.due_on) is not date:
        raise LogError("log_value", text=entry.text or "", field="due_on", value=str(entry.due_on), allowed="date")
    if entry.days is not None and not 1 <= entry.days <= 36_500:
        raise LogError("log_value", text=entry.text or "", field="days", value=str(entry.days), allowed="1 – 36500")


def same_name(name: str | None) -> str | None:
    """A name as it is compared: capitals, spaces and how accents are coded do not make another person.

    >>> same_name(" Anna  de Vries ") == same_name("anna de vries")
    True
    """
    return " ".join(unicodedata.normalize("NFC", name).casefold().split()) if name else None
