"""Who may read methodologies and factors: anybody."""

from registry.access.authorisation import PUBLIC, Route

ROUTES: dict[str, Route] = {
    "list_methodologies": PUBLIC,
    "calculate_reduction": PUBLIC,
    "list_factors": PUBLIC,
    "get_calendar": PUBLIC,
}
