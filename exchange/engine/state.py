"""
The whole state of a market as bytes: what a snapshot stores, and what the state hash is taken of.

Everything that later commands can feel is in it, in one order: orders of a level as they queue, everything else by
number. So two markets with the same hash behave alike for ever.
"""

import hashlib
from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Struct

from exchange.engine.accounts import Balance, OpenOrder, TradingAccount
from exchange.engine.book import Side
from exchange.engine.commands import OpenInstrument
from exchange.engine.events import Traded
from exchange.engine.market import Market, TradedInstrument
from exchange.engine.modes.listings import Listings

STATE_CODEC: Final = 1


class _Holding(Struct, array_like=True, gc=False):
    settled: int
    locked: int
    incoming: int
    outgoing: int


class _Account(Struct, array_like=True):
    id: int
    group: int
    frozen: bool
    last_client_order_id: int
    cash: _Holding
    tonnes: list[tuple[int, _Holding]]


class _Order(Struct, array_like=True, gc=False):
    id: int
    account: int
    side: int
    price: int
    quantity: int
    open: int
    life: int
    prevention: int


class _Instrument(Struct, array_like=True):
    id: int
    tick: int
    lot: int
    low: int
    high: int
    fee_bps: int
    fee_account: int
    halted: int
    tonnes: int
    bids: list[_Order]
    asks: list[_Order]
    listings: list[_Order]


class _State(Struct, array_like=True):
    sequence: int
    trades: int
    last_instruction: int
    cash: int
    accounts: list[_Account]
    instruments: list[_Instrument]
    unsettled: list[Traded]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_State)


def dump(market: Market) -> bytes:
    """The state, in its one spelling."""
    return _encoder.encode(
        _State(
            market.sequence,
            market.trades,
            market.last_instruction,
            market.cash,
            [_account(each) for _, each in sorted(market.accounts.items())],
            [
                _instrument(each, market.parts.get("listings") or Listings())
                for _, each in sorted(market.instruments.items())
            ],
            [each for _, each in sorted(market.unsettled.items())],
        )
    )


def state_hash(market: Market) -> bytes:
    """SHA-256 of the state."""
    return hashlib.sha256(dump(market)).digest()


def load(state: bytes) -> Market:
    """The market of which *state* was dumped. Raises `msgspec.DecodeError` for bytes that are no state."""
    stored = _decoder.decode(state)
    market = Market()
    market.parts["listings"] = Listings()
    market.sequence, market.trades, market.last_instruction = stored.sequence, stored.trades, stored.last_instruction
    market.cash = stored.cash
    for each in stored.accounts:
        account = market.account(each.id, each.group)
        account.frozen, account.last_client_order_id = each.frozen, each.last_client_order_id
        account.cash = _loaded(each.cash)
        account.tonnes = {instrument: _loaded(holding) for instrument, holding in each.tonnes}
    for stored_instrument in stored.instruments:
        _load_instrument(market, stored_instrument)
    market.unsettled = {each.trade: each for each in stored.unsettled}
    return market


def _load_instrument(market: Market, stored: _Instrument) -> None:
    fee_account = market.accounts[stored.fee_account]
    rules = OpenInstrument(
        0,
        stored.id,
        stored.tick,
        stored.lot,
        stored.low,
        stored.high,
        stored.fee_bps,
        fee_account.id,
        fee_account.group,
    )
    instrument = market.instruments[stored.id] = TradedInstrument(rules, fee_account)
    instrument.halted, instrument.tonnes = stored.halted, stored.tonnes
    for each in (*stored.bids, *stored.asks):
        instrument.book.side(each.side).rest(_load_order(market, stored.id, each))
    for each in stored.listings:
        market.parts["listings"].add(_load_order(market, stored.id, each))


def _load_order(market: Market, instrument: int, stored: _Order) -> OpenOrder:
    account = market.accounts[stored.account]
    order = OpenOrder(
        stored.id,
        account,
        account.group,
        account.cash,
        account.balance(instrument),
        instrument,
        stored.side,
        stored.price,
        stored.quantity,
        stored.open,
        stored.life,
        stored.prevention,
    )
    account.orders[order.id] = order
    return order


def _account(account: TradingAccount) -> _Account:
    return _Account(
        account.id,
        account.group,
        account.frozen,
        account.last_client_order_id,
        _holding(account.cash),
        [(number, _holding(each)) for number, each in sorted(account.tonnes.items())],
    )


def _instrument(instrument: TradedInstrument, listings: Listings) -> _Instrument:
    return _Instrument(
        instrument.id,
        instrument.tick,
        instrument.lot,
        instrument.low,
        instrument.high,
        instrument.fee_bps,
        instrument.fee_account.id,
        instrument.halted,
        instrument.tonnes,
        [_order(each) for each in _queued(instrument.book.bids)],
        [_order(each) for each in _queued(instrument.book.asks)],
        [_order(each) for number, each in sorted(listings.open.items()) if each.instrument == instrument.id],
    )


def _queued(side: Side) -> Iterator[OpenOrder]:
    """The orders of one side by price and time."""
    for level in side.from_best():
        order: OpenOrder | None = level.head
        while order is not None:
            yield order
            order = order.next


def _order(order: OpenOrder) -> _Order:
    return _Order(
        order.id, order.account.id, order.side, order.price, order.quantity, order.open, order.life, order.prevention
    )


def _holding(holding: Balance) -> _Holding:
    return _Holding(holding.settled, holding.locked, holding.incoming, holding.outgoing)


def _loaded(stored: _Holding) -> Balance:
    return Balance(stored.settled, stored.locked, stored.incoming, stored.outgoing)
