"""Who may read receipts: anybody."""

from registry.access.authorisation import PUBLIC, Route

ROUTES: dict[str, Route] = {
    "get_receipt": PUBLIC,
}
