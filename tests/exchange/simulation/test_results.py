"""What a run keeps for its report: unsold stock by week, duties by population, how concentrated sellers are."""

from exchange.simulation.world import World
from tests.exchange.simulation.small import small


def test_a_week_keeps_what_is_unsold_and_a_duty_what_it_cost():
    """The last week's stock is the figure of the whole run; duties add up to the figures of compliance."""
    result = World(small(), 0).play()
    assert {13} == {len(weeks) for weeks in result.stock.values()}, "a week that was begun counts"
    assert result.figures["unsold_t"] == sum(weeks[-1] for weeks in result.stock.values())
    assert any(len(set(weeks)) > 2 for weeks in result.stock.values()), "it changes"
    (mills,) = result.compliance.values()
    assert ["mills"] == list(result.compliance)
    assert result.figures["offset_t"] == mills.offset_t < mills.emissions_t
    assert result.figures["compliance_fen"] == mills.credits_fen + mills.rest_fen > 0
    share = result.figures["largest_seller_bps"]
    assert share**2 // 10_000 <= result.figures["seller_hhi"] <= share
