"""Green-power contracts in PostgreSQL."""

from collections.abc import Collection
from datetime import datetime

from registry.claims.green_power.rules import ContractRegistered
from registry.kit import sql
from registry.kit.database import Tx, constraint, convert
from registry.kit.pages import Window
from registry.kit.spelling import spelling
from schemas.claims import GreenPowerContract, NewGreenPower
from schemas.pages import Page

_sql = sql.load(__package__)


async def insert_contract(tx: Tx, body: NewGreenPower) -> int:
    """Store a contract. Raises `ContractRegistered`."""
    with constraint("green_power_number", ContractRegistered.of(body.number)):
        return int(
            await tx.fetchval(
                _sql.insert_contract,
                body.organisation_id,
                body.kind,
                body.number,
                spelling(body.number),
                body.supplier,
                body.green_kwh,
                body.begins,
                body.ends,
            )
        )


async def contract(tx: Tx, contract_id: int) -> GreenPowerContract | None:
    """One contract."""
    row = await tx.fetchrow(_sql.contract, contract_id)
    return convert(row, GreenPowerContract) if row else None


async def contracts(tx: Tx, window: Window, organisations: Collection[int]) -> Page[GreenPowerContract]:
    """The contracts of some organisations."""
    rows = await tx.fetch(_sql.contracts, *window.args, list(organisations))
    return window.page([(row["id"], convert(row, GreenPowerContract)) for row in rows])


async def contracts_named(
    tx: Tx, organisation_id: int, numbers: Collection[str], begins: datetime, ends: datetime
) -> dict[str, GreenPowerContract]:
    """The contracts of one organisation that *numbers* name, and whose period meets this one, by the number given."""
    spelled = {spelling(each): each for each in numbers}
    rows = await tx.fetch(_sql.contracts_named, organisation_id, list(spelled), begins, ends)
    fields = GreenPowerContract.__struct_fields__
    return {spelled[row["spelled"]]: GreenPowerContract(**{name: row[name] for name in fields}) for row in rows}


async def use(tx: Tx, contract_id: int, claim_id: int, green_kwh: int) -> bool:
    """Use kilowatt-hours of a contract for a claim; false if so many are not left."""
    if await tx.execute(_sql.use_contract, contract_id, green_kwh) == "UPDATE 0":
        return False
    await tx.execute(_sql.insert_use, contract_id, claim_id, green_kwh)
    return True


async def contracts_of(tx: Tx, organisation_id: int) -> int:
    """How many contracts an organisation has registered."""
    return int(await tx.fetchval(_sql.contracts_of, organisation_id))
