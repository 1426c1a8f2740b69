"""Who may ask what waits for them: anybody with a key."""

from registry.access.authorisation import ANY_PERSON, Route

ROUTES: dict[str, Route] = {
    "list_inbox": ANY_PERSON,
}
