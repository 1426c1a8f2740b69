"""
How long something took, without the time in which there were more tasks than processors.

Bounds on time prove that nothing waits for a poll or a timeout. Beside a second run of the tests everything takes as
long as the other one lets it, so that time is taken off, as far as the kernel says how much it was (Linux, PSI).
"""

import time
from pathlib import Path

_PRESSURE = Path("/proc/pressure/cpu")


class Stopwatch:
    """Runs from when it is made."""

    def __init__(self) -> None:
        self._begun_s, self._short_s = time.monotonic(), _short_s()

    def took_s(self) -> float:
        """Seconds so far, but for those in which something waited for a processor."""
        return max(0.0, time.monotonic() - self._begun_s - (_short_s() - self._short_s))


def _short_s() -> float:
    """Seconds since the machine started in which some task waited for a processor; 0 where nobody counts them."""
    try:
        some = _PRESSURE.read_text("ascii").splitlines()[0]
    except OSError:
        return 0.0
    return int(some.rpartition("total=")[2]) / 1e6
