"""
How long a session lasts, and what a list calls the browser that has it. Pure.

A session is a key of the person, made with the passkey or the program's key that opened it, and as confirmed as that.
Its secret is in the browser's cookie and changes as it is used; the session stays the same.
"""

from datetime import datetime, timedelta
from typing import Final

from registry.kit.problems import DomainError, Kind

LASTS: Final = timedelta(days=7)
"""However much it is used."""
IDLE: Final = timedelta(hours=12)
"""Unused for so long, it is over."""
ROTATED_AFTER: Final = timedelta(hours=1)
SESSIONS_OF_A_PERSON: Final = 10
"""One more ends the oldest."""

_BROWSERS: Final = (
    ("MicroMessenger/", "WeChat"),
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("HarmonyOS", "HarmonyOS"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


class NoSession(DomainError):
    """The key in use is no session, so that there is none to end."""

    kind, slug, title = Kind.CONFLICT, "no-session", "Not signed in with a browser"


class KeyIsOver(DomainError):
    """The key with which somebody signs in has ended."""

    kind, slug, title = Kind.DENIED, "key-is-over", "This passkey or key has ended"


def device_of(user_agent: str) -> str:
    """Browser and system in words that its owner recognises: ``Chrome, Android``. Nothing of it is relied on."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    return ", ".join(filter(None, (browser, system))) or "Unknown browser"


def is_idle(used_at: datetime, now: datetime) -> bool:
    """Whether a session that was used last at *used_at* is over."""
    return now - used_at >= IDLE


def is_due(rotated_at: datetime, now: datetime) -> bool:
    """Whether the secret of a session in use is to be replaced."""
    return now - rotated_at >= ROTATED_AFTER
