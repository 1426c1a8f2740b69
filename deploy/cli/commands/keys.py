"""`kilnwood keys`: the log's public keys, and the fingerprints of API keys."""

import sys
from pathlib import Path
from typing import Any

import rich_click as click

from deploy.cli.environment import fail, read_environment
from deploy.settings import Settings


@click.group()
def keys() -> None:
    """The log's keys, the trust.json that verifiers are given, and fingerprints of API keys."""


@keys.command("show")
def keys_show() -> None:
    """Print the public keys of the log, one a line.

    A data folder that never had keys gets them here, and it is said on standard error.

    \b
    Example:
      kilnwood keys show
    """
    made = _ensure_keys(read_environment())
    for signer in made:
        click.echo(signer.key.text())


@keys.command("trust")
@click.option(
    "--after",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The edition before: its witnesses count for the leaves up to --from-leaf, those of the settings from there.",
)
@click.option("--from-leaf", type=click.IntRange(min=1), help="The size of the log when the witnesses were changed.")
def keys_trust(after: Path | None, from_leaf: int | None) -> None:
    """Print trust.json for the present settings: hand it to verifiers by a way they trust.

    \b
    Examples:
      kilnwood keys trust > trust.json
      kilnwood keys trust --after trust.json --from-leaf 5120 > trust-2.json
    """
    from deploy.log_keys import next_trust_bytes, trust_bytes
    from registry.transparency.format.text import Malformed

    settings = read_environment()
    if (after is None) != (from_leaf is None):
        raise click.UsageError("--after and --from-leaf belong together")
    if after is not None and from_leaf is not None:
        try:
            made = next_trust_bytes(settings, after.read_bytes(), from_leaf=from_leaf)
        except Malformed as error:
            fail(f"{after}: {error}.")
        sys.stdout.buffer.write(made)
        return
    sys.stdout.buffer.write(trust_bytes(settings, _ensure_keys(settings)))


@keys.command("fingerprint")
@click.argument("file", type=click.File("r"), default="-")
def keys_fingerprint(file: Any) -> None:  # noqa: ANN401 - click's file
    """Print the fingerprint of an API key from a file, or from standard input; it needs no service.

    A regulator who confirms the key compares it with what the registry shows them.

    \b
    Example:
      kilnwood keys fingerprint my.key
    """
    from registry.access.keys.rules import Keyring

    try:
        secret = file.read().strip()
    except UnicodeDecodeError:
        secret = ""
    if not secret.startswith("kw_"):
        fail("this is no API key: one begins with kw_.", 2)
    click.echo(Keyring.fingerprint(secret))


def _ensure_keys(settings: Settings) -> Any:  # noqa: ANN401 - imported late
    from deploy.log_keys import ensure_keys, keys_folder
    from registry.transparency.keys import KeyTrouble, has_keys

    folder = keys_folder(settings.data_dir)
    known = has_keys(folder)
    try:
        made = ensure_keys(settings)
    except KeyTrouble as error:
        fail(str(error))
    if not known:
        click.echo(f"kilnwood: {folder} had no keys; made new ones for {settings.log_origin}.", err=True)
    return made
