"""Commands of one account in batches, and what they came to; sessions take them by the same way."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from exchange.engine import commands as c
from exchange.engine.modes import continuous
from exchange.journal.groups import Answer
from exchange.journal.refusals import repeated
from exchange.orders import store
from exchange.orders.service import NO_INSTRUMENT, UNNUMBERED, check_pace, placing, replies_to
from exchange.parts import Exchange, known_trader, refuse_frozen
from exchange.projections import store as projections
from exchange.projections.instruments import no_instrument
from exchange.projections.store import Remembered
from registry.kit.http import PROBLEM_TYPE, STATUS
from registry.kit.problems import DomainError, Unknown
from registry.port import Authority
from schemas.access import Call
from schemas.orders import (
    AmendInBatch,
    BatchAnswer,
    CancelInBatch,
    CommandAnswer,
    Order,
    OrderBatch,
    PlaceInBatch,
    Refusal,
)

_NUMBERS: Final = ("wanted", "limit", "retry_after_s")


class TakenBatch(NamedTuple):
    """Commands of one account as the engine takes them, beside what was asked."""

    asked: Sequence[PlaceInBatch | CancelInBatch | AmendInBatch]
    instruments: dict[str, int]
    commands: list[continuous.Place | continuous.PlaceUntil | c.Cancel | continuous.Amend]


async def place_batch(body: OrderBatch, *, call: Call, exchange: Exchange, authority: Authority) -> BatchAnswer:
    """
    Carry out up to 1,000 commands of one account; each is accepted or refused for itself.

    A frozen account may send cancels only.
    """
    taken = await take_batch(body, call=call, exchange=exchange, authority=authority)
    answers = list(await exchange.gateway.submit_all(taken.commands))
    return BatchAnswer(answers=await answers_to(taken, answers, exchange=exchange))


async def take_batch(body: OrderBatch, *, call: Call, exchange: Exchange, authority: Authority) -> TakenBatch:
    """Check who sends commands, and make them the engine's. Raises `TradingRefused`, `NotTrading`."""
    ordering = [each.client_order_id for each in body.commands if not isinstance(each, CancelInBatch)]
    codes = {each.instrument for each in body.commands if isinstance(each, PlaceInBatch)}
    trader = await known_trader(body.account_id, call, authority)
    instruments = await exchange.instruments.ids(codes)
    if ordering:
        await refuse_frozen(trader, *ordering, exchange=exchange)
        check_pace(exchange)
    return TakenBatch(
        body.commands, instruments, [_of_batch(each, body.account_id, instruments) for each in body.commands]
    )


async def answers_to(taken: TakenBatch, answers: Sequence[Answer], *, exchange: Exchange) -> tuple[CommandAnswer, ...]:
    """What each of the commands came to, from its committed events."""
    found = await replies_to(taken.commands, answers, exchange=exchange)
    for number, each in enumerate(taken.asked):
        if isinstance(each, PlaceInBatch) and each.instrument not in taken.instruments and _is_unknown(found[number]):
            found[number] = no_instrument(each.instrument)
    return tuple(
        CommandAnswer(
            client_order_id=command.client_order_id or None,
            order=each if isinstance(each, Order) else None,
            refusal=shown(each) if isinstance(each, DomainError) else None,
        )
        for command, each in zip(taken.commands, found, strict=True)
    )


async def answered_before(account_id: int, above: int, limit: int, *, exchange: Exchange) -> tuple[CommandAnswer, ...]:
    """What an account's commands with numbers *above* that came to, as their orders stand now; *limit* at most."""
    await exchange.projector.caught_up()
    async with exchange.db.reading() as tx:
        known = await projections.requests_above(tx, account_id, above, limit)
        orders = await store.orders(tx, [each.order_id for each in known.values() if each.reason is None])
    return tuple(
        CommandAnswer(
            client_order_id=number,
            order=orders.get(each.order_id) if each.reason is None else None,
            refusal=None if each.reason is None else shown(_refused_before(each, exchange)),
        )
        for number, each in known.items()
    )


def _refused_before(known: Remembered, exchange: Exchange) -> DomainError:
    assert known.reason is not None, "it was refused"
    return repeated(exchange.refusals.of(known.reason, known.wanted or 0, known.bound or 0))


def _is_unknown(reply: Order | DomainError) -> bool:
    return isinstance(reply, DomainError) and reply.slug == Unknown.slug


def shown(refusal: DomainError) -> Refusal:
    """A refusal as a problem document, with those of its numbers that programs compare."""
    return Refusal(
        type=PROBLEM_TYPE + refusal.slug,
        title=refusal.title,
        status=STATUS[refusal.kind],
        detail=refusal.detail,
        **{name: refusal.members[name] for name in _NUMBERS if name in refusal.members},  # type: ignore[arg-type]  # numbers
    )


def _of_batch(
    each: PlaceInBatch | CancelInBatch | AmendInBatch, account_id: int, instruments: dict[str, int]
) -> continuous.Place | continuous.PlaceUntil | c.Cancel | continuous.Amend:
    if isinstance(each, PlaceInBatch):
        return placing(each, account_id, instruments.get(each.instrument, NO_INSTRUMENT))
    if isinstance(each, CancelInBatch):
        return c.Cancel(account_id, each.order_id, each.client_order_id or UNNUMBERED)
    return continuous.Amend(account_id, each.order_id, each.price_fen, each.quantity_t, each.client_order_id)
