"""The command line, all but `verify` (see `__main__`)."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, NoReturn

import rich_click as click
import uvloop

from deploy.help_texts import STYLE, CommandWithSettings
from deploy.settings import BadSetting, Settings, read_settings
from registry.kit import logging

_STOP_TIMEOUT_S = 10.0
_POLL_S = 0.05


def _fail(text: str, code: int = 1) -> NoReturn:
    click.echo(f"kilnwood: {text}", err=True)
    sys.exit(code)


def _settings() -> Settings:
    environment = {name: text for name, text in os.environ.items() if name != "KILNWOOD_SEQUENCER_DSN"}
    try:
        settings = read_settings(environment)
    except BadSetting as error:
        _fail(f"these settings cannot be used:\n{error}", 2)
    logging.configure(json=settings.log_format == "json", level=settings.log_level)
    return settings


def _run(work: Coroutine[Any, Any, int | None]) -> int | None:
    return uvloop.run(work)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "rich_help_config": STYLE})
@click.version_option(package_name="kilnwood")
def cli() -> None:
    """A regional offset-credit registry: to the kilogram, with receipts that verify offline.

    \b
    Try first:   kilnwood demo
    Then:        kilnwood serve
                 kilnwood verify FILE --trust trust.json
    """


@cli.command(cls=CommandWithSettings)
def serve() -> None:
    """Serve the registry over HTTP with its database and its sequencer, until SIGTERM or Ctrl-C.

    The first start writes the keys of two regulator people to secrets/ in the data folder.

    \b
    Examples:
      kilnwood serve
      KILNWOOD_PORT=9000 DATABASE_URL=postgresql://me@db/kilnwood kilnwood serve
    """
    from deploy.serving import CannotServe
    from deploy.serving import serve as run

    settings = _settings()
    try:
        _run(run(settings))
    except CannotServe as error:
        _fail(str(error))


@cli.command(hidden=True)
def sequencer() -> None:
    """Sequence and sign the log; started by `serve`, ends with it."""
    from deploy.sequencing import sequence

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; our parent tells us when to end
    sys.exit(_run(sequence(_settings())))


@cli.command()
def stop() -> None:
    """Stop the service of this data folder and its embedded database, also one that a killed service left behind.

    \b
    Example:
      KILNWOOD_DATA_DIR=./other kilnwood stop
    """
    from deploy import postgres

    settings = _settings()
    ended = _stop_service(settings.data_dir / "serve.lock")
    try:
        database = postgres.stop(settings.data_dir / "postgres") if settings.data_dir.exists() else False
    except postgres.PostgresUnavailable as error:
        _fail(str(error))
    told = [what for what, was in (("service", ended), ("database", database)) if was]
    click.echo(f"Stopped: {' and '.join(told)}." if told else f"Nothing was running in {settings.data_dir}.")


def _stop_service(lock: Path) -> bool:
    import fcntl

    if not lock.exists():
        return False
    with lock.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            os.kill(int(file.read()), signal.SIGTERM)
        else:
            return False
        until = time.monotonic() + _STOP_TIMEOUT_S
        while time.monotonic() < until:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(_POLL_S)
            else:
                return True
    _fail(f"the service did not stop within {_STOP_TIMEOUT_S:.0f} s")


@cli.command()
def migrate() -> None:
    """Bring the database's tables to this version. `serve` does so by itself.

    \b
    Example:
      DATABASE_URL=postgresql://owner@db/kilnwood kilnwood migrate
    """
    from deploy.serving import CannotServe, prepare_database

    settings = _settings()
    try:
        asyncio.run(_migrate(prepare_database(settings)))
    except CannotServe as error:
        _fail(str(error))
    click.echo("The database is up to date.")


async def _migrate(work: Coroutine[Any, Any, str]) -> None:
    await work


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of the table.")
def reconcile(*, as_json: bool) -> None:
    """Compare the exchange's books with the registry's: the journal replayed, every tonne held, every fen owed.

    It only reads, also while the service runs. Exit codes: 0 the books agree, 1 they differ, 2 they could not be
    compared. A login of your own needs `GRANT kilnwood_api TO reader`.

    \b
    Examples:
      kilnwood reconcile
      DATABASE_URL=postgresql://reader@db/kilnwood kilnwood reconcile --json
    """
    from rich.console import Console

    from deploy import reconcile_command

    try:
        found = asyncio.run(reconcile_command.compare(_settings()))
    except reconcile_command.CannotCompare as error:
        _fail(str(error), 2)
    if as_json:
        click.echo(reconcile_command.as_json(found))
    else:
        reconcile_command.show(found, Console())
    sys.exit(0 if found.clean else 1)


@cli.group()
def keys() -> None:
    """The log's keys, and the trust.json that verifiers are given."""


@keys.command("show")
def keys_show() -> None:
    """Print the public keys of the log, one a line.

    A data folder that never had keys gets them here, and it is said on standard error.

    \b
    Example:
      kilnwood keys show
    """
    made = _ensure_keys(_settings())
    for signer in made:
        click.echo(signer.key.text())


@keys.command("trust")
def keys_trust() -> None:
    """Print trust.json for the present settings: hand it to verifiers by a way they trust.

    \b
    Example:
      kilnwood keys trust > trust.json
    """
    from deploy.sequencing import trust_bytes

    settings = _settings()
    sys.stdout.buffer.write(trust_bytes(settings, _ensure_keys(settings)))


