"""Cursors: what a page gives out leads to the next one, and nothing else is taken."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.kit.pages import Window
from registry.kit.problems import Invalid
from schemas.scalars import MAX_INT


@given(st.integers(min_value=1, max_value=MAX_INT), st.integers(min_value=1, max_value=200))
def test_a_cursor_leads_to_the_row_after_the_last_one_shown(last, limit):
    """Whatever the id: the next window begins behind it, and the cursor fits into its bound."""
    page = Window(None, limit).page([(last, "shown")] * (limit + 1))
    assert page.next is not None
    assert len(page.next) <= 64
    assert (last, limit + 1) == Window(page.next, limit).args


@given(st.sets(st.integers(min_value=1, max_value=MAX_INT), max_size=60), st.integers(min_value=1, max_value=7))
def test_pages_show_every_row_once_in_order(ids, limit):
    """Following the cursors to the end is reading the whole list."""
    shown: list[int] = []
    cursor = None
    while True:
        after, wanted = Window(cursor, limit).args
        rows = [(each, each) for each in sorted(ids) if each > after][:wanted]
        page = Window(cursor, limit).page(rows)
        assert len(page.items) <= limit
        shown += page.items
        if (cursor := page.next) is None:
            break
    assert sorted(ids) == shown


@given(st.sets(st.integers(min_value=1, max_value=MAX_INT), max_size=60), st.integers(min_value=1, max_value=7))
def test_pages_from_the_newest_back_show_every_row_once(ids, limit):
    """Each page goes on before the last row shown."""
    shown: list[int] = []
    cursor = None
    while True:
        window = Window(cursor, limit, "newest")
        before, wanted = window.args
        page = window.page([(each, each) for each in sorted(ids, reverse=True) if each < before][:wanted])
        assert window.is_first == (cursor is None)
        shown += page.items
        if (cursor := page.next) is None:
            break
    assert sorted(ids, reverse=True) == shown


def test_a_cursor_belongs_to_its_order():
    """A page of the newest cannot go on among the oldest: rows would be left out silently."""
    cursor = Window(None, 1, "newest").page([(3, 3), (2, 2)]).next
    with pytest.raises(Invalid, match="issued no such cursor"):
        Window(cursor, 1, "oldest")


def encoded(text):
    """A cursor as a client might forge one."""
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "zz",
        "after:1",
        "====",
        "\u00e9",
        encoded("1"),
        encoded("before:1"),
        encoded("after:"),
        encoded("after:-1"),
        encoded("after: 1"),
        encoded("after:01"),
        encoded("after:1_0"),
        encoded("after:\u0661"),
        encoded(f"after:{MAX_INT + 1}"),
        encoded("after:1") + "=",
        encoded("after:1") + "\n",
    ],
)
def test_a_cursor_that_was_not_given_out_is_refused(cursor):
    """Another spelling of a valid cursor is refused too."""
    with pytest.raises(Invalid, match="issued no such cursor"):
        Window(cursor, 10)


@given(st.text(min_size=1, max_size=64))
def test_any_text_is_read_back_or_refused(text):
    """Nothing else ever escapes."""
    try:
        window = Window(text, 1)
    except Invalid:
        return
    assert text == encoded(f"after:{window.after}")
