"""The exchange's running parts as its services use them, and who may trade with an account."""

from dataclasses import dataclass, field

from exchange.instructions.service import Teller
from exchange.journal.gateway import Gate
from exchange.journal.refusals import Refusals, frozen
from exchange.projections import store
from exchange.projections.instruments import KnownInstruments
from exchange.projections.projector import Projector, Tables
from registry import port
from registry.kit.database import Database, Tx
from registry.kit.problems import DomainError, Kind
from registry.kit.supervise import Supervisor
from schemas.access import Call
from schemas.custody import Trader


class AccountUnusable(DomainError):
    """The account is closed, or of a kind that does not trade."""

    kind, slug, title = Kind.CONFLICT, "account-closed", "Not an open holding account"


@dataclass(slots=True)
class Exchange:
    """What the exchange's services work with. One for each process; only one process at a time is the writer."""

    db: Database
    gateway: Gate
    projector: Projector
    teller: Teller
    instruments: KnownInstruments
    tables: Tables
    refusals: Refusals
    watched: list[Supervisor] = field(default_factory=list)
    disagreement: str = ""

    @property
    def taking(self) -> bool:
        """Whether commands are taken now, here or in the engine's process."""
        return self.gateway.taking

    @property
    def trouble(self) -> str:
        """Why something does not work, in one line; empty when everything does."""
        parts = (self.projector.supervisor, self.teller.supervisor, *self.watched)
        found = (self.gateway.trouble, *(each.trouble for each in parts), self.disagreement)
        return next((each for each in found if each), "")


async def known_trader(account_id: int, call: Call, authority: port.Authority) -> Trader:
    """
    The caller's own account, if it is one that trades, from what is kept in memory and still holds for this request.

    Raises `NotYours`, `AccountUnusable`, `Unknown`.
    """
    return _own(await authority.trader(account_id, call.reading), call)


async def trader_in(tx: Tx, account_id: int, call: Call) -> Trader:
    """The same, as it is in *tx*."""
    return _own(await port.trader_in(tx, account_id), call)


def _own(trader: Trader, call: Call) -> Trader:
    port.authorise_for(call, trader.owner_id)
    if not trader.usable:
        raise AccountUnusable(f"Account {trader.id} is not an open holding account.")
    return trader


async def unfrozen_trader_in(tx: Tx, account_id: int, call: Call) -> Trader:
    """The same under the account's lock, and without a freeze on it. Raises `TradingRefused`."""
    await port.lock_account_in(tx, account_id)
    trader = await trader_in(tx, account_id, call)
    if trader.restriction_id is not None:
        raise frozen()
    return trader


async def refuse_frozen(trader: Trader, *client_order_ids: int, exchange: Exchange) -> None:
    """
    Raise `TradingRefused` where a freeze is on the account, unless commands with all these numbers came before it.

    Call it outside of any transaction: it waits for the tables, which need a connection to catch up.
    """
    if trader.restriction_id is None:
        return
    await exchange.projector.caught_up()
    async with exchange.db.reading() as tx:
        if len(await store.requests(tx, trader.id, client_order_ids)) < len(set(client_order_ids)):
            raise frozen()


async def readable_in(tx: Tx, account_id: int, asked: Call) -> bool:
    """
    Raise `NotYours` unless the caller may read what the account has and does.

    Returns whether it is the caller's own organisation's: there are things that not even an overseer reads.
    """
    owner_id = (await port.trader_in(tx, account_id)).owner_id
    port.authorise_for(asked, owner_id)
    return any(held.organisation_id == owner_id for held in asked.by.roles)
