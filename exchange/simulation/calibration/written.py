"""
What a calibration leaves in its folder.

``fitted.toml`` is an overlay: ``kilnwood sim run SCENARIO --overlay fitted.toml``. ``points.csv`` has every point that
was tried, ``facts.csv`` every fact with its verdict, ``report.txt`` both in words. Facts that were held out are in the
last two only: the bytes of the first two do not depend on them.
"""

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct, ValidationError, convert

from exchange.engine.core import ENGINE_VERSION
from exchange.simulation import MODEL_VERSION
from exchange.simulation.calibration.facts import DataWrong, FactFile, parsed
from exchange.simulation.calibration.fitting import Fit, loss_of
from exchange.simulation.calibration.judging import Judged
from exchange.simulation.files import Overlay
from exchange.simulation.plans import PlanName, Scenario
from exchange.simulation.shards import write_whole
from exchange.simulation.tables import csv_of

Digest = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]


class Fitted(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    A file of fitted values: what was fitted to what, how well, and by which versions.

    *loss* is that of the values, *own_loss* that of the scenario's own. *overlay* has the values.
    """

    format: Literal[1]
    scenario: PlanName
    scenario_sha256: Digest
    facts: PlanName
    facts_sha256: Digest
    identity: Digest
    model: int
    engine: int
    seed: int
    points: int
    steps: int
    replications: int
    loss: float
    own_loss: float
    changes: dict[str, int]
    ranges: dict[str, tuple[int, int]]
    overlay: tuple[Overlay, ...]


def read_fitted(text: str) -> Fitted:
    """Read a file of fitted values. Raises `DataWrong`."""
    try:
        return convert(parsed(text), Fitted)
    except ValidationError as error:
        raise DataWrong(1, f"this is no file of fitted values: {error}") from None


def fitted_of(scenario: Scenario, text: str, changes: Mapping[str, int], data: FactFile, fit: Fit) -> Fitted:
    """Put what a fit came to into its file."""
    plan = fit.plan
    because = f"fitted to {len(fit.targets)} facts of {data.facts.name}: loss {fit.best.loss:.4f}"
    values = dict(zip(plan.ranges, fit.best.values, strict=True))
    return Fitted(
        format=1,
        scenario=scenario.name,
        scenario_sha256=hashlib.sha256(text.encode()).hexdigest(),
        facts=data.facts.name,
        facts_sha256=hashlib.sha256(data.bytes).hexdigest(),
        identity=fit.identity,
        model=MODEL_VERSION,
        engine=ENGINE_VERSION,
        seed=plan.seed,
        points=plan.points,
        steps=plan.steps,
        replications=plan.replications,
        loss=fit.best.loss,
        own_loss=fit.before.loss,
        changes=dict(changes),
        ranges=plan.ranges,
        overlay=tuple(Overlay(parameter=name, value=value, because=because) for name, value in values.items()),
    )


def toml_of(fitted: Fitted) -> str:
    """Write a file of fitted values as TOML."""
    lines = ["# Written by kilnwood sim calibrate. An overlay: kilnwood sim run SCENARIO --overlay FILE"]
    tables: list[str] = []
    for name in fitted.__struct_fields__:
        value = getattr(fitted, name)
        if isinstance(value, dict):
            tables += ["", f"[{name}]", *(f'"{key}" = {json.dumps(each)}' for key, each in value.items())]
        elif isinstance(value, tuple):
            for each in value:
                tables += ["", f"[[{name}]]"]
                tables += [f"{key} = {json.dumps(getattr(each, key))}" for key in each.__struct_fields__]
        else:
            lines.append(f"{name} = {json.dumps(value)}")
    return "\n".join([*lines, *tables]) + "\n"


def points_csv(fit: Fit) -> str:
    """Every point that was tried: the parameters, the mean of each moment, the loss."""
    heads = (*fit.plan.ranges, *(each.fact.name for each in fit.targets), "loss")
    return csv_of(heads, ((*each.values, *map(_cell, each.means), _cell(each.loss)) for each in fit.tried))


def facts_csv(judged: Sequence[Judged]) -> str:
    """Every fact beside the model, with its verdict."""
    heads = ("fact", "role", "moment", "published", "tolerance", "mean", "low", "high", "verdict", "source", "licence")
    return csv_of(
        heads,
        (
            (
                *(each.target.fact.name, each.role, each.target.fact.moment),
                *map(_cell, (each.target.value, each.target.fact.tolerance, each.mean, each.low, each.high)),
                *(each.said(), each.target.fact.source, each.target.fact.licence),
            )
            for each in judged
        ),
    )


def _cell(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.6g}"


def report_of(fit: Fit, judged: Sequence[Judged], runs: int) -> Iterator[str]:
    """Say in lines what was fitted, how well it is known, and what the model meets."""
    plan = fit.plan
    yield f"{len(fit.tried)} points, each in {plan.replications} replications. Loss {fit.best.loss:.3f}"
    yield f"with the scenario's own values: {fit.before.loss:.3f}"
    again = loss_of([each.mean for each in judged if each.role == "fitted"], fit.targets)
    yield f"of the fitted values in {runs} other replications: {again:.3f}"
    if fit.faults:
        yield f"{len(fit.faults)} runs failed and are missing: {fit.faults[0]}"
    yield from _parameter_lines(fit)
    yield ""
    heads = f"{'fact':<24}{'':<10}{'published':>10}{'model':>10}{'95 of 100 runs':>20}"
    yield f"{heads}   verdict, in {runs} other replications"
    for each in judged:
        name, values = each.target.fact.name, (each.target.value, each.mean)
        one, other = map(_short, values)
        span = "" if math.isnan(each.low) else f"{_short(each.low)} to {_short(each.high)}"
        yield f"{name:<24}{each.role:<10}{one:>10}{other:>10}{span:>20}   {each.said()}"
    for role in ("fitted", "held out"):
        mine = [each for each in judged if each.role == role]
        if mine:
            yield f"{sum(each.passed for each in mine)} of {len(mine)} {role} facts pass."


def _parameter_lines(fit: Fit) -> Iterator[str]:
    """Say of each parameter what it was fitted to, and where else it was tried with nearly the same loss."""
    yield ""
    yield f"{'parameter':<36}{'own':>10}{'fitted':>10}   tried at the least loss + 1, of the range"
    good = fit.as_good()
    for at, (name, (low, high)) in enumerate(fit.plan.ranges.items()):
        (first, last), value = good[name], fit.best.values[at]
        known = "" if 2 * (last - first) <= high - low else ": hardly known"
        edge = ": at the end of its range" if value in {low, high} else ""
        place = f"{first} to {last}, of {low} to {high}{known}{edge}"
        yield f"{name:<36}{fit.before.values[at]:>10}{value:>10}   {place}"


def _short(value: float) -> str:
    return "none" if math.isnan(value) else f"{value:.4g}"


def write(folder: Path, fitted: Fitted, fit: Fit, judged: Sequence[Judged], runs: int) -> tuple[str, ...]:
    """Write all files of a calibration, and return the lines of its report."""
    lines = tuple(report_of(fit, judged, runs))
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / "points.csv", points_csv(fit).encode())
    write_whole(folder / "facts.csv", facts_csv(judged).encode())
    write_whole(folder / "report.txt", ("\n".join(lines) + "\n").encode())
    write_whole(folder / "fitted.toml", toml_of(fitted).encode())
    return lines
