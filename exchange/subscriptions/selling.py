"""
A seller's runs: one for each issuance of the project, in the order of the public log.

1. The run's row stands once the issuance was seen.
2. The tonnes are held by the registry, and their deposit is instructed, in the transaction that notes it with the run.
3. The order, listing or campaign is chosen, stored, and then sent (`acting`).

What goes into a campaign is held and deposited once there is one: until then the tonnes stay in the registry. A run
that waits for a campaign is woken by each newer one of its instrument.
"""

import functools
from datetime import datetime
from typing import Final

from exchange.campaigns.projection import ALLOTMENTS
from exchange.engine import commands as c
from exchange.engine.modes.campaigns.messages import OpenCampaign
from exchange.engine.modes.continuous import Place
from exchange.engine.modes.listings import OpenListing
from exchange.instructions import service as instructions
from exchange.instruments import notices
from exchange.instruments import store as instruments
from exchange.instruments.rules import delisted
from exchange.journal.refusals import yuan
from exchange.parts import Exchange
from exchange.subscriptions import acting, rules, store
from exchange.subscriptions.records import FoundCampaign, OpenedInstrument, StoredRun
from registry import port
from registry.kit import clock
from registry.kit.database import Tx
from registry.kit.problems import DomainError
from schemas.custody import HoldRequest, LoggedIssuance
from schemas.serials import KG_PER_T, IssuanceCode
from schemas.subscriptions import SellTerms

ISSUANCES_AT_ONCE: Final = 1_000
_ALLOTMENTS: Final = {word: number for number, word in ALLOTMENTS.items()}
_WAYS: Final = {"book": "order book", "listing": "listings", "campaign": "campaigns"}


async def look(*, exchange: Exchange) -> int:
    """Begin a run for each issuance that a seller has not seen; returns how many issuances there were."""
    async with exchange.db.reading() as tx:
        sellers = await store.sellers(tx)
        if not sellers:
            return 0
        issued = await port.issued_after_in(tx, min(seen for _, seen, _ in sellers), ISSUANCES_AT_ONCE)
    if not issued:
        return 0

    async def work(tx: Tx) -> None:
        for number, seen, terms in sellers:
            for each in issued:
                if each.leaf_index > seen and each.project_id == terms.project_id:
                    await _begin_in(tx, number, each)
        await store.see_all(tx, [number for number, _, _ in sellers], issued[-1].leaf_index)

    await exchange.db.transaction(work)
    return len(issued)


async def wake(*, exchange: Exchange) -> int:
    """Let runs look again that wait for a campaign, where there is a newer one; returns how many."""
    async with exchange.db.reading() as tx:
        found = await store.woken(tx)
    if found:
        await exchange.db.transaction(functools.partial(store.wake, numbers=found))
    return len(found)


async def _begin_in(tx: Tx, number: int, issued: LoggedIssuance) -> None:
    found = await store.lock(tx, number)
    if found.state != "active" or found.seen_leaf is None or issued.leaf_index <= found.seen_leaf:
        return
    owner_id = (await port.trader_in(tx, found.account_id)).owner_id
    terms: SellTerms = found.next_terms or found.terms
    if owner_id == issued.developer_id and terms.project_id == issued.project_id:
        now = await clock.now_in(tx)
        wanted_t = rules.share_t(terms.share_bps, issued.quantity_kg, 1)
        ends = now + (rules.CAMPAIGN_PATIENCE if terms.into == "campaign" else rules.SELLER_PATIENCE)
        await store.insert_run(tx, number, issued.code, begins=now, ends=ends, terms=terms, wanted_t=wanted_t)
    await store.see(tx, number, issued.leaf_index, terms)


async def step(run: StoredRun, *, exchange: Exchange) -> None:
    """Take a run one step further: deposit, choose, send, or end it."""
    await acting.send(run, exchange=exchange)
    await exchange.projector.caught_up()

    async def work(tx: Tx) -> bool:
        return await _step_in(tx, await store.run(tx, run.id, lock=True))

    if await exchange.db.transaction(work):
        exchange.teller.look()
        await acting.send(run, exchange=exchange)


async def _step_in(tx: Tx, run: StoredRun) -> bool:
    """Returns whether there is something to be sent now."""
    tallies = await store.tallies(tx, run.id)
    if run.state != "open" or any(each.state == "chosen" for each in tallies):
        return False
    now = await clock.now_in(tx)
    if any(each.state in ("placed", "refused") for each in tallies):
        await store.end_run(tx, run.id, filled=all(each.state != "refused" for each in tallies))
        return False
    if run.deposit_id is None:
        return await _deposit_in(tx, run, now)
    state = await store.instruction_state(tx, run.deposit_id)
    if state in ("refused", "released"):
        await _deposit_refused_in(tx, run)
    elif state == "done":
        return await _choose_in(tx, run, now)
    return False


async def _deposit_in(tx: Tx, run: StoredRun, now: datetime) -> bool:
    """Hold the tonnes, and instruct their deposit; what is refused is tried again until the run's patience ends."""
    if run.ends <= now:
        await store.end_run(tx, run.id, filled=False)
        return False
    if run.standing_state != "active" or run.next_try_at > now:
        return False
    found = await _instrument_in(tx, run)
    since = await notices.delisted_for(tx, found.id) if found is not None else None
    if found is None or not (found.trading or since):
        why = rules.why_of(rules.NoInstrument(f"No instrument is open for what {run.cause} issued."))
        await store.tried(tx, run.id, min(now + rules.TRY_AGAIN, run.ends), why, busy=False)
        return False
    wanted_t = run.wanted_t // found.lot_t * found.lot_t
    if (never := delisted(found.code, since) if since else _never(run, found, wanted_t)) is not None:
        await store.tried(tx, run.id, run.ends, rules.why_of(never), busy=False)
        await store.end_run(tx, run.id, filled=False)
        return False
    terms: SellTerms = run.terms
    if terms.into == "campaign" and await _campaign_in(tx, run, found, now) is None:
        return False
    return await _held_in(tx, run, found, wanted_t, now)


