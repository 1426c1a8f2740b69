"""Keys, approvals, grants and freezes over HTTP."""

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from registry.access import service
from registry.access.rules import Keyring
from registry.kit.database import Database
from registry.kit.http import READS, WRITES, PathId
from registry.kit.pages import Window
from schemas.access import (
    Approval,
    Approved,
    Call,
    Grant,
    KeyIssued,
    Me,
    NewRestriction,
    ProposeApproval,
    Restriction,
)
from schemas.pages import Page


class AccessController(Controller):
    """Who may do what, and what two people decide."""

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

    @post("/me/keys", operation_id="create_own_key", responses=WRITES)
    async def own_key(
        self, call: NamedDependency[Call], db: NamedDependency[Database], keyring: NamedDependency[Keyring]
    ) -> KeyIssued:
        """A further key for yourself. Its secret is shown once."""
        return await service.create_own_key(call, db=db, keyring=keyring)

    @post("/people/{person_id:int}/keys", operation_id="issue_key", responses=WRITES)
    async def issue_key(
        self,
        person_id: PathId,
        call: NamedDependency[Call],
        db: NamedDependency[Database],
        keyring: NamedDependency[Keyring],
    ) -> KeyIssued:
        """The first key of a person without roles. Its secret is shown once."""
        return await service.issue_key(person_id, call=call, db=db, keyring=keyring)

    @post("/keys/reissue", operation_id="reissue_key", responses=WRITES)
    async def reissue_key(
        self,
        data: JSONBody[Approved],
        call: NamedDependency[Call],
        db: NamedDependency[Database],
        keyring: NamedDependency[Keyring],
    ) -> KeyIssued:
        """A new key for a person who lost theirs; carries out an approval."""
        return await service.reissue_key(data, call=call, db=db, keyring=keyring)

    @post("/keys/{key_id:int}/revoke", operation_id="revoke_key", responses=WRITES)
    async def revoke_key(self, key_id: PathId, call: NamedDependency[Call], db: NamedDependency[Database]) -> KeyIssued:
        """End a key at once: your own, or any as a regulator."""
        return await service.revoke_key(key_id, call=call, db=db)

    @post("/approvals", operation_id="propose_approval", responses=WRITES)
    async def propose(
        self, data: JSONBody[ProposeApproval], call: NamedDependency[Call], db: NamedDependency[Database]
    ) -> Approval:
        """Propose what takes two people. A second person carries the exact body out at the operation's own route."""
        return await service.propose(data, call=call, db=db)

    @post("/approvals/{approval_id:int}/withdraw", operation_id="withdraw_approval", responses=WRITES)
    async def withdraw(
        self, approval_id: PathId, call: NamedDependency[Call], db: NamedDependency[Database]
    ) -> Approval:
        """Take a proposal back."""
        return await service.withdraw_approval(approval_id, call=call, db=db)

    @get("/approvals", operation_id="list_approvals", responses=READS)
    async def approvals(self, window: NamedDependency[Window], db: NamedDependency[Database]) -> Page[Approval]:
        """All approvals, oldest first."""
        return await service.approvals(window, db=db)

    @get("/approvals/{approval_id:int}", operation_id="get_approval", responses=READS)
    async def approval(self, approval_id: PathId, db: NamedDependency[Database]) -> Approval:
        """One approval with its exact body."""
        return await service.approval(approval_id, db=db)

    @post("/grants", operation_id="grant_role", responses=WRITES)
    async def grant(
        self, data: JSONBody[Approved], call: NamedDependency[Call], db: NamedDependency[Database]
    ) -> Grant:
        """Give a person a role at an organisation; carries out an approval."""
        return await service.grant_role(data, call=call, db=db)

    @get("/grants", operation_id="list_grants", responses=READS)
    async def grants(self, window: NamedDependency[Window], db: NamedDependency[Database]) -> Page[Grant]:
        """All grants, oldest first."""
        return await service.grants(window, db=db)

    @post("/grants/{grant_id:int}/end", operation_id="end_grant", responses=WRITES)
    async def end_grant(self, grant_id: PathId, call: NamedDependency[Call], db: NamedDependency[Database]) -> Grant:
        """End a role now."""
        return await service.end_grant(grant_id, call=call, db=db)

    @post("/restrictions", operation_id="restrict", responses=WRITES)
    async def restrict(
        self, data: JSONBody[NewRestriction], call: NamedDependency[Call], db: NamedDependency[Database]
    ) -> Restriction:
        """Freeze an account, a project or an issuance at once."""
        return await service.restrict(data, call=call, db=db)

    @get("/restrictions", operation_id="list_restrictions", responses=READS)
    async def restrictions(self, window: NamedDependency[Window], db: NamedDependency[Database]) -> Page[Restriction]:
        """All restrictions, oldest first."""
        return await service.restrictions(window, db=db)

    @post("/restrictions/lift", operation_id="lift_restriction", responses=WRITES)
    async def lift(
        self, data: JSONBody[Approved], call: NamedDependency[Call], db: NamedDependency[Database]
    ) -> Restriction:
        """Lift a freeze; carries out an approval."""
        return await service.lift_restriction(data, call=call, db=db)
