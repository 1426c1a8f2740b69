"""How a trader's commands reach the service, and how they print what they read."""

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
import rich_click as click
from rich import box
from rich.console import Console
from rich.table import Table

from deploy.cli.environment import KEY, KEY_FILE, URL, fail
from exchange.journal.refusals import yuan
from schemas.market_data import Book, Side
from schemas.orders import Order

F = TypeVar("F", bound=Callable[..., Any])
PATIENCE_S: Final = 10.0


def with_service(command: F) -> F:
    """Give a command the options that say where the service is, whose key it uses, and that it prints JSON."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print each object as one line of JSON."),
        click.option(
            "--key-file",
            envvar=KEY_FILE,
            type=click.Path(path_type=Path),
            help=f"With your API key; else {KEY} has it.",
        ),
        click.option("--url", envvar=URL, default="http://127.0.0.1:8000", show_default=True, help="Of the service."),
    ):
        command = option(command)
    return command


def read_key(key_file: Path | None) -> str:
    """The API key of the file, else of the environment, else none."""
    if key_file is None:
        return os.environ.get(KEY, "").strip()
    try:
        return key_file.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        fail(f"the key file cannot be read: {error}", 2)


def run(url: str, key_file: Path | None, work: Callable[[Any], Coroutine[Any, Any, None]]) -> None:
    """Do *work* with a `Client`. A refusal ends with one line on standard error and code 1, no service with code 3."""
    from deploy.client import Client, ServiceProblem, Unanswered

    async def connected() -> None:
        async with Client.at(url, key=read_key(key_file), patience_s=PATIENCE_S) as client:
            await work(client)

    try:
        asyncio.run(connected())
    except ServiceProblem as refused:
        hint = f" Set {KEY}, or --key-file." if refused.status == 401 else ""  # noqa: PLR2004 - no key
        fail(f"{refused}{hint}")
    except ValueError as error:
        fail(str(error), 2)
    except Unanswered as error:
        fail(f"{url} does not answer. {error}", 3)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nothing is flushed to what is gone
        sys.exit(0)


def show(items: Sequence[msgspec.Struct], columns: Sequence[str], *, as_json: bool) -> None:
    """Print structs: each as a line of JSON, or all as a table of some of their fields."""
    if as_json:
        for each in items:
            click.echo(msgspec.json.encode(each).decode())
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        table.add_column(_heading(name), justify="right" if name.endswith(("_fen", "_t", "id", "bps")) else "left")
    for each in items:
        table.add_row(*(_cell(name, getattr(each, name)) for name in columns))
    width = None if sys.stdout.isatty() else 200
    Console(width=width).print(table if items else "Nothing.", highlight=False)


def _heading(name: str) -> str:
    return name.removesuffix("_fen").removesuffix("_t").replace("_", " ") + (
        " CNY" if name.endswith("_fen") else " t" if name.endswith("_t") else ""
    )


def _cell(name: str, value: Any) -> str:  # noqa: ANN401 - a field of any struct
    if value is None:
        return ""
    if name.endswith("_fen"):
        return yuan(value)
    if name.endswith("_t"):
        return f"{value:,}"
    if hasattr(value, "astimezone"):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


ORDER_COLUMNS: Final = (
    "id", "kind", "instrument", "side", "price_fen", "quantity_t", "open_t", "traded_t", "state", "closed_because",
)  # fmt: skip


def show_order(order: Order, *, as_json: bool) -> None:
    """Print one order as it stands."""
    show([order], ORDER_COLUMNS, as_json=as_json)


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """What an order would come to in the book as it is: what trades at once and for how much, and what then rests."""

    side: Side
    trades_t: int
    amount_fen: int
    rests_t: int
    locked_fen: int
    sequence: int


def ticket(book: Book, side: Side, price_fen: int, quantity_t: int) -> Ticket:
    """
    Work a ticket out from the best prices of the other side.

    *locked_fen* is what a buyer needs at once: the trades, and what rests at the order's own price. Fees are the
    seller's and not in it.
    """
    left_t, amount_fen = quantity_t, 0
    for level in book.asks if side == "buy" else book.bids:
        if not left_t or (level.price_fen > price_fen if side == "buy" else level.price_fen < price_fen):
            break
        taken_t = min(left_t, level.quantity_t)
        left_t, amount_fen = left_t - taken_t, amount_fen + taken_t * level.price_fen
    return Ticket(
        side=side,
        trades_t=quantity_t - left_t,
        amount_fen=amount_fen,
        rests_t=left_t,
        locked_fen=amount_fen + left_t * price_fen if side == "buy" else 0,
        sequence=book.sequence,
    )
