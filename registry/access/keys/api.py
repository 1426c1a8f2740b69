"""API keys over HTTP."""

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from registry.access.keys import service
from registry.access.keys.rules import Keyring
from registry.kit.database import Database
from registry.kit.http import READS, WRITES, PathId
from registry.kit.pages import Window
from registry.kit.quotas import Quotas
from registry.kit.sheets import SHEET, Sheet
from schemas.access import Approved, Call, ConfirmKey, KeyIssued, Me, UnconfirmedKey
from schemas.pages import Page


class KeysController(Controller):
    """The caller, and API keys."""

    path = "/v1"
    tags = ("Access",)

    @get("/me", operation_id="get_me", responses=READS)
    async def me(self, asked: NamedDependency[Call], db: NamedDependency[Database]) -> Me:
        """The person behind the API key, with the roles in effect now."""
        return await service.me(asked, db=db)

    @get("/me/keys", operation_id="list_own_keys", responses=READS)
    async def own_keys(
        self, asked: NamedDependency[Call], window: NamedDependency[Window], db: NamedDependency[Database]
    ) -> Page[KeyIssued]:
        """Every key you ever had, without secrets."""
        return await service.keys(asked.by.person_id, window, db=db)

    @get("/people/{person_id:int}/keys", operation_id="list_keys", responses=READS)
    async def keys(
        self, person_id: PathId, window: NamedDependency[Window], db: NamedDependency[Database]
    ) -> Page[KeyIssued]:
        """Every key a person ever had, without secrets."""
        return await service.keys(person_id, window, db=db)

    @get("/keys/unconfirmed", operation_id="list_unconfirmed_keys", opt={SHEET: True}, responses=READS)
    async def unconfirmed(
        self,
        asked: NamedDependency[Call],
        window: NamedDependency[Window],
        sheet: NamedDependency[Sheet],
        db: NamedDependency[Database],
    ) -> Response[Page[UnconfirmedKey]]:
        """Whose own key waits for somebody outside to confirm it, so many people a page; also as CSV."""
        return sheet.of(await service.unconfirmed(window, asked=asked, db=db), UnconfirmedKey)

    @post("/me/keys", operation_id="create_own_key", responses=WRITES)
    async def own_key(
        self,
        call: NamedDependency[Call],
        db: NamedDependency[Database],
        quotas: NamedDependency[Quotas],
        keyring: NamedDependency[Keyring],
    ) -> KeyIssued:
        """A key of your own, with your first key (which is then spent) or a further one. Its secret is shown once."""
        return await service.create_own_key(call, db=db, quotas=quotas, keyring=keyring)

    @post("/people/{person_id:int}/keys", operation_id="issue_key", responses=WRITES)
    async def issue_key(
        self,
        person_id: PathId,
        call: NamedDependency[Call],
        db: NamedDependency[Database],
        keyring: NamedDependency[Keyring],
    ) -> KeyIssued:
        """The first key of a person without roles, who makes their own with it. Its secret is shown once."""
        return await service.issue_key(person_id, call=call, db=db, keyring=keyring)

    @post("/keys/reissue", operation_id="reissue_key", responses=WRITES)
    async def reissue_key(
        self,
        data: JSONBody[Approved],
        call: NamedDependency[Call],
        db: NamedDependency[Database],
        keyring: NamedDependency[Keyring],
    ) -> KeyIssued:
        """A new first key for a person who lost theirs; carries out an approval."""
        return await service.reissue_key(data, call=call, db=db, keyring=keyring)

    @post("/keys/{key_id:int}/confirm", operation_id="confirm_key", responses=WRITES)
    async def confirm_key(
        self,
        key_id: PathId,
        data: JSONBody[ConfirmKey],
        call: NamedDependency[Call],
        db: NamedDependency[Database],
    ) -> KeyIssued:
        """Confirm that the person in front of you holds this key: the fingerprint on their screen is that of yours."""
        return await service.confirm_key(key_id, data, call=call, db=db)

    @post("/keys/{key_id:int}/revoke", operation_id="revoke_key", responses=WRITES)
    async def revoke_key(self, key_id: PathId, call: NamedDependency[Call], db: NamedDependency[Database]) -> KeyIssued:
        """End a key at once: your own, or any as a regulator."""
        return await service.revoke_key(key_id, call=call, db=db)
