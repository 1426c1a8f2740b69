"""`kilnwood market` and `kilnwood watch`: what anybody may see of the exchange."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import msgspec
import rich_click as click

from deploy.cli.environment import fail
from deploy.cli.trading import run, show, with_service
from schemas.market_data import BookEvent


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """A file of trades that was written."""

    file: str
    instruments: int
    trades: int
    bytes: int


@click.group()
def market() -> None:
    """Read the market: instruments, book, trades, prices, days. No key is needed."""


@market.command("instruments")
@with_service
def instruments(url: str, key_file: Path | None, *, as_json: bool) -> None:
    """List what can be traded, with its rules.

    \b
    Examples:
      kilnwood market instruments
      kilnwood market instruments --url https://registry.example --json
    """
    columns = ("code", "project_name", "tick_fen", "lot_t", "low_fen", "high_fen", "fee_bps", "state")
    run(url, key_file, lambda client: _shown(client.instruments, columns, as_json=as_json))


@market.command("delistings")
@click.option("--state", type=click.Choice(["announced", "withdrawn", "done"]), help="Only those in this state.")
@click.option("--instrument", help="Only what concerns this instrument or basket.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many, newest first.")
@with_service
def delistings(
    state: str | None, instrument: str | None, limit: int, url: str, key_file: Path | None, *, as_json: bool
) -> None:
    """List what is to trade no more, and what became of it.

    \b
    Example:
      kilnwood market delistings --state announced
    """
    columns = ("day", "instrument", "basket", "state", "reason", "withdrawn_because")
    asked = {name: said for name, said in (("state", state), ("instrument", instrument)) if said is not None}
    run(url, key_file, lambda client: _shown(lambda: client.delistings(limit, **asked), columns, as_json=as_json))


@market.command("book")
@click.argument("instrument")
@with_service
def book(instrument: str, url: str, key_file: Path | None, *, as_json: bool) -> None:
    """Show the best prices of both sides.

    \b
    Example:
      kilnwood market book SC-CDCER-0001-2024
    """
    from deploy.client import Client
    from exchange.market_data.rules import lines

    async def work(client: Client) -> None:
        found = await client.book(instrument)
        show([found] if as_json else lines(found), ("side", "price_fen", "quantity_t", "orders"), as_json=as_json)

    run(url, key_file, work)


@market.command("trades")
@click.argument("instrument")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="How many, newest first.")
@with_service
def trades(instrument: str, limit: int, url: str, key_file: Path | None, *, as_json: bool) -> None:
    """Show the newest trades.

    \b
    Example:
      kilnwood market trades SC-CDCER-0001-2024 --limit 5
    """
    columns = ("id", "at", "price_fen", "quantity_t", "amount_fen", "taker_side")
    run(url, key_file, lambda client: _shown(lambda: client.trades(instrument, limit), columns, as_json=as_json))


@market.command("prices")
@click.argument("instrument")
@click.option("--interval", type=click.Choice(["day", "hour"]), default="day", show_default=True)
@with_service
def prices(instrument: str, interval: str, url: str, key_file: Path | None, *, as_json: bool) -> None:
    """Show opening, highest, lowest and closing price by day or hour.

    \b
    Example:
      kilnwood market prices SC-CDCER-0001-2024 --interval hour
    """
    columns = ("begins", "open_fen", "high_fen", "low_fen", "close_fen", "vwap_fen", "quantity_t")
    run(url, key_file, lambda client: _shown(lambda: client.prices(instrument, interval), columns, as_json=as_json))


@market.command("day")
@click.argument("day")
@with_service
def day(day: str, url: str, key_file: Path | None, *, as_json: bool) -> None:
    """Show what was traded on a day of Asia/Shanghai, an instrument a line.

    \b
    Example:
      kilnwood market day 2025-06-01
    """
    columns = ("instrument", "open_fen", "high_fen", "low_fen", "last_fen", "vwap_fen", "volume_t", "turnover_fen")
    run(url, key_file, lambda client: _shown(lambda: client.day(day), columns, as_json=as_json))


@market.command("export")
@click.argument("day", type=click.DateTime(["%Y-%m-%d"]), metavar="DAY")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Where the file goes.")
@with_service
def export(day: datetime, out: Path, url: str, key_file: Path | None, *, as_json: bool) -> None:
    """Write every trade of a day of Asia/Shanghai to a compact file.

    \b
    Example:
      kilnwood market export 2025-06-01 --out 2025-06-01.kwt
    """
    import asyncio

    from deploy.client import Client
    from exchange.market_data.compact import write_day

    async def work(client: Client) -> None:
        traded = await client.day(f"{day:%Y-%m-%d}")
        tapes = {each.instrument: await client.trades_of_day(each.instrument, day.date()) for each in traded}
        data = write_day(day.date(), tapes)
        try:
            await asyncio.to_thread(out.write_bytes, data)
        except OSError as error:
            fail(f"the file cannot be written: {error}")
        done = Exported(file=str(out), instruments=len(tapes), trades=sum(map(len, tapes.values())), bytes=len(data))
        show([done], Exported.__struct_fields__, as_json=as_json)

    run(url, key_file, work)


class ExportedEvents(msgspec.Struct, frozen=True, kw_only=True):
    """A file of book events that was written."""

    file: str
    events: int
    bytes: int


@market.command("events")
@click.argument("instrument")
@click.argument("day", type=click.DateTime(["%Y-%m-%d"]), metavar="DAY")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Where the file goes.")
@with_service
def events(instrument: str, day: datetime, out: Path, url: str, key_file: Path | None, *, as_json: bool) -> None:
    """Write what became of every order of a book on a past day of Asia/Shanghai to a compact file.

    The service replays its journal for it, which takes a while where it is long.

    \b
    Example:
      kilnwood market events SC-CDCER-0001-2024 2025-06-01 --out 2025-06-01.kwb
    """
    import asyncio

    from deploy.client import Client
    from exchange.market_data.compact_book import read_book
    from exchange.market_data.packing import Unreadable

    async def work(client: Client) -> None:
        data = await client.book_events(instrument, day.date())
        try:
            _, found = read_book(data)
        except Unreadable as error:
            fail(f"{instrument} on {day:%Y-%m-%d}: {error}")
        try:
            await asyncio.to_thread(out.write_bytes, data)
        except OSError as error:
            fail(f"the file cannot be written: {error}")
        done = ExportedEvents(file=str(out), events=len(found), bytes=len(data))
        show([done], ExportedEvents.__struct_fields__, as_json=as_json)

    run(url, key_file, work)


@market.command("read")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print each line as JSON.")
def read(file: Path, *, as_json: bool) -> None:
    """Print the trades of a file of `market export`, or the book events of one of `market events` or `watch --record`.

    No service is asked.

    \b
    Examples:
      kilnwood market read 2025-06-01.kwt
      kilnwood market read book.kwb --json
    """
    from exchange.market_data import compact, compact_book
    from exchange.market_data.packing import Unreadable

    try:
        data = file.read_bytes()
        if data.startswith(compact_book.MAGIC):
            _, events = compact_book.read_book(data)
            show(events, BookEvent.__struct_fields__, as_json=as_json)
            return
        _, tapes = compact.read_day(data)
    except (OSError, Unreadable) as error:
        fail(f"{file}: {error}")
    columns = ("instrument", "id", "at", "price_fen", "quantity_t", "amount_fen", "taker_side")
    show([each for tape in tapes.values() for each in tape], columns, as_json=as_json)


async def _shown(read: Callable[[], object], columns: tuple[str, ...], *, as_json: bool) -> None:
    show(await read(), columns, as_json=as_json)  # type: ignore[misc]  # each reads a sequence of structs


@click.command()
@click.argument("instrument")
@click.option("--orders", is_flag=True, help="Every order that rests, not only what rests at each price.")
@click.option("--count", type=click.IntRange(min=1), help="End after so many messages.")
@click.option(
    "--record",
    type=click.Path(dir_okay=False, path_type=Path),
    help="With --orders: when it ends, write what became of every order to this compact file.",
)
@with_service
def watch(
    instrument: str,
    count: int | None,
    record: Path | None,
    url: str,
    key_file: Path | None,
    *,
    orders: bool,
    as_json: bool,
) -> None:
    """Follow the book and the trades of an instrument as they change.

    After a lost connection, or a message that was missed, it goes on with a new snapshot. With --json each message is
    a line: a snapshot, then changes.

    \b
    Examples:
      kilnwood watch SC-CDCER-0001-2024
      kilnwood watch SC-CDCER-0001-2024 --orders --json --count 1
      kilnwood watch SC-CDCER-0001-2024 --orders --record book.kwb
    """
    import contextlib

    from deploy.client import Client
    from deploy.streams import watch as follow

    if record is not None and not orders:
        raise click.UsageError("--record keeps what becomes of orders: say --orders too")
    from deploy.cli.watching import Recorded, Screen

    recorded = Recorded()

    async def work(client: Client) -> None:
        shown = 0
        async with contextlib.aclosing(follow(client, instrument, orders=orders)) as events:
            with Screen(instrument, as_json=as_json) as screen:
                async for copy, message in events:
                    if as_json:
                        click.echo(msgspec.json.encode(message).decode())
                    else:
                        screen.show(copy, message)
                    recorded.take(copy, message.sequence)
                    shown += 1
                    if shown == count:
                        return

    try:
        run(url, key_file, work)
    finally:  # also where it is ended by hand
        if record is not None:
            recorded.write(record, instrument)
