"""In the process that plays: it works when nothing else does, within limits, and ends with the service."""

import contextlib
import os
import resource
import signal
import threading
from collections.abc import Callable
from multiprocessing import parent_process
from multiprocessing.connection import wait
from typing import Final

STEP_S: Final = 30
"""The longest that one step may take."""
MEMORY_BYTES: Final = 1_500 << 20
"""The most memory that the process may have. A run takes some tens of megabytes."""
_NICE: Final = 10


def begin() -> None:
    """Prepare the process: a Ctrl-C is the service's to hear, and nothing outlives the service."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(_NICE)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None, "a pool started this process"
    wait([parent.sentinel])
    os._exit(0)


def limited(step: Callable[[], object], most_s: float = STEP_S) -> object:
    """Do a step; the process ends where it takes longer than *most_s* or too much memory, and the pool tells so."""
    signal.setitimer(signal.ITIMER_REAL, most_s)
    with contextlib.suppress(ValueError, OSError):  # where a system has no such limit
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, resource.getrlimit(resource.RLIMIT_AS)[1]))
    try:
        return step()
    except MemoryError:
        os._exit(1)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
