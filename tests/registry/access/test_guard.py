"""The log line of every request names its operation, also if the request was refused."""

import pytest
import structlog

from registry.access.authorisation import Unauthenticated
from registry.access.authority import Authority
from schemas.access import Actor
from tests import offline


@pytest.fixture
async def client():
    """The application without a database: the guard decides before one is needed."""
    async with offline.client() as http:
        yield http


@pytest.fixture
def known(monkeypatch):
    """Decide what authentication comes to: a person, or an error."""

    async def current(_):
        return None

    def decide(found: Actor | Exception) -> None:
        async def authenticate(*_):
            if isinstance(found, Exception):
                raise found
            return found

        monkeypatch.setattr(Authority, "authenticate", authenticate)

    monkeypatch.setattr(Authority, "current", current)
    return decide


@pytest.fixture
def lines(monkeypatch):
    """What was bound when the canonical line was written."""
    found = []
    monkeypatch.setattr(
        "registry.kit.request_log.log.info",
        lambda event, **_: found.append((event, structlog.contextvars.get_contextvars())),
        raising=False,
    )
    return found


def only(lines):
    """The one line of one request."""
    [(event, bound)] = lines
    assert "http_request" == event
    return bound


@pytest.mark.parametrize("header", ["Basic eA==", "Bearer nonsense", "Bearer"])
async def test_a_malformed_key_is_logged_with_its_operation(client, lines, header):
    """401 before any look-up; no person is bound."""
    reply = await client.get("/v1/me", headers={"Authorization": header})
    assert 401 == reply.status_code
    assert "get_me" == only(lines)["operation"]
    assert "person_id" not in only(lines)


async def test_an_unknown_key_is_logged_with_its_operation(client, lines, known):
    """401 by the look-up."""
    known(Unauthenticated("unknown"))
    reply = await client.get("/v1/me", headers={"Authorization": "Bearer kw_sim_x"})
    assert (401, "Bearer") == (reply.status_code, reply.headers["www-authenticate"])
    assert "get_me" == only(lines)["operation"]


async def test_a_person_is_bound_when_there_is_one(client, lines, known):
    """403 for somebody who is known."""
    known(Actor(person_id=7))
    reply = await client.get("/v1/approvals", headers={"Authorization": "Bearer kw_sim_x"})
    assert 403 == reply.status_code
    assert ("list_approvals", 7) == (only(lines)["operation"], only(lines)["person_id"])


async def test_what_is_no_operation_has_no_name(client, lines):
    """Health, metrics and pages pass the guard."""
    reply = await client.get("/health/live")
    assert 200 == reply.status_code
    assert "operation" not in only(lines)


@pytest.mark.parametrize(
    ("sent", "problem"),
    [
        ("GET /v1/me", "unauthenticated"),
        ("GET /v1/approvals kw_sim_x", "denied"),
        ("GET /v1/projects?nothing=1", "invalid-request"),
        ("GET /nothing", "not-found"),
        ("PUT /v1/me", "method-not-allowed"),
    ],
)
async def test_every_refusal_is_logged_with_its_problem(client, lines, known, sent, problem):
    """Who looks for attacks finds them by one word."""
    known(Actor(person_id=7))
    method, path, key = f"{sent} ".split(" ")[:3]
    await client.request(method, path, headers={"Authorization": f"Bearer {key}"} if key else {})
    assert problem == only(lines)["problem"]


async def test_no_line_has_what_was_sent(client, monkeypatch, known):
    """Neither key, query, header nor body, whether the request is refused or not."""
    found = []

    def note(event, **more):
        found.append(repr((event, more, structlog.contextvars.get_contextvars())))

    for place, level in (("registry.kit.request_log", "info"), ("registry.kit.http", "error")):
        monkeypatch.setattr(f"{place}.log.{level}", note, raising=False)
    known(Actor(person_id=7))
    headers = {"Authorization": "Bearer kw_sim_s3cret", "Idempotency-Key": "s3cret", "User-Agent": "s3cret"}
    await client.get("/v1/projects?cursor=s3cret", headers=headers)
    await client.post("/v1/claims?s3cret=1", headers=headers, json={"subject": "s3cret"})
    known(Unauthenticated("unknown"))
    await client.get("/v1/me", headers=headers)
    assert 3 == sum("http_request" in line for line in found)
    assert not [line for line in found if "s3cret" in line]
