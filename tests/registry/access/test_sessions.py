"""Sessions: what opens one, what ends one, and that no other site and no program can use it."""

import re
from datetime import timedelta

import pytest

from registry.kit.site.browser import SESSION_COOKIE
from tests.probes import as_owner, refused
from tests.registry.access.soft_passkey import SoftPasskey
from tests.registry.access.test_first_keys import first_key
from tests.registry.access.test_sign_in import HERE, asked, cookie_of, invited, look, send, signed_in
from tests.worlds import World


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
    session = await signed_in(empty, other, session=made_up)  # an unknown cookie changes nothing
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
    refused(await look(empty, kept), 401, "unauthenticated")  # by any person, in any way


async def test_a_session_expires_and_is_lost_unused(empty: World):
    """After seven days, and after twelve hours without use; use is what keeps it."""
    device = SoftPasskey()
    await invited(empty, device)
    age = "update registry.api_key set expires_at = now() - interval '1 hour' where kind = 'session'"
    session = await signed_in(empty, device)
    lasts = "select max(expires_at - created_at) from registry.api_key where kind = 'session'"
    assert timedelta(days=7) == await as_owner(empty, lasts)
    await as_owner(empty, age)
    refused(await look(empty, session), 401, "unauthenticated", "expired")
    session = await signed_in(empty, device)
    made = (
        "update registry.api_key set created_at = created_at - interval '13 hours', revoked_at = null"
        " where kind = 'session'"
    )
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
    await as_owner(empty, "update registry.session set rotated_at = now() - interval '2 hours'")
    fresh = cookie_of(await look(empty, old))
    assert fresh not in ("", old)
    assert person_id == (await look(empty, fresh)).json()["person_id"]
    late = await look(empty, old)
    assert (200, None) == (late.status_code, late.headers.get("set-cookie"))
    await as_owner(empty, "update registry.session set replaced_until = now() - interval '1 hour'")
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
