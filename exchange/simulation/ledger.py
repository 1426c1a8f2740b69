"""The registry and the bank as a scenario plays them: who holds which kilogram, and what came in and went out."""

from collections import Counter
from typing import Final

from exchange.engine.events import CashCredited, CashDebited, Event, TonnesCredited, TonnesDebited
from exchange.engine.market import Market
from schemas.serials import KG_PER_T

FOLLOWED: Final = (CashCredited, CashDebited, TonnesCredited, TonnesDebited)
"""The events that `Ledger.follow` books; it is called for no others."""


class Ledger:
    """
    Kilograms by instrument, and fen.

    *issued* is where all of them came from. *buffer* was held back, *unlisted* is off the exchange,
    *on_exchange* is what the registry holds in its favour, *retired* is by population too, and *cancelled* by cause.
    *paid_in* and *paid_out* are the bank's.
    """

    def __init__(self) -> None:
        self.issued: Counter[int] = Counter()
        self.buffer: Counter[int] = Counter()
        self.unlisted: Counter[int] = Counter()
        self.on_exchange: Counter[int] = Counter()
        self.retired: Counter[tuple[int, str]] = Counter()
        self.cancelled: Counter[tuple[int, str]] = Counter()
        self.paid_in = 0
        self.paid_out = 0

    def issue(self, instrument: int, issued_t: int, buffer_bps: int) -> int:
        """Issue tonnes, keep whole kilograms of them in the buffer, and return the whole tonnes that can be sold."""
        issued_kg = issued_t * KG_PER_T
        buffer_kg = issued_kg * buffer_bps // 10_000
        sellable_t = (issued_kg - buffer_kg) // KG_PER_T
        self.issued[instrument] += issued_kg
        self.buffer[instrument] += buffer_kg
        self.unlisted[instrument] += issued_kg - buffer_kg
        return sellable_t

    def follow(self, event: Event) -> None:
        """Book what the engine says came in or went out."""
        if isinstance(event, TonnesCredited | TonnesDebited):
            moved_kg = event.quantity * KG_PER_T * (1 if isinstance(event, TonnesCredited) else -1)
            self.unlisted[event.instrument] -= moved_kg
            self.on_exchange[event.instrument] += moved_kg
        elif isinstance(event, CashCredited):
            self.paid_in += event.amount
        elif isinstance(event, CashDebited):
            self.paid_out += event.amount

    def retire(self, instrument: int, quantity_t: int, population: str) -> None:
        """Retire tonnes that have just left the exchange, for good."""
        self.unlisted[instrument] -= quantity_t * KG_PER_T
        self.retired[instrument, population] += quantity_t * KG_PER_T

    def cancel(self, instrument: int, quantity_t: int, cause: str) -> None:
        """Cancel tonnes that have just left the exchange: nothing stands behind them."""
        self.unlisted[instrument] -= quantity_t * KG_PER_T
        self.cancelled[instrument, cause] += quantity_t * KG_PER_T

    def cover(self, instrument: int, lost_kg: int, cause: str) -> int:
        """Cancel from the buffer, that of the instrument first, and return the kilograms that it covered."""
        left_kg = lost_kg
        for number in sorted(self.buffer, key=lambda each: (each != instrument, each)):
            taken_kg = min(left_kg, self.buffer[number])
            if taken_kg:
                self.buffer[number] -= taken_kg
                self.cancelled[number, cause] += taken_kg
                left_kg -= taken_kg
        return lost_kg - left_kg

    def retired_of(self, instrument: int) -> int:
        """Kilograms of an instrument that were retired, by anybody."""
        return sum(kg for (number, _), kg in self.retired.items() if number == instrument)

    def cancelled_of(self, instrument: int) -> int:
        """Kilograms of an instrument that were cancelled, for any cause."""
        return sum(kg for (number, _), kg in self.cancelled.items() if number == instrument)

    def check_instrument(self, number: int) -> None:
        """Assert that the kilograms of an instrument are in one place each, as the registry has them."""
        places = (self.buffer[number], self.unlisted[number], self.on_exchange[number])
        gone = self.retired_of(number) + self.cancelled_of(number)
        assert self.issued[number] == sum(places) + gone, "a kilogram is in two places, or in none"
        assert min(self.issued[number], *places) >= 0, "no place has less than nothing"

    def check(self, market: Market) -> None:
        """
        Assert that every kilogram is in one place and every fen is somebody's, by adding all of them up.

        A fault here is a fault of the simulator or of the engine, never of a scenario.
        """
        for number in market.instruments:
            tonnes = sum(
                each.settled + each.locked + each.outgoing
                for account in market.accounts.values()
                if (each := account.tonnes.get(number)) is not None
            )
            assert tonnes * KG_PER_T == self.on_exchange[number], "the exchange has other tonnes than the registry"
            self.check_instrument(number)
        cash = sum(each.cash.settled + each.cash.locked + each.cash.outgoing for each in market.accounts.values())
        assert cash == market.cash == self.paid_in - self.paid_out, "the exchange has other money than the bank"
