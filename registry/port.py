"""
The interface of the registry for the exchange; `exchange` imports nothing else of it but the kit.

Functions that end in ``_in`` work inside the caller's transaction, so that what the exchange remembers about a deposit,
a delivery or a withdrawal commits together with the kilograms it moved. Each of these takes a *reference* of
the exchange's own: called again with it, they return the same and move nothing twice.
"""

from registry.access.approvals.service import both_in, use_approval_in
from registry.access.authorisation import (
    CLAIMANTS,
    EVERY_ROLE,
    OPERATORS,
    OVERSEERS,
    PUBLIC,
    REGULATORS,
    TRADERS,
    NotYours,
    Route,
    authorise_for,
    oversees,
)
from registry.access.authority import Authority, actor_in
from registry.access.grants.service import refuse_own_in
from registry.access.http import REPLAYED, address_of
from registry.access.speaking import Speaker
from registry.access.visitor import PageCall
from registry.claims.service import lock_claim_in
from registry.credits.custody.deliveries import deliver_in
from registry.credits.custody.service import (
    freezes_in,
    hold_in,
    holds_in,
    release_in,
    vintage_in,
)
from registry.credits.issuance.service import issued_after_in, newest_leaf_in
from registry.credits.retirement.service import retire_released_in
from registry.methodologies.service import working_days_in
from registry.parties.service import groups_in, lock_account_in, trader_in
from registry.projects.service.attributes import traits_in
from registry.transparency.service import openings_in

__all__ = [
    "CLAIMANTS",
    "EVERY_ROLE",
    "OPERATORS",
    "OVERSEERS",
    "PUBLIC",
    "REGULATORS",
    "REPLAYED",
    "TRADERS",
    "Authority",
    "NotYours",
    "PageCall",
    "Route",
    "Speaker",
    "actor_in",
    "address_of",
    "authorise_for",
    "both_in",
    "deliver_in",
    "freezes_in",
    "groups_in",
    "hold_in",
    "holds_in",
    "issued_after_in",
    "lock_account_in",
    "lock_claim_in",
    "newest_leaf_in",
    "openings_in",
    "oversees",
    "refuse_own_in",
    "release_in",
    "retire_released_in",
    "trader_in",
    "traits_in",
    "use_approval_in",
    "vintage_in",
    "working_days_in",
]
