"""A trader's commands: what they send, print and fail with, against a service that is only said to be there."""

import io
import json
from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec
import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace
from rich.console import Console

from deploy.cli import trading
from deploy.cli.program import cli
from deploy.cli.trading import ticket
from deploy.cli.watching import Screen
from deploy.client import Client
from deploy.sockets import SocketClosed
from exchange.market_data.compact_book import write_book
from exchange.market_data.replica import MarketReplica
from schemas.market_data import Book, BookEvent, BookOrder, LevelChange, MarketChange, MarketSnapshot, PriceLevel, Trade

CODE = "SC-CDCER-0001-2024"
ORDER = {
    "id": 81, "kind": "order", "account_id": 7, "instrument": CODE, "side": "buy", "price_fen": 3650, "quantity_t": 4,
    "open_t": 1, "traded_t": 3, "state": "open", "closed_because": None, "time_in_force": "GTC", "post_only": False,
    "client_order_id": 1, "listing_id": None, "until": None, "at": "2025-06-01T00:00:00Z",
}  # fmt: skip
BASKET = {
    "code": "BASKET-F", "name": "Forests", "preset": "cbl-basket", "methodology": None, "vintage_from": 2021,
    "vintage_to": 2025, "types": ["forestry"], "co_benefits": [15], "labels": ["CCP-ELIGIBLE"],
    "assets": [{"code": CODE, "project_id": 1, "vintage": 2024, "project_name": "Hills", "listed": True,
                "since": "2025-06-01T00:00:00Z", "meets_rule": True}],
}  # fmt: skip
DELISTING = {
    "id": 3, "instrument": CODE, "name": "Hills", "basket": "BASKET-F", "day": "2025-06-09", "state": "announced",
    "reason": "Too old", "announced_at": "2025-06-01T00:00:00Z", "withdrawn_at": None, "withdrawn_because": None,
    "carried_out_at": None,
}  # fmt: skip
BALANCES = {"account_id": 7, "sequence": 9, "last_client_order_id": 1000, "cash": {}, "tonnes": []}
ASKS = tuple(PriceLevel(price_fen=price, quantity_t=tonnes, orders=1) for price, tonnes in ((3600, 2), (3650, 5)))
BOOK = Book(instrument=CODE, sequence=9, bids=(PriceLevel(price_fen=3500, quantity_t=1, orders=1),), asks=ASKS)
ANSWERS: dict[str, Any] = {
    "GET /v1/accounts/7/balances": BALANCES,
    "GET /v1/accounts/7/orders": {"items": [ORDER], "next": None},
    f"GET /v1/instruments/{CODE}/book": msgspec.to_builtins(BOOK),
    "POST /v1/orders": ORDER,
    "POST /v1/orders/81/cancel": {**ORDER, "state": "closed", "closed_because": "cancelled"},
    "POST /v1/orders/81/amend": ORDER,
    "POST /v1/orders/cancel-all": {"account_id": 7, "client_order_id": 1, "cancelled": 3},
    "POST /v1/campaigns/5/pledges": {**ORDER, "kind": "pledge"},
    "POST /v1/baskets": BASKET,
    "GET /v1/campaigns": {"items": [], "next": None},
    "GET /v1/delistings": {"items": [DELISTING], "next": None},
}


