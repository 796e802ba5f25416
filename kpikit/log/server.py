"""A log at a PostgreSQL server: reached within seconds or told to be lost, and never waited for without end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from socket import create_connection
from threading import Thread
from typing import Any, TypeVar

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL

from kpikit.errors import UsageError

#: for so many seconds a server may be silent before it is lost: people wait, and are told within five
SILENCE = 3.0
#: how long a writer waits for the others' locks, in milliseconds; and one who writes a whole table anew
BUSY, LONG_BUSY = 2_000, 10_000
Result = TypeVar("Result")


def server(url: URL) -> Engine:
    """An engine for a PostgreSQL database that is told to be lost when it is silent.

    Who waits for another program's lock gives up first, and so does the server with a statement that takes too long:
    what nobody waits for any more is not written after all.

    Raises:
        UsageError: the driver is not installed.
    """
    return _engine(url, SILENCE, {"lock_timeout": BUSY, "statement_timeout": BUSY + 500})


def patient_server(url: URL) -> Engine:
    """The same for work that may take its time; somebody else has to look whether the server still answers.

    Raises:
        UsageError: the driver is not installed.
    """
    return _engine(url, None, {"lock_timeout": LONG_BUSY, "statement_timeout": 0})


def _engine(url: URL, silence: float | None, settings: Mapping[str, int]) -> Engine:
    arguments = {"timeout": silence, "application_name": "kpikit"}
    try:
        engine = create_engine(url, pool_pre_ping=silence is not None, connect_args=arguments)
    except ImportError:
        raise UsageError("log_driver") from None

    @event.listens_for(engine, "do_connect")
    def connect(dialect: Any, _: Any, given: Any, named: Any) -> Any:
        reached = begun(lambda: _reached(dialect, given, named, settings))
        try:
            return reached.result(SILENCE)
        except TimeoutError:
            reached.add_done_callback(_let_go)
            raise

    @event.listens_for(engine, "handle_error")
    def lost(context: Any) -> None:
        if isinstance(context.original_exception, OSError):  # the driver lets silence through as it is
            context.is_disconnect = True

    return engine


def _reached(dialect: Any, given: Any, named: Mapping[str, Any], settings: Mapping[str, int]) -> Any:
    """A new connection; the driver leaves a socket open that never answered, so it gets one of ours."""
    from pg8000 import dbapi

    if named.get("unix_sock"):
        return _settled(dialect.connect(*given, **named), settings)
    address = str(named.get("host", "localhost")), int(named.get("port", 5432))
    socket = create_connection(address, timeout=SILENCE)
    try:
        socket.settimeout(named.get("timeout"))
        return _settled(dbapi.connect(*given, **{**named, "sock": socket}), settings)
    except BaseException:
        socket.close()
        raise


def _let_go(reached: Future[Any]) -> None:
    """Close a connection that came too late."""
    if reached.exception() is None:
        reached.result().close()


def _settled(connection: Any, settings: Mapping[str, int]) -> Any:
    """A new connection that waits no longer than it may, in milliseconds."""
    cursor = connection.cursor()
    for name, value in settings.items():
        cursor.execute(f"SET {name} = {value}")
    cursor.close()
    connection.commit()
    return connection


def begun(work: Callable[[], Result]) -> Future[Result]:
    """Work in a thread of its own, which holds nobody back at the end: what a dead network never answers is let go."""
    done: Future[Result] = Future()

    def go() -> None:
        try:
            done.set_result(work())
        except BaseException as error:
            done.set_exception(error)

    Thread(target=go, daemon=True).start()
    return done
