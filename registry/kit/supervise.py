"""
Keeps the parts that run beside the requests going: one loop that waits out trouble and knows how long it lasts.

A part is a *step* that is run again and again. A step does the work that there is, or waits for some. A step may also
last for hours, such as that of the journal's writer; it then calls `well` as soon as it works.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from registry.kit.problems import DomainError

log = structlog.get_logger()

REPORTED_AFTER_S: Final = 10.0
"""How long a part may fail before `trouble` reports it: most failures are over sooner."""


class Supervisor:
    """
    Runs one part until it is stopped.

    *part* is its name in the log. *what_fails* begins the sentence of `trouble`, such as "The tables do not follow the
    journal". After an error the next step begins *retry_s* later. A `DomainError`, or one of the *expected* errors, is
    a warning in the log; any other error is logged with its trace. An error that repeats is logged once. A *fatal*
    error is neither logged nor waited out: `run` raises it. *stopped* is the event that `stop` sets, if others wait
    for it as well.

    `stop`, `well` and `pause` may be called from within a step.
    """

    def __init__(
        self,
        part: str,
        what_fails: str,
        *,
        retry_s: float,
        expected: tuple[type[Exception], ...] = (),
        fatal: tuple[type[Exception], ...] = (),
        stopped: asyncio.Event | None = None,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._part = part
        self._what_fails = what_fails
        self._retry_s = retry_s
        self._expected: tuple[type[Exception], ...] = (DomainError, *expected)
        self._fatal = fatal
        self._now_s = now_s
        self._stopped = stopped or asyncio.Event()
        self._failing_since_s: float | None = None
        self._logged: type[Exception] | None = None

    async def run(self, step: Callable[[], Awaitable[object]]) -> None:
        """
        Run *step* again and again until `stop`; the step under way is not cut off. Raises *fatal* errors.

        A cancellation ends the step and this loop at once.
        """
        while not self.stopping:
            try:
                await step()
            except self._fatal:
                raise
            except Exception as error:  # noqa: BLE001 - whatever it is, the part goes on; it is logged in `_failed`
                self._failed(error)
                await self.pause(self._retry_s)
            else:
                self.well()

    def stop(self) -> None:
        """End `run` after the step under way, and `pause` at once. A step that waits otherwise has to be woken."""
        self._stopped.set()

    @property
    def stopping(self) -> bool:
        """Whether `stop` was called."""
        return self._stopped.is_set()

    async def pause(self, seconds: float) -> None:
        """Wait for *seconds*, or until `stop`."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopped.wait()

    def well(self) -> None:
        """The part works: what failed before is over. Called after each step that returns."""
        self._failing_since_s = self._logged = None

    @property
    def trouble(self) -> str:
        """What fails and for how long, in one line; empty while the part works and during short failures."""
        if self._failing_since_s is None or (lasts_s := self._now_s() - self._failing_since_s) < REPORTED_AFTER_S:
            return ""
        return f"{self._what_fails}, for {lasts_s:.0f} s now; the log says why (deploy/README.md)."

    def _failed(self, error: Exception) -> None:
        if self._failing_since_s is None:
            self._failing_since_s = self._now_s()
        if type(error) is self._logged:
            return
        self._logged = type(error)
        if isinstance(error, self._expected):
            reason = error.slug if isinstance(error, DomainError) else type(error).__name__
            log.warning("part_postponed", part=self._part, reason=reason)
        else:
            log.error("part_failed", part=self._part, exc_info=error)
