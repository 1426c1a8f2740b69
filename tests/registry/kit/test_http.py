"""Refusals by the framework, in words for the people who sent the request."""

import httpx
import pytest
from litestar import Litestar, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import JSONBody
from msgspec import Struct

from registry.access.http import DEPENDENCIES, IdempotencyKey
from registry.kit.http import HANDLERS, PathId
from registry.kit.pages import Window
from schemas.access import Approved
from schemas.credits import RetireRequest

RETIRE = {"account_id": 1, "quantity_kg": 47, "claim_id": 2, "reason": "A visit"}
KEY = {"Idempotency-Key": "mine"}


class Dated(Struct):
    """A body with a field whose name begins like the parameter that holds the body."""

    data_points: tuple[int, ...]


async def provide_key(idempotency_key: IdempotencyKey) -> str:
    """The key as a dependency, as every write has it."""
    return idempotency_key


@post("/retire/{account_id:int}")
async def retire(account_id: PathId, data: JSONBody[RetireRequest], key: NamedDependency[str]) -> str:
    """A write."""
    return key


@post("/approve")
async def approve(data: JSONBody[Approved]) -> str:
    """A body within a body."""
    return "done"


@post("/dated")
async def dated(data: JSONBody[Dated]) -> str:
    """A list within a body."""
    return "done"


@get("/list")
async def listed(window: NamedDependency[Window]) -> str:
    """A page."""
    return "done"


@get("/broken")
async def broken() -> str:
    """Our fault."""
    raise RuntimeError("password in here")


@pytest.fixture
async def client():
    app = Litestar(
        [retire, approve, dated, listed, broken],
        dependencies={"key": Provide(provide_key), "window": DEPENDENCIES["window"]},
        exception_handlers=HANDLERS,
        openapi_config=None,
        logging_config=None,
    )
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)  # type: ignore[arg-type]  # litestar's own ASGI types
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        yield http


@pytest.mark.parametrize(
    ("path", "body", "errors"),
    [
        ("/retire/1", RETIRE | {"x": 1}, ["Object contains unknown field x"]),
        ("/retire/1", RETIRE | {"quantity_kg": 0}, ["quantity_kg: expected int >= 1"]),
        ("/retire/1", RETIRE | {"quantity_kg": []}, ["quantity_kg: expected int, got array"]),
        ("/retire/1", {"account_id": 1}, ["Object missing required field claim_id"]),
        ("/retire/1", [1], ["Expected object, got array"]),
        ("/retire/0", RETIRE, ["account_id: expected int >= 1"]),
        ("/approve", {"approval_id": 1, "body": {"operation": "no"}}, ["body.operation: invalid value 'no'"]),
        ("/dated", {"data_points": [1, "x"]}, ["data_points[1]: expected int, got str"]),
    ],
)
async def test_a_wrong_body_is_told_by_its_field(client, path, body, errors):
    """The path of the field where there is one; never the name of our parameter."""
    reply = await client.post(path, json=body, headers=KEY)
    assert (400, "application/problem+json") == (reply.status_code, reply.headers["content-type"])
    found = reply.json()
    assert ("urn:kilnwood:problem:invalid-request", errors) == (found["type"], found["errors"])
    assert "; ".join(errors) == found["detail"]


async def test_a_missing_body_is_asked_for(client):
    """Nothing was sent at all."""
    reply = await client.post("/approve", headers={"Content-Type": "application/json"})
    assert (400, "A JSON body is needed") == (reply.status_code, reply.json()["detail"])


@pytest.mark.parametrize("body", [b"{", b"\xff", b"a=1"])
async def test_a_body_that_is_not_json_is_said_to_be_so(client, body):
    """Another slug than a body of the wrong shape."""
    reply = await client.post("/approve", content=body, headers={"Content-Type": "application/json"})
    assert (400, "urn:kilnwood:problem:malformed-json") == (reply.status_code, reply.json()["type"])


async def test_a_missing_key_says_what_to_send(client):
    """What it is, and that a resent request has the same one."""
    reply = await client.post("/retire/1", json=RETIRE)
    wanted = "Send an Idempotency-Key header: any text you choose, the same again when you resend."
    assert (400, wanted) == (reply.status_code, reply.json()["detail"])


async def test_a_wrong_key_is_named_as_the_header_that_was_sent(client):
    """Not as our parameter."""
    reply = await client.post("/retire/1", json=RETIRE, headers={"Idempotency-Key": ""})
    assert ["Idempotency-Key: expected str of length >= 1"] == reply.json()["errors"]


async def test_every_wrong_parameter_is_told(client):
    """All at once, one text each."""
    reply = await client.get("/list", params={"limit": 0, "cursor": "a" * 65})
    assert ["cursor: expected str of length <= 64", "limit: expected int >= 1"] == sorted(reply.json()["errors"])


@pytest.mark.parametrize(
    ("method", "path", "status", "slug"),
    [("GET", "/nowhere", 404, "not-found"), ("DELETE", "/list", 405, "method-not-allowed")],
)
async def test_what_is_not_there_is_a_problem_document_too(client, method, path, status, slug):
    """Unrouted requests and wrong methods."""
    reply = await client.request(method, path)
    assert (status, f"urn:kilnwood:problem:{slug}") == (reply.status_code, reply.json()["type"])


async def test_our_own_faults_tell_nothing(client):
    """A 500 has no detail of what happened."""
    reply = await client.get("/broken")
    assert (500, "application/problem+json") == (reply.status_code, reply.headers["content-type"])
    assert "password" not in reply.text