class Service:
    """Remembers what it was sent."""

    def __init__(self) -> None:
        self.sent: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer one request, or refuse it."""
        self.sent.append(request)
        found = ANSWERS.get(f"{request.method} {request.url.path}")
        if found is None:
            problem = {
                "type": "urn:kilnwood:problem:not-found",
                "title": "Unknown",
                "detail": "There is no such thing.",
            }
            return httpx.Response(404, json=problem)
        if isinstance(found, bytes):
            return httpx.Response(200, content=found)
        return httpx.Response(200 if request.method == "GET" else 201, json=found)


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Service:
    """The commands reach it whatever their --url."""
    there = Service()

    async def dial(path: str) -> Any:
        raise SocketClosed(404, path)

    def at(url: str, **said: Any) -> Client:
        return Client(httpx.AsyncClient(base_url=url, transport=httpx.MockTransport(there)), dial, **said)

    monkeypatch.setattr(Client, "at", at)
    for name in ("KILNWOOD_KEY", "KILNWOOD_KEY_FILE", "KILNWOOD_URL"):
        monkeypatch.delenv(name, raising=False)
    return there


def kilnwood(*words: str, **env: str) -> Result:
    """Run one command."""
    return CliRunner().invoke(cli, words, env={**env, "COLUMNS": "200"})


def test_an_order_is_placed_with_the_key_and_the_next_number(service: Service):
    """Prices are CNY on the command line and fen on the wire; the key is of the environment."""
    done = kilnwood("order", "place", "buy", CODE, "4", "36.5", "--account", "7", KILNWOOD_KEY="kw_me")
    assert (0, "") == (done.exit_code, done.stderr)
    assert all(word in done.stdout for word in ("81", "36.50", "open"))
    sent = json.loads(service.sent[-1].content)
    assert (7, 3650, 4, "buy", "GTC") == tuple(
        sent[each] for each in ("account_id", "price_fen", "quantity_t", "side", "time_in_force")
    )
    assert 1000 < sent["client_order_id"]
    assert "Bearer kw_me" == service.sent[-1].headers["Authorization"]


def test_the_key_may_be_in_a_file(service: Service, tmp_path: Any):
    """That an option or the environment names; one that cannot be read is said in one line."""
    (tmp_path / "my.key").write_text("kw_mine\n")
    done = kilnwood("order", "list", "--account", "7", "--json", KILNWOOD_KEY_FILE=str(tmp_path / "my.key"))
    assert [ORDER] == [json.loads(line) for line in done.stdout.splitlines()]
    assert "Bearer kw_mine" == service.sent[0].headers["Authorization"]
    done = kilnwood("order", "list", "--account", "7", "--key-file", str(tmp_path / "none"))
    assert (2, 1) == (done.exit_code, len(done.stderr.splitlines()))
    assert "cannot be read" in done.stderr


@pytest.mark.parametrize(
    ("words", "path"),
    [
        ("order amend 81 4 36.50 --account 7", "/v1/orders/81/amend"),
        ("order cancel 81 --account 7", "/v1/orders/81/cancel"),
        ("order cancel --all --account 7", "/v1/orders/cancel-all"),
        ("subscribe pledge 5 4 --account 7", "/v1/campaigns/5/pledges"),
        ("subscribe withdraw 81 --account 7", "/v1/orders/81/cancel"),
        ("subscribe show", "/v1/campaigns"),
        (f"market book {CODE}", f"/v1/instruments/{CODE}/book"),
        (f"order place buy {CODE} 4 36.50 --account 7 --preview", f"/v1/instruments/{CODE}/book"),
    ],
)
def test_each_command_sends_one_thing(service: Service, words: str, path: str):
    """And prints what came of it, also as JSON."""
    for more in ((), ("--json",)):
        done = kilnwood(*words.split(), *more)
        assert 0 == done.exit_code, done.stderr
        assert path == service.sent[-1].url.path
        assert done.stdout or "show" in words


def test_delistings_are_listed_as_asked_for(service: Service):
    """The newest first; with --json each is one line as the API has it."""
    done = kilnwood("market", "delistings", "--state", "announced", "--instrument", "BASKET-F", "--json")
    assert (0, [DELISTING]) == (done.exit_code, [json.loads(line) for line in done.stdout.splitlines()])
    asked = dict(service.sent[-1].url.params)
    assert ("newest", "announced", "BASKET-F") == tuple(asked[name] for name in ("order", "state", "instrument"))
    assert "Too old" in kilnwood("market", "delistings").stdout
    assert 2 == kilnwood("market", "delistings", "--state", "gone").exit_code


def test_a_basket_is_opened_by_the_preset_of_cbl(service: Service):
    """Its rule as the options say it; what cannot be one is not sent."""
    words = "venue basket BASKET-F Forests --preset cbl-basket --vintages 2021 2025 --type forestry --co-benefit 15"
    words += " --label CCP-ELIGIBLE --band 10.00 90.00 --fee-account 1"
    done = kilnwood(*words.split(), KILNWOOD_KEY="kw_me")
    assert (0, True) == (done.exit_code, CODE in done.stdout), done.stderr
    sent = json.loads(service.sent[-1].content)
    assert ("cbl-basket", 2021, 2025, ["forestry"], [15], ["CCP-ELIGIBLE"], 1000, 9000, 1) == tuple(
        sent[each]
        for each in (
            "preset", "vintage_from", "vintage_to", "types", "co_benefits", "labels", "low_fen", "high_fen",
            "fee_account_id",
        )
    )  # fmt: skip
    assert [BASKET["code"]] == [json.loads(kilnwood(*words.split(), "--json").stdout)["code"]]
    before = len(service.sent)
    for wrong, named in (("forestry", "types"), ("2025 --type", "vintage_from"), ("CCP-ELIGIBLE", "labels")):
        other = {"forestry": "sun", "2025 --type": "2020 --type", "CCP-ELIGIBLE": "ccp"}[wrong]
        done = kilnwood(*words.replace(wrong, other).split())
        assert (2, True) == (done.exit_code, named in done.stderr), done.stderr
    assert before == len(service.sent)


def test_what_fails_is_one_line_and_a_code(service: Service, monkeypatch: pytest.MonkeyPatch):
    """1: refused; 2: wrong words; 3: no service."""
    done = kilnwood("market", "trades", "SC-NONE")
    assert (1, "kilnwood: There is no such thing.\n") == (done.exit_code, done.stderr)
    for words, named in (
        (f"order place buy {CODE} 4 36.505 --account 7", "at most two decimals"),
        (f"order place buy {CODE} 4 36.50 --account 7 --time-in-force GTD", "until goes with"),
        ("order cancel --account 7", "say which order, or --all"),
    ):
        done = kilnwood(*words.split())
        assert 2 == done.exit_code
        assert named in done.stderr
    monkeypatch.setattr(trading, "PATIENCE_S", 0.0)
    done = kilnwood("watch", CODE, "--url", "http://nobody.test")
    assert (3, 1) == (done.exit_code, len(done.stderr.splitlines()))
    assert "http://nobody.test does not answer" in done.stderr


def test_a_day_is_exported_and_read(service: Service, tmp_path: Any, monkeypatch: pytest.MonkeyPatch):
    """The trades of that day in Asia/Shanghai, the oldest first, of as many pages as they are on."""
    tape = [
        {"id": number, "instrument": CODE, "price_fen": 3600, "quantity_t": 2, "amount_fen": 7200, "taker_side": "buy"}
        | {"at": at, "asset": None}
        for number, at in ((4, "2025-06-01T16:00:00Z"), (3, "2025-06-01T15:59:59Z"), (2, "2025-05-31T16:00:00Z"))
    ]
    summary = {"day": "2025-06-01", "instrument": CODE, "volume_t": 4, "turnover_fen": 14400, "trades": 2} | {
        f"{name}_fen": 3600 for name in ("open", "high", "low", "last", "vwap")
    }
    monkeypatch.setitem(ANSWERS, "GET /v1/market/days/2025-06-01", {"items": [summary], "next": None})
    monkeypatch.setitem(ANSWERS, f"GET /v1/instruments/{CODE}/trades", {"items": tape, "next": None})
    out = str(tmp_path / "day.kwt")
    done = kilnwood("market", "export", "2025-06-01", "--out", out, "--json")
    assert {"file": out, "instruments": 1, "trades": 2} == {
        name: value for name, value in json.loads(done.stdout).items() if name != "bytes"
    }
    read = [json.loads(line) for line in kilnwood("market", "read", out, "--json").stdout.splitlines()]
    assert tape[:0:-1] == read
    assert 1 == kilnwood("market", "read", __file__).exit_code
    assert "cannot be written" in kilnwood("market", "export", "2025-06-01", "--out", str(tmp_path)).stderr


def test_the_book_events_of_a_day_are_written_and_read(
    service: Service, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
):
    """As the service made them; a file that arrives cut short is not written."""
    events = [BookEvent(sequence=9, change="added", order_id=4, side="sell", price_fen=3600, open_t=2)]
    path, out = f"GET /v1/instruments/{CODE}/book-events/2025-06-01", tmp_path / "day.kwb"
    monkeypatch.setitem(ANSWERS, path, write_book(CODE, events))
    done = kilnwood("market", "events", CODE, "2025-06-01", "--out", str(out), "--json")
    assert (1, write_book(CODE, events)) == (json.loads(done.stdout)["events"], out.read_bytes())
    read = kilnwood("market", "read", str(out), "--json").stdout
    assert msgspec.to_builtins(events) == [json.loads(line) for line in read.splitlines()]
    assert "cannot be written" in kilnwood("market", "events", CODE, "2025-06-01", "--out", str(tmp_path)).stderr
    monkeypatch.setitem(ANSWERS, path, write_book(CODE, events)[:-1])
    cut = kilnwood("market", "events", CODE, "2025-06-01", "--out", str(tmp_path / "cut.kwb"))
    assert (1, False) == (cut.exit_code, (tmp_path / "cut.kwb").exists())
    assert "cut short" in cut.stderr


@pytest.mark.parametrize(
    ("side", "price", "tonnes", "trades_t", "amount_fen", "rests_t", "locked_fen"),
    [
        ("buy", 3650, 4, 4, 2 * 3600 + 2 * 3650, 0, 2 * 3600 + 2 * 3650),
        ("buy", 3620, 4, 2, 2 * 3600, 2, 2 * 3600 + 2 * 3620),
        ("buy", 3599, 4, 0, 0, 4, 4 * 3599),
        ("buy", 9999, 9, 7, 2 * 3600 + 5 * 3650, 2, 2 * 3600 + 5 * 3650 + 2 * 9999),
        ("sell", 3500, 3, 1, 3500, 2, 0),
        ("sell", 3501, 3, 0, 0, 3, 0),
    ],
)
def test_a_ticket(side: Any, price: int, tonnes: int, trades_t: int, amount_fen: int, rests_t: int, locked_fen: int):  # noqa: PLR0917 - a row
    """Up to the limit at the resting prices, the rest rests; a buyer locks both."""
    found = ticket(BOOK, side, price, tonnes)
    assert (trades_t, amount_fen, rests_t, locked_fen) == (
        found.trades_t,
        found.amount_fen,
        found.rests_t,
        found.locked_fen,
    )


def test_the_picture_of_a_market():
    """Both sides, the phase, and trades as they come; in a pipe a picture for each message."""
    copy, out = MarketReplica(), io.StringIO()
    snapshot = MarketSnapshot(
        instrument=CODE, stream="s", number=1, sequence=9, open=True, phase="continuous", bids=BOOK.bids, asks=ASKS,
        orders=None, last_trade_id=0,
    )  # fmt: skip
    trade = Trade(
        id=12, instrument=CODE, price_fen=3600, quantity_t=2, amount_fen=7200, taker_side="buy", at=datetime.now(UTC)
    )
    gone = LevelChange(side="sell", price_fen=3600, quantity_t=0, orders=0)
    change = MarketChange(
        instrument=CODE, stream="s", number=2, sequence=10, open=False, phase="closed", levels=(gone,), trades=(trade,)
    )
    with Screen(CODE, as_json=False, console=Console(file=out, width=100)) as screen:
        for message in (snapshot, change):
            copy.apply(message)
            screen.show(copy, message)
    first, _, second = out.getvalue().partition("closed, no orders are taken")
    assert all(word in first for word in ("continuous, orders are taken", "35.00", "36.00", "36.50"))
    assert all(word in second for word in ("36.50", "12", "buy"))


def test_what_is_watched_is_recorded_and_read(service: Service, tmp_path: Any, monkeypatch: pytest.MonkeyPatch):
    """A snapshot and a change as the feed has them; the file says what became of each order."""
    one, two = (BookOrder(id=number, side="sell", price_fen=3600 + number, open_t=4) for number in (1, 2))
    began = MarketSnapshot(
        instrument=CODE, stream="s", number=1, sequence=70, open=True, phase="continuous", bids=(), asks=(),
        orders=(one, two), last_trade_id=0,
    )  # fmt: skip
    gone = (replace(one, open_t=1), replace(two, open_t=0))
    then = MarketChange(instrument=CODE, stream="s", number=2, sequence=73, open=True, phase="continuous", orders=gone)

    async def followed(*_: Any, **said: Any) -> Any:
        assert said["orders"]
        copy = MarketReplica()
        for message in (began, then):
            copy.apply(message)
            yield copy, message

    monkeypatch.setattr("deploy.streams.watch", followed)
    file = tmp_path / "book.kwb"
    done = kilnwood("watch", CODE, "--orders", "--record", str(file), "--json", "--count", "2")
    assert (0, True) == (done.exit_code, f"4 events, {file.stat().st_size} bytes" in done.stderr)
    read = kilnwood("market", "read", str(file), "--json")
    assert [(70, "added", 1, 4), (70, "added", 2, 4), (73, "reduced", 1, 1), (73, "removed", 2, 0)] == [
        tuple(json.loads(line)[name] for name in ("sequence", "change", "order_id", "open_t"))
        for line in read.stdout.splitlines()
    ]
    assert 2 == kilnwood("watch", CODE, "--record", str(file)).exit_code
    missing = kilnwood("watch", CODE, "--orders", "--record", str(tmp_path / "none" / "x"), "--json", "--count", "1")
    assert (1, True) == (missing.exit_code, "cannot be written" in missing.stderr)
