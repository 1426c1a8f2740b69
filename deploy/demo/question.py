"""`kilnwood demo --simulate`: one question to the simulator, and how sure the answer is. No network, no port."""

import os
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import msgspec
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from deploy.demo.play import DemoFailed, own_folder
from exchange.simulation.bundle import write
from exchange.simulation.files import read, shipped
from exchange.simulation.plans import Scenario
from exchange.simulation.statistics import SettingSummary

SCENARIO: Final = "compliance-rhythm"
REPLICATIONS: Final = 4
"""The fewest under which each setting's effect on the busiest week is told from chance."""
FOLDER: Final = "simulation"
_ASKED: Final = "peak_week_bps"
_SHOWN: Final = {
    _ASKED: "busiest week, % of the tonnes",
    "average_fen_t": "average price, CNY/t",
    "last_fen_t": "last price, CNY/t",
}
_HUNDREDTHS: Final = 100
"""Of a percent, and of a yuan."""
_WORKERS: Final = 2


def answer(out: Path, console: Console) -> None:
    """Play the question into a folder of *out* and print what it came to. Raises `DemoFailed`."""
    begun, text = time.monotonic(), shipped()[SCENARIO]
    scenario = read(text)
    console.print(f"[bold]{scenario.question.en}[/]\n{scenario.question.zh}\n", soft_wrap=True)
    console.print(scenario.limits.en, style="dim", soft_wrap=True)
    with own_folder(out, part=FOLDER):
        folder = out / FOLDER
        workers = min(_WORKERS, os.cpu_count() or 1)
        with (
            console.status("Playing…") as status,
            ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as executor,
        ):
            made = write(
                folder,
                text,
                replications=REPLICATIONS,
                executor=executor,
                finished=lambda done, count: status.update(f"Playing: {done} of {count} years are done."),
            )
    if made.failed:
        raise DemoFailed(f"{len(made.failed)} of {len(made.runs)} runs failed: {made.failed[0].fault}")
    summed = msgspec.json.decode((folder / "summary.json").read_bytes(), type=tuple[SettingSummary, ...])
    console.print(_table(scenario, summed))
    console.print(_sentence(summed), soft_wrap=True)
    console.print(
        f"\nDone in {time.monotonic() - begun:.1f} s: {len(made.runs)} years of a city, plan {made.plan[:16]}. Nothing "
        "was opened. The report, with every source and every chart:",
        highlight=False,
        soft_wrap=True,
    )
    console.print(f"  {folder / 'report.html'}", highlight=False, soft_wrap=True)
    console.print("[bold]Try next:[/]")
    for line in (f".venv/bin/kilnwood sim verify {folder}", ".venv/bin/kilnwood sim list"):
        console.print(f"  {line}", highlight=False, soft_wrap=True)


def _table(scenario: Scenario, summed: tuple[SettingSummary, ...]) -> Table:
    """A line for each setting, and what of it is more than chance."""
    title = f"\n{scenario.lever[0].title.en.removesuffix(', bps')}"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1))
    table.add_column("", justify="right", no_wrap=True)
    for heading in _SHOWN.values():
        table.add_column(heading, justify="right")
    for at, each in enumerate(summed):
        cells = (_cell(each, name, marked=at > 0) for name in _SHOWN)
        table.add_row(f"{each.setting[0] / _HUNDREDTHS:g} %", *cells)
    table.caption = "± half of the 95 % interval. ▲ ▼: beyond chance against the first line; ≈: not."
    table.caption_justify = "left"
    return table


def _cell(each: SettingSummary, name: str, *, marked: bool) -> str:
    found, moved = each.figures[name], each.effects[name]
    said = f"{found.mean / _HUNDREDTHS:.2f} ± {(found.half_width or 0) / _HUNDREDTHS:.2f}"
    mark = "" if not marked else " ▲" if moved.sure and moved.mean > 0 else " ▼" if moved.sure else " ≈"
    return f"{said}{mark}"


def _sentence(summed: tuple[SettingSummary, ...]) -> str:
    """The answer in words: the last setting against the first."""
    first, last = summed[0], summed[-1]
    moved = last.effects[_ASKED]
    half = moved.half_width or 0.0
    way = "more" if moved.mean > 0 else "less"
    sure = "That is beyond chance." if moved.sure else "That is within chance: it is no answer."
    many, few = last.setting[0] / _HUNDREDTHS, first.setting[0] / _HUNDREDTHS
    return (
        f"[bold]If {many:g} % wait instead of {few:g} %[/], the busiest week has "
        f"{abs(moved.mean) / _HUNDREDTHS:.1f} ± {half / _HUNDREDTHS:.1f} points {way} of the year's tonnes. {sure}"
    )
