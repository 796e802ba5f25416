"""How much memory there is, and how much of it a process may take."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

#: where a container's own limit stands, in the second and the first version of control groups
_CONTAINER = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def there() -> int:
    """The memory of this machine in bytes, or that of the container if it may take less."""
    found = [_installed()]
    for path in _CONTAINER:
        with suppress(OSError, ValueError):  # "max" is no number, and no limit
            found.append(int(Path(path).read_text(encoding="ascii")))
    return min(found)


def _installed() -> int:
    if hasattr(os, "sysconf"):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    import psutil

    return int(psutil.virtual_memory().total)


def quarter() -> int:
    """A quarter of it: what reading one file takes at most where nobody says otherwise."""
    return there() // 4


def taken(process: int) -> int:
    """The memory that a process holds, in bytes; 0 for one that has ended."""
    import psutil

    with suppress(psutil.Error):
        return int(psutil.Process(process).memory_info().rss)
    return 0


def bound(more: int) -> None:
    """This process may take so many bytes more than it has; what asks for more fails, at once.

    Only Linux keeps to it. Elsewhere whoever started the process has to watch what it takes.
    """
    if sys.platform != "linux":
        return
    import resource

    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    wanted = pages * resource.getpagesize() + more
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))
