"""The pages of the repository: the first one is short, and relative links lead somewhere."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WORDS = 900


def pages() -> list[Path]:
    """Every Markdown file of the source, outside environments and folders of data."""
    return [path for path in ROOT.rglob("*.md") if not {".venv", ".git", "node_modules"} & set(path.parts)]


def test_the_first_page_is_short():
    """Whatever needs more room has a page of its own."""
    assert len((ROOT / "README.md").read_text("utf-8").split()) <= WORDS


def test_relative_links_lead_somewhere():
    """A link without a scheme names a file or folder beside its page."""
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages()
        for target in re.findall(r"\]\((?!\w+:|#)([^)#\s]+)", page.read_text("utf-8"))
        if not (page.parent / target).exists()
    ]
    assert [] == broken
