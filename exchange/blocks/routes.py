"""Who may call the operations on blocks. A block is seen by its two parties alone."""

from registry.port import EVERY_ROLE, OPERATORS, PUBLIC, TRADERS, Route

ROUTES: dict[str, Route] = {
    "propose_block": Route(TRADERS, "account"),
    "accept_block": Route(TRADERS, "account"),
    "decline_block": Route(TRADERS, "account", frees=True),
    "list_blocks": Route(EVERY_ROLE, "account"),
    "get_block": Route(EVERY_ROLE, "account"),
    "list_block_trades": PUBLIC,
    "get_block_terms": PUBLIC,
    "set_block_terms": Route(OPERATORS),
}
