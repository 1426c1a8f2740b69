"""What the attacks are generated from: every page and every operation of the application, by its router."""

import itertools
import re
from typing import Any, NamedTuple

from litestar import Litestar

from tests.worlds import World


class Write(NamedTuple):
    """One operation that changes something: its path with numbers in it, and its name."""

    path: str
    operation: str


def application(world: World) -> Litestar:
    """The Litestar application behind a world's HTTP client, inside of all that is wrapped around it."""
    found: Any = world.http._transport
    for name in ("app", "app", *itertools.repeat("_app", 10)):
        if isinstance(found, Litestar):
            return found
        found = getattr(found, name, None) or found._app
    raise LookupError("no Litestar application")


def writes(app: Litestar) -> list[Write]:
    """Every operation that takes a POST."""
    found = []
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if "POST" in handler.http_methods:
                path = re.sub(r"\{\w+:int\}", "1", re.sub(r"\{\w+:\w+\}", "x", route.path))
                found.append(Write(path, str(getattr(handler, "operation_id", ""))))
    return found
