"""What a search finds: things that anybody may see, of every kind."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

FoundKind = Literal[
    "project",
    "organisation",
    "issuance",
    "retirement",
    "cancellation",
    "claim",
    "report",
    "statement",
    "event",
    "receipt",
]


class Found(Struct, frozen=True, kw_only=True):
    """
    One thing that fits the words: *kind* and *id* say which it is, as in the path under which the API has it.

    *exact* is true if the words are its code, its receipt, its identifier or its number, and so can mean nothing else.
    """

    kind: FoundKind
    id: str
    title: str
    about: Annotated[str, Meta(description="Whose it is, or where")] = ""
    state: str = ""
    exact: bool = False
    serial: Annotated[str | None, Meta(description="The serial that was looked for")] = None
