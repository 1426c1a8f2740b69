"""Who may annul; anybody may read what was annulled."""

from registry.access.authorisation import PUBLIC, REGULATORS, Route

ROUTES: dict[str, Route] = {
    "annul_statement": Route(REGULATORS),
    "list_annulments": PUBLIC,
    "get_annulment": PUBLIC,
}
