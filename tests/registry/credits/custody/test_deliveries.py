"""Batches of deliveries on PostgreSQL: mixed, repeated, in a chain, to many, in many pieces; each whole or refused."""

import contextlib
import itertools
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import asyncpg
import pytest
from msgspec import structs

from registry import port
from registry.credits.blocks import rules
from registry.kit.database import Tx
from registry.transparency.sequencer import sequence_once
from schemas.access import Actor, Call, HeldRole, Role
from schemas.custody import Delivered, Delivery, HoldRequest, Payment
from tests import invariants, worlds
from tests.probes import fingerprints
from tests.worlds import PROFILE, Template, World

VINTAGE = 2024
PAYMENT = Payment(tonnes=1, gross_fen=1_400, fee_fen=0, net_fen=1_400)


@dataclass
class Market:
    """Accounts of which the first has kilograms of one vintage on the exchange; the registry is asked, no engine."""

    world: World
    owner: asyncpg.Connection
    project_id: int
    accounts: list[int]
    references: "itertools.count[int]"

    def sale(self, seller: int, buyer: int, kg: int, reference: str = "") -> Delivery:
        """So many kilograms from one account to another, by their place in the list."""
        return Delivery(
            reference=reference or f"sale-{next(self.references)}",
            seller_id=self.accounts[seller],
            buyer_id=self.accounts[buyer],
            project_id=self.project_id,
            vintage=VINTAGE,
            quantity_kg=kg,
            payment=PAYMENT,
        )

    async def deliver(self, batch: Sequence[Delivery]) -> tuple[Delivered, ...]:
        """One batch in one transaction."""

        async def work(tx: Tx) -> tuple[Delivered, ...]:
            return await port.deliver_in(tx, batch, region=PROFILE)

        return await self.world.db.transaction(work)

    async def bring(self, kg: int) -> None:
        """Kilograms of the kiln to the exchange."""
        kiln = self.world.party("kiln")
        roles = (HeldRole(Role.DEVELOPER, kiln.organisation_id),)
        call = Call(
            by=Actor(person_id=kiln.person_id, roles=roles), operation="x", permitted=frozenset({Role.DEVELOPER})
        )
        wanted = HoldRequest(
            reference=f"deposit-{next(self.references)}",
            account_id=kiln.account_id,
            project_id=self.project_id,
            vintage=VINTAGE,
            quantity_kg=kg,
        )
        await self.world.db.transaction(lambda tx: port.hold_in(tx, wanted, call=call))

    async def held(self) -> list[int]:
        """What lies under the hold of each account, by its blocks."""
        rows = await self.owner.fetch(
            "select account_id, sum(upper(span) - lower(span))::bigint kg from registry.block where state = 'held'"
            " group by account_id"
        )
        found = {row["account_id"]: row["kg"] for row in rows}
        return [found.get(each, 0) for each in self.accounts]


@pytest.fixture
async def market(server: str, templates: dict[str, Template]) -> AsyncIterator[Market]:
    """
    The kiln with ten tonnes on the exchange, and three buyers. Afterwards ledger and log are checked.

    Not the exchange's own books: no engine knows what is delivered here.
    """
    name = f"deliveries_{next(_numbers)}"
    admin = await asyncpg.connect(server)
    await admin.execute(f"create database {name} template {templates['issued'].database} strategy file_copy")
    dsn = worlds.database_dsn(server, name)
    try:
        async with worlds.application(dsn, templates["issued"].season) as world, _connected(dsn) as owner:
            accounts = [world.party(each).account_id for each in ("kiln", "solar", "car", "bank")]
            market = Market(world, owner, world.season.projects["kiln"], accounts, itertools.count(1))
            await market.bring(10_000)
            yield market
            await invariants.check_ledger(owner)
            while await sequence_once(owner, worlds.KEYS):
                pass
            await invariants.check_log(owner, worlds.KEYS)
    finally:
        await admin.execute(f"drop database if exists {name} with (force)")
        await admin.close()


_numbers = itertools.count(1)


