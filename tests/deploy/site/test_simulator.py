"""The simulator's pages over HTTP: what may be chosen, what it comes to, and what is refused."""

import io
import re
import zipfile

import httpx
import pytest

from deploy.simulator import workshop
from deploy.simulator.choices import scenarios
from deploy.site import city
from exchange.simulation.charts.frame import Language
from exchange.simulation.presets import PRESET
from exchange.simulation.report.sheet import opened_in
from registry.access.rates import SIMULATIONS, Rates, TooManyRequests
from registry.kit.site.frame import TEMPLATES
from registry.kit.site.language import languages
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
        assert {
            "replications",
            "horizon.days",
            *(each.parameter for each in scenario.lever if each.parameter != PRESET),
        } < fields


async def test_a_form_leads_to_the_link_of_what_was_chosen(empty: World):
    """It sends every field; the link has what differs from the scenario, and the same choices are one link."""
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
    spoken: tuple[tuple[Language, str], ...] = (("en", "en-GB"), ("zh", "zh-CN"))
    for language, code in spoken:
        said = await empty.http.get(f"/simulator/price-floor/report?{SHORT}", headers={"accept-language": code})
        assert said.text == opened_in(archive.read("report.html").decode(), language)
        assert (language, True) == (said.headers["content-language"], f'id="{language}" checked>' in said.text)
    assert {"bundle.json", "scenario.toml", "runs.csv", "journal.msgpack"} < set(archive.namelist())


REFUSED = (
    ("/simulator/weather", 404, "There is no scenario weather.", "没有名为 weather 的情景"),
    ("/simulator/price-floor/result?policy.offset_cap_bps=2001", 422, "must lie from 0 to 2000", "应在 0 至 2000"),
    ("/simulator/price-floor/result?policy.offset_cap_bps=x", 422, "a whole number from 0 to 2000", "0 至 2000 的整数"),
    (
        "/simulator/price-floor/result?policy.offset_cap_bps=１",
        422,
        "a whole number from 0 to 2000",
        "0 至 2000 的整数",
    ),
    ("/simulator/price-floor/result?policy.nothing=1", 422, "no parameter of this scenario", "没有这个参数"),
    ("/simulator/price-floor/result?venue.floor_fen_t=100", 422, "takes 2 to 8 values", "2 至 8 个取值"),
    ("/simulator/price-floor/result?venue.floor_fen_t=100,100", 422, "has the same value twice", "有重复的取值"),
    (
        "/simulator/price-floor/result?venue.floor_fen_t=100,x",
        422,
        "a whole number from 1 to 12000",
        "1 至 12000 的整数",
    ),
    ("/simulator/price-floor/result?replications=11", 422, "must lie from 1 to 10", "应在 1 至 10"),
    ("/simulator/price-floor/result?replications=10", 422, "These choices take 50 runs; 30 at most", "共需 50 次运行"),
    ("/simulator/price-floor/result?venue.ceiling_fen_t=1000", 422, "is above the ceiling", "高于上限"),
    ("/simulator/price-floor/result?horizon.days=1095", 422, "too much to play here", "超出这里的运行上限"),
    ("/simulator/price-floor?x=" + "9" * 8_000, 400, "at most 8000 characters", "最多 8000 个字符"),
    ("/simulator/city?rounds=22000", 400, "at most 10 rounds", "最多 10 轮"),
    ("/simulator/city?rounds=220009", 400, "digits from 0 to 4", "0 至 4 的数字"),
    ("/simulator/city?rounds=" + ".".join(["220000"] * 11), 400, "at most 10 rounds", "最多 10 轮"),
    ("/simulator/city?cap=2&local=2", 400, "each has 6 digits", "每轮 6 位"),
)


@pytest.mark.parametrize(("address", "status", "english", "chinese"), REFUSED)
async def test_what_cannot_be_played_is_refused_in_both_languages(
    empty: World, address: str, status: int, english: str, chinese: str
):
    """With the numbers and what to do; nothing is played."""
    for language, said in (("en", english), ("zh", chinese)):
        answer = await empty.http.get(address, headers={"Accept-Language": language})
        assert status == answer.status_code, answer.text
        assert said in " ".join(text for _, text in read(answer.text).texts)


