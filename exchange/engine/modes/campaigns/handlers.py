"""How commands of campaigns are carried out."""

from collections.abc import Iterable
from itertools import islice
from typing import Final

from msgspec import Struct

from exchange.engine import commands as c
from exchange.engine.accounts import TradingAccount
from exchange.engine.events import Cause, Event, InstructionRefused, Reason, Refused
from exchange.engine.market import (
    STEP,
    Market,
    TradedInstrument,
    beyond_venue,
    caller,
    exchange,
    given_before,
    not_in_baskets,
    refused,
    shut_for,
    unfit,
    unlock,
)
from exchange.engine.modes import EngineMode
from exchange.engine.modes.campaigns.allotment import allotted
from exchange.engine.modes.campaigns.messages import (
    PRO_RATA,
    BeginCampaign,
    CallOffCampaign,
    CampaignBegun,
    CampaignEnded,
    CampaignOpened,
    CampaignReason,
    CloseCampaign,
    OpenCampaign,
    Pledge,
    Pledged,
)
from exchange.engine.modes.campaigns.state import Campaigns, RunningCampaign, entered, offer_in
from exchange.engine.venue import BEGUN, CAMPAIGNS


class Allotting(Struct, array_like=True, frozen=True, tag=3):
    """
    A campaign is being ended: pairs of a pledge and what it is given, the oldest first, and what is said at the end.

    *unsold* is why what a pledge is not given is open no more.
    """

    campaign: int
    grants: tuple[tuple[int, int], ...]
    unsold: int
    last: CampaignEnded


def _campaigns(market: Market) -> dict[int, RunningCampaign]:
    part: Campaigns = market.parts["campaigns"]
    return part.running


def open_campaign(market: Market, command: OpenCampaign) -> list[Event]:
    """Announce a campaign; its tonnes are locked until it ends."""
    account = caller(market, command)
    if isinstance(account, Refused):
        return [account]
    quantity = command.quantity
    instrument = market.instruments.get(command.instrument)
    if instrument is None:
        return [refused(command, Reason.UNKNOWN_INSTRUMENT, command.instrument)]
    if (refusal := not_in_baskets(command, instrument)) is not None:
        return [refusal]
    refusal = (
        unfit(command, instrument, account, command.price, quantity, rests=True)
        or beyond_venue(command, instrument, account, mode=CAMPAIGNS, side=c.SELL, quantity=quantity)
        or _bad_terms(command, instrument)
    )
    if refusal is not None:
        return [refusal]
    holding = account.balance(instrument.id)
    if quantity > holding.settled:
        return [refused(command, Reason.NOT_ENOUGH_TONNES, quantity, holding.settled)]
    holding.settled -= quantity
    holding.locked += quantity
    campaign = RunningCampaign(market.sequence, command)
    offer_in(campaign, entered(campaign.id, account, campaign, c.SELL, quantity))
    _campaigns(market)[campaign.id] = campaign
    return [
        CampaignOpened(
            campaign.id,
            account.id,
            instrument.id,
            command.price,
            quantity,
            command.least,
            command.most,
            command.floor,
            command.allotment,
            command.opens,
            command.closes,
            command.client_order_id,
        )
    ]


def _bad_terms(command: OpenCampaign, instrument: TradedInstrument) -> Refused | None:
    """Terms that contradict each other."""
    least, most, floor = command.least, command.most, command.floor
    if command.opens >= command.closes:
        return refused(command, CampaignReason.NO_WINDOW)
    if least < 1 or least % instrument.lot:
        return refused(command, Reason.QUANTITY_OFF_LOT, least, instrument.lot)
    if most < 1 or most % instrument.lot:
        return refused(command, Reason.QUANTITY_OFF_LOT, most, instrument.lot)
    if least > most:
        return refused(command, CampaignReason.TERMS_CROSS, least, most)
    if not 0 <= floor <= command.quantity:
        return refused(command, CampaignReason.TERMS_CROSS, floor, command.quantity)
    return None


def begin_campaign(market: Market, command: BeginCampaign) -> list[Event]:
    """Take pledges from now on."""
    campaign = _instructed(market, command)
    if isinstance(campaign, InstructionRefused):
        return [campaign]
    if campaign.begun:
        return [InstructionRefused(command.instruction, 0, CampaignReason.BEGUN, campaign.id, 0)]
    campaign.begun = True
    return [CampaignBegun(command.instruction, campaign.id)]


def pledge(market: Market, command: Pledge) -> list[Event]:
    """Take a pledge for so many tonnes, more than there are or not; its money is locked until the campaign ends."""
    account = caller(market, command)
    if isinstance(account, Refused):
        return [account]
    campaign = _campaigns(market).get(command.campaign)
    if campaign is None or campaign.offer is None:
        return [refused(command, Reason.NOT_OPEN, command.campaign)]
    if (refusal := _cannot_pledge(market, campaign, command, account)) is not None:
        return [refusal]
    cost = campaign.price * command.quantity
    account.cash.settled -= cost
    account.cash.locked += cost
    made = entered(market.sequence, account, campaign, c.BUY, command.quantity)
    campaign.add(made)
    return [
        Pledged(
            made.id,
            account.id,
            campaign.instrument,
            campaign.price,
            made.quantity,
            command.client_order_id,
            campaign.id,
        )
    ]


