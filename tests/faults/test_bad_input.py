"""Requests that are wrong in themselves: refused with a problem that says what is wrong, and nothing is changed."""

from typing import Any

import httpx
import pytest

from schemas.scalars import MAX_INT
from tests.probes import refused, unchanged
from tests.worlds import World

POSTS = ("/v1/retirements", "/v1/transfers", "/v1/cancellations", "/v1/claims", "/v1/approvals", "/v1/organisations")


def some(world: World, path: str, **changed: Any) -> dict[str, Any]:
    """A body for *path* that would be carried out, but for what is changed."""
    bank = world.party("bank")
    body = {"account_id": bank.account_id, "quantity_kg": 1, "reason": "test"}
    more = {"/v1/retirements": {"claim_id": 1}, "/v1/transfers": {"receiver_id": world.party("car").account_id}}
    return {**body, **more.get(path, {}), **changed}


async def raw(world: World, path: str, content: bytes, media_type: str = "application/json") -> httpx.Response:
    """Send bytes as the bank, or as a regulator where only they may."""
    bank = path in {"/v1/retirements", "/v1/transfers", "/v1/cancellations", "/v1/claims"}
    key = world.party("bank").key if bank else world.regulators[0]
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": world.next_key(), "Content-Type": media_type}
    return await world.http.post(path, content=content, headers=headers)


@pytest.mark.parametrize("path", POSTS)
async def test_what_is_no_json(delivered: World, path: str):
    """Cut off, with a comma too many, two values, not UTF-8, nothing but NUL: all malformed."""
    async with unchanged(delivered):
        for content in (b"{", b'{"a": 1,}', b"{} {}", b"\xff\xfe{}", b"\x00", b"nonsense", b'{"a": NaN}'):
            refused(await raw(delivered, path, content), 400, "malformed-json")


@pytest.mark.parametrize("path", POSTS)
async def test_json_that_is_no_object(delivered: World, path: str):
    """A list, a number, a string, null and nothing are valid JSON and no body of ours."""
    async with unchanged(delivered):
        for content in (b"[]", b"1", b'"text"', b"null", b""):
            answer = await raw(delivered, path, content)
            assert answer.json()["type"].endswith((":invalid-request", ":malformed-json")), answer.text
            refused(answer, 400, answer.json()["type"].rpartition(":")[2])


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
async def test_another_content_type(delivered: World, media_type: str):
    """What does not say that it is JSON is refused even if it is."""
    content = b'{"account_id": 1}'
    async with unchanged(delivered):
        refused(await raw(delivered, "/v1/retirements", content, media_type), 415, "unsupported-media-type", "json")


@pytest.mark.parametrize("path", ["/v1/retirements", "/v1/transfers", "/v1/cancellations"])
async def test_an_unknown_field(delivered: World, path: str):
    """A misspelt option is not ignored: it is named."""
    async with unchanged(delivered):
        answer = await delivered.post(path, some(delivered, path, isuance="x"), by=delivered.party("bank").key)
    refused(answer, 400, "invalid-request", "isuance")


async def test_a_missing_field(delivered: World):
    """It is named."""
    async with unchanged(delivered):
        for field in ("account_id", "quantity_kg", "claim_id", "reason"):
            body = some(delivered, "/v1/retirements")
            del body[field]
            answer = await delivered.post("/v1/retirements", body, by=delivered.party("bank").key)
            refused(answer, 400, "invalid-request", field)


QUANTITIES: tuple[Any, ...] = (
    0,
    -1,
    MAX_INT + 1,
    2**63,
    2**63 - 1,
    -(2**63),
    10**40,
    1.5,
    1.0,
    1e3,
    "1",
    "",
    None,
    True,
    [],
    {},
    [1],
)


