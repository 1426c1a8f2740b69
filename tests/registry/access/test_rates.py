"""Limits of requests by key, address and class of operation: what headers say, and whom a flood does not touch."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.app import Parts, create_app
from deploy.pool import connect_pool
from deploy.processes.engine import at_rest
from deploy.settings import BadSetting, read_settings
from registry.access.rates import (
    ANONYMOUS,
    FAILED,
    ORDERS,
    PER_S,
    READS,
    UNSIGNED,
    WRITES,
    RatePolicy,
    Rates,
    TooManyRequests,
    policies,
)
from registry.kit.database import Database
from registry.kit.senders import sender_of
from tests import worlds
from tests.worlds import World


class Time:
    """A clock that stands still."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now


def test_a_traders_key_may_send_well_above_1200_orders_a_second():
    """Ten seconds of 4,000 orders each, evenly; then as many at once as the burst has."""
    time = Time()
    rates = Rates(now_s=time)
    for _ in range(40_000):
        time.now += 1 / 4_000
        rates.take(ORDERS, 7)
    assert PER_S[ORDERS] > 3 * 1_200


@given(st.lists(st.integers(0, 300), max_size=60))
def test_no_more_than_the_burst_and_the_rate_in_any_time(pauses_ms):
    """Against a naive bucket: whatever the pauses, it refuses just when less than one is left."""
    time = Time()
    rates, taken = Rates((RatePolicy("x", 10, 5),), now_s=time), []
    left = 5.0
    for pause in pauses_ms:
        time.now += pause / 1_000
        left = min(5.0, left + pause / 100)
        try:
            rates.take("x", "caller")
        except TooManyRequests:
            assert left < 1 + 1e-6
        else:
            left -= 1
            taken.append(time.now)
            assert left > -1e-6


def test_callers_and_classes_have_buckets_of_their_own():
    """A key that is out of orders still reads; another key still orders."""
    time = Time()
    rates = Rates((RatePolicy(ORDERS, 1, 2), RatePolicy(READS, 1, 2)), now_s=time)
    assert (b'"orders";q=2;w=2', b'"orders";r=1;t=1') == rates.take(ORDERS, 1)
    assert b'"orders";r=0;t=2' == rates.take(ORDERS, 1).remaining
    with pytest.raises(TooManyRequests) as refusal:
        rates.take(ORDERS, 1)
    assert str(refusal.value) == (
        "Too many orders with this key: 2 at once are permitted, then 1 a second. "
        "Nothing was done; send it again in 1 s."
    )
    assert {"retry_after_s": 1, "limit": 2, "policy": "orders"} == refusal.value.members
    assert b'"orders";r=0;t=1' == refusal.value.allowance.remaining
    rates.take(READS, 1)
    rates.take(ORDERS, 2)
    time.now += 1
    rates.take(ORDERS, 1)


def test_what_is_remembered_is_bounded():
    """A flood from endless addresses costs a bounded memory."""
    rates = Rates(kept=10)
    for number in range(100):
        rates.take(ANONYMOUS, number)
        rates.worked(str(number))
        rates.failed(str(number), "x")
    assert (10, 10) == (len(rates._full_at_s), len(rates._worked))


def test_whoever_keeps_asking_is_not_forgotten_for_others():
    """Endless other addresses empty no bucket that is used, taken from or refused; nor is a working key forgotten."""
    policy = RatePolicy(FAILED, 0.2, 2)
    rates = Rates((policy, RatePolicy(UNSIGNED, 0.2, 1)), now_s=Time(), kept=10)
    rates.take(UNSIGNED, "mine")
    rates.worked("my key")
    for _ in range(2):
        rates.failed("mine", "x")
    for number in range(100):
        rates.failed(str(number), "x")
        rates.worked(str(number))
        rates.worked("my key")
        with pytest.raises(TooManyRequests, match="unknown API keys from your address"):
            rates.require_tries("mine")
        with pytest.raises(TooManyRequests, match="writes without a key from your address: 1 at once"):
            rates.take(UNSIGNED, "mine")
    assert rates.has_worked("my key")
    assert (10, 10) == (len(rates._full_at_s), len(rates._worked))


PROXIES = read_settings({"KILNWOOD_PROXIES": "10.0.0.0/8 fd00::/8"}).proxies


