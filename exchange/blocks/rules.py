"""What the commands of blocks are about, how their refusals read, and a block as its parties see it. Pure."""

from operator import attrgetter
from typing import Any, Final

from exchange.engine.modes.blocks import messages as m
from exchange.engine.modes.blocks.messages import BlockReason
from exchange.journal.refusals import Wording, Wordings
from exchange.projections.replies import About, AboutTable
from registry.kit.problems import DomainError, Kind

_block: Final = attrgetter("block")
COMMANDS: Final[AboutTable] = {
    m.ProposeBlock: About(),
    m.AcceptBlock: About(_block, noun="block"),
    m.DeclineBlock: About(_block, makes=False, noun="block"),
}
REFUSALS: Final[Wordings] = {
    BlockReason.BELOW_LEAST: Wording(
        Kind.UNPROCESSABLE,
        "block-too-small",
        "Too small for a block",
        "A block of this instrument has {limit:,} t or more; this one has {wanted:,} t. Trade less in the book.",
    ),
    BlockReason.NO_COUNTERPARTY: Wording(
        Kind.CONFLICT,
        "no-counterparty",
        "The other account does not trade",
        "Account {wanted} has nothing on the exchange, so it cannot answer. See that the number is right.",
        amounts=False,
    ),
    BlockReason.OWN_BLOCK: Wording(
        Kind.CONFLICT,
        "own-block",
        "Both accounts are one owner's",
        "Account {wanted} belongs to the same beneficial owner. Transfer the tonnes in the registry.",
        amounts=False,
    ),
    BlockReason.NO_BAND: Wording(
        Kind.UNPROCESSABLE,
        "no-band",
        "Not a band",
        "band_bps {wanted} is not between 0 and {limit}.",
    ),
}


class ExpiresAtOnce(DomainError):
    """The time until which something stands has passed, by business time."""

    kind, slug, title = Kind.UNPROCESSABLE, "block-expires-at-once", "The block's time is over"


def state_of(row: Any) -> str:  # noqa: ANN401 - a row with open_t and traded_t
    """Whether a block waits for its answer, was traded, or has ended otherwise."""
    return "proposed" if row["open_t"] else "traded" if row["traded_t"] else "ended"
