"""Issuance: two people, one number line, and the buffer of the forest."""

from tests.registry.credits import steps
from tests.registry.credits.steps import SMALL_KILN, SMALL_KILN_KG
from tests.worlds import World

FOREST_KG, KILN_KG = 7_107_000, 3_619_000


async def proposal(world: World, body: dict[str, object]) -> dict[str, object]:
    """The first regulator's half; answers what the second sends."""
    proposed = await world.ok("/v1/approvals", {"body": body, "reason": "test"}, by=world.regulators[0])
    return {"approval_id": proposed["id"], "body": body}


async def test_a_second_person_issues(issued: World):
    """The proposer is refused; the other regulator gets the serials of every kilogram."""
    report = await steps.verified_report(issued, "kiln", SMALL_KILN, 2025)
    order = await proposal(issued, steps.issue_body(report, issued.party("kiln").account_id))
    first, second = issued.regulators
    assert (403, "same-person") == steps.refusal(await issued.post("/v1/issuances", order, by=first))
    made = await issued.ok("/v1/issuances", order, by=second)
    assert ("SC-CDCER-0002-2025-01:1-14000kg", SMALL_KILN_KG, 0) == (
        made["serials"],
        made["quantity_kg"],
        made["buffer_kg"],
    )
    assert KILN_KG + SMALL_KILN_KG == await issued.active_kg("kiln")
    assert made == (await issued.get(f"/v1/issuances/{made['code']}")).json()


async def test_a_report_is_issued_once(issued: World):
    """A second approval for the same report is refused, to either regulator."""
    order = await proposal(issued, steps.issue_body(issued.season.reports["kiln"], issued.party("kiln").account_id))
    answer = await issued.post("/v1/issuances", order, by=issued.regulators[1])
    assert (409, "wrong-state") == steps.refusal(answer)


async def test_an_approval_issues_once(issued: World):
    """The same approval under another key finds it used, and nothing more is issued."""
    report = await steps.verified_report(issued, "kiln", SMALL_KILN, 2025)
    order = await proposal(issued, steps.issue_body(report, issued.party("kiln").account_id))
    await issued.ok("/v1/issuances", order, by=issued.regulators[1])
    again = await issued.post("/v1/issuances", order, by=issued.regulators[1])
    assert (409, "approval-closed") == steps.refusal(again)
    assert KILN_KG + SMALL_KILN_KG == await issued.active_kg("kiln")


async def test_a_refused_issuance_leaves_the_approval_open(issued: World):
    """To somebody else's account: refused whole, so that report and approval are as they were."""
    report = await steps.verified_report(issued, "kiln", SMALL_KILN, 2025)
    order = await proposal(issued, steps.issue_body(report, issued.party("forest").account_id))
    answer = await issued.post("/v1/issuances", order, by=issued.regulators[1])
    assert (422, "wrong-account") == steps.refusal(answer)
    approval = (await issued.get(f"/v1/approvals/{order['approval_id']}", by=issued.regulators[0])).json()
    assert "open" == approval["state"]
    assert "verified" == (await issued.get(f"/v1/reports/{report}")).json()["state"]


async def test_another_body_than_the_approved_one_is_refused(issued: World):
    """Two people agree on an exact body; a second pair of eyes on other numbers is none."""
    report = await steps.verified_report(issued, "kiln", SMALL_KILN, 2025)
    order = await proposal(issued, steps.issue_body(report, issued.party("kiln").account_id))
    changed = {**order, "body": steps.issue_body(report, issued.party("forest").account_id)}
    answer = await issued.post("/v1/issuances", changed, by=issued.regulators[1])
    assert (409, "approval-body-changed") == steps.refusal(answer)


async def test_a_freeze_stops_issuance(issued: World):
    """Of the account or of the project; with both lifted, the same approval issues."""
    report = await steps.verified_report(issued, "kiln", SMALL_KILN, 2025)
    kiln = issued.party("kiln")
    order = await proposal(issued, steps.issue_body(report, kiln.account_id))
    for scope, target in (("account", kiln.account_id), ("project", issued.season.projects["kiln"])):
        frozen = await steps.freeze(issued, scope, target)
        answer = await issued.post("/v1/issuances", order, by=issued.regulators[1])
        assert (scope, 409, "frozen") == (scope, *steps.refusal(answer))
        await steps.lift(issued, frozen["id"])
    await issued.ok("/v1/issuances", order, by=issued.regulators[1])


