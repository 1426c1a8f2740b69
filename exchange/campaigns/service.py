"""Campaigns: announced by a seller, pledged for, allotted by the calendar, called off by the operator."""

from exchange.campaigns import rules, store
from exchange.engine.modes.campaigns import messages as m
from exchange.instructions import service as instructions
from exchange.instruments import service as instruments
from exchange.instruments.rules import keep_campaign
from exchange.orders import service as orders
from exchange.parts import Exchange, known_trader, readable_in, refuse_frozen
from registry.kit import clock
from registry.kit.database import Tx
from registry.kit.idempotency import Written
from registry.kit.pages import Window
from registry.kit.problems import Unknown
from registry.port import Authority
from schemas.access import Call
from schemas.campaigns import AnonymousPledge, CallOff, Campaign, CampaignState, NewCampaign, NewPledge
from schemas.orders import Order
from schemas.pages import Page

_ALLOTMENTS = {"by-time": m.BY_TIME, "pro-rata": m.PRO_RATA}


async def open_campaign(body: NewCampaign, *, call: Call, exchange: Exchange, authority: Authority) -> Campaign:
    """
    Announce a campaign with deposited tonnes, which are locked until it ends.

    Raises `TradingRefused`, or `WindowOver` for a window that has passed by business time.
    """
    trader = await known_trader(body.account_id, call, authority)
    instrument = await instruments.instrument(body.instrument, exchange=exchange)
    known = await exchange.instruments.by_code(body.instrument)
    await refuse_frozen(trader, body.client_order_id, exchange=exchange)
    async with exchange.db.reading() as tx:
        now = await clock.now_in(tx)
    if body.closes_at <= now:
        raise rules.WindowOver(
            f"closes_at {clock.stamp(body.closes_at)} has passed: business time is {clock.stamp(now)}."
        )
    keep_campaign(known.venue, body)
    command = m.OpenCampaign(
        body.account_id,
        known.id,
        body.price_fen,
        body.quantity_t,
        body.least_t or instrument.lot_t,
        body.most_t or body.quantity_t,
        body.floor_t,
        _ALLOTMENTS[body.allotment],
        int(body.opens_at.timestamp()),
        int(body.closes_at.timestamp()),
        body.client_order_id,
    )
    made = await orders.carry_out(command, exchange=exchange)
    return await campaign(made.id, exchange=exchange)


async def pledge(campaign_id: int, body: NewPledge, *, call: Call, exchange: Exchange, authority: Authority) -> Order:
    """Pledge for tonnes of a campaign; what is allotted is known when it closes. Raises `TradingRefused`."""
    trader = await known_trader(body.account_id, call, authority)
    await refuse_frozen(trader, body.client_order_id, exchange=exchange)
    command = m.Pledge(body.account_id, campaign_id, body.quantity_t, body.client_order_id)
    return await orders.carry_out(command, exchange=exchange)


async def call_off(campaign_id: int, body: CallOff, *, call: Call, exchange: Exchange) -> Campaign:
    """
    End a campaign without a sale: everybody has their money again.

    Raises `CampaignOver`, also where it closed in the same moment.
    """
    await exchange.projector.caught_up()

    async def work(tx: Tx) -> Written[int]:
        found = await _campaign_in(tx, campaign_id)
        if found.state in {"allotted", "ended"}:
            raise _over(found)
        number = await instructions.store_in(tx, m.CallOffCampaign(0, campaign_id), by=call, remark=body.reason)
        return Written(number, number)

    await exchange.teller.tell_once(work, call=call)
    found = await campaign(campaign_id, exchange=exchange)
    if found.ended_because != "called-off":
        raise _over(found)
    return found


def _over(found: Campaign) -> rules.CampaignOver:
    how = f"{found.allotted_t:,} t were allotted" if found.state == "allotted" else str(found.ended_because)
    return rules.CampaignOver(f"Campaign {found.id} has ended: {how}.")


async def campaign(campaign_id: int, *, exchange: Exchange) -> Campaign:
    """One campaign."""
    await exchange.projector.caught_up()
    async with exchange.db.reading() as tx:
        return await _campaign_in(tx, campaign_id)


async def _campaign_in(tx: Tx, campaign_id: int) -> Campaign:
    if found := await store.campaign(tx, campaign_id):
        return found
    raise Unknown(f"There is no campaign {campaign_id}.")


async def campaigns(
    window: Window, instrument: str | None, state: CampaignState | None, *, exchange: Exchange
) -> Page[Campaign]:
    """Campaigns of one instrument or all, in one state or any."""
    await exchange.projector.caught_up()
    async with exchange.db.reading() as tx:
        return await store.campaigns(tx, window, instrument, state)


async def own(campaign_id: int, account_id: int, *, asked: Call, exchange: Exchange) -> tuple[Order, ...]:
    """What an account of one's own has in a campaign: its pledges, or the offer itself, the newest first."""
    await exchange.projector.caught_up()
    async with exchange.db.reading() as tx:
        await readable_in(tx, account_id, asked)
        return await orders.orders_in(tx, await store.own(tx, campaign_id, account_id))


async def pledges(campaign_id: int, window: Window, *, exchange: Exchange) -> Page[AnonymousPledge]:
    """The pledges that stand in a campaign, without whose they are: enough to work its allotment out again."""
    await campaign(campaign_id, exchange=exchange)
    async with exchange.db.reading() as tx:
        return await store.pledges(tx, window, campaign_id)


async def follow_calendar(*, exchange: Exchange) -> int:
    """
    Begin and close the campaigns whose windows have opened or closed by business time; returns how many.

    The engine's process runs it twice a second. Each becomes an instruction, which a crash leaves stored.
    """
    if not exchange.gateway.writing.is_set():
        return 0

    async def work(tx: Tx) -> list[int]:
        now = await clock.now_in(tx)
        due = rules.due(await store.running(tx), now)
        return [await instructions.store_in(tx, each, by=None) for each in due]

    await exchange.projector.caught_up()
    numbers = await exchange.db.transaction(work)
    if numbers:
        await exchange.teller.carried_out(max(numbers))
    return len(numbers)
