"""
In whose name a run acts, and how its commands are chosen, stored, and only then sent.

A command is stored with its client_order_id before it is sent. A crash after that leaves it *chosen*: the next step
sends the very same, and the engine carries it out once. An account's numbers are shared with its owner's programs:
where somebody else used the number first, the command was not carried out, and is chosen again under another one.
"""

from collections.abc import Sequence
from typing import Any, Final

from msgspec import structs

from exchange.engine import commands as c
from exchange.engine.commands import AccountCommand
from exchange.engine.modes.campaigns import messages as campaigns
from exchange.engine.modes.continuous import Place
from exchange.engine.modes.listings import Subscribe
from exchange.journal.codec import digest
from exchange.journal.refusals import frozen
from exchange.orders import service as orders
from exchange.parts import AccountUnusable, Exchange, trader_in
from exchange.projections import store as projections
from exchange.subscriptions import store
from exchange.subscriptions.records import Chosen, StoredRun
from exchange.subscriptions.rules import why_of
from registry import port
from registry.kit.database import Tx
from registry.kit.problems import DomainError, Kind
from schemas.access import Call
from schemas.custody import Trader
from schemas.subscriptions import Take

LOST: Final = (port.NotYours, AccountUnusable)
"""Refusals that pause a subscription: whoever set it up may no longer trade with the account."""
_PASSING: Final = (Kind.UNAVAILABLE, Kind.SLOW, Kind.FULL, Kind.LIMITED, Kind.PENDING)
_USED: Final = ("client-order-id-reused", "client-order-id-stale")


async def call_in(tx: Tx, person_id: int, operation: str = "open_standing") -> Call:
    """A request of the person who set a subscription up, with the roles that they have now."""
    permitted = port.CLAIMANTS if operation == "retire_credits" else port.TRADERS
    return Call(by=await port.actor_in(tx, person_id), operation=operation, permitted=permitted)


async def checked_in(tx: Tx, account_id: int, person_id: int) -> Trader:
    """The account, which the person may still trade with. Raises `NotYours`, `AccountUnusable`, `TradingRefused`."""
    trader = await trader_in(tx, account_id, await call_in(tx, person_id))
    if trader.restriction_id is not None:
        raise frozen()
    return trader


async def paused_in(tx: Tx, standing_id: int, refusal: DomainError) -> None:
    """Pause a subscription, and say why."""
    await store.set_state(tx, standing_id, "paused", why_of(refusal))


async def next_number_in(tx: Tx, account_id: int) -> int:
    """A number for a command of an account: above all that it has used, and all that are chosen."""
    used = await projections.last_client_order_id(tx, account_id)
    return max(used, await store.highest_chosen(tx, account_id)) + 1


async def choose_in(tx: Tx, run: StoredRun, takes: Sequence[Take], instruments: dict[str, int]) -> None:
    """Store the commands of what a run takes, each with its number."""
    number = await next_number_in(tx, run.account_id)
    for each in takes:
        instrument_id = instruments[each.instrument]
        command = _buying(each, run.account_id, instrument_id, number)
        await store.insert_order(
            tx,
            run.id,
            each.source,
            instrument_id,
            price_fen=each.price_fen,
            quantity_t=each.quantity_t,
            command=command,
        )
        number += 1


def _buying(take: Take, account_id: int, instrument_id: int, number: int) -> AccountCommand:
    if take.listing_id is None:
        said = (account_id, instrument_id, c.BUY, take.price_fen, take.quantity_t, number)
        return Place(*said, c.IOC, c.PREVENT_TAKER)
    kind = Subscribe if take.source == "listing" else campaigns.Pledge
    return kind(account_id, take.listing_id, take.quantity_t, number)


async def send(run: StoredRun, *, exchange: Exchange) -> None:
    """Send what a run has chosen, in order. Raises a refusal that passes: what is chosen is sent again then."""
    async with exchange.db.reading() as tx:
        chosen = await store.chosen(tx, run.id)
    for each in chosen:
        await _send(run, each, exchange=exchange)


async def _send(run: StoredRun, each: Chosen, *, exchange: Exchange) -> None:
    await exchange.projector.caught_up()
    try:
        async with exchange.db.reading() as tx:
            known = (await projections.requests(tx, run.account_id, [each.client_order_id])).get(each.client_order_id)
            if known is None:  # else it was carried out, and is only read again
                await checked_in(tx, run.account_id, run.person_id)
        if known is not None and known.digest != _digest(each.command, exchange):
            await _replace(run, each, exchange=exchange)
            return
        placed = await orders.carry_out(each.command, exchange=exchange)
    except DomainError as refusal:
        if refusal.kind in _PASSING:
            raise
        if refusal.slug in _USED:
            await _replace(run, each, exchange=exchange)
        else:
            await _refused(run, each, refusal, exchange=exchange)
    else:
        await exchange.db.transaction(lambda tx: store.answer_order(tx, each.id, "placed", order_id=placed.id))


def _digest(command: Any, exchange: Exchange) -> bytes:  # noqa: ANN401 - any account command
    return digest(exchange.tables.about[type(command)].sent(command))


async def _replace(run: StoredRun, each: Chosen, *, exchange: Exchange) -> None:
    """Somebody else was first with the number: the same command under another, in the row that follows."""

    async def work(tx: Tx) -> None:
        if not await store.answer_order(tx, each.id, "replaced"):
            return
        command = structs.replace(each.command, client_order_id=await next_number_in(tx, run.account_id))
        terms = {"price_fen": each.price_fen, "quantity_t": each.quantity_t}
        await store.insert_order(tx, run.id, each.source, each.instrument_id, command=command, **terms)

    await exchange.db.transaction(work)


async def _refused(run: StoredRun, each: Chosen, refusal: DomainError, *, exchange: Exchange) -> None:
    async def work(tx: Tx) -> None:
        if not await store.answer_order(tx, each.id, "refused", refusal=why_of(refusal)):
            return
        await store.tried(tx, run.id, run.next_try_at, why_of(refusal), busy=True)
        if isinstance(refusal, LOST):
            await paused_in(tx, run.standing_id, refusal)

    await exchange.db.transaction(work)
