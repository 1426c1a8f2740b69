"""
Who is refused what: generated from the merged table of operation, roles and ownership.

For every operation of `ROUTES` there is a request that succeeds. Here it is sent without a key, with invalid keys, by
every role that may not, by the right role at another organisation, and last by the right person.
"""

from typing import Any

import asyncpg
import httpx
import pytest

from deploy.routes import ROUTES
from registry.access.authorisation import OVERSEERS
from schemas.access import Role
from tests.probes import fingerprints
from tests.registry.access.one_request import Request
from tests.registry.access.organisations_of_each_role import ELSEWHERE, HOME, NOBODY, SHARED, SIBLING, EachRole
from tests.registry.access.requests_by_operation import requests_by_operation
from tests.worlds import World

WRITES = sorted(name for name in ROUTES if not name.startswith(("get_", "list_")))
OWNED = sorted(name for name, route in ROUTES.items() if route.owned and route.owned != "verifier")
JUDGED = sorted(name for name, route in ROUTES.items() if route.owned == "verifier")


async def send(world: World, request: Request, key: str) -> httpx.Response:
    """Send one request of the table."""
    headers = {"Idempotency-Key": world.next_key()}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    if isinstance(request.body, bytes):
        headers["Content-Type"] = "text/plain"
        return await world.http.request(request.method, request.path, content=request.body, headers=headers)
    return await world.http.request(request.method, request.path, json=request.body, headers=headers)


def outcome(answer: httpx.Response) -> tuple[int, str]:
    """Status and problem."""
    slug = answer.json()["type"].rpartition(":")[2] if answer.headers["content-type"].endswith("problem+json") else ""
    return answer.status_code, slug


async def surprises(
    world: World, cases: dict[tuple[str, str], tuple[Request, str]], expected: tuple[int, str]
) -> dict[Any, Any]:
    """
    Send every case; return those with another outcome than expected, and the tables in which a row changed.

    Rows are compared once, for all cases: a digest of everything costs more than a refusal.
    """
    await world.trade()  # else the first case about the market would start it
    owner = await asyncpg.connect(world.dsn)
    found: dict[Any, Any] = {}
    try:
        before = await fingerprints(owner)
        for name, (request, key) in cases.items():
            actual = outcome(await send(world, request, key))
            if actual != expected:
                found[name] = actual
        after = await fingerprints(owner)
    finally:
        await owner.close()
    changed = sorted(table for table in after if after[table] != before[table])
    return found | ({"changed": changed} if changed else {})


def permitted(operation: str) -> tuple[tuple[str, str], ...]:
    """Who succeeds: the senders of the table, or every permitted role at home."""
    return tuple((HOME, role) for role in sorted(ROUTES[operation].roles or ())) or ((NOBODY, ""),)


def excluded(operation: str) -> list[tuple[str, str]]:
    """Every role at home that the route does not take, and a person without any; none where any person may."""
    roles = ROUTES[operation].roles
    return [*((HOME, role) for role in Role if role not in roles), (NOBODY, "")] if roles else []


async def test_every_operation_is_in_both_tables(populated: World, each_role: EachRole):
    """The application, `ROUTES` and the table of requests know the same operations."""
    document = (await populated.get("/docs/openapi.json")).json()
    served = {each["operationId"] for path in document["paths"].values() for each in path.values()}
    table = requests_by_operation(each_role.ids)
    assert (served, served) == (set(ROUTES), set(table))


async def test_every_request_is_to_its_operation(populated: World, each_role: EachRole):
    """Method and path of the table are those under which the application serves the operation."""
    document = (await populated.get("/docs/openapi.json")).json()
    served = {
        each["operationId"]: (method.upper(), path)
        for path, methods in document["paths"].items()
        for method, each in methods.items()
    }
    wrong = {
        name: (request.method, request.path)
        for name, request in requests_by_operation(each_role.ids).items()
        if request.method != served[name][0] or not _matches(served[name][1], request.path)
    }
    assert {} == wrong


def _matches(template: str, path: str) -> bool:
    wanted, given = template.split("/"), path.partition("?")[0].split("/", template.count("/"))
    return len(wanted) == len(given) and all(
        one == two or one.startswith("{") for one, two in zip(wanted, given, strict=True)
    )


