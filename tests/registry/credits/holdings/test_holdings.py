"""What accounts have and had, where every kilogram is, and the compactor that changes neither."""

from typing import Any

import pytest

from registry.credits.blocks import compactor
from registry.credits.holdings import store
from registry.credits.holdings.service import KeptByKey, KeptTotals
from registry.credits.transfers.service import expire_due
from registry.kit.database import Tx
from registry.kit.pages import Window
from registry.kit.problems import Unknown
from schemas.serials import Serial
from tests.database import connected
from tests.registry.credits import steps
from tests.registry.credits.steps import SMALL_KILN, SMALL_KILN_KG
from tests.worlds import World

CODE = "SC-CDCER-0002-2024-01"
DAYS = ("2025-01-07T00:00:00Z", "2025-01-08T00:00:00Z", "2025-01-09T00:00:00Z", "2025-01-10T00:00:00Z")


async def holdings(world: World, word: str, as_of: str = "") -> Any:
    """The items of one party's account, now or then."""
    party = world.party(word)
    query = f"?as_of={as_of}" if as_of else ""
    answer = await world.get(f"/v1/accounts/{party.account_id}/holdings{query}", by=party.key)
    assert 200 == answer.status_code, answer.text
    return answer.json()["items"]


async def movements(world: World, word: str) -> list[dict[str, Any]]:
    """All movements of one party's account, page by page."""
    party, found, cursor = world.party(word), [], ""
    while True:
        page = (await world.get(f"/v1/accounts/{party.account_id}/movements?limit=2{cursor}", by=party.key)).json()
        found += page["items"]
        if not page["next"]:
            return found
        cursor = f"&cursor={page['next']}"


async def test_what_was_answered_then_is_answered_for_then(issued: World):
    """A few days of life; afterwards each earlier instant answers what was answered at it."""
    kiln, solar, bank = issued.party("kiln"), issued.party("solar"), issued.party("bank")
    then: dict[tuple[str, str], Any] = {}
    claim = await issued.contribution("solar")
    for day in DAYS:
        await steps.at(issued, day)
        await steps.give(issued, kiln, solar, 100)
        await steps.offer(issued, solar, bank, 30, expires_at="2025-01-08T12:00:00Z" if day < DAYS[2] else None)
        await expire_due(db=issued.db)
        await steps.retire(issued, solar, claim, 11)
        await issued.ok(
            "/v1/cancellations", {"account_id": kiln.account_id, "quantity_kg": 7, "reason": "x"}, by=kiln.key
        )
        for word in ("kiln", "solar", "bank"):
            then[day, word] = await holdings(issued, word)
    assert {("solar", "active", 296), ("solar", "held", 60), ("solar", "retired", 44)} == {
        ("solar", each["state"], each["quantity_kg"]) for each in then[DAYS[-1], "solar"]
    }
    for (day, word), items in then.items():
        assert (day, word, items) == (day, word, await holdings(issued, word, day))
    assert [] == await holdings(issued, "solar", "2025-01-06T00:59:59Z")
    assert then[DAYS[0], "kiln"] == await holdings(issued, "kiln", "2025-01-07T23:59:59.999Z")


async def test_holdings_are_the_owners_to_see(issued: World):
    """A stranger is refused, an auditor or regulator is not."""
    kiln = issued.party("kiln")
    for path in ("holdings", "movements", "transfers"):
        url = f"/v1/accounts/{kiln.account_id}/{path}"
        assert (403, "not-yours") == steps.refusal(await issued.get(url, by=issued.party("bank").key))
        assert 200 == (await issued.get(url, by=issued.regulators[0])).status_code
        assert (404, "not-found") == steps.refusal(await issued.get(f"/v1/accounts/999/{path}", by=kiln.key))