@pytest.mark.parametrize("path", ["/v1/retirements", "/v1/transfers", "/v1/cancellations"])
async def test_a_quantity_that_is_none(delivered: World, path: str):
    """Whole kilograms from 1 to 2^53 - 1, as a JSON integer: anything else is refused and the field is named."""
    async with unchanged(delivered):
        for quantity in QUANTITIES:
            body = some(delivered, path, quantity_kg=quantity)
            answer = await delivered.post(path, body, by=delivered.party("bank").key)
            refused(answer, 400, "invalid-request", "quantity_kg")


@pytest.mark.parametrize("quantity_kg", [MAX_INT, 10**12])
async def test_more_than_there_is(delivered: World, quantity_kg: int):
    """The largest quantity that can be written is refused for what is held, with both numbers."""
    bank = delivered.party("bank")
    async with unchanged(delivered):
        body = some(delivered, "/v1/cancellations", quantity_kg=quantity_kg)
        problem = refused(
            await delivered.post("/v1/cancellations", body, by=bank.key), 409, "insufficient-credits", quantity_kg
        )
    assert (981_000, quantity_kg) == (problem["held_kg"], problem["wanted_kg"])


async def test_an_identifier_that_is_none(delivered: World):
    """Identifiers in bodies are bounded like quantities."""
    async with unchanged(delivered):
        for identifier in (0, -1, 2**53, 2**63, "1", 1.5, None, True):
            body = some(delivered, "/v1/retirements", claim_id=identifier)
            answer = await delivered.post("/v1/retirements", body, by=delivered.party("bank").key)
            refused(answer, 400, "invalid-request", "claim_id")


async def test_deep_nesting(delivered: World):
    """A hundred thousand brackets are refused, not recursed into."""
    deep = b'{"account_id": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    async with unchanged(delivered):
        answer = await raw(delivered, "/v1/retirements", deep)
    refused(answer, 400, "malformed-json", "deep")


async def test_a_huge_body(delivered: World):
    """More than a megabyte is refused without being read to its end."""
    async with unchanged(delivered):
        answer = await raw(delivered, "/v1/retirements", b'{"reason": "' + b"x" * 1_100_000 + b'"}')
    refused(answer, 413, "too-large")


async def test_text_that_cannot_be_kept(delivered: World):
    """PostgreSQL keeps no NUL; an empty or endless reason is none."""
    async with unchanged(delivered):
        for text in ("a\x00b", "\x00", "", "x" * 4001):
            body = some(delivered, "/v1/cancellations", reason=text)
            answer = await delivered.post("/v1/cancellations", body, by=delivered.party("bank").key)
            refused(answer, 400, "invalid-request", "reason")


async def test_a_lone_surrogate(delivered: World):
    """Half a character in a JSON escape is no text."""
    bank = delivered.party("bank").account_id
    async with unchanged(delivered):
        for escape in (rb"\ud800", rb"\udfff", rb"\udc00\ud800", rb"a\ud83d"):
            content = b'{"account_id": %d, "quantity_kg": 1, "reason": "%s"}' % (bank, escape)
            refused(await raw(delivered, "/v1/cancellations", content), 400, "malformed-json")


async def test_names_are_one_line(empty: World):
    """No control characters in a name."""
    async with unchanged(empty):
        for name in ("two\nlines", "tab\there", "\x7f"):
            answer = await empty.post("/v1/people", {"name": name}, by=empty.regulators[0])
            refused(answer, 400, "invalid-request", "name")


async def test_an_instant_that_is_none(empty: World):
    """RFC 3339 with an offset."""
    async with unchanged(empty):
        for at in ("2025-01-07", "2025-01-07T00:00:00", "yesterday", 1, "2025-13-01T00:00:00Z"):
            answer = await empty.post("/v1/clock", {"at": at}, by=empty.regulators[0])
            refused(answer, 400, "invalid-request", "at")


