"""Cursor pages over ids, from the oldest on or from the newest back."""

import base64
from collections.abc import Sequence
from typing import Literal, TypeVar

from registry.kit.problems import Invalid
from registry.kit.sql import EitherOrder
from schemas.pages import Page
from schemas.scalars import MAX_INT

T = TypeVar("T")
Order = Literal["oldest", "newest"]
_WORDS = {"oldest": "after", "newest": "before"}
_BEGINS = {"oldest": 0, "newest": MAX_INT + 1}


class Window:
    """The page that was requested: rows after an id, or before one where the newest come first, and how many."""

    def __init__(self, cursor: str | None, limit: int, order: Order = "oldest") -> None:
        """Decode an opaque *cursor*. Raises `Invalid` if it was not made by `page` of a list in this *order*."""
        self.limit = limit
        self.order: Order = order
        self.after = _decode(cursor, order) if cursor else _BEGINS[order]

    @property
    def is_first(self) -> bool:
        """Whether it is the first page."""
        return self.after == _BEGINS[self.order]

    @property
    def args(self) -> tuple[int, int]:
        """For SQL: ``id > $1 order by id limit $2``. The one row beyond the page shows whether there is a next."""
        return self.after, self.limit + 1

    def of(self, statement: EitherOrder) -> str:
        """The text of a list in this order."""
        return statement.newest if self.order == "newest" else statement.oldest

    def page(self, rows: Sequence[tuple[int, T]]) -> Page[T]:
        """Build the page from (id, item) pairs."""
        shown = rows[: self.limit]
        more = len(rows) > self.limit
        following = _encode(shown[-1][0], self.order) if more else None
        return Page(items=tuple(item for _, item in shown), next=following)


def _encode(last: int, order: Order) -> str:
    return base64.urlsafe_b64encode(f"{_WORDS[order]}:{last}".encode()).decode().rstrip("=")


def _decode(cursor: str, order: Order) -> int:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        word, _, last = text.partition(":")
        after = int(last)
    except ValueError:
        word, after = "", 0
    if word != _WORDS[order] or not 0 <= after <= MAX_INT or _encode(after, order) != cursor:
        raise Invalid("This registry issued no such cursor. Omit it to begin at the first page.")
    return after
