"""The commands of a simulated run as requests to the service, one after the other."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from deploy.replay.expected import ExpectedStep, ReplayHolding, SimulatedMarket
from deploy.replay.region import ReplayRegion
from deploy.scenarios.client import Api, Unexpected
from exchange.engine import commands as c
from exchange.engine.modes import continuous, listings
from exchange.engine.modes.auctions import messages as auctions
from exchange.modes import REFUSALS
from exchange.settlement.rules import ALONE_FEN
from registry.kit import clock
from registry.kit.http import STATUS

WITHIN_S: Final = 20.0
"""Until deliveries are settled, or an auction has begun or closed, after it is due."""
_POLL_S: Final = 0.02
_EPOCH: Final = datetime(2025, 1, 6, 16, tzinfo=UTC)
"""Second 0 of the simulated run in the region's business time: the night after everything was issued."""
_SIDES: Final = {c.BUY: "buy", c.SELL: "sell"}
_LIVES: Final = {c.GTC: "GTC", c.IOC: "IOC", c.FOK: "FOK"}
_OPENED: Final = frozenset({"open", "sold", "ended"})
_ENDED: Final = frozenset({"sold", "ended"})


class CannotReplay(Exception):
    """The journal has a command for which a person of the service has none; the text says which."""


_REPLAYED: Final[frozenset[type[object]]] = frozenset(
    {
        *(c.CreditCash, c.DebitCash, c.CreditTonnes, c.DebitTonnes, c.CancelAll, c.SetBand, c.Settle),
        *(c.OpenInstrument, c.Continue, continuous.Place, listings.OpenListing, listings.Subscribe),
        *(auctions.OpenAuction, auctions.BeginAuction, auctions.Bid, auctions.CloseAuction),
    }
)


def refuse_unknown(commands: Iterable[c.Command]) -> None:
    """Raise `CannotReplay` for the first command that people of the service, one operator among them, cannot give."""
    for each in commands:
        if type(each) not in _REPLAYED:
            raise CannotReplay(f"no request of the service does what {type(each).__name__} does.")
        if isinstance(each, auctions.OpenAuction) and each.kind != auctions.UNIFORM:
            raise CannotReplay("auctions that are not at one price are not replayed.")
        if isinstance(each, c.CreditCash) and each.amount > ALONE_FEN:
            raise CannotReplay(f"{each.amount:,} fen at once take two operators; one replays.")


