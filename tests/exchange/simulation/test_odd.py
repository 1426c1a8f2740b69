"""The ODD page: every plan and agent of the model, and every parameter of the scenario."""

import re

import pytest
from click.testing import CliRunner

from deploy.cli.program import cli
from exchange.simulation import plans, programme_plans, ways_plans
from exchange.simulation.files import read, shipped
from exchange.simulation.odd import PEOPLE, classes_of, odd
from exchange.simulation.parameters import documented
from exchange.simulation.results import FIGURES
from exchange.simulation.world import World


@pytest.mark.parametrize("name", shipped())
def test_the_page_has_every_plan_agent_parameter_and_figure(name):
    """By its name, with the first words of its docstring; a value is that of the scenario."""
    scenario = read(shipped()[name])
    page = odd(scenario)
    for kind in (*classes_of(plans), *classes_of(programme_plans), *classes_of(ways_plans)):
        assert f"- **{kind.__name__}**" in page
    for kind in (each for module in PEOPLE for each in classes_of(module)):
        assert f"#### {kind.__name__}\n\n{(kind.__doc__ or '').split()[0]}" in page
    for each in documented(scenario):
        assert f"| `{each.name}` | {each.parameter.value:,} | {each.parameter.unit} |" in page
    assert all(f"- `{each}`: " in page for each in FIGURES)


def test_whoever_trades_in_a_run_is_on_the_page():
    """The kinds of all agents of all scenarios, so that a new module of agents is not forgotten."""
    known = {kind for module in PEOPLE for kind in classes_of(module)}
    for text in shipped().values():
        assert {type(each) for each in World(read(text), 0).agents} <= known


def test_the_sections_are_those_of_the_protocol(tmp_path):
    """Seven of them in their order, and all design concepts; from the command line into a file or out."""
    done = CliRunner().invoke(cli, ["sim", "odd", "compliance-rhythm"])
    assert 0 == done.exit_code, done.output
    assert list("1234567") == re.findall(r"^## (\d)\. ", done.output, re.MULTILINE)
    concepts = re.findall(r"^### (\w+)", done.output.partition("## 4.")[2].partition("## 5.")[0], re.MULTILINE)
    assert ["Basic", "Emergence", "Adaptation", "Learning", "Prediction"] == concepts[:5]
    assert ["Sensing", "Interaction", "Stochasticity", "Collectives", "Observation"] == concepts[5:]
    CliRunner().invoke(cli, ["sim", "odd", "compliance-rhythm", "--out", str(tmp_path / "rhythm-odd")])
    assert done.output == (tmp_path / "rhythm-odd").read_text("utf-8")
    none = CliRunner().invoke(cli, ["sim", "odd", "no-such"])
    assert 2 == none.exit_code
