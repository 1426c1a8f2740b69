"""From what happened to a verified message: signed, tried again, under one number; secrets rotated, events replayed."""

import base64
from dataclasses import dataclass
from typing import Any

import pytest
from standardwebhooks.webhooks import WebhookVerificationError

from deploy.processes.notifying import tell_everybody
from registry.notifications.webhooks import store
from registry.notifications.webhooks.addresses import WayOut
from registry.notifications.webhooks.sending import LEASE, WebhookSender, forget
from registry.notifications.webhooks.service import Webhooks
from registry.notifications.webhooks.signing import SecretSeal
from tests.probes import as_owner
from tests.registry.credits import steps
from tests.registry.notifications.webhooks.receiver import Receiver, receiving
from tests.worlds import KEYRING, World

NOW = "update registry.webhook_delivery set next_at = now() where state = 'due'"
EARLIER = "update registry.webhook_delivery set first_at = first_at - interval '73 hours'"


@dataclass
class Hooked:
    """The bank's webhook, which leads to a receiver here; *boss* administers the bank."""

    world: World
    receiver: Receiver
    bank: Any
    boss: str
    made: dict[str, Any]
    sender: WebhookSender

    @property
    def path(self) -> str:
        """The webhook's own address in the API."""
        return f"/v1/organisations/{self.bank.organisation_id}/webhooks/{self.made['id']}"

    async def retires(self, quantity_kg: int) -> Any:
        """The bank retires, it is logged and noticed."""
        claim = await self.world.contribution("bank")
        order = await steps.retire(self.world, self.bank, claim, quantity_kg)
        await self.world.sequence()
        await tell_everybody(db=self.world.db)
        return order

    async def sends(self) -> int:
        """Whatever is due is tried once."""
        await as_owner(self.world, NOW)
        return await self.sender.send(db=self.world.db)

    async def deliveries(self, **query: str) -> list[Any]:
        """The oldest first."""
        asked = "&".join(f"{name}={value}" for name, value in query.items())
        found = await self.world.get(f"{self.path}/deliveries?{asked}", by=self.boss)
        return list(found.json()["items"])

    async def state(self) -> dict[str, Any]:
        """The webhook as its list has it."""
        (found,) = (await self.world.get(self.path.rpartition("/")[0], by=self.boss)).json()["items"]
        return dict(found)


@pytest.fixture
async def hooked(delivered: World):
    """Everybody was told of what was before."""
    await tell_everybody(db=delivered.db)
    bank = delivered.party("bank")
    _, boss = await delivered.member("administrator", bank.organisation_id)
    async with receiving() as receiver:
        body = {"url": "https://93.184.216.34/hook", "kinds": ["credits.retired", "claim.declared", "order.filled"]}
        made = await delivered.ok(f"/v1/organisations/{bank.organisation_id}/webhooks", body, by=boss)
        await as_owner(delivered, "update registry.webhook set url = $1", receiver.url)
        gate = WayOut(plain=True, private=True, timeout_s=5)
        sender = WebhookSender(Webhooks(SecretSeal(KEYRING.derived("webhooks")), gate), luck=lambda: 0.5)
        yield Hooked(delivered, receiver, bank, boss, made, sender)


async def test_a_retirement_arrives_signed_with_the_api_s_own_answer(hooked: Hooked):
    """Verified by the library; the claim before it arrives too; told and sent again, nothing is new."""
    order = await hooked.retires(47)
    assert 2 == await hooked.sends()
    found = {each.verified(hooked.made["secret"])["type"]: each for each in hooked.receiver.got}
    assert {"claim.declared", "credits.retired"} == set(found)
    payload = found["credits.retired"].verified(hooked.made["secret"])
    assert order == payload["data"]
    assert {"type", "timestamp", "data"} == set(payload)
    await tell_everybody(db=hooked.world.db)
    assert 0 == await hooked.sends()
    assert ["delivered"] * 2 == [each["state"] for each in await hooked.deliveries()]
    assert ["HTTP 204"] * 2 == [each["answer"] for each in await hooked.deliveries(state="delivered")]


