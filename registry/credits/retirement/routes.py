"""Who may retire credits; anybody may read retirements."""

from registry.access.authorisation import CLAIMANTS, PUBLIC, TRADERS, Route

ROUTES: dict[str, Route] = {
    "retire_credits": Route(TRADERS, "account"),
    "correct_beneficiary": Route(CLAIMANTS, "organisation"),
    "list_retirements": PUBLIC,
    "get_retirement": PUBLIC,
}
