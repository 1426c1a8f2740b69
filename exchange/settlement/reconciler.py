"""Whether the exchange's books and the registry's agree, to the kilogram and the fen."""

from collections.abc import Sequence

from msgspec import Struct

from exchange.instruments import store as instruments
from exchange.journal.audit import Audited, Books, audit_in, books
from exchange.projections import store as projections
from exchange.settlement import store
from exchange.settlement.store import Tonnes
from registry import port
from registry.kit.database import Database, Tx
from schemas.custody import Held
from schemas.serials import KG_PER_T


class Difference(Struct, frozen=True, kw_only=True):
    """Something that should be equal and is not. *account_id* and *instrument* are there where one is meant."""

    what: str
    account_id: int | None
    project_id: int | None
    vintage: int | None
    expected: int
    found: int


class Reconciliation(Struct, frozen=True, kw_only=True):
    """
    What was compared, and every difference.

    *commands* were replayed behind sequence *begins*, which is 0 unless another engine wrote the journal's beginning.
    Of that beginning, the hashes of *checked* commands hold; *unchecked* ones are in rows of the first version, which
    only the engine that wrote them can check. *journal* says what did not hold, or is empty.
    *held_kg* is what the registry holds for the exchange, *owed_kg* what the exchange owes from it, *in_flight* how
    many instructions, deliveries and withdrawals have not come to their end. Money is compared in fen.
    """

    begins: int
    checked: int
    unchecked: int
    commands: int
    journal: str
    held_kg: int
    owed_kg: int
    deposited_fen: int
    withdrawn_fen: int
    owed_fen: int
    in_flight: int
    differences: tuple[Difference, ...]

    @property
    def clean(self) -> bool:
        """Whether everything agrees."""
        return not self.differences and not self.journal


async def reconcile(*, db: Database, replay: bool = True) -> Reconciliation:
    """
    Compare, in one snapshot, the registry's holds with what the exchange owes, and money in with money owed.

    With *replay*, the journal is carried out once more from its first command: every hash, every snapshot, and every
    balance, open order, undelivered trade, halt, phase and band in the tables must come out as stored.

    Registry holds = owed + in flight for each account, project and vintage, so they are equal when nothing is under
    way; what is held is added up from the blocks themselves. And deposits - withdrawals = what all accounts have.
    """
    async with db.snapshot() as tx:
        holds = await port.holds_in(tx)
        owed, moving = await store.owed(tx), await store.in_flight(tx)
        cash, under_way = await store.cash(tx), await store.under_way(tx)
        audited = await audit_in(tx) if replay else Audited(0, 0, 0, 0, "", {})
        projected = await _tables_in(tx) if replay and not audited.broken else {}
    held = {(each.account_id, each.project_id, each.vintage): each.quantity_kg for each in holds}
    return Reconciliation(
        begins=audited.begins,
        checked=audited.checked,
        unchecked=audited.unchecked,
        commands=audited.commands,
        journal=audited.broken,
        held_kg=sum(held.values()),
        owed_kg=sum(owed.values()) * KG_PER_T,
        deposited_fen=cash.came_in,
        withdrawn_fen=cash.went_out,
        owed_fen=cash.owed,
        in_flight=sum(under_way),
        differences=(
            *_noted(holds),
            *_tonnes(held, owed, moving),
            *_cash(cash),
            *_replayed(audited.replayed, projected),
        ),
    )


def _noted(holds: Sequence[Held]) -> list[Difference]:
    return [
        Difference(
            what="kilograms that a hold says lie under it",
            account_id=each.account_id,
            project_id=each.project_id,
            vintage=each.vintage,
            expected=each.quantity_kg,
            found=each.noted_kg,
        )
        for each in holds
        if each.quantity_kg != each.noted_kg
    ]


def _tonnes(held: dict[tuple[int, int, int], int], owed: Tonnes, moving: Tonnes) -> list[Difference]:
    return [
        Difference(
            what="kilograms held by the registry for the exchange",
            account_id=account,
            project_id=project,
            vintage=vintage,
            expected=expected,
            found=found,
        )
        for account, project, vintage in sorted({*held, *owed, *moving})
        for key in [(account, project, vintage)]
        for expected, found in [((owed.get(key, 0) + moving.get(key, 0)) * KG_PER_T, held.get(key, 0))]
        if expected != found
    ]


def _cash(cash: store.Cash) -> list[Difference]:
    compared = (
        ("fen that all accounts have", cash.came_in - cash.went_out, cash.owed),
        ("fen incoming, which others have outgoing", cash.outgoing, cash.incoming),
    )
    return [
        Difference(what=what, account_id=None, project_id=None, vintage=None, expected=expected, found=found)
        for what, expected, found in compared
        if expected != found
    ]


async def _tables_in(tx: Tx) -> Books:
    """What the tables show."""
    return books(
        await projections.positions(tx),
        await projections.open_quantities(tx),
        await store.undelivered(tx),
        await instruments.bounds(tx),
    )


def _replayed(replayed: Books, projected: Books) -> list[Difference]:
    differing = [key for key in {*replayed, *projected} if replayed.get(key, 0) != projected.get(key, 0)]
    return [
        Difference(
            what=f"{what}{f' {number}' if number else ''}, replayed and in the tables",
            account_id=account,
            project_id=None,
            vintage=None,
            expected=replayed.get(key, 0),
            found=projected.get(key, 0),
        )
        for key in sorted(differing, key=str)
        for what, number, account in [key]
    ]
