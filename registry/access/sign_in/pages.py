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
REFUSALS: Final = (
    (
        "This first key was used at {0}Z to make its person's own key, and works once. If that was not you, tell a "
        "regulator at once."
    ),
    "Key {0} is a first key and was used just now; it works once.",
    "This API key is not known here. Check that it was copied whole.",
    "This passkey is registered already. Sign in with it, or make one on another device.",
    (
        "This passkey is not known here, or was revoked. Use another one; if you have none, the page says how "
        "to get a new invitation."
    ),
    "The passkey says that it belongs to somebody else.",
    "The passkey counts {0} uses, and more were seen: there is a copy of it. Revoke it (key {1}).",
    "The passkey's answer was refused: {0}.",
    "The passkey's answer cannot be read.",
    (
        "The question that this answers is older than five minutes, was answered before, or was for somebody else. "
        "Start once more."
    ),
)
"""What the API refuses to the script of these pages, which has no server to translate it."""


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
            "sign_in/sign_in.html",
            refusals=REFUSALS,
            then=lead,
            site=sign_ins.site,
            elsewhere=_elsewhere(request, sign_ins),
        )

    @get("/invitation")
    async def invitation(
        self, page: NamedDependency[PageCall], sign_ins: NamedDependency[SignIns], request: Request[Any, Any, Any]
    ) -> Response[str]:
        """What an invitation opens. The first key is behind the # of its address, which no browser sends to anybody."""
        return page.answer(
            "sign_in/invitation.html",
            refusals=REFUSALS,
            then=DESK,
            site=sign_ins.site,
            elsewhere=_elsewhere(request, sign_ins),
        )

    @get("/account")
    async def account(self, page: NamedDependency[PageCall], sign_ins: NamedDependency[SignIns]) -> Response[str]:
        """What belongs to the caller alone: passkeys, sessions, keys of programs."""
        me = await keys.me(page.asks("get_me"), db=sign_ins.db)
        mine = await keys.working(page.asks("list_own_keys").by.person_id, db=sign_ins.db)
        now = datetime.now(UTC)
        return page.answer(
            "sign_in/account.html",
            refusals=REFUSALS,
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
