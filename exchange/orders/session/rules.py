"""What a session takes. Pure."""

from typing import Final

from registry.kit.problems import DomainError, Kind
from schemas.orders import CancelInBatch

WINDOW: Final = 4_096
"""Commands of one session that may wait for their answers."""
SESSIONS: Final = 8
"""Sessions that one key may have open at a time in one process."""


class WindowFull(DomainError):
    """More commands wait for their answers than a session takes."""

    kind, slug, title = Kind.LIMITED, "window-full", "Too many commands wait"


class TooManySessions(DomainError):
    """The key has as many sessions open as it may."""

    kind, slug, title = Kind.LIMITED, "too-many-sessions", "Too many order sessions"


class TooMuchMissed(DomainError):
    """More was carried out since the last known answer than one session can have left unanswered."""

    kind, slug, title = Kind.UNPROCESSABLE, "too-much-missed", "Too many answers to send again"


def admit(waiting: int, more: int) -> None:
    """Raise `WindowFull` if so many *more* commands do not fit beside those *waiting*."""
    if waiting + more > WINDOW:
        raise WindowFull(
            f"{waiting:,} commands of this session wait for their answers, and this message has {more:,}: at most "
            f"{WINDOW:,} may wait. None of it was carried out; send it again when some were answered.",
            wanted=waiting + more,
            limit=WINDOW,
        )


def admit_session(opened: int) -> None:
    """Raise `TooManySessions` if a key with so many sessions may not open one more."""
    if opened >= SESSIONS:
        raise TooManySessions(
            f"This key has {opened} order sessions open, and may have {SESSIONS}. Close one, or use another key.",
            wanted=opened + 1,
            limit=SESSIONS,
        )


def admit_missed(found: int, answered_to: int) -> None:
    """Raise `TooMuchMissed` if more than a window was carried out above the last number that was answered."""
    if found > WINDOW:
        raise TooMuchMissed(
            f"More than {WINDOW:,} commands were carried out above client_order_id {answered_to}: begin with a higher "
            "answered_to, or without one and read them at /v1/accounts/ACCOUNT/orders.",
            limit=WINDOW,
        )


def frees(commands: list[object]) -> bool:
    """Whether a message only cancels."""
    return all(isinstance(each, CancelInBatch) for each in commands)
