"""`kilnwood bench`: every figure with its limit, and a pgbench script that is what the service sends. No timings."""

import gc
import json
import subprocess
import sys
from collections import Counter
from importlib import metadata
from io import StringIO
from types import SimpleNamespace
from typing import Any, cast

import asyncpg
import httpx
import pytest
from rich.console import Console

from deploy.app import Parts, create_app
from deploy.bench import pgbench
from deploy.bench.exchange import peers
from deploy.bench.exchange.book import book, diverging
from deploy.bench.exchange.contestants import BookAlone, BookPrepared, Core, Recording, opened
from deploy.bench.exchange.core import call_latency, core
from deploy.bench.exchange.depth import Deep, cancel, memory
from deploy.bench.exchange.durable import book_day, durable_100, replay
from deploy.bench.exchange.large import fok, freeze
from deploy.bench.exchange.served import RATES, deliveries, orders_in_a_rush, orders_over_http, traded, winners
from deploy.bench.exchange.sparse import sparse_range
from deploy.bench.exchange.stream import CANCEL, SLICE, operations_in, stream
from deploy.bench.exchange.streams import readers, websocket
from deploy.bench.exchange.sustained import STEPS, websocket_minute
from deploy.bench.figures import Machine, Results
from deploy.bench.run import FIGURES as KNOWN
from deploy.bench.run import show
from deploy.cli.commands.bench import bench as command
from deploy.processes.engine import at_rest
from deploy.processes.garbage import as_served
from exchange.engine.events import Reason, Refused
from registry.kit.database import Database
from tests.worlds import KEYRING, PROFILE, World, authority

FIGURES = [
    "retirements-1",
    "retirements-32",
    "issuance",
    "sequencing",
    "verification",
    "cold-verify",
    "certificates",
    "browser-verify",
]
WITH_TARGET = {"retirements-32", "issuance", "verification", "cold-verify", "certificates", "browser-verify"}
SMALLEST = 0.004


