"""Who may read where kilograms are: anybody the totals, an account its owner."""

from registry.access.authorisation import EVERY_ROLE, PUBLIC, Route

ROUTES: dict[str, Route] = {
    "get_issuance_conservation": PUBLIC,
    "get_conservation": PUBLIC,
    "get_project_totals": PUBLIC,
    "get_serial": PUBLIC,
    "get_holdings": Route(EVERY_ROLE, "account"),
    "list_movements": Route(EVERY_ROLE, "account"),
}
