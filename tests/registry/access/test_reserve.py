"""While the disk is nearly full: what is refused, and what goes on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import asyncpg
import pytest

from deploy.routes import ROUTES
from registry.kit.room import Room
from tests import worlds
from tests.probes import refused, unchanged
from tests.registry.access.organisations_of_each_role import EachRole
from tests.registry.access.requests_by_operation import requests_by_operation
from tests.registry.access.test_denials import WRITES, permitted, send, surprises
from tests.registry.projects.life import upload
from tests.worlds import World

MB = 1_000_000
FREES = sorted(name for name in WRITES if ROUTES[name].frees)


class Disk(NamedTuple):
    """A world on a disk whose free megabytes a test sets."""

    world: World
    room: Room
    free: list[int]

    def have(self, free_mb: int) -> None:
        """So much is free from now on."""
        self.free[0] = free_mb * MB
        self.room.look()


@asynccontextmanager
async def on_disk(world: World) -> AsyncIterator[Disk]:
    """Another application on the same database; 100 MB are kept in reserve, and there is much more at first."""
    free = [1_000 * MB]
    room = Room((Path("/"),), reserve_bytes=100 * MB, free=lambda _: free[0])
    async with worlds.application(world.dsn, world.season, room=room) as entered:
        for _ in range(1_000):  # those that the first one may have used
            entered.next_key()
        yield Disk(entered, room, free)


def test_what_is_served_from_the_reserve_is_known():
    """It ends, cancels or takes back something; an entry of this list may fill the reserve."""
    assert [
        *("call_off_auction", "call_off_campaign", "cancel_order", "cancel_orders", "close_event", "close_listing"),
        *("close_quote_request", "decline_block"),
        *("end_grant", "end_standing", "halt_instrument", "hide_guest"),
        *("pause_pool", "pause_standing", "pause_webhook"),
        *("reject_transfer", "remove_colleague", "remove_mail_address", "remove_webhook", "restrict"),
        *("revoke_key", "suspend"),
        *("withdraw_approval", "withdraw_claim_draft", "withdraw_pool", "withdraw_project", "withdraw_transfer"),
    ] == FREES


async def test_every_new_write_is_refused(populated: World, each_role: EachRole):
    """507 with both numbers, and nothing is changed; every read goes on."""
    async with on_disk(populated) as disk:
        await disk.world.trade()
        disk.have(99)
        table = requests_by_operation(each_role.ids)
        cases = {
            (name, ""): (table[name], each_role.keys.get((table[name].senders or permitted(name))[0], ""))
            for name in WRITES
            if name not in FREES
        }
        assert {} == await surprises(disk.world, cases, (507, "storage-reserve"))
        for name, request in table.items():
            if request.method == "GET":
                key = each_role.keys.get((request.senders or permitted(name))[0], "")
                assert request.status == (await send(disk.world, request, key)).status_code, name
        body = {"claim_id": 1, "account_id": 1, "quantity_kg": 1, "reason": "x"}
        bank = populated.party("bank").key
        problem = refused(await disk.world.post("/v1/retirements", body, by=bank), 507, "storage-reserve", "99 MB")
        assert (99, 100) == (problem["free_mb"], problem["reserve_mb"])


@pytest.mark.parametrize("operation", FREES)
async def test_what_frees_something_goes_on(populated: World, each_role: EachRole, operation: str):
    """From the reserve, but not from its last quarter."""
    request = requests_by_operation(each_role.ids)[operation]
    key = each_role.keys[(request.senders or permitted(operation))[0]]
    async with on_disk(populated) as disk:
        await disk.world.trade()
        disk.have(24)
        async with unchanged(disk.world):
            refused(await send(disk.world, request, key), 507, "storage-reserve", "24 MB")
        disk.have(26)
        answer = await send(disk.world, request, key)
        assert 201 == answer.status_code, answer.text


async def test_what_was_carried_out_is_answered_again(delivered: World):
    """A retirement, a footprint and an upload under the keys of before; another body is still refused."""
    bank = delivered.party("bank")
    async with on_disk(delivered) as disk:
        claim = await disk.world.contribution(bank)
        body = {"account_id": bank.account_id, "claim_id": claim, "quantity_kg": 3, "reason": "test"}
        first = await disk.world.post("/v1/retirements", body, by=bank.key, key="once")
        document = await upload(disk.world, b"evidence", by=bank.key, key="once")
        disk.have(0)
        async with unchanged(disk.world):
            again = await disk.world.post("/v1/retirements", body, by=bank.key, key="once")
            assert (201, first.content) == (again.status_code, again.content)
            resent = await upload(disk.world, b"evidence", by=bank.key, key="once")
            assert (201, document.content) == (resent.status_code, resent.content)
            other = await disk.world.post("/v1/retirements", {**body, "quantity_kg": 4}, by=bank.key, key="once")
            refused(other, 422, "idempotency-key-reused")
            refused(await upload(disk.world, b"evidence", by=bank.key, key="new"), 507, "storage-reserve")


async def test_a_retirement_under_way_ends(delivered: World):
    """It waits for its account's lock when the disk becomes full; it is carried out, and the next one is refused."""
    bank = delivered.party("bank")
    holder, watcher = await asyncpg.connect(delivered.dsn), await asyncpg.connect(delivered.dsn)
    try:
        async with on_disk(delivered) as disk:
            claim = await disk.world.contribution(bank)
            body = {"account_id": bank.account_id, "claim_id": claim, "quantity_kg": 3, "reason": "test"}
            async with holder.transaction():
                await holder.execute("select from registry.account where id = $1 for update", bank.account_id)
                under_way = asyncio.create_task(disk.world.post("/v1/retirements", body, by=bank.key))
                async with asyncio.timeout(30):
                    while not await watcher.fetchval(
                        "select count(*) from pg_stat_activity "
                        "where datname = current_database() and wait_event_type = 'Lock'"
                    ):
                        pass  # each question goes to the database and back
                disk.have(0)
                refused(await disk.world.post("/v1/retirements", body, by=bank.key), 507, "storage-reserve")
            assert 201 == (await under_way).status_code
    finally:
        await holder.close()
        await watcher.close()


async def test_an_upload_is_looked_at_before_and_after_it_came(delivered: World):
    """By its declared length before a byte is received, and by a new look when it is whole, before it is stored."""
    key = delivered.party("forest").key
    async with on_disk(delivered) as disk:
        disk.have(110)

        async def body() -> AsyncIterator[bytes]:
            yield b"x" * 1_000_000
            disk.free[0] = 101 * MB  # nobody has looked since, but the upload does
            yield b"x" * 1_000_000

        headers = {"Authorization": f"Bearer {key}", "Content-Length": "4000000", "Content-Type": "text/plain"}
        async with unchanged(disk.world):
            declared = await disk.world.http.post(
                "/v1/documents", content=body(), headers={**headers, "Idempotency-Key": "a"}
            )
            refused(declared, 507, "storage-reserve", "takes up to 12 MB")
            assert 110 * MB == disk.room.free_bytes, "none of it was received"
            del headers["Content-Length"]
            whole = await disk.world.http.post(
                "/v1/documents", content=body(), headers={**headers, "Idempotency-Key": "b"}
            )
            refused(whole, 507, "storage-reserve", "101 MB are free", "takes up to 6 MB")
