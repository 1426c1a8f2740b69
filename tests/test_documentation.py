"""The pages of the repository: links, paths and names in them resolve, and so do references from code to a page."""

import itertools
import pkgutil
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from deploy.settings import TABLE

ROOT = Path(__file__).parents[1]
FOLDERS = (".github", "deploy", "exchange", "registry", "schemas", "tests")
WORDS = 900
ELSEWHERE = ("DEMO", "DESIGN", "DOMAIN", "EXCHANGE", "PITFALLS", "RECEIPTS", "RUNNING", "STYLE")
"""Notes that were never part of the repository, or no longer are. Code cites a page instead."""
FROZEN = {
    ("registry/migrations/0001_parties_and_access.sql", "DESIGN §3"): "registry/README.md#the-ledger",
    ("registry/migrations/0003_log_and_claims.sql", "RECEIPTS.md"): "registry/transparency/FORMAT.md",
}
"""An applied migration is never edited. What the first ones cite is on these pages today."""

FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]+))?\)")
SPAN = re.compile(r"`([^`\n]+)`")
PATH = re.compile(r"(?:\.github|deploy|exchange|registry|schemas|tests)/[\w./-]*")
NAME = re.compile(r"(?:deploy|exchange|registry|schemas|tests)(?:\.\w+)+")
CITED = re.compile(r'(?<![\w/])((?:[\w.-]+/)*[\w-]+\.md)(?:, "([^"\\]+)")?')
OUTSIDE = re.compile(rf"\b(?:{'|'.join(ELSEWHERE)})(?: §\d|\.md\b)|\((?:{'|'.join(ELSEWHERE)})\)")
WRAP = re.compile(r"\n[ \t]*(?:#|--)?[ \t]*")


class Citation(NamedTuple):
    """A reference from code to a page, and to one of its headings if it names one."""

    file: str
    page: str
    heading: str


def pages() -> list[Path]:
    """Every Markdown file of the source."""
    return sorted([*ROOT.glob("*.md"), *itertools.chain.from_iterable((ROOT / each).rglob("*.md") for each in FOLDERS)])


@cache
def headings(page: Path) -> dict[str, str]:
    """The headings of a page by their anchors, which are made as GitHub makes them."""
    text = FENCE.sub("", page.read_text("utf-8"))
    titles = [line.lstrip("#").strip() for line in text.splitlines() if re.match(r"#{1,6} ", line)]
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-"): title for title in titles}


def lacks(page: Path, anchor: str | None) -> bool:
    """Whether a file does not exist, or has no heading with that anchor."""
    return not page.exists() or (bool(anchor) and (page.is_dir() or anchor not in headings(page)))


def code() -> Iterator[tuple[str, str]]:
    """Name and text of every file that may cite a page, but for this one."""
    named = [ROOT / "Makefile", ROOT / "pyproject.toml"]
    found = (each for folder in FOLDERS for each in sorted((ROOT / folder).rglob("*.*")))
    for path in (*named, *found):
        if path.suffix in {".py", ".sql", ".toml", ".pgbench", ""} and path.is_file() and path != Path(__file__):
            yield path.relative_to(ROOT).as_posix(), WRAP.sub(" ", path.read_text("utf-8"))


def citations(name: str, text: str) -> Iterator[Citation]:
    """What a text says it is written from: ``registry/README.md, "Order of locks"``."""
    return (Citation(name, page, heading or "") for page, heading in CITED.findall(text))


def unresolved(cited: Citation) -> bool:
    """Whether there is no such page or heading. Pages are named from the top folder."""
    page = ROOT / cited.page
    return not page.is_file() or (bool(cited.heading) and cited.heading not in headings(page).values())


def test_the_first_page_is_short():
    """Whatever needs more room has a page of its own."""
    assert len((ROOT / "README.md").read_text("utf-8").split()) <= WORDS


def test_relative_links_lead_somewhere():
    """A link without a scheme names a file or folder beside its page, and a heading of it if it has an anchor."""
    broken = [
        f"{page.relative_to(ROOT)}: {target}#{anchor}"
        for page in pages()
        for target, anchor in LINK.findall(FENCE.sub("", page.read_text("utf-8")))
        if lacks(page.parent / target if target else page, anchor)
    ]
    assert [] == broken


def test_every_page_can_be_reached_from_the_first():
    """Links alone lead to each page, except to the notes beside golden files."""
    seen: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page not in seen:
            seen.add(page)
            targets = [
                (page.parent / target).resolve() for target, _ in LINK.findall(page.read_text("utf-8")) if target
            ]
            waiting += [each for each in targets if each.suffix == ".md"]
    assert set() == {page for page in pages() if page not in seen and "golden" not in page.parts}


def test_paths_and_names_in_pages_exist():
    """What stands in a page as code and looks like a path or a module of ours is one."""
    missing = [
        f"{page.relative_to(ROOT)}: {span}"
        for page in pages()
        for span in SPAN.findall(FENCE.sub("", page.read_text("utf-8")))
        if (PATH.fullmatch(span) and not (ROOT / span).exists()) or (NAME.fullmatch(span) and not is_ours(span))
    ]
    assert [] == missing


def is_ours(name: str) -> bool:
    """Whether a dotted name is a module, or something in one."""
    try:
        pkgutil.resolve_name(name)
    except (ImportError, AttributeError):
        return False
    return True


def test_references_from_code_resolve():
    """A page that code cites is in the repository, and has the heading that is named."""
    broken = [cited for name, text in code() for cited in citations(name, text) if unresolved(cited)]
    outside = [(name, found) for name, text in code() for found in OUTSIDE.findall(text)]
    frozen = [(name, found) for name, found in outside if (name, found) in FROZEN]
    assert sorted(FROZEN) == sorted(frozen)
    assert [] == [each for each in outside if each not in FROZEN]
    assert [] == [each for each in broken if (each.file, each.page) not in FROZEN]


def test_what_frozen_references_mean_exists():
    """The pages that took the place of what an applied migration cites."""
    targets = [target.partition("#") for target in FROZEN.values()]
    assert [] == [page for page, _, anchor in targets if lacks(ROOT / page, anchor)]


def test_the_checks_bite():
    """A reference over two lines is read; a missing page or heading is found, and so is a note from elsewhere."""
    text = '(registry/README.md,\n    "Order of locks") (registry/NOWHERE.md) registry/README.md, "No such part".'
    found = list(citations("x", WRAP.sub(" ", text)))
    assert [False, True, True] == [unresolved(each) for each in found]
    assert ["DESIGN §3", "(PITFALLS)", "DOMAIN.md"] == OUTSIDE.findall("DESIGN §3 (PITFALLS) DOMAIN.md STYLE")
    assert [("a.md", "b"), ("", "c")] == LINK.findall("[x](a.md#b) [y](#c) [z](https://a.b/c.md)")


def test_every_setting_is_in_the_page():
    """Each variable is there, with what it is for."""
    page = (ROOT / "deploy" / "README.md").read_text("utf-8")
    assert [] == [setting.name for setting in TABLE if f"`{setting.name}`" not in page]
