"""How commands about venues' rules and about owners are carried out."""

from typing import Final

from exchange.engine.accounts import OpenOrder, TradingAccount
from exchange.engine.book import Level
from exchange.engine.cancelling import Clearing, clear_some
from exchange.engine.events import Cause, Event, InstructionRefused, Reason
from exchange.engine.market import Market, given_before
from exchange.engine.modes import EngineMode
from exchange.engine.modes.listings import Listings
from exchange.engine.modes.venues.messages import (
    BoughtReleased,
    GroupSet,
    LimitsSet,
    ReleaseBought,
    SetGroup,
    SetLimits,
    SetVenue,
    VenueSet,
)
from exchange.engine.modes.venues.state import Venues, venues
from exchange.engine.opening import instructed
from exchange.engine.venue import EVERY_MODE, INSTITUTION, UNKNOWN_ROLE, Venue, VenueReason
from schemas.scalars import MAX_QUANTITY_T


def set_venue(market: Market, command: SetVenue) -> list[Event]:
    """Trade by the rules of a venue; of an earlier one, limits go, and what was bought today stays."""
    instrument = instructed(market, command)
    if isinstance(instrument, InstructionRefused):
        return [instrument]
    if not 0 < command.modes <= EVERY_MODE:
        return [InstructionRefused(command.instruction, 0, VenueReason.NO_MODE, command.modes, EVERY_MODE)]
    if not 0 <= command.largest <= MAX_QUANTITY_T:
        return [InstructionRefused(command.instruction, 0, Reason.TOO_LARGE, command.largest, MAX_QUANTITY_T)]
    if command.locks and instrument.basket is not None:  # its assets are what is bought
        return [InstructionRefused(command.instruction, 0, VenueReason.BASKET_LOCKS, instrument.id, 0)]
    venue = Venue(command.preset, command.modes, command.largest, locks=command.locks)
    if (before := instrument.venue) is not None:
        venue.fresh, venue.bought, venue.released = before.fresh, before.bought, before.released
    else:
        venue.released = market.trades
    venues(market).rule(market, instrument, venue)
    said = (instrument.id, command.preset, command.modes, command.largest, command.locks)
    return [VenueSet(command.instruction, *said)]


def set_limits(market: Market, command: SetLimits) -> list[Event]:
    """Bound what buyers of one role may order and hold; what they have and what is open stays."""
    instrument = instructed(market, command)
    if isinstance(instrument, InstructionRefused):
        return [instrument]
    role, number = command.role, command.instruction
    if instrument.venue is None:
        return [InstructionRefused(number, 0, VenueReason.NO_VENUE, instrument.id, 0)]
    if not UNKNOWN_ROLE <= role <= INSTITUTION:
        return [InstructionRefused(number, 0, VenueReason.NO_ROLE, role, INSTITUTION)]
    for tonnes in (command.largest, command.most):
        if not 0 <= tonnes <= MAX_QUANTITY_T:
            return [InstructionRefused(number, 0, Reason.TOO_LARGE, tonnes, MAX_QUANTITY_T)]
    instrument.venue.limits[role] = (command.largest, command.most)
    return [LimitsSet(number, instrument.id, role, command.largest, command.most)]


def release_bought(market: Market, command: ReleaseBought) -> list[Event]:
    """A new day has begun."""
    instrument = instructed(market, command)
    if isinstance(instrument, InstructionRefused):
        return [instrument]
    if instrument.venue is None:
        return [InstructionRefused(command.instruction, 0, VenueReason.NO_VENUE, instrument.id, 0)]
    named = command.last >= 0
    instrument.venue.release(min(command.last, market.trades) if named else market.trades, named=named)
    return [BoughtReleased(command.instruction, instrument.id)]


def set_group(market: Market, command: SetGroup) -> list[Event]:
    """Change an account's owner. An account that has nothing here yet begins to exist with it."""
    if (refusal := given_before(market, command)) is not None:
        return [refusal]
    if not UNKNOWN_ROLE <= command.role <= INSTITUTION:
        return [
            InstructionRefused(command.instruction, command.account, VenueReason.NO_ROLE, command.role, INSTITUTION)
        ]
    account = market.account(command.account, command.group)
    roles = venues(market).roles
    roles.pop(account.id, None)
    if command.role:
        roles[account.id] = command.role
    account.role = command.role
    said = GroupSet(command.instruction, account.id, command.group, command.role)
    return [said, *(_moved(market, account, command.group) if account.group != command.group else ())]


def _moved(market: Market, account: TradingAccount, group: int) -> list[Event]:
    """Let an account and what follows it be of another owner, and close the rest."""
    before = market.groups[account.group]
    before.remove(account)
    if not before:
        del market.groups[account.group]
    account.group = group
    others = market.groups.setdefault(group, [])
    best = _best_of(others)
    closed: list[tuple[int, int]] = []
    for number, order in sorted(account.orders.items()):
        if isinstance(order.queue, Listings) or (isinstance(order.queue, Level) and not _meets(order, best)):
            order.group = group
        else:
            closed.append((account.id, number))
    others.append(account)
    return clear_some(market, Clearing(tuple(closed), Cause.OWNER_CHANGED))


def _best_of(accounts: list[TradingAccount]) -> dict[tuple[int, int], int]:
    """The best price that some accounts have in each book, by instrument and side."""
    best: dict[tuple[int, int], int] = {}
    for account in accounts:
        for each in account.orders.values():
            if isinstance(each.queue, Level):
                key = (each.instrument, each.side)
                better = min if each.side else max
                best[key] = better(best.get(key, each.price), each.price)
    return best


def _meets(order: OpenOrder, best: dict[tuple[int, int], int]) -> bool:
    """Whether an order would trade with one of these in a call; in continuous trading none does."""
    price = best.get((order.instrument, 1 - order.side))
    return price is not None and (price >= order.price if order.side else price <= order.price)


MODE: Final = EngineMode(
    "venues",
    {SetVenue: set_venue, SetLimits: set_limits, SetGroup: set_group, ReleaseBought: release_bought},
    (VenueSet, LimitsSet, GroupSet, BoughtReleased),
    reasons=VenueReason,
    part=Venues,
)
