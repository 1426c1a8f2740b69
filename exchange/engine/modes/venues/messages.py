"""The commands and events of venues' rules; their refusals are in `exchange.engine.venue`."""

from msgspec import Struct


class SetVenue(Struct, array_like=True, gc=False, frozen=True, tag=53):
    """
    Trade an instrument by the rules of a venue.

    Only *modes* are open, the bits of `exchange.engine.venue`; an order has at most *largest* tonnes, 0 for no limit.
    With *locks*, what an account bought and was delivered cannot be sold until `ReleaseBought`. *preset* is the number
    by which people find the rules.
    """

    instruction: int
    instrument: int
    preset: int
    modes: int
    largest: int
    locks: bool


class SetLimits(Struct, array_like=True, gc=False, frozen=True, tag=54):
    """
    Bound what buyers of one *role* may order at once and hold, in tonnes; 0 for no limit.

    Those of `UNKNOWN_ROLE` are for every buyer whose role has none of its own.
    """

    instruction: int
    instrument: int
    role: int
    largest: int
    most: int


class SetGroup(Struct, array_like=True, gc=False, frozen=True, tag=55):
    """
    Say who owns an account: its beneficial owner's *group*, and what role that one has.

    Orders in books and listings follow. What meets an order of the new owner there, and everything else that the
    account has open, was agreed on under another owner, and is closed in steps.
    """

    instruction: int
    account: int
    group: int
    role: int


class ReleaseBought(Struct, array_like=True, gc=False, frozen=True, tag=56):
    """
    A new day: what was bought of an instrument until it began, delivered or not, may be sold.

    *last* is the number of the last trade before, which may be long ago; -1 where that is the last one of all. Trades
    are told apart from the first such number on.
    """

    instruction: int
    instrument: int
    last: int = -1


class VenueSet(Struct, array_like=True, gc=False, frozen=True, tag=53):
    """The rules of the venue by which an instrument trades."""

    instruction: int
    instrument: int
    preset: int
    modes: int
    largest: int
    locks: bool


class LimitsSet(Struct, array_like=True, gc=False, frozen=True, tag=54):
    """What buyers of a role may order at once and hold."""

    instruction: int
    instrument: int
    role: int
    largest: int
    most: int


class GroupSet(Struct, array_like=True, gc=False, frozen=True, tag=55):
    """An account is of this beneficial owner and role; what does not follow is closed next."""

    instruction: int
    account: int
    group: int
    role: int


class BoughtReleased(Struct, array_like=True, gc=False, frozen=True, tag=56):
    """What was bought of an instrument before this day may be sold."""

    instruction: int
    instrument: int
