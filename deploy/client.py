"""
The exchange for programs: typed requests over HTTP. `deploy.streams` has the order session and market data.

Every request is repeated until it is answered, and carried out once: writes carry an Idempotency-Key or the
client_order_id of their command. A refusal is raised as `ServiceProblem`. See exchange/README.md, "For programs".
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from datetime import date, timedelta
from types import TracebackType
from typing import Any, Final, Protocol, Self, TypeVar
from urllib.parse import urlsplit

import httpx
import msgspec

from deploy.sockets import SocketClient
from exchange.market_data.compact import begin_of
from registry.kit.sockets import MSGPACK
from schemas.baskets import Basket, NewBasket
from schemas.campaigns import AnonymousPledge, Campaign, NewPledge
from schemas.delistings import Delisting
from schemas.instruments import Instrument
from schemas.market_data import Book, DaySummary, PriceBar, Trade
from schemas.orders import AmendOrder, Balances, CancelledOrders, CancelOrder, CancelOrders, NewOrder, Order, Refusal
from schemas.pages import Page

RETRY_S: Final = 0.2
PATIENCE_S: Final = 30.0
"""A service that was killed is back within seconds."""
REPLAY_PATIENCE_S: Final = 900.0
"""For what the service replays its journal."""
BUSY: Final = (429, 503)
"""Statuses that ask to be sent the same again."""
_STARTS: Final = 1 << 20
T = TypeVar("T")
Send = Callable[..., Awaitable[httpx.Response]]


class Unanswered(Exception):
    """There was no answer within the time that was given."""


class ServiceProblem(Exception):
    """The service refused, with an RFC 9457 problem document. *members* has all of it, numbers included."""

    def __init__(self, status: int, members: Mapping[str, Any]) -> None:
        self.status = status
        self.slug = str(members.get("type", "")).rpartition(":")[2]
        self.detail = str(members.get("detail", ""))
        self.members = members
        errors = "; ".join(map(str, members.get("errors", ())))
        super().__init__(f"{self.detail or members.get('title', 'refused')}{f' ({errors})' if errors else ''}")

    @classmethod
    def of(cls, answer: httpx.Response) -> "ServiceProblem":
        """Read the problem of an answer; what a proxy in between says is one without a type."""
        try:
            members = msgspec.json.decode(answer.content, type=dict[str, Any])
        except msgspec.DecodeError:
            members = {"title": answer.reason_phrase, "detail": f"HTTP {answer.status_code} {answer.reason_phrase}"}
        return cls(answer.status_code, members)

    @classmethod
    def refused(cls, refusal: Refusal) -> "ServiceProblem":
        """The same for what was refused on a session."""
        return cls(refusal.status, msgspec.to_builtins(refusal))


async def until_answered(
    send: Send,
    *request: Any,  # noqa: ANN401 - passed on
    patience_s: float = PATIENCE_S,
    hurried: bool = False,
    **more: Any,  # noqa: ANN401 - passed on
) -> httpx.Response:
    """
    Send until there is an answer. Raises `Unanswered`.

    Sent again after a broken connection, 429, 503, and a 409 that says the same request is still in flight: after as
    many seconds as Retry-After says, or sooner by who is *hurried*, as the demo is.
    """
    deadline = asyncio.get_running_loop().time() + patience_s
    while True:
        wait_s = RETRY_S
        try:
            answer = await send(*request, **more)
        except httpx.TransportError as error:
            trouble = f"{type(error).__name__}: {error}"
        else:
            if answer.status_code not in BUSY and not _in_flight(answer):
                return answer
            trouble = answer.text
            wait_s = RETRY_S if hurried else _retry_after_s(answer)
        if asyncio.get_running_loop().time() + wait_s > deadline:
            raise Unanswered(f"{request[0]} {request[1]} had no answer within {patience_s:.0f} s: {trouble}")
        await asyncio.sleep(wait_s)


class Line(Protocol):
    """A WebSocket to the service, as `SocketClient` is one."""

    async def say(self, message: object) -> None:
        """Send a message."""

    async def hear(self, kind: Any = Any) -> Any:  # noqa: ANN401 - what *kind* says
        """The next message. Raises `SocketClosed`."""

    async def close(self) -> None:
        """End it."""


Dial = Callable[[str], Awaitable[Line]]


class Client:
    """
    One trader's way to the exchange, or anybody's to what is public.

    *dial* opens a WebSocket to a path. Only one program should send commands of an account at a time: each counts
    client_order_ids up from where the account was when it began.
    """

    def __init__(self, http: httpx.AsyncClient, dial: Dial, *, key: str = "", patience_s: float = PATIENCE_S) -> None:
        self._http = http
        self.dial = dial
        self.key = key
        self.patience_s = patience_s
        self._numbers: dict[int, int] = {}

    @classmethod
    def at(cls, url: str, *, key: str = "", patience_s: float = PATIENCE_S) -> "Client":
        """For the service at *url*, such as http://127.0.0.1:8000. Use it as a context."""
        parts = urlsplit(url)
        tls = parts.scheme == "https"
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url!r} is no address of a service: http://HOST:PORT")
        host, port = parts.hostname, parts.port or (443 if tls else 80)

        async def dial(path: str) -> Line:
            return await SocketClient.connect(host, port, path, protocol=MSGPACK, tls=tls)

        return cls(httpx.AsyncClient(base_url=url, timeout=30.0), dial, key=key, patience_s=patience_s)

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.__aexit__(kind, error, trace)

    async def get(self, path: str, kind: type[T], **query: str | int | bool) -> T:
        """Read something as *kind*. Raises `ServiceProblem`, `Unanswered`."""
        params = {name: str(value).lower() if isinstance(value, bool) else value for name, value in query.items()}
        return msgspec.json.decode((await self._sent("GET", path, params=params)).content, type=kind)

    async def post(self, path: str, body: msgspec.Struct, kind: type[T]) -> T:
        """Write once, however often it has to be sent. Raises `ServiceProblem`, `Unanswered`."""
        headers = {"Content-Type": "application/json"}
        if not hasattr(body, "client_order_id") or body.client_order_id is None:
            headers["Idempotency-Key"] = secrets.token_hex(16)
        answer = await self._sent("POST", path, headers=headers, content=msgspec.json.encode(body))
        return msgspec.json.decode(answer.content, type=kind)

    async def items(self, path: str, kind: type[T], limit: int, **query: str | int | bool) -> list[T]:
        """The first *limit* items of a list, of as many pages as they are on."""
        found: list[T] = []
        while len(found) < limit:
            page = await self.get(path, Page[kind], limit=min(limit - len(found), 200), **query)  # type: ignore[valid-type]  # msgspec reads it
            found += page.items
            if page.next is None:
                break
            query["cursor"] = page.next
        return found

    async def next_number(self, account_id: int) -> int:
        """
        The next client_order_id of an account.

        The first is a random step above the highest that was used, so two programs that begin at once do not use one
        number for two commands: the one that is behind is refused.
        """
        if account_id not in self._numbers:
            self._numbers[account_id] = (await self.balances(account_id)).last_client_order_id + secrets.randbelow(
                _STARTS
            )
        self._numbers[account_id] += 1
        return self._numbers[account_id]

    async def instruments(self, limit: int = 200) -> list[Instrument]:
        """What can be traded."""
        return await self.items("/v1/instruments", Instrument, limit)

    async def delistings(self, limit: int, **asked: str) -> list[Delisting]:
        """Announced delistings, the newest first; *asked* may have the `state` or the `instrument` of those wanted."""
        return await self.items("/v1/delistings", Delisting, limit, order="newest", **asked)

    async def open_basket(self, basket: NewBasket) -> Basket:
        """Begin to trade a basket, by a rule and perhaps a venue's preset; for operators."""
        return await self.post("/v1/baskets", basket, Basket)

    async def book(self, instrument: str) -> Book:
        """The best prices of both sides."""
        return await self.get(f"/v1/instruments/{instrument}/book", Book)

    async def book_events(self, instrument: str, day: date) -> bytes:
        """What became of every order on a day that is over, as a compact file (`exchange.market_data.compact_book`)."""
        path = f"/v1/instruments/{instrument}/book-events/{day}"
        return (await self._sent("GET", path, patience_s=REPLAY_PATIENCE_S)).content

    async def trades(self, instrument: str, limit: int = 50) -> list[Trade]:
        """The newest trades, newest first."""
        return await self.items(f"/v1/instruments/{instrument}/trades", Trade, limit, newest_first=True)

    async def trades_of_day(self, instrument: str, day: date) -> list[Trade]:
        """All trades of a day of Asia/Shanghai, the oldest first."""
        found: list[Trade] = []
        begins = begin_of(day)
        query: dict[str, str | int | bool] = {"newest_first": True, "limit": 200}
        while True:
            page = await self.get(f"/v1/instruments/{instrument}/trades", Page[Trade], **query)
            found += [each for each in page.items if begins <= each.at < begins + timedelta(days=1)]
            if page.next is None or page.items[-1].at < begins:
                return found[::-1]
            query["cursor"] = page.next

    async def prices(self, instrument: str, interval: str = "day") -> tuple[PriceBar, ...]:
        """Prices and volume by hour or day."""
        return (await self.get(f"/v1/instruments/{instrument}/prices", Page[PriceBar], interval=interval)).items

    async def day(self, day: str) -> tuple[DaySummary, ...]:
        """What was traded on a day of Asia/Shanghai, an instrument an item."""
        return (await self.get(f"/v1/market/days/{day}", Page[DaySummary])).items

    async def balances(self, account_id: int) -> Balances:
        """Money and tonnes on the exchange."""
        return await self.get(f"/v1/accounts/{account_id}/balances", Balances)

    async def orders(self, account_id: int, *, open_only: bool = True, limit: int = 50) -> list[Order]:
        """Orders of an account, newest first."""
        path = f"/v1/accounts/{account_id}/orders"
        return await self.items(path, Order, limit, open_only=open_only, newest_first=True)

    async def place(self, order: NewOrder) -> Order:
        """Place an order; returns it as it stands after it traded what it could at once."""
        return await self.post("/v1/orders", order, Order)

    async def amend(self, order_id: int, to: AmendOrder) -> Order:
        """Give an order another price or quantity."""
        return await self.post(f"/v1/orders/{order_id}/amend", to, Order)

    async def cancel(self, order_id: int, account_id: int) -> Order:
        """Take back what is open of an order, a listing or a pledge."""
        number = await self.next_number(account_id)
        body = CancelOrder(account_id=account_id, client_order_id=number)
        return await self.post(f"/v1/orders/{order_id}/cancel", body, Order)

    async def cancel_all(self, account_id: int, instrument: str | None = None) -> CancelledOrders:
        """Take back everything that an account has open."""
        number = await self.next_number(account_id)
        body = CancelOrders(account_id=account_id, client_order_id=number, instrument=instrument)
        return await self.post("/v1/orders/cancel-all", body, CancelledOrders)

    async def campaigns(self, limit: int = 50, **query: str) -> list[Campaign]:
        """Subscription campaigns; *instrument* and *state* narrow them down."""
        return await self.items("/v1/campaigns", Campaign, limit, **query)

    async def campaign(self, campaign_id: int) -> Campaign:
        """One campaign."""
        return await self.get(f"/v1/campaigns/{campaign_id}", Campaign)

    async def pledges(self, campaign_id: int, limit: int = 200) -> list[AnonymousPledge]:
        """Its pledges, without whose they are."""
        return await self.items(f"/v1/campaigns/{campaign_id}/pledges", AnonymousPledge, limit)

    async def pledge(self, campaign_id: int, pledge: NewPledge) -> Order:
        """Pledge for tonnes; it is taken back with `cancel`."""
        return await self.post(f"/v1/campaigns/{campaign_id}/pledges", pledge, Order)

    async def _sent(self, method: str, path: str, **more: Any) -> httpx.Response:  # noqa: ANN401 - passed on
        own = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        headers = {**own, **more.pop("headers", {})}
        answer = await until_answered(
            self._http.request, method, path, headers=headers, **{"patience_s": self.patience_s, **more}
        )
        if answer.is_success:
            return answer
        raise ServiceProblem.of(answer)


def _in_flight(answer: httpx.Response) -> bool:
    return answer.status_code == httpx.codes.CONFLICT and answer.json()["type"].endswith(":request-in-flight")


def _retry_after_s(answer: httpx.Response) -> float:
    said = answer.headers.get("Retry-After", "")
    return float(said) if said.isdecimal() else RETRY_S