async def test_what_was_altered_or_signed_by_somebody_else_is_not_verified(hooked: Hooked):
    """So that the tests above prove something."""
    await hooked.retires(47)
    await hooked.sends()
    got = hooked.receiver.got[0]
    with pytest.raises(WebhookVerificationError):
        got._replace(body=got.body + b" ").verified(hooked.made["secret"])
    with pytest.raises(WebhookVerificationError):
        got.verified("whsec_" + base64.b64encode(bytes(32)).decode())


async def test_nothing_is_kept_for_an_organisation_without_a_webhook(hooked: Hooked):
    """Nor is anything sent of a kind that is not taken."""
    await as_owner(hooked.world, "update registry.webhook set kinds = array['order.filled']")
    await hooked.retires(3)
    assert 0 == await hooked.sends()
    owners = "select array_agg(distinct organisation_id) from registry.webhook_message"
    assert [hooked.bank.organisation_id] == await as_owner(hooked.world, owners)


async def test_a_failure_is_tried_again_under_the_same_number_and_given_up_after_three_days(hooked: Hooked):
    """The wait grows; each attempt has its own time; what is given up can be sent again."""
    await hooked.world.ok(f"{hooked.path}/ping", by=hooked.boss)
    hooked.receiver.status = 500
    waited = "select round(extract(epoch from next_at - now()))::int from registry.webhook_delivery"
    for seconds in (10, 30, 90):
        assert 1 == await hooked.sends()
        assert seconds == pytest.approx(await as_owner(hooked.world, waited), abs=2)
    assert 1 == len({(each.headers["webhook-id"], each.body) for each in hooked.receiver.got})
    (found,) = await hooked.deliveries()
    assert ("due", 3, "HTTP 500", True) == (*(found[each] for each in ("state", "tries", "answer")), "next_at" in found)
    assert (await hooked.state())["failing_since"]
    await as_owner(hooked.world, EARLIER)
    await hooked.sends()
    (found,) = await hooked.deliveries(state="given_up")
    hooked.receiver.status = 204
    assert 0 == await hooked.sends()
    await hooked.world.ok(f"{hooked.path}/deliveries/{found['id']}/resend", by=hooked.boss)
    assert 1 == await hooked.sends()
    (found,) = await hooked.deliveries()
    assert ("delivered", 1, found["message"]) == (
        *(found["state"], found["tries"]),
        hooked.receiver.got[-1].headers["webhook-id"],
    )
    assert (await hooked.state()).get("failing_since") is None


async def test_killed_between_delivery_and_record_it_is_sent_once_more_under_the_same_number(hooked: Hooked):
    """The attempt is committed before it is made; nobody else takes it until the lease is over."""
    await hooked.world.ok(f"{hooked.path}/ping", by=hooked.boss)

    class Killed(BaseException):
        """As a kill: nothing is marked."""

    class Dying(WayOut):
        async def post(self, url: str, body: bytes, headers: dict[str, str]) -> int:
            await WayOut.post(self, url, body, headers)
            raise Killed

    dying = WebhookSender(Webhooks(SecretSeal(KEYRING.derived("webhooks")), Dying(plain=True, private=True)))
    with pytest.raises(Killed):
        await dying.send(db=hooked.world.db)
    assert 0 == await hooked.sender.send(db=hooked.world.db)
    leased = "select next_at > now() + $1::interval / 2 from registry.webhook_delivery"
    assert await as_owner(hooked.world, leased, LEASE)
    assert 1 == await hooked.sends()
    first, second = hooked.receiver.got
    assert (first.headers["webhook-id"], first.body) == (second.headers["webhook-id"], second.body)


