"""Subscriptions, runs and what they sent, as what acts needs them. Pure."""

from datetime import datetime
from typing import Any, NamedTuple

from schemas.subscriptions import StandingState


class StoredStanding(NamedTuple):
    """A standing subscription as what acts needs it."""

    id: int
    account_id: int
    person_id: int
    terms: Any
    next_terms: Any
    state: StandingState
    next_at: datetime | None
    seen_leaf: int | None


class StoredRun(NamedTuple):
    """A run, and whose it is."""

    id: int
    standing_id: int
    account_id: int
    person_id: int
    side: str
    standing_state: StandingState
    cause: str
    begins: datetime
    ends: datetime
    terms: Any
    wanted_t: int
    deposit_id: int | None
    instrument_id: int | None
    state: str
    busy: bool
    next_try_at: datetime


class Chosen(NamedTuple):
    """An order that was chosen and not answered yet."""

    id: int
    run_id: int
    source: str
    instrument_id: int
    price_fen: int
    quantity_t: int
    client_order_id: int
    command: Any


class Tally(NamedTuple):
    """What an order of a run came to; *kept_t* was traded and not refunded."""

    instrument_id: int
    state: str
    open_t: int
    kept_t: int
    settled_t: int
    under_way_t: int
    withdrawal_id: int | None


class OpenedInstrument(NamedTuple):
    """An instrument as a run needs it; ways to sell and *largest_t* (0: no limit) are of its *preset*."""

    id: int
    code: str
    project_id: int
    vintage: int
    tick_fen: int
    lot_t: int
    trading: bool
    book: bool
    listings: bool
    campaigns: bool
    largest_t: int
    preset: str


class Retiring(NamedTuple):
    """A withdrawal that is to be retired once the registry has released it, by the *terms* of its run."""

    account_id: int
    person_id: int
    standing_id: int
    claim_id: int
    quantity_t: int
    begins: datetime
    terms: Any


class FoundCampaign(NamedTuple):
    """A campaign beside which a seller's tonnes go: its price, its window and its limits."""

    id: int
    price_fen: int
    least_t: int
    most_t: int
    allotment: str
    opens_at: datetime
    closes_at: datetime
