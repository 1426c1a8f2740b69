"""What the events of instruments mean for their table: opened, bounded, halted."""

from typing import Final

from exchange.engine import events as e
from exchange.engine.modes.baskets import messages as b
from exchange.engine.modes.venues import messages as m
from exchange.engine.parts import ASSETS_LIMIT
from exchange.projections.changes import Changes, Moment, Part
from registry.kit import sql

_sql = sql.load(__package__, "projection.sql")
_NUMBER_BITS: Final = 31
"""Numbers of instruments are 32-bit integers above 0."""


def _opened(into: Changes, event: e.InstrumentOpened, _: Moment) -> None:
    into.row(_sql.open_instruments, event.instrument)
    into.answer(event.instruction, "done")


def bounded(into: Changes, instrument: int, low: int, high: int) -> None:
    """Prices lie in this band from now on."""
    into.row(_sql.set_bands, instrument, low, high)


def _band_set(into: Changes, event: e.BandSet, _: Moment) -> None:
    bounded(into, event.instrument, event.low, event.high)
    into.answer(event.instruction, "done")


def _halted(into: Changes, event: e.HaltChanged, _: Moment) -> None:
    into.row(_sql.set_halts, event.instrument, event.causes)
    into.answer(event.instruction, "done")


def _delisted(into: Changes, event: e.InstrumentDelisted, _: Moment) -> None:
    into.row(_sql.set_halts, event.instrument, event.causes)
    into.answer(event.instruction, "done")


def _done(into: Changes, event: m.VenueSet | m.LimitsSet | m.BoughtReleased, _: Moment) -> None:
    into.answer(event.instruction, "done")


def _group_set(into: Changes, event: m.GroupSet, _: Moment) -> None:
    into.row(_sql.put_groups, event.account, event.group, event.role)
    into.answer(event.instruction, "done")


def _basket_opened(into: Changes, event: b.BasketOpened, moment: Moment) -> None:
    for place, asset in enumerate(event.assets):
        _list(into, event.instrument, asset, moment, place=place)


def _asset_added(into: Changes, event: b.AssetAdded, moment: Moment) -> None:
    _list(into, event.instrument, event.asset, moment)
    into.answer(event.instruction, "done")


def _asset_delisted(into: Changes, event: b.AssetDelisted, moment: Moment) -> None:
    _list(into, event.instrument, event.asset, moment, listed=False)
    into.answer(event.instruction, "done")


def _list(into: Changes, basket: int, asset: int, moment: Moment, *, place: int = 0, listed: bool = True) -> None:
    """An asset can be delivered in a basket, or no more. Places follow the commands, then the list of one."""
    place += moment.sequence * ASSETS_LIMIT
    into.row(_sql.list_assets, basket << _NUMBER_BITS | asset, basket, asset, place, listed, moment.at)


def _parts_changed(into: Changes, event: b.PartsChanged, _: Moment) -> None:
    into.lock_parts(event.account, event.instrument, event.parts)


EVENTS: Final[Part] = {
    e.InstrumentOpened: _opened,
    e.BandSet: _band_set,
    e.HaltChanged: _halted,
    e.InstrumentDelisted: _delisted,
    m.VenueSet: _done,
    m.LimitsSet: _done,
    m.BoughtReleased: _done,
    m.GroupSet: _group_set,
    b.BasketOpened: _basket_opened,
    b.AssetAdded: _asset_added,
    b.AssetDelisted: _asset_delisted,
    b.PartsChanged: _parts_changed,
}
