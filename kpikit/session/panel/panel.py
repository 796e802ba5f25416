"""The panel: a book, a log and where the room is. It hears what people do, writes to the log, and says what to show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from datetime import date, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import polars as pl

from kpikit.book import DealBook
from kpikit.errors import UsageError
from kpikit.files import user_folder
from kpikit.log.entries import Entry, LogError, ServerLost
from kpikit.log.log import Log
from kpikit.review.listing.choices import Choices
from kpikit.review.questions import Questions
from kpikit.review.session_basis import as_text
from kpikit.session.agenda_log import arranged, changes, listing
from kpikit.session.error_report import details, sentence
from kpikit.session.lookups import WIDTHS, Desk, clock, session_day
from kpikit.session.minutes import minutes
from kpikit.session.panel import state as on
from kpikit.session.panel.state import Ack, State
from kpikit.session.panel.view import Screen, tree
from kpikit.words import Words

#: until when something is agreed or parked, where nobody says: two weeks
AHEAD = timedelta(days=14)
Said = Mapping[str, Any]


class Panel:
    """The panel's brain; :meth:`view` is what the screen shows, :meth:`handle` hears what was done there."""

    def __init__(self, desk: Desk, papers: str | None) -> None:
        self.desk, self.papers = desk, papers
        self.book, self.log, self.words = desk.book, desk.log, desk.words
        self.zone = ZoneInfo(desk.book.settings.time_zone)
        self.session_id = _running(desk) or f"{desk.day:%Y%m%d}-{uuid4().hex[:12]}"
        self.state = State(author=desk.log.author or "", choices=arranged(desk.log, self.session_id))
        self.trouble: BaseException | None = None
        self.shown: Screen | None = None
        self.minutes: tuple[str, ...] = ()

    # --- hearing ------------------------------------------------------------------------------------------------------

    def handle(self, said: Said) -> None:
        """Do what was asked; what fails is said on the screen, and nothing that was typed is lost."""
        act = _ACTS.get(str(said.get("do")))
        if act is None:
            return
        try:
            act(self, said)
        except Exception as error:
            self.trouble = error
            if isinstance(error, LogError) and error.text is None and said.get("do") == "write":
                error.text = str(said["values"].get("text", ""))  # it failed before the log was told what to write
            if sent := said.get("id"):
                self.state = on.acknowledged(self.state, str(sent), Ack(failed=sentence(error, self.words)))
            if sent and said.get("do") == "write":
                self.state = on.unsaved(self.state, str(sent), said)
        else:
            if said.get("do") != "tick":
                self.trouble = None

    def _write(self, said: Said) -> None:
        """Something was said about a deal: into the log, before anything else."""
        sent, values = str(said["id"]), {k: v for k, v in said["values"].items() if str(v).strip()}
        entry = Entry(
            kind=said["saying"],
            id=sent,
            deal_id=said.get("deal"),
            seen_by=values.get("seen_by", self.state.reader),
            text=values.get("text"),
            owner=values.get("owner", "").strip() or None,
            due_on=date.fromisoformat(values["due_on"]) if "due_on" in values else None,
            code=values.get("code"),
            days=int(values["days"]) if "days" in values else None,
            value=float(values["value"].replace(",", ".")) / 100 if "value" in values else None,
        )
        if old := said.get("entry"):
            entry = replace(entry, replaces=self._version(str(old), sent))
        kept = self._keep(entry)
        self.state = on.acknowledged(self.state, sent, Ack(saved=self._time(kept)))
        if entry.code == "leave_out":
            self._begin(None)
        if said["saying"] == self.state.saying and said.get("deal") == self.state.deal:
            self.state = on.say(self.state, on.after(self.state.saying))

    def _keep(self, entry: Entry) -> Entry:
        """An entry of this session, by whoever writes; the first one opens the session in the log."""
        self._begin(entry.text)
        return self.log.write(self._of_session(entry))

    def _of_session(self, entry: Entry) -> Entry:
        author = self.state.author or None
        return replace(entry, session_id=self.session_id, book_hash=self.book.hash or None, author=author)

    def _begin(self, text: str | None) -> None:
        """The session and its agenda, as it stands: what rules and lot chose can be compared later."""
        rows = listing(self.log, self.session_id, self._on_agenda())
        if not self.log.entries(kind="opened", session_id=self.session_id).height:
            rests_on = as_text(self.desk.whole)
            if rests_on is not None:
                rows = [Entry(kind="basis", id=f"{self.session_id}-basis", text=rests_on), *rows]
            rows = [Entry(kind="opened", id=f"{self.session_id}-opened", due_on=self.desk.day), *rows]
        self._write_all(rows, text)

    def _write_all(self, entries: list[Entry], text: str | None) -> None:
        """Entries of this session, all or none; what fails keeps the text that somebody was about to save."""
        try:
            self.log.write_all([self._of_session(entry) for entry in entries])
        except LogError as error:
            error.text = text or ""
            raise

    def _on_agenda(self) -> pl.DataFrame:
        return self.desk.listed(self.state.choices).filter(pl.col("status") == "ok")

    def _version(self, entry_id: str, sent: str) -> str:
        """The version that a better wording replaces; that before it, when the wording is there already."""
        ids = self.log.history(entry_id, reader="coach_and_rep")["id"].to_list()
        if not ids:
            raise LogError("log_no_entry", entry=entry_id)
        return ids[ids.index(sent) - 1] if sent in ids else ids[-1]

    def _end(self, said: Said) -> None:
        """How an agreement ended, by the one who made it or who was to do it."""
        self._begin(None)
        self.log.end(str(said["agreement"]), str(said["state"]), author=self.state.author, session_id=self.session_id)

    def _pin(self, said: Said) -> None:
        self._choose(on.pin(self.state, str(said["deal"])))

    def _drop(self, said: Said) -> None:
        self._choose(on.drop(self.state, str(said["deal"])))

    def _move(self, said: Said) -> None:
        listed = self._on_agenda()["deal_id"].to_list()
        self._choose(on.move(self.state, str(said["deal"]), int(said["by"]), listed))

    def _park(self, said: Said) -> None:
        """Parking is said in the log: the deal stays away from later agendas too."""
        deal, until = str(said["deal"]), date.fromisoformat(str(said["value"]))
        if until <= self.desk.day:
            raise UsageError("park_past", day=self.desk.day)
        self._choose(on.park(self.state, deal, until))

    def _undo(self, said: Said) -> None:  # noqa: ARG002 - nothing more to know
        """One step back; a parking that is undone never was."""
        self._choose(on.undo(self.state))

    def _choose(self, state: State) -> None:
        """Another agenda: first in the log, for a screen that is opened again, then on this one."""
        self._begin(None)
        self._write_all(changes(self.log, self.session_id, state.choices), None)
        self.state = state
        self._begin(None)

    def _close(self, said: Said) -> None:
        """The session is over: the log knows, and the minutes are written."""
        next_on = str(said["values"].get("next_on", ""))
        closed = Entry(kind="closed", id=str(said["id"]), due_on=date.fromisoformat(next_on) if next_on else None)
        self._keep(closed)
        paths = minutes(self.book, self.log, self.session_id, self.papers or user_folder("documents"), self.words)
        self.minutes = tuple(str(path) for path in paths)
        self.state = replace(self.state, place="closed", is_closing=False)

    # --- showing ------------------------------------------------------------------------------------------------------

    def view(self) -> dict[str, Any]:
        """The screen as plain values: its tree, and the answers to what was sent."""
        try:
            self.shown = self._screen()
            drawn = tree(self.shown, self.words)
        except ServerLost as error:
            drawn = tree(self._as_it_was(error), self.words)
        except Exception as error:
            self.trouble = error
            self.state = replace(self.state, deal=None)
            drawn = tree(self._screen(), self.words)
        state = self.state
        acks = {sent: asdict(ack) for sent, ack in state.acks.items()}
        asks = f"{state.deal}/{state.saying}/{state.editing}"
        return {"tree": drawn, "acks": acks, "shown": f"{state.place}/{state.deal or ''}", "asks": asks}

    def _as_it_was(self, error: ServerLost) -> Screen:
        """The screen as it was looked up last, while the log's server is lost: what is typed there stays typed."""
        if self.shown is None:
            raise error
        self.trouble, was = error, self.shown.state
        self.state = replace(self.state, place=was.place, deal=was.deal, side=was.side, saying=was.saying)
        return replace(self.shown, state=self.state, failed=(sentence(error, self.words), details(error)))

    def _screen(self) -> Screen:
        """What the tree needs, looked up."""
        state, desk = self.state, self.desk
        screen = Screen(
            state=state,
            as_of=self.book.as_of.astimezone(self.zone),
            until=desk.day + AHEAD,
            failed=None if self.trouble is None else (sentence(self.trouble, self.words), details(self.trouble)),
            notices=tuple(notice.sentence(self.words.language) for notice in self.log.notices),
        )
        if state.place == "opening":
            said = tuple(notice.in_words(self.words) for notice in desk.notices())
            found = desk.opening(state.reader, self.session_id)
            return replace(screen, opening=found, notices=(*screen.notices, *said))
        if state.place == "learning":
            return replace(screen, learning=desk.learning())
        if state.place != "deals":
            return replace(screen, minutes=self.minutes)
        screen = replace(screen, deals=desk.deals, listed=desk.listed(state.choices))
        if state.deal is None:
            return screen
        found = desk.story(state.deal, state.reader)
        said = self.log.entries(deal_id=state.deal, reader=state.reader)  # type: ignore[arg-type]
        return replace(
            screen, story=found, pictures=desk.pictures(found, WIDTHS[state.side]), told=desk.told(found), said=said
        )

    def _time(self, entry: Entry) -> str:
        """When something was saved, on the room's clock."""
        return entry.written_at.astimezone(self.zone).strftime("%H:%M") if entry.written_at else ""


