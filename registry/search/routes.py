"""Who may search: anybody, for what anybody may see."""

from registry.access.authorisation import PUBLIC, Route

ROUTES: dict[str, Route] = {
    "list_search_results": PUBLIC,
}
