"""Every write of the API with one thing wrong in its body, path or query: it is refused, and nothing is changed."""

from typing import Any

from deploy.routes import ROUTES
from tests.probes import unchanged
from tests.registry.access.organisations_of_each_role import EachRole
from tests.registry.access.requests_by_operation import Request, requests_by_operation
from tests.registry.access.test_denials import outcome, permitted, send
from tests.worlds import World

NO_INTEGERS: tuple[Any, ...] = (-1, 2**53, 2**63, 10**30, 1.5, "1", True, None, [], {})
"""Values that no field for a number takes."""
BAD = (400, "invalid-request")
NEED_NO_NUMBER = ("cancel_order", "cancel_orders", "close_listing")
"""Commands that take something back are taken without a client_order_id."""


def altered(body: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """Copies of the body with one thing wrong each, by field and what is wrong with it."""
    numbers = [name for name, value in body.items() if isinstance(value, int) and not isinstance(value, bool)]
    found = {(name, repr(bad)): {**body, name: bad} for name in numbers for bad in NO_INTEGERS}
    found |= {(name, "missing"): {key: body[key] for key in body if key != name} for name in numbers}
    return found | {("misspelt", "unknown"): {**body, "misspelt": 1}}


async def test_a_number_that_is_none_is_named(populated: World, each_role: EachRole):
    """Too small, too large, of another kind, missing; and a field that nobody knows: 400 with the field's name."""
    await populated.trade()
    wrong = {}
    async with unchanged(populated):
        for name, request in requests_by_operation(each_role.ids).items():
            if not isinstance(request.body, dict):
                continue
            key = each_role.keys[(request.senders or permitted(name))[0]]
            for (field, what), body in altered(request.body).items():
                if field == "client_order_id" and what in ("missing", "None") and name in NEED_NO_NUMBER:
                    continue
                answer = await send(populated, Request(request.method, request.path, body), key)
                if outcome(answer) != BAD or field not in answer.json()["detail"]:
                    wrong[name, field, what] = answer.text
    assert {} == wrong


NO_IDS = ("9223372036854775808", "-1", "0", "%00", "%E9", "1.5")
NO_QUERIES = ("instrument=%00", "instrument=%27", "open_only=maybe", "cursor=x", "limit=0")


def misled(path: str) -> list[str]:
    """Copies of the path with one of its numbers replaced by something invalid."""
    parts = path.split("/")
    return [
        "/".join([*parts[:at], bad, *parts[at + 1 :]])
        for at, part in enumerate(parts)
        if part.isdigit() and at > 2
        for bad in NO_IDS
    ]


async def test_a_path_or_query_that_is_none_is_refused(populated: World, each_role: EachRole):
    """Numbers beyond what is stored, and text that no database takes: nothing is found, and nothing breaks."""
    await populated.trade()
    wrong = {}
    async with unchanged(populated):
        for name, request in requests_by_operation(each_role.ids).items():
            key = each_role.keys[(request.senders or permitted(name))[0]] if ROUTES[name].roles is not None else ""
            for path in misled(request.path):
                answer = await send(populated, request._replace(path=path), key)
                if answer.status_code not in {400, 404}:
                    wrong[path] = answer.text
        for query in NO_QUERIES:
            answer = await populated.get(f"/v1/listings?{query}")
            if outcome(answer) != BAD:
                wrong[query] = answer.text
    assert {} == wrong
