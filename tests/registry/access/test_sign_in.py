"""Passkeys and sessions: what opens one, what ends one, and every answer that is not one to our question."""

import asyncio
import re
from typing import Any

import asyncpg
import httpx
import pytest

from registry.kit.site.browser import SESSION_COOKIE
from tests.probes import as_owner, refused
from tests.registry.access.soft_passkey import PRESENT, SoftPasskey, text
from tests.registry.access.test_first_keys import first_key, me
from tests.worlds import World

HERE = {"Origin": "http://registry.test", "Host": "registry.test"}


def cookie_of(answer: httpx.Response) -> str:
    """The session that an answer gives, checked for its flags; empty if it takes it."""
    header = answer.headers["set-cookie"]
    found = re.fullmatch(
        SESSION_COOKIE + r"=([A-Za-z0-9_-]*); Path=/; Max-Age=(\d+); Secure; HttpOnly; SameSite=Lax", header
    )
    assert found, header
    assert ("0" == found[2]) == (found[1] == "")
    return found[1]


async def send(
    world: World, path: str, body: Any = None, *, session: str = "", key: str = "", **headers: str
) -> httpx.Response:
    """POST as a page of the site does: with the cookie, from here unless *headers* say otherwise."""
    sent = {"Idempotency-Key": world.next_key(), **(headers or HERE)}
    if session:
        sent["Cookie"] = f"{SESSION_COOKIE}={session}"
    if key:
        sent["Authorization"] = f"Bearer {key}"
    return await world.http.post(path, json=body, headers=sent)


async def look(world: World, session: str, path: str = "/v1/me") -> httpx.Response:
    """GET with a browser's cookie."""
    return await world.http.get(path, headers={"Cookie": f"{SESSION_COOKIE}={session}"})


async def asked(world: World, path: str, **who: str) -> dict[str, Any]:
    """Begin a ceremony; returns its options."""
    answer = await send(world, f"{path}/begin", **who)
    assert 201 == answer.status_code, answer.text
    options: dict[str, Any] = answer.json()["public_key"]
    return options


async def invited(world: World, device: SoftPasskey, *, by: str = "") -> tuple[int, str]:
    """Somebody new who made *device* with an invitation; returns the id and the session."""
    person_id, first = await first_key(world, by=by or world.regulators[0])
    made = device.create(await asked(world, "/v1/me/passkeys", key=first))
    answer = await send(world, "/v1/me/passkeys", made, key=first)
    assert 201 == answer.status_code, answer.text
    return person_id, cookie_of(answer)


async def signed_in(world: World, device: SoftPasskey, **before: str) -> str:
    """Sign in with a passkey; returns the session."""
    answer = await send(world, "/v1/sign-in", device.get(await asked(world, "/v1/sign-in")), **before)
    assert 201 == answer.status_code, answer.text
    return cookie_of(answer)


async def test_an_invitation_becomes_a_passkey_and_a_session(empty: World):
    """The first key is spent; the session is its holder's, and no secret is in any body."""
    device = SoftPasskey()
    person_id, session = await invited(empty, device)
    shown = (await look(empty, session)).json()
    assert (person_id, "session", False) == (shown["person_id"], shown["key_kind"], shown["first_key"])
    listed = (await look(empty, session, "/v1/me/keys")).json()["items"]
    assert ["program", "passkey", "session"] == [each["kind"] for each in listed]
    assert [True, False, False] == [each["first"] for each in listed]
    assert [listed[0]["id"], listed[1]["id"]] == [each["parent_id"] for each in listed[1:]]
    answer = await send(empty, "/v1/sign-in", device.get(await asked(empty, "/v1/sign-in")))
    assert {"person_id", "session_id", "key_id"} == set(answer.json())


