"""`kilnwood witness`: cosign a log's checkpoints."""

import asyncio
from pathlib import Path

import rich_click as click

from deploy.cli.environment import fail


@click.command()
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
    from deploy.processes.witness import prepare_witness, serve_witness
    from registry.transparency.format.text import Malformed
    from registry.transparency.keys import KeyTrouble
    from registry.transparency.witness.folder import FolderTrouble

    try:
        key = prepare_witness(folder, name)
        if show_key:
            click.echo(key.text())
            return
        if not log_key:
            fail("name at least one log with --log-key", 2)
        asyncio.run(serve_witness(folder, host, port, log_key))
    except (KeyTrouble, FolderTrouble, Malformed) as error:
        fail(str(error))
    except OSError as error:
        fail(f"cannot listen on {host}:{port}: {error.strerror}")
