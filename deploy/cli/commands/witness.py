"""`kilnwood witness`: cosign the checkpoints of logs."""

import asyncio
from pathlib import Path

import rich_click as click

from deploy.cli.environment import fail
from registry.kit import logging


@click.command()
@click.option(
    "--folder", type=click.Path(path_type=Path), required=True, help="Where this witness keeps keys and state."
)
@click.option(
    "--name", default="witness.example/w1", show_default=True, help="Its name, used when its first key is made."
)
@click.option(
    "--key",
    type=click.Choice(["ed25519", "ml-dsa-44"]),
    multiple=True,
    help="Make this key if it is missing; repeatable. A new witness gets ed25519; all keys in the folder cosign.",
)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(1, 65535), default=8100, show_default=True)
@click.option("--log-key", multiple=True, help="Verifier key of a log to watch, from `kilnwood keys show`; repeatable.")
@click.option(
    "--log", "logs", nargs=2, multiple=True, metavar="ORIGIN KEY", help="The same for a log whose key has another name."
)
@click.option("--show-key", is_flag=True, help="Make the keys if needed, print their public halves, and end.")
@click.option(
    "--show-conflicts", is_flag=True, help="Print the checkpoints that did not go with the cosigned ones, and end."
)
def witness(
    *,
    folder: Path,
    name: str,
    key: tuple[str, ...],
    host: str,
    port: int,
    log_key: tuple[str, ...],
    logs: tuple[tuple[str, str], ...],
    show_key: bool,
    show_conflicts: bool,
) -> None:
    """Run a witness: it cosigns a log's checkpoints only if each continues the one before (c2sp.org/tlog-witness).

    \b
    Examples:
      kilnwood witness --folder w --key ed25519 --key ml-dsa-44 --show-key
      kilnwood witness --folder w --log-key "$(kilnwood keys show | sed -n 2p)"
      kilnwood witness --folder w --show-conflicts
    """
    from deploy.processes.witness import known_logs, prepare_witness, serve_witness
    from registry.transparency.format.text import Malformed
    from registry.transparency.keys import KeyTrouble
    from registry.transparency.witness.folder import FolderTrouble

    try:
        if show_conflicts:
            _show_conflicts(folder)
            return
        keys = prepare_witness(folder, name, key)
        if show_key:
            click.echo("\n".join(each.text() for each in keys))
            return
        if not log_key and not logs:
            fail("name at least one log with --log-key or --log", 2)
        logging.configure(json=True)
        asyncio.run(serve_witness(folder, host, port, known_logs(log_key, logs)))
    except (KeyTrouble, FolderTrouble, Malformed) as error:
        fail(str(error))
    except OSError as error:
        fail(f"cannot listen on {host}:{port}: {error.strerror}")


def _show_conflicts(folder: Path) -> None:
    """Print both notes of each, as `verify` prints a fork. Exit code 1 if there is a fork."""
    from deploy.cli.verdict_text import conflict_in_words
    from registry.transparency.witness.conflicts import read_conflicts

    if not folder.is_dir():
        fail(f"there is no folder {folder}", 2)
    found = list(read_conflicts(folder))
    for each in found:
        click.echo(conflict_in_words(each))
    forks = sum(each.kind == "fork" for each in found)
    if forks:
        fail(f"{forks} forks: whoever has both notes can prove it to anybody who knows the log's key")
    if not found:
        click.echo("No checkpoint was shown that does not go with a cosigned one.")
