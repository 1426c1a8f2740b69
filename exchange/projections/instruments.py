"""
Instruments by code and by the engine's number, remembered by the process that looks them up with every order.

Only what never changes of an instrument is kept, so that an entry cannot be stale; bands and halts are the engine's.
"""

from collections.abc import Collection

from exchange.projections import store
from exchange.projections.store import Tradable
from registry.kit.database import Database
from registry.kit.problems import Unknown


def no_instrument(code: str) -> Unknown:
    """The refusal of a code that no instrument has."""
    return Unknown(f"There is no instrument {code}. Those that are traded are at /v1/instruments.")


class KnownInstruments:
    """Every instrument that was looked up, or was there when one was."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._by_code: dict[str, Tradable] = {}
        self._by_id: dict[int, Tradable] = {}

    async def by_code(self, code: str) -> Tradable:
        """An instrument. Raises `Unknown`."""
        if code not in self._by_code:
            await self._look()
        if found := self._by_code.get(code):
            return found
        raise no_instrument(code)

    async def ids(self, codes: Collection[str]) -> dict[str, int]:
        """The engine's numbers for those of *codes* that are instruments."""
        if any(code not in self._by_code for code in codes):
            await self._look()
        return {code: self._by_code[code].id for code in codes if code in self._by_code}

    async def code_of(self, number: int) -> str:
        """The code of an instrument that the engine named."""
        if number not in self._by_id:
            await self._look()
        return self._by_id[number].code

    async def _look(self) -> None:
        async with self._db.reading() as tx:
            found = await store.every_instrument(tx)
        self._by_code = {each.code: each for each in found}
        self._by_id = {each.id: each for each in found}
