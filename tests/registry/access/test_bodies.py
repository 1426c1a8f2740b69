"""Every write of the API with one thing wrong in its body, path or query: it is refused, and nothing is changed."""

from collections.abc import Iterator
from typing import Any

from litestar import Litestar

from deploy.routes import ROUTES
from tests.database import connected
from tests.probes import unchanged
from tests.registry.access.one_request import Request
from tests.registry.access.organisations_of_each_role import EachRole
from tests.registry.access.requests_by_operation import requests_by_operation
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


HIDING = "\u202e"
"""Turns around what comes after it."""


def strings(body: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where the texts in a body are."""
    if isinstance(body, str):
        yield path
    for key, each in body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ():
        yield from strings(each, (*path, key))


def hidden_in(body: Any, path: tuple[Any, ...], hidden: str = HIDING) -> Any:
    """A copy of the body whose text at *path* hides something."""
    if not path:
        return f"{body[:1]}{hidden}{body[1:]}"
    copied = dict(body) if isinstance(body, dict) else list(body)
    copied[path[0]] = hidden_in(body[path[0]], path[1:], hidden)
    return copied


async def test_no_text_of_any_body_hides_anything(populated: World, each_role: EachRole):
    """Every text in the body of every operation, whatever field it is: 400 with the field's name."""
    await populated.trade()
    wrong, seen = {}, 0
    async with unchanged(populated):
        for name, request in requests_by_operation(each_role.ids).items():
            if not isinstance(request.body, dict):
                continue
            key = each_role.keys[(request.senders or permitted(name))[0]]
            for path in strings(request.body):
                body = hidden_in(request.body, path)
                answer = await send(populated, Request(request.method, request.path, body), key)
                seen += 1
                named = any(isinstance(each, str) and each in answer.text for each in path)
                if outcome(answer) != BAD or not named:
                    wrong[name, path] = answer.text
    assert {} == wrong
    assert seen > 50


async def test_hidden_characters_are_refused_with_field_and_place(populated: World, each_role: EachRole):
    """All at once; the code point and its position; in an inner object as in an outer one."""
    by = populated.regulators[0]
    body: Any = {"name": f"Long{HIDING}quan", "identifiers": [{"scheme": "uscc", "value": "91350100M000100Y43"}]}
    answer = await populated.post("/v1/organisations", body, by=by)
    said = "name: U+202E (RIGHT-TO-LEFT OVERRIDE) at position 5 is not permitted: it cannot be seen. Leave it out"
    assert [said] == answer.json()["errors"]
    answer = await populated.post("/v1/people", {"name": "Zoe\u0308"}, by=by)
    assert "name: it is not in Unicode normalisation form C from position 3 on" in answer.json()["detail"]
    lift = {"operation": "lift_restriction", "restriction_id": 1, "reason": "One\n\tTwo\u200b"}
    answer = await populated.post("/v1/approvals", {"body": lift, "reason": "Three\u2028"}, by=by)
    assert ["body.reason: U+200B", "reason: U+2028"] == [each.partition(" (")[0] for each in answer.json()["errors"]]
    body = {"scope": "project", "target_id": 1, "reason": "Line\nand\ttab"}
    assert 201 == (await populated.post("/v1/restrictions", body, by=by)).status_code
    raw = '{"name": "a\\u202eb"}'
    answer = await populated.http.post(
        "/v1/people",
        content=raw,
        headers={"Authorization": f"Bearer {by}", "Idempotency-Key": "escaped", "Content-Type": "application/json"},
    )
    assert "name: U+202E" in answer.json()["detail"]


async def test_what_was_stored_before_is_read_as_it_is(populated: World):
    """A name of a database of an earlier version stays what it is, and so does a reason in an approval's body."""
    by = populated.regulators[0]
    lift = {"operation": "lift_restriction", "restriction_id": 1, "reason": "Why"}
    approval = await populated.ok("/v1/approvals", {"body": lift, "reason": "Why"}, by=by)
    async with connected(populated.dsn) as owner:
        await owner.execute("update registry.party set name = $1 where id = 1", f"Long{HIDING}quan")
        await owner.execute(
            "update registry.approval set body = replace(body, 'Why', $2) where id = $1",
            approval["id"],
            f"W{HIDING}hy",
        )
    organisations = (await populated.get("/v1/organisations", by=by)).json()["items"]
    assert f"Long{HIDING}quan" in [each["name"] for each in organisations]
    read = (await populated.get(f"/v1/approvals/{approval['id']}", by=by)).json()
    assert f"W{HIDING}hy" == read["body"]["reason"]


def test_every_write_has_its_body_read_strictly(populated: World):
    """By one of the dependencies that read it: a handler with a body of its own would go around the rule."""
    app: Any = populated.http._transport
    app = app.app
    while not isinstance(app, Litestar):
        app = app._app
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if "POST" in handler.http_methods and handler.operation_id != "begin_sign_in":  # it takes no body
                assert {"call", "numbered", "ceremony"} & set(handler.parsed_fn_signature.parameters), handler