async def test_movements_say_where_each_kilogram_came_from(issued: World):
    """Issued, offered, given back, delivered: from and to, cause and serials, in order."""
    kiln, solar = issued.party("kiln"), issued.party("solar")
    one = await steps.offer(issued, kiln, solar, 10)
    await issued.ok(f"/v1/transfers/{one['id']}/reject", by=solar.key)
    await compactor.compact(db=issued.db)  # no movement of its own
    two = await steps.give(issued, kiln, solar, 20)
    found = [
        (
            each["cause"],
            each["serials"],
            each["from_account_id"],
            each["from_state"],
            each["to_account_id"],
            each["to_state"],
        )
        for each in await movements(issued, "kiln")
    ]
    here, there = kiln.account_id, solar.account_id
    assert [
        (f"issuance:{CODE}", f"{CODE}:1-3619000kg", None, None, here, "active"),
        (f"transfer:{one['id']}", f"{CODE}:1-10kg", here, "active", here, "held"),
        (f"transfer:{one['id']}", f"{CODE}:1-10kg", here, "held", here, "active"),
        (f"transfer:{two['id']}", f"{CODE}:1-20kg", here, "active", here, "held"),
        (f"transfer:{two['id']}", f"{CODE}:1-20kg", here, "held", there, "active"),
    ] == found


@pytest.fixture(autouse=True)
def _totals_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Totals are looked at for each request, never rested on."""
    monkeypatch.setattr(KeptTotals, "REST", 0)


async def test_every_kilogram_of_an_issuance_is_somewhere(delivered: World):
    """All five states of the forest's issuance, and of the region."""
    forest, bank = delivered.party("forest"), delivered.party("bank")
    await steps.retire(delivered, bank, await delivered.contribution("bank"), 300)
    cancelled = {"account_id": forest.account_id, "quantity_kg": 200, "reason": "test"}
    await delivered.ok("/v1/cancellations", cancelled, by=forest.key)
    code = "SC-CDCER-0001-2024-01"
    assert {
        "issuance": code,
        "issued_kg": 7_107_000,
        "active_kg": 7_107_000 - 711_000 - 119_000 - 500,
        "held_kg": 119_000,
        "buffer_kg": 711_000,
        "retired_kg": 300,
        "cancelled_kg": 200,
        "outstanding_kg": 7_107_000 - 711_000 - 500,
        "conserved": True,
    } == (await delivered.get(f"/v1/issuances/{code}/conservation")).json()
    region = (await delivered.get("/v1/conservation")).json()
    assert (None, 7_107_000 + 3_619_000, 119_000, 711_000, 300, 200, True) == tuple(
        region[name]
        for name in ("issuance", "issued_kg", "held_kg", "buffer_kg", "retired_kg", "cancelled_kg", "conserved")
    )


async def test_a_missing_block_is_noticed(issued: World):
    """The tables' owner takes one kilogram away: neither its issuance nor the region is conserved any more."""
    assert (await issued.get("/v1/conservation")).json()["conserved"]
    shrunk = "update registry.block set span = int8range(lower(span) + 1, upper(span)) where span = $1 returning span"
    (block,) = await steps.rows(
        issued,
        "select b.span from registry.block b join registry.issuance i on i.id = b.issuance_id"
        " where i.code = $1 and b.state = 'active'",
        CODE,
    )
    await steps.rows(issued, shrunk, block["span"])
    for path in (f"/v1/issuances/{CODE}/conservation", "/v1/conservation"):
        found = (await issued.get(path)).json()
        assert (path, False) == (path, found["conserved"])
    assert (await issued.get("/v1/issuances/SC-CDCER-0001-2024-01/conservation")).json()["conserved"]
    back = "update registry.block set span = int8range(lower(span) - 1, upper(span)) where lower(span) = $1 returning 1"
    await steps.rows(issued, back, block["span"].lower + 1)
    assert (await issued.get("/v1/conservation")).json()["conserved"]


async def blocks(world: World, word: str) -> list[tuple[int, int, int, str]]:
    """The blocks of one party's account on the number line."""
    found = await steps.rows(
        world,
        "select issuance_id, lower(span), upper(span), state from registry.block where account_id = $1 order by 2",
        world.party(word).account_id,
    )
    return [tuple(row) for row in found]