async def test_unknown_things_are_not_issued(issued: World):
    """A report or an account that does not exist is 404, a body of another operation 400."""
    report = await steps.verified_report(issued, "kiln", SMALL_KILN, 2025)
    for body in (steps.issue_body(999, 1), steps.issue_body(report, 999)):
        order = await proposal(issued, body)
        assert (404, "not-found") == steps.refusal(await issued.post("/v1/issuances", order, by=issued.regulators[1]))
    other = {"operation": "reissue_key", "person_id": issued.party("kiln").person_id}
    order = await proposal(issued, other)
    assert (400, "invalid-request") == steps.refusal(await issued.post("/v1/issuances", order, by=issued.regulators[1]))


async def test_the_buffer_is_a_tenth_rounded_up_to_the_tonne(issued: World):
    """From the end of the issuance; what a single tonne leaves for its developer is nothing."""
    for year, (area_ha, issued_t, buffer_t) in enumerate([(1, 1, 1), (10, 10, 1), (11, 11, 2), (94, 100, 10)], 2025):
        made = await steps.issue(issued, "forest", steps.small_forest(area_ha), year)
        assert (issued_t * 1000, buffer_t * 1000) == (made["quantity_kg"], made["buffer_kg"])
        found = (await issued.get(f"/v1/issuances/{made['code']}/conservation")).json()
        assert ((issued_t - buffer_t) * 1000, buffer_t * 1000, True) == (
            found["active_kg"],
            found["buffer_kg"],
            found["conserved"],
        )
        text = await steps.rows(issued, "select note_text from registry.statement where type = 'buffer/v1' order by id")
        assert f'"ranges":[[{(issued_t - buffer_t) * 1000 + 1},{issued_t * 1000}]]' in text[-1][0]


async def test_the_number_line_has_no_gap(issued: World):
    """Issuances follow each other to the kilogram, whatever they belong to; a refused one takes no number."""
    report = await steps.verified_report(issued, "kiln", SMALL_KILN, 2025)
    order = await proposal(issued, steps.issue_body(report, issued.party("forest").account_id))
    await issued.post("/v1/issuances", order, by=issued.regulators[1])
    await steps.issue(issued, "forest", steps.small_forest(10), 2025)
    await issued.decide("/v1/issuances", steps.issue_body(report, issued.party("kiln").account_id))
    spans = await steps.rows(issued, "select lower(span) lo, upper(span) hi from registry.issuance order by id")
    edges = [1, FOREST_KG, KILN_KG, 10_000, SMALL_KILN_KG]
    assert [(sum(edges[:n]), sum(edges[: n + 1])) for n in range(1, 5)] == [(row["lo"], row["hi"]) for row in spans]


async def test_sequences_count_within_project_and_vintage(issued: World):
    """A second report of one year is issued as -02."""
    await steps.at(issued, "2026-01-06T01:00:00Z")
    codes = []
    for begins, ends in (("2025-01-01", "2025-06-30"), ("2025-07-01", "2025-12-31")):
        kiln, vvb = issued.party("kiln"), issued.party("vvb")
        evidence = await issued.season.document(f"Gas meter {begins}", by=kiln.key)
        body = {"begins": begins, "ends": ends, "activity": SMALL_KILN, "documents": [evidence]}
        report = await issued.ok(f"/v1/projects/{issued.season.projects['kiln']}/reports", body, by=kiln.key)
        sha256 = await issued.season.document(f"Half a year {begins}", by=vvb.key)
        await issued.ok(f"/v1/reports/{report['id']}/verify", {"why": "Ok", "report_sha256": sha256}, by=vvb.key)
        made = await issued.decide("/v1/issuances", steps.issue_body(report["id"], kiln.account_id))
        codes.append(made["code"])
    assert ["SC-CDCER-0002-2025-01", "SC-CDCER-0002-2025-02"] == codes


async def test_issuances_are_public(issued: World):
    """Anybody lists them, of one project too; an unknown code is 404."""
    everything = (await issued.get("/v1/issuances")).json()["items"]
    assert ["SC-CDCER-0001-2024-01", "SC-CDCER-0002-2024-01"] == [each["code"] for each in everything]
    project = issued.season.projects["kiln"]
    assert everything[1:] == (await issued.get(f"/v1/issuances?project_id={project}")).json()["items"]
    for path in ("/v1/issuances/SC-CDCER-0009-2024-01", "/v1/issuances/SC-CDCER-0009-2024-01/conservation"):
        assert (404, "not-found") == steps.refusal(await issued.get(path))
