"""The simulator's pages over HTTP: what may be chosen, what it comes to, and what is refused."""

import io
import re
import zipfile

import httpx
import pytest

from deploy.simulator.choices import scenarios
from tests.site.crowded import read
from tests.worlds import World

SHORT = "horizon.days=40&policy.deadline_day=35&replications=2&venue.floor_fen_t=100,4000"
"""Of the scenario price-floor: two values, twice, some weeks."""


async def followed(empty: World, address: str, language: str = "en") -> httpx.Response:
    """Ask for a page until its runs are done, as its own header says."""
    for _ in range(60):
        answer = await empty.http.get(address, headers={"Accept-Language": language}, follow_redirects=True)
        if "refresh" not in answer.headers:
            return answer
    raise AssertionError(f"{address} is never done")


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_every_scenario_has_its_question_and_its_form(empty: World, language: str):
    """In both languages, with what its answer can carry, its limits, and a field for every lever and parameter."""
    listed = read((await empty.http.get("/simulator", headers={"Accept-Language": language})).text)
    assert {f"/simulator/{name}" for name in scenarios()} < listed.links
    for name, scenario in scenarios().items():
        page = (await empty.http.get(f"/simulator/{name}", headers={"Accept-Language": language})).text
        said = " ".join(text for _, text in read(page).texts)
        assert getattr(scenario.question, language) in said
        assert getattr(scenario.limits, language) in said
        fields = {attributes.get("name") for tag, attributes in read(page).tags if tag == "input"}
        assert {"replications", "horizon.days", *(each.parameter for each in scenario.lever)} < fields


async def test_a_form_leads_to_the_link_of_what_was_chosen(empty: World):
    """It sends every field; the link has what differs from the scenario, in one order, and the same choices are one link."""
    page = read((await empty.http.get("/simulator/price-floor")).text)
    sent = {
        str(each["name"]): str(each["value"])
        for tag, each in page.tags
        if tag == "input" and each.get("type") != "search"
    }
    chosen = {**sent, "policy.offset_cap_bps": "800", "venue.floor_fen_t": "100, 3000"}
    answer = await empty.http.get("/simulator/price-floor/choose", params=chosen)
    assert 303 == answer.status_code
    link = "/simulator/price-floor/result?policy.offset_cap_bps=800&venue.floor_fen_t=100,3000"
    assert link == answer.headers["location"]
    turned = dict(reversed(chosen.items()))
    assert link == (await empty.http.get("/simulator/price-floor/choose", params=turned)).headers["location"]
    plain = await empty.http.get("/simulator/price-floor/choose", params=sent)
    assert "/simulator/price-floor/result" == plain.headers["location"]
    again = read((await empty.http.get(link.replace("/result", ""))).text)
    shown = {each.get("name"): each.get("value") for tag, each in again.tags if tag == "input"}
    assert ("800", "100,3000") == (shown["policy.offset_cap_bps"], shown["venue.floor_fen_t"])


async def test_a_result_has_its_figures_its_report_and_its_files(empty: World):
    """Played in a process; the report has a policy under which nothing runs, and the files verify."""
    page = await followed(empty, f"/simulator/price-floor/result?{SHORT}")
    assert 200 == page.status_code
    assert "Does a floor raise what developers earn" in page.text
    assert re.search(r"<td class=\"num\">[\d,.]+ ± [\d,.]+</td>", page.text)
    report = await empty.http.get(f"/simulator/price-floor/report?{SHORT}")
    policy = report.headers["content-security-policy"]
    assert {"default-src 'none'", "sandbox allow-downloads"} <= set(policy.split("; "))
    assert "script" not in policy
    archive = zipfile.ZipFile(io.BytesIO((await empty.http.get(f"/simulator/price-floor/run.zip?{SHORT}")).content))
    assert archive.read("report.html") == report.content
    assert {"bundle.json", "scenario.toml", "runs.csv", "journal.msgpack"} < set(archive.namelist())
