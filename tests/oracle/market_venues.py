"""Rules of venues in the naive market: what was bought today is asked of every trade that was delivered."""

from dataclasses import dataclass, field

from exchange.engine import commands as c
from exchange.engine import events as e
from exchange.engine import venue as words
from exchange.engine.events import Reason
from exchange.engine.modes.venues import messages as m
from exchange.engine.venue import VenueReason
from tests.oracle.market_custody import LARGEST_QUANTITY_T, NaiveCustody, Refusal, refuse

_CLOSED = dict(
    zip((words.BOOK, words.LISTINGS, words.CAMPAIGNS, words.BLOCKS, words.QUOTES), VenueReason, strict=False)
)
_CLOSED |= {
    words.UNIFORM_AUCTIONS: VenueReason.NO_UNIFORM_AUCTIONS,
    words.PAY_AS_BID_AUCTIONS: VenueReason.NO_PAY_AS_BID_AUCTIONS,
    words.ASCENDING_AUCTIONS: VenueReason.NO_ASCENDING_AUCTIONS,
}


@dataclass
class NaiveVenue:
    """The rules of one instrument, and every trade in it that was delivered since the day turned."""

    said: m.SetVenue
    released: int
    limits: dict[int, tuple[int, int]] = field(default_factory=dict)
    delivered: list[e.Traded] = field(default_factory=list)
    told_apart: bool = False


class NaiveVenues(NaiveCustody):
    """The rules of venues, and what they are asked."""

    def __init__(self) -> None:
        super().__init__()
        self.venues: dict[int, NaiveVenue] = {}
        self.roles: dict[int, int] = {}

    def fresh(self, account: int, instrument: int) -> int:
        """What an account was delivered today of what it bought today."""
        venue = self.venues[instrument]
        return sum(each.quantity for each in venue.delivered if each.buyer == account)

    def _check_venue(  # noqa: PLR0917 - an order, as it is said
        self, account: int, instrument: int, side: int, mode: int, quantity: int, more: int | None = None
    ) -> None:
        if instrument not in self.venues:
            return
        venue, added = self.venues[instrument], quantity if more is None else more
        if mode and not venue.said.modes & mode:
            refuse(_CLOSED[mode], venue.said.modes, venue.said.preset)
        if mode != words.BLOCKS and 0 < venue.said.largest < quantity:
            refuse(VenueReason.ABOVE_LARGEST, quantity, venue.said.largest)
        settled, locked, incoming, _ = self.tonnes(account, instrument)
        if side == c.SELL:
            free = max(settled - self.fresh(account, instrument), 0)
            if venue.said.locks and added > free and settled >= added:
                refuse(VenueReason.BOUGHT_TODAY, added, free)
            return
        largest, most = venue.limits.get(self.roles.get(account, 0), venue.limits.get(0, (0, 0)))
        if 0 < largest < quantity:
            refuse(VenueReason.ABOVE_LARGEST_OF_ROLE, quantity, largest)
        mine = [each for each in self._open_of(account) if each.instrument == instrument and each.side == c.BUY]
        in_all = settled + locked + incoming + sum(each.open for each in mine) + added
        if 0 < most < in_all and added > 0:
            refuse(VenueReason.ABOVE_MOST_HELD, in_all, most)

    def _SetVenue(self, said: m.SetVenue) -> list[e.Event]:  # noqa: N802 - named as its command
        self._known(said.instrument)
        if said.modes not in range(1, 256):
            refuse(VenueReason.NO_MODE, said.modes, 255)
        if said.largest not in range(LARGEST_QUANTITY_T + 1):
            refuse(Reason.TOO_LARGE, said.largest, LARGEST_QUANTITY_T)
        if said.locks and self._is_basket(said.instrument):
            refuse(VenueReason.BASKET_LOCKS, said.instrument)
        venue = self.venues.setdefault(said.instrument, NaiveVenue(said, self.trades))
        venue.said = said
        venue.limits.clear()
        return [m.VenueSet(*(getattr(said, name) for name in said.__struct_fields__))]

    def _SetLimits(self, said: m.SetLimits) -> list[e.Event]:  # noqa: N802 - named as its command
        self._known(said.instrument)
        if said.instrument not in self.venues:
            refuse(VenueReason.NO_VENUE, said.instrument)
        if said.role not in range(4):
            refuse(VenueReason.NO_ROLE, said.role, 3)
        for tonnes in (said.largest, said.most):
            if tonnes not in range(LARGEST_QUANTITY_T + 1):
                refuse(Reason.TOO_LARGE, tonnes, LARGEST_QUANTITY_T)
        self.venues[said.instrument].limits[said.role] = (said.largest, said.most)
        return [m.LimitsSet(*(getattr(said, name) for name in said.__struct_fields__))]

    def _ReleaseBought(self, said: m.ReleaseBought) -> list[e.Event]:  # noqa: N802 - named as its command
        self._known(said.instrument)
        if said.instrument not in self.venues:
            refuse(VenueReason.NO_VENUE, said.instrument)
        venue = self.venues[said.instrument]
        venue.released = max(venue.released, self.trades if said.last < 0 else min(said.last, self.trades))
        venue.delivered = [each for each in venue.delivered if venue.told_apart and each.trade > venue.released]
        venue.told_apart |= said.last >= 0
        return [m.BoughtReleased(said.instruction, said.instrument)]

    def _Settle(self, said: c.Settle) -> list[e.Event]:  # noqa: N802 - named as its command
        for number in said.trades:
            trade = self.undelivered[number]
            venue = self.venues.get(trade.asset or trade.instrument)
            if venue is not None and venue.said.locks and number > venue.released:
                venue.delivered.append(trade)
        return super()._Settle(said)

    def _is_basket(self, _: int) -> bool:
        return False

    def _check_role(self, account: int, role: int) -> None:
        if role not in range(4):
            raise Refusal(VenueReason.NO_ROLE, role, 3, account=account)
