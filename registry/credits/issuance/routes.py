"""Who may issue credits and read issuances."""

from registry.access.authorisation import PUBLIC, REGULATORS, Route

ROUTES: dict[str, Route] = {
    "issue_credits": Route(REGULATORS),
    "list_issuances": PUBLIC,
    "get_issuance": PUBLIC,
}
