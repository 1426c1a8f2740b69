"""Cursor pages over ascending ids."""

import base64
from collections.abc import Sequence
from typing import TypeVar

from registry.kit.problems import Invalid
from schemas.pages import Page
from schemas.scalars import MAX_INT

T = TypeVar("T")


class Window:
    """The page that was requested: rows after an id, and how many."""

    def __init__(self, cursor: str | None, limit: int) -> None:
        """Decode an opaque *cursor*. Raises `Invalid` if it was not made by `page`."""
        self.limit = limit
        self.after = _decode(cursor) if cursor else 0

    @property
    def args(self) -> tuple[int, int]:
        """For SQL: ``id > $1 order by id limit $2``. The one row beyond the page shows whether there is a next."""
        return self.after, self.limit + 1

    def page(self, rows: Sequence[tuple[int, T]]) -> Page[T]:
        """Build the page from (id, item) pairs."""
        shown = rows[: self.limit]
        more = len(rows) > self.limit
        return Page(items=tuple(item for _, item in shown), next=_encode(shown[-1][0]) if more else None)


def _encode(last: int) -> str:
    return base64.urlsafe_b64encode(f"after:{last}".encode()).decode().rstrip("=")


def _decode(cursor: str) -> int:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        word, _, last = text.partition(":")
        after = int(last)
    except ValueError:
        word, after = "", 0
    if word != "after" or not 0 <= after <= MAX_INT or _encode(after) != cursor:
        raise Invalid("This registry issued no such cursor. Omit it to begin at the first page.")
    return after
