"""Who may ask what they were told: anybody with a key, of themselves."""

from registry.access.authorisation import ANY_PERSON, Route

ROUTES: dict[str, Route] = {
    "list_notifications": ANY_PERSON,
    "mark_notifications_read": ANY_PERSON,
    "get_mail_preferences": ANY_PERSON,
    "set_mail_preferences": ANY_PERSON,
    "set_mail_address": ANY_PERSON,
    "confirm_mail_address": ANY_PERSON,
    "remove_mail_address": Route(frozenset(), frees=True),
}
