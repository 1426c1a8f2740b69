"""The people of an organisation over HTTP."""

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from registry.access.keys.rules import Keyring
from registry.kit.database import Database
from registry.kit.http import READS, WRITES, PathId
from registry.kit.pages import Window
from registry.kit.quotas import Quotas
from registry.kit.sheets import SHEET, Sheet
from registry.parties.colleagues import service
from schemas.access import Call, Colleague, NewColleague
from schemas.pages import Page


class ColleaguesController(Controller):
    """The people of one organisation."""

    path = "/v1/organisations/{organisation_id:int}/colleagues"
    tags = ("Parties",)

    @get("/", operation_id="list_colleagues", opt={SHEET: True}, responses=READS)
    async def colleagues(
        self,
        organisation_id: PathId,
        window: NamedDependency[Window],
        *,
        sheet: NamedDependency[Sheet],
        asked: NamedDependency[Call],
        db: NamedDependency[Database],
    ) -> Response[Page[Colleague]]:
        """The people who hold roles at the organisation now, also as CSV."""
        return sheet.of(await service.colleagues(organisation_id, window, asked=asked, db=db), Colleague)

    @post("/", operation_id="invite_colleague", responses=WRITES)
    async def invite(
        self,
        *,
        organisation_id: PathId,
        data: JSONBody[NewColleague],
        call: NamedDependency[Call],
        db: NamedDependency[Database],
        quotas: NamedDependency[Quotas],
        keyring: NamedDependency[Keyring],
    ) -> Colleague:
        """Register somebody new with roles at the organisation. The secret of their key is shown once."""
        return await service.invite(organisation_id, data, call=call, db=db, quotas=quotas, keyring=keyring)

    @post("/{person_id:int}/remove", operation_id="remove_colleague", responses=WRITES)
    async def remove(
        self, organisation_id: PathId, person_id: PathId, call: NamedDependency[Call], db: NamedDependency[Database]
    ) -> Colleague:
        """End every role of a person at the organisation."""
        return await service.remove(organisation_id, person_id, call=call, db=db)
