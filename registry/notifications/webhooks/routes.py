"""Who may see and change webhooks: the administrators of the organisation; overseers look on."""

from registry.access.authorisation import ADMINISTRATORS, OVERSEERS, Route

ROUTES: dict[str, Route] = {
    "list_webhooks": Route(ADMINISTRATORS | OVERSEERS, "organisation"),
    "add_webhook": Route(ADMINISTRATORS, "organisation"),
    "rotate_webhook_secret": Route(ADMINISTRATORS, "organisation"),
    "pause_webhook": Route(ADMINISTRATORS, "organisation", frees=True),
    "resume_webhook": Route(ADMINISTRATORS, "organisation"),
    "remove_webhook": Route(ADMINISTRATORS, "organisation", frees=True),
    "ping_webhook": Route(ADMINISTRATORS, "organisation"),
    "list_webhook_deliveries": Route(ADMINISTRATORS | OVERSEERS, "organisation"),
    "resend_webhook": Route(ADMINISTRATORS, "organisation"),
    "replay_webhooks": Route(ADMINISTRATORS, "organisation"),
}
