"""The season as named steps: callers name milestones, and a step more anywhere breaks none of them."""

import ast
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from deploy.scenarios.cast import Season, Story
from deploy.scenarios.season import SEASON, Step, play_until, steps_until
from tests.faults.test_kill import IN_COMMIT, IN_FLIGHT, VICTIMS
from tests.worlds import TEMPLATES

ROOT = Path(__file__).parents[3]
MILESTONES = [step.milestone for step in SEASON]


@functools.cache
def named() -> frozenset[str]:
    """Every milestone that is named anywhere: in calls of `play_until` and `steps_until`, and in the tests' tables."""
    return frozenset((*_in_calls(), *TEMPLATES.values(), *VICTIMS, *IN_COMMIT, *IN_FLIGHT))


def _in_calls() -> Iterator[str]:
    for folder in ("deploy", "tests"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            text = path.read_text("utf-8")
            if "play_until(" not in text and "steps_until(" not in text:
                continue
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.Call) and ast.unparse(node.func) in ("play_until", "steps_until"):
                    yield from (str(each.value) for each in node.args if isinstance(each, ast.Constant))


async def nothing(_: Season) -> Story:
    """A step that does nothing."""
    return []


def silent(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """The same steps, none of which does anything."""
    return tuple(step._replace(play=nothing) for step in steps)


def new_season() -> Season:
    """A season that sends nothing."""
    return Season(cast("Any", None), ("", ""))


def test_no_two_steps_have_one_name():
    """A milestone is reached by one step."""
    assert len(set(MILESTONES)) == len(MILESTONES)


@pytest.mark.parametrize("at", range(len(SEASON) + 1))
async def test_a_chapter_inserted_anywhere_breaks_nothing(at):
    """Whatever names a milestone still gets there, past the new step where that stands before it."""
    longer = silent((*SEASON[:at], Step("new_chapter", "A new chapter", nothing), *SEASON[at:]))
    assert {"issued", "withdrawn"} < named()
    for milestone in named() - {"nonsense"}:
        season = new_season()
        await play_until(season, milestone, longer)
        assert milestone == season.reached[-1]
        assert [each for each in season.reached if each != "new_chapter"] == [
            step.milestone for step in steps_until(milestone)
        ]


async def test_playing_on_repeats_nothing():
    """What was reached before is not played again, and an earlier milestone is reached already."""
    season, steps = new_season(), silent(SEASON)
    for milestone in ("issued", "withdrawn", "issued"):
        await play_until(season, milestone, steps)
    assert [step.milestone for step in steps_until("withdrawn")] == season.reached


def test_a_milestone_that_is_none():
    """The refusal lists those that there are."""
    with pytest.raises(LookupError, match="no milestone of the season is named nonsense; there are region, organisa"):
        steps_until("nonsense")
