"""The book and the newest trades of an instrument, drawn again with each change."""

from collections import deque
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import rich_click as click
from rich.columns import Columns
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from deploy.cli.environment import fail
from exchange.journal.refusals import yuan
from exchange.market_data.compact_book import book_events, write_book
from exchange.market_data.replica import MarketReplica
from schemas.market_data import BookEvent, BookOrder, MarketChange, MarketSnapshot, Trade

DEPTH: Final = 10
TRADES: Final = 10


class Screen:
    """At a terminal one picture that changes; in a pipe a picture for each message; with *as_json* nothing."""

    def __init__(self, instrument: str, *, as_json: bool, console: Console | None = None) -> None:
        self._instrument = instrument
        self._console = console or Console()
        live = self._console.is_terminal and not as_json
        self._live = Live(console=self._console, auto_refresh=False) if live else None
        self._trades: deque[Trade] = deque(maxlen=TRADES)

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, copy: MarketReplica, message: MarketSnapshot | MarketChange) -> None:
        """Draw the copy, and the trades that came since."""
        if isinstance(message, MarketChange):
            self._trades.extendleft(message.trades)
        picture = Group(self._head(copy), Columns((_book(copy), self._tape()), padding=(0, 4)))
        if self._live is not None:
            self._live.update(picture, refresh=True)
        else:
            self._console.print(picture, highlight=False)

    def _head(self, copy: MarketReplica) -> Text:
        taking = "orders are taken" if copy.open else "no orders are taken"
        return Text(f"{self._instrument}  {copy.phase}, {taking}  change {copy.number}")

    def _tape(self) -> Table:
        table = Table(box=None, pad_edge=False)
        for name in ("trade", "taker", "CNY/t", "t"):
            table.add_column(name, justify="left" if name == "taker" else "right")
        for each in self._trades:
            table.add_row(str(each.id), each.taker_side, yuan(each.price_fen), f"{each.quantity_t:,}")
        return table


def _book(copy: MarketReplica) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("bid t", "bid CNY/t", "ask CNY/t", "ask t"):
        table.add_column(name, justify="right")
    bids, asks = copy.side("buy")[:DEPTH], copy.side("sell")[:DEPTH]
    for at in range(max(len(bids), len(asks))):
        bid, ask = (side[at] if at < len(side) else None for side in (bids, asks))
        table.add_row(
            f"{bid.quantity_t:,}" if bid else "",
            yuan(bid.price_fen) if bid else "",
            yuan(ask.price_fen) if ask else "",
            f"{ask.quantity_t:,}" if ask else "",
        )
    return table


class Recorded:
    """What became of every order of an instrument while it was watched."""

    def __init__(self) -> None:
        self.events: list[BookEvent] = []
        self._orders: dict[int, BookOrder] = {}

    def take(self, copy: MarketReplica, sequence: int) -> None:
        """What the copy shows after a message, which shows everything up to *sequence*."""
        self.events += book_events(sequence, self._orders, copy.orders)
        self._orders = dict(copy.orders)

    def write(self, file: Path, instrument: str) -> None:
        """Write the file, and say what is in it. Ends with code 1 where it cannot be written."""
        data = write_book(instrument, self.events)
        try:
            file.write_bytes(data)
        except OSError as error:
            fail(f"the file cannot be written: {error}")
        click.echo(f"{len(self.events):,} events, {len(data):,} bytes: {file}", err=True)
