"""What the events of campaigns mean for the tables."""

from datetime import UTC, datetime
from typing import Final

from exchange.engine import commands as c
from exchange.engine.modes.campaigns import messages as m
from exchange.projections.changes import Changes, Moment, Part, placed_whole
from registry.kit import sql

_sql = sql.load(__package__, "projection.sql")
ALLOTMENTS: Final = {m.BY_TIME: "by-time", m.PRO_RATA: "pro-rata"}


def _opened(into: Changes, event: m.CampaignOpened, moment: Moment) -> None:
    into.place(placed_whole(event, moment, kind="campaign", side=c.SELL, life="GTC"), c.SELL)
    into.row(
        _sql.open_campaigns,
        event.order,
        event.instrument,
        event.least,
        event.most,
        event.floor,
        ALLOTMENTS[event.allotment],
        datetime.fromtimestamp(event.opens, UTC),
        datetime.fromtimestamp(event.closes, UTC),
    )


def _begun(into: Changes, event: m.CampaignBegun, _: Moment) -> None:
    into.row(_sql.put_courses, event.campaign, "open", 0, 0, 0, 0)
    into.answer(event.instruction, "done")


def _pledged(into: Changes, event: m.Pledged, moment: Moment) -> None:
    made = placed_whole(event, moment, kind="pledge", side=c.BUY, life="GTC", listing_id=event.campaign)
    into.place(made, c.BUY)


def _ended(into: Changes, event: m.CampaignEnded, _: Moment) -> None:
    into.row(_sql.put_courses, event.campaign, "ended", event.pledges, event.pledged, event.allotted, event.cause)
    into.answer(event.instruction, "done")


EVENTS: Final[Part] = {
    m.CampaignOpened: _opened,
    m.CampaignBegun: _begun,
    m.Pledged: _pledged,
    m.CampaignEnded: _ended,
}
