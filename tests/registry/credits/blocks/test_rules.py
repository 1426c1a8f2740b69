"""Which kilograms a request takes: properties of the pure rules, and every refusal with its numbers."""

from itertools import pairwise
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.credits.blocks import rules
from registry.credits.blocks.rules import Block, Cut, Lot
from schemas.serials import Serial

ISSUANCE_KG = 10_000


def lot(number: int) -> Lot:
    """The lot of one issuance; they follow each other on the number line."""
    base = 1 + (number - 1) * ISSUANCE_KG
    return Lot(number, f"SC-CDCER-0007-2024-{number:02d}", base, 7, "forest-sink/1", 2024)


class Held(NamedTuple):
    """Blocks of an account, oldest first, as the store answers them."""

    blocks: list[Block]

    @property
    def total_kg(self) -> int:
        """Kilograms in all blocks."""
        return sum(block.size_kg for block in self.blocks)


@st.composite
def held(draw: st.DrawFn) -> Held:
    """One to three issuances, each cut at random places; every second piece or so belongs to the account."""
    blocks = []
    for number in range(1, draw(st.integers(1, 3)) + 1):
        of = lot(number)
        edges = sorted(draw(st.sets(st.integers(of.base, of.base + ISSUANCE_KG), min_size=2, max_size=9)))
        spans = list(pairwise(edges))
        mine = draw(st.lists(st.booleans(), min_size=len(spans), max_size=len(spans)))
        blocks += [Block(low, high, of) for (low, high), keep in zip(spans, mine, strict=True) if keep]
    return Held(blocks or [Block(lot(1).base, lot(1).base + 1, lot(1))])


def kilograms(cuts: tuple[Cut, ...]) -> list[int]:
    """Every number that leaves."""
    return [number for cut in cuts for number in range(cut.lower, cut.upper)]


@given(held(), st.data())
def test_fifo_takes_the_oldest_kilograms_and_no_others(has: Held, data: st.DataObject):
    """Exactly as many as wanted, and in order the first of all that are there."""
    wanted_kg = data.draw(st.integers(1, has.total_kg))
    cuts = rules.take_fifo(has.blocks, wanted_kg)
    everything = [number for block in has.blocks for number in range(block.lower, block.upper)]
    assert everything[:wanted_kg] == kilograms(cuts)


@given(held(), st.data())
def test_fifo_splits_the_last_block_at_most_and_at_its_low_end(has: Held, data: st.DataObject):
    """The old row keeps the upper remainder: a transaction that waits for it sees what is left."""
    cuts = rules.take_fifo(has.blocks, data.draw(st.integers(1, has.total_kg)))
    *whole, last = cuts
    assert [(cut.block.lower, cut.block.upper) for cut in whole] == [(cut.lower, cut.upper) for cut in whole]
    assert last.block.lower == last.lower
    assert last.upper <= last.block.upper
    assert [cut.block for cut in cuts] == has.blocks[: len(cuts)]


@given(held(), st.integers(1, 5_000))
def test_fifo_says_what_is_missing(has: Held, more_kg: int):
    """The refusal carries what is there and what was wanted."""
    with pytest.raises(rules.InsufficientCredits) as caught:
        rules.take_fifo(has.blocks, has.total_kg + more_kg)
    assert {"held_kg": has.total_kg, "wanted_kg": has.total_kg + more_kg} == caught.value.members
    assert f"{more_kg} kg are missing" in caught.value.detail


def test_the_refusal_of_too_many_pieces_says_how_much_can_be_taken():
    """Blocks cut off at the limit are not the account's all: the refusal is another one."""
    pieces = [Block(number, number + 1, lot(1)) for number in range(1, 2 * rules.BLOCK_LIMIT, 2)]
    with pytest.raises(rules.TooFragmented) as caught:
        rules.take_fifo(pieces, rules.BLOCK_LIMIT + 1)
    assert {"held_kg": 1000, "wanted_kg": 1001} == caught.value.members
    assert rules.BLOCK_LIMIT == len(rules.take_fifo(pieces, rules.BLOCK_LIMIT))


@given(held(), st.data())
def test_a_serial_takes_exactly_its_kilograms(has: Held, data: st.DataObject):
    """From the middle of a block too; then the block has two remainders, which are not cut."""
    block = data.draw(st.sampled_from(has.blocks))
    lower = data.draw(st.integers(block.lower, block.upper - 1))
    upper = data.draw(st.integers(lower + 1, block.upper))
    assert (Cut(block, lower, upper),) == rules.take_exact([block], lower, upper)


