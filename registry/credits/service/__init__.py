"""
The life of a kilogram: issued, held, transferred, retired or cancelled.

Every write here follows one order: the claim, then all touched accounts in id order, then blocks in a new statement,
then what is recorded about them, and the statements for the public log last (DESIGN §3).
"""

from registry.credits.service.cancelling import cancel, cancellation
from registry.credits.service.exchange_holds import (
    deliver_in,
    freezes_in,
    hold_in,
    holds_in,
    lock_account_in,
    release_in,
    vintage_in,
)
from registry.credits.service.issuing import issuance, issuances, issue
from registry.credits.service.retiring import retire, retirement, retirement_in, retirements
from registry.credits.service.transferring import (
    accept_transfer,
    expire_due,
    propose_transfer,
    reject_transfer,
    transfer,
    transfers,
    withdraw_transfer,
)
from registry.credits.service.upkeep import compact
from registry.credits.service.whereabouts import RegionTotals, holdings, issuance_conservation, movements

__all__ = [
    "RegionTotals",
    "accept_transfer",
    "cancel",
    "cancellation",
    "compact",
    "deliver_in",
    "expire_due",
    "freezes_in",
    "hold_in",
    "holdings",
    "holds_in",
    "issuance",
    "issuance_conservation",
    "issuances",
    "issue",
    "lock_account_in",
    "movements",
    "propose_transfer",
    "reject_transfer",
    "release_in",
    "retire",
    "retirement",
    "retirement_in",
    "retirements",
    "transfer",
    "transfers",
    "vintage_in",
    "withdraw_transfer",
]
