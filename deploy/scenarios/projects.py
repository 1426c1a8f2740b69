"""From a project's first draft to its issued credits: notice, monitoring, verification and two people's decision."""

from typing import Any

from deploy.scenarios.cast import (
    DESIGNS,
    FOREST_ACTIVITY,
    KILN_ACTIVITY,
    NOTICE_IS_OVER,
    NOTICE_LAST_EVENING,
    NOTICE_OPENS,
    SEASON_OPENS,
    Season,
    Story,
    expect,
)
from schemas.serials import KG_PER_T


async def submit_projects(season: Season) -> Story:
    """Both developers draft a project, attach its design document and submit it."""
    drafts = {
        "forest": ("Longquan hills forest sink 龙泉山碳汇林", "forest-sink", "Longquan hills, 19,005 mu of fir"),
        "kiln": (
            "Pharmaceutical glass kiln, gas to electricity 药玻窑炉气改电",
            "kiln-electrification",
            "Qingbaijiang",
        ),
    }
    for word, (name, methodology, location) in drafts.items():
        party = season.parties[word]
        pdd = await season.document(f"Project design document: {name}", by=party.key)
        body = {
            "organisation_id": party.organisation_id,
            "name": name,
            "methodology": methodology,
            "location": location,
            "crediting_begins": "2024-01-01",
            "crediting_ends": "2033-12-31",
            "description": f"{name}. Design document {pdd[:12]}…",
            "documents": [pdd],
            **DESIGNS[word],
        }
        project = await season.api.post("/v1/projects", body, by=party.key)
        season.projects[word] = project["id"]
        await season.api.post(f"/v1/projects/{project['id']}/submit", {"why": "Ready for validation"}, by=party.key)
    return ["A forest of 1,267 ha and a glass kiln that changes from gas to electricity, drafted and submitted."]


async def validate_projects(season: Season) -> Story:
    """An independent verifier validates both."""
    vvb = season.parties["vvb"]
    for word, project_id in season.projects.items():
        report = await season.document(f"Validation report of the {word} project", by=vvb.key)
        body = {"why": "Meets its methodology", "report_sha256": report}
        await season.api.post(f"/v1/projects/{project_id}/validate", body, by=vvb.key)
    return ["Tianfu Verification validates both; it shares no owner and no person with either developer."]


async def run_public_notice(season: Season) -> Story:
    """Seven working days in public; registering on the last evening is refused."""
    await season.set_clock(NOTICE_OPENS)
    ends = ""
    for project_id in season.projects.values():
        opened = await season.api.post(
            f"/v1/projects/{project_id}/notice", {"why": "Validated"}, by=season.regulators[0]
        )
        ends = opened["notice_ends"]
    await season.api.post(
        f"/v1/projects/{season.projects['forest']}/comments",
        {"text": "Which plots are planted before 2000? 2000年以前的林班怎么算？"},
        by=season.parties["scenic"].key,
    )
    objection = {
        "name": "A villager 村民",
        "contact": "+86 28 0000 0000",
        "text": "Is the spring fenced in? 泉水会围起来吗？",
    }
    await season.api.post(f"/v1/projects/{season.projects['forest']}/objections", objection, by="")
    await season.set_clock(NOTICE_LAST_EVENING)
    early = await season.api.post(
        f"/v1/projects/{season.projects['forest']}/register",
        {"why": "Notice seems over"},
        by=season.regulators[0],
        status=409,
    )
    expect("last day of the notice", "2023-12-12", ends)
    return [
        f"Opened on Friday 2023-12-01, counted from the 4th, seven working days: to the end of {ends} in Shanghai.",
        f"{objection['name']} objects, without any account: {objection['text']}",
        f"Refused on the last evening: {early['detail']}",
    ]


async def register_projects(season: Season) -> Story:
    """The notice is over, and the regulator registers both once a villager's objection has its answer."""
    await season.set_clock(NOTICE_IS_OVER)
    forest, by = season.projects["forest"], season.regulators[1]
    why = {"why": "Nothing speaks against it"}
    answer = {"text": "It stays open: the project fences in nothing. 泉水保持开放。"}
    await season.api.post(f"/v1/projects/{forest}/answers", answer, by=by)
    for project_id in season.projects.values():
        await season.api.post(f"/v1/projects/{project_id}/register", why, by=by)
    return [
        f"The objection is answered: {answer['text']}",
        "Both projects are registered. 登记完成。",
    ]


async def file_reports(season: Season) -> Story:
    """A year later the developers report; the kiln is first tried with the national grid factor."""
    await season.set_clock(SEASON_OPENS)
    national = {**KILN_ACTIVITY, "grid_region": "CN"}
    refused = await season.api.post(
        f"/v1/projects/{season.projects['kiln']}/reports",
        _report(national, []),
        by=season.parties["kiln"].key,
        status=422,
    )
    sentence = refused["detail"].partition(". ")[0]  # what follows it are the terms, which stand below
    story = [f"Kiln under the national grid factor, refused: {sentence}."]
    story += [f"   {term}" for term in refused["terms"]]
    expected = {"forest": 7_107, "kiln": 3_619}
    for word, activity in (("forest", FOREST_ACTIVITY), ("kiln", KILN_ACTIVITY)):
        key = season.parties[word].key
        evidence = await season.document(f"Monitoring data of the {word} project, 2024", by=key)
        report = await season.api.post(
            f"/v1/projects/{season.projects[word]}/reports", _report(activity, [evidence]), by=key
        )
        season.reports[word] = report["id"]
        reduction = report["reduction"]
        expect(f"{word} tonnes", expected[word], reduction["issuable_t"])
        story.append(
            f"{word.capitalize()}: {reduction['unrounded_t'][:12]} t, so {reduction['issuable_t']:,} t can be issued; "
            f"{reduction['lapses_kg']} kg lapse."
        )
    return story


def _report(activity: dict[str, Any], documents: list[str]) -> dict[str, Any]:
    return {"begins": "2024-01-01", "ends": "2024-12-31", "activity": activity, "documents": documents}


async def verify_reports(season: Season) -> Story:
    """The verifier confirms both monitoring reports."""
    vvb = season.parties["vvb"]
    for word, report_id in season.reports.items():
        sha256 = await season.document(f"Verification report of the {word} project, 2024", by=vvb.key)
        body = {"why": "Data and arithmetic confirmed", "report_sha256": sha256}
        await season.api.post(f"/v1/reports/{report_id}/verify", body, by=vvb.key)
    return ["Both monitoring reports are verified."]


async def issue_credits(season: Season) -> Story:
    """One regulator proposes, the other issues; the proposer alone cannot."""
    story = []
    for word, report_id in season.reports.items():
        body = {
            "operation": "issue_credits",
            "report_id": report_id,
            "account_id": season.parties[word].account_id,
        }
        first, second = season.regulators
        proposed = await season.api.post("/v1/approvals", {"body": body, "reason": "Verified report"}, by=first)
        order = {"approval_id": proposed["id"], "body": body}
        if word == "forest":
            alone = await season.api.post("/v1/issuances", order, by=first, status=403)
            story.append(f"The proposer alone is refused: {alone['detail']}")
        issued = await season.api.post("/v1/issuances", order, by=second)
        season.issuances[word] = issued["code"]
        buffer_t = issued["buffer_kg"] // KG_PER_T
        story.append(f"{issued['serials']}" + (f", of which {buffer_t} t go to the buffer." if buffer_t else "."))
    return story
