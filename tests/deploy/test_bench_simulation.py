"""`kilnwood bench simulation`: whole runs of a scenario, beside their commands on the engine alone."""

import pytest

from deploy.bench.mesa_traders import HeapBook, mesa_model, play
from deploy.bench.simulation import agents, morris_900, year_300, year_memory
from exchange.simulation.files import read, shipped


def test_a_year_of_300_agents_is_measured_beside_the_engine_alone():
    """One run; the engine alone takes less for the same commands."""
    figure = year_300(seconds=0.1, rounds=1)
    assert 0 < (figure.limit or 0) < figure.value
    assert "300 agents, 365 days" in figure.what
    assert figure.notes["commands/s"] > 1_000


def test_commands_of_people_who_trade_daily_are_counted():
    """As a rate, which the engine alone exceeds."""
    figure = agents(seconds=0.1, rounds=1)
    assert figure.value < (figure.limit or 0)
    assert figure.target is not None


def test_memory_is_that_of_a_process_of_its_own():
    """More than an interpreter has by itself, and not that of this one."""
    figure = year_memory(seconds=0.1, rounds=1)
    assert 10 < figure.value < 200


def test_a_sweep_is_scaled_from_a_few_of_its_runs():
    """Two of them here; the rate and the minutes say the same."""
    figure = morris_900(seconds=0.1, rounds=1)
    assert "900 runs" in figure.what
    assert figure.value == pytest.approx(900 / figure.notes["runs/s"] / 60)


def test_the_book_for_mesa_trades_at_crossing_prices_only():
    """The best first, and none that was cancelled."""

    class One:
        def __init__(self, unique_id: int) -> None:
            self.unique_id, self.done = unique_id, False

    book, (dear, cheap, gone, buyer) = HeapBook(), map(One, range(4))
    for each, price in ((dear, 900), (cheap, 700), (gone, 600)):
        book.place(each, 1, price)
    book.cancel(gone)
    book.place(buyer, 0, 650)
    assert (0, 5) == (book.trades, book.commands)
    book.cancel(buyer)
    book.place(buyer, 0, 950)
    assert (True, True, False, False) == (cheap.done, buyer.done, dear.done, gone.done)


@pytest.mark.filterwarnings("ignore")  # of the package, which is not ours
def test_the_traders_play_in_mesa():
    """As many commands, about, as the simulator has of them, and some trades."""
    pytest.importorskip("mesa")
    model = mesa_model(read(shipped()["zero-intelligence"], {"population.buyers.active_bps": 10_000}))
    assert play(model, 60) > 2_000
    assert model.book.trades > 5
