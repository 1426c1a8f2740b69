"""Co-benefits and labels of a project: recorded by the regulator with their source, shown to everybody."""

from registry.methodologies.catalogue import catalogue
from registry.projects.service.attributes import traits_in
from schemas.attributes import PROJECT_TYPES, Traits
from tests.probes import refused, unchanged
from tests.worlds import World

SAID = {
    "co_benefits": [15, 13],
    "labels": ["CCP-ELIGIBLE"],
    "source": "Validation report, p. 31; the programme's list of 2025-01-01",
    "why": "As validated",
}


async def test_the_regulator_records_what_a_project_has(issued: World):
    """The newest record counts, those before stay; the type is that of the methodology."""
    regulator, project = issued.regulators[0], issued.season.projects["forest"]
    path = f"/v1/projects/{project}/attributes"
    assert [] == (await issued.get(path)).json()["items"]
    first = await issued.ok(path, SAID, by=regulator)
    assert ([13, 15], ["CCP-ELIGIBLE"], SAID["source"]) == (first["co_benefits"], first["labels"], first["source"])
    async with issued.db.reading() as tx:
        found = await traits_in(tx, [project, issued.season.projects["kiln"], 999_999])
    assert {
        project: Traits("forestry", frozenset({13, 15}), frozenset({"CCP-ELIGIBLE"})),
        issued.season.projects["kiln"]: Traits("manufacturing"),
    } == found
    second = await issued.ok(path, {**SAID, "labels": []}, by=regulator)
    assert [first, second] == (await issued.get(path)).json()["items"]
    headers = {"Accept": "text/html", "Accept-Language": "en", "Cookie": f"__Host-kilnwood={regulator}"}
    page = (await issued.http.get(f"/projects/{project}", headers=headers)).text
    said = ("goals 13 Climate action; 15 Life on land", "CCP-ELIGIBLE", "Record them")
    assert [True, False, True] == [each in page for each in said]
    assert "Record them" not in (await issued.get(f"/projects/{project}")).text


async def test_what_is_no_co_benefit_and_no_label_is_refused(issued: World):
    """And so is what anybody but a regulator records, of a project that is not registered, or without a source."""
    regulator, project = issued.regulators[0], issued.season.projects["forest"]
    path = f"/v1/projects/{project}/attributes"
    async with unchanged(issued):
        for wrong in (
            {"co_benefits": [18]},
            {"co_benefits": [0]},
            {"co_benefits": [13, 13]},
            {"labels": ["ccp"]},
            {"labels": ["A"]},
            {"labels": ["TWICE", "TWICE"]},
            {"source": ""},
        ):
            refused(await issued.post(path, {**SAID, **wrong}, by=regulator), 400, "invalid-request")
        refused(await issued.post(path, SAID, by=issued.party("forest").key), 403, "denied", "regulator")
        refused(await issued.post("/v1/projects/999999/attributes", SAID, by=regulator), 404, "not-found")
    body = {"name": "Another", "methodology": "forest-sink", "location": "Here", "description": "Trees"}
    body |= {"crediting_begins": "2025-01-01", "crediting_ends": "2035-01-01"}
    forest = issued.party("forest")
    draft = await issued.ok("/v1/projects", {**body, "organisation_id": forest.organisation_id}, by=forest.key)
    answer = await issued.post(f"/v1/projects/{draft['id']}/attributes", SAID, by=regulator)
    refused(answer, 409, "wrong-state", "takes one that is registered")


def test_every_methodology_of_reductions_has_a_type():
    """One of the sectoral scopes; footprints have none."""
    assert 15 == len(PROJECT_TYPES)
    found = {each.id: each.project_type for each in catalogue()}
    assert {each.id for each in catalogue() if each.kind == "reduction"} == {name for name in found if found[name]}