def _ensure_keys(settings: Settings) -> Any:  # noqa: ANN401 - imported late
    from deploy.sequencing import ensure_keys, keys_folder
    from registry.transparency.keys import KeyTrouble, has_keys

    folder = keys_folder(settings.data_dir)
    known = has_keys(folder)
    try:
        made = ensure_keys(settings)
    except KeyTrouble as error:
        _fail(str(error))
    if not known:
        click.echo(f"kilnwood: {folder} had no keys; made new ones for {settings.log_origin}.", err=True)
    return made


@cli.command()
@click.option(
    "--folder", type=click.Path(path_type=Path), required=True, help="Where this witness keeps key and state."
)
@click.option("--name", default="witness.example/w1", show_default=True, help="Its name, used when the key is made.")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(1, 65535), default=8100, show_default=True)
@click.option("--log-key", multiple=True, help="Verifier key of a log to watch, from `kilnwood keys show`; repeatable.")
@click.option("--show-key", is_flag=True, help="Make the key if needed, print its public half, and end.")
def witness(folder: Path, name: str, host: str, port: int, log_key: tuple[str, ...], *, show_key: bool) -> None:
    """Run a witness: it cosigns a log's checkpoints only if each continues the one before (c2sp.org/tlog-witness).

    \b
    Examples:
      kilnwood witness --folder w --show-key
      kilnwood witness --folder w --log-key "$(kilnwood keys show | sed -n 2p)"
    """
    from deploy.witness_command import prepare_witness, serve_witness
    from registry.transparency.format.text import Malformed
    from registry.transparency.keys import KeyTrouble
    from registry.transparency.witness.folder import FolderTrouble

    try:
        key = prepare_witness(folder, name)
        if show_key:
            click.echo(key.text())
            return
        if not log_key:
            _fail("name at least one log with --log-key", 2)
        asyncio.run(serve_witness(folder, host, port, log_key))
    except (KeyTrouble, FolderTrouble, Malformed) as error:
        _fail(str(error))
    except OSError as error:
        _fail(f"cannot listen on {host}:{port}: {error.strerror}")


@cli.command(add_help_option=False, context_settings={"ignore_unknown_options": True})
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def verify(words: tuple[str, ...]) -> None:
    """Check receipts offline, with nothing but trust.json."""
    from deploy.verify_command import main as run  # `__main__` runs it without click; here, so that help lists it

    sys.exit(run(words))


@cli.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("kilnwood-demo"),
    show_default=True,
    help="Folder for receipts, trust.json and the demo's own database.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31),
    default=1,
    show_default=True,
    help="Another seed, other identifiers; the same figures.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    show_default=True,
    help="Where the service answers; 0: any free.",
)
@click.option("--serve", "keep", is_flag=True, help="Keep the service up afterwards, until Ctrl-C.")
def demo(out: Path, seed: int, port: int, *, keep: bool) -> None:
    """Play a simulated region's first season over HTTP and verify its receipts with no network.

    \b
    Examples:
      kilnwood demo
      kilnwood demo --serve --port 8800
      kilnwood demo --out /tmp/season --seed 7
    """
    from rich.console import Console

    from deploy.demo.play import DemoFailed, play

    try:
        play(out, seed=seed, port=port, serve=keep, console=Console())
    except DemoFailed as error:
        _fail(str(error))


@cli.command()
@click.argument("what", type=click.Choice(["registry", "exchange"]), default="registry")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of the table.")
@click.option(
    "--seconds",
    type=click.FloatRange(0.1, 60),
    default=2.0,
    show_default=True,
    help="Length of one measurement; each is repeated, and medians are shown.",
)
@click.option("--only", "names", multiple=True, metavar="NAME", help="One figure by its name in the JSON; repeatable.")
def bench(what: str, names: tuple[str, ...], seconds: float, *, as_json: bool) -> None:
    """Measure this machine: each figure beside its limit in the same run. A missed target is told, not an error.

    WHAT is the registry's service, unless it is said: the exchange's engine, beside other books in Python
    where they are installed.

    \b
    registry   retirements-1, retirements-32, issuance, sequencing,
               verification, cold-verify
    exchange   book, core, call-latency, cancel, memory, durable-100,
               durable-1000, projected, replay, deliveries, orders-http

    \b
    Examples:
      kilnwood bench
      kilnwood bench --only retirements-32 --seconds 5
      kilnwood bench exchange
      kilnwood bench exchange --only book --json > book.json
    """
    import msgspec
    from rich.console import Console

    from deploy.bench.run import FIGURES, TROUBLE, measured, show

    if unknown := set(names).difference(FIGURES[what]):
        _fail(f"no figure of the {what} is named {', '.join(sorted(unknown))}; there are {', '.join(FIGURES[what])}", 2)
    logging.configure(json=True, level="error")  # standard output is for the results
    progress = Console(stderr=True)
    try:
        with progress.status("") as status:
            results = measured(what, names, seconds=seconds, tell=status.update)
    except TROUBLE as error:
        _fail(f"the bench could not be run: {error}")
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(results), indent=2).decode())
    else:
        show(results, Console())