async def test_a_wrong_value_is_shown_where_it_was_entered(empty: World):
    """The form again, with what was entered and what is wrong with it."""
    answer = await empty.http.get("/simulator/price-floor/choose?policy.offset_cap_bps=2001&replications=3")
    assert 422 == answer.status_code
    (field,) = re.findall(r'<div class="field wrong">(.*?)</div>', answer.text, re.DOTALL)
    assert 'name="policy.offset_cap_bps"' in field
    assert 'value="2001"' in field
    assert "is 2001 and must lie from 0 to 2000" in field
    assert re.search(r'name="replications" type="number" value="3"', answer.text)


async def test_who_asks_for_too_much_at_once_is_told_when_to_come_again(empty: World, monkeypatch: pytest.MonkeyPatch):
    """503 with a time; the same link is played later, and what was played before is still shown."""
    address = "/simulator/city?rounds=220000"
    await followed(empty, address)
    monkeypatch.setattr(workshop, "MOST_JOBS", 0)
    assert 200 == (await empty.http.get(address)).status_code
    busy = await empty.http.get("/simulator/city?rounds=220001", headers={"Accept-Language": "zh"})
    assert (503, "20") == (busy.status_code, busy.headers["retry-after"])
    assert "模拟" in busy.text
    assert "重新打开" in busy.text


async def test_the_city_is_played_by_its_links(empty: World):
    """A form without a script leads from round to round; the link has all of them, and a year can be taken back."""
    begun = await empty.http.get("/simulator/city")
    assert 200 == begun.status_code
    chosen = {"cap": "3", "local": "3", "floor": "0", "ceiling": "0", "reserve": "0", "kilns": "1"}
    answer = await empty.http.get("/simulator/city", params=chosen)
    assert (303, "/simulator/city?rounds=330001") == (answer.status_code, answer.headers["location"])
    first = await followed(empty, answer.headers["location"])
    assert re.search(r"After 2025 you are .* t ahead of the path", first.text)
    sent = {str(each["name"]): str(each["value"]) for tag, each in read(first.text).tags if "checked" in each}
    assert chosen == sent, "what was chosen stands there for the next year"
    second = await empty.http.get("/simulator/city", params={**sent, "rounds": "330001"}, follow_redirects=False)
    assert "/simulator/city?rounds=330001.330001" == second.headers["location"]
    shown = await followed(empty, second.headers["location"])
    assert "/simulator/city?rounds=330001" in read(shown.text).links
    rows = [re.findall(r"<td[^>]*>(.*?)</td>", each) for each in re.findall(r"<tr><th.*?</tr>", shown.text)]
    before = [re.findall(r"<td[^>]*>(.*?)</td>", each) for each in re.findall(r"<tr><th.*?</tr>", first.text)]
    assert before[-1] == rows[-2], "a year that was played stays"


async def test_the_verdict_says_how_sure_it_is(empty: World, monkeypatch: pytest.MonkeyPatch):
    """Ten rounds under several seeds, in both languages; what it cannot say stands below."""
    monkeypatch.setattr(city, "SEEDS", 2)
    address = "/simulator/city?rounds=" + ".".join(["330000"] * 9 + ["330004"])
    english, chinese = [(await followed(empty, address, language)).text for language in ("en", "zh")]
    assert "The target is missed" in english
    assert "reach it 0 times" in english
    assert "the city spent money that it did not have" not in english
    assert all(said in chinese for said in ("未达到目标", "用 2 个不同的随机种子", "它不能说明：真实城市的数额"))
    assert "Round 11" not in english


async def test_what_a_stranger_writes_into_a_link_is_a_text(empty: World):
    """Names and values stand in the refusal and in the form as text."""
    hostile = "<script>alert(1)</script>"
    answer = await empty.http.get("/simulator/price-floor/choose", params={hostile: "1", "replications": f'"{hostile}'})
    assert 422 == answer.status_code
    assert hostile not in answer.text
    assert "&lt;script&gt;" in answer.text


def test_an_address_plays_so_many_pages_a_second():
    """A class of pupils may begin at once; what is more is refused, in both languages."""
    rates = Rates(now_s=lambda: 0.0)
    for _ in range(200):
        rates.take(SIMULATIONS, "192.0.2.1")
    with pytest.raises(TooManyRequests, match="Too many simulations from your address: 200 at once") as refused:
        rates.take(SIMULATIONS, "192.0.2.1")
    rates.take(SIMULATIONS, "192.0.2.2")
    assert "来自你的地址的模拟" in str(languages([TEMPLATES])["zh"].translated(refused.value.detail))
