"""A day's trades as a compact file: exchange/README.md has its layout. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from hashlib import sha256
from itertools import islice
from typing import Final

from schemas.market_data import Trade

MAGIC: Final = b"KWTRADE1"
_HASH: Final = 32
_EPOCH: Final = date(1970, 1, 1)
_SHANGHAI: Final = timezone(timedelta(hours=8))
_MICROSECOND: Final = timedelta(microseconds=1)


class Unreadable(ValueError):
    """The file is of another kind, cut short, or altered."""


def begin_of(day: date) -> datetime:
    """When a day begins in Asia/Shanghai."""
    return datetime(day.year, day.month, day.day, tzinfo=_SHANGHAI).astimezone(UTC)


def write_day(day: date, tapes: Mapping[str, Sequence[Trade]]) -> bytes:
    """Write the trades of a day, of each instrument the oldest first."""
    out = bytearray(MAGIC)
    _put(out, (day - _EPOCH).days)
    _put(out, len(tapes))
    for code in sorted(tapes):
        _put_text(out, code)
        _put(out, len(tapes[code]))
        number, at, price_fen = 0, begin_of(day), 0
        for each in tapes[code]:
            _put(out, each.id - number)
            _put(out, _zigzag((each.at - at) // _MICROSECOND))
            _put(out, _zigzag(each.price_fen - price_fen))
            _put(out, each.quantity_t << 2 | (each.asset is not None) << 1 | (each.taker_side == "sell"))
            if each.asset is not None:
                _put_text(out, each.asset)
            number, at, price_fen = each.id, each.at, each.price_fen
    return bytes(out) + sha256(out).digest()


def read_day(data: bytes) -> tuple[date, dict[str, list[Trade]]]:
    """Read such a file. Raises `Unreadable`."""
    if data[: len(MAGIC)] != MAGIC:
        raise Unreadable("this is no file of trades: it does not begin with KWTRADE1")
    body, digest = data[:-_HASH], data[-_HASH:]
    if sha256(body).digest() != digest:
        raise Unreadable("the file is cut short or was altered: its SHA-256 does not match")
    left = iter(body[len(MAGIC) :])
    day = _EPOCH + timedelta(days=_take(left))
    tapes: dict[str, list[Trade]] = {}
    for _ in range(_take(left)):
        code = _take_text(left)
        tapes[code] = list(_tape(left, code, day))
    return day, tapes


def _tape(left: Iterator[int], code: str, day: date) -> Iterator[Trade]:
    number, at, price_fen = 0, begin_of(day), 0
    for _ in range(_take(left)):
        number += _take(left)
        at += _unzigzag(_take(left)) * _MICROSECOND
        price_fen += _unzigzag(_take(left))
        packed = _take(left)
        yield Trade(
            id=number,
            instrument=code,
            price_fen=price_fen,
            quantity_t=packed >> 2,
            amount_fen=price_fen * (packed >> 2),
            taker_side="sell" if packed & 1 else "buy",
            at=at,
            asset=_take_text(left) if packed & 2 else None,
        )


def _put(out: bytearray, value: int) -> None:
    """Seven bits a byte, the low ones first; the high bit says that more follow."""
    while value > 0x7F:  # noqa: PLR2004 - seven bits
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)


def _put_text(out: bytearray, text: str) -> None:
    """Its length, and its letters in ASCII."""
    _put(out, len(text))
    out += text.encode("ascii")


def _take_text(left: Iterator[int]) -> str:
    size = _take(left)
    found = bytes(islice(left, size))
    if len(found) < size:
        raise Unreadable("the file ends within a name")
    return found.decode("ascii")


def _take(left: Iterator[int]) -> int:
    value = shift = 0
    for byte in left:
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004 - the last one
            return value
        shift += 7
    raise Unreadable("the file ends within a number")


def _zigzag(value: int) -> int:
    return value << 1 if value >= 0 else (-value << 1) - 1


def _unzigzag(value: int) -> int:
    return value >> 1 if not value & 1 else -((value + 1) >> 1)
