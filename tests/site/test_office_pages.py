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


def role_at(world: World, person: int) -> dict[str, object]:
    """The body of a role at the bank."""
    place = world.party("bank").organisation_id
    return {"operation": "grant_role", "person_id": person, "organisation_id": place, "role": "enterprise"}


async def test_a_role_is_agreed_on_by_two_people(issued: World):
    """The second sees words, bytes and both names; what the form sends is carried out; the first is not offered it."""
    first, second = issued.regulators
    person, _ = await issued.person("Newcomer <b>")
    body = {
        "operation": "grant_role",
        "person_id": person,
        "organisation_id": issued.party("bank").organisation_id,
        "role": "enterprise",
    }
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
    body = {
        "operation": "grant_role",
        "person_id": 1,
        "organisation_id": issued.party("bank").organisation_id,
        "role": "enterprise",
    }
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


async def test_an_enterprise_sees_what_ends_before_it_does(delivered: World):
    """Holdings, account, preview of exact serials, and the retirement's page afterwards; sent twice, it ends once."""
    scenic = delivered.party("scenic")
    me, account = signed_in(scenic.key), f"/accounts/{scenic.account_id}"
    for path in ("/holdings", account, f"{account}/trading", f"{account}/transfer", f"{account}/retire"):
        answer = await delivered.http.get(path, headers=me)
        assert 200 == answer.status_code, (path, answer.text[-2000:])
    claim = await delivered.contribution("scenic")
    before_kg = await delivered.active_kg("scenic")
    path = f"{account}/retire?claim_id={claim}&quantity_kg=1%20047"
    preview = await delivered.http.get(path, headers=me)
    assert (200, True) == (preview.status_code, "Retire for good" in preview.text), preview.text[-3000:]
    serials = re.findall(r'<code class="code">(SC-[^<]+kg)</code>', preview.text)
    fields = form_of(preview.text, "/v1/retirements")
    assert before_kg == await delivered.active_kg("scenic")
    sent = {**fields, "reason": "Own use", "beneficiary": "Guest"}
    done = await delivered.http.post("/v1/retirements", data=sent, headers=me)
    assert 303 == done.status_code, done.text[-2000:]
    shown = await delivered.http.get(done.headers["location"], headers=me)
    assert (200, True) == (shown.status_code, all(each in shown.text for each in serials))
    assert before_kg - 1047 == await delivered.active_kg("scenic")
    again = await delivered.http.post("/v1/retirements", data=sent, headers=me)
    assert done.headers["location"] == again.headers["location"]
    assert before_kg - 1047 == await delivered.active_kg("scenic")


async def test_a_preview_is_refused_like_the_retirement(delivered: World):
    """More than is held, nothing that is a number, a serial of somebody else: said on the page, with the numbers."""
    scenic = delivered.party("scenic")
    me, claim = signed_in(scenic.key), await delivered.contribution("scenic")
    for query, said in (
        ("quantity_kg=999999999", "has"),
        ("quantity_kg=many", "how many whole kilograms"),
        ("quantity_kg=1&serial=SC-CDCER-0001-2024-01:7900000-7900000kg", ""),
    ):
        answer = await delivered.http.get(f"/accounts/{scenic.account_id}/retire?claim_id={claim}&{query}", headers=me)
        assert (200, True, False) == (
            answer.status_code,
            'role="alert"' in answer.text,
            "for good</button" in answer.text,
        )
        assert said in answer.text


async def test_a_strangers_account_is_refused(delivered: World):
    """Somebody else's account, its forms, trading and transfers: the API's refusal, as a page; nobody signs in."""
    bank, scenic = delivered.party("bank"), delivered.party("scenic")
    offer = await delivered.ok(
        "/v1/transfers",
        {
            "account_id": scenic.account_id,
            "receiver_id": delivered.party("solar").account_id,
            "quantity_kg": 3,
            "reason": "x",
        },
        by=scenic.key,
    )
    account = f"/accounts/{scenic.account_id}"
    for path in (
        account,
        f"{account}/trading",
        f"{account}/retire",
        f"{account}/transfer",
        f"/transfers/{offer['id']}",
    ):
        refused = await delivered.http.get(path, headers=signed_in(bank.key))
        assert (403, True) == (refused.status_code, "belongs to another organisation" in refused.text), path
        nobody = await delivered.http.get(path, headers=HERE)
        assert (303, True) == (nobody.status_code, nobody.headers["location"].startswith("/sign-in?then=")), path
    assert 404 == (await delivered.http.get("/accounts/999999", headers=signed_in(bank.key))).status_code


