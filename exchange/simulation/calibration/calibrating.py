"""A calibration from end to end: fit, judge what was fitted and what was held out, write both."""

from collections.abc import Mapping
from concurrent.futures import Executor
from pathlib import Path

from exchange.simulation.calibration.facts import DataWrong, FactFile
from exchange.simulation.calibration.fitting import Finished, FitPlan, fit, runs_of
from exchange.simulation.calibration.judging import Role, judge
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
) -> tuple[str, ...]:
    """
    Fit a scenario to the first of *files*, judge its facts and those of the second in *judged* other replications.

    Writes the folder, and returns the lines of the report. The fit never sees the second file. Raises `ScenarioWrong`,
    `DataWrong`, `OSError`.
    """
    scenario, (data, holdout) = read(text, changes), files
    kept = () if holdout is None else targets_of(holdout.facts.fact, holdout.rows)
    both = {each.name for each in data.facts.fact} & {each.fact.name for each in kept}
    if both:
        raise DataWrong(1, f"{', '.join(sorted(both))} cannot be fitted and held out")
    for each in kept:
        instrument_of(scenario, each.fact)
    found = fit(text, changes, data, plan, executor=executor, finished=finished)
    roles: list[Role] = ["fitted"] * len(found.targets) + ["held out"] * len(kept)
    runs = runs_of(text, changes, list(plan.ranges), (*found.targets, *kept))
    others = range(plan.replications, plan.replications + judged)
    verdicts = judge(runs, found.best.values, others, roles, executor)
    return write(folder, fitted_of(scenario, text, changes, data, found), found, verdicts, judged)
