"""Annulments on pages: they come first, and two regulators annul by forms."""

import re

from tests.probes import as_owner
from tests.registry.credits import steps
from tests.registry.credits.annulment.test_annul import REASON, annul, retired_for
from tests.worlds import World

FORM = {"Content-Type": "application/x-www-form-urlencoded", "Origin": "http://registry.test", "Accept": "text/html"}


async def page(world: World, address: str, by: str = "") -> str:
    """A page as somebody sees it."""
    headers = {"Accept": "text/html", "Accept-Language": "en"} | ({"Cookie": f"__Host-kilnwood={by}"} if by else {})
    answer = await world.http.get(address, headers=headers)
    assert 200 == answer.status_code, answer.text
    return answer.text


def fields(text: str, action: str) -> dict[str, str]:
    """The hidden fields of the form of one action."""
    form = re.search(rf'<form class="do" method="post" action="{action}".*?</form>', text, re.DOTALL)
    assert form, f"no form of {action}"
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form[0]))


async def send(world: World, action: str, values: dict[str, str], by: str) -> str:
    """Send a form as a browser does; answers where it leads."""
    headers = {**FORM, "Cookie": f"__Host-kilnwood={by}"}
    answer = await world.http.post(action, data=values, headers=headers)
    assert 303 == answer.status_code, answer.text
    return str(answer.headers["Location"])


async def test_two_regulators_annul_by_forms(delivered: World):
    """One proposes on the claim's page, the other carries the very body out there; nobody else is offered either."""
    claim_id, receipt = await retired_for(delivered, 5)
    first, second = delivered.regulators
    for address in (f"/retirements/{receipt}", f"/claims/{claim_id}"):
        for by in ("", delivered.party("scenic").key):
            assert "annul_statement" not in await page(delivered, address, by)
        values = fields(await page(delivered, address, first), "/v1/approvals") | {"body.reason": "Two\r\nlines"}
        assert address == await send(delivered, "/v1/approvals", values, first)
        proposed = await page(delivered, address, first)
        assert "You proposed it" in proposed
        assert 'action="/v1/annulments"' not in proposed
        values = fields(await page(delivered, address, second), "/v1/annulments")
        assert address == await send(delivered, "/v1/annulments", values, second)
        for by in ("", first):
            text = await page(delivered, address, by)
            assert "annul_statement" not in text
            assert text.index("Two\nlines") < text.index('<dl class="facts">')
    reasons = await as_owner(delivered, "select string_agg(reason, '|') from registry.annulment")
    assert "Two\nlines|Two\nlines" == reasons


async def test_an_annulment_comes_first(delivered: World):
    """On the page of the claim, of what was retired for it, in both lists, and on pages of its own."""
    claim_id, receipt = await retired_for(delivered, 5)
    words = {"reason": "Misspelt", "subject": "Launch"}
    await delivered.ok(f"/v1/claims/{claim_id}/corrections", words, by=delivered.party("scenic").key)
    made = await annul(delivered, f"claims/{claim_id}")
    for address in (f"/claims/{claim_id}", f"/retirements/{receipt}"):
        text = await page(delivered, address)
        assert text.index(REASON) < text.index("Misspelt") < text.index('<dl class="facts">')
        assert f'href="/annulments/{made["id"]}"' in text
    assert "(annulled)" in await page(delivered, "/retirements")
    assert ">annulled</span>" in await page(delivered, "/claims?annulled=true")
    assert ">annulled</span>" not in await page(delivered, "/claims?annulled=false")
    assert REASON in await page(delivered, "/annulments?of=claim")
    assert REASON not in await page(delivered, "/annulments?of=retirement")
    assert made["code"] in await page(delivered, f"/annulments/{made['id']}")


async def test_an_annulled_retirement_is_marked_on_its_claim(delivered: World):
    """Among those that count."""
    claim_id, receipt = await retired_for(delivered, 5)
    await steps.retire(delivered, delivered.party("scenic"), claim_id, 5)
    await annul(delivered, f"retirements/{receipt}")
    text = await page(delivered, f"/claims/{claim_id}")
    assert (1, 2) == (text.count("(annulled)"), text.count('<a class="serial" href="/retirements/'))
