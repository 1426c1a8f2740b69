"""
A crash at every statement of deposit, trade, delivery, refund and withdrawal: nothing is lost, nothing is done twice.

Each way something moves is done again and again on one database, and each time the exchange dies at another of the
statements that it needs, begins and commits included. The client then sends the same request again. Afterwards the
balances are those of one deposit, one trade, one withdrawal more; registry and exchange agree; and the movements replay
to the blocks.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from unittest import mock

import pytest

from exchange.engine import commands as c
from exchange.engine.modes import continuous, listings
from exchange.journal import gateway
from exchange.parts import Exchange
from exchange.projections import projector
from exchange.settlement import service as settlement
from schemas.settlement import CashMovement, CreditMovement
from tests.exchange.marketplace import KILN
from tests.simulation import scene as scenes
from tests.simulation.lives import Doom
from tests.simulation.scene import Opened, Scene

TIMES, COMMITS, ATTEMPTS = 2, 6, 3
PRICE_FEN = 12_00
FEE_BPS = 30


async def deposit_tonnes(scene: Scene) -> None:
    """3 t of the seller."""
    body = CreditMovement(account_id=scene.people.seller, instrument=KILN, quantity_t=3)
    call = scene.call("kiln", "deposit_credits")
    done = await scene.lives.ask(lambda exchange: settlement.deposit_credits(body, call=call, exchange=exchange))
    assert ("done", 3) == (done.state, done.quantity_t)
    scene.moved(scene.people.seller, scene.people.instrument, 3)


async def deposit_cash(scene: Scene) -> None:
    """Money of the buyer."""
    body = CashMovement(account_id=scene.people.buyer, amount_fen=7_777, reference="Bank slip")
    call = scene.call("exchange", "deposit_cash")
    done = await scene.lives.ask(lambda exchange: settlement.deposit_cash(body, call=call, exchange=exchange))
    assert "done" == done.state
    scene.moved(scene.people.buyer, 0, 7_777)


async def withdraw_tonnes(scene: Scene) -> None:
    """1 t of the seller goes back to the registry."""
    body = CreditMovement(account_id=scene.people.seller, instrument=KILN, quantity_t=1)
    call = scene.call("kiln", "withdraw_credits")
    done = await scene.lives.ask(lambda exchange: settlement.withdraw_credits(body, call=call, exchange=exchange))
    assert "done" == done.state
    scene.moved(scene.people.seller, scene.people.instrument, -1)


async def withdraw_cash(scene: Scene) -> None:
    """Some money of the buyer."""
    body = CashMovement(account_id=scene.people.buyer, amount_fen=11, reference="Home")
    call = scene.call("solar", "withdraw_cash")
    done = await scene.lives.ask(lambda exchange: settlement.withdraw_cash(body, call=call, exchange=exchange))
    assert "done" == done.state
    scene.moved(scene.people.buyer, 0, -11)


async def list_and_take(scene: Scene) -> None:
    """A listing of 1 t that is taken whole, delivered and paid."""
    people = scene.people
    listing = await scene.carry_out(
        listings.OpenListing(people.seller, people.instrument, PRICE_FEN, 1, scene.next_number(people.seller))
    )
    taken = await scene.carry_out(listings.Subscribe(people.buyer, listing.id, 1, scene.next_number(people.buyer)))
    assert ("filled", 1) == (taken.state, taken.traded_t)
    paid(scene, 1)


async def trade_in_the_book(scene: Scene) -> None:
    """An ask and a bid that meet, delivered and paid."""
    people = scene.people
    for account, side in ((people.seller, c.SELL), (people.buyer, c.BUY)):
        order = await scene.carry_out(
            continuous.Place(account, people.instrument, side, PRICE_FEN, 2, scene.next_number(account))
        )
    assert ("filled", 2) == (order.state, order.traded_t)
    paid(scene, 2)


def paid(scene: Scene, tonnes: int) -> None:
    """What a delivery of so many tonnes changes."""
    people, amount = scene.people, PRICE_FEN * tonnes
    fee = amount * FEE_BPS // 10_000
    scene.moved(people.seller, people.instrument, -tonnes)
    scene.moved(people.buyer, people.instrument, tonnes)
    scene.moved(people.buyer, 0, -amount)
    scene.moved(people.seller, 0, amount - fee)
    scene.moved(people.fees, 0, fee)


async def refused_delivery(scene: Scene) -> None:
    """The registry cannot deliver into a closed account: both have again what they had."""
    people, change = scene.people, "update registry.account set status = $2 where id = $1"
    await scene.lives.watcher.execute(change, people.buyer, "closed")
    for account, side in ((people.seller, c.SELL), (people.buyer, c.BUY)):
        order = await scene.carry_out(
            continuous.Place(account, people.instrument, side, PRICE_FEN, 2, scene.next_number(account))
        )
    assert 2 == order.traded_t
    await scene.lives.quiet()
    await scene.lives.watcher.execute(change, people.buyer, "open")


async def start_again(scene: Scene) -> None:
    """A start that finds a journal ahead of the tables and a client who asks again; the start is what dies."""
    fate = scene.lives.life.fate
    doom = fate.doom
    fate.arm(None)
    body = CashMovement(account_id=scene.people.buyer, amount_fen=5, reference="Bank slip")
    call = scene.call("exchange", "deposit_cash")

    def asking(exchange: Exchange) -> Awaitable[object]:
        return settlement.deposit_cash(body, call=call, exchange=exchange)

    async def never(*_: object) -> None:
        await asyncio.Event().wait()

    with (
        mock.patch.object(projector, "project_in", never),  # the tables stay behind the journal
        mock.patch.object(projector, "CATCH_UP_TIMEOUT_S", 0.02),
        contextlib.suppress(gateway.NotTrading),
    ):
        await asking(scene.lives.life.exchange)
    await scene.lives.renew(doom)
    await scene.lives.ask(asking)
    scene.moved(scene.people.buyer, 0, 5)


WAYS = (
    deposit_tonnes,
    deposit_cash,
    list_and_take,
    trade_in_the_book,
    refused_delivery,
    withdraw_tonnes,
    withdraw_cash,
    start_again,
)


@pytest.fixture(scope="module")
def opened(server, templates) -> Opened:
    """A template with an open market: the seller has brought 300 t, the buyer money."""
    return asyncio.run(scenes.open_market(server, templates["issued"]))


@pytest.fixture
async def scene(server, opened) -> AsyncIterator[Scene]:
    """A copy of it, whose exchange runs in lives; afterwards every invariant holds and the log verifies."""
    async with scenes.worlds_of_lives(server, opened) as scene:
        yield scene


async def once(scene: Scene, way: Callable[[Scene], Awaitable[None]], doom: Doom | None) -> bool:
    """Do it once, dying at *doom*, and check everything; answers whether it died."""
    await asyncio.wait_for(scene.lives.life.exchange.gateway.writing.wait(), 20)
    scene.lives.life.fate.arm(doom)
    before = len(scene.lives.deaths)
    await way(scene)
    await scene.lives.quiet()
    met = scene.lives.life.fate.met
    scene.lives.life.fate.arm(None)
    scene.met = met
    if scene.lives.life.fate.struck.is_set():
        await scene.lives.renew()
    assert dict(+scene.expected) == await scene.has(), doom
    await scene.lives.check()
    return any(scene.lives.deaths[before:])


async def comes(scene: Scene, way: Callable[[Scene], Awaitable[None]], doom: Doom) -> bool:
    """Whether it dies there: where two tasks take turns, a statement may come in one life and not in another."""
    for _ in range(ATTEMPTS):
        if await once(scene, way, doom):
            return True
    return False


def dooms(met: list[tuple[str, bool]], *, answer_lost: bool) -> list[Doom]:
    """
    Every statement that was met: what only reads once, what writes twice, what commits each time.

    An answer can be lost to some effect where the statement commits; else the transaction is as good as not sent.
    """
    seen: Counter[str] = Counter()
    found = []
    for query, commits in met:
        seen[query] += 1
        reads = query.lstrip("-").partition("select")[0].strip() == "" or "\nselect" in query
        if (commits or not answer_lost) and seen[query] <= (1 if reads else TIMES if not commits else COMMITS):
            found.append(Doom(query, seen[query], answer_lost))
    return found


@pytest.mark.parametrize("answer_lost", [False, True], ids=["not-sent", "answer-lost"])
@pytest.mark.parametrize("way", WAYS)
async def test_a_crash_at_every_statement_changes_nothing(scene, way, answer_lost):
    """Once alive, to see what there is to die at; then once for each of them: as if nothing had happened."""
    assert not await once(scene, way, None)
    chosen = dooms(scene.met, answer_lost=answer_lost)
    died = [doom for doom in chosen if await comes(scene, way, doom)]
    missed = set(chosen) - set(died)
    assert len(missed) <= max(1, len(chosen) // 5), missed
    says = {doom.statement.lower() for doom in died}
    assert any("insert into exchange.journal" in each for each in says) or way is start_again
    assert any(each.startswith("commit") for each in says)
