"""What the settler does of a subscription: what was withdrawn is retired as it is released, in one transaction."""

from collections.abc import Sequence
from typing import Any

from exchange.subscriptions import acting, rules, store
from exchange.subscriptions.records import Retiring
from registry import port
from registry.kit import clock
from registry.kit.database import Tx
from registry.kit.problems import DomainError
from schemas.credits import RetireRequest
from schemas.parties import RegionProfile
from schemas.serials import KG_PER_T
from schemas.subscriptions import BuyTerms


async def due_in(tx: Tx, withdrawal: int) -> Retiring | None:
    """What a withdrawal is to be retired for, or None; locks the claim, which comes before the account."""
    found = await store.to_retire(tx, withdrawal)
    if found is not None:
        await port.lock_claim_in(tx, found.claim_id)
    return found


async def retire_in(
    tx: Tx, withdrawal: int, found: Retiring, released: Sequence[Any], *, region: RegionProfile
) -> None:
    """
    Retire what was just *released* of a withdrawal; a refusal leaves it active, and is kept with the run.

    A crash leaves both the release and the retirement, or neither; the withdrawal is released once, so it is retired
    once. The role of whoever set the subscription up counts now.
    """
    call = await acting.call_in(tx, found.person_id, "retire_credits")
    terms: BuyTerms = found.terms
    request = RetireRequest(
        account_id=found.account_id,
        claim_id=found.claim_id,
        quantity_kg=found.quantity_t * KG_PER_T,
        reason=f"Standing subscription {found.standing_id}, from {clock.stamp(found.begins)}",
        beneficiary=terms.beneficiary,
        beneficiary_identifiers=terms.beneficiary_identifiers,
    )
    try:
        async with tx.transaction():  # a refusal undoes the retirement, not the release
            order = await port.retire_released_in(tx, request, released, call=call, region=region)
    except DomainError as refusal:
        await store.end_withdrawal(tx, withdrawal, "kept", refusal=rules.why_of(refusal))
    else:
        await store.end_withdrawal(tx, withdrawal, "retired", order=order.order_id)