@contextlib.asynccontextmanager
async def _connected(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    owner = await asyncpg.connect(dsn)
    try:
        yield owner
    finally:
        await owner.close()


async def test_a_batch_in_which_some_are_refused(market: Market):
    """Too much, a closed account, none at all: each says why and leaves the others alone, before and after it."""
    await market.owner.execute("update registry.account set status = 'closed' where id = $1", market.accounts[3])
    nobody = structs.replace(market.sale(0, 1, 1), buyer_id=999)
    batch = [
        market.sale(0, 1, 4_000),
        market.sale(0, 2, 6_001),
        market.sale(0, 3, 1),
        nobody,
        market.sale(3, 1, 1),
        market.sale(0, 2, 6_000),
        market.sale(0, 1, 1),
    ]
    answers = await market.deliver(batch)
    assert [
        None,
        "The account has 6000 kg active that match; 6001 kg are wanted, 1 kg are missing.",
        "The buyer's account is not open any more.",
        "There is no account 999.",
        "The seller's account is not open any more.",
        None,
        "The account has 0 kg active that match; 1 kg are wanted, 1 kg are missing.",
    ] == [each.refusal for each in answers]
    assert [each.reference for each in batch] == [each.reference for each in answers]
    assert [1, 0, 0, 0, 0, 1, 0] == [len(each.statement_ids) for each in answers]
    assert [("SC-CDCER-0002-2024-01:1-4000kg",), ("SC-CDCER-0002-2024-01:4001-10000kg",)] == [
        each.serials for each in answers if each.serials
    ]
    assert [0, 4_000, 6_000, 0] == await market.held()


async def test_a_batch_that_is_sent_again_moves_nothing(market: Market):
    """The same answers, refusals too, alone or among others, and twice in one batch; only what is new is delivered."""
    batch = [market.sale(0, 1, 4_000), market.sale(0, 2, 9_000), market.sale(0, 2, 1_000)]
    first = await market.deliver(batch)
    before = await fingerprints(market.owner)
    assert first == await market.deliver(batch)
    assert (first[2], first[1]) == await market.deliver([batch[2], batch[1]])
    assert before == await fingerprints(market.owner)
    late = market.sale(0, 3, 500)
    again = await market.deliver([batch[0], late, late, batch[1]])
    assert (first[0], first[1]) == (again[0], again[3])
    assert again[1] == again[2]
    assert [4_500, 4_000, 1_000, 500] == await market.held()


async def test_what_was_received_is_delivered_on(market: Market):
    """From the first to the last through two others, in one batch; and what is out of order is refused."""
    batch = [market.sale(1, 2, 700), market.sale(0, 1, 700), market.sale(1, 2, 600), market.sale(2, 3, 500)]
    answers = await market.deliver(batch)
    assert [False, True, True, True] == [each.refusal is None for each in answers]
    assert [9_300, 100, 100, 500] == await market.held()
    assert [("SC-CDCER-0002-2024-01:1-500kg",)] == [each.serials for each in answers[3:]]
    moves = await market.owner.fetch(
        "select cause, from_account_id, to_account_id, upper(span) - lower(span) kg from registry.movement"
        " where from_state = 'held' order by id"
    )
    kiln, solar, car, bank = market.accounts
    sales = [each.reference for each in batch[1:]]
    assert [(sales[0], kiln, solar, 700), (sales[1], solar, car, 600), (sales[2], car, bank, 500)] == [
        tuple(each) for each in moves
    ]


async def test_what_goes_round_comes_back(market: Market):
    """A batch whose kilograms end where they began changes no block, and has its movements and statements."""
    blocks = await market.owner.fetch("select * from registry.block order by span")
    answers = await market.deliver([market.sale(0, 1, 10_000), market.sale(1, 2, 10_000), market.sale(2, 0, 10_000)])
    assert [1, 1, 1] == [len(each.statement_ids) for each in answers]
    assert blocks == await market.owner.fetch("select * from registry.block order by span")


async def test_one_seller_to_many_buyers(market: Market):
    """A thousand winners of one campaign, in one batch: each has its kilograms, its hold and its statement."""
    made = await market.owner.fetch(
        "insert into registry.account (region_id, owner_id, type, name, opened_at)"
        " select region_id, owner_id, type, 'Winner ' || n, opened_at from registry.account, generate_series(1, 1000) n"
        " where id = $1 returning id",
        market.accounts[1],
    )
    market.accounts += [row["id"] for row in made]
    winners = range(4, len(market.accounts))
    answers = await market.deliver([market.sale(0, winner, 10) for winner in winners])
    assert {None} == {each.refusal for each in answers}
    assert 1_000 == len({each.serials for each in answers}) == len({each.statement_ids for each in answers})
    assert [0, 0, 0, 0, *[10] * 1_000] == await market.held()
    statements = await market.owner.fetch(
        "select split_part(s.note_text, chr(10), 2)::jsonb ->> 'delivery' as delivery,"
        " array_agg(o.label order by o.label) as labels"
        " from registry.statement s join registry.opening o on o.statement_id = s.id"
        " where s.type = 'delivery/v1' group by s.id order by s.id"
    )
    assert [each.reference for each in answers] == [row["delivery"] for row in statements]
    assert {("payment", "receiver", "sender")} == {tuple(row["labels"]) for row in statements}


async def test_a_delivery_of_many_pieces_has_several_statements(market: Market, monkeypatch: pytest.MonkeyPatch):
    """Pieces are read a few at a time, at most 200 ranges stand in one statement, and the delivery is whole."""
    monkeypatch.setattr(rules, "BLOCK_LIMIT", 7)
    for _ in range(250):  # every other kilogram goes away, and what is left lies in pieces
        await market.deliver([market.sale(0, 1, 1), market.sale(0, 2, 1)])
    assert [9_500, 250, 250, 0] == await market.held()
    (answer,) = await market.deliver([market.sale(1, 3, 250)])
    assert (None, 250, 2) == (answer.refusal, len(answer.serials), len(answer.statement_ids))
    ranges = await market.owner.fetch(
        "select jsonb_array_length(split_part(note_text, chr(10), 2)::jsonb -> 'ranges') n from registry.statement"
        " where id = any($1) order by id",
        list(answer.statement_ids),
    )
    assert [200, 50] == [row["n"] for row in ranges]
    assert [9_500, 0, 250, 250] == await market.held()


async def test_the_oldest_goes_first_wherever_it_came_from(market: Market):
    """A buyer that has newer kilograms receives older ones and sells: the older ones go."""
    await market.deliver([market.sale(0, 1, 1_000), market.sale(0, 2, 1_000)])
    answers = await market.deliver([market.sale(1, 2, 1_000), market.sale(2, 3, 1_000)])
    assert ("SC-CDCER-0002-2024-01:1-1000kg",) == answers[1].serials
    assert [8_000, 0, 1_000, 1_000] == await market.held()
