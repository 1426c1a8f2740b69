"""The tables of routes: how they are merged, what a handler without a line comes to, and what a Call permits."""

import ast
from pathlib import Path

import pytest
from litestar import Litestar, get

import exchange.auctions.routes
import exchange.blocks.routes
import exchange.campaigns.routes
import exchange.instruments.routes
import exchange.listings.routes
import exchange.orders.routes
import exchange.quotes.routes
import exchange.sessions.routes
import exchange.settlement.routes
import exchange.subscriptions.routes
import registry
from deploy.routes import give_routes
from registry.access.authorisation import (
    ANY_PERSON,
    OVERSEERS,
    PUBLIC,
    TRADERS,
    Denied,
    NotYours,
    Route,
    Unauthenticated,
    authorise,
    authorise_for,
    merge_routes,
)
from registry.access.http import route_of
from schemas.access import Actor, Call, HeldRole, Role

TRADER = Actor(person_id=1, roles=(HeldRole(Role.ENTERPRISE, 7),))
AUDITOR = Actor(person_id=2, roles=(HeldRole(Role.AUDITOR, 8),))


def test_two_capabilities_cannot_name_one_operation():
    """The second line would silently replace the first."""
    with pytest.raises(LookupError, match="get_thing"):
        merge_routes({"get_thing": PUBLIC}, {"get_thing": ANY_PERSON})


@get("/v1/things", operation_id="list_things", sync_to_thread=False)
def _unlisted() -> None:
    """A handler that no table names."""


def test_a_handler_without_a_line_is_not_served():
    """The application does not start with an operation that nobody thought about."""
    with pytest.raises(LookupError, match="list_things"):
        give_routes(Litestar([_unlisted], openapi_config=None))


def test_a_handler_that_was_given_no_route_lets_nobody_in():
    """If the check at the start were bypassed, the guard fails closed."""
    with pytest.raises(KeyError, match="route"):
        route_of(_unlisted)


@pytest.mark.parametrize(
    ("route", "by", "refusal"),
    [
        (PUBLIC, Actor(), None),
        (ANY_PERSON, Actor(), Unauthenticated),
        (ANY_PERSON, Actor(person_id=3), None),
        (Route(TRADERS), Actor(), Unauthenticated),
        (Route(TRADERS), Actor(person_id=3), Denied),
        (Route(TRADERS), AUDITOR, Denied),
        (Route(TRADERS), TRADER, None),
    ],
)
def test_the_guard_checks_the_roles(route, by, refusal):
    """Without a key, with a key and no role, with another role, with one of the roles."""
    if refusal is None:
        authorise(by, "do_something", route)
    else:
        with pytest.raises(refusal):
            authorise(by, "do_something", route)


@pytest.mark.parametrize(
    ("by", "permitted", "organisation_id", "allowed"),
    [
        (TRADER, TRADERS, 7, True),
        (TRADER, TRADERS, 8, False),
        (TRADER, OVERSEERS, 7, False),
        (AUDITOR, OVERSEERS, 7, True),  # region-wide
        (AUDITOR, TRADERS, 8, False),
    ],
)
def test_ownership_takes_a_permitted_role_there(by, permitted, organisation_id, allowed):
    """One of the permitted roles at the owner; a regulator's and an auditor's hold everywhere."""
    call = Call(by=by, operation="do_something", permitted=permitted)
    if allowed:
        authorise_for(call, organisation_id)
    else:
        with pytest.raises(NotYours):
            authorise_for(call, organisation_id)


def test_a_call_that_says_nothing_permits_nothing():
    """The default of `Call.permitted` refuses everybody, regulators included."""
    everything = Actor(person_id=1, roles=tuple(HeldRole(role, 7) for role in Role))
    with pytest.raises(NotYours):
        authorise_for(Call(by=everything, operation="do_something"), 7)


def test_no_operation_of_the_exchange_is_named_in_the_registry():
    """The registry does not know what the exchange offers."""
    operations = {
        *exchange.instruments.routes.ROUTES,
        *exchange.settlement.routes.ROUTES,
        *exchange.subscriptions.routes.ROUTES,
        *exchange.listings.routes.ROUTES,
        *exchange.campaigns.routes.ROUTES,
        *exchange.auctions.routes.ROUTES,
        *exchange.blocks.routes.ROUTES,
        *exchange.quotes.routes.ROUTES,
        *exchange.orders.routes.ROUTES,
        *exchange.sessions.routes.ROUTES,
    }
    folder = Path(registry.__file__).parent
    named = {
        (path.relative_to(folder).as_posix(), node.value)
        for path in folder.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in operations
    }
    assert "place_order" in operations
    assert set() == named
