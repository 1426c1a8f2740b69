"""The naive market under the rules of earlier engines: what their journals and snapshots are compared with."""

from exchange.engine import commands as c
from exchange.engine import events as e
from exchange.engine.commands import AccountCommand
from exchange.engine.events import Reason
from exchange.engine.modes.continuous import Amend
from tests.oracle.market import NaiveMarket
from tests.oracle.market_custody import NaiveCustody, Offer, refuse


class NaiveMarketOfBefore(NaiveMarket):
    """
    As engines 1 and 2 had it.

    An account's numbers rose; what rested outside a new band stayed; an amendment to what was traded was refused; a fee
    was rounded for each trade; nobody was frozen before the first credit.
    """

    def _admit(self, command: AccountCommand) -> None:
        if command.account not in self.owners:
            refuse(Reason.UNKNOWN_ACCOUNT)
        owner = self.owners[command.account]
        if command.client_order_id <= owner.last_number:
            refuse(Reason.STALE_CLIENT_ORDER_ID, command.client_order_id, owner.last_number)
        owner.last_number = command.client_order_id

    def _SetBand(self, said: c.SetBand) -> list[e.Event]:  # noqa: N802 - named as its command
        return NaiveCustody._SetBand(self, said)

    def _check_smaller(self, order: Offer, quantity: int) -> None:
        self._check_fits(order.account, order.instrument, order.price, quantity)

    def _Freeze(self, said: c.Freeze) -> list[e.Event]:  # noqa: N802 - named as its command
        if said.account not in self.owners:
            refuse(Reason.UNKNOWN_ACCOUNT, account=said.account)
        return super()._Freeze(said)

    def _closes(self, _said: Amend, _used: int) -> bool:
        return False

    def _fee(self, _: Offer, amount: int, bps: int) -> int:
        return amount * bps // 10_000

    def upgraded(self) -> NaiveMarket:
        """The same market under today's rules, in which no number is free that was not free before."""
        for owner in self.owners.values():
            owner.numbers = set(range(max(1, owner.last_number - 1_023), owner.last_number + 1))
        today = NaiveMarket(open_orders_limit=self.open_orders_limit, step=self.step)
        today.__dict__.update(self.__dict__)
        return today