def bench(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    return subprocess.run(
        [sys.executable, "-m", "deploy", "bench", *words], capture_output=True, text=True, timeout=200, check=False
    )


def test_every_figure_comes_with_its_limit():
    """The smallest run, as JSON: the machine, and each figure beside what it is measured against."""
    done = bench("--seconds", "0.2", "--json")
    assert 0 == done.returncode, done.stderr
    results = json.loads(done.stdout)
    assert FIGURES == [each["name"] for each in results["figures"]]
    for each in results["figures"]:
        assert each["value"] > 0
        assert each["limit"] > 0
        assert each["limit_what"]
        assert each["share"] > 0
    verdicts = {each["name"]: each["target"]["verdict"] for each in results["figures"] if each["target"]}
    assert WITH_TARGET == verdicts.keys()
    assert set(verdicts.values()) <= {"reached", "missed"}
    assert {"processor", "cores", "load", "system", "python", "postgresql"} == results["machine"].keys()


def test_a_figure_that_there_is_not():
    """An unknown name is an error before anything starts."""
    done = bench("--only", "nonsense")
    assert (2, "") == (done.returncode, done.stdout)
    assert "no figure of the registry is named nonsense; there are retirements-1," in done.stderr


def test_each_half_of_the_bench_has_its_own_names():
    """A figure of the registry is none of the exchange, and the help names every figure there is."""
    done = bench("exchange", "--only", "issuance")
    assert (2, "") == (done.returncode, done.stdout)
    assert f"no figure of the exchange is named issuance; there are {', '.join(KNOWN['exchange'])}" in done.stderr
    assert FIGURES == list(KNOWN["registry"])
    for what, names in KNOWN.items():
        assert f"{what} {', '.join(names)}" in " ".join((command.help or "").split())


def test_the_exchange_is_measured_without_a_region():
    """One short figure through the command line, as JSON in the shape of the registry's."""
    done = bench("exchange", "--only", "memory", "--seconds", "0.1", "--json")
    assert 0 == done.returncode, done.stderr
    results = json.loads(done.stdout)
    assert ["memory"] == [each["name"] for each in results["figures"]]
    (memory,) = results["figures"]
    assert 100 < min(memory["limit"], memory["value"]) <= max(memory["limit"], memory["value"]) < 1_000


@pytest.mark.long
def test_pages_are_measured_beside_a_bare_render():
    """A page of the real service, and its template alone with the same values."""
    done = bench("pages", "--only", "page-project", "--seconds", "0.2", "--json")
    assert 0 == done.returncode, done.stderr
    (page,) = json.loads(done.stdout)["figures"]
    assert 0 < page["value"] < page["limit"]
    assert {"p99 in ms"} == page["notes"].keys()


def test_the_stream_is_the_same_for_everybody():
    """Seeded: a short stream begins a long one; about 45 of 100 operations cancel what an earlier one placed."""
    short, long = stream(2 * SLICE), stream(20 * SLICE)
    assert short == long[:2]
    drawn = [operation for each in long for operation in each]
    cancels = [each.number for each in drawn if each.kind == CANCEL]
    assert 0.43 < len(cancels) / len(drawn) < 0.47
    assert [1] == sorted(set(Counter(cancels).values())), "nothing is cancelled twice"
    assert all(each.number < at for at, each in enumerate(drawn) if each.kind == CANCEL)
    assert (2_000, 1_000_000, 1_000_000) == (operations_in(0.001), operations_in(2), operations_in(60))


def test_the_contestants_carry_out_the_same_stream():
    """The book as the bench uses it trades and keeps what the whole engine does; late cancels are in the stream."""
    slices = stream(10 * SLICE)
    recorded = Recording(slices)
    alone, prepared, whole = BookAlone(slices), BookPrepared(slices), Core(recorded)
    for index in range(len(slices)):
        assert min(each.run(index) for each in (alone, prepared, whole)) > 0
    market = whole.engine.market
    assert recorded.trades == market.trades
    assert {} == market.unsettled
    # A few orders more or less: the engine prevents self-trades, the book alone has an owner for each order.
    assert len(alone.live) == pytest.approx(len(list(market.open_orders())), rel=0.05)
    engine = opened()
    said = [event for each in recorded.commands for command in each for event in engine.apply(command)]
    assert {Reason.NOT_OPEN} == {event.reason for event in said if isinstance(event, Refused)}, "only late cancels"


@pytest.mark.parametrize("measure", [sparse_range, fok, freeze])
def test_what_could_take_long_is_measured(measure):
    """The smallest run of each: its value, and what is asked of it."""
    figure = measure(seconds=SMALLEST, rounds=1)
    assert figure.value > 0
    assert figure.target is not None
    assert all(each >= 0 for each in figure.notes.values())


def test_the_book_without_peers(monkeypatch):
    """Nobody to compare with: the figure is there, says who is missing and how to install them, and has no target."""
    monkeypatch.setattr(peers, "find_spec", lambda _: None)
    figure = book(seconds=SMALLEST, rounds=1)
    assert figure.value > 0
    assert (None, None, None) == (figure.limit, figure.share, figure.target)
    assert [
        f"{name} is not installed and was not measured: make peers" for name in ("lightmatchingengine", "pyorderbook")
    ] == list(figure.remarks)
    machine = Machine(processor="p", cores=2, load=0, system="s", python="3", postgresql="18")
    shown = StringIO()
    show(Results(machine=machine, seconds=1, figures=(figure,)), Console(file=shown, width=200))
    assert "make peers" in " ".join(shown.getvalue().split())


@pytest.mark.long
def test_the_book_beside_peers(monkeypatch):
    """Stand-ins for both packages: each is driven through its own calls, never with a late cancel, and compared."""
    monkeypatch.setattr(peers, "find_spec", lambda _: object())
    monkeypatch.setattr(metadata, "version", lambda _: "1.0")
    monkeypatch.setattr(peers, "import_module", {LIGHT: _light(), "pyorderbook": _pyorderbook()}.__getitem__)
    figure = book(seconds=SMALLEST, rounds=2)
    assert figure.limit is not None
    assert figure.share is not None
    assert figure.target is not None
    assert figure.target.text == "≥ 5 times the best peer"
    assert {"times as fast as lightmatchingengine", "times as fast as pyorderbook"} < figure.notes.keys()
    assert 2 == len(figure.remarks), "stand-ins trade nothing, and a remark says so"


LIGHT = "lightmatchingengine.lightmatchingengine"


def _light() -> SimpleNamespace:
    """A stand-in that takes orders and trades nothing; it refuses a cancel of what it does not have."""

    class Engine:
        def __init__(self):
            self.open = {}

        def add_order(self, symbol, price, quantity, side):
            order = SimpleNamespace(order_id=len(self.open), leaves_qty=quantity, cum_qty=0)
            self.open[order.order_id] = order
            return order, []

        def cancel_order(self, order_id, symbol):
            assert self.open[order_id].leaves_qty, "late"
            self.open[order_id].leaves_qty = 0

    return SimpleNamespace(LightMatchingEngine=Engine, Side=SimpleNamespace(BUY=1, SELL=2))


def _pyorderbook() -> SimpleNamespace:
    """Likewise, with orders that the caller builds."""

    class Order:
        def __init__(self, side, symbol, price, quantity):
            self.quantity = self.original_quantity = quantity

    class Book:
        def __init__(self):
            self.open = set()

        def match(self, order):
            self.open.add(order)

        def cancel(self, order):
            self.open.remove(order)

    return SimpleNamespace(Book=Book, Order=Order, Side=SimpleNamespace(BID="bid", ASK="ask"))


def test_a_peer_that_trades_something_else_is_reported():
    """One sentence for it, no failure; peers that agree are not mentioned."""
    assert ["b 1.0 traded 8 t where the book traded 7 t"] == diverging({"book": 7, "a 1.0": 7, "b 1.0": 8})


def test_the_core_is_measured_beside_its_book():
    """A rate, the book's on the same operations, and what settling costs."""
    figure = core(seconds=SMALLEST, rounds=1)
    assert figure.limit is not None
    assert figure.value > 0
    assert "≥ 500,000/s" == (figure.target and figure.target.text)
    assert {"trades in 100 commands", "µs to settle a trade"} == figure.notes.keys()


def test_a_call_is_timed_alone():
    """Percentiles rise."""
    figure = call_latency(seconds=SMALLEST, rounds=1)
    assert 0 < figure.value <= figure.notes["µs in 99 of 100"] <= figure.notes["µs in 999 of 1,000"]


def test_cancels_at_each_depth():
    """From a hundred orders up by tens, each with its nanoseconds; all cancelled orders are back at the end."""
    figure = cancel(seconds=SMALLEST, rounds=1)
    names = ("ns among {}", "ns of a dictionary's pop among {}")
    assert [each.format(depth) for each in names for depth in ("100", "1,000")] == list(figure.notes)
    assert min(figure.notes.values()) > 0
    deep = Deep(100)
    assert deep.cancel([3, 1, 4]) > 0
    assert deep.cancel([4, 1, 3]) > 0


def test_memory_of_an_order():
    """More in the whole core, which has accounts, than in the book."""
    figure = memory(seconds=SMALLEST, rounds=1)
    assert figure.limit is not None
    assert 100 < figure.limit < figure.value


@pytest.mark.long
def test_the_journal_is_measured_beside_the_bare_engine():
    """Groups of the size that was asked for, and a replay that did the same."""
    by_name = {}
    for measure in (durable_100, replay, book_day):
        figure = measure(seconds=0.01, rounds=1)
        by_name[figure.name] = figure
        assert figure.value > 0
        assert figure.limit
        assert figure.share
    assert {"durable-100", "replay", "book-day"} == by_name.keys()
    assert 0 < by_name["durable-100"].notes["commands in a row of the journal"] <= 100
    assert by_name["durable-100"].target is not None


@pytest.mark.long
def test_the_exchange_is_measured_as_users_meet_it():
    """A real service takes orders at each rate, and the registry delivers, each delivery whole."""
    with traded() as market:
        measures = (deliveries, winners, orders_over_http, orders_in_a_rush, websocket, readers, websocket_minute)
        figures = [each(market, seconds=0.05, rounds=1) for each in measures]
    names = ["deliveries", "winners", "orders-http", "orders-rush", "websocket", "readers", "websocket-minute"]
    assert names == [each.name for each in figures]
    assert all(each.value > 0 for each in figures)
    assert 2 * len(RATES) == len(figures[2].notes)
    assert 5 * len(STEPS) + 2 == len(figures[-1].notes)


def test_the_collector_is_left_as_it_was():
    """Thresholds and what is frozen, also when a measurement fails."""
    before = gc.get_threshold(), gc.get_freeze_count()

    def failing() -> None:
        with as_served():
            assert gc.get_freeze_count() > before[1]
            raise LookupError

    with pytest.raises(LookupError):
        failing()
    assert before == (gc.get_threshold(), gc.get_freeze_count())


async def test_pgbench_sends_what_the_service_sends(delivered: World):
    """The statements of one real retirement, recorded, are those of the script, in its order: five round trips."""
    scenic = delivered.party("scenic")
    body = {
        "account_id": scenic.account_id,
        "claim_id": await delivered.contribution("scenic"),
        "quantity_kg": 1,
        "reason": "recorded",
    }
    sent: list[str] = []

    async def listen(connection: asyncpg.Connection) -> None:
        connection.add_query_logger(lambda record: sent.append(record.query))

    settings = {"role": "kilnwood_api"}
    async with asyncpg.create_pool(delivered.dsn, min_size=1, server_settings=settings, init=listen) as pool:
        db = Database(pool)
        app = create_app(
            Parts(
                db=db, keyring=KEYRING, authority=authority(db), region=PROFILE, exchange=at_rest(db, cast("Any", None))
            )
        )
        transport = httpx.ASGITransport(app)  # type: ignore[arg-type]  # litestar's own ASGI types
        async with httpx.AsyncClient(transport=transport, base_url="http://registry.test") as http:
            headers = {"Authorization": f"Bearer {scenic.key}", "Idempotency-Key": "recorded"}
            assert 200 == (await http.get("/v1/me", headers=headers)).status_code  # the key is known from here on
            sent.clear()
            answer = await http.post("/v1/retirements", json=body, headers=headers)
    assert 201 == answer.status_code, answer.text
    begun = sent[[query.lower() for query in sent].index("begin;") :]
    assert ["begin;", *[True] * 3, "commit;"] == [_is_ours(each) or each.lower() for each in begun if _counts(each)]
    statements = [query for query in sent if query.rstrip(";").lower() not in ("begin", "commit") and _is_ours(query)]
    assert [text for _, text in pgbench.named()] == statements
    assert ["begin;", "commit;"] == [line for line in pgbench.template().splitlines() if line in ("begin;", "commit;")]


def _is_ours(query: str) -> bool:
    return "registry." in query


def _counts(query: str) -> bool:
    """A round trip of the transaction: not what the driver asks once a connection, nor its reset for the next one."""
    return _is_ours(query) or query.lower() in {"begin;", "commit;"}
