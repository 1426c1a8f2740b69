"""
The ODD page of a scenario: Overview, Design concepts and Details, as Grimm and others set them down in 2020.

What a part of the model is and does is said by its own docstring, and what it is set to by the scenario's parameters,
so the page cannot say otherwise than the code that runs.
"""

import inspect
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any, Final

from msgspec import Struct

from exchange.engine.core import ENGINE_VERSION
from exchange.simulation import (
    MODEL_VERSION,
    abatement,
    agents,
    blocks,
    buying,
    campaigns,
    demand,
    donations,
    ledger,
    losses,
    points,
    programme_plans,
    regulator,
    seeds,
    venue,
    ways,
    ways_plans,
    world,
)
from exchange.simulation import plans as plan_module
from exchange.simulation.parameters import Documented, documented
from exchange.simulation.plans import Scenario
from exchange.simulation.results import FIGURES

PEOPLE: Final = (agents, demand, regulator, donations, points, losses)
"""Modules of those who act, and of what acts on them."""
_PLANS: Final = (plan_module, programme_plans, ways_plans)
_PLACES: Final = (world, venue, ledger)
_SUBMODELS: Final = (buying, ways, campaigns, blocks, abatement)
_LEARNING: Final = "No one learns: the rules below are followed from the first day to the last."
_PREDICTION: Final = "Nobody guesses what others will do, or what a price will be."
_COLLECTIVES: Final = "None but the populations and kinds of project, whose members share a plan and draw what differs."
_EMERGENCE: Final = (
    "Prices, volumes and who trades with whom come of orders that meet on the engine. Emissions, costs, budgets and "
    "the allowance price are put in."
)


def odd(scenario: Scenario) -> str:
    """Return the page of a scenario as Markdown."""
    lines = [
        f"# ODD: {scenario.title.en} ({scenario.title.zh})",
        "",
        (
            f"Scenario `{scenario.name}`, model {MODEL_VERSION}, engine {ENGINE_VERSION}. Made by `kilnwood sim odd` "
            "from the code and the scenario's parameters, after Grimm et al. 2020, *JASSS* 23(2) 7."
        ),
        *_overview(scenario),
        *_design_concepts(scenario),
        *_details(scenario),
    ]
    return "\n".join(lines) + "\n"


def _overview(scenario: Scenario) -> Iterator[str]:
    yield from ("", "## 1. Purpose and patterns", "", scenario.question.en, "", scenario.limits.en)
    yield from ("", "## 2. Entities, state variables and scales", "")
    days, start = scenario.horizon.days.value, scenario.horizon.start
    yield f"A step is a day; {days:,} of them, from {start} on. Space is not represented. Mass is in whole tonnes on"
    yield "the exchange and kilograms in the registry, money in fen."
    yield ""
    yield from _listed((*_PLACES, *PEOPLE))
    yield from (
        "",
        "## 3. Process overview and scheduling",
        "",
        _text(world.__doc__),
        "",
        _text(world.World.play.__doc__),
    )


def _design_concepts(scenario: Scenario) -> Iterator[str]:
    yield from ("", "## 4. Design concepts")
    concepts = {
        "Basic principles": _text(venue.__doc__),
        "Emergence": _EMERGENCE,
        "Adaptation and objectives": "Each acts by the rule of its kind; see the submodels.",
        "Learning": _LEARNING,
        "Prediction": _PREDICTION,
        "Sensing": f"{_text(agents.__doc__)} {_text(venue.Board.__doc__)} {_text(agents.PlayedRegion.__doc__)}",
        "Interaction": f"Only through the venue. {_text(venue.Desk.__doc__)}",
        "Stochasticity": _text(seeds.__doc__),
        "Collectives": _COLLECTIVES,
        "Observation": f"After the last day of {scenario.replications} replications:",
    }
    for name, said in concepts.items():
        yield from ("", f"### {name}", "", said)
    yield ""
    yield from (f"- `{name}`: {english}" for name, (english, _) in FIGURES.items())


def _details(scenario: Scenario) -> Iterator[str]:
    yield from ("", "## 5. Initialization", "")
    yield f"Seed {scenario.seed}. Nobody has tonnes or open orders. There are:"
    yield ""
    yield from (f"- {plan.developers.value:,} developers of {name}" for name, plan in scenario.project.items())
    yield from (f"- {plan.count.value:,} of {name}, `{_kind(plan)}`" for name, plan in scenario.population.items())
    yield from (f"- Varied: `{each.parameter}` = {', '.join(map(str, each.values))}" for each in scenario.lever)
    yield from ("", "## 6. Input data", "", "Whole numbers; where each comes from stands beside it.", "")
    yield "| parameter | value | unit | range | mark | source |"
    yield "|---|---:|---|---|---|---|"
    yield from map(_row, documented(scenario))
    yield from ("", "## 7. Submodels", "", "### What a scenario sets", "")
    yield from _plans()
    yield from ("", "### What each does")
    for module in (*PEOPLE, *_SUBMODELS):
        yield from _submodels(module)


def _row(each: Documented) -> str:
    said, (low, high) = each.parameter, each.parameter.range
    source = said.source.replace("|", "\\|")
    return (
        f"| `{each.name}` | {said.value:,} | {said.unit} | {low:,} to {high:,} | {said.mark} | {source}, {said.date} |"
    )


def _plans() -> Iterator[str]:
    """Every section that a scenario can have, with what can be set in it."""
    for module in _PLANS:
        for kind in classes_of(module):
            fields = ", ".join(f"`{name}`" for name in kind.__struct_fields__)
            yield f"- **{kind.__name__}**{_tag(kind)}: {_text(kind.__doc__)} Fields: {fields}."


def _submodels(module: ModuleType) -> Iterator[str]:
    for kind in classes_of(module):
        yield from ("", f"#### {kind.__name__}", "", _text(kind.__doc__), "")
        for name, method in vars(kind).items():
            if inspect.isfunction(method) and not name.startswith("_"):
                yield f"- `{name}`: {_text(method.__doc__)}"
    for name, function in vars(module).items():
        if inspect.isfunction(function) and function.__module__ == module.__name__ and not name.startswith("_"):
            yield from ("", f"#### {name}", "", _text(function.__doc__))


def _listed(modules: Sequence[ModuleType]) -> Iterator[str]:
    for module in modules:
        for kind in classes_of(module):
            yield f"- **{kind.__name__}**: {_text(kind.__doc__)}{_state(kind)}"


def _state(kind: type[Any]) -> str:
    """The fields of what is a plain record."""
    fields = getattr(kind, "_fields", ())
    return f" Fields: {', '.join(f'`{name}`' for name in fields)}." if fields else ""


def classes_of(module: ModuleType) -> list[type[Any]]:
    """Return the public classes that a module defines, in its order."""
    own = (each for each in vars(module).values() if inspect.isclass(each) and each.__module__ == module.__name__)
    return [each for each in own if not each.__name__.startswith("_")]


def _tag(kind: type[Any]) -> str:
    tag = kind.__struct_config__.tag if issubclass(kind, Struct) else None
    return f' (`kind = "{tag}"`)' if tag is not None else ""


def _kind(plan: Struct) -> str:
    return str(plan.__struct_config__.tag)


def _text(docstring: str | None) -> str:
    """A docstring as one paragraph."""
    return " ".join(inspect.cleandoc(docstring or "").split())
