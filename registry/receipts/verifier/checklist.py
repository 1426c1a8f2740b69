"""The list of checks that were made, in order, ending at the first failure."""

from collections.abc import Iterator
from contextlib import contextmanager

from registry.transparency.format.text import BadSignature, Malformed
from registry.transparency.format.tree import ProofMismatch
from schemas.receipts import Check, Outcome


class Stopped(Exception):
    """A check failed and is on the list; what comes after would rest on it."""


class Checklist:
    """Collects checks; *about* goes before each name, for the bundle inside the bundle."""

    def __init__(self) -> None:
        self.checks: list[Check] = []
        self.about = ""

    def ok(self, name: str, detail: str) -> None:
        """Put down a check that held."""
        self._add("ok", name, detail)

    def note(self, name: str, detail: str) -> None:
        """Put down something to know that fails nothing by itself."""
        self._add("note", name, detail)

    def require(self, held: object, name: str, otherwise: str) -> None:
        """Go on when *held*; else put down the failure and raise `Stopped`."""
        if not held:
            self._add("failed", name, otherwise)
            raise Stopped

    @contextmanager
    def checking(self, name: str) -> Iterator[None]:
        """Turn what the formats raise into a failure of the check *name*."""
        try:
            yield
        except (Malformed, BadSignature, ProofMismatch) as error:
            self._add("failed", name, str(error))
            raise Stopped from error

    @contextmanager
    def inside(self, about: str) -> Iterator[None]:
        """Name the checks of a bundle inside the bundle."""
        before, self.about = self.about, f"{about}: "
        try:
            yield
        finally:
            self.about = before

    def _add(self, outcome: Outcome, name: str, detail: str) -> None:
        self.checks.append(Check(outcome=outcome, name=self.about + name, detail=detail))
