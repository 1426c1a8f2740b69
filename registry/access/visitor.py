"""Who looks at a page, signed in or not: what they may ask of the services."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from litestar import Request, Response

from registry.access.authorisation import Route, authorise
from registry.kit.problems import DomainError
from registry.kit.site.frame import Frame
from registry.kit.site.language import Code
from schemas.access import Actor, AuthorityReading, Call, Role


@dataclass(frozen=True, slots=True)
class Visitor:
    """A person, or nobody, with the routes by which pages ask: a page shows what its services would answer to them."""

    by: Actor
    reading: AuthorityReading | None
    routes: Mapping[str, Route]
    unread: int = 0
    """How many notifications they have not read; a hundred stands for more."""

    @property
    def signed_in(self) -> bool:
        """Whether it is a person."""
        return bool(self.by.person_id)

    def asks(self, operation: str) -> Call:
        """The call of one operation that only reads. Raises `Unauthenticated`, `Denied`."""
        route = self.routes[operation]
        authorise(self.by, operation, route)
        return Call(by=self.by, operation=operation, permitted=route.roles or frozenset(), reading=self.reading)

    def may(self, operation: str) -> bool:
        """Whether the operation takes one of the visitor's roles at all: what a page offers."""
        try:
            authorise(self.by, operation, self.routes[operation])
        except DomainError:
            return False
        return True

    def holds(self, *roles: Role) -> bool:
        """Whether the visitor has one of these roles anywhere."""
        return any(held.role in roles for held in self.by.roles)


@dataclass(frozen=True, slots=True)
class PageCall:
    """One request for a page: who looks, and how the page is answered."""

    request: Request[Any, Any, Any]
    visitor: Visitor
    frame: Frame

    def asks(self, operation: str) -> Call:
        """See `Visitor.asks`."""
        return self.visitor.asks(operation)

    def words(self, values: Iterable[str]) -> list[tuple[str, str]]:
        """Words of data with what they are called in the page's language, for a choice."""
        return self.frame.words(self.request, values)

    @property
    def language(self) -> Code:
        """The language that the page is answered in."""
        return self.frame.code_of(self.request)

    def answer(self, template: str, **shown: Any) -> Response[str]:  # noqa: ANN401 - templates show anything
        """See `Frame.page`."""
        return self.frame.page(self.request, template, **shown)
