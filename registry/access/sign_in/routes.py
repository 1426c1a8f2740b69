"""Who may call the operations of signing in."""

from registry.access.authorisation import ANY_PERSON, PUBLIC, Route

ROUTES: dict[str, Route] = {
    "begin_sign_in": PUBLIC,
    "sign_in": PUBLIC,
    "sign_in_with_key": PUBLIC,
    "begin_passkey": ANY_PERSON,  # with a first key too
    "register_passkey": ANY_PERSON,  # with a first key too
}