async def _campaign_in(tx: Tx, run: StoredRun, instrument: OpenedInstrument, now: datetime) -> FoundCampaign | None:
    """The campaign beside which a run's tonnes go; if there is none yet, the run waits for one, and says so."""
    await store.await_campaign(tx, run.id, instrument.id)  # before it looks, so that none comes in between unseen
    terms: SellTerms = run.terms
    found = await store.next_campaign(tx, instrument.id, price_fen=terms.price_fen, since=run.begins, now=now)
    if found is None:
        refusal = rules.NoCampaign(
            f"No campaign of {instrument.code} that opened since the issuance takes {yuan(terms.price_fen)} "
            "CNY/t or more and is still open or to come."
        )
        again_at = min(now + rules.TRY_AGAIN, run.ends)
        await store.tried(tx, run.id, again_at, rules.why_of(refusal), busy=False)
    return found


def _never(run: StoredRun, instrument: OpenedInstrument, wanted_t: int) -> DomainError | None:
    """Why an instrument will never take so many tonnes of a run; asked before they are held and deposited for it."""
    terms: SellTerms = run.terms
    if not wanted_t:
        return rules.BelowOneLot(f"{run.wanted_t:,} t are the share, less than a lot of {instrument.lot_t:,} t.")
    if not {"book": instrument.book, "listing": instrument.listings, "campaign": instrument.campaigns}[terms.into]:
        way = _WAYS[terms.into]
        return rules.WayClosed(f"Preset {instrument.preset}, by which {instrument.code} trades, opens no {way}.")
    if 0 < instrument.largest_t < wanted_t:
        return rules.ShareAboveLargest(
            f"{wanted_t:,} t are the share, more than {instrument.code} takes at once, {instrument.largest_t:,} t. "
            "Make the share smaller."
        )
    return None


async def _held_in(tx: Tx, run: StoredRun, instrument: OpenedInstrument, wanted_t: int, now: datetime) -> bool:
    wanted = HoldRequest(
        reference=f"standing-{run.id}",
        account_id=run.account_id,
        project_id=instrument.project_id,
        vintage=instrument.vintage,
        quantity_kg=wanted_t * KG_PER_T,
    )
    call = await acting.call_in(tx, run.person_id)
    try:
        async with tx.transaction():
            trader = await acting.checked_in(tx, run.account_id, run.person_id)
            await port.hold_in(tx, wanted, call=call)
    except DomainError as refusal:
        again_at = min(now + rules.TRY_AGAIN, run.ends)
        await store.tried(tx, run.id, again_at, rules.why_of(refusal), busy=False)
        if isinstance(refusal, acting.LOST):
            await acting.paused_in(tx, run.standing_id, refusal)
        return False
    await instruments.know_group(tx, trader.id, trader.group_id)
    credit = c.CreditTonnes(0, trader.id, trader.group_id, instrument.id, wanted_t)
    number = await instructions.store_in(tx, credit, by=call)
    await store.deposited(tx, run.id, number, instrument.id)
    return True


async def _instrument_in(tx: Tx, run: StoredRun) -> OpenedInstrument | None:
    code = str(IssuanceCode.parse(run.cause).instrument_code)
    return next((each for each in await store.instruments(tx) if each.code == code), None)


async def _deposit_refused_in(tx: Tx, run: StoredRun) -> None:
    assert run.deposit_id is not None, "the caller looked"
    try:
        await instructions.refuse_in(tx, run.deposit_id)
    except DomainError as refusal:
        await store.tried(tx, run.id, run.ends, rules.why_of(refusal), busy=False)
    await store.end_run(tx, run.id, filled=False)


async def _choose_in(tx: Tx, run: StoredRun, now: datetime) -> bool:
    """Choose what is sent for deposited tonnes; returns False where it waits for another campaign than it had found."""
    terms: SellTerms = run.terms
    found = next(each for each in await store.instruments(tx) if each.id == run.instrument_id)
    campaign = None
    if terms.into == "campaign":
        if run.ends <= now:  # the tonnes stay deposited, and are withdrawn or sold by hand
            await store.end_run(tx, run.id, filled=False)
            return False
        if run.standing_state != "active" or run.next_try_at > now:
            return False
        campaign = await _campaign_in(tx, run, found, now)
        if campaign is None:
            return False
    command = _command(run, found, campaign, number=await acting.next_number_in(tx, run.account_id))
    said = {"price_fen": command.price, "quantity_t": command.quantity}
    await store.insert_order(tx, run.id, terms.into, found.id, command=command, **said)
    return True


def _command(
    run: StoredRun, instrument: OpenedInstrument, campaign: FoundCampaign | None, *, number: int
) -> Place | OpenListing | OpenCampaign:
    terms: SellTerms = run.terms
    tonnes = run.wanted_t // instrument.lot_t * instrument.lot_t
    if campaign is not None:
        return OpenCampaign(
            run.account_id,
            instrument.id,
            campaign.price_fen,
            tonnes,
            campaign.least_t,
            campaign.most_t,
            0,
            _ALLOTMENTS[campaign.allotment],
            int(campaign.opens_at.timestamp()),
            int(campaign.closes_at.timestamp()),
            number,
        )
    price_fen = rules.on_tick(terms.price_fen, instrument.tick_fen, up=True)
    if terms.into == "book":
        return Place(run.account_id, instrument.id, c.SELL, price_fen, tonnes, number)
    return OpenListing(run.account_id, instrument.id, price_fen, tonnes, number)
