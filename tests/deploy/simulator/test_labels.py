"""What parameters are called on the simulator's pages."""

import pytest

from deploy.simulator.choices import scenarios
from deploy.simulator.labels import fields_by_group, group_of, label_of, long_name
from exchange.simulation.parameters import documented


@pytest.mark.parametrize("name", scenarios())
def test_every_parameter_of_a_scenario_has_a_plain_name_in_both_languages(name):
    """No name, heading or unit is shown as the file has it, and under one heading no two are called alike."""
    known = list(documented(scenarios()[name]))
    for word, heading, fields in fields_by_group(known):
        assert heading.en != word != heading.zh, f"{word} has no heading"
        for each in fields:
            leaf = each.each.name.rpartition(".")[2]
            assert each.label.en not in {leaf, leaf.replace("_", " ")}, each.each.name
            assert each.label.zh != leaf, each.each.name
            assert any("\u4e00" <= letter <= "\u9fff" for letter in each.label.zh), each.each.name
            assert not {"_", "bps"} & {*each.label.en, *each.unit.en.split()}, each.each.name
        for language in (0, 1):
            said = [each.label[language] for each in fields]
            assert len(set(said)) == len(said), f"{word} has one name twice"


def test_a_name_is_that_of_its_section():
    """The same last word means other things elsewhere; what belongs to a project or population stands under it."""
    assert label_of("donations.response_bps") != label_of("points.response_bps")
    assert label_of("blocks.least_t") != label_of("campaigns.least_t")
    assert (
        "Covered enterprises: Cost of the first tonne reduced" == long_name("population.mills.abatement.first_fen_t").en
    )
    assert "Kilns: Grid factor" == long_name("project.kiln.kiln.grid_g_kwh").en
    assert ("", "nothing") == (group_of("nothing")[0], label_of("nothing").en), "what a stranger sends ends nothing"
