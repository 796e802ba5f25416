"""Work on a server's log that may take its time: as long as the server answers others, it is waited for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from kpikit.log.server import begun

if TYPE_CHECKING:
    from kpikit.log.log import Log

Result = TypeVar("Result")
#: seconds between two looks
_STEP = 0.5


def watched(log: Log, work: Callable[[Log], Result]) -> Result:
    """Do work on a log; in a file at once, at a server while somebody looks whether it still answers.

    Raises:
        ServerLost: the server answers no more; whether the work was finished nobody knows.
    """
    if not log.is_at_server:
        return work(log)
    patient = log.patient()
    done = begun(lambda: work(patient))
    done.add_done_callback(lambda _: patient.close())
    while not done.done():
        try:
            return done.result(_STEP)
        except TimeoutError:
            if not done.done():
                log.clock()
    return done.result()
