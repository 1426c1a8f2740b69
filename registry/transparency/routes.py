"""Who may read the public log: anybody."""

from registry.access.authorisation import PUBLIC, Route

ROUTES: dict[str, Route] = {
    "get_checkpoint": PUBLIC,
    "get_tile": PUBLIC,
    "list_corrections": PUBLIC,
}
