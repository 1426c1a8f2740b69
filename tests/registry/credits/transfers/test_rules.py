"""When an offer ends and who may close it."""

from datetime import UTC, datetime, timedelta

import pytest

from registry.credits.transfers import rules

NOW = datetime(2025, 1, 6, 1, tzinfo=UTC)


def test_an_offer_without_an_end_lasts_seven_days():
    """Seven days of business time, or until the instant that was named."""
    assert NOW + timedelta(days=7) == rules.expires_at(None, NOW)
    assert NOW + timedelta(seconds=1) == rules.expires_at(NOW + timedelta(seconds=1), NOW)


@pytest.mark.parametrize("earlier_s", [0, 1, 86_400])
def test_an_offer_cannot_end_before_it_begins(earlier_s):
    """Now is too late already."""
    with pytest.raises(rules.TransferExpired, match="is not after business time 2025-01-06 01:00Z"):
        rules.expires_at(NOW - timedelta(seconds=earlier_s), NOW)


@pytest.mark.parametrize(
    ("state", "ends", "refusal"),
    [
        ("proposed", NOW + timedelta(seconds=1), None),
        ("proposed", NOW, rules.TransferExpired),
        ("expired", NOW + timedelta(days=1), rules.TransferExpired),
        ("accepted", NOW - timedelta(days=1), rules.TransferClosed),
        ("rejected", NOW + timedelta(days=1), rules.TransferClosed),
        ("withdrawn", NOW + timedelta(days=1), rules.TransferClosed),
    ],
)
def test_only_an_open_offer_can_be_closed(state, ends, refusal):
    """Proposed and before its end; every other state says what it is."""
    if refusal is None:
        rules.check_open(4, state, ends, NOW)
    else:
        with pytest.raises(refusal, match="Transfer 4"):
            rules.check_open(4, state, ends, NOW)
