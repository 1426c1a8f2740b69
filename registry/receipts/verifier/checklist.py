"""The list of checks that were made, in order, ending at the first failure."""

from collections.abc import Iterator
from contextlib import contextmanager

from registry.transparency.format.text import BadSignature, Malformed
from registry.transparency.format.tree import ProofMismatch
from schemas.verdicts import Check, Outcome


class Stopped(Exception):
    """A check failed and is on the list; the checks after it would depend on it."""


class Checklist:
    """Collects checks; *about* goes before each name, for the bundle inside the bundle."""

    def __init__(self) -> None:
        self.checks: list[Check] = []
        self.about = ""

    def ok(self, name: str, detail: str) -> None:
        """Record a check that held."""
        self._add("ok", name, detail)

    def note(self, name: str, detail: str) -> None:
        """Record a remark that fails nothing by itself."""
        self._add("note", name, detail)

    def require(self, held: object, name: str, otherwise: str) -> None:
        """Record a check; if it did not hold, raise `Stopped`."""
        if not held:
            self._add("failed", name, otherwise)
            raise Stopped

    def checking(self, name: str) -> "_Checking":
        """Record an error of the formats as a failure of the check *name*."""
        return _Checking(self, name)

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


class _Checking:
    """Entered a dozen times for each receipt, so it is no generator."""

    __slots__ = ("_checks", "_name")

    def __init__(self, checks: Checklist, name: str) -> None:
        self._checks = checks
        self._name = name

    def __enter__(self) -> None:
        return None

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, (Malformed, BadSignature, ProofMismatch)):
            self._checks.require(None, self._name, str(error))