async def test_after_rotation_both_secrets_sign_for_a_day(hooked: Hooked):
    """Then the new one alone. Neither is shown again, nor readable in the database."""
    rotated = await hooked.world.ok(f"{hooked.path}/rotate", by=hooked.boss)
    old, new = hooked.made["secret"], rotated["secret"]
    await hooked.world.ok(f"{hooked.path}/ping", by=hooked.boss)
    await hooked.sends()
    for secret in (old, new):
        assert "webhook.ping" == hooked.receiver.got[0].verified(secret)["type"]
    await as_owner(hooked.world, "update registry.webhook set old_until = now()")
    await hooked.world.ok(f"{hooked.path}/ping", by=hooked.boss)
    await hooked.sends()
    assert "webhook.ping" == hooked.receiver.got[1].verified(new)["type"]
    with pytest.raises(WebhookVerificationError):
        hooked.receiver.got[1].verified(old)
    assert "secret" not in {name for name, value in (await hooked.state()).items() if value is not None}
    stored = await as_owner(hooked.world, "select sealed from registry.webhook")
    assert base64.b64decode(new.removeprefix("whsec_")) not in stored
    assert new.encode() not in stored


async def test_a_secret_is_not_answered_twice(hooked: Hooked):
    """The same request again is answered without it."""
    answers = [await hooked.world.post(f"{hooked.path}/rotate", by=hooked.boss, key="once-more") for _ in range(2)]
    assert [201, 201] == [each.status_code for each in answers]
    assert [True, False] == [bool(each.json().get("secret")) for each in answers]


async def test_events_of_a_time_are_replayed_under_their_numbers(hooked: Hooked):
    """What was noticed before and after is not; more than a thousand at once are refused."""
    await hooked.retires(5)
    await hooked.sends()
    sent = {each.headers["webhook-id"] for each in hooked.receiver.got}
    times = {"since": "2020-01-01T00:00:00Z", "until": "2100-01-01T00:00:00Z"}
    none = await hooked.world.ok(f"{hooked.path}/replay", {**times, "until": "2020-01-02T00:00:00Z"}, by=hooked.boss)
    assert 0 == none["messages"]
    replayed = await hooked.world.ok(f"{hooked.path}/replay", times, by=hooked.boss)
    assert (2, 2) == (replayed["messages"], await hooked.sends())
    assert sent == {each.headers["webhook-id"] for each in hooked.receiver.got[2:]}
    wrong = await hooked.world.post(f"{hooked.path}/replay", {**times, "until": times["since"]}, by=hooked.boss)
    assert (400, True) == (wrong.status_code, "must be before until" in wrong.json()["detail"])
    await as_owner(
        hooked.world,
        "insert into registry.webhook_message (organisation_id, cause, kind, body) "
        "select $1, 'made:' || n, 'order.filled', '{}' from generate_series(1, 999) n",
        hooked.bank.organisation_id,
    )
    refused = await hooked.world.post(f"{hooked.path}/replay", times, by=hooked.boss)
    assert (422, True) == (refused.status_code, refused.json()["detail"].startswith("1001 events were noticed"))


async def test_three_days_of_failures_disable_it_and_its_administrators_are_told(hooked: Hooked):
    """So is one that says that it is gone. Resumed, it is sent to again."""
    await hooked.world.ok(f"{hooked.path}/ping", by=hooked.boss)
    hooked.receiver.status = 503
    await hooked.sends()
    await as_owner(hooked.world, "update registry.webhook set failing_since = failing_since - interval '73 hours'")
    await hooked.sends()
    found = await hooked.state()
    assert ("disabled", "HTTP 503") == (found["state"], found["why"])
    told = (await hooked.world.get("/v1/notifications?kind=refused", by=hooked.boss)).json()["items"]
    assert [("webhook", hooked.receiver.url, "HTTP 503")] == [(n["thing"], n["about"], n["why"]) for n in told]
    assert 0 == await hooked.sends()
    refused = await hooked.world.post(f"{hooked.path}/ping", by=hooked.boss)
    assert (409, True) == (refused.status_code, "is disabled: resume it first" in refused.json()["detail"])
    await hooked.world.ok(f"{hooked.path}/resume", by=hooked.boss)
    hooked.receiver.status = 410
    await hooked.sends()
    assert ("disabled", "HTTP 410") == ((await hooked.state())["state"], (await hooked.state())["why"])


