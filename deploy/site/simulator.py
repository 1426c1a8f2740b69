"""The simulator on the site: what a rule would do, played for whoever asks, and shown with how sure it is."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import PathParameter
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER

from deploy.simulator import labels
from deploy.simulator.choices import (
    LONGEST_QUERY,
    MOST_DAYS,
    MOST_REPLICATIONS,
    MOST_RUNS,
    MOST_VALUES,
    REPLICATIONS,
    Choices,
    ChoicesRefused,
    LinkTooLong,
    read_choices,
    scenario_of,
    scenarios,
    usual_replications,
)
from deploy.simulator.playing import PlayedScenario, job_of
from deploy.simulator.workshop import JobProgress, Workshop
from exchange.simulation import MODEL_VERSION
from exchange.simulation.parameters import documented
from exchange.simulation.plans import Scenario
from exchange.simulation.report.sheet import opened_in
from exchange.simulation.results import FIGURES
from exchange.simulation.statistics import SettingSummary
from registry.access.http import address_of
from registry.access.rates import SIMULATIONS, Rates
from registry.access.visitor import PageCall
from registry.kit.http import STATUS
from registry.kit.site.form_fields import FORM, Form

TEMPLATES: Final = Path(__file__).parent / "simulator_pages"
PATIENCE_S: Final = 2.0
"""How long a page waits for its runs before it says that they are under way."""
AGAIN_S: Final = "3"
REPORT_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; sandbox allow-downloads"
)
"""A report is one file with its style in it. Nothing in it runs, and nothing is loaded."""
_OWN: Final = frozenset({"lang", "done"})
"""What a page's address may have beside choices."""
_SHOWN: Final = (
    *("average_fen_t", "last_fen_t", "volume_t", "peak_week_bps", "issued_t", "retired_t", "unsold_t", "income_fen"),
    *("offset_t", "short_t", "compliance_fen", "voluntary_unmet_t"),
)
"""The figures of the page; the report has all."""
ScenarioName = Annotated[str, PathParameter(max_length=40, pattern="^[a-z0-9-]+$")]


class SimulatorPages(Controller):
    """Scenarios to choose from, their levers and parameters, and what a run comes to."""

    path = "/simulator"

    @get("/", sync_to_thread=False)
    def scenarios(self, page: NamedDependency[PageCall]) -> Response[str]:
        """The scenarios, each with its question."""
        return page.answer("simulator/scenarios.html", scenarios=scenarios(), answer_of=labels.answer_of)

    @get("/{name:str}", sync_to_thread=False)
    def scenario(self, page: NamedDependency[PageCall], name: ScenarioName) -> Response[str]:
        """One scenario, with a form of all that can be chosen; choices of a link stand in it already."""
        return _form(page, name, _sent(page))

    @get("/{name:str}/choose")
    async def choose(self, page: NamedDependency[PageCall], name: ScenarioName) -> Response[str] | Redirect:
        """Where the form leads: to the link of what was chosen, or to the form again with what is wrong in it."""
        sent = _sent(page)
        try:
            choices = await _chosen(page, name, sent)
        except ChoicesRefused as refusal:
            return _form(page, name, sent, refusal)
        return Redirect(address_of_result(choices), status_code=HTTP_303_SEE_OTHER)

    @get("/{name:str}/result")
    async def result(
        self, page: NamedDependency[PageCall], name: ScenarioName, workshop: NamedDependency[Workshop]
    ) -> Response[str]:
        """What the choices of the link come to; while they are played, how far that is."""
        sent = _sent(page)
        try:
            choices = await _chosen(page, name, sent)
        except ChoicesRefused as refusal:
            return _form(page, name, sent, refusal)
        progress = await _asked(page, workshop, choices)
        shown = {"choices": choices, "scenario": choices.scenario, "chosen": _named(choices)}
        if not isinstance(progress.result, PlayedScenario):
            return waiting(page, progress, "simulator/waiting.html", **shown)
        played = progress.result
        return page.answer(
            "simulator/result.html",
            **shown,
            answer=labels.answer_of(scenario_of(name)),
            played=played,
            rows=_rows(played.summary),
            model=MODEL_VERSION,
            link=address_of_result(choices),
            heads=[" / ".join(f"{value:,}" for value in each.setting) for each in played.summary],
        )

    @get("/{name:str}/report")
    async def report(
        self, page: NamedDependency[PageCall], name: ScenarioName, workshop: NamedDependency[Workshop]
    ) -> Response[bytes] | Redirect:
        """The report of a run in the site's language, byte for byte that of ``kilnwood sim run --lang``."""
        return await _file(page, name, workshop)

    @get("/{name:str}/run.zip")
    async def archive(
        self, page: NamedDependency[PageCall], name: ScenarioName, workshop: NamedDependency[Workshop]
    ) -> Response[bytes] | Redirect:
        """The whole folder of a run, which ``kilnwood sim verify`` checks."""
        return await _file(page, name, workshop, archive=True)


def address_of_result(choices: Choices) -> str:
    """The link of choices, which is all that is needed to play them again."""
    query = choices.query()
    return f"/simulator/{choices.name}/result{'?' if query else ''}{query}"


def _sent(page: PageCall) -> list[tuple[str, str]]:
    """What the address asks for. Raises `LinkTooLong`."""
    if len(page.request.scope["query_string"]) > LONGEST_QUERY:
        raise LinkTooLong(f"A link to the simulator has at most {LONGEST_QUERY} characters. Choose anew at /simulator.")
    asked = page.request.query_params.multi_items()
    return [(name, value) for name, value in asked if name not in _OWN]


