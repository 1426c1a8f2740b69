"""Who may call the operations on events; a guest needs no key."""

from registry.access.authorisation import CLAIMANTS, OVERSEERS, PUBLIC, Route

ROUTES: dict[str, Route] = {
    "create_event": Route(CLAIMANTS, "organisation"),
    "list_events": PUBLIC,
    "get_event": PUBLIC,
    "get_share_quote": PUBLIC,
    "list_ranked_guests": PUBLIC,
    "join_event": PUBLIC,
    "get_guest": PUBLIC,  # by the secret of their link
    "get_guest_certificate": PUBLIC,  # the same
    "get_guest_receipt": PUBLIC,  # the same
    "pay_in_simulation": PUBLIC,  # the same
    "get_event_progress": Route(CLAIMANTS | OVERSEERS, "organisation"),
    "hide_guest": Route(CLAIMANTS, "organisation", frees=True),
    "close_event": Route(CLAIMANTS, "organisation", frees=True),
    "choose_pool": Route(CLAIMANTS, "organisation"),
    "claim_event_share": Route(CLAIMANTS, "organisation"),
    "claim_other_guests": Route(CLAIMANTS, "organisation"),
}
