"""What an account has on the exchange: money and tonnes, each in four parts."""


class Balance:
    """
    One account's money, in fen, or its tonnes of one instrument.

    *settled* is free: only it may be locked, used or withdrawn. *locked* is behind open orders. *outgoing* was sold or
    paid and waits for delivery; *incoming* will be settled then. What the registry or the bank owes the account here is
    settled + locked + outgoing.
    """

    __slots__ = ("incoming", "locked", "outgoing", "settled")

    def __init__(self, settled: int = 0, locked: int = 0, incoming: int = 0, outgoing: int = 0) -> None:
        self.settled = settled
        self.locked = locked
        self.incoming = incoming
        self.outgoing = outgoing


class TradingAccount:
    """An account of the registry, as the exchange knows it. *group* is its beneficial owner."""

    __slots__ = ("cash", "frozen", "group", "id", "last_client_order_id", "open_orders", "tonnes")

    def __init__(self, account_id: int, group: int) -> None:
        self.id = account_id
        self.group = group
        self.cash = Balance()
        self.tonnes: dict[int, Balance] = {}
        self.last_client_order_id = 0
        self.frozen = False
        self.open_orders = 0

    def balance(self, instrument: int) -> Balance:
        """Return the account's tonnes of one instrument."""
        found = self.tonnes.get(instrument)
        if found is None:
            found = self.tonnes[instrument] = Balance()
        return found
