"""
Who is refused what: generated from the merged table of operation, roles and ownership.

For every operation of `ROUTES` the arena has a request that succeeds. Here it is sent without a key, with keys that are
none, by every role that may not, by the right role at a stranger's organisation, and last by the right person.
"""

from typing import Any

import asyncpg
import httpx
import pytest

from deploy.routes import ROUTES
from registry.access.authorisation import OVERSEERS
from schemas.access import Role
from tests.probes import fingerprints
from tests.registry.access.arena import ELSEWHERE, HOME, NOBODY, SHARED, SIBLING, Arena
from tests.registry.access.asks import Ask, requests
from tests.worlds import World

WRITES = sorted(name for name in ROUTES if not name.startswith(("get_", "list_")))
OWNED = sorted(name for name, route in ROUTES.items() if route.owned and route.owned != "verifier")
JUDGED = sorted(name for name, route in ROUTES.items() if route.owned == "verifier")


async def send(world: World, ask: Ask, key: str) -> httpx.Response:
    """Send one request of the table."""
    headers = {"Idempotency-Key": world.next_key()}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    if isinstance(ask.body, bytes):
        return await world.http.request(ask.method, ask.path, content=ask.body, headers=headers)
    return await world.http.request(ask.method, ask.path, json=ask.body, headers=headers)


def outcome(answer: httpx.Response) -> tuple[int, str]:
    """Status and problem."""
    slug = answer.json()["type"].rpartition(":")[2] if answer.headers["content-type"].endswith("problem+json") else ""
    return answer.status_code, slug


async def surprises(
    world: World, cases: dict[tuple[str, str], tuple[Ask, str]], expected: tuple[int, str]
) -> dict[Any, Any]:
    """
    Send every case; answers those that were answered otherwise, and the tables in which a row changed.

    Rows are compared once, for all cases: a digest of everything costs more than a refusal.
    """
    await world.trade()  # else the first case about the market would start it
    owner = await asyncpg.connect(world.dsn)
    found: dict[Any, Any] = {}
    try:
        before = await fingerprints(owner)
        for name, (ask, key) in cases.items():
            actual = outcome(await send(world, ask, key))
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


async def test_every_operation_is_in_both_tables(fought: World, built_arena: Arena):
    """The application, `ROUTES` and the table of requests know the same operations."""
    document = (await fought.get("/docs/openapi.json")).json()
    served = {each["operationId"] for path in document["paths"].values() for each in path.values()}
    table = requests(built_arena.ids)
    assert (served, served) == (set(ROUTES), set(table))


async def test_every_request_is_to_its_operation(fought: World, built_arena: Arena):
    """Method and path of the table are those under which the application serves the operation."""
    document = (await fought.get("/docs/openapi.json")).json()
    served = {
        each["operationId"]: (method.upper(), path)
        for path, methods in document["paths"].items()
        for method, each in methods.items()
    }
    wrong = {
        name: (ask.method, ask.path)
        for name, ask in requests(built_arena.ids).items()
        if ask.method != served[name][0] or not _matches(served[name][1], ask.path)
    }
    assert {} == wrong


def _matches(template: str, path: str) -> bool:
    wanted, given = template.split("/"), path.split("/", template.count("/"))
    return len(wanted) == len(given) and all(
        one == two or one.startswith("{") for one, two in zip(wanted, given, strict=True)
    )


async def test_without_a_key_only_what_is_public(fought: World, built_arena: Arena):
    """Every other operation is 401 and changes nothing."""
    cases = {(name, ""): (ask, "") for name, ask in requests(built_arena.ids).items() if ROUTES[name].roles is not None}
    assert {} == await surprises(fought, cases, (401, "unauthenticated"))


async def test_what_is_public_needs_no_key(fought: World, built_arena: Arena):
    """The public operations answer anybody."""
    table = requests(built_arena.ids)
    wrong = {
        name: answer.text
        for name, ask in table.items()
        if ROUTES[name].roles is None and (answer := await send(fought, ask, "")).status_code != ask.status
    }
    assert {} == wrong


async def test_a_key_that_is_none_is_refused_everywhere(fought: World, built_arena: Arena):
    """Unknown, revoked, or no key at all in its place: 401, also where no key is needed."""
    revoked = await fought.ok("/v1/me/keys", by=built_arena.keys[HOME, "regulator"])
    await fought.ok(f"/v1/keys/{revoked['id']}/revoke", by=built_arena.keys[HOME, "regulator"])
    keys = {"unknown": "kw_sim_" + "A" * 43, "revoked": revoked["secret"], "short": "kw_", "other": "Aladdin:sesame"}
    table = requests(built_arena.ids)
    cases = {(name, word): (ask, key) for name, ask in table.items() for word, key in keys.items()}
    assert {} == await surprises(fought, cases, (401, "unauthenticated"))


async def test_another_scheme_is_refused(fought: World):
    """`Basic` with a good key is no key."""
    headers = {"Authorization": f"Basic {fought.regulators[0]}"}
    assert (401, "unauthenticated") == outcome(await fought.http.get("/v1/region", headers=headers))


async def test_every_other_role_is_denied(fought: World, built_arena: Arena):
    """Each role that the route does not take, held at the very owner, and a person without roles: 403."""
    cases = {
        (name, who[1]): (ask, built_arena.keys[who])
        for name, ask in requests(built_arena.ids).items()
        for who in excluded(name)
    }
    assert {} == await surprises(fought, cases, (403, "denied"))


async def test_the_right_role_elsewhere_is_denied(fought: World, built_arena: Arena):
    """What is owned is closed to every role at another organisation, except those that hold region-wide."""
    table = requests(built_arena.ids)
    cases = {
        (name, str(role)): (table[name], built_arena.keys[ELSEWHERE, role])
        for name in OWNED
        for role in sorted((ROUTES[name].roles or frozenset()) - OVERSEERS)
    }
    assert {} == await surprises(fought, cases, (403, "not-yours"))


@pytest.mark.parametrize("close", [HOME, SIBLING, SHARED])
async def test_a_verifier_too_close_is_denied(fought: World, built_arena: Arena, close: str):
    """The same organisation, a common parent, a person in common: none of them judges."""
    table = requests(built_arena.ids)
    cases = {(name, close): (table[name], built_arena.keys[close, "verifier"]) for name in JUDGED}
    assert {} == await surprises(fought, cases, (403, "verifier-conflict"))


async def test_the_right_role_there_reads(fought: World, built_arena: Arena):
    """Every permitted role at the owner gets its answer."""
    table = requests(built_arena.ids)
    wrong = {
        (name, who[1]): answer.text
        for name, ask in table.items()
        if ask.method == "GET" and ROUTES[name].roles is not None
        for who in permitted(name)
        if (answer := await send(fought, ask, built_arena.keys[who])).status_code != ask.status
    }
    assert {} == wrong


@pytest.mark.parametrize("operation", WRITES)
async def test_the_right_role_there_writes(fought: World, built_arena: Arena, operation: str):
    """The first permitted role succeeds; every further one is refused by the state of things at most."""
    ask = requests(built_arena.ids)[operation]
    senders = ask.senders or permitted(operation)
    answers = [await send(fought, ask, built_arena.keys[who]) for who in senders]
    assert 201 == answers[0].status_code, answers[0].text
    assert [] == [answer.text for answer in answers if answer.status_code in (401, 403)]
