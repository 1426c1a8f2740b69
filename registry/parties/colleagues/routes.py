"""Who may see, invite and remove the people of an organisation."""

from registry.access.authorisation import ADMINISTRATORS, OVERSEERS, Route

ROUTES: dict[str, Route] = {
    "list_colleagues": Route(ADMINISTRATORS | OVERSEERS, "organisation"),
    "invite_colleague": Route(ADMINISTRATORS, "organisation"),
    "remove_colleague": Route(ADMINISTRATORS, "organisation", frees=True),
}
