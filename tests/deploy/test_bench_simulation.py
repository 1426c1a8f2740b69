"""`kilnwood bench simulation`: whole runs of a scenario, beside their commands on the engine alone."""

from deploy.bench.simulation import agents, year_300


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
