"""One request of the table of all operations."""

from typing import Any, NamedTuple


class Request(NamedTuple):
    """
    One request and the status of its success.

    *senders* are the keys that may send it, if not those of every permitted role at `HOME`; the first of them succeeds.
    """

    method: str
    path: str
    body: Any = None
    status: int = 0
    senders: tuple[tuple[str, str], ...] = ()


def read(path: str, status: int = 200) -> Request:
    """A GET."""
    return Request("GET", path, None, status)


def write(path: str, body: Any = None, *senders: tuple[str, str]) -> Request:
    """A POST."""
    return Request("POST", path, body, 201, senders)
