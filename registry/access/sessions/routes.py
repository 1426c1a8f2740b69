"""Who may call the operations on sessions."""

from registry.access.authorisation import ANY_PERSON, Route

ROUTES: dict[str, Route] = {
    "sign_out": ANY_PERSON,
    "sign_out_everywhere": ANY_PERSON,
}
