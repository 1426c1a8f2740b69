"""Signing in over HTTP: what the pages' script calls."""

from typing import Any, Final

from litestar import Controller, Request, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from registry.access.http import UNSIGNED_CLASS, authenticated
from registry.access.rates import SIGN_INS
from registry.access.sessions.rules import device_of
from registry.access.sign_in import service
from registry.access.sign_in.service import SignIns
from registry.kit.http import WRITES
from registry.kit.site.browser import Browser
from schemas.access import Call, Ceremony, KeyIssued, NewPasskey, PasskeyAnswer, SignedIn, SignInWithKey

_SLOWED: Final = {UNSIGNED_CLASS: SIGN_INS}


class SignInController(Controller):
    """Coming in with a passkey, or with the key of a program."""

    path = "/v1/sign-in"
    tags = ("Access",)
    opt = _SLOWED

    @post("/begin", operation_id="begin_sign_in", responses=WRITES)
    async def begin(self, sign_ins: NamedDependency[SignIns]) -> Ceremony:
        """What a browser asks a passkey; to be answered once, within five minutes."""
        return await service.begin_sign_in(signs=sign_ins)

    @post("/", operation_id="sign_in", responses=WRITES)
    async def sign_in(
        self,
        data: JSONBody[PasskeyAnswer],
        ceremony: NamedDependency[Call],
        sign_ins: NamedDependency[SignIns],
        browser: NamedDependency[Browser],
    ) -> SignedIn:
        """Sign in with a passkey. The session comes as a cookie, which replaces any other."""
        signed_in, secret = await service.sign_in(
            data, device_of(browser.user_agent), before=ceremony.by, signs=sign_ins
        )
        browser.keep(secret)
        return signed_in

    @post("/with-key", operation_id="sign_in_with_key", responses=WRITES)
    async def with_key(
        self,
        data: JSONBody[SignInWithKey],
        ceremony: NamedDependency[Call],
        request: Request[Any, Any, Any],
        sign_ins: NamedDependency[SignIns],
        browser: NamedDependency[Browser],
    ) -> SignedIn:
        """Sign in to a browser with an own key of a program. A first key makes a passkey and opens no session."""
        holder, _ = await authenticated(request, f"Bearer {data.key.strip()}", ceremony.reading)
        signed_in, secret = await service.sign_in_with_key(
            holder, device_of(browser.user_agent), before=ceremony.by, signs=sign_ins
        )
        browser.keep(secret)
        return signed_in


class PasskeysController(Controller):
    """Making a passkey of one's own."""

    path = "/v1/me/passkeys"
    tags = ("Access",)

    @post("/begin", operation_id="begin_passkey", responses=WRITES)
    async def begin(self, ceremony: NamedDependency[Call], sign_ins: NamedDependency[SignIns]) -> Ceremony:
        """What a browser asks a device that makes a passkey; to be answered once, within five minutes."""
        return await service.begin_passkey(ceremony, signs=sign_ins)

    @post("/", operation_id="register_passkey", responses=WRITES)
    async def register(
        self,
        data: JSONBody[NewPasskey],
        ceremony: NamedDependency[Call],
        sign_ins: NamedDependency[SignIns],
        browser: NamedDependency[Browser],
    ) -> KeyIssued:
        """A passkey of your own. With your first key, which is then spent, you are signed in as well, by a cookie."""
        key, secret = await service.register_passkey(data, device_of(browser.user_agent), call=ceremony, signs=sign_ins)
        browser.renew(secret)
        return key