async def test_what_is_asked_is_a_passkey_that_knows_its_owner(empty: World):
    """Kept by the device, asks for its owner, no attestation; the one that is there already is left out."""
    device = SoftPasskey()
    _, session = await invited(empty, device)
    options = await asked(empty, "/v1/me/passkeys", session=session)
    chosen = options["authenticatorSelection"]
    assert ("required", "required", "none") == (
        chosen["residentKey"],
        chosen["userVerification"],
        options["attestation"],
    )
    assert [text(device.id)] == [each["id"] for each in options["excludeCredentials"]]
    options = await asked(empty, "/v1/sign-in")
    assert ("required", "localhost", []) == (
        options["userVerification"],
        options["rpId"],
        options.get("allowCredentials", []),
    )


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"origin": "http://localhost:8001"}, "origin"),
        ({"origin": "https://localhost.evil.example"}, "origin"),
        ({"host": "evil.example"}, "RP ID"),
        ({"flags": PRESENT}, "verification"),
        ({"flags": 0}, "present"),
    ],
)
@pytest.mark.parametrize("ceremony", ["make", "use"])
async def test_an_answer_from_elsewhere_is_refused(empty: World, changed: dict[str, Any], why: str, ceremony: str):
    """Another origin, another relying party, nobody's finger: no passkey and no session."""
    device = SoftPasskey()
    if ceremony == "use":
        await invited(empty, device)
        vars(device).update(changed)
        answer = await send(empty, "/v1/sign-in", device.get(await asked(empty, "/v1/sign-in")))
    else:
        _, first = await first_key(empty, by=empty.regulators[0])
        vars(device).update(changed)
        made = device.create(await asked(empty, "/v1/me/passkeys", key=first))
        answer = await send(empty, "/v1/me/passkeys", made, key=first)
        assert (await me(empty, first))["first_key"]  # it was not spent
    assert why.lower() in refused(answer, 403, "passkey-refused")["detail"].lower()
    assert "set-cookie" not in answer.headers


async def test_a_challenge_is_answered_once_and_by_whom_it_was_for(empty: World):
    """A replayed answer, one of five minutes ago, one that nobody asked for, and somebody else's: 409."""
    device = SoftPasskey()
    _, session = await invited(empty, device)
    options = await asked(empty, "/v1/sign-in")
    assert 201 == (await send(empty, "/v1/sign-in", device.get(options))).status_code
    refused(await send(empty, "/v1/sign-in", device.get(options)), 409, "challenge-over")
    options = await asked(empty, "/v1/sign-in")
    await as_owner(empty, "update registry.challenge set expires_at = now()")
    refused(await send(empty, "/v1/sign-in", device.get(options)), 409, "challenge-over", "five minutes")
    refused(await send(empty, "/v1/sign-in", device.get({"challenge": "AAAA"})), 409, "challenge-over")
    options = await asked(empty, "/v1/me/passkeys", session=session)
    refused(await send(empty, "/v1/sign-in", device.get(options)), 409, "challenge-over")
    made = SoftPasskey().create(options)
    refused(await send(empty, "/v1/me/passkeys", made, key=empty.regulators[0]), 409, "challenge-over", "somebody else")


async def test_a_refused_answer_uses_its_challenge_up(empty: World):
    """One may not try signatures against the same challenge."""
    device = SoftPasskey()
    await invited(empty, device)
    options = await asked(empty, "/v1/sign-in")
    wrong = {**device.get(options), "signature": text(b"no signature")}
    refused(await send(empty, "/v1/sign-in", wrong), 403, "passkey-refused")
    refused(await send(empty, "/v1/sign-in", device.get(options)), 409, "challenge-over")


async def test_a_device_that_counts_backwards_is_a_copy(empty: World):
    """The count rises: fine. The same or a smaller one: refused, and no session."""
    device = SoftPasskey(count=5)
    await invited(empty, device)
    device.count = 6
    await signed_in(empty, device)
    for device.count in (6, 3, 0):
        answer = await send(empty, "/v1/sign-in", device.get(await asked(empty, "/v1/sign-in")))
        assert "count" in refused(answer, 403, "passkey-refused")["detail"]


