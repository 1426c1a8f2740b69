"""Every write of the API, in the arena: its body says what it says, field by field, or nothing happens."""

from typing import Any

from deploy.routes import ROUTES
from tests.probes import unchanged
from tests.registry.access.arena import Arena
from tests.registry.access.asks import Ask, requests
from tests.registry.access.test_denials import outcome, permitted, send
from tests.worlds import World

NO_INTEGERS: tuple[Any, ...] = (-1, 2**53, 2**63, 10**30, 1.5, "1", True, None, [], {})
"""What no field takes that takes a number of something."""
BAD = (400, "invalid-request")


def altered(body: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """The body with one thing wrong, by field and what is wrong there."""
    numbers = [name for name, value in body.items() if isinstance(value, int) and not isinstance(value, bool)]
    found = {(name, repr(bad)): {**body, name: bad} for name in numbers for bad in NO_INTEGERS}
    found |= {(name, "missing"): {key: body[key] for key in body if key != name} for name in numbers}
    return found | {("misspelt", "unknown"): {**body, "misspelt": 1}}


async def test_a_number_that_is_none_is_named(fought: World, built_arena: Arena):
    """Too small, too large, of another kind, missing; and a field that nobody knows: 400 with the field's name."""
    await fought.trade()
    wrong = {}
    async with unchanged(fought):
        for name, ask in requests(built_arena.ids).items():
            if not isinstance(ask.body, dict):
                continue
            key = built_arena.keys[(ask.senders or permitted(name))[0]]
            for (field, what), body in altered(ask.body).items():
                answer = await send(fought, Ask(ask.method, ask.path, body), key)
                if outcome(answer) != BAD or field not in answer.json()["detail"]:
                    wrong[name, field, what] = answer.text
    assert {} == wrong


NO_IDS = ("9223372036854775808", "-1", "0", "%00", "%E9", "1.5")
NO_QUERIES = ("instrument=%00", "instrument=%27", "open_only=maybe", "cursor=x", "limit=0")


def misled(path: str) -> list[str]:
    """The path with each of its numbers replaced by one that is none."""
    parts = path.split("/")
    return [
        "/".join([*parts[:at], bad, *parts[at + 1 :]])
        for at, part in enumerate(parts)
        if part.isdigit() and at > 2
        for bad in NO_IDS
    ]


async def test_a_path_or_query_that_is_none_is_refused(fought: World, built_arena: Arena):
    """Numbers beyond what is stored, and text that no database takes: nothing is found, and nothing breaks."""
    await fought.trade()
    wrong = {}
    async with unchanged(fought):
        for name, ask in requests(built_arena.ids).items():
            key = built_arena.keys[(ask.senders or permitted(name))[0]] if ROUTES[name].roles is not None else ""
            for path in misled(ask.path):
                answer = await send(fought, ask._replace(path=path), key)
                if answer.status_code not in {400, 404}:
                    wrong[path] = answer.text
        for query in NO_QUERIES:
            answer = await fought.get(f"/v1/listings?{query}")
            if outcome(answer) != BAD:
                wrong[query] = answer.text
    assert {} == wrong