class Player:
    """
    Gives commands to the service as the people of the simulated run would.

    *orders* has the service's number of each simulated order, listing, auction and bid.
    """

    def __init__(self, api: Api, region: ReplayRegion, market: SimulatedMarket) -> None:
        self.orders: dict[int, int] = {}
        self._api = api
        self._region = region
        self._market = market
        self._opens: dict[int, int] = {}
        self._at = _EPOCH - timedelta(days=1)
        self._play: Mapping[type[Any], Callable[[ExpectedStep, Any], Awaitable[None]]] = {
            c.CreditCash: self._cash("/v1/deposits/cash", region.operator),
            c.DebitCash: self._cash("/v1/withdrawals/cash", region.trader),
            c.CreditTonnes: self._tonnes("/v1/deposits/credits"),
            c.DebitTonnes: self._tonnes("/v1/withdrawals/credits"),
            continuous.Place: self._place,
            c.CancelAll: self._cancel_all,
            listings.OpenListing: self._list,
            listings.Subscribe: self._subscribe,
            auctions.OpenAuction: self._announce,
            auctions.BeginAuction: self._begin,
            auctions.Bid: self._bid,
            auctions.CloseAuction: self._close,
            c.Settle: self._settled,
            c.SetBand: self._band,
            c.OpenInstrument: self._nothing,  # opened before the first command
            c.Continue: self._nothing,  # the service gives it by itself
        }

    async def play(self, step: ExpectedStep) -> None:
        """
        Send one command, which `refuse_unknown` let pass.

        Raises `Unexpected` unless it is taken or refused as by the simulator's engine.
        """
        await self._play[type(step.command)](step, step.command)

    async def compare(self, accounts: set[int]) -> None:
        """Wait until these accounts have, to the fen and the tonne, what they have in the simulated run."""
        until = time.monotonic() + WITHIN_S
        for account in sorted(accounts):
            expected = self._market.held(account)
            while (found := await self._held(account)) != expected:
                if time.monotonic() > until:
                    raise Unexpected(f"account {account} has {found} on the exchange, and {expected} in the run")
                await asyncio.sleep(_POLL_S)

    async def _held(self, account: int) -> ReplayHolding:
        found = await self._api.get(
            f"/v1/accounts/{self._region.accounts[account]}/balances", by=self._region.key_of(account)
        )
        numbers = {code: number for number, code in self._region.instruments.items()}
        tonnes = {numbers[each["instrument"]]: _parts(each, "t") for each in found["tonnes"]}
        return ReplayHolding(
            _parts(found["cash"], "fen"), {number: each for number, each in tonnes.items() if any(each)}
        )

    async def _nothing(self, _step: ExpectedStep, _command: object) -> None:
        """What needs no request."""

    def _cash(self, path: str, by: str) -> Callable[[ExpectedStep, Any], Awaitable[None]]:
        """What the bank received is booked by the operator; an account pays out by itself."""

        async def play(step: ExpectedStep, command: c.CreditCash | c.DebitCash) -> None:
            body = {"account_id": self._region.accounts[command.account], "amount_fen": command.amount}
            await self._send(step, path, {**body, "reference": f"Simulated {step.sequence}"}, by=by)

        return play

    def _tonnes(self, path: str) -> Callable[[ExpectedStep, Any], Awaitable[None]]:
        async def play(step: ExpectedStep, command: c.CreditTonnes | c.DebitTonnes) -> None:
            body = {
                "account_id": self._region.accounts[command.account],
                "instrument": self._region.instruments[command.instrument],
                "quantity_t": command.quantity,
            }
            await self._send(step, path, body)

        return play

    async def _band(self, step: ExpectedStep, command: c.SetBand) -> None:
        body = {"low_fen": command.low, "high_fen": command.high, "reason": "By the rule of the simulated region"}
        path = f"/v1/instruments/{self._region.instruments[command.instrument]}/band"
        await self._send(step, path, body, by=self._region.season.regulators[0])

    async def _place(self, step: ExpectedStep, command: continuous.Place) -> None:
        body = {
            **self._own(command),
            "instrument": self._region.instruments[command.instrument],
            "side": _SIDES[command.side],
            "price_fen": command.price,
            "quantity_t": command.quantity,
            "time_in_force": _LIVES[command.life],
        }
        await self._remember(step, "/v1/orders", body)

    async def _cancel_all(self, step: ExpectedStep, command: c.CancelAll) -> None:
        instrument = {"instrument": self._region.instruments[command.instrument]} if command.instrument else {}
        await self._send(step, "/v1/orders/cancel-all", {**self._own(command), **instrument})

    async def _list(self, step: ExpectedStep, command: listings.OpenListing) -> None:
        body = {"instrument": self._region.instruments[command.instrument], "price_fen": command.price}
        body |= {**self._own(command), "quantity_t": command.quantity}
        await self._remember(step, "/v1/listings", body)

    async def _subscribe(self, step: ExpectedStep, command: listings.Subscribe) -> None:
        path = f"/v1/listings/{self.orders[command.listing]}/subscribe"
        await self._remember(step, path, {**self._own(command), "quantity_t": command.quantity})

    async def _announce(self, step: ExpectedStep, command: auctions.OpenAuction) -> None:
        self._opens[step.sequence] = command.opens
        body = {
            **self._own(command),
            "instrument": self._region.instruments[command.instrument],
            "kind": "uniform",
            "reserve_fen": command.reserve,
            "quantity_t": command.quantity,
            "lot_t": command.lot,
            "opens_at": clock.stamp(_moment(command.opens)),
            "closes_at": clock.stamp(_moment(command.closes)),
        }
        await self._remember(step, "/v1/auctions", body)

    async def _begin(self, _step: ExpectedStep, command: auctions.BeginAuction) -> None:
        """The region's calendar begins an auction when business time gets there."""
        await self._due(command.auction, self._opens[command.auction], _OPENED)

    async def _bid(self, step: ExpectedStep, command: auctions.Bid) -> None:
        body = {**self._own(command), "price_fen": command.price, "quantity_t": command.quantity}
        await self._remember(step, f"/v1/auctions/{self.orders[command.auction]}/bids", body)

    async def _close(self, _step: ExpectedStep, command: auctions.CloseAuction) -> None:
        await self._due(command.auction, command.at, _ENDED)

    async def _due(self, auction: int, at: int, states: frozenset[str]) -> None:
        """Move business time to second *at*, and wait for an auction. One that was taken back needs no waiting."""
        if (moment := _moment(at)) > self._at:
            await self._region.season.set_clock(clock.stamp(moment))
            self._at = moment
        path, until = f"/v1/auctions/{self.orders[auction]}", time.monotonic() + WITHIN_S
        while (found := await self._api.get(path))["state"] not in states:
            if time.monotonic() > until:
                raise Unexpected(f"auction {found['id']} is {found['state']} {WITHIN_S:.0f} s after it is due")
            await asyncio.sleep(_POLL_S)

    async def _settled(self, _step: ExpectedStep, command: c.Settle) -> None:
        """The service delivers by itself, moments after each trade: wait until it has."""
        await self.compare(self._market.parties(command.trades))

    def _own(self, command: c.AccountCommand) -> dict[str, Any]:
        return {
            "account_id": self._region.accounts[command.account],
            "client_order_id": command.client_order_id,
        }

    async def _remember(self, step: ExpectedStep, path: str, body: Mapping[str, Any]) -> None:
        if (made := await self._send(step, path, body)) is not None:
            self.orders[step.sequence] = int(made["id"])

    async def _send(self, step: ExpectedStep, path: str, body: Mapping[str, Any], *, by: str = "") -> Any:  # noqa: ANN401 - JSON
        """Send a command; answers nothing where the service refuses it as the run's engine did."""
        by = by or self._region.trader
        if step.refused is None:
            return await self._api.post(path, body, by=by)
        refusal = REFUSALS.of(step.refused)
        answer = await self._api.post(path, body, by=by, status=STATUS[refusal.kind])
        if not answer["type"].endswith(f":{refusal.slug}"):
            raise Unexpected(
                f"command {step.sequence} is refused as {answer['type']}, and in the run as {refusal.slug}"
            )
        return None


def _moment(second: int) -> datetime:
    return _EPOCH + timedelta(seconds=second)


def _parts(balance: Mapping[str, int], unit: str) -> tuple[int, ...]:
    return tuple(balance[f"{name}_{unit}"] for name in ("settled", "locked", "incoming", "outgoing"))
