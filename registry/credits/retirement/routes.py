"""Who may retire credits; anybody may read retirements."""

from registry.access.authorisation import PUBLIC, TRADERS, Route

ROUTES: dict[str, Route] = {
    "retire_credits": Route(TRADERS, "account"),
    "list_retirements": PUBLIC,
    "get_retirement": PUBLIC,
}
