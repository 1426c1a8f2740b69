"""Refusals by the framework, in words for the people who sent the request."""

from typing import Annotated, Any

import httpx
import pytest
from litestar import Litestar, Request, get, post
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency, Provide
from litestar.handlers.base import BaseRouteHandler
from litestar.params import JSONBody, QueryParameter
from msgspec import Struct

from registry.access.http import DEPENDENCIES, IdempotencyKey
from registry.kit.head import HeadAsGet
from registry.kit.http import (
    HANDLERS,
    QUERY,
    JsonRequest,
    PathCode,
    PathId,
    refuse_loose,
    refuse_other_spelling,
    refuse_unknown_query,
)
from registry.kit.pages import Window
from schemas.access import Approved
from schemas.credits import RetireRequest
from schemas.parties import NewOrganisation
from schemas.projects import ProjectState

TAKES = "claim_id, reason, beneficiary, beneficiary_identifiers, evidence, account_id, quantity_kg, issuance, serial"
GRANT = {"operation": "grant_role", "person_id": 1, "organisation_id": 1, "role": "member"}
RETIRE = {"account_id": 1, "quantity_kg": 47, "claim_id": 2, "reason": "A visit"}
KEY = {"Idempotency-Key": "mine"}


class Dated(Struct):
    """A body with a field whose name begins like the parameter that holds the body."""

    data_points: tuple[int, ...]


async def provide_key(idempotency_key: IdempotencyKey) -> str:
    """The key as a dependency, as every write has it."""
    return idempotency_key


async def provide_read(request: Request[Any, Any, Any]) -> bytes:
    """The body, strictly read, as every write has it."""
    body = await request.body()
    refuse_loose(request.route_handler, body)
    return body


async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """What the guard of the application does for any operation."""
    refuse_other_spelling(connection)
    refuse_unknown_query(connection, handler)


@post("/retire/{account_id:int}")
async def retire(
    account_id: PathId, data: JSONBody[RetireRequest], key: NamedDependency[str], read: NamedDependency[bytes]
) -> str:
    """A write."""
    return key


@post("/approve")
async def approve(data: JSONBody[Approved], read: NamedDependency[bytes]) -> str:
    """A body within a body."""
    return "done"


@post("/dated")
async def dated(data: JSONBody[Dated], read: NamedDependency[bytes]) -> str:
    """A list within a body."""
    return "done"


@get("/list", opt={QUERY: frozenset({"cursor", "limit", "state"})})
async def listed(
    window: NamedDependency[Window],
    in_state: Annotated[ProjectState | None, QueryParameter(name="state")] = None,
) -> str:
    """A page."""
    return "done"


@post("/organisations")
async def organise(data: JSONBody[NewOrganisation], read: NamedDependency[bytes]) -> str:
    """A list of structs with rules of their own."""
    return "done"


@get("/of/{code:str}")
async def of(code: PathCode) -> str:
    """A code in the path."""
    return "done"


@get("/broken")
async def broken() -> str:
    """Our fault."""
    raise RuntimeError("password in here")


@pytest.fixture
async def client():
    app = Litestar(
        [retire, approve, dated, listed, organise, of, broken],
        guards=[guard],
        request_class=JsonRequest,
        dependencies={"key": Provide(provide_key), "read": Provide(provide_read), "window": DEPENDENCIES["window"]},
        exception_handlers=HANDLERS,
        openapi_config=None,
        logging_config=None,
    )
    transport = httpx.ASGITransport(HeadAsGet(app), raise_app_exceptions=False)  # type: ignore[arg-type]  # litestar's own ASGI types
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        yield http


