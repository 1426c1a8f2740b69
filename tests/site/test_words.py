"""Every text of the pages has its Chinese, and no catalogue keeps a text that no page has."""

import json
import re
from pathlib import Path
from typing import get_args

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from deploy.site.frame import FOLDERS
from registry.kit.site.frame import TEMPLATES
from registry.kit.site.language import catalogue
from registry.methodologies.catalogue import catalogue as methodologies
from registry.methodologies.factors import table
from schemas.access import Role
from schemas.attributes import GOAL_NAMES
from schemas.projects import ProjectState, ReportState

ALL = {"site": TEMPLATES, **FOLDERS}
METHOD = [("**.html", "jinja2.ext:babel_extract")]
OPTIONS = {"**.html": {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}}
WORDS = {*(each.value for each in Role), *get_args(ProjectState), *get_args(ReportState), *GOAL_NAMES}
"""Words that pages take from data: the states of things, roles."""


def texts(folder: Path) -> set[str]:
    """What the templates of a folder say."""
    found: set[str] = set()
    for _, _, message, _, _ in extract_from_dir(str(folder), METHOD, OPTIONS):
        found |= {message} if isinstance(message, str) else set(message)
    return found


@pytest.mark.parametrize("name", ALL)
def test_every_text_has_its_chinese(name):
    """In the catalogue of its folder, or in that of the frame, which has the words that all share."""
    known = {**catalogue(TEMPLATES), **catalogue(ALL[name])}
    assert set() == texts(ALL[name]) - set(known)


@pytest.mark.parametrize("name", [name for name in ALL if name != "site"])
def test_no_catalogue_has_what_no_page_says(name):
    """Nor has any an entry twice, an empty one, or one that is marked as doubtful."""
    with (ALL[name] / "zh.po").open("rb") as file:
        entries = [each for each in read_po(file) if each.id]
    assert [] == [each.id for each in entries if not each.string or each.fuzzy]
    assert set() == {str(each.id) for each in entries} - texts(ALL[name])


def test_every_refusal_has_its_chinese_title():
    """A page shows the title in its language, above the detail."""
    described = json.loads((Path(__file__).parents[1] / "golden" / "openapi.json").read_text())["info"]["description"]
    titles = set(re.findall(r"\n\| [a-z0-9-]+ \| [0-9]{3} \| ([^|]+) \|", described))
    assert len(titles) > 100
    assert set() == titles - set(catalogue(TEMPLATES))


def test_the_words_of_data_are_in_the_frame():
    """States and roles are shown as words."""
    assert set() == {each.replace("_", " ") for each in WORDS} - set(catalogue(TEMPLATES))


def test_our_words_in_the_factors_and_methodologies_have_their_chinese():
    """Every basis, and what the sources and formulas say in English; names, symbols and what quotes a source stay."""
    sources = {each.source for each in table().factors if each.source.isascii()}
    formulas = {
        each for entry in methodologies() for each in (entry.formula, entry.source) if "each" in each or "," in each
    }
    assert set() == {*(each.basis for each in table().factors), *sources, *formulas} - set(catalogue(TEMPLATES))


@pytest.mark.parametrize("name", ALL)
def test_a_percent_sign_stands_only_before_a_name(name):
    """Texts are filled in with %, in both languages: a bare sign fails when the page is shown, and only there."""
    found = catalogue(ALL[name])
    assert [] == [each for each in (*texts(ALL[name]), *found.values()) if re.search(r"%(?!\(\w+\)s)", each)]
