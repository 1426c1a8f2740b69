"""A simulated run's journal, replayed by a region of its own that is started for it and removed afterwards."""

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import httpx

from deploy.local.region import new_region
from deploy.replay.expected import ReplayedTrade, SimulatedMarket, brought
from deploy.replay.playing import Player, refuse_unknown
from deploy.replay.region import ReplayRegion, made_for
from deploy.scenarios.cast import Season
from deploy.scenarios.client import Api, Unexpected
from deploy.scenarios.season import play_until
from exchange.engine.commands import Command

_RATES: Final = "writes=100000 orders=100000"
_PAGE: Final = 200
Tell = Callable[[str], None]


class ReplayOutcome(NamedTuple):
    """What was replayed: commands, those that both refused, and trades, which were the same."""

    commands: int
    refused: int
    trades: int


def replay_through_service(commands: Sequence[Command], tell: Tell) -> ReplayOutcome:
    """
    Start the real service on a database of its own, and replay *commands* over HTTP.

    Raises `Unexpected` with the first difference, `CannotReplay`, and what starting a region raises.
    """
    refuse_unknown(commands)
    folder = Path(tempfile.mkdtemp(prefix="kilnwood-replay-"))
    folder.chmod(0o755)
    region = new_region(folder, extra={"KILNWOOD_RATES": _RATES, "KILNWOOD_LOG_LEVEL": "warning"})
    try:
        tell("starting a region")
        region.start()
        return asyncio.run(_replayed(region.url, region.regulators, commands, tell))
    finally:
        region.stop()
        region.remove()
        shutil.rmtree(folder, ignore_errors=True)


async def _replayed(url: str, regulators: tuple[str, str], commands: Sequence[Command], tell: Tell) -> ReplayOutcome:
    async with httpx.AsyncClient(base_url=url, timeout=30, trust_env=False) as http:
        season = Season(Api(http, seed="replay"), regulators)
        await play_until(season, "accounts")
        return await replayed_in(season, commands, tell)


async def replayed_in(season: Season, commands: Sequence[Command], tell: Tell) -> ReplayOutcome:
    """Replay in a running region that has reached ``accounts``, and compare refusals, balances and trades."""
    what = brought(commands)
    tell(f"registering {len(what.accounts):,} accounts and {len(what.openings)} projects")
    region, market = await made_for(season, what), SimulatedMarket()
    player = Player(season.api, region, market)
    expected: list[ReplayedTrade] = []
    refused = 0
    for step in market.steps(commands):
        if step.sequence % 100 == 0:
            tell(f"{step.sequence:,} of {len(commands):,} commands")
        await player.play(step)
        expected += step.trades
        refused += step.refused is not None
    await player.compare(market.accounts)
    same_trades(expected, await _trades(season.api, region, player.orders))
    return ReplayOutcome(len(commands), refused, len(expected))


def same_trades(expected: Sequence[ReplayedTrade], found: Sequence[ReplayedTrade]) -> None:
    """Compare the trades of the run with those of the service. Raises `Unexpected` with the first difference."""
    for number, (here, there) in enumerate(zip(expected, found, strict=False), 1):
        if here != there:
            raise Unexpected(f"trade {number} of the run is {here}, and of the service {there}")
    if len(expected) != len(found):
        raise Unexpected(f"the run has {len(expected):,} trades, and the service {len(found):,}")


async def _trades(api: Api, region: ReplayRegion, orders: dict[int, int]) -> list[ReplayedTrade]:
    """Put both sides of each trade together again, from what each account reads of its own, in the run's numbers."""
    numbers = {order_id: sequence for sequence, order_id in orders.items()}
    instruments = {code: number for number, code in region.instruments.items()}
    sides: dict[int, dict[str, tuple[int, dict[str, Any]]]] = {}
    for account, account_id in region.accounts.items():
        for fill in await _fills(api, account_id, region.key_of(account)):
            sides.setdefault(fill["trade_id"], {})[fill["side"]] = (account, fill)
    found = []
    for _, trade in sorted(sides.items()):
        (buyer, bought), (seller, sold) = trade["buy"], trade["sell"]
        found.append(
            ReplayedTrade(
                numbers[bought["order_id"]],
                numbers[sold["order_id"]],
                instruments[sold["instrument"]],
                sold["price_fen"],
                sold["quantity_t"],
                buyer,
                seller,
                sold["fee_fen"],
            )
        )
    return found


async def _fills(api: Api, account_id: int, key: str) -> Iterable[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        more = f"&cursor={cursor}" if cursor else ""
        page = await api.get(f"/v1/accounts/{account_id}/fills?limit={_PAGE}{more}", by=key)
        found += page["items"]
        cursor = page["next"]
    return found
