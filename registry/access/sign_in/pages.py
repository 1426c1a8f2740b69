"""Signing in as pages: the door, what an invitation opens, and the way out."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

from litestar import Controller, Request, Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER

from registry.access.keys import service as keys
from registry.access.sessions.rules import is_idle
from registry.access.sign_in.service import SignIns
from registry.access.visitor import PageCall
from registry.kit.site.forms import local_address

TEMPLATES: Final = Path(__file__).parent / "pages"
DESK: Final = "/desk"


class SignInPages(Controller):
    """What anybody opens who wants to come in."""

    path = "/"

    @get("/sign-in")
    async def sign_in(
        self,
        page: NamedDependency[PageCall],
        sign_ins: NamedDependency[SignIns],
        request: Request[Any, Any, Any],
        then: Annotated[str, QueryParameter(max_length=2000)] = DESK,
    ) -> Response[Any]:
        """The door. *then* is where it leads, if that is a page of this site."""
        lead = local_address(then, otherwise=DESK)
        if page.visitor.signed_in:
            return Redirect(lead, status_code=HTTP_303_SEE_OTHER)
        return page.answer(
            "sign_in/sign_in.html", then=lead, site=sign_ins.site, elsewhere=_elsewhere(request, sign_ins)
        )

    @get("/invitation")
    async def invitation(
        self, page: NamedDependency[PageCall], sign_ins: NamedDependency[SignIns], request: Request[Any, Any, Any]
    ) -> Response[str]:
        """What an invitation opens. The first key is behind the # of its address, which no browser sends to anybody."""
        return page.answer(
            "sign_in/invitation.html", then=DESK, site=sign_ins.site, elsewhere=_elsewhere(request, sign_ins)
        )

    @get("/account")
    async def account(self, page: NamedDependency[PageCall], sign_ins: NamedDependency[SignIns]) -> Response[str]:
        """What belongs to the caller alone: passkeys, sessions, keys of programs."""
        me = await keys.me(page.asks("get_me"), db=sign_ins.db)
        mine = await keys.working(page.asks("list_own_keys").by.person_id, db=sign_ins.db)
        now = datetime.now(UTC)
        return page.answer(
            "sign_in/account.html",
            me=me,
            passkeys=[each for each in mine if each.kind == "passkey"],
            programs=[each for each in mine if each.kind == "program"],
            sessions=[
                each
                for each in mine
                if each.kind == "session" and not is_idle(each.last_used_at or each.created_at, now)
            ],
            opened_with=next((each for each in mine if each.id == me.confirm_id), None),
        )

    @get("/sign-out")
    async def sign_out(self, page: NamedDependency[PageCall]) -> Response[str]:
        """The way out, for somebody who typed its address."""
        return page.answer("sign_in/sign_out.html")


def _elsewhere(request: Request[Any, Any, Any], sign_ins: SignIns) -> bool:
    """Whether the page was opened under another address than the one to which passkeys belong."""
    return bool(request.headers.get("host", "") != sign_ins.site.netloc)