async def test_rubbish_is_refused_and_not_an_error(empty: World):
    """Texts that are no CBOR, no JSON, of the wrong kind; another key's signature; somebody else's handle."""
    device, other = SoftPasskey(), SoftPasskey()
    _, first = await first_key(empty, by=empty.regulators[0])
    options = await asked(empty, "/v1/me/passkeys", key=first)
    for changed in ({"client_data": "AAAA"}, {"attestation": "AAAA"}, {"client_data": text(b"[]")}):
        body = {**device.create(options), **changed}
        assert (await send(empty, "/v1/me/passkeys", body, key=first)).status_code in (403, 409)
    await invited(empty, device)
    await invited(empty, other)
    other.id = device.id
    answer = await send(empty, "/v1/sign-in", other.get(await asked(empty, "/v1/sign-in")))
    refused(answer, 403, "passkey-refused", "somebody else")
    other.handle = device.handle
    answer = await send(empty, "/v1/sign-in", other.get(await asked(empty, "/v1/sign-in")))
    refused(answer, 403, "passkey-refused", "signature")
    unknown = SoftPasskey(handle=device.handle)
    answer = await send(empty, "/v1/sign-in", unknown.get(await asked(empty, "/v1/sign-in")))
    refused(answer, 403, "passkey-refused", "not known")


async def test_racing_passkeys_of_one_first_key(empty: World):
    """Two devices, one invitation, both asked before either had answered: one passkey, one session, one refusal."""
    person_id, first = await first_key(empty, by=empty.regulators[0])
    bodies = [SoftPasskey().create(await asked(empty, "/v1/me/passkeys", key=first)) for _ in range(2)]
    gate = await asyncpg.connect(empty.dsn)
    async with gate.transaction():
        await gate.execute("select from registry.api_key where person_id = $1 for update", person_id)
        racing = [asyncio.create_task(send(empty, "/v1/me/passkeys", body, key=first)) for body in bodies]
        waiting = (
            "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
        )
        async with asyncio.timeout(30):
            while await as_owner(empty, waiting) < len(racing):
                pass  # each question goes to the database and back
    await gate.close()
    won, lost = sorted(await asyncio.gather(*racing), key=lambda answer: answer.status_code)
    assert 201 == won.status_code
    refused(lost, 409, "first-key-spent", "works once")
    kinds = "select count(*) from registry.api_key where person_id = $1 and kind = $2"
    assert [1, 1, 1] == [await as_owner(empty, kinds, person_id, kind) for kind in ("program", "passkey", "session")]


async def test_a_passkey_is_confirmed_by_its_fingerprint(empty: World):
    """The session shows the fingerprint of its passkey, which somebody outside confirms, and nobody else."""
    first, second = empty.regulators
    person_id, session = await invited(empty, SoftPasskey(), by=first)
    shown = (await look(empty, session)).json()
    waiting = {each["key_id"]: each for each in (await empty.get("/v1/keys/unconfirmed", by=second)).json()["items"]}
    found = waiting[shown["confirm_id"]]
    assert (person_id, shown["key_fingerprint"], "passkey", True) == (
        found["person_id"],
        found["fingerprint"],
        found["kind"],
        found["confirmable"],
    )
    answer = (await empty.get("/v1/keys/unconfirmed", by=first)).json()["items"]
    assert [False] == [each["confirmable"] for each in answer if each["person_id"] == person_id]
    body = {"fingerprint": shown["key_fingerprint"]}
    refused(
        await empty.post(f"/v1/keys/{shown['key_id']}/confirm", body, by=second),
        409,
        "not-to-be-confirmed",
        "session",
    )
    refused(await empty.post(f"/v1/keys/{shown['confirm_id']}/confirm", body, by=first), 403, "not-outside")
    await empty.ok(f"/v1/keys/{shown['confirm_id']}/confirm", body, by=second)
    left = (await empty.get("/v1/keys/unconfirmed", by=second)).json()["items"]
    assert person_id not in {each["person_id"] for each in left}
