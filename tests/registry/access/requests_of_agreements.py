"""Requests about what two sides agree on beside the book: picking, blocks, quotes; and by itself."""

from typing import Any

from tests.registry.access.one_request import Request, read, write

LATE = "2030-01-01T00:00:00Z"


def agreed(ids: dict[str, Any]) -> dict[str, Request]:
    """Their part of the table."""
    instrument, account = f"/v1/instruments/{ids['instrument']}", f"/v1/accounts/{ids['account']}"
    new = {"account_id": ids["account"], "client_order_id": 1_000}
    some = {**new, "instrument": ids["instrument"], "side": "sell", "quantity_t": 1, "expires_at": LATE}
    asking = f"/v1/quote-requests/{ids['request']}"
    standing = f"/v1/subscriptions/{ids['standing']}"
    never = {"side": "buy", "quantity_t": 1, "every": "day", "price_fen": 1, "begins": "2090-01-01T00:00:00Z"}
    wanted = {"account_id": ids["account"], "terms": never}
    quote = {**new, "price_fen": 36_00, "quantity_t": 1, "valid_until": LATE}
    return {
        "get_picking": read(f"{instrument}/picking"),
        "set_picking": write(f"{instrument}/picking", {"rule": "best-five", "reason": "test"}),
        "propose_block": write("/v1/blocks", {**some, "price_fen": 36_00, "counterparty_id": ids["forest"]}),
        "accept_block": write(f"/v1/blocks/{ids['block']}/accept", new),
        "decline_block": write(f"/v1/blocks/{ids['block_too']}/decline", new),
        "list_blocks": read(f"{account}/blocks"),
        "get_block": read(f"{account}/blocks/{ids['block']}"),
        "list_block_trades": read(f"{instrument}/block-trades"),
        "get_block_terms": read(f"{instrument}/block-terms"),
        "set_block_terms": write(f"{instrument}/block-terms", {"least_t": 1, "reason": "test"}),
        "request_quotes": write("/v1/quote-requests", some),
        "make_quote": write(f"/v1/quote-requests/{ids['request_elsewhere']}/quotes", quote),
        "take_quote": write(f"{asking}/take", {**new, "quote_id": ids["quote"]}),
        "close_quote_request": write(f"/v1/quote-requests/{ids['request_too']}/close", new),
        "list_quote_requests": read(f"{account}/quote-requests"),
        "get_quote_request": read(f"{account}/quote-requests/{ids['request']}"),
        "list_inquired_prices": read(f"{instrument}/inquired-prices"),
        "open_standing": write("/v1/subscriptions", wanted),
        "try_standing": Request("POST", "/v1/subscriptions/dry-run", wanted, 200),
        "list_standings": read(f"{account}/subscriptions"),
        "get_standing": read(standing),
        "list_standing_runs": read(f"{standing}/runs"),
        "get_standing_dry_run": read(f"{standing}/dry-run"),
        "change_standing": write(f"{standing}/change", {"terms": never}),
        "pause_standing": write(f"{standing}/pause", {"reason": "test"}),
        "resume_standing": write(f"{standing}/resume"),
        "end_standing": write(f"/v1/subscriptions/{ids['standing_to_end']}/end", {"reason": "test"}),
    }
