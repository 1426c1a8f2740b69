"""Who may call the operations on API keys."""

from registry.access.authorisation import ANY_PERSON, REGULATORS, Route

ROUTES: dict[str, Route] = {
    "get_me": ANY_PERSON,
    "create_own_key": ANY_PERSON,
    "list_own_keys": ANY_PERSON,
    "list_keys": Route(REGULATORS),
    "revoke_key": Route(frozenset(), frees=True),  # one's own; a regulator any
    "confirm_key": Route(REGULATORS),
    "list_unconfirmed_keys": Route(REGULATORS),
    "issue_key": Route(REGULATORS),
    "reissue_key": Route(REGULATORS),
}
