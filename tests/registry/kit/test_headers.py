"""What every answer says beside what it says: how browsers and caches have to treat it."""

import re
from typing import Any

import pytest

from registry.kit.bodies import TimedBodies
from registry.kit.headers import HSTS, PAGE_POLICY, UNFRAMED, protected
from registry.kit.problems import BodyTooSlow
from tests.worlds import World

KEPT = b"public, max-age=31536000, immutable"


def by_name(headers: Any) -> dict[bytes, bytes]:
    """The headers, none of which may be there twice."""
    found = dict(headers)
    assert len(found) == len(list(headers))
    return found


def test_nothing_is_kept_unless_the_answer_says_so():
    """And every answer says what it is."""
    plain = by_name(protected([(b"content-type", b"application/json")]))
    assert (b"nosniff", b"no-store") == (plain[b"x-content-type-options"], plain[b"cache-control"])
    assert KEPT == by_name(protected([(b"cache-control", KEPT)]))[b"cache-control"]


@pytest.mark.parametrize("kind", [b"text/html", b"text/html; charset=utf-8", b"image/svg+xml"])
def test_pages_have_a_policy(kind):
    """They load nothing from elsewhere, have no script inside, and stand in nobody's frame."""
    page = by_name(protected([(b"content-type", kind)]))
    assert PAGE_POLICY.encode() == page[b"content-security-policy"]
    assert b"no-referrer" == page[b"referrer-policy"]
    for wanted in (
        "default-src 'none'",
        "script-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'self'",
    ):
        assert wanted in PAGE_POLICY.split("; ")
    assert "unsafe" not in PAGE_POLICY


@pytest.mark.parametrize("kind", [b"application/json", b"text/csv", b"application/pdf"])
def test_what_is_no_page_is_not_framed_either(kind):
    """Every answer says so: what a browser shows of it must not stand in another site."""
    assert UNFRAMED.encode() == by_name(protected([(b"content-type", kind)]))[b"content-security-policy"]


def test_tls_is_asked_for_by_tls_alone():
    """A browser ignores it elsewhere, and a log of it would mislead."""
    assert HSTS.encode() == by_name(protected([], secure=True))[b"strict-transport-security"]
    assert b"strict-transport-security" not in by_name(protected([]))


async def test_every_kind_of_answer_has_them(delivered: World):
    """Good and bad ones, with a body and without, for an address and for a key."""
    by = delivered.party("bank").key
    answers = [
        await delivered.get("/v1/region"),
        await delivered.get("/v1/me", by=by),
        await delivered.get("/v1/me"),
        await delivered.get("/v1/me", by="kw_sim_wrong"),
        await delivered.get("/nowhere"),
        await delivered.get("/v1/region?x=1"),
        await delivered.get("/health/live"),
        await delivered.get("/"),
        await delivered.http.head("/v1/region"),
        await delivered.http.head("/nowhere"),
        await delivered.http.put("/v1/region"),
        await delivered.http.options("/v1/region"),
        await delivered.post("/v1/people", {"name": ""}, by=by),
        await delivered.post("/v1/people", {"name": "A"}, by=delivered.regulators[0]),
        await delivered.http.post("/v1/people", content=b"{", headers={"Content-Type": "text/plain"}),
    ]
    statuses = [each.status_code for each in answers]
    assert [200, 200, 401, 401, 404, 400, 200, 200, 200, 404, 405, 204, 403, 201] == statuses[:-1]
    for each in answers:
        assert "nosniff" == each.headers["x-content-type-options"], each.url
        assert "no-store" == each.headers["cache-control"], each.url
        assert "frame-ancestors 'none'" in each.headers["content-security-policy"], each.url
        assert "strict-transport-security" not in each.headers


async def test_what_may_be_kept_says_so(delivered: World):
    """The log's checkpoint is asked for again, what stands on the disk is kept for an hour."""
    static = await delivered.get("/static/docs/start.js")
    assert "max-age=3600" in static.headers["cache-control"]
    assert "nosniff" == static.headers["x-content-type-options"]


async def test_the_documentation_is_under_the_policy(delivered: World):
    """Its page has the headers of pages, and no script or style inside that the policy would stop."""
    page = await delivered.get("/docs")
    assert PAGE_POLICY == page.headers["content-security-policy"]
    assert "no-referrer" == page.headers["referrer-policy"]
    assert not re.search(r"<script[^>]*>[^<]|<style|style=", page.text)


async def test_a_body_that_is_too_slow_has_them():
    """Also where the application knows no refusals, such as a witness."""

    async def slow(*_: Any) -> None:
        raise BodyTooSlow("too slow")

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    await TimedBodies(slow, timeout_s=1)({"type": "http"}, receive, send)
    assert b"nosniff" == by_name(sent[0]["headers"])[b"x-content-type-options"]
