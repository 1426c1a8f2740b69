"""The part that tells people: beside the service, whatever the mail server does, and only where mail is set up."""

import asyncio
from pathlib import Path

import pytest

from deploy.processes.notifying import NotifyingRole, mails_of, transport
from deploy.settings import BadSetting, read_settings
from exchange.settlement import news
from registry.notifications.mails import Outbox, Smtp
from tests.exchange.marketplace import until
from tests.probes import as_owner
from tests.registry.credits import steps
from tests.registry.notifications.mail_server import mail_server
from tests.worlds import PROFILE, World

SERVER = {"KILNWOOD_SMTP_HOST": "127.0.0.1", "KILNWOOD_SMTP_TLS": "none", "KILNWOOD_MAIL_FROM": "r@registry.example"}


async def test_what_happens_arrives_by_itself(delivered: World):
    """From a retirement to the mail, with nothing but the role running; a hanging server holds up no retirement."""
    async with mail_server() as server:
        settings = read_settings({**SERVER, "KILNWOOD_SMTP_PORT": str(server.port)})
        role = NotifyingRole(delivered.db, mails_of(settings, PROFILE), tick_s=0.02)
        bank = delivered.party("bank")
        me = (await delivered.get("/v1/me", by=bank.key)).json()["person_id"]
        await as_owner(
            delivered,
            "insert into registry.mail_preference (person_id, address, language, kinds) "
            "values ($1, 'bank@example.org', 'en', array['retirement'])",
            me,
        )
        server.mood = "hangs"
        await role.start()
        try:
            begun = "select count(*) from registry.notification_cursor where source = $1"

            async def begins() -> bool:
                return int(await as_owner(delivered, begun, news.SALES)) == 1  # the last of all sources

            await until(begins, "the first look")
            claim = await delivered.contribution("bank")
            await steps.retire(delivered, bank, claim, 47)
            await delivered.sequence()
            await asyncio.wait_for(server.hanging.wait(), 20)
            await steps.retire(delivered, bank, claim, 3)
            server.mood = "takes"
            await as_owner(delivered, "update registry.mail set next_at = now()")

            async def arrives() -> bool:
                return bool(server.got)

            await until(arrives, "the mail")
            assert "Retired: 47 kg" in server.got[0][1]["Subject"]
            assert "" == role.trouble
        finally:
            await role.stop()


def test_mail_is_sent_only_where_it_is_set_up(tmp_path: Path):
    """No server, none; the demo's outbox goes nowhere."""
    assert transport(read_settings({})) is None
    demo = {"KILNWOOD_DEMO_OUTBOX": "yes", "KILNWOOD_SIMULATED": "yes"}
    assert isinstance(transport(read_settings(demo)), Outbox)
    secret = tmp_path / "password"
    secret.write_text("word\n", "utf-8")
    given = {
        "KILNWOOD_SMTP_HOST": "smtp.example.org",
        "KILNWOOD_SMTP_USER": "registry",
        "KILNWOOD_SMTP_PASSWORD_FILE": str(secret),
        "KILNWOOD_MAIL_FROM": "registry@example.org",
    }
    assert transport(read_settings(given)) == Smtp("smtp.example.org", 587, "starttls", "registry", secret)


@pytest.mark.parametrize(
    ("wrong", "wanted"),
    [
        ({"KILNWOOD_DEMO_OUTBOX": "yes"}, "only for a simulated region"),
        ({"KILNWOOD_DEMO_OUTBOX": "yes", "KILNWOOD_SIMULATED": "yes", "KILNWOOD_HOST": "10.0.0.1"}, "loopback"),
        ({"KILNWOOD_SMTP_HOST": "127.0.0.1"}, "KILNWOOD_MAIL_FROM"),
        ({**SERVER, "KILNWOOD_SMTP_HOST": "smtp.example.org"}, "KILNWOOD_SMTP_TLS=none"),
        ({**SERVER, "KILNWOOD_SMTP_USER": "registry"}, "set both, or neither"),
        ({**SERVER, "KILNWOOD_SMTP_PASSWORD_FILE": "/nowhere/file"}, "a file that exists"),
        ({**SERVER, "KILNWOOD_MAIL_FROM": "a@b\nBcc: c@d.org"}, "an address such as"),
        ({**SERVER, "KILNWOOD_SMTP_HOST": "a b"}, "a host name"),
        ({**SERVER, "KILNWOOD_SMTP_TLS": "ssl"}, "starttls, tls or none"),
    ],
)
def test_settings_that_lose_mail_or_show_a_password_are_refused(wrong: dict[str, str], wanted: str):
    """At the start, with what is wanted."""
    with pytest.raises(BadSetting, match=wanted):
        read_settings({"KILNWOOD_PLAIN_HTTP": "yes", **wrong})