async def test_while_it_is_paused_what_happens_waits(hooked: Hooked):
    """And is sent when it is resumed; a removed one is forgotten with what was on its way."""
    await hooked.world.ok(f"{hooked.path}/pause", by=hooked.boss)
    await hooked.retires(5)
    assert (0, 2) == (await hooked.sends(), len(await hooked.deliveries(state="due")))
    await hooked.world.ok(f"{hooked.path}/resume", by=hooked.boss)
    assert 2 == await hooked.sends()
    await hooked.world.ok(f"{hooked.path}/remove", by=hooked.boss)
    assert 404 == (await hooked.world.get(f"{hooked.path}/deliveries", by=hooked.boss)).status_code
    assert 0 == await as_owner(hooked.world, "select count(*) from registry.webhook_delivery")


async def test_an_address_inside_is_refused_with_its_reason(hooked: Hooked):
    """When it is added, and at each attempt where the setting has changed since; the kinds are known ones."""
    path = hooked.path.rpartition("/")[0]
    for url, why in (
        ("https://127.0.0.1/", "127.0.0.1 is at 127.0.0.1, which is not reachable from everywhere"),
        ("http://93.184.216.34/", "begins with https://"),
    ):
        refused = await hooked.world.post(path, {"url": url, "kinds": ["order.filled"]}, by=hooked.boss)
        assert (422, True) == (refused.status_code, why in refused.json()["detail"])
    await hooked.world.ok(f"{hooked.path}/ping", by=hooked.boss)
    strict = WebhookSender(Webhooks(SecretSeal(KEYRING.derived("webhooks")), WayOut(plain=True)))
    assert 1 == await strict.send(db=hooked.world.db)
    (found,) = await hooked.deliveries()
    assert ("due", True, []) == (found["state"], "not reachable" in found["answer"], hooked.receiver.got)


async def test_limits_are_said_with_their_numbers(hooked: Hooked):
    """Ten addresses of an organisation, thirty tests an hour."""
    path = hooked.path.rpartition("/")[0]
    body = {"url": "https://93.184.216.34/hook", "kinds": ["order.filled"]}
    for _ in range(9):
        await hooked.world.ok(path, body, by=hooked.boss)
    refused = await hooked.world.post(path, body, by=hooked.boss)
    assert (409, "quota-used-up") == (refused.status_code, refused.json()["type"].rpartition(":")[2])
    for _ in range(30):
        await hooked.world.ok(f"{hooked.path}/ping", by=hooked.boss)
    refused = await hooked.world.post(f"{hooked.path}/ping", by=hooked.boss)
    assert (409, True) == (refused.status_code, "30 tests were sent" in refused.json()["detail"])
    async with hooked.world.db.reading() as tx:
        few = await store.take(tx, limit=50, of_each=5, lease=LEASE)
    assert 5 == len(few), "one address has no more than its share at once"


async def test_old_messages_are_forgotten(hooked: Hooked):
    """After thirty days, with their deliveries."""
    await hooked.world.ok(f"{hooked.path}/ping", by=hooked.boss)
    await forget(db=hooked.world.db)
    assert 1 == len(await hooked.deliveries())
    await as_owner(hooked.world, "update registry.webhook_message set made_at = now() - interval '31 days'")
    await forget(db=hooked.world.db)
    assert [] == await hooked.deliveries()


@pytest.mark.parametrize(("language", "words"), [("en", "Send a test"), ("zh", "发送测试")])
async def test_the_pages_say_it_in_both_languages(hooked: Hooked, language: str, words: str):
    """The list with its form, and one address with its deliveries."""
    await hooked.world.ok(f"{hooked.path}/ping", by=hooked.boss)
    headers = {"Authorization": f"Bearer {hooked.boss}", "Accept-Language": language}
    one = await hooked.world.http.get(hooked.path.removeprefix("/v1"), headers=headers)
    assert (200, True) == (one.status_code, words in one.text)
    every = await hooked.world.http.get(hooked.path.removeprefix("/v1").rpartition("/")[0], headers=headers)
    assert (200, True) == (every.status_code, hooked.receiver.url in every.text)
