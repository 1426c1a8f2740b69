"""The demo's outbox: on this machine, of a demo alone."""

from typing import Any

import httpx

from deploy.app import Parts, create_app
from exchange.parts import Exchange
from registry.access.sign_in.rules import SiteAddress
from registry.notifications.mails import Outbox, Transport
from tests.offline import unlimited
from tests.probes import as_owner
from tests.worlds import KEYRING, PROFILE, World, authority


def served(world: World, mail: Transport | None, *, client: str = "127.0.0.1") -> httpx.AsyncClient:
    """An application with this mail, called from an address."""
    exchange: Any = object.__new__(Exchange)  # nothing here trades
    parts = Parts(
        db=world.db,
        keyring=KEYRING,
        authority=authority(world.db),
        region=PROFILE,
        exchange=exchange,
        rates=unlimited(),
        site=SiteAddress(),
        mail=mail,
    )
    app: Any = create_app(parts)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(client, 1))
    return httpx.AsyncClient(transport=transport, base_url="http://localhost:8000")


async def test_the_outbox_shows_what_would_be_sent(empty: World):
    """As text: what stands in a mail is no markup."""
    await as_owner(
        empty,
        "insert into registry.mail (person_id, address, language, purpose, subject, body) "
        "select min(id), 'a@people.example', 'en', 'notifications', '<b>Subject</b>', '<script>x</script>' "
        "from registry.party where id in (select person_id from registry.role_grant)",
    )
    async with served(empty, Outbox()) as http:
        page = await http.get("/outbox")
    assert 200 == page.status_code
    assert "&lt;b&gt;Subject&lt;/b&gt;" in page.text
    assert "<script>x" not in page.text


async def test_nobody_else_reads_the_outbox(empty: World):
    """Not from another machine, by another name, or through a proxy; and only a demo has it."""
    async with served(empty, Outbox(), client="10.0.0.7") as http:
        assert 403 == (await http.get("/outbox")).status_code
    async with served(empty, Outbox()) as http:
        for headers in ({"Host": "registry.example"}, {"X-Forwarded-For": "10.0.0.1"}, {"Forwarded": "for=10.0.0.1"}):
            assert 403 == (await http.get("/outbox", headers=headers)).status_code
    async with served(empty, None) as http:
        assert 404 == (await http.get("/outbox")).status_code
