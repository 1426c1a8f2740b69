"""A day's trades as a compact file: what it is byte by byte, and that it says what went in."""

from datetime import date, timedelta
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.market_data.compact import begin_of, read_day, write_day
from exchange.market_data.packing import Unreadable
from schemas.market_data import Trade

DAY = date(2025, 6, 1)
CODE = "SC-CDCER-0001-2024"


def trade(
    number: int, after_us: int, price_fen: int, quantity_t: int, *, sells: bool = False, asset: str | None = None
) -> Trade:
    """One trade, so long after its day began."""
    return Trade(
        id=number,
        instrument=CODE,
        price_fen=price_fen,
        quantity_t=quantity_t,
        amount_fen=price_fen * quantity_t,
        taker_side="sell" if sells else "buy",
        at=begin_of(DAY) + timedelta(microseconds=after_us),
        asset=asset,
    )


def test_the_layout_byte_by_byte():
    """20,240 days since 1970, one instrument, two trades: numbers, times and prices as differences."""
    tape = [trade(300, 5, 36_50, 4), trade(302, 3, 36_40, 1, sells=True)]
    body = (
        b"KWTRADE1" + bytes.fromhex("909e01 01 12") + CODE.encode() + bytes.fromhex("02")
        + bytes.fromhex("ac02 0a 8439 10")  # 300; +5 us; +3650 fen; 4 t bought
        + bytes.fromhex("02 03 13 05")  # +2; -2 us; -10 fen; 1 t sold
    )  # fmt: skip
    assert body + sha256(body).digest() == write_day(DAY, {CODE: tape})
    assert (DAY, {CODE: tape}) == read_day(body + sha256(body).digest())


def test_a_trade_in_a_basket_names_what_was_delivered():
    """Two more than the others' flags, and the asset's code after the tonnes."""
    tape = [trade(1, 0, 1, 3, asset="SC-A"), trade(2, 0, 1, 3)]
    written = write_day(DAY, {CODE: tape})
    assert bytes.fromhex("01 00 02 0e 04") + b"SC-A" + bytes.fromhex("01 00 00 0c") in written
    assert (DAY, {CODE: tape}) == read_day(written)


@given(st.lists(st.tuples(*[st.integers(1, 2**40)] * 4, st.booleans()), max_size=20))
def test_what_is_written_is_read(rows: list[tuple[int, int, int, int, bool]]):
    """Any trades, in the order of their numbers; also none."""
    numbers = [sum(row[0] for row in rows[: at + 1]) for at in range(len(rows))]
    tape = [
        trade(number, after, price, tonnes, sells=sells)
        for number, (_, after, price, tonnes, sells) in zip(numbers, rows, strict=True)
    ]
    assert (DAY, {CODE: tape}) == read_day(write_day(DAY, {CODE: tape}))


def test_what_is_not_read():
    """Another file, one that is cut short, and one in which a bit is different."""
    whole = write_day(DAY, {CODE: [trade(1, 1, 1, 1)]})
    for wrong, named in (
        (b"id,price_fen\n1,2\n", "does not begin with KWTRADE1"),
        (whole[:-1], "SHA-256 does not match"),
        (whole[:20] + bytes([whole[20] ^ 1]) + whole[21:], "SHA-256 does not match"),
        (b"KWTRADE1\x01\x01\x09SC" + sha256(b"KWTRADE1\x01\x01\x09SC").digest(), "ends within a name"),
        (b"KWTRADE1\x80" + sha256(b"KWTRADE1\x80").digest(), "ends within a number"),
    ):
        with pytest.raises(Unreadable, match=named):
            read_day(wrong)
