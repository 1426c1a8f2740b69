"""Entering as one of the demo's people: from this machine, of a demo alone, and it joins nobody."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.app import Parts, create_app
from deploy.settings import BadSetting, read_settings
from deploy.site.entering import Entrant, Entrants, read_entrants, write_entrants
from exchange.parts import Exchange
from registry.access.sign_in.rules import SiteAddress
from tests.offline import unlimited
from tests.probes import as_owner, unchanged
from tests.registry.access.test_sign_in import cookie_of, look
from tests.worlds import KEYRING, PROFILE, World, authority

HERE = {"Origin": "http://localhost:8000", "Host": "localhost:8000"}
EDGES = (
    "select count(*) from registry.api_key where created_by is distinct from person_id and confirmed_at is null"
    " and not (first and revoked_at is not null and spent_at is null)"
)


def people(world: World, folder: Path) -> Entrants:
    """The first regulator, as the demo writes it."""
    key_file = folder / "regulator-1.key"
    key_file.write_text(world.regulators[0] + "\n", "ascii")
    one = Entrant(
        word="regulator-1", name="Ada <b>", organisation="Bureau", roles=("regulator",), key_file=str(key_file)
    )
    write_entrants(folder / "people.json", (one,))
    return read_entrants(str(folder / "people.json"))


def served(world: World, entrants: Entrants, *, client: str = "127.0.0.1") -> httpx.AsyncClient:
    """An application with people to enter as, called from an address."""
    exchange: Any = object.__new__(Exchange)  # nothing here trades
    parts = Parts(
        db=world.db,
        keyring=KEYRING,
        authority=authority(world.db),
        region=PROFILE,
        exchange=exchange,
        rates=unlimited(),
        site=SiteAddress(),
        entrants=entrants,
    )
    app: Any = create_app(parts)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(client, 1))
    return httpx.AsyncClient(transport=transport, base_url="http://localhost:8000")


async def test_one_click_enters_and_joins_nobody(empty: World, tmp_path: Path):
    """The landing page has a button for each; it opens a session of the person's own key, and adds no edge."""
    before = await as_owner(empty, EDGES)
    async with served(empty, people(empty, tmp_path)) as http:
        page = (await http.get("/")).text
        assert 'action="/enter/regulator-1"' in page
        assert ("<b>" in page, "Ada &lt;b&gt;" in page) == (False, True)
        answer = await http.post("/enter/regulator-1", headers=HERE)
        assert (303, "/desk") == (answer.status_code, answer.headers["location"])
        assert 404 == (await http.post("/enter/somebody", headers=HERE)).status_code
    mine = (await empty.get("/v1/me", by=empty.regulators[0])).json()
    shown = (await look(empty, cookie_of(answer))).json()
    assert (mine["person_id"], mine["key_id"], "session") == (
        shown["person_id"],
        shown["confirm_id"],
        shown["key_kind"],
    )
    assert before == await as_owner(empty, EDGES)


ELSEWHERE: tuple[tuple[str, dict[str, str]], ...] = (
    ("192.0.2.7", {}),
    ("127.0.0.1", {"Host": "demo.example", "Origin": "http://demo.example"}),
    ("127.0.0.1", {"Host": "localhost.evil.example", "Origin": "http://localhost.evil.example"}),
    ("127.0.0.1", {"Host": "192.0.2.7:8000", "Origin": "http://192.0.2.7:8000"}),
    ("127.0.0.1", {"Host": "localhost@evil.example", "Origin": "http://localhost@evil.example"}),
    ("127.0.0.1", {"X-Forwarded-For": "192.0.2.7"}),
    ("127.0.0.1", {"Forwarded": "for=192.0.2.7"}),
    ("127.0.0.1", {"Origin": "https://evil.example"}),
    ("127.0.0.1", {"Sec-Fetch-Site": "cross-site"}),
)
"""Where a request comes from, and what it says about that."""


async def test_nobody_enters_from_elsewhere(empty: World, tmp_path: Path):
    """Another machine, a name that leads here, a proxy in between, another site: 403, and nothing happens."""
    offered = people(empty, tmp_path)
    for client in ("127.0.0.1", "192.0.2.7"):
        async with served(empty, offered, client=client) as http, unchanged(empty):
            for headers in (each for address, each in ELSEWHERE if address == client):
                answer = await http.post("/enter/regulator-1", headers={**HERE, **headers})
                assert (403, None) == (answer.status_code, answer.headers.get("set-cookie")), headers


async def test_without_a_demo_there_is_no_such_address(empty: World):
    """Neither the buttons nor what they would call."""
    async with served(empty, ()) as http:
        assert "/enter/" not in (await http.get("/")).text
        assert (await http.post("/enter/regulator-1", headers=HERE)).status_code in (404, 405)


@pytest.mark.parametrize(
    "changed", [{"KILNWOOD_SIMULATED": "no"}, {"KILNWOOD_HOST": "::"}, {"KILNWOOD_HOST": "192.0.2.7"}]
)
def test_a_region_that_is_real_or_reachable_does_not_start_with_it(changed: dict[str, str]):
    """Only a simulated region on loopback takes the setting."""
    demo = {"KILNWOOD_DEMO_PEOPLE": "people.json", "KILNWOOD_SIMULATED": "yes", "KILNWOOD_PLAIN_HTTP": "yes"}
    assert "people.json" == read_settings(demo).demo_people
    with pytest.raises(BadSetting, match="KILNWOOD_DEMO_PEOPLE"):
        read_settings(demo | changed)


@pytest.mark.parametrize(
    "url",
    [
        *("http://registry.example", "https://registry.example/", "https://registry.example/x", "registry.example"),
        *(
            "https://a:b@registry.example",
            "https://Registry.example",
            "ftp://registry.example",
            "https://",
            "https://x:0",
        ),
    ],
)
def test_a_site_is_an_address_of_https(url: str):
    """Browsers compare it letter by letter, and make passkeys in safe places alone."""
    with pytest.raises(BadSetting, match="KILNWOOD_SITE_URL"):
        read_settings({"KILNWOOD_SITE_URL": url})


def test_the_site_is_where_it_listens_unless_it_is_said():
    """On loopback by its name, to which passkeys can belong."""
    assert "http://localhost:8000" == read_settings({}).site_url
    assert (
        "http://192.0.2.7:80"
        == read_settings({"KILNWOOD_HOST": "192.0.2.7", "KILNWOOD_PORT": "80", "KILNWOOD_PLAIN_HTTP": "yes"}).site_url
    )
    assert "https://registry.example" == read_settings({"KILNWOOD_SITE_URL": "https://registry.example"}).site_url
    takes = {"https://registry.example": True, "http://localhost:8000": True, "http://192.0.2.7:80": False}
    assert takes == {url: SiteAddress(url).takes_passkeys for url in takes}
