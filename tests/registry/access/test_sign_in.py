"""Passkeys and sessions: what opens one, what ends one, and every answer that is not one to our question."""

import asyncio
import re
from datetime import timedelta
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
        async with asyncio.timeout(10):
            while await as_owner(empty, waiting) < len(racing):
                pass  # each question goes to the database and back
    await gate.close()
    won, lost = sorted(await asyncio.gather(*racing), key=lambda answer: answer.status_code)
    assert 201 == won.status_code
    refused(lost, 409, "first-key-spent", "works once")
    kinds = "select count(*) from registry.api_key where person_id = $1 and kind = $2"
    assert [1, 1, 1] == [await as_owner(empty, kinds, person_id, kind) for kind in ("program", "passkey", "session")]


async def test_a_session_before_is_never_the_one_after(empty: World):
    """Whatever cookie a browser came with: signing in gives another one, and ends the session it had."""
    one, other = SoftPasskey(), SoftPasskey()
    await invited(empty, one)
    victim, _ = await invited(empty, other)
    planted = await signed_in(empty, one)
    session = await signed_in(empty, other, session=planted)
    assert planted != session
    assert victim == (await look(empty, session)).json()["person_id"]
    refused(await look(empty, planted), 401, "unauthenticated", "revoked")
    made_up = "kw_sim_" + "A" * 43
    session = await signed_in(empty, other, session=made_up)  # a cookie that is none is in nobody's way
    assert made_up != session


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://registry.test"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"User-Agent": "a browser that says nothing"},
    ],
)
async def test_another_site_changes_nothing_in_a_browsers_name(empty: World, headers: dict[str, str]):
    """With the cookie, a POST must say that it is from here."""
    _, session = await invited(empty, SoftPasskey())
    refused(await send(empty, "/v1/me/keys", session=session, **headers), 403, "other-site")
    assert 200 == (await look(empty, session)).status_code


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}])
async def test_another_site_signs_nobody_in(empty: World, headers: dict[str, str]):
    """Nor may it sign a visitor in as somebody of its own, for which no cookie is needed."""
    body = {"key": empty.regulators[0]}
    refused(await send(empty, "/v1/sign-in/with-key", body, **headers), 403, "other-site")
    form = await empty.http.post("/v1/sign-in/with-key", data=body, headers=headers)
    refused(form, 403, "other-site")
    assert "set-cookie" not in form.headers


async def test_a_session_is_no_key_for_programs(empty: World):
    """Sent as a header, it is refused, and counts as a try that failed."""
    _, session = await invited(empty, SoftPasskey())
    refused(await empty.get("/v1/me", by=session), 401, "unauthenticated", "session of a browser")
    assert 200 == (await look(empty, session)).status_code


async def test_signing_out_ends_the_session_and_takes_the_cookie(empty: World):
    """This one; then, everywhere, every one of the person's and nobody else's. A program has none to end."""
    device, other = SoftPasskey(), SoftPasskey()
    _, first = await invited(empty, device)
    _, theirs = await invited(empty, other)
    answer = await send(empty, "/v1/sessions/end", session=first)
    assert (201, "") == (answer.status_code, cookie_of(answer))
    refused(await look(empty, first), 401, "unauthenticated", "revoked")
    sessions = [await signed_in(empty, device) for _ in range(3)]
    answer = await send(empty, "/v1/sessions/end-all", session=sessions[1])
    assert (3, "") == (answer.json()["ended"], cookie_of(answer))
    assert {401} == {(await look(empty, each)).status_code for each in sessions}
    assert 200 == (await look(empty, theirs)).status_code
    refused(await empty.post("/v1/sessions/end", by=empty.regulators[0]), 409, "no-session")


