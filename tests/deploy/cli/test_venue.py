"""`kilnwood venue`: the presets, and a file explained or refused with its line."""

import json

from click.testing import CliRunner

from deploy.cli.program import cli
from exchange.instruments.presets.files import every_preset
from tests.exchange.instruments.presets.test_files import RIGHT


def said(*words: str, code: int = 0) -> str:
    """What the command prints, of both streams."""
    done = CliRunner().invoke(cli, ["venue", *words])
    assert code == done.exit_code, done.output
    return done.output


def test_presets_are_listed():
    """For people with what they depart from their source in, for programs whole."""
    text = said("list")
    for rules in every_preset():
        assert rules.preset in text
        assert [] == [each for each in rules.departs if each not in text]
    assert text.count("not checked: nobody has compared") == len(every_preset()) - 1, "all but Kilnwood's own"
    assert [each.preset for each in every_preset()] == [each["preset"] for each in json.loads(said("list", "--json"))]
    assert "Examples" in said("--help")
    assert "Examples" in said("check", "--help")


def test_a_file_is_explained_or_refused_with_its_line(tmp_path):
    """In plain words or as JSON; a wrong one ends with code 1."""
    file = tmp_path / "mine.toml"
    file.write_text(RIGHT, encoding="utf-8")
    assert "Open:                order book, by price and time" in said("check", str(file))
    assert "Not checked:         nobody has compared" in said("check", str(file))
    assert json.loads(said("check", str(file), "--json"))["book"] is True
    file.write_text(RIGHT, encoding="utf-8-sig")  # as some editors write
    assert "order book" in said("check", str(file))
    file.write_text(RIGHT.replace("book = true", "book = maybe"), encoding="utf-8")
    assert f"{file}:4: Invalid value." in said("check", str(file), code=1)
    assert 4 == json.loads(said("check", str(file), "--json", code=1))["line"]
    file.write_bytes(b"\xff")
    assert f"{file}:1: it is not UTF-8." in said("check", str(file), code=1)
