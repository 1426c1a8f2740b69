"""The region, organisations, people and accounts over HTTP."""

from typing import Annotated

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter

from registry.kit.database import Database
from registry.kit.http import READS, WRITES, PathId, QueryId
from registry.kit.pages import Window
from registry.kit.quotas import Quotas
from registry.kit.sheets import SHEET, Sheet
from registry.parties import service
from schemas.access import Call
from schemas.pages import Page
from schemas.parties import (
    Account,
    NewAccount,
    NewOrganisation,
    NewOrganisationKind,
    NewPerson,
    Organisation,
    Person,
    Region,
    SetClock,
)

Named = Annotated[str | None, QueryParameter(max_length=200, description="With these letters in the name")]


class PartiesController(Controller):
    """The region, and who takes part in it."""

    path = "/v1"
    tags = ("Parties",)

    @get("/region", operation_id="get_region", responses=READS)
    async def region(self, db: NamedDependency[Database]) -> Region:
        """The region, its log's origin and business time now."""
        return await service.region(db=db)

    @post("/clock", operation_id="set_clock", responses=WRITES)
    async def set_clock(
        self, data: JSONBody[SetClock], call: NamedDependency[Call], db: NamedDependency[Database]
    ) -> Region:
        """Move business time forward. Only a simulated region's regulator can."""
        return await service.set_clock(data, call=call, db=db)

    @post("/organisations", operation_id="create_organisation", responses=WRITES)
    async def create_organisation(
        self,
        data: JSONBody[NewOrganisation],
        call: NamedDependency[Call],
        db: NamedDependency[Database],
        quotas: NamedDependency[Quotas],
    ) -> Organisation:
        """Register an organisation under its USCC or LEI."""
        return await service.create_organisation(data, call=call, db=db, quotas=quotas)

    @get("/organisations", operation_id="list_organisations", opt={SHEET: True}, responses=READS)
    async def organisations(
        self,
        ordered: NamedDependency[Window],
        *,
        sheet: NamedDependency[Sheet],
        db: NamedDependency[Database],
        name: Named = None,
    ) -> Response[Page[Organisation]]:
        """All organisations, or those with a name; also as CSV."""
        return sheet.of(await service.organisations(ordered, db=db, name=name), Organisation)

    @get("/organisations/{organisation_id:int}", operation_id="get_organisation", responses=READS)
    async def organisation(self, organisation_id: PathId, db: NamedDependency[Database]) -> Organisation:
        """One organisation."""
        return await service.organisation(organisation_id, db=db)

    @post("/organisations/{organisation_id:int}/kind", operation_id="set_organisation_kind", responses=WRITES)
    async def set_kind(
        self,
        organisation_id: PathId,
        data: JSONBody[NewOrganisationKind],
        call: NamedDependency[Call],
        db: NamedDependency[Database],
    ) -> Organisation:
        """Say what an organisation is as a buyer, for venues that limit each kind: an enterprise or an institution."""
        return await service.set_kind(organisation_id, data, call=call, db=db)

    @post("/people", operation_id="create_person", responses=WRITES)
    async def create_person(
        self,
        data: JSONBody[NewPerson],
        call: NamedDependency[Call],
        db: NamedDependency[Database],
        quotas: NamedDependency[Quotas],
    ) -> Person:
        """Register a person; a key and roles come next."""
        return await service.create_person(data, call=call, db=db, quotas=quotas)

    @post("/accounts", operation_id="open_account", responses=WRITES)
    async def open_account(
        self,
        data: JSONBody[NewAccount],
        call: NamedDependency[Call],
        db: NamedDependency[Database],
        quotas: NamedDependency[Quotas],
    ) -> Account:
        """Open a holding account for an organisation."""
        return await service.open_account(data, call=call, db=db, quotas=quotas)

    @get("/accounts", operation_id="list_accounts", opt={SHEET: True}, responses=READS)
    async def accounts(
        self,
        ordered: NamedDependency[Window],
        *,
        sheet: NamedDependency[Sheet],
        asked: NamedDependency[Call],
        db: NamedDependency[Database],
        owner_id: QueryId = None,
    ) -> Response[Page[Account]]:
        """The accounts of your organisations, or of one of them; also as CSV."""
        return sheet.of(await service.accounts(ordered, asked=asked, db=db, owner_id=owner_id), Account)

    @get("/accounts/{account_id:int}", operation_id="get_account", responses=READS)
    async def account(self, account_id: PathId, asked: NamedDependency[Call], db: NamedDependency[Database]) -> Account:
        """One account."""
        return await service.account(account_id, asked=asked, db=db)
