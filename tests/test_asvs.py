"""The page on OWASP ASVS 5.0.0 is honest: every requirement once, every path there, every count right."""

import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "deploy/ASVS.md"
LEVELS = {
    "1.1": "22", "1.2": "1111122223", "1.3": "112222222223", "1.4": "222", "1.5": "123",
    "2.1": "122", "2.2": "112", "2.3": "12223", "2.4": "23",
    "3.1": "3", "3.2": "113", "3.3": "12223", "3.4": "11222233", "3.5": "11122333", "3.6": "3", "3.7": "22333",
    "4.1": "12233", "4.2": "23333", "4.3": "22", "4.4": "1222",
    "5.1": "2", "5.2": "112333", "5.3": "113", "5.4": "222",
    "6.1": "122", "6.2": "111111112222", "6.3": "11223333", "6.4": "112233", "6.5": "22222333", "6.6": "2223",
    "6.7": "33", "6.8": "2222",
    "7.1": "222", "7.2": "1111", "7.3": "22", "7.4": "11222", "7.5": "223", "7.6": "22",
    "8.1": "1233", "8.2": "1123", "8.3": "133", "8.4": "23",
    "9.1": "111", "9.2": "1222",
    "10.1": "22", "10.2": "223", "10.3": "22223", "10.4": "1111122222233333", "10.5": "22222", "10.6": "22",
    "10.7": "222",
    "11.1": "2233", "11.2": "22233", "11.3": "11233", "11.4": "1222", "11.5": "23", "11.6": "23", "11.7": "33",
    "12.1": "12233", "12.2": "11", "12.3": "22223",
    "13.1": "2333", "13.2": "222223", "13.3": "2233", "13.4": "1222233",
    "14.1": "22", "14.2": "12223333", "14.3": "122",
    "15.1": "12233", "15.2": "12233", "15.3": "1222222", "15.4": "3333",
    "16.1": "2", "16.2": "22222", "16.3": "2222", "16.4": "222", "16.5": "2223",
    "17.1": "23", "17.2": "22223333", "17.3": "22",
}  # fmt: skip
"""The level of every requirement of each section of version 5.0.0, in order. Levels 1 and 2 are the page's."""
ROW = re.compile(r"\| (\d+\.\d+\.\d+) \| ([12]) \| ([^|]+) \| (met|not met|not applicable) \| ([^|]+) \|")
COUNT = re.compile(r"\| ([12]|both) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|")
NAMED = re.compile(r"(?:(?:\.github|deploy|exchange|registry|schemas|tests)/[\w./-]*[\w/]|Makefile|pyproject\.toml)")
WORDS_LIMIT, LINE_LIMIT = 80, 300


class Row(NamedTuple):
    """One requirement of the page."""

    item: str
    level: str
    words: str
    verdict: str
    where: str


def rows() -> list[Row]:
    """Every line of the page that is about a requirement."""
    return [Row(*found.groups()) for line in lines() if (found := ROW.fullmatch(line))]


def lines() -> list[str]:
    """The page."""
    return PAGE.read_text("utf-8").splitlines()


def items() -> list[tuple[str, str]]:
    """Number and level of every requirement of levels 1 and 2."""
    numbered = [
        (f"{section}.{n}", level) for section, levels in LEVELS.items() for n, level in enumerate(levels, start=1)
    ]
    return [(item, level) for item, level in numbered if level != "3"]


def test_there_are_as_many_as_were_published():
    """345 in all: 70 of level 1, 183 of level 2, 92 of level 3."""
    assert {"1": 70, "2": 183, "3": 92} == Counter("".join(LEVELS.values()))


def test_every_requirement_stands_there_once():
    """In order, with its level; and no line of the table is in another form."""
    assert items() == [(row.item, row.level) for row in rows()]
    assert len(items()) == sum(bool(re.match(r"\| \d+\.", line)) for line in lines())


def test_every_path_exists():
    """What proves something is in this repository."""
    missing = {(row.item, path) for row in rows() for path in NAMED.findall(row.where) if not (ROOT / path).exists()}
    assert set() == missing


@pytest.mark.parametrize("verdict", ["met", "not met", "not applicable"])
def test_every_verdict_has_its_reason(verdict: str):
    """What is met says where; what is not met says what it takes, who does it or when; the rest why not."""
    shapes = {"met": NAMED, "not met": re.compile("It takes|next issue|Operator:"), "not applicable": re.compile(r"\w")}
    assert [] == [row for row in rows() if row.verdict == verdict and not shapes[verdict].search(row.where)]


def test_the_counts_of_the_summary_agree():
    """All, met, not applicable, not met: of each level and of both."""
    counted = {found[1]: tuple(map(int, found.groups()[1:])) for line in lines() if (found := COUNT.fullmatch(line))}
    expected = {}
    for name in ("1", "2", "both"):
        of = Counter(row.verdict for row in rows() if name in (row.level, "both"))
        expected[name] = (of.total(), of["met"], of["not applicable"], of["not met"])
    assert expected == counted


def test_lines_are_short():
    """A requirement in a few words of ours, and one line for each."""
    assert [] == [row.item for row in rows() if len(row.words) > WORDS_LIMIT]
    assert [] == [line for line in lines() if len(line) > LINE_LIMIT]
