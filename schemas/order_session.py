"""What is said on a WebSocket order session: by its client, and by the exchange."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from schemas.orders import BATCH_LIMIT, AmendInBatch, CancelInBatch, CommandAnswer, PlaceInBatch, Refusal
from schemas.scalars import MAX_INT, Id


class OpenOrderSession(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do", tag="open"):
    """
    The first message: whose orders follow. *key* may be left out where the Authorization header had it.

    With *answered_to*, the highest client_order_id whose answer arrived, later ones are answered again first.
    """

    account_id: Id
    key: Annotated[str, Meta(max_length=200)] | None = None
    cancel_on_disconnect: Annotated[bool, Meta(description="Cancel what was placed here when the session ends")] = False
    answered_to: Annotated[int, Meta(ge=0, le=MAX_INT)] | None = None


class AskStill(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do", tag="ping"):
    """Whether the other end is there; it keeps a session open on which nothing happens."""


SessionCommand = PlaceInBatch | CancelInBatch | AmendInBatch
SessionFrame = (
    OpenOrderSession
    | AskStill
    | PlaceInBatch
    | CancelInBatch
    | AmendInBatch
    | Annotated[list[SessionCommand], Meta(min_length=1, max_length=BATCH_LIMIT)]
)
"""One message of a client: a command as in a batch, or up to 1,000 of them in an array."""


class OrderSessionOpened(Struct, frozen=True, kw_only=True, tag_field="is", tag="opened"):
    """Commands are taken: at most *window* may wait for their answers, in messages of at most *message_bytes*."""

    account_id: Id
    window: int
    message_bytes: int
    idle_s: int
    last_client_order_id: int
    cancel_on_disconnect: bool


class SessionAnswers(Struct, frozen=True, kw_only=True, tag_field="is", tag="answers"):
    """
    What commands came to, in their order, after the journal had them; one message for each of its groups.

    *again*: they were carried out before this session began, and are answered as they stand now.
    """

    answers: tuple[CommandAnswer, ...]
    again: bool = False


class FrameRefused(Struct, frozen=True, kw_only=True, tag_field="is", tag="refused"):
    """Nothing of the client's message number *message* was carried out; the session goes on."""

    message: Annotated[int, Meta(ge=1, description="Counted from 1, the opening one")]
    refusal: Refusal
    client_order_ids: tuple[int | None, ...] = ()


class Still(Struct, frozen=True, kw_only=True, tag_field="is", tag="pong"):
    """The session is open; *waiting* commands have no answer yet."""

    waiting: int


class SessionEnded(Struct, frozen=True, kw_only=True, tag_field="is", tag="ended"):
    """
    Why the session ends; the connection closes next.

    *answered_to* is the highest client_order_id that was answered in it, to begin the next one with.
    """

    because: Literal["stopping", "refused", "idle"]
    refusal: Refusal
    answered_to: int


SessionMessage = OrderSessionOpened | SessionAnswers | FrameRefused | Still | SessionEnded
"""One message of the exchange."""
