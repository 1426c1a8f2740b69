"""The pages of those who decide, book, look on and hold: what each role sees, and what strangers are refused."""

import re

from tests.worlds import World

HERE = {"Origin": "http://registry.test", "Host": "registry.test"}


def signed_in(key: str) -> dict[str, str]:
    """The headers of a browser of somebody."""
    return {**HERE, "Authorization": f"Bearer {key}"}


def form_of(text: str, action: str) -> dict[str, str]:
    """The hidden fields of the form of *action* on a page."""
    form = re.search(rf'<form class="do" method="post" action="{re.escape(action)}".*?</form>', text, re.DOTALL)
    assert form, action
    return {
        name: value.replace("&#34;", '"').replace("&amp;", "&")
        for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form[0])
    }


async def test_a_role_is_agreed_on_by_two_people(issued: World):
    """The second sees words, bytes and both names; what the form sends is carried out; the first is not offered it."""
    first, second = issued.regulators
    person, _ = await issued.person("Newcomer <b>")
    body = {"operation": "grant_role", "person_id": person, "organisation_id": issued.party("bank").organisation_id, "role": "enterprise"}
    made = (await issued.post("/v1/approvals", {"body": body, "reason": "It <i>has</i> to be"}, by=first)).json()
    path = f"/approvals/{made['id']}"
    own = await issued.http.get(path, headers=signed_in(first))
    assert (200, True) == (own.status_code, "you proposed this yourself" in own.text), own.text[-3000:]
    assert "Carry it out" not in own.text
    seen = await issued.http.get(path, headers=signed_in(second))
    assert (made["sha256"] in seen.text, "<b>" in seen.text, "Newcomer &lt;b&gt;" in seen.text) == (True, False, True)
    fields = form_of(seen.text, "/v1/grants")
    stolen = await issued.http.post("/v1/grants", data=fields, headers=signed_in(first))
    assert (403, True) == (stolen.status_code, "another person has to carry it out" in stolen.text)
    done = await issued.http.post("/v1/grants", data=fields, headers=signed_in(second))
    assert (303, f"{path}?done=carried_out") == (done.status_code, done.headers.get("location"))
    after = await issued.http.get(path, headers=signed_in(second))
    assert "carried out" in after.text
    assert 1 <= (await issued.http.get("/approvals", headers=signed_in(first))).text.count(path)


async def test_a_rejection_says_why_and_by_whom(issued: World):
    """Either withdraws it with a reason, which stands beside the proposal."""
    first, second = issued.regulators
    body = {"operation": "grant_role", "person_id": 1, "organisation_id": issued.party("bank").organisation_id, "role": "enterprise"}
    made = (await issued.post("/v1/approvals", {"body": body, "reason": "Perhaps"}, by=first)).json()
    path = f"/approvals/{made['id']}"
    page = await issued.http.get(path, headers=signed_in(second))
    action = f"/v1{path}/withdraw"
    done = await issued.http.post(
        action, data={**form_of(page.text, action), "reason": "Not <now>"}, headers=signed_in(second)
    )
    assert 303 == done.status_code
    after = await issued.http.get(path, headers=signed_in(first))
    assert ("Not &lt;now&gt;" in after.text, "Carry it out" in after.text) == (True, False)
    bare = (await issued.post("/v1/approvals", {"body": body, "reason": "Again"}, by=first)).json()
    assert 201 == (await issued.post(f"/v1/approvals/{bare['id']}/withdraw", by=first)).status_code
