"""A page is loaded whole, so that what stands in its head runs; htmx is loaded where it changes a part."""

from deploy.site.frame import FOLDERS
from registry.kit.site.frame import TEMPLATES

SOURCES = {
    f"{name}/{file.name}": file.read_text(encoding="utf-8")
    for name, folder in {"site": TEMPLATES, **FOLDERS}.items()
    for file in folder.glob("*.html")
}


def test_no_link_or_form_swaps_the_body():
    """Of a page that is swapped in, no script in its head would run."""
    assert [] == [name for name, source in SOURCES.items() if 'hx-boost="true"' in source]


def test_htmx_is_loaded_where_a_part_changes_and_nowhere_else():
    """By the page itself, or by the page of which it is a part."""
    asks = {name for name, source in SOURCES.items() if "hx-get" in source}
    loads = {name for name, source in SOURCES.items() if '"site/htmx.html"' in source}
    shown_by = {name: {page for page, source in SOURCES.items() if f'include "{name}"' in source} for name in asks}
    assert loads
    assert set() == {name for name in asks - loads if not shown_by[name] or shown_by[name] - loads}
    assert loads <= asks