@pytest.mark.parametrize(
    ("peer", "forwarded", "wanted"),
    [
        ("203.0.113.5", "", "203.0.113.5"),
        ("203.0.113.5", "for=198.51.100.7", "203.0.113.5"),  # a stranger's word
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "for=198.51.100.7;proto=https", "198.51.100.7"),
        ("10.0.0.1", 'by=x;For="198.51.100.7:4711"', "198.51.100.7"),
        ("10.0.0.1", "for=192.0.2.1, for=198.51.100.7", "198.51.100.7"),  # the first was sent by the client
        ("10.0.0.1", "for=198.51.100.7, for=10.0.0.9", "198.51.100.7"),  # two proxies of ours
        ("10.0.0.1", 'for="[2001:db8:1:2:3::4]:443"', "2001:db8:1:2::/64"),
        ("fd00::1", "for=198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "for=_hidden", "10.0.0.1"),
        ("10.0.0.1", "for=unknown", "10.0.0.1"),
        ("10.0.0.1", 'for="a,b;c"', "10.0.0.1"),
        ("10.0.0.1", ",;=,", "10.0.0.1"),
        ("::ffff:203.0.113.5", "", "203.0.113.5"),
        ("", "", ""),
    ],
)
def test_whose_request_it_is(peer, forwarded, wanted):
    """`Forwarded` (RFC 7239) counts only from proxies of the settings, read from the right."""
    scope: Any = {"client": (peer, 4711) if peer else None, "headers": [(b"forwarded", forwarded.encode())]}
    assert wanted == sender_of(scope, PROXIES).caller
    bare: Any = {**scope, "headers": []}
    assert sender_of(bare, ()) == sender_of(scope, ())


@pytest.mark.parametrize(
    ("peer", "forwarded", "secure"),
    [
        ("10.0.0.1", "for=198.51.100.7;proto=https", True),
        ("10.0.0.1", "for=198.51.100.7;Proto=https;by=x", True),
        ("10.0.0.1", "for=198.51.100.7;proto=http", False),
        ("10.0.0.1", "for=198.51.100.7", False),
        ("10.0.0.1", "for=192.0.2.1;proto=https, for=198.51.100.7;proto=http", False),  # the first is the client's word
        ("10.0.0.1", "for=198.51.100.7;proto=https, for=10.0.0.9;proto=http", True),  # the outer proxy ends the TLS
        ("203.0.113.5", "for=198.51.100.7;proto=https", False),
    ],
)
def test_whether_it_came_by_tls(peer, forwarded, secure):
    """Only a proxy of ours says so, and of two the outer one."""
    scope: Any = {"client": (peer, 4711), "headers": [(b"forwarded", forwarded.encode())]}
    assert secure == sender_of(scope, PROXIES).secure
    assert not sender_of(scope, ()).secure


@pytest.mark.parametrize(
    "wrong",
    [{"KILNWOOD_PROXIES": "10.0.0.1/8"}, {"KILNWOOD_PROXIES": "proxy"}, {"KILNWOOD_RATES": "writes"},
     {"KILNWOOD_RATES": "writes=0"}, {"KILNWOOD_RATES": "failed-keys=9"}],
)  # fmt: skip
def test_settings_that_are_wrong_are_refused(wrong):
    """With what is wanted."""
    with pytest.raises(BadSetting, match=r"wanted (networks|pairs) such as"):
        read_settings(wrong)