@given(held(), st.data())
def test_a_serial_that_is_not_all_there_is_refused_with_what_is(has: Held, data: st.DataObject):
    """Whatever part is missing: the numbers say how much of it is active here."""
    of = lot(1)
    lower = data.draw(st.integers(of.base, of.base + ISSUANCE_KG - 1))
    upper = data.draw(st.integers(lower + 1, of.base + ISSUANCE_KG))
    touching = [each for each in has.blocks if each.lower < upper and lower < each.upper]
    there = {number for each in touching for number in range(each.lower, each.upper)} & set(range(lower, upper))
    if len(there) == upper - lower:
        assert sorted(there) == kilograms(rules.take_exact(touching, lower, upper))
    else:
        with pytest.raises(rules.SerialUnavailable) as caught:
            rules.take_exact(touching, lower, upper)
        assert {"held_kg": len(there), "wanted_kg": upper - lower} == caught.value.members


def test_a_serial_in_too_many_pieces_is_not_called_somebody_elses():
    """The store cut the pieces off at its limit: what lies behind is unknown, not unavailable."""
    pieces = [Block(number, number + 1, lot(1)) for number in range(1, rules.BLOCK_LIMIT + 1)]
    with pytest.raises(rules.TooFragmented) as caught:
        rules.take_exact(pieces, 1, rules.BLOCK_LIMIT + 2)
    assert {"held_kg": 1000, "wanted_kg": 1001} == caught.value.members


@given(held(), st.integers(1, 4))
def test_parts_lose_no_kilogram_and_mix_no_issuances(has: Held, limit: int):
    """Each part is of one issuance, has at most so many ranges, and together they are what was cut."""
    cuts = rules.take_fifo(has.blocks, has.total_kg)
    found = list(rules.parts(reversed(cuts), limit))
    assert sorted(kilograms(cuts)) == [
        number for part in found for lower, upper in part.spans for number in range(lower, upper)
    ]
    for part in found:
        assert 1 <= len(part.spans) <= limit
        assert all(part.lot.base <= low < high <= part.lot.base + ISSUANCE_KG for low, high in part.spans)
        assert part.quantity_kg == sum(last - first + 1 for first, last in part.ranges)


def test_a_statement_has_at_most_200_ranges():
    """401 pieces with gaps between are three parts."""
    cuts = [Cut(Block(number, number + 1, lot(1)), number, number + 1) for number in range(1, 802, 2)]
    assert [200, 200, 1] == [len(part.ranges) for part in rules.parts(cuts, 200)]


def test_neighbours_across_an_issuance_stay_apart():
    """The number line goes on, the issuance does not: the last kilogram of one and the first of the next."""
    first, second = lot(1), lot(2)
    seam = second.base
    cuts = [
        Cut(Block(seam - 2, seam, first), seam - 2, seam),
        Cut(Block(seam, seam + 3, second), seam, seam + 3),
    ]
    found = [(part.lot.code[-2:], part.ranges) for part in rules.parts(cuts, 200)]
    assert [("01", ((9_999, 10_000),)), ("02", ((1, 3),))] == found


@given(held())
def test_merging_joins_neighbours_and_nothing_else(has: Held):
    """The same kilograms, in order, with a gap between any two spans."""
    joined = rules.merged((block.lower, block.upper) for block in reversed(has.blocks))
    everything = sorted(number for block in has.blocks for number in range(block.lower, block.upper))
    assert everything == [number for lower, upper in joined for number in range(lower, upper)]
    assert all(before[1] < after[0] for before, after in pairwise(joined))


@given(held())
def test_serials_name_what_the_spans_hold(has: Held):
    """What people see has the same size, and is read back."""
    mine = [each for each in has.blocks if each.lot == has.blocks[0].lot]
    of = mine[0].lot
    shown = rules.serials(of.code, of.base, [(each.lower, each.upper) for each in mine])
    assert sum(each.size_kg for each in mine) == sum(Serial.parse(each).size_kg for each in shown)
    assert {of.code} == {str(Serial.parse(each).issuance) for each in shown}


def test_a_lot_knows_its_project():
    """The issuance's code without vintage and sequence."""
    assert "SC-CDCER-0007" == lot(3).project


def test_a_serial_of_another_size_is_refused():
    """Serial and quantity are said twice, so they have to agree."""
    serial = Serial.parse("SC-CDCER-0007-2024-01:5-9kg")
    rules.check_serial(serial, 5)
    with pytest.raises(rules.WrongQuantity, match="has 5 kg, quantity_kg says 6"):
        rules.check_serial(serial, 6)
