"""`kilnwood recover`: what the operator does on the server when the regulators cannot decide any more."""

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

import rich_click as click

from deploy.cli.environment import fail, read_environment

if TYPE_CHECKING:
    from deploy.processes.recovery import HandedKey

T = TypeVar("T")


@click.group()
def recover() -> None:
    """Give regulators back the power to decide, on the machine that has the data folder.

    Every act is a statement in the public log. What to do when is in deploy/README.md, "When the regulators cannot
    decide".
    """


_reason = click.option("--reason", required=True, help="Why: it stands in the public log for ever.")


@recover.command("suspension")
@click.argument("suspension_id", type=click.IntRange(min=1))
@click.option("--confirm/--lift", "confirm", required=True, default=None, help="Whether it lasts, or ends.")
@_reason
def recover_suspension(*, suspension_id: int, confirm: bool, reason: str) -> None:
    """Confirm an emergency suspension, or lift it.

    \b
    Examples:
      kilnwood recover suspension 3 --confirm --reason "The key of person 2 was stolen"
      kilnwood recover suspension 3 --lift --reason "Person 2 has a new key"
    """
    from deploy.processes import recovery

    settings = read_environment()
    statement = _done(recovery.settle_suspension(settings, suspension_id, confirm=confirm, reason=reason))
    click.echo(f"Suspension {suspension_id} is {'confirmed' if confirm else 'lifted'}; statement {statement}.")


@recover.command("key")
@click.argument("person_id", type=click.IntRange(min=1))
@_reason
def recover_key(*, person_id: int, reason: str) -> None:
    """End all keys of a person, and make a first key for them.

    \b
    Example:
      kilnwood recover key 2 --reason "Lost by its holder"
    """
    from deploy.processes import recovery

    _tell(_done(recovery.new_key(read_environment(), person_id, reason=reason)))


@recover.command("regulator")
@click.argument("name")
@_reason
def recover_regulator(*, name: str, reason: str) -> None:
    """Register a further regulator at the authority, with a first key.

    \b
    Example:
      kilnwood recover regulator "Third regulator" --reason "Both others left the bureau"
    """
    from deploy.processes import recovery

    _tell(_done(recovery.new_regulator(read_environment(), name, reason=reason)))


def _tell(done: "HandedKey") -> None:
    click.echo(
        f"Person {done.person_id} has a first key in {done.key_file}; statement {done.statement}. Hand it over and "
        "delete the file. It works once, to make an own key, which a regulator whose keys come from elsewhere then "
        "confirms."
    )


def _done(act: Coroutine[Any, Any, T]) -> T:
    from deploy.processes.recovery import CannotRecover

    try:
        return asyncio.run(act)
    except CannotRecover as error:
        fail(str(error))
