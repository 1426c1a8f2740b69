"""
The limit of a retirement: pgbench sends the product's own statements, in the service's order, in one transaction.

The script `retire.pgbench` names statements; their text is taken from the product's .sql files at run time, so the
limit moves with the SQL. A test compares the script with what a real retirement sends.
"""

import os
import re
import subprocess
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

from deploy.bench.region import BenchRegion
from deploy.postgres.programs import binary
from registry.kit import sql

STATEMENTS: dict[str, SimpleNamespace] = {
    "access": sql.load("registry.access", "authority.sql"),
    "idempotency": sql.load("registry.kit", "idempotency.sql"),
    "retirement": sql.load("registry.credits.retirement"),
}
_LINE = re.compile(r"@(?P<capability>\w+)\.(?P<name>\w+)(?: (?P<values>.*?))?(?P<gset> \\gset.*)?")
_NOTE_BYTES = 560
"""Length of a retirement's note text without its digits."""
_PATIENCE_S = 60.0


class PgbenchFailed(Exception):
    """pgbench did not end well; the text is what it said."""


def template() -> str:
    """The script with statements by name."""
    return files(__package__).joinpath("retire.pgbench").read_text("utf-8")


def named() -> Iterator[tuple[str, str]]:
    """The statements of the script in order: name and the product's text."""
    for line in template().splitlines():
        if found := _LINE.fullmatch(line):
            yield f"{found['capability']}.{found['name']}", _text(found["capability"], found["name"])


def script() -> str:
    """The script as pgbench reads it: the product's statements with values in the place of parameters."""
    return "\n".join(_expanded(line) for line in template().splitlines()) + "\n"


def _expanded(line: str) -> str:
    found = _LINE.fullmatch(line)
    if found is None:
        return line
    text = _text(found["capability"], found["name"])
    values = found["values"].split(" | ") if found["values"] else []
    wanted = set(map(int, re.findall(r"\$(\d+)", text)))
    if wanted != set(range(1, len(values) + 1)):
        raise LookupError(f"retire.pgbench gives {len(values)} values to {found['name']}, which takes {len(wanted)}")
    text = "\n".join(part for part in text.splitlines() if not part.lstrip().startswith("--"))
    filled = re.sub(r"\$(\d+)", lambda number: f"({values[int(number[1]) - 1]})", text)
    return filled.removesuffix(";") + (found["gset"] or ";")


def _text(capability: str, name: str) -> str:
    return str(getattr(STATEMENTS[capability], name))


def per_second(world: BenchRegion, *, clients: int, seconds: float) -> float:
    """Run the script with *clients* connections; answers transactions per second. Raises `PgbenchFailed`."""
    variables = {
        "pairs": len(world.accounts),
        "first_account": world.accounts.start,
        "first_claim": world.claims.start,
        "person": world.holder.person_id,
        "note_text": f"{world.origin}/retirement/v1\n{'x' * _NOTE_BYTES}",
    }
    with TemporaryDirectory() as folder:
        path = Path(folder, "retire.sql")
        path.write_text(script(), encoding="utf-8")
        done = subprocess.run(
            [
                binary("pgbench"),
                *("--no-vacuum", "--protocol=prepared", f"--file={path}"),
                *(f"--client={clients}", f"--jobs={min(clients, 2)}", f"--time={max(1, round(seconds))}"),
                *(f"--define={name}={value}" for name, value in variables.items()),
                world.dsn,
            ],
            env={**os.environ, "PGOPTIONS": "-crole=kilnwood_api"},
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds + _PATIENCE_S,
        )
    tps = re.search(r"tps = ([0-9.]+)", done.stdout)
    if done.returncode or tps is None:
        raise PgbenchFailed(done.stderr or done.stdout)
    return float(tps[1])