async def test_the_compactor_joins_neighbours(issued: World):
    """Four deliveries lie side by side and become one block; nothing else about the account changes."""
    kiln, solar = issued.party("kiln"), issued.party("solar")
    for _ in range(4):
        await steps.give(issued, kiln, solar, 25)
    before = (await blocks(issued, "solar"), await holdings(issued, "solar"), await movements(issued, "solar"))
    assert 4 == len(before[0])
    assert 1 == await compactor.compact(db=issued.db)
    ((issuance, low, high, state),) = await blocks(issued, "solar")
    assert (before[0][0][:2], before[0][-1][2], "active") == ((issuance, low), high, state)
    assert before[1:] == (await holdings(issued, "solar"), await movements(issued, "solar"))
    assert 0 == await compactor.compact(db=issued.db)


async def test_the_compactor_joins_nothing_else(issued: World):
    """Never across an issuance, an account, a state, or the holds of two offers."""
    kiln, solar, bank = issued.party("kiln"), issued.party("solar"), issued.party("bank")
    await steps.issue(issued, "kiln", SMALL_KILN, 2025)
    await steps.give(issued, kiln, solar, 3_619_000 + SMALL_KILN_KG)  # side by side on the line, of two issuances
    for _ in range(2):
        await steps.offer(issued, solar, bank, 10)  # two holds side by side
    await steps.give(issued, solar, bank, 10)
    await steps.retire(issued, solar, await issued.contribution("solar"), 10)
    await issued.ok(
        "/v1/cancellations", {"account_id": solar.account_id, "quantity_kg": 10, "reason": "x"}, by=solar.key
    )
    before = await blocks(issued, "solar")
    assert ["held", "held", "retired", "cancelled", "active", "active"] == [state for *_, state in before]
    assert 0 == await compactor.compact(db=issued.db)
    assert before == await blocks(issued, "solar")


async def test_what_comes_back_can_be_joined_again(issued: World):
    """An offer that is withdrawn lies beside its remainder; joined, the account is one block as before."""
    kiln, solar = issued.party("kiln"), issued.party("solar")
    before = await blocks(issued, "kiln")
    made = await steps.offer(issued, kiln, solar, 10, serial=f"{CODE}:501-510kg")
    await issued.ok(f"/v1/transfers/{made['id']}/withdraw", by=kiln.key)
    assert 3 == len(await blocks(issued, "kiln"))
    assert 1 == await compactor.compact(db=issued.db)
    assert before == await blocks(issued, "kiln")


READ = """
select coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) from pg_stat_xact_user_tables
where schemaname = 'registry' and relname = $1
"""


async def _retired_in_pieces(owner: Tx, pieces: int) -> None:
    """An issuance of so many retirements of ten kilograms each, none beside what it has; the owner may write it."""
    await owner.execute("set local session_replication_role = replica")
    await owner.execute("delete from registry.block")
    await owner.execute("update registry.issuance set span = int8range(10, 10 + 10 * $1::bigint) where id = 1", pieces)
    await owner.execute(
        "insert into registry.block (span, issuance_id, account_id, state)"
        " select int8range(n * 10, n * 10 + 10), 1, 1, 'retired' from generate_series(1, $1::bigint) n",
        pieces,
    )
    await owner.execute(
        "insert into registry.movement (at, cause, issuance_id, span, from_account_id, from_state, to_account_id,"
        " to_state) select now(), 'retirement:O-' || n, 1, int8range(n * 10, n * 10 + 10), 1, 'active', 1, 'retired'"
        " from generate_series(1, $1::bigint) n",
        pieces,
    )
    await owner.execute(
        "insert into registry.retirement (receipt_id, order_id, account_id, claim_id, issuance_id, spans, quantity_kg,"
        " reason, person_id, statement_id, at) select 'R-' || n, 'O-' || n, 1, 1, 1,"
        " array[int8range(n * 10, n * 10 + 10)], 10, 'test', 1, 1000000 + n, now()"
        " from generate_series(1, $1::bigint) n",
        pieces,
    )
    await owner.execute("analyze registry.block, registry.movement, registry.retirement")