async def test_without_a_key_only_what_is_public(populated: World, each_role: EachRole):
    """Every other operation is 401 and changes nothing."""
    cases = {
        (name, ""): (request, "")
        for name, request in requests_by_operation(each_role.ids).items()
        if ROUTES[name].roles is not None
    }
    assert {} == await surprises(populated, cases, (401, "unauthenticated"))


async def test_what_is_public_needs_no_key(populated: World, each_role: EachRole):
    """The public operations need no key."""
    table = requests_by_operation(each_role.ids)
    wrong = {
        name: answer.text
        for name, request in table.items()
        if ROUTES[name].roles is None and (answer := await send(populated, request, "")).status_code != request.status
    }
    assert {} == wrong


async def test_a_key_that_is_none_is_refused_everywhere(populated: World, each_role: EachRole):
    """Unknown, revoked, or no key at all in its place: 401, also where no key is needed."""
    revoked = await populated.ok("/v1/me/keys", by=each_role.keys[HOME, "regulator"])
    await populated.ok(f"/v1/keys/{revoked['id']}/revoke", by=each_role.keys[HOME, "regulator"])
    keys = {"unknown": "kw_sim_" + "A" * 43, "revoked": revoked["secret"], "short": "kw_", "other": "Aladdin:sesame"}
    table = requests_by_operation(each_role.ids)
    cases = {(name, word): (request, key) for name, request in table.items() for word, key in keys.items()}
    assert {} == await surprises(populated, cases, (401, "unauthenticated"))


async def test_another_scheme_is_refused(populated: World):
    """A good key under the scheme `Basic` is refused."""
    headers = {"Authorization": f"Basic {populated.regulators[0]}"}
    assert (401, "unauthenticated") == outcome(await populated.http.get("/v1/region", headers=headers))


async def test_every_other_role_is_denied(populated: World, each_role: EachRole):
    """Each role that the route does not take, held at the owner itself, and a person without roles: 403."""
    cases = {
        (name, who[1]): (request, each_role.keys[who])
        for name, request in requests_by_operation(each_role.ids).items()
        for who in excluded(name)
    }
    assert {} == await surprises(populated, cases, (403, "denied"))


async def test_the_right_role_elsewhere_is_denied(populated: World, each_role: EachRole):
    """What is owned is closed to every role at another organisation, except those that hold region-wide."""
    table = requests_by_operation(each_role.ids)
    cases = {
        (name, str(role)): (table[name], each_role.keys[ELSEWHERE, role])
        for name in OWNED
        for role in sorted((ROUTES[name].roles or frozenset()) - OVERSEERS)
    }
    assert {} == await surprises(populated, cases, (403, "not-yours"))


@pytest.mark.parametrize("close", [HOME, SIBLING, SHARED])
async def test_a_verifier_too_close_is_denied(populated: World, each_role: EachRole, close: str):
    """The same organisation, a common parent or a person in common: 403 for each of them."""
    table = requests_by_operation(each_role.ids)
    cases = {(name, close): (table[name], each_role.keys[close, "verifier"]) for name in JUDGED}
    assert {} == await surprises(populated, cases, (403, "verifier-conflict"))


async def test_the_right_role_there_reads(populated: World, each_role: EachRole):
    """Every permitted role at the owner reads."""
    table = requests_by_operation(each_role.ids)
    wrong = {
        (name, who[1]): answer.text
        for name, request in table.items()
        if request.method == "GET" and ROUTES[name].roles is not None
        for who in permitted(name)
        if (answer := await send(populated, request, each_role.keys[who])).status_code != request.status
    }
    assert {} == wrong


@pytest.mark.parametrize("operation", WRITES)
async def test_the_right_role_there_writes(populated: World, each_role: EachRole, operation: str):
    """The first permitted role succeeds; a further one may be refused only because of what the first one changed."""
    request = requests_by_operation(each_role.ids)[operation]
    senders = request.senders or permitted(operation)
    answers = [await send(populated, request, each_role.keys[who]) for who in senders]
    assert request.status == answers[0].status_code, answers[0].text
    assert [] == [answer.text for answer in answers if answer.status_code in (401, 403)]
