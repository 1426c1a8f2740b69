"""A calibration from end to end: fit, judge what was fitted and what was held out, write both."""

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from pathlib import Path

from exchange.simulation.calibration.facts import DataWrong, FactFile
from exchange.simulation.calibration.fitting import Finished, FitPlan, fit, identity_of, runs_of
from exchange.simulation.calibration.judging import Role, judge
from exchange.simulation.calibration.keeping import KeptRows
from exchange.simulation.calibration.measuring import instrument_of, targets_of
from exchange.simulation.calibration.written import fitted_of, write
from exchange.simulation.files import read


def calibrated(
    folder: Path,
    text: str,
    changes: Mapping[str, int],
    plan: FitPlan,
    files: tuple[FactFile, FactFile | None],
    *,
    judged: int,
    executor: Executor | None = None,
    finished: Finished = lambda _tried, _loss: None,
    ran: Callable[[int, int], None] = lambda _found, _played: None,
) -> tuple[str, ...]:
    """
    Fit a scenario to the first of *files*, judge its facts and those of the second in *judged* other replications.

    Writes the folder, and returns the lines of the report. The fit never sees the second file. In a folder that an
    ended calibration of the same plan left it goes on where that one was. *ran* is called after each run, with how many
    were found there and how many were played. Raises `ScenarioWrong`, `DataWrong`, `BundleWrong`, `OSError`.
    """
    scenario, (data, holdout) = read(text, changes), files
    kept = () if holdout is None else targets_of(holdout.facts.fact, holdout.rows)
    both = {each.name for each in data.facts.fact} & {each.fact.name for each in kept}
    if both:
        raise DataWrong(1, f"{', '.join(sorted(both))} cannot be fitted and held out")
    for each in kept:
        instrument_of(scenario, each.fact)
    rows = KeptRows(folder, identity_of(text, changes, data, plan), executor, ran)
    found = fit(text, changes, data, plan, player=rows.play, finished=finished)
    inside: Role = "fitted"
    outside: Role = "held out"
    roles = [inside] * len(found.targets) + [outside] * len(kept)
    runs = runs_of(text, changes, list(plan.ranges), (*found.targets, *kept))
    others = range(plan.replications, plan.replications + judged)
    verdicts = judge(runs, found.best.values, others, roles, rows.play)
    lines = write(folder, fitted_of(scenario, text, changes, data, found), found, verdicts, judged)
    rows.clear()
    return lines