@contextlib.asynccontextmanager
async def limited(world: World, peer: str, rates: Rates) -> AsyncIterator[httpx.AsyncClient]:
    """A client at *peer* of an application with these limits over the same database."""
    async with await connect_pool(world.dsn, size=2) as pool:
        db = Database(pool)
        parts = Parts(
            db=db,
            keyring=worlds.KEYRING,
            authority=worlds.authority(db),
            region=worlds.PROFILE,
            exchange=at_rest(db, _nowhere),
            rates=rates,
        )
        app: Any = create_app(parts)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(peer, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://registry.test") as http:
            yield http


async def _nowhere() -> Any:
    raise OSError("nothing trades here")


def bearer(secret: str) -> dict[str, str]:
    """The header that has a key."""
    return {"Authorization": f"Bearer {secret}"}


async def test_what_answers_say(empty: World):
    """Each answer has its policy and what is left; beyond it 429 with Retry-After, and nothing is done."""
    time = Time()
    me, other = (bearer(each) for each in empty.regulators)
    async with limited(empty, "203.0.113.5", Rates(policies({WRITES: 1}), now_s=time)) as http:
        read = await http.get("/v1/me", headers=me)
        assert '"reads";q=3000;w=3' == read.headers["ratelimit-policy"]
        assert '"reads";r=2999;t=1' == read.headers["ratelimit"]
        public = await http.get("/v1/region")
        assert '"address";q=3000;w=3' == public.headers["ratelimit-policy"]

        async def write(by: dict[str, str], number: int) -> httpx.Response:
            return await http.post("/v1/people", json={"name": "A"}, headers={**by, "Idempotency-Key": f"k{number}"})

        assert [201] * 3 == [(await write(me, number)).status_code for number in range(3)]
        answer = await write(me, 3)
        assert (429, "1", '"writes";r=0;t=1') == (
            answer.status_code, answer.headers["retry-after"], answer.headers["ratelimit"],
        )  # fmt: skip
        problem = answer.json()
        assert ("urn:kilnwood:problem:too-many-requests", 1, 3) == (
            problem["type"], problem["retry_after_s"], problem["limit"],
        )  # fmt: skip
        assert 201 == (await write(other, 4)).status_code, "another key, at the same address"
        assert 200 == (await http.get("/v1/me", headers=me)).status_code, "another class"
        time.now += 1
        assert 201 == (await write(me, 3)).status_code


async def test_unknown_keys_are_slowed_and_their_neighbours_are_not(empty: World):
    """Twenty tries, then one in five seconds; a key that worked here goes on at the same address, and any elsewhere."""
    time = Time()
    rates = Rates(proxies=PROXIES, now_s=time)
    known, fresh = empty.regulators
    async with limited(empty, "10.0.0.1", rates) as http:
        tries = 0

        async def attempt(secret: str, address: str = "198.51.100.7") -> httpx.Response:
            return await http.get("/v1/me", headers={**bearer(secret), "Forwarded": f"for={address}"})

        assert 200 == (await attempt(known)).status_code
        while (answer := await attempt(f"kw_sim_{tries}")).status_code == 401:
            tries += 1
        assert (20, 429, "5") == (tries, answer.status_code, answer.headers["retry-after"])
        assert answer.json()["detail"].startswith("Too many unknown API keys from your address: 20 at once")
        assert 429 == (await attempt(fresh)).status_code, "it may be another guess"
        assert 200 == (await attempt(known)).status_code
        assert 200 == (await attempt(fresh, "198.51.100.8")).status_code
        assert 200 == (await attempt(fresh)).status_code, "it has worked since"
        time.now += 5
        assert [401, 429] == [(await attempt("kw_sim_x")).status_code for _ in range(2)]


async def test_an_address_without_a_key_is_limited_by_itself(empty: World):
    """Pages and health count too; who sends a key is not concerned, nor is another address behind the same proxy."""
    time = Time()
    async with limited(empty, "10.0.0.1", Rates(policies({ANONYMOUS: 1}), proxies=PROXIES, now_s=time)) as http:
        paths = ("/v1/region", "/health/live", "/", "/v1/region")
        answers = [(await http.get(path, headers={"Forwarded": "for=198.51.100.7"})).status_code for path in paths]
        assert [200, 200, 200, 429] == answers
        assert 200 == (await http.get("/v1/region", headers={"Forwarded": "for=198.51.100.8"})).status_code
        keyed = {**bearer(empty.regulators[0]), "Forwarded": "for=198.51.100.7"}
        assert 200 == (await http.get("/v1/region", headers=keyed)).status_code


async def test_objections_from_one_address_are_few(empty: World):
    """Twenty at once, then one in five seconds; what is read without a key, and other addresses, are not concerned."""
    time = Time()
    body = {"name": "A villager", "contact": "+86 28 0000", "text": "Is the spring fenced in?"}
    async with limited(empty, "10.0.0.1", Rates(proxies=PROXIES, now_s=time)) as http:

        async def objected(address: str = "198.51.100.7") -> int:
            headers = {"Forwarded": f"for={address}"}
            return (await http.post("/v1/projects/1/objections", json=body, headers=headers)).status_code

        assert [404] * 20 + [429] == [await objected() for _ in range(21)]
        assert 404 == await objected("198.51.100.8")
        assert 200 == (await http.get("/v1/region", headers={"Forwarded": "for=198.51.100.7"})).status_code
        time.now += 5
        assert [404, 429] == [await objected() for _ in range(2)]