async def test_a_session_ends_with_what_opened_it(empty: World):
    """Revoking the passkey ends its sessions and no other's; it opens none any more."""
    device, spare = SoftPasskey(), SoftPasskey()
    _, session = await invited(empty, device)
    made = spare.create(await asked(empty, "/v1/me/passkeys", session=session))
    assert 201 == (await send(empty, "/v1/me/passkeys", made, session=session)).status_code
    kept = await signed_in(empty, spare)
    listed = (await look(empty, session, "/v1/me/keys")).json()["items"]
    passkey = next(each["id"] for each in listed if each["kind"] == "passkey")
    assert 201 == (await send(empty, f"/v1/keys/{passkey}/revoke", session=kept)).status_code
    refused(await look(empty, session), 401, "unauthenticated", "revoked")
    assert 200 == (await look(empty, kept)).status_code
    answer = await send(empty, "/v1/sign-in", device.get(await asked(empty, "/v1/sign-in")))
    refused(answer, 403, "passkey-refused", "revoked")
    await as_owner(empty, "update registry.api_key set revoked_at = now() where kind = 'passkey'")
    refused(await look(empty, kept), 401, "unauthenticated")  # whoever revoked it, and however


async def test_a_session_expires_and_is_lost_unused(empty: World):
    """After seven days, and after twelve hours without use; use is what keeps it."""
    device = SoftPasskey()
    await invited(empty, device)
    age = "update registry.api_key set expires_at = now() where kind = 'session'"
    session = await signed_in(empty, device)
    lasts = "select max(expires_at - created_at) from registry.api_key where kind = 'session'"
    assert timedelta(days=7) == await as_owner(empty, lasts)
    await as_owner(empty, age)
    refused(await look(empty, session), 401, "unauthenticated", "expired")
    session = await signed_in(empty, device)
    made = "update registry.api_key set created_at = created_at - interval '12 hours' where kind = 'session'"
    await as_owner(empty, made)
    refused(await look(empty, session), 401, "unauthenticated", "Sign in again")
    used = (
        "insert into registry.api_key_use select id, now() - interval '11 hours' from registry.api_key"
        " where kind = 'session' on conflict do nothing"
    )
    await as_owner(empty, used)
    assert 200 == (await look(empty, session)).status_code


async def test_a_sessions_secret_is_replaced_every_hour(empty: World):
    """The answer brings the new one; the old one is good for a minute, for requests under way, and then for nothing."""
    person_id, old = await invited(empty, SoftPasskey())
    assert "set-cookie" not in (await look(empty, old)).headers
    await as_owner(empty, "update registry.session set rotated_at = now() - interval '1 hour'")
    fresh = cookie_of(await look(empty, old))
    assert fresh not in ("", old)
    assert person_id == (await look(empty, fresh)).json()["person_id"]
    late = await look(empty, old)
    assert (200, None) == (late.status_code, late.headers.get("set-cookie"))
    await as_owner(empty, "update registry.session set replaced_until = now()")
    refused(await look(empty, old), 401, "unauthenticated")
    assert 200 == (await look(empty, fresh)).status_code
    sessions = "select count(*) from registry.api_key where person_id = $1 and kind = 'session'"
    assert 1 == await as_owner(empty, sessions, person_id)


async def test_the_oldest_session_makes_room(empty: World):
    """A person has ten at most, which are not counted among their keys."""
    device = SoftPasskey()
    _, first = await invited(empty, device)
    others = [await signed_in(empty, device) for _ in range(10)]
    refused(await look(empty, first), 401, "unauthenticated", "revoked")
    assert {200} == {(await look(empty, each)).status_code for each in others}


async def test_a_session_over_is_nobodys(empty: World):
    """A page that anybody may see is shown, a page of one's own leads to the door, and the cookie is taken."""
    _, session = await invited(empty, SoftPasskey())
    await send(empty, "/v1/sessions/end", session=session)
    answer = await look(empty, session, "/projects")
    assert (200, "") == (answer.status_code, cookie_of(answer))
    answer = await look(empty, session, "/account")
    assert (303, "/sign-in?then=%2Faccount") == (answer.status_code, answer.headers["location"])
    assert 200 == (await look(empty, session, "/v1/region")).status_code
    assert 401 == (await look(empty, session, "/v1/me")).status_code


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


