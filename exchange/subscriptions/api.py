"""Standing subscriptions over HTTP."""

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.status_codes import HTTP_200_OK

from exchange.parts import Exchange
from exchange.subscriptions import service
from registry.kit.http import READS, WRITES, PathId
from registry.kit.pages import Window
from registry.kit.sheets import SHEET, Sheet
from schemas.access import Call
from schemas.pages import Page
from schemas.subscriptions import ChangeStanding, DryRun, NewStanding, PauseStanding, Run, StandingSubscription


class StandingsController(Controller):
    """Standing subscriptions: what an account buys in each period, or sells of each issuance, by itself."""

    path = "/v1/subscriptions"
    tags = ("Standing subscriptions",)

    @post("/", operation_id="open_standing", responses=WRITES)
    async def open_standing(
        self, data: JSONBody[NewStanding], call: NamedDependency[Call], exchange: NamedDependency[Exchange]
    ) -> StandingSubscription:
        """Set one up; it acts in the roles that the caller has at each run."""
        return await service.open_standing(data, call=call, exchange=exchange)

    @post("/dry-run", operation_id="try_standing", status_code=HTTP_200_OK, responses=WRITES)
    async def try_standing(
        self, data: JSONBody[NewStanding], ceremony: NamedDependency[Call], exchange: NamedDependency[Exchange]
    ) -> DryRun:
        """What it would take if it were set up and a period began now. Nothing is kept: it takes no Idempotency-Key."""
        return await service.try_standing(data, asked=ceremony, exchange=exchange)

    @get("/{standing_id:int}", operation_id="get_standing", responses=READS)
    async def standing(
        self, standing_id: PathId, asked: NamedDependency[Call], exchange: NamedDependency[Exchange]
    ) -> StandingSubscription:
        """One, with its terms and what it has spent so far."""
        return await service.standing(standing_id, asked=asked, exchange=exchange)

    @get("/{standing_id:int}/runs", operation_id="list_standing_runs", opt={SHEET: True}, responses=READS)
    async def runs(
        self,
        standing_id: PathId,
        ordered: NamedDependency[Window],
        *,
        sheet: NamedDependency[Sheet],
        asked: NamedDependency[Call],
        exchange: NamedDependency[Exchange],
    ) -> Response[Page[Run]]:
        """What was filled in each period, where, at what price, what was missed and why; also as CSV."""
        return sheet.of(await service.runs(standing_id, ordered, asked=asked, exchange=exchange), Run)

    @get("/{standing_id:int}/dry-run", operation_id="get_standing_dry_run", responses=READS)
    async def dry_run(
        self, standing_id: PathId, asked: NamedDependency[Call], exchange: NamedDependency[Exchange]
    ) -> DryRun:
        """What it would take if a period began now."""
        return await service.dry_run(standing_id, asked=asked, exchange=exchange)

    @post("/{standing_id:int}/change", operation_id="change_standing", responses=WRITES)
    async def change(
        self,
        standing_id: PathId,
        data: JSONBody[ChangeStanding],
        call: NamedDependency[Call],
        exchange: NamedDependency[Exchange],
    ) -> StandingSubscription:
        """Other terms from the next period on."""
        return await service.change(standing_id, data, call=call, exchange=exchange)

    @post("/{standing_id:int}/pause", operation_id="pause_standing", responses=WRITES)
    async def pause(
        self,
        standing_id: PathId,
        data: JSONBody[PauseStanding],
        call: NamedDependency[Call],
        exchange: NamedDependency[Exchange],
    ) -> StandingSubscription:
        """Place nothing more until it is resumed."""
        return await service.pause(standing_id, data, call=call, exchange=exchange)

    @post("/{standing_id:int}/resume", operation_id="resume_standing", responses=WRITES)
    async def resume(
        self, standing_id: PathId, call: NamedDependency[Call], exchange: NamedDependency[Exchange]
    ) -> StandingSubscription:
        """Act again."""
        return await service.resume(standing_id, call=call, exchange=exchange)

    @post("/{standing_id:int}/end", operation_id="end_standing", responses=WRITES)
    async def end(
        self,
        standing_id: PathId,
        data: JSONBody[PauseStanding],
        call: NamedDependency[Call],
        exchange: NamedDependency[Exchange],
    ) -> StandingSubscription:
        """End it for good."""
        return await service.end(standing_id, data, call=call, exchange=exchange)


class AccountStandingsController(Controller):
    """The standing subscriptions of an account."""

    path = "/v1/accounts/{account_id:int}/subscriptions"
    tags = ("Standing subscriptions",)

    @get("/", operation_id="list_standings", opt={SHEET: True}, responses=READS)
    async def standings(
        self,
        account_id: PathId,
        ordered: NamedDependency[Window],
        *,
        sheet: NamedDependency[Sheet],
        asked: NamedDependency[Call],
        exchange: NamedDependency[Exchange],
    ) -> Response[Page[StandingSubscription]]:
        """Those of an account of one's own, also as CSV."""
        return sheet.of(
            await service.standings(account_id, ordered, asked=asked, exchange=exchange), StandingSubscription
        )
