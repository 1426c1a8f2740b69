"""Mail: made once of what was told, sent at least once, never lost; one bad address stops nobody else."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
import structlog

from deploy.site.frame import site_frame
from registry.access.authorisation import ANY_PERSON
from registry.kit.site.frame import Frame
from registry.notifications import rules, service, store
from registry.notifications.mails import Mails, Smtp
from registry.notifications.rules import Happened
from registry.notifications.telling import place_in, tell_accounts_in
from schemas.access import Actor, Call
from schemas.notifications import ConfirmMailAddress, MailLanguage, MailPreferences, SetMailAddress, SetMailPreferences
from tests.probes import as_owner
from tests.registry.notifications.mail_server import MailServer, Mood, mail_server
from tests.worlds import PROFILE, World

SITE = "https://registry.example"


@pytest.fixture(scope="module")
def frame() -> Frame:
    """The templates of the site."""
    return site_frame(PROFILE, SITE)


@pytest.fixture
async def post() -> AsyncIterator[MailServer]:
    """A mail server."""
    async with mail_server() as running:
        yield running


def mails(frame: Frame, port: int, timeout_s: float = 5.0) -> Mails:
    """Mails to a server on this machine."""
    smtp = Smtp("127.0.0.1", port, "none", timeout_s=timeout_s, mail_timeout_s=timeout_s)
    return Mails(frame, SITE, sender="registry@registry.example", transport=smtp)


async def person_of(world: World, word: str) -> Actor:
    """Somebody of an organisation."""
    me = (await world.get("/v1/me", by=world.party(word).key)).json()
    return Actor(person_id=me["person_id"], name=me["name"])


def call(by: Actor, operation: str, number: int = 1) -> Call:
    """One write of somebody."""
    return Call(by=by, operation=operation, permitted=ANY_PERSON.roles or frozenset(), key=str(number))


async def subscribe(world: World, word: str, made: Mails, address: str, language: MailLanguage = "en") -> Actor:
    """Give somebody a confirmed address, as they would: by the link in the mail."""
    by = await person_of(world, word)
    body = SetMailAddress(address=address, language=language)
    await service.set_address(body, call=call(by, "set_mail_address"), db=world.db, mails=made)
    text = await as_owner(world, "select body from registry.mail where person_id = $1", by.person_id)
    code = str(text).partition("?code=")[2].split()[0]
    body_of_code = ConfirmMailAddress(code=code)
    await service.confirm_address(body_of_code, call=call(by, "confirm_mail_address"), db=world.db, mails=made)
    await as_owner(world, "delete from registry.mail where purpose = 'confirmation'")
    return by


async def happen(world: World, word: str, *names: str, why: str | None = None, about: str = "buy X-1") -> None:
    """Tell the people of an account of things."""
    account = world.party(word).account_id
    assert account

    async def work(tx: Any) -> None:
        await place_in(tx, "test", 0)
        events = [
            Happened(
                cause=name,
                kind="refused" if why else "fill",
                account_id=account,
                about=about,
                quantity_kg=1000,
                why=why,
            )
            for name in names
        ]
        await tell_accounts_in(tx, "test", 1, events)

    await world.db.transaction(work)


async def states(world: World) -> dict[str, str]:
    """What became of each mail, by its address."""
    async with world.db.reading() as tx:
        rows = await store.outbox(tx, 1000, 100)
    return {row.address: row.state for row in rows}


async def again_now(world: World) -> None:
    """The time until the next attempt is over."""
    await as_owner(world, "update registry.mail set next_at = now() where state = 'due'")


async def test_a_mail_says_what_happened_in_the_readers_language(delivered: World, frame: Frame, post: MailServer):
    """Plain text, a subject that says it, the link; in Chinese for whom it is in Chinese; sent once."""
    made = mails(frame, post.port)
    await subscribe(delivered, "bank", made, "bank@example.org")
    await subscribe(delivered, "scenic", made, "scenic@example.org", "zh")
    await happen(delivered, "bank", "one")
    await happen(delivered, "scenic", "two")
    assert 2 == await made.make(db=delivered.db)
    assert 2 == await made.send(db=delivered.db)
    assert (0, 0) == (await made.make(db=delivered.db), await made.send(db=delivered.db))
    got = dict(post.got)
    assert "Bought: 1 t of X-1" == got["bank@example.org"]["Subject"]
    assert "买入成交：X-1 1 t" == got["scenic@example.org"]["Subject"]
    for message in got.values():
        assert "text/plain" == message.get_content_type()
        assert f"{SITE}/accounts/" in message.get_content()
        assert f"{SITE}/notifications/mail" in message.get_content()
        assert PROFILE.name in message["From"]
        assert "auto-generated" == message["Auto-Submitted"]
    assert "" == await as_owner(delivered, "select string_agg(body, '') from registry.mail"), "nothing is kept"


async def test_a_flood_is_one_mail(delivered: World, frame: Frame, post: MailServer):
    """What waits for a mail stands in one, up to fifty; the next comes a minute later; what was read is not sent."""
    made = mails(frame, post.port)
    by = await subscribe(delivered, "bank", made, "bank@example.org")
    await happen(delivered, "bank", *(f"event {number}" for number in range(120)))
    await made.make(db=delivered.db)
    await made.send(db=delivered.db)
    ((_, message),) = post.got
    assert message["Subject"].startswith("120 notifications: ")
    assert 50 == message.get_content().count("* Bought")
    assert "And 70 more" in message.get_content()
    await happen(delivered, "bank", "later", "read meanwhile")
    assert 0 == await made.make(db=delivered.db)
    await as_owner(delivered, "update registry.mail set made_at = made_at - interval '61 seconds'")
    await as_owner(delivered, "update registry.notification set read_at = now() where cause = 'read meanwhile'")
    assert 1 == await made.make(db=delivered.db)
    await made.send(db=delivered.db)
    assert 1 == post.got[-1][1].get_content().count("* Bought")
    async with delivered.db.reading() as tx:
        assert 100 == await store.unread(tx, by.person_id)


async def test_a_bad_address_stops_nobody(delivered: World, frame: Frame, post: MailServer):
    """One that is refused for good ends; one that is put off, and one whose server hangs, are tried again."""
    made = mails(frame, post.port, timeout_s=0.5)
    moods: dict[str, Mood] = {"bank": "refuses", "scenic": "puts off", "kiln": "hangs", "solar": "takes"}
    for word, mood in moods.items():
        await subscribe(delivered, word, made, f"{word}@example.org")
        post.moods[f"{word}@example.org"] = mood
        await happen(delivered, word, f"for {word}")
    await made.make(db=delivered.db)
    with structlog.testing.capture_logs() as logged:
        assert 1 == await made.send(db=delivered.db)
    expected = {"bank": "refused", "scenic": "due", "kiln": "due", "solar": "sent"}
    assert {f"{word}@example.org": state for word, state in expected.items()} == await states(delivered)
    assert "example.org" not in str(logged), "no address in the log"
    assert 0 == await made.send(db=delivered.db), "the next attempt is a minute away"
    post.moods.clear()
    await again_now(delivered)
    assert 2 == await made.send(db=delivered.db)
    assert "due" not in (await states(delivered)).values()


async def test_a_server_that_drops_the_line_midway_gets_it_again(delivered: World, frame: Frame, post: MailServer):
    """It may have taken the mail: the same one comes again, under the same Message-ID."""
    made = mails(frame, post.port)
    await subscribe(delivered, "bank", made, "bank@example.org")
    await happen(delivered, "bank", "one")
    await made.make(db=delivered.db)
    post.mood = "drops"
    assert 0 == await made.send(db=delivered.db)
    post.mood = "takes"
    await again_now(delivered)
    assert 1 == await made.send(db=delivered.db)
    first, second = (message for _, message in post.got)
    assert first["Message-ID"] == second["Message-ID"]
    assert first.get_content() == second.get_content()


async def test_a_server_that_is_away_loses_nothing(delivered: World, frame: Frame, post: MailServer):
    """Nothing listens there; later it does."""
    nowhere = mails(frame, 1)
    await subscribe(delivered, "bank", nowhere, "bank@example.org")
    await happen(delivered, "bank", "one")
    await nowhere.make(db=delivered.db)
    assert 0 == await nowhere.send(db=delivered.db)
    await again_now(delivered)
    assert 1 == await mails(frame, post.port).send(db=delivered.db)


async def test_a_crash_between_sending_and_marking_sends_once_more(delivered: World, frame: Frame, post: MailServer):
    """Cut off while the server hangs on a mail, the row is still due, and the next start sends it."""
    made = mails(frame, post.port, timeout_s=30)
    await subscribe(delivered, "bank", made, "bank@example.org")
    await happen(delivered, "bank", "one")
    await made.make(db=delivered.db)
    post.mood = "hangs"
    sending = asyncio.create_task(made.send(db=delivered.db))
    await post.hanging.wait()
    sending.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await sending
    assert {"bank@example.org": "due"} == await states(delivered)
    post.mood = "takes"
    assert 0 == await made.send(db=delivered.db), "it was taken for one attempt"
    await again_now(delivered)
    assert 1 == await made.send(db=delivered.db)


async def test_two_processes_send_each_mail_once(delivered: World, frame: Frame, post: MailServer):
    """Mails are taken under lock."""
    made = mails(frame, post.port)
    for word in ("bank", "scenic", "kiln", "solar"):
        await subscribe(delivered, word, made, f"{word}@example.org")
        await happen(delivered, word, f"for {word}")
    await asyncio.gather(made.make(db=delivered.db), made.make(db=delivered.db))
    assert 4 == sum(await asyncio.gather(*(made.send(db=delivered.db) for _ in range(3))))
    assert 4 == len(post.got)


async def test_after_five_days_a_mail_is_given_up(delivered: World, frame: Frame):
    """As mail servers do; the notification stays."""
    made = mails(frame, 1)
    await subscribe(delivered, "bank", made, "bank@example.org")
    await happen(delivered, "bank", "one")
    await made.make(db=delivered.db)
    await as_owner(delivered, "update registry.mail set tries = 60")
    assert 0 == await made.send(db=delivered.db)
    assert {"bank@example.org": "given_up"} == await states(delivered)


@pytest.mark.parametrize("name", ["Eve\r\nBcc: all@example.org", "Eve\nX: y", "Eve\u2028Bcc: a@b.org", "E" * 500])
def test_no_text_adds_a_header(frame: Frame, name: str):
    """Line ends of any kind become spaces, and a subject has an end."""
    subject = rules.subject(name)
    assert subject.isprintable()
    assert len(subject) <= 150
    mail = store.Mail(1, 1, "a@example.org", "en", name, f"{name}\r\n.\r\nQUIT", 1, rules_now())
    raw = mails(frame, 1).message(mail).as_bytes()
    headers = raw.partition(b"\r\n\r\n")[0].decode("ascii")
    assert not any(line.lower().startswith(("bcc:", "x:")) for line in headers.splitlines())


def rules_now() -> Any:
    """An instant."""
    return datetime.now(UTC)


async def test_a_reason_of_many_lines_stays_in_its_place(delivered: World, frame: Frame, post: MailServer):
    """What somebody wrote is text: no markup is escaped in it, no dot ends the mail."""
    made = mails(frame, post.port)
    await subscribe(delivered, "bank", made, "bank@example.org")
    await happen(delivered, "bank", "one", why="First <b>&amp;\r\n.\r\nSecond", about="withdrawal CNY")
    await made.make(db=delivered.db)
    await made.send(db=delivered.db)
    text = post.got[0][1].get_content()
    assert "First <b>&amp;" in text
    assert "  Second" in text


async def test_an_address_counts_once_its_link_was_opened(delivered: World, frame: Frame, post: MailServer):
    """By the person who named it, with the newest link, once; nobody is written to without."""
    made = mails(frame, post.port)
    by, other = await person_of(delivered, "bank"), await person_of(delivered, "scenic")

    async def name(number: int) -> MailPreferences:
        body = SetMailAddress(address=f"{number}@example.org", language="zh")
        return await service.set_address(body, call=call(by, "set_mail_address", number), db=delivered.db, mails=made)

    await name(1)
    found = await name(2)
    assert (None, "2@example.org") == (found.address, found.pending_address)
    await happen(delivered, "bank", "one")
    assert 0 == await made.make(db=delivered.db)
    assert 2 == await made.send(db=delivered.db)
    codes = {address: message.get_content().partition("?code=")[2].split()[0] for address, message in post.got}
    assert {"确认您的邮箱"} == {message["Subject"] for _, message in post.got}

    async def confirm(who: Actor, code: str, number: int) -> MailPreferences:
        one = call(who, "confirm_mail_address", number)
        return await service.confirm_address(ConfirmMailAddress(code=code), call=one, db=delivered.db, mails=made)

    for who, code in ((by, codes["1@example.org"]), (other, codes["2@example.org"]), (by, "A" * 43)):
        with pytest.raises(rules.CodeIsOver):
            await confirm(who, code, 1)
    assert "2@example.org" == (await confirm(by, codes["2@example.org"], 2)).address
    with pytest.raises(rules.CodeIsOver):
        await confirm(by, codes["2@example.org"], 3)


async def test_nobody_makes_the_registry_write_to_strangers(delivered: World, frame: Frame):
    """Five links a day; and none where no mail is sent."""
    by = await person_of(delivered, "bank")
    body = SetMailAddress(address="stranger@example.org")
    for number in range(5):
        one = call(by, "set_mail_address", number)
        await service.set_address(body, call=one, db=delivered.db, mails=mails(frame, 1))
    one = call(by, "set_mail_address", 5)
    with pytest.raises(rules.TooManyConfirmations):
        await service.set_address(body, call=one, db=delivered.db, mails=mails(frame, 1))
    with pytest.raises(rules.NoMail):
        await service.set_address(body, call=call(by, "set_mail_address", 6), db=delivered.db, mails=Mails(frame, SITE))


@pytest.mark.parametrize(
    "address", ["a@b", "a b@example.org", "a@example.org\nBcc: x@y.org", "@example.org", "ä@e.org"]
)
async def test_what_is_no_address_is_refused(delivered: World, address: str):
    """Before anything else is done with it."""
    body = {"address": address, "language": "en"}
    answer = await delivered.post("/v1/notifications/mail/address", body, by=delivered.party("bank").key)
    assert 400 == answer.status_code


async def test_one_gets_what_one_chose(delivered: World, frame: Frame):
    """Of other kinds there is no mail, only the page; an address that was removed gets none."""
    made = mails(frame, 1)
    by = await subscribe(delivered, "bank", made, "bank@example.org")
    chosen = SetMailPreferences(language="en", kinds=("refused",))
    one = call(by, "set_mail_preferences")
    await service.set_preferences(chosen, call=one, db=delivered.db, mails=made)
    await happen(delivered, "bank", "one")
    assert 0 == await made.make(db=delivered.db)
    await happen(delivered, "bank", "two", why="Because")
    await service.remove_address(call=call(by, "remove_mail_address"), db=delivered.db, mails=made)
    assert 0 == await made.make(db=delivered.db)
    await service.set_preferences(chosen, call=call(by, "set_mail_preferences", 2), db=delivered.db, mails=made)
    assert 0 == await made.make(db=delivered.db)


def test_waits_grow_up_to_four_hours():
    """A minute, two, four and so on."""
    minutes = [rules.wait_after(tries).total_seconds() / 60 for tries in (1, 2, 3, 20)]
    assert [1, 2, 4, 240] == minutes


async def test_one_mail_that_cannot_be_made_keeps_nobody_waiting(
    delivered: World, frame: Frame, monkeypatch: pytest.MonkeyPatch
):
    """The others have theirs; the fault is raised, and the mail is made once it is mended."""
    made = mails(frame, 1)
    for word in ("solar", "bank"):
        await subscribe(delivered, word, made, f"{word}@people.example")
        await happen(delivered, word, f"fills:{word}", about=f"buy {word}")
    real = Frame.text

    def fail_for_one(self: Frame, language: MailLanguage, name: str, **shown: Any) -> str:
        if any(each.about == "buy solar" for each in shown.get("items", ())):
            raise RuntimeError("a fault of ours")
        return real(self, language, name, **shown)

    addresses = "select array_agg(address order by id) from registry.mail"
    with monkeypatch.context() as patched:
        patched.setattr(Frame, "text", fail_for_one)
        with pytest.raises(RuntimeError, match="a fault of ours"):
            await made.make(db=delivered.db)
    assert ["bank@people.example"] == await as_owner(delivered, addresses)
    assert 1 == await made.make(db=delivered.db)
    assert ["bank@people.example", "solar@people.example"] == await as_owner(delivered, addresses)
