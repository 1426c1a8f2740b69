"""What stands beside the books of the naive market: listings with their rules of picking, and negotiated blocks."""

from dataclasses import replace
from fractions import Fraction
from math import ceil, floor

from exchange.engine import commands as c
from exchange.engine import events as e
from exchange.engine.events import Cause, Reason
from exchange.engine.modes import listings as m
from exchange.engine.modes import picking
from exchange.engine.modes.blocks import messages as blocks
from exchange.engine.modes.blocks.messages import BlockReason
from exchange.engine.modes.picking import PickReason
from exchange.engine.venue import BLOCKS, LISTINGS
from tests.oracle.market_baskets import NaiveBaskets
from tests.oracle.market_book import gone
from tests.oracle.market_custody import LARGEST_PRICE_FEN, LARGEST_QUANTITY_T, Offer, refuse

SMALLEST_BLOCK_T = 1_000


class NaiveBeside(NaiveBaskets):
    """Takes the engine's commands and says what the engine should say, of books, listings and blocks."""

    def __init__(self, *, open_orders_limit: int = 10_000, step: int = 1_000) -> None:
        super().__init__(open_orders_limit=open_orders_limit, step=step)
        self.pick_rules: dict[int, int] = {}
        self.block_terms: dict[int, tuple[int, int, int]] = {}
        self.proposals: dict[int, blocks.ProposeBlock] = {}

    # Listings.

    def listings(self, instrument: int) -> list[Offer]:
        """The open listings of an instrument, the oldest first."""
        found = [
            each for each in self.open.values() if each.listed and each.instrument == instrument and not each.campaign
        ]
        return sorted(found, key=lambda each: each.number)

    def _OpenListing(self, said: m.OpenListing) -> list[e.Event]:  # noqa: N802 - named as its command
        self._known(said.instrument)
        self._check_fits(said.account, said.instrument, said.price, said.quantity)
        self._check_room(said.account)
        self._check_venue(said.account, said.instrument, c.SELL, LISTINGS, said.quantity)
        listing = self._offer(said.account, said.instrument, c.SELL, said.price, said.quantity)
        listing.listed = True
        self._check_covered(listing)
        self.open[listing.number] = listing
        number = said.client_order_id
        return [m.ListingOpened(listing.number, said.account, said.instrument, said.price, said.quantity, number)]

    def _Subscribe(self, said: m.Subscribe) -> list[e.Event]:  # noqa: N802 - named as its command
        listing = self.open.get(said.listing)
        if listing is None or not listing.listed or listing.campaign:
            refuse(Reason.NOT_OPEN, said.listing)
        self._check_fits(said.account, listing.instrument, listing.price, said.quantity)
        self._check_venue(said.account, listing.instrument, c.BUY, LISTINGS, said.quantity)
        if self.owners[listing.account].group == self.owners[said.account].group:
            refuse(Reason.OWN_LISTING, said.listing)
        self._check_picked(listing, said.account)
        if said.quantity > listing.open:
            refuse(Reason.LISTING_SHORT, said.quantity, listing.open)
        taker = self._offer(said.account, listing.instrument, c.BUY, listing.price, said.quantity)
        self._check_covered(taker)
        number, price = said.client_order_id, listing.price
        taken = m.Subscribed(
            taker.number, said.account, listing.instrument, price, said.quantity, number, listing.number
        )
        traded = self._trade(taker, listing, said.quantity)
        self._shrink(listing, said.quantity)
        return [taken, traded]

    def _check_picked(self, listing: Offer, account: int) -> None:
        group = self.owners[account].group
        others = [each for each in self.listings(listing.instrument) if self.owners[each.account].group != group]
        prices = sorted({each.price for each in others})
        match self.pick_rules.get(listing.instrument, picking.PICK_ANY):
            case picking.PICK_BEST if listing.price != prices[0]:
                best = next(each.number for each in others if each.price == prices[0])
                refuse(PickReason.NOT_THE_BEST, listing.number, best)
            case picking.PICK_BEST_FIVE if listing.price not in prices[:5]:
                refuse(PickReason.NOT_IN_THE_BEST_FIVE, listing.price, prices[:5][-1])

    def _SetPicking(self, said: picking.SetPicking) -> list[e.Event]:  # noqa: N802 - named as its command
        self._known(said.instrument)
        self._single(said.instrument)
        if said.rule not in range(3):
            refuse(PickReason.NO_RULE, said.rule, 2)
        self.pick_rules[said.instrument] = said.rule
        return [picking.PickingSet(said.instruction, said.instrument, said.rule)]

    # Blocks.

    def proposed(self) -> dict[int, blocks.ProposeBlock]:
        """What is proposed and waits for an answer."""
        return {number: each for number, each in self.proposals.items() if number in self.open}

    def _has_own_band(self, offer: Offer) -> bool:
        return offer.number in self.proposals and self._terms(offer.instrument)[2] > 0

    def _terms(self, instrument: int) -> tuple[int, int, int]:
        return self.block_terms.get(instrument, (SMALLEST_BLOCK_T, 0, 0))

    def _SetBlockTerms(self, said: blocks.SetBlockTerms) -> list[e.Event]:  # noqa: N802 - named as its command
        self._known(said.instrument)
        self._single(said.instrument)
        lot = self.rules[said.instrument].lot
        if said.least <= 0 or said.least % lot != 0:
            refuse(Reason.QUANTITY_OFF_LOT, said.least, lot)
        if said.least > LARGEST_QUANTITY_T:
            refuse(Reason.TOO_LARGE, said.least, LARGEST_QUANTITY_T)
        if said.band_bps not in range(10_000):
            refuse(BlockReason.NO_BAND, said.band_bps, 9_999)
        if said.band_bps > 0 and said.reference < 1:
            refuse(Reason.PRICE_BELOW_BAND, said.reference, 1)
        if said.band_bps > 0 and said.reference > LARGEST_PRICE_FEN:
            refuse(Reason.TOO_LARGE, said.reference, LARGEST_PRICE_FEN)
        reference = said.reference if said.band_bps else 0
        self.block_terms[said.instrument] = (said.least, reference, said.band_bps)
        return [blocks.BlockTermsSet(said.instruction, said.instrument, said.least, reference, said.band_bps)]

    def _check_block(self, account: int, instrument: int, price: int, quantity: int) -> None:
        least, reference, bps = self._terms(instrument)
        rules = self.rules[instrument]
        if bps:
            away = Fraction(reference * bps, 10_000)
            high = min(floor(reference + away), LARGEST_PRICE_FEN)
            rules = replace(rules, low=ceil(reference - away), high=high)
        self._check_fits(account, instrument, price, quantity, rules)
        if quantity < least:
            refuse(BlockReason.BELOW_LEAST, quantity, least)

    def _ProposeBlock(self, said: blocks.ProposeBlock) -> list[e.Event]:  # noqa: N802 - named as its command
        self._known(said.instrument)
        self._check_block(said.account, said.instrument, said.price, said.quantity)
        self._check_venue(said.account, said.instrument, said.side, BLOCKS, said.quantity)
        self._check_room(said.account)
        if said.counterparty not in self.owners:
            refuse(BlockReason.NO_COUNTERPARTY, said.counterparty)
        if self.owners[said.counterparty].group == self.owners[said.account].group:
            refuse(BlockReason.OWN_BLOCK, said.counterparty)
        block = self._offer(said.account, said.instrument, said.side, said.price, said.quantity)
        self._check_covered(block)
        block.listed, block.campaign = True, block.number
        self.open[block.number] = block
        self.proposals[block.number] = said
        head = (block.number, said.account, said.instrument, said.side, said.price, said.quantity)
        return [blocks.BlockProposed(*head, said.client_order_id, said.counterparty, said.expires)]

    def _proposed_to(self, account: int, number: int) -> Offer:
        found = self.proposed().get(number)
        if found is None or found.counterparty != account:
            refuse(Reason.NOT_OPEN, number)
        return self.open[number]

    def _AcceptBlock(self, said: blocks.AcceptBlock) -> list[e.Event]:  # noqa: N802 - named as its command
        block = self._proposed_to(said.account, said.block)
        self._check_block(said.account, block.instrument, block.price, block.open)
        self._check_venue(said.account, block.instrument, 1 - block.side, BLOCKS, block.open)
        if self.owners[block.account].group == self.owners[said.account].group:
            refuse(BlockReason.OWN_BLOCK, block.account)
        answer = self._offer(said.account, block.instrument, 1 - block.side, block.price, block.open)
        self._check_covered(answer)
        del self.open[block.number]
        head = (answer.number, said.account, block.instrument, answer.side, block.price, answer.quantity)
        traded = self._trade(answer, block, answer.quantity)
        return [blocks.BlockAccepted(*head, said.client_order_id, block.number), traded]

    def _DeclineBlock(self, said: blocks.DeclineBlock) -> list[e.Event]:  # noqa: N802 - named as its command
        block = self._proposed_to(said.account, said.block)
        del self.open[block.number]
        return [gone(block, block.open, Cause.DECLINED), e.Completed(said.account, said.client_order_id)]

    def _LapseBlocks(self, said: blocks.LapseBlocks) -> list[e.Event]:  # noqa: N802 - named as its command
        due = [self.open[number] for number, each in self.proposed().items() if each.expires <= said.until]
        return [blocks.BlocksLapsed(said.instruction, said.until), *self._close_all(due, Cause.LAPSED)]
