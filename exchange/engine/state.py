"""
The whole state of a market as bytes: what a snapshot stores, and what the state hash is taken of.

Everything that later commands depend on is in it, in one order: orders of a level as they queue, everything else by
number. So two markets with the same hash behave alike for ever. `dump` writes the newest layout; `load` reads every
layout ever released (`exchange.engine.layouts` says how they evolve), so that what an older version stored is checked
by the hash of its bytes, never by dumping it again.
"""

import hashlib
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

import msgspec
from msgspec import Raw

from exchange.engine.accounts import Balance, OpenOrder, TradingAccount
from exchange.engine.book import Side
from exchange.engine.commands import OpenInstrument
from exchange.engine.core import MODES, any_of, step_types
from exchange.engine.layouts import (
    STATE_CODEC,
    StoredAccount,
    StoredBalance,
    StoredInstrument,
    StoredOrder,
    StoredState,
    UnknownLayout,
    decoded,
)
from exchange.engine.market import Market, TradedInstrument
from exchange.engine.modes import EngineMode

_encoder = msgspec.msgpack.Encoder()


def dump(market: Market) -> bytes:
    """Return the state, in its one spelling."""
    return _encoder.encode(
        StoredState(
            market.sequence,
            market.trades,
            market.last_instruction,
            market.cash,
            [_account(each) for _, each in sorted(market.accounts.items())],
            [_instrument(each) for _, each in sorted(market.instruments.items())],
            [each for _, each in sorted(market.unsettled.items())],
            Raw(_encoder.encode(market.unfinished)),
            {name: stored for name, part in sorted(market.parts.items()) if (stored := _part(part)) is not None},
            sorted(market.frozen_early),
        )
    )


def state_hash(market: Market) -> bytes:
    """Return SHA-256 of the state."""
    return hashlib.sha256(dump(market)).digest()


def load(state: bytes, codec: int = STATE_CODEC, modes: Iterable[EngineMode] = MODES) -> Market:
    """
    Return the market of which *state* was dumped, in the layout *codec*.

    Raises `UnknownLayout`, and `msgspec.DecodeError` for bytes that are no state.
    """
    stored = decoded(state, codec)
    market = Market()
    market.sequence, market.trades, market.last_instruction = stored.sequence, stored.trades, stored.last_instruction
    market.cash, market.frozen_early = stored.cash, set(stored.frozen_early)
    for each in stored.accounts:
        account = market.account(each.id, each.group)
        account.frozen = each.frozen
        _load_numbers(account, each)
        account.cash = _loaded(each.cash)
        account.tonnes = {instrument: _loaded(balance) for instrument, balance in each.tonnes}
    for stored_instrument in stored.instruments:
        _load_instrument(market, stored_instrument)
    market.unsettled = {each.trade: each for each in stored.unsettled}
    modes = tuple(modes)
    unfinished: Any = any_of((*step_types(modes), type(None)))
    market.unfinished = msgspec.msgpack.decode(stored.unfinished, type=unfinished)
    _load_parts(market, stored.parts, modes)
    return market


def _load_numbers(account: TradingAccount, stored: StoredAccount) -> None:
    last = account.last_client_order_id = stored.last_client_order_id
    window = account.window()
    free = ~int.from_bytes(stored.used, "big") & (1 << len(window)) - 1 if stored.used is not None else 0
    while free:
        at = free.bit_length()
        taken = (free ^ (1 << at) - 1).bit_length()
        account.gaps.append(range(last - at + 1, last - taken + 1))
        free &= (1 << taken) - 1


def _used(account: TradingAccount) -> bytes:
    """A bit for each number of the window, in as few bytes as they need."""
    last, window = account.last_client_order_id, account.window()
    bits = (1 << len(window)) - 1
    for gap in account.gaps:
        size = gap.stop - max(gap.start, window.start)
        if size > 0:
            bits &= ~((1 << size) - 1 << last - gap.stop + 1)
    return bits.to_bytes((bits.bit_length() + 7) // 8, "big")


def _load_parts(market: Market, stored: dict[str, tuple[int, Raw]], modes: tuple[EngineMode, ...]) -> None:
    """Each mode takes on what the snapshot has of it; one that is newer than the snapshot has nothing yet."""
    kinds = {mode.name: mode.part for mode in modes if mode.part is not None}
    for name, (version, _) in stored.items():
        if name not in kinds or version not in kinds[name].layouts:
            raise UnknownLayout(
                f"The state has something of {name!r} in layout {version}; this version cannot read it."
            )
    for name, kind in kinds.items():
        part = market.parts[name] = kind()
        if name in stored:
            version, raw = stored[name]
            part.load(market, msgspec.msgpack.decode(raw, type=kind.layouts[version]))


def _load_instrument(market: Market, stored: StoredInstrument) -> None:
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
    instrument.shut()
    for each in (*stored.bids, *stored.asks):
        order = _load_order(market.accounts[each.account], stored.id, each)
        instrument.book.side(each.side).rest(order)
        order.account.orders[order.id] = order


def _load_order(account: TradingAccount, instrument: int, stored: StoredOrder) -> OpenOrder:
    return OpenOrder(
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
        stored.fee_rest,
    )


def _account(account: TradingAccount) -> StoredAccount:
    return StoredAccount(
        account.id,
        account.group,
        account.frozen,
        account.last_client_order_id,
        _balance(account.cash),
        [(number, _balance(each)) for number, each in sorted(account.tonnes.items())],
        _used(account),
    )


def _instrument(instrument: TradedInstrument) -> StoredInstrument:
    return StoredInstrument(
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
    )


def _queued(side: Side) -> Iterator[OpenOrder]:
    """The orders of one side by price and time."""
    return chain.from_iterable(level.orders() for level in side.from_best())


def _order(order: OpenOrder) -> StoredOrder:
    return StoredOrder(
        order.id,
        order.account.id,
        order.side,
        order.price,
        order.quantity,
        order.open,
        order.life,
        order.prevention,
        order.fee_rest,
    )


def _part(part: Any) -> tuple[int, Raw] | None:  # noqa: ANN401 - a part of any mode
    stored = part.dump()
    if stored is None:
        return None
    version = max(number for number, kind in part.layouts.items() if kind is type(stored))
    return version, Raw(_encoder.encode(stored))


def _balance(balance: Balance) -> StoredBalance:
    return StoredBalance(balance.settled, balance.locked, balance.incoming, balance.outgoing)


def _loaded(stored: StoredBalance) -> Balance:
    return Balance(stored.settled, stored.locked, stored.incoming, stored.outgoing)
