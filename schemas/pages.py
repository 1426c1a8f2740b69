"""Lists in pages: a cursor instead of an offset, so that new rows never shift what was read."""

from typing import Generic, TypeVar

from msgspec import Struct

T = TypeVar("T")

PAGE_LIMIT = 200


class Page(Struct, Generic[T], frozen=True, kw_only=True):
    """Some items in the order that was asked for, and the cursor for the next page, or null after the last."""

    items: tuple[T, ...]
    next: str | None = None
