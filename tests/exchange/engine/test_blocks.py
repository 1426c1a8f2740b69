"""Negotiated blocks: proposed, accepted, declined, lapsed. The numbers are worked out by hand."""

import pytest

from exchange.engine import commands as c
from exchange.engine import events as e
from exchange.engine import state
from exchange.engine.core import Engine
from exchange.engine.events import Cause, Reason
from exchange.engine.modes import continuous
from exchange.engine.modes.blocks import messages as m
from exchange.engine.modes.blocks.messages import BlockReason
from exchange.engine.modes.blocks.state import Terms
from tests.exchange.engine.market_table import BUY, CREDIT, FEES, SELL, Table, buy, reduced, traded

SOON = 2_000
N = 12
"""The number of the block in each example: the terms are set first."""


def block(
    *, account: int = 1, other: int = 2, side: int = SELL, price: int = 200, quantity: int = 500, number: int = 1
) -> m.ProposeBlock:
    """Account 1 would sell 500 t at 2.00 CNY to account 2."""
    return m.ProposeBlock(account, CREDIT, other, side, price, quantity, SOON, number)


def market(least: int = 300, reference: int = 0, band_bps: int = 0) -> Table:
    """Blocks have 300 t at least."""
    return Table(m.SetBlockTerms(11, CREDIT, least, reference, band_bps))


def test_a_block_from_its_proposal_to_its_trade():
    """500 t at 2.00: the seller's tonnes, then the buyer's 1,000 CNY. The fee is 25 bps of 100,000 fen: 250."""
    table = market()
    assert [m.BlockProposed(N, 1, CREDIT, SELL, 200, 500, 1, 2, SOON)] == table.tell(block())
    assert (510, 500, 0, 0) == table.tonnes(1)
    assert [
        m.BlockAccepted(13, 2, CREDIT, BUY, 200, 500, 1, N),
        e.Traded(1, CREDIT, 200, 500, 13, N, 2, 1, 200, 250, FEES, BUY),
    ] == table.tell(m.AcceptBlock(2, N, 1))
    assert (900_000, 0, 0, 100_000) == table.cash(2)
    assert (510, 0, 0, 500) == table.tonnes(1)
    assert [e.Refused(Reason.NOT_OPEN, 2, 2, N, 0)] == table.tell(m.AcceptBlock(2, N, 2))


def test_a_buyer_may_propose_too():
    """Its money is locked; the seller who accepts is the one who came later."""
    table = market()
    table.tell(block(side=BUY))
    assert (900_000, 100_000, 0, 0) == table.cash(1)
    trade = e.Traded(1, CREDIT, 200, 500, N, 13, 1, 2, 200, 250, FEES, SELL)
    assert trade == table.tell(m.AcceptBlock(2, N, 1))[-1]
    assert (500, 0, 0, 500) == table.tonnes(2)


def test_declined_taken_back_or_lapsed_everything_is_as_it_was():
    """Three blocks, each with its cause."""
    table = market()
    before = table.tonnes(1)
    table.tell(block())
    said = [e.Reduced(N, 1, CREDIT, SELL, 200, 500, Cause.DECLINED, 0), e.Completed(2, 1)]
    assert said == table.tell(m.DeclineBlock(2, N, 1))
    table.tell(block(number=2))
    assert [(14, 500, Cause.OWNER)] == reduced(table.tell(c.Cancel(1, 14, 3)))
    table.tell(block(number=4))
    assert [m.BlocksLapsed(12, SOON - 1)] == table.tell(m.LapseBlocks(12, SOON - 1))
    assert [m.BlocksLapsed(13, SOON), e.Reduced(16, 1, CREDIT, SELL, 200, 500, Cause.LAPSED, 0)] == table.tell(
        m.LapseBlocks(13, SOON)
    )
    assert before == table.tonnes(1)
    assert [e.InstructionRefused(13, 0, Reason.STALE_INSTRUCTION, 13, 13)] == table.tell(m.LapseBlocks(13, SOON))


@pytest.mark.parametrize(
    ("proposed", "reason", "wanted", "limit"),
    [
        (block(quantity=290), BlockReason.BELOW_LEAST, 290, 300),
        (block(quantity=305), Reason.QUANTITY_OFF_LOT, 305, 10),
        (block(quantity=1_020), Reason.NOT_ENOUGH_TONNES, 1_020, 1_010),
        (block(side=BUY, price=1_000, quantity=1_010), Reason.NOT_ENOUGH_CASH, 1_010_000, 1_000_000),
        (block(price=201), Reason.PRICE_OFF_TICK, 201, 5),
        (block(price=95), Reason.PRICE_BELOW_BAND, 95, 100),
        (block(price=1_005), Reason.PRICE_ABOVE_BAND, 1_005, 1_000),
        (block(other=77), BlockReason.NO_COUNTERPARTY, 77, 0),
        (block(account=2, other=3), BlockReason.OWN_BLOCK, 3, 0),
        (block(account=2, other=2), BlockReason.OWN_BLOCK, 2, 0),
        (m.ProposeBlock(1, 8, 2, SELL, 200, 500, SOON, 1), Reason.UNKNOWN_INSTRUMENT, 8, 0),
        (block(account=77), Reason.UNKNOWN_ACCOUNT, 0, 0),
    ],
)
def test_a_block_that_cannot_be_proposed(proposed, reason, wanted, limit):
    """With the two numbers that disagree; nothing is locked."""
    table = market()
    before = table.all_but_standing()
    assert [e.Refused(reason, proposed.account, 1, wanted, limit)] == table.tell(proposed)
    assert before == table.all_but_standing()


