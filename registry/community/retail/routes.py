"""Who may call the operations on retail pools and payments."""

from registry.access.authorisation import OPERATORS, OVERSEERS, PUBLIC, TRADERS, Route

ROUTES: dict[str, Route] = {
    "open_pool": Route(TRADERS, "account"),
    "list_pools": PUBLIC,
    "get_pool": PUBLIC,
    "top_up_pool": Route(TRADERS, "organisation"),
    "pause_pool": Route(TRADERS, "organisation", frees=True),
    "resume_pool": Route(TRADERS, "organisation"),
    "withdraw_pool": Route(TRADERS, "organisation", frees=True),
    "get_pool_accounts": Route(TRADERS | OPERATORS | OVERSEERS),  # traders those of their own pools; operators all
    "list_pool_postings": Route(TRADERS | OPERATORS | OVERSEERS),  # the same
    "pay_out_pool": Route(OPERATORS),
    "get_payment": Route(OPERATORS | OVERSEERS),
    "confirm_payment": Route(OPERATORS),
}