async def test_a_session_is_as_confirmed_as_its_passkey_and_joins_nobody(empty: World):
    """Two regulators with passkeys of one maker are one until compared, then two; signing in adds no edge."""
    edges = (
        "select count(*) from registry.api_key where created_by is distinct from person_id and confirmed_at is null"
        " and not (first and revoked_at is not null and spent_at is null)"
    )
    device = SoftPasskey()
    person_id, session = await invited(empty, device)
    grant = {"operation": "grant_role", "person_id": person_id, "organisation_id": 1, "role": "regulator"}
    await empty.decide("/v1/grants", grant)
    before = await as_owner(empty, edges)
    session = await signed_in(empty, device)
    assert before == await as_owner(empty, edges)
    body = {"operation": "grant_role", "person_id": person_id, "organisation_id": 1, "role": "auditor"}
    order = await empty.ok("/v1/approvals", {"body": body, "reason": "test"}, by=empty.regulators[0])
    decided = {"approval_id": order["id"], "body": body}
    refused(await send(empty, "/v1/grants", decided, session=session), 403, "same-person")
    shown = (await look(empty, session)).json()
    body = {"fingerprint": shown["key_fingerprint"]}
    await empty.ok(f"/v1/keys/{shown['confirm_id']}/confirm", body, by=empty.regulators[1])
    assert 201 == (await send(empty, "/v1/grants", decided, session=session)).status_code


async def test_a_key_of_a_program_opens_a_session_that_ends_with_it(empty: World):
    """Its holder is signed in; a first key opens none; what ends the key ends the session."""
    key = await empty.ok("/v1/me/keys", by=empty.regulators[0])
    session = cookie_of(await send(empty, "/v1/sign-in/with-key", {"key": key["secret"]}))
    shown = (await look(empty, session)).json()
    assert (key["id"], key["fingerprint"]) == (shown["confirm_id"], shown["key_fingerprint"])
    _, first = await first_key(empty, by=empty.regulators[0])
    refused(await send(empty, "/v1/sign-in/with-key", {"key": first}), 403, "key-is-over", "first passkey")
    refused(await send(empty, "/v1/sign-in/with-key", {"key": session}), 401, "unauthenticated")
    await empty.ok(f"/v1/keys/{key['id']}/revoke", by=empty.regulators[0])
    refused(await look(empty, session), 401, "unauthenticated")
    refused(await send(empty, "/v1/sign-in/with-key", {"key": key["secret"]}), 401, "unauthenticated")


async def test_a_session_alone_is_no_power_to_decide(empty: World):
    """The last pair's keys cannot be revoked because somebody has a browser open: that is over in a week."""
    first, second = empty.regulators
    mine = (await empty.get("/v1/me", by=first)).json()["key_id"]
    await send(empty, "/v1/sign-in/with-key", {"key": first})
    refused(await empty.post(f"/v1/keys/{mine}/revoke", by=second), 409, "last-regulators")


@pytest.mark.parametrize(
    "then", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "evil", "/\tevil"]
)
async def test_the_door_leads_nowhere_else(empty: World, then: str):
    """Neither the page, nor somebody who is signed in already, nor the form is led to another site."""
    page = await empty.http.get("/sign-in", params={"then": then})
    assert 'data-then="/desk"' in page.text
    assert "evil.example" not in re.sub(r"(href|value)=\"/sign-in\?[^\"]*\"", "", page.text)
    session = cookie_of(await send(empty, "/v1/sign-in/with-key", {"key": empty.regulators[0]}))
    headers = {"Cookie": f"{SESSION_COOKIE}={session}"}
    assert "/desk" == (await empty.http.get("/sign-in", params={"then": then}, headers=headers)).headers["location"]
    form = {"key": empty.regulators[0], "_then": then, "_page": "/sign-in"}
    assert "/" == (await empty.http.post("/v1/sign-in/with-key", data=form, headers=HERE)).headers["location"]
