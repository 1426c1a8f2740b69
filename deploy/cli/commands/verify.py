"""`kilnwood verify` as click knows it: the entry point runs it without click; here, so that help lists it."""

import sys

import rich_click as click


@click.command(add_help_option=False, context_settings={"ignore_unknown_options": True})
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def verify(words: tuple[str, ...]) -> None:
    """Check receipts offline, with nothing but trust.json."""
    from deploy.cli.verify import main as run  # `__main__` runs it without click; here, so that help lists it

    sys.exit(run(words))
