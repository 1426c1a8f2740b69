"""Registering green-power contracts, and using their kilowatt-hours for claims."""

from collections.abc import Collection, Mapping
from datetime import datetime

from registry.access import authorisation as access
from registry.claims.green_power import store
from registry.claims.green_power.rules import GreenPowerUsed
from registry.kit.database import Database, Tx
from registry.kit.idempotency import Written, once
from registry.kit.pages import Window
from registry.kit.problems import Unknown
from registry.kit.quotas import DEFAULT, Quotas
from schemas.access import Call
from schemas.claims import GreenPowerContract, NewGreenPower
from schemas.pages import Page


async def register(body: NewGreenPower, *, call: Call, db: Database, quotas: Quotas = DEFAULT) -> GreenPowerContract:
    """Register a contract or certificate. Raises `ContractRegistered`, `QuotaUsedUp`, `NotYours`."""
    access.authorise_for(call, body.organisation_id)

    async def work(tx: Tx) -> Written[GreenPowerContract]:
        await quotas.admit_in(tx, "green_power", body.organisation_id, store.contracts_of)
        contract_id = await store.insert_contract(tx, body)
        return Written(contract_id, await _again(tx, str(contract_id)))

    return await once(db, call, work, _again)


async def _again(tx: Tx, contract_id: str) -> GreenPowerContract:
    if found := await store.contract(tx, int(contract_id)):
        return found
    raise Unknown(f"There is no green-power contract {contract_id}.")


async def contracts(window: Window, *, asked: Call, db: Database) -> Page[GreenPowerContract]:
    """The contracts of the caller's organisations."""
    async with db.reading() as tx:
        return await store.contracts(tx, window, access.organisations_of(asked.by))


async def usage_in(tx: Tx, organisation_id: int) -> dict[str, int]:
    """How much of its quota for green-power contracts an organisation has used."""
    return {"green_power": await store.contracts_of(tx, organisation_id)}


async def named_in(
    tx: Tx, organisation_id: int, numbers: Collection[str], begins: datetime, ends: datetime
) -> dict[str, GreenPowerContract]:
    """Contracts of an organisation by the numbers that a footprint gives."""
    return await store.contracts_named(tx, organisation_id, numbers, begins, ends) if numbers else {}


async def use_in(tx: Tx, claim_id: int, wanted: Mapping[str, int], contracts: Mapping[str, GreenPowerContract]) -> None:
    """Use kilowatt-hours for a claim, in one order for everybody. Raises `GreenPowerUsed`."""
    for contract, green_kwh in sorted(
        ((contracts[number], kwh) for number, kwh in wanted.items()), key=lambda each: each[0].id
    ):
        if not await store.use(tx, contract.id, claim_id, green_kwh):
            left = await _again(tx, str(contract.id))
            raise GreenPowerUsed(
                f"Contract {contract.number!r} has {left.left_kwh} of {left.green_kwh} kWh left; {green_kwh} are "
                "wanted. Another claim has used the others: each kilowatt-hour is claimed once.",
                number=contract.number,
                left_kwh=left.left_kwh,
                wanted_kwh=green_kwh,
            )
