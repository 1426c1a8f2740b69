"""A day's trades as a compact file: exchange/README.md has its layout. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Final

from exchange.market_data.packing import put, put_text, sealed, take, take_text, unsealed, unzigzag, zigzag
from schemas.market_data import Trade

MAGIC: Final = b"KWTRADE1"
_EPOCH: Final = date(1970, 1, 1)
_SHANGHAI: Final = timezone(timedelta(hours=8))
_MICROSECOND: Final = timedelta(microseconds=1)


def begin_of(day: date) -> datetime:
    """When a day begins in Asia/Shanghai."""
    return datetime(day.year, day.month, day.day, tzinfo=_SHANGHAI).astimezone(UTC)


def write_day(day: date, tapes: Mapping[str, Sequence[Trade]]) -> bytes:
    """Write the trades of a day, of each instrument the oldest first."""
    out = bytearray(MAGIC)
    put(out, (day - _EPOCH).days)
    put(out, len(tapes))
    for code in sorted(tapes):
        put_text(out, code)
        put(out, len(tapes[code]))
        number, at, price_fen = 0, begin_of(day), 0
        for each in tapes[code]:
            put(out, each.id - number)
            put(out, zigzag((each.at - at) // _MICROSECOND))
            put(out, zigzag(each.price_fen - price_fen))
            put(out, each.quantity_t << 2 | (each.asset is not None) << 1 | (each.taker_side == "sell"))
            if each.asset is not None:
                put_text(out, each.asset)
            number, at, price_fen = each.id, each.at, each.price_fen
    return sealed(out)


def read_day(data: bytes) -> tuple[date, dict[str, list[Trade]]]:
    """Read such a file. Raises `Unreadable`."""
    left = unsealed(data, MAGIC, "trades")
    day = _EPOCH + timedelta(days=take(left))
    tapes: dict[str, list[Trade]] = {}
    for _ in range(take(left)):
        code = take_text(left)
        tapes[code] = list(_tape(left, code, day))
    return day, tapes


def _tape(left: Iterator[int], code: str, day: date) -> Iterator[Trade]:
    number, at, price_fen = 0, begin_of(day), 0
    for _ in range(take(left)):
        number += take(left)
        at += unzigzag(take(left)) * _MICROSECOND
        price_fen += unzigzag(take(left))
        packed = take(left)
        yield Trade(
            id=number,
            instrument=code,
            price_fen=price_fen,
            quantity_t=packed >> 2,
            amount_fen=price_fen * (packed >> 2),
            taker_side="sell" if packed & 1 else "buy",
            at=at,
            asset=take_text(left) if packed & 2 else None,
        )