async def _chosen(page: PageCall, name: str, sent: Sequence[tuple[str, str]]) -> Choices:
    """Read choices beside the event loop, and not too often for one address. Raises `TooManyRequests` and refusals."""
    count(page)
    return await asyncio.to_thread(read_choices, name, sent)


def count(page: PageCall) -> None:
    """Count a page that plays something, beside what is counted of every page. Raises `TooManyRequests`."""
    rates: Rates = page.request.app.state.rates
    rates.take(SIMULATIONS, address_of(page.request))


async def _asked(page: PageCall, workshop: Workshop, choices: Choices) -> JobProgress:
    return await workshop.ask(job_of(choices), caller=address_of(page.request), patience_s=PATIENCE_S)


def waiting(page: PageCall, progress: JobProgress, template: str, **shown: Any) -> Response[str]:  # noqa: ANN401 - templates show anything
    """A page that asks again by itself, also without a script."""
    answer = page.answer(template, progress=progress, again_s=AGAIN_S, **shown)
    answer.headers["Refresh"] = AGAIN_S
    return answer


async def _file(page: PageCall, name: str, workshop: Workshop, *, archive: bool = False) -> Response[bytes] | Redirect:
    """A file of a run that is done; until then its page."""
    choices = await _chosen(page, name, _sent(page))
    progress = await _asked(page, workshop, choices)
    if not isinstance(played := progress.result, PlayedScenario):
        return Redirect(address_of_result(choices), status_code=HTTP_303_SEE_OTHER)
    if archive:
        named = f'attachment; filename="{name}-{played.plan[:12]}.zip"'
        return Response(played.archive, media_type="application/zip", headers={"Content-Disposition": named})
    headers = {"Content-Security-Policy": REPORT_POLICY}
    report = opened_in(played.report.decode(), page.language).encode()
    headers |= {"Vary": "Accept-Language, Cookie", "Content-Language": page.language}
    return Response(report, media_type="text/html; charset=utf-8", headers=headers)


def _form(
    page: PageCall, name: str, sent: Sequence[tuple[str, str]], refusal: ChoicesRefused | None = None
) -> Response[str]:
    """The page of a scenario, with what was sent in its form, and what was wrong."""
    scenario = scenario_of(name)
    levers = {each.parameter for each in scenario.lever}
    known = list(documented(scenario))
    values = {key: [value] for key, value in sent}
    problem = {}
    if refusal is not None:
        errors = refusal.members.get("errors", [])
        problem = {"status": STATUS[refusal.kind], "title": refusal.title, "detail": refusal.detail, "errors": errors}
    scope: Any = page.request.scope
    scope[FORM] = Form(f"/simulator/{name}/choose", values, problem)
    return page.answer(
        "simulator/scenario.html",
        name=name,
        scenario=scenario,
        sent=dict(sent),
        answer=labels.answer_of(scenario),
        levers=[(each, labels.unit_of(one.unit), one.parameter) for each, one in _levers(scenario)],
        groups=labels.fields_by_group([each for each in known if each.name not in levers]),
        changed={labels.group_of(each)[0] for each in values},
        replications=REPLICATIONS,
        usual=usual_replications(name),
        most={"replications": MOST_REPLICATIONS, "runs": MOST_RUNS, "days": MOST_DAYS, "values": MOST_VALUES},
        marks=labels.MARKS,
    )


def _levers(scenario: Scenario) -> list[tuple[Any, Any]]:
    """The levers that are parameters, each with its parameter."""
    known = {each.name: each for each in documented(scenario)}
    return [(each, known[each.parameter]) for each in scenario.lever if each.parameter in known]


def _named(choices: Choices) -> list[tuple[labels.Label, str, labels.Label]]:
    """What was chosen, as the page says it: name, value, unit."""
    units = {each.name: labels.unit_of(each.unit) for each in documented(choices.scenario)}
    found = [
        (labels.long_name(name), ", ".join(f"{each:,}" for each in values), units[name])
        for name, values in choices.levers
    ]
    return [*found, *((labels.long_name(name), f"{value:,}", units[name]) for name, value in choices.changes)]


def _rows(summary: Sequence[SettingSummary]) -> list[tuple[labels.Label, list[tuple[str, str]]]]:
    """Figures by setting: what they are, and whether they moved by more than chance against the first column."""
    return [
        (labels.Label(*FIGURES[figure]), [_cell(each, figure, at) for at, each in enumerate(summary)])
        for figure in _SHOWN
        if figure in FIGURES
    ]


_SMALL: Final = 10_000_000
"""Money below it, in fen, is shown with its fen, as in the report."""


def _cell(each: SettingSummary, figure: str, at: int) -> tuple[str, str]:
    found, moved = each.figures[figure], each.effects.get(figure)
    unit = 100 if "_fen" in figure else 1
    places = ",.2f" if unit > 1 and found.mean < _SMALL else ",.0f"
    half = f" ± {found.half_width / unit:{places}}" if found.half_width is not None else ""
    said = f"{found.mean / unit:{places}}{half}"
    if not at or moved is None or moved.half_width is None:
        return said, ""
    if moved.sure:
        return said, "more" if moved.mean > 0 else "less"
    return said, "chance" if moved.mean or moved.half_width else "same"
