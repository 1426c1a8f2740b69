"""Every reason of the engine that reaches people has a text with its numbers."""

import re

from exchange.engine.events import Reason
from exchange.engine.modes import continuous
from exchange.modes import COMMANDS, REFUSALS

INTERNAL = {Reason.NOT_OUTSTANDING, Reason.STALE_INSTRUCTION}
"""Refusals of a settlement or instruction that was sent twice: no caller waits for the answer."""


def test_every_reason_is_worded():
    """A slug, a title, and one or more whole sentences without a gap; amounts are members, names of things are not."""
    for reason in set(Reason) - INTERNAL:
        for about in COMMANDS.values():
            found = REFUSALS.of(reason, 123_456, 1_200, instead=about.instead)
            assert re.fullmatch("[a-z]+(-[a-z]+)*", found.slug), reason
            assert re.fullmatch(r"[A-Za-z0-9].*[a-z0-9]\.", found.detail), found.detail
            assert not re.search("[{}]", found.detail), found.detail
            assert found.members in ({}, {"wanted": 123_456, "limit": 1_200})
    for reason in (Reason.NOT_ENOUGH_CASH, Reason.LISTING_SHORT, Reason.PRICE_ABOVE_BAND):
        assert {"wanted": 2, "limit": 1} == REFUSALS.of(reason, 2, 1).members
    for reason in (Reason.HALTED, Reason.NOT_OPEN, Reason.OWN_LISTING):
        assert {} == REFUSALS.of(reason, 2, 1).members


def test_numbers_as_people_write_them():
    """Money in yuan with its fen, tonnes with commas."""
    assert (
        "1,234.56 CNY; 12.00 CNY are settled. 1,222.56 CNY"
        in REFUSALS.of(Reason.NOT_ENOUGH_CASH, 123_456, 1_200).detail
    )
    assert "123,456 t; 1,200 t are settled. 122,256 t" in REFUSALS.of(Reason.NOT_ENOUGH_TONNES, 123_456, 1_200).detail
    assert "10,000 orders open and may have 10,000" in REFUSALS.of(Reason.TOO_MANY_ORDERS, 10_000, 10_000).detail
    assert (
        "takes 3.00 CNY more"
        in REFUSALS.of(Reason.NOT_ENOUGH_CASH, 300, 100, instead=COMMANDS[continuous.Amend].instead).detail
    )
    assert "by the operator and a freeze and" in REFUSALS.of(Reason.HALTED, 7, 3).detail
    assert "open under number 7" in REFUSALS.of(Reason.NOT_OPEN, 7, 0).detail