@pytest.mark.parametrize("pieces", [2_000, 8_000])
async def test_a_serial_reads_only_what_its_page_shows(issued: World, pieces: int):
    """However often an issuance was retired from: rows of retirements and movements that one page reads."""
    async with connected(issued.dsn) as owner:
        transaction = owner.transaction()
        await transaction.start()
        await _retired_in_pieces(owner, pieces)
        code = await owner.fetchval("select code from registry.issuance where id = 1")
        before = [await owner.fetchval(READ, name) for name in ("retirement", "movement")]
        page = await store.serial_parts(owner, Window(None, 50), Serial.parse(f"{code}:1-{pieces * 10}kg"))
        after = [await owner.fetchval(READ, name) for name in ("retirement", "movement")]
        await transaction.rollback()
    assert [(f"R-{n}",) for n in range(1, 51)] == [each.receipts for each in page.items]
    assert all(now - then <= 51 * 2 for then, now in zip(before, after, strict=True)), (before, after)


async def test_a_part_names_the_retirements_that_took_some_of_it(issued: World):
    """A joined block of many, and a serial that begins and ends inside pieces; twenty at most."""
    async with connected(issued.dsn) as owner:
        transaction = owner.transaction()
        await transaction.start()
        await _retired_in_pieces(owner, 100)
        await owner.execute("delete from registry.block")
        await owner.execute(
            "insert into registry.block (span, issuance_id, account_id, state)"
            " values (int8range(10, 1010), 1, 1, 'retired')"
        )
        code = await owner.fetchval("select code from registry.issuance where id = 1")
        found = {}
        for first, last in ((6, 6), (10, 11), (15, 34), (1, 1000)):
            page = await store.serial_parts(owner, Window(None, 50), Serial.parse(f"{code}:{first}-{last}kg"))
            found[first, last] = [each.receipts for each in page.items]
        await transaction.rollback()
    assert found == {
        (6, 6): [("R-1",)],
        (10, 11): [("R-1", "R-2")],
        (15, 34): [("R-2", "R-3", "R-4")],
        (1, 1000): [tuple(f"R-{n}" for n in range(1, 21))],
    }


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The snapshot that totals compare: it moves when something is added. The server's own housekeeping moves none."""
    seen = [""]

    async def snapshot(_: Tx) -> str:
        return seen[-1]

    monkeypatch.setattr(store, "snapshot", snapshot)
    return seen


async def test_totals_of_issuances_and_projects_are_added_up_when_something_was_written(
    issued: World, written: list[str]
):
    """Asked twice, read once; after a write, read again. What is unknown is not kept."""
    reads: list[int] = []

    async def read(_: Tx, key: int) -> int:
        reads.append(key)
        if key > 2:
            raise Unknown("There is none.")
        return key * 10

    kept = KeptByKey(read)
    assert [10, 20, 10] == [await kept.get(key, db=issued.db) for key in (1, 2, 1)]
    assert [1, 2] == reads
    written.append("a write")
    assert 10 == await kept.get(1, db=issued.db)
    assert [1, 2, 1] == reads
    for _ in range(2):
        with pytest.raises(Unknown):
            await kept.get(3, db=issued.db)
    assert [1, 2, 1, 3, 3] == reads


@pytest.mark.usefixtures("written")
async def test_totals_are_kept_for_those_that_were_asked_for_last(issued: World, monkeypatch: pytest.MonkeyPatch):
    """Asking for every project there is fills no memory."""
    monkeypatch.setattr(KeptByKey, "KEPT", 2)
    reads: list[int] = []

    async def read(_: Tx, key: int) -> int:
        reads.append(key)
        return key

    kept = KeptByKey(read)
    for key in (1, 2, 1, 3, 1, 2):
        assert key == await kept.get(key, db=issued.db)
    assert [1, 2, 3, 2] == reads
