"""Who may read market data: anybody."""

from registry.port import PUBLIC, Route

ROUTES: dict[str, Route] = {
    "get_book": PUBLIC,
    "get_book_events": PUBLIC,
    "list_prices": PUBLIC,
    "list_trades": PUBLIC,
    "list_market_day": PUBLIC,
}
