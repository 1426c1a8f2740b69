"""Sessions over HTTP: how a browser leaves. How it comes in is `registry.access.sign_in`."""

from litestar import Controller, post
from litestar.di import NamedDependency

from registry.access.sessions import service
from registry.kit.database import Database
from registry.kit.http import WRITES
from registry.kit.site.browser import Browser
from schemas.access import Call, SessionsEnded


class SessionsController(Controller):
    """The sessions of the caller. They are listed, and revoked one by one, as keys."""

    path = "/v1/sessions"
    tags = ("Access",)

    @post("/end", operation_id="sign_out", responses=WRITES)
    async def sign_out(
        self, ceremony: NamedDependency[Call], db: NamedDependency[Database], browser: NamedDependency[Browser]
    ) -> SessionsEnded:
        """End the session that this browser has."""
        ended = await service.sign_out(ceremony, db=db)
        browser.forget()
        return ended

    @post("/end-all", operation_id="sign_out_everywhere", responses=WRITES)
    async def sign_out_everywhere(
        self, ceremony: NamedDependency[Call], db: NamedDependency[Database], browser: NamedDependency[Browser]
    ) -> SessionsEnded:
        """End every session that you have, in every browser."""
        ended = await service.sign_out_everywhere(ceremony, db=db)
        browser.forget()
        return ended