@pytest.mark.parametrize(
    ("before", "answer", "reason", "wanted", "limit"),
    [
        ([], m.AcceptBlock(4, N, 1), Reason.NOT_OPEN, N, 0),
        ([], m.DeclineBlock(4, N, 1), Reason.NOT_OPEN, N, 0),
        ([], m.AcceptBlock(1, N, 2), Reason.NOT_OPEN, N, 0),
        ([], m.AcceptBlock(2, 99, 1), Reason.NOT_OPEN, 99, 0),
        ([c.DebitCash(12, 2, 900_001)], m.AcceptBlock(2, N, 1), Reason.NOT_ENOUGH_CASH, 100_000, 99_999),
        ([c.Halt(12, CREDIT, 1, on=True)], m.AcceptBlock(2, N, 1), Reason.HALTED, CREDIT, 1),
        ([c.Freeze(12, 2, on=True)], m.AcceptBlock(2, N, 1), Reason.FROZEN, 0, 0),
        ([c.Freeze(12, 1, on=True)], m.AcceptBlock(2, N, 1), Reason.NOT_OPEN, N, 0),
        ([c.SetBand(12, CREDIT, 300, 400)], m.AcceptBlock(2, N, 1), Reason.NOT_OPEN, N, 0),
        ([m.SetBlockTerms(12, CREDIT, 600, 0, 0)], m.AcceptBlock(2, N, 1), BlockReason.BELOW_LEAST, 500, 600),
        ([m.SetBlockTerms(12, CREDIT, 300, 300, 1_000)], m.AcceptBlock(2, N, 1), Reason.PRICE_BELOW_BAND, 200, 270),
    ],
)
def test_a_block_that_cannot_be_answered(before, answer, reason, wanted, limit):
    """By somebody else, unpaid, halted, frozen, or outside terms that changed since; it stays until it lapses."""
    table = market()
    table.tell(block(), *before)
    assert [e.Refused(reason, answer.account, answer.client_order_id, wanted, limit)] == table.tell(answer)


def test_who_is_frozen_may_decline_also_while_it_is_halted():
    """It only gives back."""
    table = market()
    table.tell(block(), c.Freeze(12, 2, on=True), c.Halt(13, CREDIT, 1, on=True))
    assert [(N, 500, Cause.DECLINED)] == reduced(table.tell(m.DeclineBlock(2, N, 1)))


def test_a_band_of_its_own_is_rounded_inwards_and_the_book_s_does_not_reach_it():
    """30 % around 333 fen: 233.1 to 432.9, so 234 to 432. A new band of the book leaves the block where it is."""
    table = market(reference=333, band_bps=3_000)
    assert (234, 432) == Terms(300, 333, 3_000).bounds(table.engine.market.instruments[CREDIT])
    assert [e.Refused(Reason.PRICE_BELOW_BAND, 1, 1, 230, 234)] == table.tell(block(price=230))
    assert [e.Refused(Reason.PRICE_ABOVE_BAND, 1, 2, 435, 432)] == table.tell(block(price=435, number=2))
    table.tell(block(price=430, number=3))
    assert [] == reduced(table.tell(c.SetBand(12, CREDIT, 100, 200)))
    assert [(16, 14, 430, 500)] == traded(table.tell(m.AcceptBlock(2, 14, 1)))


@pytest.mark.parametrize(
    ("terms", "reason", "wanted", "limit"),
    [
        ((8, 300, 0, 0), Reason.UNKNOWN_INSTRUMENT, 8, 0),
        ((CREDIT, 0, 0, 0), Reason.QUANTITY_OFF_LOT, 0, 10),
        ((CREDIT, 15, 0, 0), Reason.QUANTITY_OFF_LOT, 15, 10),
        ((CREDIT, 100_000_010, 0, 0), Reason.TOO_LARGE, 100_000_010, 100_000_000),
        ((CREDIT, 300, 300, 10_000), BlockReason.NO_BAND, 10_000, 9_999),
        ((CREDIT, 300, 300, -1), BlockReason.NO_BAND, -1, 9_999),
        ((CREDIT, 300, 0, 100), Reason.PRICE_BELOW_BAND, 0, 1),
        ((CREDIT, 300, 10_000_001, 100), Reason.TOO_LARGE, 10_000_001, 10_000_000),
    ],
)
def test_terms_that_cannot_be(terms, reason, wanted, limit):
    """Those before them stay."""
    table = market()
    assert [e.InstructionRefused(12, 0, reason, wanted, limit)] == table.tell(m.SetBlockTerms(12, *terms))
    assert [e.Refused(BlockReason.BELOW_LEAST, 1, 1, 290, 300)] == table.tell(block(quantity=290))


def test_where_nothing_is_set_a_block_has_a_thousand_tonnes():
    """In the band of the book."""
    assert [e.Refused(BlockReason.BELOW_LEAST, 1, 1, 990, 1_000)] == Table().tell(block(quantity=990))
    assert [m.BlockProposed(11, 1, CREDIT, SELL, 200, 1_000, 1, 2, SOON)] == Table().tell(block(quantity=1_000))


def test_blocks_and_books_do_not_meet():
    """Nor is a block amended."""
    table = market()
    table.tell(block())
    assert [] == traded(table.tell(buy(4, 1_000, 10, 1)))
    assert [e.Refused(Reason.NOT_AN_ORDER, 1, 2, N, 0)] == table.tell(continuous.Amend(1, N, 200, 300, 2))


def test_a_snapshot_has_blocks_and_their_terms():
    """What was loaded goes on alike."""
    table = market(reference=333, band_bps=3_000)
    table.tell(block(price=300))
    again = Engine(state.load(state.dump(table.engine.market)))
    assert state.dump(table.engine.market) == state.dump(again.market)
    assert table.tell(m.AcceptBlock(2, N, 1)) == again.apply(m.AcceptBlock(2, N, 1))
