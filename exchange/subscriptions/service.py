"""Standing subscriptions: set up, changed, paused, ended; what they did, and what they would do now."""

from collections.abc import Awaitable, Callable

from exchange.parts import Exchange, readable_in, trader_in
from exchange.subscriptions import buying, rules, store
from exchange.subscriptions.records import StoredStanding
from exchange.subscriptions.rules import Why
from registry import port
from registry.kit import clock
from registry.kit.database import Tx
from registry.kit.idempotency import Written, once
from registry.kit.pages import Window
from registry.kit.problems import Unknown
from schemas.access import Call
from schemas.pages import Page
from schemas.subscriptions import (
    BuyTerms,
    ChangeStanding,
    DryRun,
    NewStanding,
    PauseStanding,
    Run,
    StandingSubscription,
    Terms,
)


async def open_standing(body: NewStanding, *, call: Call, exchange: Exchange) -> StandingSubscription:
    """Set one up, in whose roles it acts from then on. A seller's looks for what is issued from now on."""

    async def work(tx: Tx) -> Written[StandingSubscription]:
        await port.lock_account_in(tx, body.account_id)  # so that two at once are not both within the limit
        await trader_in(tx, body.account_id, call)
        await _refuse_delisted_in(tx, body.terms)
        rules.check_room(body.account_id, await store.count(tx, body.account_id))
        buys = isinstance(body.terms, BuyTerms)
        number = await store.insert(
            tx,
            body.account_id,
            call.by.person_id,
            "buy" if buys else "sell",
            body.terms,
            next_at=max(body.terms.begins, await clock.now_in(tx)) if isinstance(body.terms, BuyTerms) else None,
            leaf=None if buys else await port.newest_leaf_in(tx),
        )
        return Written(number, await _standing_in(tx, number))

    return await once(exchange.db, call, work, _again)


async def _refuse_delisted_in(tx: Tx, terms: Terms) -> None:
    if isinstance(terms, BuyTerms) and (refusal := await buying.delisted_in(tx, terms, await store.instruments(tx))):
        raise refusal


async def _again(tx: Tx, number: str) -> StandingSubscription:
    return await _standing_in(tx, int(number))


async def _standing_in(tx: Tx, number: int) -> StandingSubscription:
    if found := await store.standing(tx, number):
        return found
    raise _none(number)


def _none(number: int) -> Unknown:
    return Unknown(f"There is no standing subscription {number}.")


async def change(number: int, body: ChangeStanding, *, call: Call, exchange: Exchange) -> StandingSubscription:
    """Other terms from the next period, or issuance, on; it acts in the caller's roles from now on."""

    async def work(tx: Tx, found: StoredStanding) -> None:
        rules.check_same_side(found.terms, body.terms)
        await _refuse_delisted_in(tx, body.terms)
        await store.change(tx, number, body.terms, call.by.person_id)

    return await _done(number, work, call=call, exchange=exchange)


async def pause(number: int, body: PauseStanding, *, call: Call, exchange: Exchange) -> StandingSubscription:
    """Buy or sell nothing more until it is resumed. What was bought is still delivered and retired."""

    async def work(tx: Tx, _: StoredStanding) -> None:
        await store.set_state(tx, number, "paused", Why("by-owner", body.reason))

    return await _done(number, work, call=call, exchange=exchange)


async def resume(number: int, *, call: Call, exchange: Exchange) -> StandingSubscription:
    """Act again, in the present period if one has begun. Issuances that came meanwhile are sold too."""

    async def work(tx: Tx, _: StoredStanding) -> None:
        await store.set_state(tx, number, "active", None)

    return await _done(number, work, call=call, exchange=exchange)


async def end(number: int, body: PauseStanding, *, call: Call, exchange: Exchange) -> StandingSubscription:
    """End it for good. What it has placed stays, and is cancelled like any order."""

    async def work(tx: Tx, _: StoredStanding) -> None:
        await store.set_state(tx, number, "ended", Why("by-owner", body.reason))

    return await _done(number, work, call=call, exchange=exchange)


async def _done(
    number: int, change_in: Callable[[Tx, StoredStanding], Awaitable[None]], *, call: Call, exchange: Exchange
) -> StandingSubscription:
    """Change one that has not ended, once, under its lock."""

    async def work(tx: Tx) -> Written[StandingSubscription]:
        account_id = await store.account_of(tx, number)
        if account_id is None:
            raise _none(number)
        port.authorise_for(call, (await port.trader_in(tx, account_id)).owner_id)
        found = await store.lock(tx, number)
        if found.state == "ended":
            raise rules.StandingOver(f"Standing subscription {number} has ended. Set up another one.")
        await change_in(tx, found)
        return Written(number, await _standing_in(tx, number))

    return await once(exchange.db, call, work, _again)


async def standing(number: int, *, asked: Call, exchange: Exchange) -> StandingSubscription:
    """One of an account of one's own."""
    await exchange.projector.caught_up()
    async with exchange.db.reading() as tx:
        return await _readable_in(tx, number, asked)


async def _readable_in(tx: Tx, number: int, asked: Call) -> StandingSubscription:
    found = await _standing_in(tx, number)
    await readable_in(tx, found.account_id, asked)
    return found


async def standings(account_id: int, window: Window, *, asked: Call, exchange: Exchange) -> Page[StandingSubscription]:
    """Those of an account of one's own."""
    await exchange.projector.caught_up()
    async with exchange.db.reading() as tx:
        await readable_in(tx, account_id, asked)
        return await store.standings(tx, window, account_id)


async def runs(number: int, window: Window, *, asked: Call, exchange: Exchange) -> Page[Run]:
    """What one did, period by period, or issuance by issuance."""
    await exchange.projector.caught_up()
    async with exchange.db.reading() as tx:
        await _readable_in(tx, number, asked)
        return await store.runs(tx, window, number)


async def dry_run(number: int, *, asked: Call, exchange: Exchange) -> DryRun:
    """What a buyer's would take if a period began now, with the terms of the next one. Nothing is kept."""
    await exchange.projector.caught_up()
    async with exchange.db.snapshot() as tx:
        found = await _readable_in(tx, number, asked)
        return await _dry_run_in(tx, found.next_terms or found.terms, found.account_id, number)


async def try_standing(body: NewStanding, *, asked: Call, exchange: Exchange) -> DryRun:
    """What one with these terms would take now, if it were set up. Nothing is kept. Raises what setting it up does."""
    await exchange.projector.caught_up()
    async with exchange.db.snapshot() as tx:
        await trader_in(tx, body.account_id, asked)
        await _refuse_delisted_in(tx, body.terms)
        rules.check_room(body.account_id, await store.count(tx, body.account_id))
        return await _dry_run_in(tx, body.terms, body.account_id, None)


async def _dry_run_in(tx: Tx, terms: Terms, account_id: int, number: int | None) -> DryRun:
    if not isinstance(terms, BuyTerms):
        why = Why("by-issuance", "It sells when something is issued: nothing happens now.")
        return DryRun(wanted_t=0, takes=(), filled_t=0, why_slug=why.slug, why=why.text)
    takes, why_not, _ = await buying.planned_in(tx, number, account_id, terms, terms.quantity_t)
    slug, text = why_not or (None, None)
    filled_t = sum(each.quantity_t for each in takes)
    return DryRun(wanted_t=terms.quantity_t, takes=tuple(takes), filled_t=filled_t, why_slug=slug, why=text)
