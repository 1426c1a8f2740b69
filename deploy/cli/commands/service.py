"""`kilnwood serve`, `stop` and `migrate`: the service of a data folder."""

import asyncio
import signal
import sys
from datetime import datetime

import rich_click as click
import uvloop

from deploy.cli.environment import fail, read_environment
from deploy.cli.help import CommandWithSettings
from deploy.cli.places import places
from deploy.processes.locks import ROLES, Role
from deploy.settings import Settings

_STOP_TIMEOUT_S = 10.0


@click.command(cls=CommandWithSettings)
@click.option(
    "--only",
    type=click.Choice(ROLES),
    help="Run one role of the region alone; the others run as processes of the same data folder.",
)
def serve(only: Role | None) -> None:
    """Serve the registry and the exchange over HTTP with their database, until SIGTERM or Ctrl-C.

    The first start writes the keys of two regulator people to secrets/ in the data folder.

    Four roles run together, or each alone: api answers HTTP, engine trades and settles, sequencer signs the public log,
    housekeeping ends what has expired. While the engine is away orders answer 503, and everything else goes on.

    \b
    Examples:
      kilnwood serve
      KILNWOOD_PORT=9000 DATABASE_URL=postgresql://me@db/kilnwood kilnwood serve
      kilnwood serve --only api
      kilnwood serve --only engine
    """
    from deploy.processes.first_start import CannotServe
    from deploy.processes.serve import serve as run

    settings = read_environment()
    try:
        uvloop.run(run(settings, only, ready=lambda: _say_where(settings, only)))
    except CannotServe as error:
        fail(str(error))


def _say_where(settings: Settings, only: Role | None) -> None:
    """Print where to go, for a person at a terminal; the log has the addresses for everybody else."""
    if sys.stdout.isatty() and only in (None, "api"):
        click.echo("\n".join(places(settings)))


@click.command(hidden=True)
def sequencer() -> None:
    """Sequence and sign the log; started by `serve`, ends with it."""
    from deploy.processes.sequencer import run_as_child

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; our parent tells us when to end
    sys.exit(uvloop.run(run_as_child(read_environment())))


@click.command(hidden=True)
def snapshots() -> None:
    """Store snapshots of the exchange; started by the engine's process, ends with it."""
    from deploy.processes.snapshots import run_as_child

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # as above
    read_environment()
    sys.exit(uvloop.run(run_as_child()))


@click.command(hidden=True)
@click.argument("day", type=click.DateTime(["%Y-%m-%d"]))
def book_day(day: datetime) -> None:
    """Replay the journal to the end of a day, for its book events; started by the api's process, ends with it."""
    from deploy.processes.book_day import run_as_child

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # as above
    read_environment()
    sys.exit(uvloop.run(run_as_child(day.date())))


@click.command()
def stop() -> None:
    """Stop every role of this data folder and its embedded database, also what a killed service left behind.

    \b
    Example:
      KILNWOOD_DATA_DIR=./other kilnwood stop
    """
    from deploy.postgres import server as postgres
    from deploy.postgres.programs import PostgresUnavailable
    from deploy.processes import locks

    settings = read_environment()
    folder = settings.data_dir / "postgres"
    try:
        stopped = locks.stop_roles(settings.data_dir, timeout_s=_STOP_TIMEOUT_S)
        database = postgres.stop(folder) if folder.exists() else False
    except (locks.NotStopped, PostgresUnavailable) as error:
        fail(str(error))
    ended = ["service" if set(each.roles) == set(locks.ROLES) else ", ".join(each.roles) for each in stopped]
    ended += ["database"] * database
    click.echo(f"Stopped: {', '.join(ended)}." if ended else f"Nothing was running in {settings.data_dir}.")


@click.command()
def migrate() -> None:
    """Bring the database's tables to this version. `serve` does so by itself.

    \b
    Example:
      DATABASE_URL=postgresql://owner@db/kilnwood kilnwood migrate
    """
    from deploy.processes.first_start import CannotServe, prepare_database

    settings = read_environment()
    try:
        asyncio.run(prepare_database(settings))
    except CannotServe as error:
        fail(str(error))
    click.echo("The database is up to date.")
