"""
Parties, credits and claims in any order against a naive ledger.

Hypothesis chooses what happens; the product does it on a real PostgreSQL, `tests/oracle/ledger.py` on a list with one
entry for each kilogram. After every step the balances agree, and so does whether the step was refused and why. At the
end every single kilogram is where the oracle has it, and the invariants hold, the log verified from its bytes.

`KILNWOOD_STATE_EXAMPLES=500` tries more, and others each time.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, ClassVar, NamedTuple

import asyncpg
import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from deploy.pool import connect_pool
from deploy.routes import ROUTES
from deploy.scenarios.cast import EVENT
from registry.claims import service as claims
from registry.credits.blocks import compactor
from registry.credits.cancellation import service as cancellation
from registry.credits.retirement import service as retirement
from registry.credits.transfers import service as transfers
from registry.kit.database import Database
from registry.kit.problems import DomainError
from registry.parties import service as parties
from schemas.access import (
    Actor,
    Call,
    HeldRole,
    Role,
)
from schemas.claims import NewClaim, NewFootprint
from schemas.credits import CancelRequest, NewTransfer, RetireRequest, Transfer
from schemas.methodologies import EventFootprintRequest
from schemas.parties import SetClock
from schemas.statements import EventKey
from tests import invariants, worlds
from tests.oracle.ledger import Claim, Ledger, Offer
from tests.races import race_region
from tests.state_machine.decisions import Decisions
from tests.state_machine.examples import run_machine

BEGINS = datetime.fromisoformat(race_region.BEGINS)
FOOTPRINT = msgspec.convert({"profile": "chengdu-event", "items": list(EVENT)}, EventFootprintRequest)
FOOTPRINT_KG = 1_200
EVENT_ENDS = BEGINS + timedelta(hours=9)

ACTIVITY = msgspec.structs.replace(race_region.ACTIVITY, gas_10k_nm3="0.3")
ISSUED_KG = 4_000
"""What one report of it brings."""
STOCK_KG = (1_500, 1_000)
"""What the buyers begin with."""

who = st.integers(0, 2)
"""The maker and two buyers."""
mostly = st.sampled_from([True] * 9 + [False])
WEIGHTS = {
    "propose": 6,
    "close": 6,
    "retire": 5,
    "claim": 3,
    **dict.fromkeys(("cancel", "compact", "advance", "expire"), 2),
    **dict.fromkeys(("issue", "resend", "freeze", "lift", "annul"), 1),
}
ACTIONS = [action for action, weight in WEIGHTS.items() for _ in range(weight)]


class Setting(NamedTuple):
    """What all examples share."""

    server: str
    template: race_region.RegionTemplate
    runner: asyncio.Runner


class LedgerMachine(Decisions, RuleBasedStateMachine):
    """One region, from its first issuance on."""

    setting: ClassVar[Setting]

    def __init__(self) -> None:
        super().__init__()
        template = self.setting.template
        self.owners = (template.maker, *template.buyers)
        self.accounts = [each.account_id for each in self.owners]
        self.codes: list[str] = []
        self.issuance_ids: list[int] = []
        self.reports = list(template.reports)
        self.freezes: list[int] = []
        self.keys = 0
        self.last: tuple[Callable[[], Awaitable[Any]], Any] | None = None
        self.oracle = Ledger(BEGINS)
        self.run(self._open())
        self._learn_issuance(self.reports.pop(0))
        for buyer, stock_kg in enumerate(STOCK_KG, start=1):
            self._deliver(buyer, stock_kg)

    def _deliver(self, buyer: int, quantity_kg: int) -> None:
        """Kilograms from the maker, to begin with."""
        sender, receiver = self.accounts[0], self.accounts[buyer]
        request = NewTransfer(account_id=sender, receiver_id=receiver, quantity_kg=quantity_kg, reason="test")
        made = self.run(
            transfers.propose_transfer(request, call=self.call(self.actors[0], "propose_transfer"), db=self.db)
        )
        accept = self.call(self.actors[buyer], "accept_transfer")
        self.run(transfers.accept_transfer(made.id, call=accept, db=self.db, region=worlds.PROFILE))
        kilograms = self.oracle.oldest(sender, quantity_kg, None)
        self.oracle.propose(made.id, Offer(sender, receiver, kilograms, made.expires_at), by_owner=True, missing=set())
        self.oracle.close(made.id, "accept", receiver)

    @rule(data=st.data())
    def step(self, data: st.DataObject) -> None:
        """One of the actions that are possible now, the usual ones more often."""
        possible = {
            "close": bool(self.oracle.offers),
            "retire": bool(self.oracle.claims),
            "annul": bool(self.oracle.claims),
            "issue": bool(self.reports),
            "resend": self.last is not None,
            "freeze": not self.freezes,
            "lift": bool(self.freezes),
        }
        action = data.draw(st.sampled_from([each for each in ACTIONS if possible.get(each, True)]), label="action")
        getattr(self, f"_{action}")(data)

    def run(self, work: Any) -> Any:
        return self.setting.runner.run(work)

    async def _open(self) -> None:
        self.stack = contextlib.AsyncExitStack()
        self.dsn = await self.stack.enter_async_context(
            race_region.copied_database(self.setting.server, self.setting.template)
        )
        self.watcher = await asyncpg.connect(self.dsn)
        self.stack.push_async_callback(self.watcher.close)
        self.db = Database(await self.stack.enter_async_context(await connect_pool(self.dsn, size=2)))
        grants = await self.watcher.fetch(
            "select person_id, role, organisation_id from registry.role_grant order by id"
        )
        roles: dict[int, tuple[HeldRole, ...]] = {}
        for row in grants:
            held = HeldRole(Role(row["role"]), row["organisation_id"])
            roles[row["person_id"]] = (*roles.get(row["person_id"], ()), held)
        actors = {person: Actor(person_id=person, roles=held) for person, held in roles.items()}
        self.actors = [actors[each.person_id] for each in self.owners]
        self.regulators = [each for each in actors.values() if each.roles[0].role == Role.REGULATOR]

    def teardown(self) -> None:
        """Every kilogram, then every invariant."""
        self.run(self._end())

    async def _end(self) -> None:
        async with self.stack:
            rows = await self.watcher.fetch(
                "select lower(span) lo, upper(span) hi, account_id, state from registry.block"
            )
            found = {n - 1: (row["account_id"], row["state"]) for row in rows for n in range(row["lo"], row["hi"])}
            assert dict(enumerate(self.oracle.kilograms)) == found
            await invariants.check(self.dsn, worlds.KEYS)

    def call(self, by: Actor, operation: str) -> Call:
        self.keys += 1
        return Call(
            by=by,
            operation=operation,
            permitted=ROUTES[operation].roles or frozenset(),
            key=f"key-{self.keys}",
            request_sha256=b"%032d" % self.keys,
        )

    def refused(self, work: Callable[[], Awaitable[Any]]) -> tuple[set[str], Any]:
        """Carry it out; returns the slug of the refusal, and the reply."""
        try:
            reply = self.run(work())
        except DomainError as error:
            return {error.slug}, None
        self.last = (work, reply)
        return set(), reply

    def agree(self, right: set[str], actual: set[str]) -> None:
        """Both did it, or the product's refusal is one of the right ones."""
        assert bool(right) == bool(actual), f"{sorted(right)} would be right; the product says {sorted(actual)}"
        assert actual <= right

    def _learn_issuance(self, report_id: int) -> None:
        row = self.run(self.watcher.fetchrow("select id, code from registry.issuance where report_id = $1", report_id))
        self.codes.append(row["code"])
        self.issuance_ids.append(row["id"])
        self.oracle.issue(self.accounts[0], ISSUED_KG)

    def select(self, data: st.DataObject, account: int, near_kg: int = 0) -> tuple[dict[str, Any], list[int], set[str]]:
        """Which kilograms: the request's members, the oracle's choice, and what is wrong with it."""
        how = data.draw(st.sampled_from(("fifo", "fifo", "issuance", "serial")))
        n = data.draw(st.integers(0, len(self.codes) - 1))
        there_kg = len(self.oracle.oldest(account, 3 * ISSUED_KG, n if how == "issuance" else None))
        fits = data.draw(mostly)
        sizes_kg = st.integers(1, min(max(1, there_kg), 2_000) if fits else 3 * ISSUED_KG)
        quantity_kg = data.draw(
            sizes_kg | st.sampled_from((near_kg, near_kg - 1, near_kg + 1)) if near_kg > 1 else sizes_kg
        )
        body: dict[str, Any] = {"account_id": account, "quantity_kg": quantity_kg}
        if how == "serial":
            first, quantity_kg = self._serial(data, account, n, quantity_kg)
            wanted = self.oracle.issued[n][first - 1 : first - 1 + quantity_kg]
            kilograms = self.oracle.active(account, wanted)
            serial = f"{self.codes[n]}:{first}-{first + quantity_kg - 1}kg"
            body |= {"quantity_kg": quantity_kg, "serial": serial}
            slug = "serial-unavailable"
        else:
            of = n if how == "issuance" else None
            kilograms = self.oracle.oldest(account, quantity_kg, of)
            body |= {"issuance": self.codes[n]} if how == "issuance" else {}
            slug = "insufficient-credits"
        return body, kilograms, set() if len(kilograms) == quantity_kg else {slug}

    def _serial(self, data: st.DataObject, account: int, n: int, quantity_kg: int) -> tuple[int, int]:
        """A first position and a size: mostly from where the account has kilograms in a row."""
        mine = self.oracle.active(account, self.oracle.issued[n])
        if not mine or not data.draw(mostly):
            quantity_kg = min(quantity_kg, ISSUED_KG)
            return data.draw(st.integers(1, ISSUED_KG - quantity_kg + 1)), quantity_kg
        begin = mine[data.draw(st.integers(0, len(mine) - 1))]
        of_mine = set(mine)
        row = next(size for size in range(1, quantity_kg + 1) if size == quantity_kg or begin + size not in of_mine)
        return begin - self.oracle.issued[n].start + 1, row

    def _propose(self, data: st.DataObject) -> None:
        """Offer kilograms, now and then of somebody else, to oneself, or until a moment ago."""
        sender, own = data.draw(who), data.draw(mostly)
        receiver = (sender + data.draw(st.sampled_from((1, 2, 1, 2, 1, 2, 0)))) % 3
        hours = data.draw(st.sampled_from((1, 24, 24 * 7, 24 * 300, 1, 24, 24 * 7, 24 * 300, 0, -1)))
        body, kilograms, missing = self.select(data, self.accounts[sender])
        ends = self.oracle.now + timedelta(hours=hours)
        request = NewTransfer(**body, receiver_id=self.accounts[receiver], reason="test", expires_at=ends)
        call = self.call(self.actors[sender if own else (sender + 1) % 3], "propose_transfer")
        actual, reply = self.refused(lambda: transfers.propose_transfer(request, call=call, db=self.db))
        offer = Offer(self.accounts[sender], self.accounts[receiver], kilograms, ends)
        self.agree(self.oracle.propose(reply.id if reply else 0, offer, by_owner=own, missing=missing), actual)

    def _close(self, data: st.DataObject) -> None:
        """Close an offer, mostly an open one, mostly as its side."""
        verb = data.draw(st.sampled_from(("accept", "accept", "accept", "reject", "withdraw")))
        own = data.draw(mostly)
        still = [number for number, each in self.oracle.offers.items() if each.state == "proposed"]
        number = data.draw(st.sampled_from(still if bool(still) and data.draw(mostly) else [*self.oracle.offers]))
        offer = self.oracle.offers[number]
        by = self.accounts.index(offer.sender if verb == "withdraw" else offer.receiver)
        by = by if own else (by + 1) % 3
        call = self.call(self.actors[by], f"{verb}_transfer")
        if verb == "accept":
            actual, _ = self.refused(
                lambda: transfers.accept_transfer(number, call=call, db=self.db, region=worlds.PROFILE)
            )
        else:
            carry_out = transfers.reject_transfer if verb == "reject" else transfers.withdraw_transfer
            actual, _ = self.refused(lambda: carry_out(number, call=call, db=self.db))
        self.agree(self.oracle.close(number, verb, self.accounts[by]), actual)

    def _expire(self, data: st.DataObject) -> None:
        """Housekeeping, mostly when the next offer has just come to its end."""
        ends = [each.ends for each in self.oracle.offers.values() if each.state == "proposed"]
        if bool(ends) and data.draw(mostly):
            self._set_clock(max(self.oracle.now, min(ends)))
        self.last = None  # a replay shows an offer as it is by now
        assert self.oracle.expire() == self.run(transfers.expire_due(db=self.db))

    def _compact(self, _: st.DataObject) -> None:
        """Join what touches; no balance changes, and a second time there is nothing to join."""
        self.run(compactor.compact(db=self.db))
        assert 0 == self.run(compactor.compact(db=self.db))

    def _advance(self, data: st.DataObject) -> None:
        """Business time goes on: hours, or most of a year."""
        self._set_clock(self.oracle.now + timedelta(hours=data.draw(st.sampled_from((1, 6, 24, 48, 24 * 200)))))

    def _set_clock(self, at: datetime) -> None:
        call = self.call(self.regulators[0], "set_clock")
        self.run(parties.set_clock(SetClock(at=at), call=call, db=self.db))
        self.oracle.now = at

    def _claim(self, data: st.DataObject) -> None:
        """An event of 1,200 kg, or a contribution."""
        by, event = data.draw(st.integers(1, 2)), data.draw(st.booleans())
        organisation = self.owners[by].organisation_id
        footprint = None
        if event:
            call = self.call(self.actors[by], "create_footprint")
            body = NewFootprint(organisation_id=organisation, request=FOOTPRINT)
            footprint = self.run(claims.create_footprint(body, call=call, db=self.db)).id
        request = NewClaim(
            organisation_id=organisation,
            type="event" if event else "contribution",
            subject="A subject",
            begins=BEGINS,
            ends=EVENT_ENDS,
            boundary="All",
            about=EventKey(place=f"Hall {footprint}") if event else None,
            footprint_id=footprint,
            reduction_plan="Metro first",
            exclusive=True,
        )
        call = self.call(self.actors[by], "create_claim")
        actual, made = self.refused(lambda: claims.create_claim(request, call=call, db=self.db, region=worlds.PROFILE))
        deadline = EVENT_ENDS.replace(year=EVENT_ENDS.year + 1) if event else None
        late = deadline is not None and self.oracle.now > deadline
        self.agree({"deadline-passed"} if late else set(), actual)
        if not late:
            self.oracle.claims[made.id] = Claim(self.accounts[by], FOOTPRINT_KG if event else None, deadline)

    def _retire(self, data: st.DataObject) -> None:
        """Against a claim, mostly one's own."""
        number, own = data.draw(st.sampled_from(sorted(self.oracle.claims))), data.draw(mostly)
        claim = self.oracle.claims[number]
        by = self.accounts.index(claim.owner) if own else 3 - self.accounts.index(claim.owner)
        body, kilograms, missing = self.select(data, self.accounts[by], (claim.required_kg or 0) - claim.allocated_kg)
        request = RetireRequest(**body, claim_id=number, reason="test", beneficiary="Somebody")
        call = self.call(self.actors[by], "retire_credits")
        retiring = retirement.retiring(self.db, worlds.PROFILE)
        actual, made = self.refused(lambda: retirement.retire(request, call=call, retiring=retiring))
        right = self.oracle.allocation(number, request.quantity_kg, by=self.accounts[by])
        right |= self.oracle.finish(
            self.accounts[by], kilograms, "retired", by=self.accounts[by], missing=missing | right
        )
        self.agree(right, actual)
        if not right:
            claim.allocated_kg += request.quantity_kg
            claim.given_kg |= {each.receipt_id: each.quantity_kg for each in made.retirements}

    def _cancel(self, data: st.DataObject) -> None:
        by, own = data.draw(who), data.draw(mostly)
        body, kilograms, missing = self.select(data, self.accounts[by])
        request = CancelRequest(**body, reason="test")
        actor = by if own else (by + 1) % 3
        call = self.call(self.actors[actor], "cancel_credits")
        actual, _ = self.refused(lambda: cancellation.cancel(request, call=call, db=self.db, region=worlds.PROFILE))
        right = self.oracle.finish(self.accounts[by], kilograms, "cancelled", by=self.accounts[actor], missing=missing)
        self.agree(right, actual)

    def _resend(self, _: st.DataObject) -> None:
        """The last request that was carried out, once more under its key: its object again, and nothing moves."""
        assert self.last is not None
        work, reply = self.last
        if isinstance(reply, Transfer) and reply.expires_at <= self.oracle.now:  # nobody is awaited any more
            reply = msgspec.structs.replace(reply, awaits=None)
        assert reply == self.run(work())

    @invariant()
    def balances_agree(self) -> None:
        """By issuance, account and state; and each claim has what was allocated to it."""
        rows = self.run(
            self.watcher.fetch(
                "select issuance_id, account_id, state, sum(upper(span) - lower(span))::bigint as kg"
                " from registry.block group by 1, 2, 3"
            )
        )
        found = {(self.issuance_ids.index(row[0]), row[1], row[2]): row[3] for row in rows}
        assert dict(self.oracle.balances()) == found
        allocated = self.run(self.watcher.fetch("select id, allocated_kg from registry.claim"))
        assert {number: each.allocated_kg for number, each in self.oracle.claims.items()} == dict(allocated)


def test_the_ledger_is_what_a_naive_one_would_be(server: str):
    """Any order of proposing, closing, expiring, retiring, cancelling, claiming, freezing, issuing, joining blocks."""
    with asyncio.Runner() as runner:
        LedgerMachine.setting = Setting(server, runner.run(race_region.build_template(server, ACTIVITY)), runner)
        run_machine(LedgerMachine, examples=12, steps=30)
