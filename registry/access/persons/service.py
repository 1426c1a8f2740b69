"""What other rooms ask about who counts as two. Everything here works inside the caller's transaction."""

from registry.access.persons import rules, store
from registry.kit.database import Tx


async def joined_in(tx: Tx, one: int, other: int) -> bool:
    """Whether two people count as one now."""
    return (await store.graph(tx)).joined(one, other)


async def power_in(tx: Tx) -> rules.Power:
    """Who can decide now; other transactions that change it wait for *tx*. Call it before power is taken away."""
    await store.lock(tx)
    return await store.power(tx)


async def seen_in(tx: Tx) -> rules.Power:
    """Who can decide now, for a page: nobody waits for it."""
    return await store.power(tx)


async def refuse_powerless_in(tx: Tx, before: rules.Power) -> None:
    """Call this after power was taken away, or people were joined: rolls back if no pair is left that can decide."""
    rules.check_pairs_left(before, await store.power(tx))


async def check_confirmer_in(tx: Tx, key: rules.Edge, confirmer: int) -> None:
    """Raise `NotOutside` unless *confirmer* may confirm the first key that joins maker and holder."""
    power = await power_in(tx)
    rules.check_confirmer(power.graph, key, confirmer, power.regulators)
