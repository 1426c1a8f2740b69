"""Scenario files: what is shipped loads, and what is wrong is refused with its line and the reason."""

import tomllib
from random import Random

import pytest

from exchange.simulation.files import ScenarioWrong, read, read_overlay, shipped
from exchange.simulation.parameters import documented
from exchange.simulation.runs import planned_runs
from exchange.simulation.words import explained
from tests.exchange.simulation.small import RHYTHM

OFFSET = next(number for number, line in enumerate(RHYTHM.splitlines(), 1) if line.startswith("offset_cap_bps"))


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_scenario_loads_and_says_what_it_is(name):
    """Under its own name, with both languages, levers in range, and every number with its source."""
    text = shipped()[name]
    scenario = read(text)
    assert name == scenario.name
    said = "\n".join(explained(scenario, len(planned_runs(text))))
    assert all(each.name in said and each.parameter.source in said for each in documented(scenario))
    assert all(lever.parameter in said for lever in scenario.lever)


def line_with(text: str, old: str, new: str) -> str:
    """Change the line of the offset cap."""
    lines = text.splitlines()
    assert old in lines[OFFSET - 1]
    lines[OFFSET - 1] = lines[OFFSET - 1].replace(old, new)
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('source = "ICAP', 'origin = "ICAP', "policy.offset_cap_bps: Object contains unknown field `origin`"),
        (', mark = "published"', "", "Object missing required field `mark`"),
        ('mark = "published"', 'mark = "guessed"', "Invalid enum value 'guessed'"),
        ("value = 500", "value = 5000", "policy.offset_cap_bps is 5000, outside its range from 0 to 2000"),
        ("value = 500", "value = 0.05", "Expected `int`, got `float`"),
        ("value = 500", "value = -1", "Expected `int` >= 0"),
        ('unit = "bps"', 'unit = "t"', "policy.offset_cap_bps is in bps, not in 't'"),
        ("range = [0, 2000]", "range = [2000, 0]", "the range of policy.offset_cap_bps is from 2000 to 0"),
        ("range = [0, 2000]", "range = [0, 20000]", "ends at 20000 bps; 10000 are the whole"),
        ("range = [0, 2000]", "range = [0, 2000", "this is no TOML"),
        ("offset_cap_bps", "offset_cap", "Object contains unknown field `offset_cap`"),
    ],
)
def test_a_parameter_that_is_not_documented_is_refused_with_its_line(old, new, reason):
    """The line of the parameter, or of the table that lacks one."""
    with pytest.raises(ScenarioWrong) as refused:
        read(line_with(RHYTHM, old, new))
    assert reason in refused.value.reason
    table = OFFSET - 1 if "offset_cap`" in reason else OFFSET
    assert refused.value.line in {table, OFFSET, OFFSET + 1}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"policy.nothing": 1}, "there is no parameter policy.nothing"),
        ({"policy": 1}, "there is no parameter policy in"),
        ({"policy.offset_cap_bps": 2001}, "is 2001, outside its range from 0 to 2000"),
        ({"venue.floor_fen_t": 9000, "venue.ceiling_fen_t": 8000}, "the floor, 9000 fen/t, is above the ceiling"),
        (
            {"venue.tick_fen": 100, "venue.floor_fen_t": 1001, "venue.ceiling_fen_t": 1050},
            "no multiple of the tick, 100 fen, lies from 1001 to 1050 fen/t",
        ),
    ],
)
def test_changes_are_checked_as_the_file_is(changes, reason):
    """An unknown name, a value out of range, and parameters that contradict each other."""
    with pytest.raises(ScenarioWrong, match=reason):
        read(RHYTHM, changes)


def test_levers_are_checked_before_anything_runs():
    """A lever on nothing, out of range, on what an overlay fixes; and more than two."""
    lever = 'parameter = "population.mills.late_bps"'
    with pytest.raises(ScenarioWrong, match="no parameter population"):
        read(RHYTHM.replace(lever, 'parameter = "population.mills.late"'))
    with pytest.raises(ScenarioWrong, match="10001 is outside the range of population"):
        read(RHYTHM.replace("8100, 10000]", "8100, 10001]"))
    with pytest.raises(ScenarioWrong, match="is a lever here"):
        planned_runs(RHYTHM, {"population.mills.late_bps": 1})
    with pytest.raises(ScenarioWrong, match="length <= 2"):
        read(RHYTHM + RHYTHM[RHYTHM.index("\n[[lever]]") :] * 2)


def test_an_overlay_changes_one_thing_and_says_why():
    """Parameter, value and reason; anything else is refused."""
    overlay = read_overlay('parameter = "policy.offset_cap_bps"\nvalue = 1000\nbecause = "Guangdong has 10 %"\n')
    assert ("policy.offset_cap_bps", 1000) == (overlay.parameter, overlay.value)
    assert 1000 == read(RHYTHM, {overlay.parameter: overlay.value}).policy.offset_cap_bps.value
    with pytest.raises(ScenarioWrong, match="missing required field `because`"):
        read_overlay('parameter = "policy.offset_cap_bps"\nvalue = 1000\n')


def broken(text: str, dice: Random) -> str:
    """Take a line out, write one twice, or put in something that does not belong."""
    lines = text.splitlines()
    at = dice.randrange(len(lines))
    match dice.randrange(5):
        case 0:
            del lines[at]
        case 1:
            lines.insert(at, lines[dice.randrange(len(lines))])
        case 2:
            lines[at] = lines[at][: dice.randrange(len(lines[at]) + 1)]
        case 3:
            lines[at] = lines[at].replace("value = ", f"value = {dice.choice(['-', 'x', '9' * 30, '1e400 #', '[['])}")
        case _:
            lines[at] += dice.choice(["]", "= 1", "\x00", '"', " extra = 1", "."])
    return "\n".join(lines)


def refused(text: str) -> ScenarioWrong | None:
    """Why a text is no scenario; any other error is a fault."""
    try:
        read(text)
    except ScenarioWrong as error:
        return error
    return None


SECTIONS = {
    "compliance-rhythm": "[policy]",
    "points-coupling": "[points]",
    "matched-donations": "[donations]",
    "verification-sampling": "[verification]",
    "buffer": "[project.forest.reversal]",
    "reduce-first": "[population.mills.abatement]",
    "venue-presets": "[project.kiln]",
    "price-band": "[regulator]",
}
"""A scenario for each section, and where it begins."""


@pytest.mark.parametrize("name", SECTIONS)
def test_bad_files_are_refused_with_line_and_reason(name):
    """Files that are broken at random near a section: each loads, or is refused for a reason on one of its lines."""
    dice, text = Random(11), shipped()[name]
    head, header, section = text.partition(SECTIONS[name])
    texts = [head + broken(header + section[:4_000], dice) + section[4_000:] for _ in range(25)]
    refusals = [(each, refusal) for each in texts if (refusal := refused(each)) is not None]
    assert len(refusals) > 12
    assert all(1 <= each.line <= text.count("\n") + 1 and len(each.reason) > 10 for text, each in refusals)


def test_what_is_no_toml_is_refused():
    """With the line where reading stopped, however deep it is nested."""
    with pytest.raises(tomllib.TOMLDecodeError):
        tomllib.loads(RHYTHM + "]")
    with pytest.raises(ScenarioWrong, match="line 1: this is no TOML"):
        read("= 1")
    with pytest.raises(ScenarioWrong):
        read("x = " + "[" * 5_000)