async def test_a_transfer_between_two_sides(delivered: World):
    """The sender may withdraw, the receiver accept; each is offered its own."""
    scenic, solar = delivered.party("scenic"), delivered.party("solar")
    action = "/v1/transfers"
    page = await delivered.http.get(f"/accounts/{scenic.account_id}/transfer", headers=signed_in(scenic.key))
    fields = {
        **form_of(page.text, action),
        "receiver_id:int": str(solar.account_id),
        "issuance": "",
        "quantity_kg:int": "47",
        "reason": "A gift",
    }
    offered = await delivered.http.post(action, data=fields, headers=signed_in(scenic.key))
    path = offered.headers["location"]
    theirs = (await delivered.http.get(path, headers=signed_in(scenic.key))).text
    ours = (await delivered.http.get(path, headers=signed_in(solar.key))).text
    assert (True, False) == ("Withdraw the offer" in theirs, ">Accept<" in theirs)
    assert (False, True) == ("Withdraw the offer" in ours, ">Accept<" in ours)
    accept = f"/v1{path.partition('?')[0]}/accept"
    assert (
        303 == (await delivered.http.post(accept, data=form_of(ours, accept), headers=signed_in(solar.key))).status_code
    )
    assert "accepted" in (await delivered.http.get(path, headers=signed_in(solar.key))).text


async def test_a_listing_says_what_it_costs_before_it_is_bought(delivered: World):
    """Tonnes, cost and what is left; then the button buys."""
    forest, scenic = delivered.party("forest"), delivered.party("scenic")
    code = delivered.season.instruments["forest"]
    await delivered.ok(
        "/v1/deposits/credits", {"account_id": forest.account_id, "instrument": code, "quantity_t": 20}, by=forest.key
    )
    made = await delivered.ok(
        "/v1/listings",
        {"instrument": code, "price_fen": 3600, "quantity_t": 20, **forest.next_order()},
        by=forest.key,
    )
    path = f"/listings/{made['id']}?account_id={scenic.account_id}&quantity_t=3"
    assert str(made["id"]) in (await delivered.http.get("/listings", headers=HERE)).text
    page = await delivered.http.get(path, headers=signed_in(scenic.key))
    assert (200, True) == (page.status_code, "108.00" in page.text), page.text[-3000:]
    action = f"/v1/listings/{made['id']}/subscribe"
    bought = await delivered.http.post(action, data=form_of(page.text, action), headers=signed_in(scenic.key))
    assert bought.status_code in {303, 409, 422}


OVERSIGHT = ("/approvals", "/grants", "/restrictions", "/suspensions", "/exports", "/projects/1/decision")
REGULATORS = ("/onboarding", "/clock", "/operations", "/reports/1/issuance")


async def test_overseers_read_and_others_do_not(delivered: World):
    """Each page of the authority answers its regulators; an auditor reads without a form; others are refused."""
    auditor = await auditor_of(delivered)
    for path in (*OVERSIGHT, *REGULATORS, f"/people/{delivered.party('bank').person_id}"):
        seen = await delivered.http.get(path, headers=signed_in(delivered.regulators[0]))
        assert 200 == seen.status_code, (path, seen.text[-2000:])
        refused = await delivered.http.get(path, headers=signed_in(delivered.party("bank").key))
        assert 403 == refused.status_code, path
    for path in OVERSIGHT:
        seen = await delivered.http.get(path, headers=signed_in(auditor))
        assert (200, False) == (seen.status_code, 'action="/v1/' in seen.text.partition("<main")[2]), path
    assert 403 == (await delivered.http.get("/operations", headers=signed_in(auditor))).status_code


async def auditor_of(world: World) -> str:
    """The key of an auditor."""
    person, key = await world.person("Auditor")
    authority = (await world.get("/v1/grants", by=world.regulators[0])).json()["items"][0]["organisation_id"]
    body = {"operation": "grant_role", "person_id": person, "organisation_id": authority, "role": "auditor"}
    await world.decide("/v1/grants", body)
    return key


async def test_a_freeze_by_one_is_lifted_by_two(delivered: World):
    """Frozen from a form; the lift is proposed on the page, and carried out by the other person."""
    first, second = delivered.regulators
    account = delivered.party("bank").account_id
    page = (await delivered.http.get(f"/restrictions?scope=account&target_id={account}", headers=signed_in(first))).text
    fields = {**form_of(page, "/v1/restrictions"), "scope": "account", "target_id:int": str(account), "reason": "Doubt"}
    done = await delivered.http.post("/v1/restrictions", data=fields, headers=signed_in(first))
    assert 303 == done.status_code, done.text[-2000:]
    found = (await delivered.get("/v1/restrictions", by=first)).json()["items"][-1]
    page = (await delivered.http.get(f"/restrictions?lift={found['id']}", headers=signed_in(first))).text
    fields = {**form_of(page, "/v1/approvals"), "body.reason": "Cleared", "reason": "See the file"}
    done = await delivered.http.post("/v1/approvals", data=fields, headers=signed_in(first))
    path = done.headers["location"].partition("?")[0]
    page = (await delivered.http.get(path, headers=signed_in(second))).text
    assert ("Doubt" in page, "Cleared" in page) == (True, True)
    action = "/v1/restrictions/lift"
    assert 303 == (await delivered.http.post(action, data=form_of(page, action), headers=signed_in(second))).status_code
    assert "lifted" in (await delivered.http.get("/restrictions", headers=signed_in(first))).text


