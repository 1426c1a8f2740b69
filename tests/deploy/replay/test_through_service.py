"""Journals of simulated runs on the real service: PostgreSQL, HTTP, the registry's custody and its settler."""

import pytest
from click.testing import CliRunner

from deploy.cli.program import cli
from deploy.replay.expected import ReplayedTrade, SimulatedMarket, brought
from deploy.replay.playing import CannotReplay
from deploy.replay.through import ReplayOutcome, replay_through_service, same_trades
from deploy.scenarios.client import Unexpected
from exchange.engine import commands as c
from exchange.engine.events import Reason
from exchange.engine.modes.auctions.messages import ASCENDING, OpenAuction
from exchange.engine.modes.continuous import Place
from exchange.simulation.bundle import commands_of, write
from exchange.simulation.files import shipped

FEES, SELLER, BUYER = 1, 2, 3
HAND_MADE = (
    c.OpenInstrument(1, 1, 1, 10, 500, 9_500, 100, FEES, FEES),
    c.CreditTonnes(2, SELLER, SELLER, 1, 50),
    c.CreditCash(3, BUYER, BUYER, 100_000),
    Place(SELLER, 1, c.SELL, 1_000, 30, 1),
    Place(BUYER, 1, c.BUY, 1_000, 200, 1),  # it has money for 100 t
    Place(BUYER, 1, c.BUY, 1_200, 20, 2, c.IOC),
    c.SetBand(4, 1, 1_100, 9_500),  # what rests at 1,000 is closed
    c.Settle(1, (1,)),
    c.DebitTonnes(5, BUYER, 1, 20),
    c.DebitCash(6, SELLER, 19_000),
)
SMALL = {
    "horizon.days": 30,
    "population.buyers.count": 8,
    "population.buyers.active_bps": 10_000,
    "project.sellers.developers": 6,
}


def test_what_a_journal_needs_is_read_off_it():
    """Accounts with money or tonnes, the instruments, and who gets the fees."""
    what = brought(HAND_MADE)
    assert ((SELLER, BUYER), {(SELLER, 1): 50}, FEES) == (what.accounts, dict(what.tonnes), what.fees)


def test_the_simulators_engine_says_what_to_expect():
    """One refusal for want of money, one trade of 20 t at the resting price, with the fee of a hundredth."""
    market = SimulatedMarket()
    steps = list(market.steps(HAND_MADE))
    assert [Reason.NOT_ENOUGH_CASH] == [each.refused for each in steps if each.refused is not None]
    assert [ReplayedTrade(6, 4, 1, 1_000, 20, BUYER, SELLER, 200)] == [each for step in steps for each in step.trades]
    assert {FEES, SELLER, BUYER} == market.parties((1,))
    assert (80_000, 0, 0, 0) == market.held(BUYER).cash


def test_a_journal_is_replayed_to_the_same_refusals_trades_and_balances():
    """Written by hand, so that the service has to refuse once, and to close what is outside a new band."""
    assert ReplayOutcome(len(HAND_MADE), 1, 1) == replay_through_service(HAND_MADE, lambda _said: None)


def test_trades_that_differ_are_found_out():
    """In a number, or in how many they are."""
    one = ReplayedTrade(6, 4, 1, 1_000, 20, BUYER, SELLER, 200)
    same_trades([one], [one])
    with pytest.raises(Unexpected, match="trade 1 of the run is"):
        same_trades([one], [one._replace(buyer=9)])
    with pytest.raises(Unexpected, match="the run has 1 trades, and the service 0"):
        same_trades([one], [])


def test_money_for_two_operators_is_not_replayed():
    """It says so before anything is started."""
    rich = (HAND_MADE[0], c.CreditCash(2, BUYER, BUYER, 1_000_000_01))
    with pytest.raises(CannotReplay, match="take two operators"):
        replay_through_service(rich, lambda _said: None)
    with pytest.raises(CannotReplay, match="does what Freeze does"):
        replay_through_service((HAND_MADE[0], c.Freeze(2, BUYER, on=True)), lambda _said: None)
    rising = OpenAuction(
        SELLER,
        1,
        ASCENDING,
        1_000,
        10,
        10,
        1,
        10,
        0,
        whole=False,
        opens=1,
        closes=2,
        extension=0,
        latest=2,
        client_order_id=1,
    )
    with pytest.raises(CannotReplay, match="not at one price are not replayed"):
        replay_through_service((HAND_MADE[0], rising), lambda _said: None)


@pytest.mark.long
@pytest.mark.parametrize("selling", [0, 1, 2], ids=["book", "listings", "auctions"])
def test_every_way_to_sell_is_replayed_from_a_bundle(tmp_path, selling):
    """A shipped scenario with a shorter horizon, from the command line."""
    changes = {"horizon.days": 60, "policy.deadline_day": 50, "population.mills.count": 6, "venue.selling": selling}
    text = shipped()["auction-listing-book"].partition("[[lever]]")[0]
    write(tmp_path / "run", text, changes, replications=1)
    trades = len(commands_of((tmp_path / "run" / "journal.msgpack").read_bytes()))
    done = CliRunner().invoke(cli, ["sim", "verify", str(tmp_path / "run"), "--through-service"])
    assert 0 == done.exit_code, done.output
    assert f"The same through the service: {trades:,} commands, and the same" in done.output


def test_a_shipped_scenario_is_replayed_from_the_command_line(tmp_path):
    """Zero-intelligence buyers and sellers, a few of them for a month."""
    text = shipped()["zero-intelligence"].partition("[[lever]]")[0]
    write(tmp_path / "run", text, SMALL, replications=1)
    done = CliRunner().invoke(cli, ["sim", "verify", str(tmp_path / "run"), "--through-service"])
    assert 0 == done.exit_code, done.output
    assert "The same bytes again: 1 runs of zero-intelligence" in done.output
    assert "The same through the service:" in done.output
