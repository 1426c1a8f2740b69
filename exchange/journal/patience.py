"""How long a part of the exchange may fail before somebody is told."""

import time
from collections.abc import Callable
from typing import Final

TOLD_AFTER_S: Final = 10.0


class Patience:
    """
    Whether a part that runs beside the requests does its work.

    Each part tries again for ever, so that it heals by itself; *trouble* is for those who watch.
    """

    def __init__(self, what: str, *, now_s: Callable[[], float] = time.monotonic) -> None:
        self._what = what
        self._now_s = now_s
        self._since_s: float | None = None

    def failed(self) -> bool:
        """One more attempt failed; answers whether it is the first since the last success."""
        if first := self._since_s is None:
            self._since_s = self._now_s()
        return first

    def well(self) -> None:
        """An attempt succeeded."""
        self._since_s = None

    @property
    def trouble(self) -> str:
        """What fails and since when, in one line, or nothing."""
        if self._since_s is None or (lasts_s := self._now_s() - self._since_s) < TOLD_AFTER_S:
            return ""
        return f"{self._what}, for {lasts_s:.0f} s now; the log says why (deploy/RUNNING.md)."
