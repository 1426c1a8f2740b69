"""The commands, events and refusals of blocks."""

from enum import IntEnum

from msgspec import Struct


class BlockReason(IntEnum):
    """Why a command of blocks was refused."""

    BELOW_LEAST = 400
    NO_COUNTERPARTY = 401
    OWN_BLOCK = 402
    NO_BAND = 403


class SetBlockTerms(Struct, array_like=True, gc=False, frozen=True, tag=35):
    """
    From now on a block of an instrument has at least *least* tonnes.

    Its price lies within *band_bps* ten-thousandths of *reference* fen; without any, in the band of the book. What was
    proposed before is judged by this when it is accepted.
    """

    instruction: int
    instrument: int
    least: int
    reference: int
    band_bps: int


class ProposeBlock(Struct, array_like=True, gc=False, frozen=True, tag=36):
    """Offer to buy or sell a block, whole, to one other account, until *expires*, in seconds of business time."""

    account: int
    instrument: int
    counterparty: int
    side: int
    price: int
    quantity: int
    expires: int
    client_order_id: int


class AcceptBlock(Struct, array_like=True, gc=False, frozen=True, tag=37):
    """Agree to a block that was proposed to this account."""

    account: int
    block: int
    client_order_id: int


class DeclineBlock(Struct, array_like=True, gc=False, frozen=True, tag=38):
    """Say no to a block that was proposed to this account."""

    account: int
    block: int
    client_order_id: int


class LapseBlocks(Struct, array_like=True, gc=False, frozen=True, tag=39):
    """Business time is *until*: what was proposed no longer than that lapses."""

    instruction: int
    until: int


class BlockTermsSet(Struct, array_like=True, gc=False, frozen=True, tag=35):
    """The terms of an instrument's blocks."""

    instruction: int
    instrument: int
    least: int
    reference: int
    band_bps: int


class BlockProposed(Struct, array_like=True, gc=False, frozen=True, tag=36):
    """A block is proposed, under the number of its command; the proposer's money or tonnes are locked."""

    order: int
    account: int
    instrument: int
    side: int
    price: int
    quantity: int
    client_order_id: int
    counterparty: int
    expires: int


class BlockAccepted(Struct, array_like=True, gc=False, frozen=True, tag=37):
    """The other account agrees; what it gives is locked, and traded at once."""

    order: int
    account: int
    instrument: int
    side: int
    price: int
    quantity: int
    client_order_id: int
    block: int


class BlocksLapsed(Struct, array_like=True, gc=False, frozen=True, tag=39):
    """What was proposed until *until* or before is closed next."""

    instruction: int
    until: int