def opened(
    book: DealBook, log: Log, words: Words, *, length: int, papers: str | None, questions: Questions | None,
    whole: DealBook | None = None,
) -> Panel:  # fmt: skip
    """A panel for today, as the log's own clock has it; ``whole`` is the book that ``book`` is a team's part of."""
    day = session_day(book, clock(log, book.settings.time_zone))
    desk = Desk(book, log, words, day, length, questions, whole)
    for first in desk.listed(Choices())["deal_id"].drop_nulls().head(1):
        desk.pictures(desk.story(first, "team"), WIDTHS["agenda"])  # wakes what draws, while nobody waits
    return Panel(desk, papers)


def _running(desk: Desk) -> str | None:
    """This day's session on this book, if it was begun and not closed: a restarted kernel goes on with it."""
    opened = desk.log.entries(kind="opened").filter(pl.col("due_on") == desk.day)
    closed = desk.log.entries(kind="closed")["session_id"].to_list()
    mine = opened.filter(
        pl.col("book_hash").eq_missing(pl.lit(desk.book.hash or None, pl.String)) & ~pl.col("session_id").is_in(closed)
    )
    return mine["session_id"][-1] if mine.height else None


def _changed(change: Callable[..., State], *names: str) -> Callable[[Panel, Said], None]:
    """An act that only moves the room: a transition of the state, with these values of what was said."""

    def act(panel: Panel, said: Said) -> None:
        panel.state = change(panel.state, *(str(said.get(name, "")) for name in names))

    return act


_ACTS: Mapping[str, Callable[[Panel, Said], None]] = {
    "tick": lambda panel, said: None,  # noqa: ARG005 - looks again, and no more
    "refresh": lambda panel, said: None,  # noqa: ARG005
    "go": _changed(on.go, "place"),
    "look": _changed(on.look, "side"),
    "select": _changed(on.select, "deal"),
    "say": _changed(on.say, "saying"),
    "edit": _changed(on.edit, "entry", "saying"),
    "filter": _changed(on.filtered, "value"),
    "sort": _changed(on.sorted_by, "by"),
    "reader": _changed(on.shown_to, "value"),
    "author": _changed(on.written_by, "value"),
    "let_go": _changed(on.let_go, "sent"),
    "write": Panel._write,
    "end": Panel._end,
    "pin": Panel._pin,
    "drop": Panel._drop,
    "move": Panel._move,
    "park": Panel._park,
    "undo": Panel._undo,
    "closing": lambda panel, said: setattr(panel, "state", on.closing(panel.state)),  # noqa: ARG005
    "close": Panel._close,
}