@pytest.mark.parametrize(
    ("path", "body", "errors"),
    [
        ("/retire/1", RETIRE | {"x": 1}, [f"x: there is no such field; this takes {TAKES}"]),
        ("/retire/1", RETIRE | {"quantity_kg": 0}, ["quantity_kg: expected int >= 1"]),
        ("/retire/1", RETIRE | {"quantity_kg": []}, ["quantity_kg: expected int, got array"]),
        ("/retire/1", {"account_id": 1}, ["claim_id: is missing", "reason: is missing", "quantity_kg: is missing"]),
        (
            "/retire/1",
            {"quantity_kg": 0},
            [
                "claim_id: is missing",
                "reason: is missing",
                "account_id: is missing",
                "quantity_kg: expected int >= 1",
            ],
        ),
        (
            "/retire/1",
            RETIRE | {"serial": "7"},
            [
                (
                    "serial: expected str matching regex "
                    "'^[A-Z]{2}-[A-Z][A-Z0-9]{1,11}-[0-9]{4,9}-[0-9]{4}-[0-9]{2,6}:[0-9]{1,16}-[0-9]{1,16}kg$'"
                    ", for example SC-CDCER-0007-2024-01:1-3619000kg"
                )
            ],
        ),
        ("/retire/1", [1], ["Expected object, got array"]),
        ("/retire/0", RETIRE, ["account_id: expected int >= 1"]),
        (
            "/approve",
            {"approval_id": 1, "body": {"operation": "no"}},
            [
                (
                    "body.operation: invalid value 'no'; "
                    "it is one of annul_statement, deposit_cash, grant_role, issue_credits, lift_restriction, "
                    "reissue_key, settle_suspension"
                ),
            ],
        ),
        (
            "/approve",
            {"body": GRANT | {"role": "king", "until": "tomorrow"}},
            [
                "approval_id: is missing",
                (
                    "body.role: invalid enum value 'king'; it is one of developer, verifier, regulator, operator, "
                    "enterprise, organiser, auditor, member, administrator"
                ),
                "body.until: invalid RFC3339 encoded datetime, for example 2025-06-01T08:00:00Z",
            ],
        ),
        (
            "/approve",
            {"approval_id": 1, "body": GRANT | {"until": "1999-01-01T00:00:00Z"}},
            ["body: until 1999-01-01 00:00:00+00:00 is outside the years 2000 to 2100"],
        ),
        (
            "/organisations",
            {"name": "A", "identifiers": [{"scheme": "uscc", "value": "1"}, {"scheme": "vat"}]},
            [
                "identifiers[0]: USCC: 18 characters expected, 1 given",
                "identifiers[1].value: is missing",
                "identifiers[1].scheme: invalid enum value 'vat'; it is one of uscc, lei",
            ],
        ),
        (
            "/organisations",
            {"name": "", "identifiers": []},
            [
                "name: expected str of length >= 1",
                "identifiers: expected array of length >= 1",
            ],
        ),
        ("/dated", {"data_points": [1, "x"]}, ["data_points[1]: expected int, got str"]),
    ],
)
async def test_a_wrong_body_is_refused_by_its_field(client, path, body, errors):
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


@pytest.mark.parametrize("body", [b"{", b"\xff", b"a=1", b'{"approval_id": "\xff"}', b'{"\xff": 1}'])
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


async def test_every_wrong_parameter_is_named(client):
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


@pytest.mark.parametrize(
    ("path", "errors"),
    [
        (
            "/list?state=no",
            [
                (
                    "state: invalid enum value 'no'; "
                    "it is one of draft, submitted, validated, public_notice, registered, rejected, withdrawn"
                )
            ],
        ),
        (
            "/list?stat=no&limit=1&limit=2",
            [
                "stat: there is no such query parameter; this takes cursor, limit, state",
                "limit: given 2 times; give it once",
            ],
        ),
        ("/list?state=%ff", ["query: it is not UTF-8; write other characters percent-encoded"]),
        ("/of/a_b", ["code: expected str matching regex '^[A-Za-z0-9-]+$', for example SC-CDCER-0007-2024-01"]),
    ],
)
async def test_a_wrong_parameter_is_shown_as_it_was_sent(client, path, errors):
    """The name that the client wrote, what is permitted there, and an example beside a pattern."""
    reply = await client.get(path)
    assert (400, errors) == (reply.status_code, reply.json()["errors"])


@pytest.mark.parametrize(
    "path", ["/retire/01", "/retire/+1", "/retire/0_1", "/retire/1/", "/%72etire/1", "/retire/1%2f"]
)
async def test_a_resource_has_one_address(client, path):
    """Another spelling of it is not found, and the right one is said; it would have another hash when it is resent."""
    reply = await client.post(path, json=RETIRE, headers=KEY)
    wanted = "There is nothing at this address; it is written /retire/1"
    assert (404, wanted) == (reply.status_code, reply.json()["detail"])


async def test_a_method_that_is_not_taken_names_those_that_are(client):
    """RFC 9110, 15.5.6: 405 has Allow. HEAD is among them wherever GET is."""
    read, write = await client.delete("/list"), await client.get("/approve")
    assert ("GET, HEAD, OPTIONS", "OPTIONS, POST") == (read.headers["allow"], write.headers["allow"])
    assert "DELETE is not taken here; GET, HEAD, OPTIONS are." == read.json()["detail"]


@pytest.mark.parametrize("path", ["/list", "/list?limit=0", "/nowhere", "/approve"])
async def test_head_is_get_without_the_body(client, path):
    """The same status and headers, the length among them."""
    got, head = await client.get(path), await client.head(path)
    assert (got.status_code, dict(got.headers), b"") == (head.status_code, dict(head.headers), head.content)


async def test_many_faults_are_told_up_to_a_limit(client):
    """A list of a thousand wrong numbers does not make a reply of a thousand lines."""
    reply = await client.post("/dated", json={"data_points": ["x"] * 1000})
    assert (50, "and there is more") == (len(reply.json()["errors"]) - 1, reply.json()["errors"][-1])


async def test_our_own_faults_tell_nothing(client):
    """A 500 has no detail of what happened."""
    reply = await client.get("/broken")
    assert (500, "application/problem+json") == (reply.status_code, reply.headers["content-type"])
    assert "password" not in reply.text
