"""Who may read the public log: anybody."""

from registry.access.authorisation import PUBLIC, Route

ROUTES: dict[str, Route] = {
    "get_log": PUBLIC,
    "get_checkpoint": PUBLIC,
    "get_tile": PUBLIC,
    "list_log_statements": PUBLIC,
    "get_log_statement": PUBLIC,
    "list_corrections": PUBLIC,
}