def _cannot_pledge(
    market: Market, campaign: RunningCampaign, command: Pledge, account: TradingAccount
) -> Refused | None:
    """Why a pledge is not taken."""
    instrument, quantity, offer = market.instruments[campaign.instrument], command.quantity, campaign.offer
    if not campaign.begun:
        return refused(command, CampaignReason.NOT_BEGUN, campaign.id)
    refusal = unfit(command, instrument, account, campaign.price, quantity, rests=True) or beyond_venue(
        command, instrument, account, mode=BEGUN, side=c.BUY, quantity=quantity
    )
    if refusal is not None:
        return refusal
    in_all = campaign.pledged.get(account.id, 0) + quantity
    cost, settled = campaign.price * quantity, account.cash.settled
    checks = (
        (offer is not None and offer.group == account.group, CampaignReason.OWN_CAMPAIGN, campaign.id, 0),
        (quantity < campaign.least, CampaignReason.BELOW_LEAST, quantity, campaign.least),
        (in_all > campaign.most, CampaignReason.ABOVE_MOST, in_all, campaign.most),
        (cost > settled, Reason.NOT_ENOUGH_CASH, cost, settled),
    )
    return next((refused(command, reason, wanted, limit) for wrong, reason, wanted, limit in checks if wrong), None)


def close_campaign(market: Market, command: CloseCampaign) -> list[Event]:
    """Allot, in steps; or end it without a sale, where too little was pledged or the offer is gone."""
    campaign = _instructed(market, command)
    if isinstance(campaign, InstructionRefused):
        return [campaign]
    instrument = market.instruments[campaign.instrument]
    if instrument.halted:
        return [InstructionRefused(command.instruction, 0, shut_for(instrument), instrument.id, instrument.halted)]
    pledges = campaign.pledges.values()
    pledged = sum(each.open for each in pledges)
    if campaign.offer is None:
        return _end(market, campaign, command.instruction, Cause.CALLED_OFF)
    if not pledged or pledged < campaign.floor:
        return _end(market, campaign, command.instruction, Cause.UNDERSUBSCRIBED)
    grants = allotted(
        [each.open for each in pledges], campaign.offer.open, instrument.lot, pro_rata=campaign.allotment == PRO_RATA
    )
    return _end(market, campaign, command.instruction, 0, grants)


def call_off_campaign(market: Market, command: CallOffCampaign) -> list[Event]:
    """End it without a sale, in steps, also while its instrument is halted."""
    campaign = _instructed(market, command)
    if isinstance(campaign, InstructionRefused):
        return [campaign]
    return _end(market, campaign, command.instruction, Cause.CALLED_OFF)


def _end(
    market: Market, campaign: RunningCampaign, instruction: int, cause: int, grants: Iterable[int] | None = None
) -> list[Event]:
    """Begin to end a campaign: each pledge is given what *grants* say, nothing without them."""
    pledges = campaign.pledges
    given = [0] * len(pledges) if grants is None else list(grants)
    last = CampaignEnded(
        instruction, campaign.id, len(pledges), sum(each.open for each in pledges.values()), sum(given), cause
    )
    unsold = cause or Cause.NOT_ALLOTTED
    return allot_some(market, Allotting(campaign.id, tuple(zip(pledges, given, strict=True)), unsold, last))


def allot_some(market: Market, rest: Allotting) -> list[Event]:
    """Give some pledges what they are allotted and their money for what they are not, as far as one step goes."""
    campaign = _campaigns(market)[rest.campaign]
    instrument, offer = market.instruments[campaign.instrument], campaign.offer
    events: list[Event] = []
    for number, given in islice(rest.grants, STEP):
        pledged = campaign.pledges[number]
        campaign.remove(pledged)
        del pledged.account.orders[number]
        if given:
            assert offer is not None, "there is something to give"
            events.append(exchange(market, instrument, pledged, offer, campaign.price, given, c.BUY))
            pledged.open -= given
            offer.open -= given
        if pledged.open:
            events.append(unlock(pledged, pledged.open, rest.unsold))
    if left := rest.grants[STEP:]:
        market.unfinished = Allotting(campaign.id, left, rest.unsold, rest.last)
        return events
    market.unfinished = None
    del _campaigns(market)[campaign.id]
    if offer is not None:
        campaign.remove(offer)
        del offer.account.orders[offer.id]
        if offer.open:
            events.append(unlock(offer, offer.open, rest.last.cause or Cause.NOT_FILLED))
    return [*events, rest.last]


def _instructed(
    market: Market, command: BeginCampaign | CloseCampaign | CallOffCampaign
) -> RunningCampaign | InstructionRefused:
    if (refusal := given_before(market, command)) is not None:
        return refusal
    campaign = _campaigns(market).get(command.campaign)
    if campaign is None:
        return InstructionRefused(command.instruction, 0, Reason.NOT_OPEN, command.campaign, 0)
    return campaign


MODE: Final = EngineMode(
    "campaigns",
    {
        OpenCampaign: open_campaign,
        BeginCampaign: begin_campaign,
        Pledge: pledge,
        CloseCampaign: close_campaign,
        CallOffCampaign: call_off_campaign,
    },
    (CampaignOpened, CampaignBegun, Pledged, CampaignEnded),
    reasons=CampaignReason,
    steps={Allotting: allot_some},
    part=Campaigns,
)
