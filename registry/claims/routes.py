"""Who may call the operations on footprints and claims."""

from registry.access.authorisation import CLAIMANTS, EVERY_ROLE, PUBLIC, Route

ROUTES: dict[str, Route] = {
    "create_footprint": Route(CLAIMANTS, "organisation"),
    "get_footprint": Route(EVERY_ROLE, "organisation"),
    "create_claim": Route(CLAIMANTS, "organisation"),
    "correct_claim": Route(CLAIMANTS, "organisation"),
    "list_claims": PUBLIC,  # as the log has them
    "get_claim": PUBLIC,
}