async def test_an_operator_sees_whose_account_it_is_before_booking(delivered: World):
    """Owner and amount first; then booked once for its reference; above the limit it is a proposal; halts are there."""
    operator, bank = delivered.party("exchange"), delivered.party("bank")
    me = signed_in(operator.key)
    path = f"/operations?account_id={bank.account_id}&amount=1200.50&reference=B-77"
    page = await delivered.http.get(path, headers=me)
    assert (200, True) == (page.status_code, "Bank of the Two Rivers" in page.text), page.text[-2000:]
    action = "/v1/deposits/cash"
    done = await delivered.http.post(action, data=form_of(page.text, action), headers=me)
    assert (303, True) == (done.status_code, "done=booked" in done.headers["location"])
    again = (await delivered.http.get(path, headers=me)).text
    twice = await delivered.http.post(action, data=form_of(again, action), headers=me)
    assert (409, True) == (twice.status_code, "Booked already" in twice.text)
    large = f"/operations?account_id={bank.account_id}&amount=2000000&reference=B-78"
    page = await delivered.http.get(large, headers=me)
    assert 'action="/v1/deposits/cash"' not in page.text
    fields = {**form_of(page.text, "/v1/approvals"), "reason": "The statement of today"}
    proposed = await delivered.http.post("/v1/approvals", data=fields, headers=me)
    shown = await delivered.http.get(proposed.headers["location"], headers=me)
    assert (200, True) == (
        shown.status_code,
        "2 000 000.00" in shown.text.replace("\u202f", " ").replace("\u2009", " "),
    )
    missing = await delivered.http.get("/operations?account_id=999999&amount=1&reference=x", headers=me)
    assert (200, True) == (missing.status_code, "no such account" in missing.text)


async def test_lists_of_the_authority_are_csv_too(delivered: World):
    """Approvals, roles, freezes and suspensions, for bookkeeping; with the columns where nothing is in them."""
    for path in ("/approvals", "/grants", "/restrictions", "/suspensions"):
        answer = await delivered.http.get(f"{path}.csv", headers=signed_in(delivered.regulators[0]))
        assert (200, True) == (answer.status_code, answer.text.startswith("id,")), path


async def test_usage_is_for_its_own_people(delivered: World):
    """What is used of quotas, for one's own people and overseers."""
    bank = delivered.party("bank")
    path = f"/organisations/{bank.organisation_id}/usage"
    assert 200 == (await delivered.http.get(path, headers=signed_in(bank.key))).status_code
    assert 403 == (await delivered.http.get(path, headers=signed_in(delivered.party("solar").key))).status_code


async def test_a_suspension_is_settled_by_two_others(delivered: World):
    """Its page names both; settling is proposed there by somebody untouched, and seen as before and after."""
    regulators = delivered.regulators
    third, _ = await delivered.member()
    _, fourth = await delivered.member()
    me = signed_in(regulators[0])
    page = (await delivered.http.get(f"/suspensions?person_id={third}", headers=me)).text
    fields = {**form_of(page, "/v1/suspensions"), "person_id:int": str(third), "reason": "A stolen key"}
    assert 303 == (await delivered.http.post("/v1/suspensions", data=fields, headers=me)).status_code
    page = (await delivered.http.get("/suspensions", headers=signed_in(fourth))).text
    fields = {**form_of(page, "/v1/approvals"), "body.outcome": "lift", "reason": "It was found"}
    proposed = await delivered.http.post("/v1/approvals", data=fields, headers=signed_in(fourth))
    assert 303 == proposed.status_code, proposed.text[-1500:]
    seen = await delivered.http.get(proposed.headers["location"], headers=signed_in(regulators[1]))
    assert (200, True) == (seen.status_code, "A stolen key" in seen.text)
    action = "/v1/suspensions/settle"
    done = await delivered.http.post(action, data=form_of(seen.text, action), headers=signed_in(regulators[1]))
    assert 303 == done.status_code, done.text[-1500:]