@pytest.mark.parametrize("path", ["/v1/projects", "/v1/issuances", "/v1/retirements", "/v1/projects/1/history"])
async def test_a_cursor_that_is_none(issued: World, path: str):
    """Only what was given out is taken."""
    for cursor in ("garbage", "YWZ0ZXI6LTE", "YWZ0ZXI6MDE", "YWZ0ZXI6eA", "====", "YWZ0ZXI6MQ==", "é"):
        refused(await issued.http.get(path, params={"cursor": cursor}), 400, "invalid-request", "cursor")


async def test_a_limit_that_is_none(empty: World):
    """Pages are bounded."""
    for limit in ("0", "-1", "100000", "x", "1.5", ""):
        refused(await empty.http.get("/v1/projects", params={"limit": limit}), 400, "invalid-request", "limit")


async def test_an_idempotency_key_that_is_none(empty: World):
    """One to two hundred printable characters."""
    async with unchanged(empty):
        for key in ("", "x" * 201, "two words", "\x7f"):
            headers = {"Authorization": f"Bearer {empty.regulators[0]}", "Idempotency-Key": key}
            answer = await empty.http.post("/v1/people", json={"name": "Somebody"}, headers=headers)
            refused(answer, 400, "invalid-request", "Idempotency-Key")


async def test_no_idempotency_key(delivered: World):
    """Every write carries one, and the refusal says how."""
    headers = {"Authorization": f"Bearer {delivered.regulators[0]}"}
    async with unchanged(delivered):
        answer = await delivered.http.post("/v1/people", json={"name": "Somebody"}, headers=headers)
    refused(answer, 400, "invalid-request", "Idempotency-Key")


async def test_another_method(empty: World):
    """405, as a problem."""
    async with unchanged(empty):
        for method, path in (("DELETE", "/v1/projects"), ("PUT", "/v1/region"), ("GET", "/v1/clock")):
            refused(await empty.http.request(method, path), 405, "method-not-allowed")


GONE = (
    "/v1/projects/999",
    "/v1/projects/999/history",
    "/v1/projects/999/comments",
    "/v1/projects/999/reports",
    "/v1/reports/999",
    "/v1/issuances/SC-CDCER-0999-2024-01",
    "/v1/issuances/nonsense",
    "/v1/issuances/SC-CDCER-0999-2024-01/conservation",
    "/v1/retirements/R-NONE",
    "/v1/receipts/R-NONE",
    "/v1/cancellations/X-NONE",
    "/v1/organisations/999",
    "/v1/accounts/999",
    "/v1/accounts/999/holdings",
    "/v1/accounts/999/movements",
    "/v1/accounts/999/transfers",
    "/v1/transfers/999",
    "/v1/claims/999",
    "/v1/footprints/999",
    "/v1/approvals/999",
    "/v1/documents/" + "0" * 64,
    "/v1/nothing",
    "/nothing",
    "/v1/projects/one",
)


async def test_what_does_not_exist(delivered: World):
    """404 as a problem for every kind of thing."""
    for path in GONE:
        refused(await delivered.get(path, by=delivered.regulators[0]), 404, "not-found")


async def test_an_identifier_out_of_bounds(delivered: World):
    """400, not a number that PostgreSQL cannot hold."""
    for path in ("/v1/projects/99999999999999999999999", "/v1/accounts/0", f"/v1/claims/{2**53}"):
        refused(await delivered.get(path, by=delivered.regulators[0]), 400, "invalid-request")


async def test_a_query_parameter_that_there_is_none(delivered: World):
    """Mistyped, of another route, or where none is taken: the one is named, and those that are taken."""
    for path, wrong, takes in (
        ("/v1/projects?limits=2", "limits", "this takes cursor, limit"),
        ("/v1/listings?openonly=true&limit=1", "openonly", "this takes cursor, instrument, limit, open_only"),
        ("/v1/region?limit=2", "limit", "this takes none"),
        ("/v1/conservation?at=2024", "at", "there is no such query parameter"),
    ):
        refused(await delivered.get(path), 400, "invalid-request", f"{wrong}: there is no such query parameter", takes)
    assert 200 == (await delivered.get("/v1/listings?open_only=true&limit=1")).status_code
