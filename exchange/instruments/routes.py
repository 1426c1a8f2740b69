"""Who may call the operations on instruments."""

from registry.port import OPERATORS, PUBLIC, REGULATORS, Route

ROUTES: dict[str, Route] = {
    "open_instrument": Route(OPERATORS, "account"),  # the fees go to an account of the operator's own
    "open_basket": Route(OPERATORS, "account"),  # likewise
    "get_basket": PUBLIC,
    "delist_asset": Route(OPERATORS),
    "withdraw_asset_delisting": Route(OPERATORS),
    "announce_delisting": Route(OPERATORS),
    "withdraw_delisting": Route(OPERATORS),
    "list_delistings": PUBLIC,
    "list_instruments": PUBLIC,
    "get_instrument": PUBLIC,
    "get_instrument_venue": PUBLIC,
    "set_price_band": Route(REGULATORS),
    "halt_instrument": Route(OPERATORS | REGULATORS, frees=True),
    "resume_instrument": Route(OPERATORS | REGULATORS),
}
