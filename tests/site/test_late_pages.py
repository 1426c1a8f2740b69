"""Operations that got a page late: credits given up, a beneficiary corrected and looked for, a notice commented on."""

from tests.registry.projects.life import life_of
from tests.site.test_office_pages import form_of, signed_in
from tests.worlds import World


async def test_credits_are_given_up_after_a_look(delivered: World):
    """Too many are refused with both numbers in words; else the serials are shown, and then ended."""
    bank = delivered.party("bank")
    path, action = f"/accounts/{bank.account_id}/cancel", "/v1/cancellations"
    refused = await delivered.http.get(f"{path}?quantity_kg=99999999999", headers=signed_in(bank.key))
    assert (True, False) == ("99,999,999,999" in refused.text or "99999999999" in refused.text, action in refused.text)
    shown = await delivered.http.get(f"{path}?quantity_kg=7", headers=signed_in(bank.key))
    fields = {**form_of(shown.text, action), "reason": "A slip of the pen"}
    assert "7" == fields["quantity_kg:int"]
    done = await delivered.http.post(action, data=fields, headers=signed_in(bank.key))
    assert 303 == done.status_code, done.text[-500:]
    ended = await delivered.http.get(done.headers["location"])
    assert (True, True) == ("7 kg were cancelled" in ended.text, "A slip of the pen" in ended.text)
    other = await delivered.http.get(path, headers=signed_in(delivered.party("solar").key))
    assert other.status_code in {403, 404}


async def test_a_beneficiary_is_corrected_by_the_claimant_and_found_by_them_alone(delivered: World):
    """The form is on the claimant's page of the retirement; the list has the field for visitors who are signed in."""
    bank = delivered.party("bank")
    claim = await delivered.contribution("bank")
    body = {
        "account_id": bank.account_id,
        "claim_id": claim,
        "quantity_kg": 5,
        "reason": "-",
        "beneficiary": "Wang Wie",
    }
    retired = (await delivered.ok("/v1/retirements", body, by=bank.key))["retirements"][0]["receipt_id"]
    page, action = f"/retirements/{retired}", f"/v1/retirements/{retired}/corrections"
    assert action not in (await delivered.http.get(page, headers=signed_in(delivered.party("solar").key))).text
    shown = (await delivered.http.get(page, headers=signed_in(bank.key))).text
    fields = {**form_of(shown, action), "beneficiary": "Wang Wei", "reason": "A slip of the pen"}
    same = await delivered.http.post(action, data={**fields, "beneficiary": "Wang Wie"}, headers=signed_in(bank.key))
    assert (422, True) == (same.status_code, "Nothing would change" in same.text)
    fields = {**form_of(shown, action), "beneficiary": "Wang Wei", "reason": "A slip of the pen"}
    fields["_key"] = delivered.next_key()
    done = await delivered.http.post(action, data=fields, headers=signed_in(bank.key))
    assert (303, f"{page}?done=corrected") == (done.status_code, done.headers.get("location")), done.text[-500:]
    for key, field, found in ((bank.key, True, True), (delivered.party("solar").key, True, False)):
        listed = await delivered.http.get("/retirements?beneficiary=Wang+Wei", headers=signed_in(key))
        assert (200, field) == (listed.status_code, 'name="beneficiary"' in listed.text)
        assert found == (f'href="{page}"' in listed.text)
    assert 'name="beneficiary"' not in (await delivered.http.get("/retirements")).text


async def test_a_notice_is_commented_on_beside_its_objections(issued: World):
    """By anybody who is signed in, while it runs."""
    life = await life_of(issued)
    project = await life.project("public_notice")
    page, action = f"/projects/{project}", f"/v1/projects/{project}/comments"
    assert action not in (await issued.http.get(page)).text
    shown = (await issued.http.get(page, headers=signed_in(life.developer))).text
    fields = {**form_of(shown, action), "text": "The map is <b>upside</b> down"}
    done = await issued.http.post(action, data=fields, headers=signed_in(life.developer))
    assert 303 == done.status_code, done.text[-500:]
    assert "The map is &lt;b&gt;upside&lt;/b&gt; down" in (await issued.http.get(page)).text
