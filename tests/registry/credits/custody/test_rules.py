"""Deliveries in memory against a naive account of single kilograms, and how rows become what the holds have."""

from itertools import pairwise
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.credits.blocks.rules import Block, InsufficientCredits, Lot
from registry.credits.custody.rules import HoldChanges, HoldOwner, Holds

ISSUANCE_KG = 100
OWNERS = tuple(HoldOwner(account, 7, 2024) for account in (1, 2, 3, 4))


def lot(number: int) -> Lot:
    """The lot of one issuance; they follow each other on the number line."""
    return Lot(number, f"SC-CDCER-0007-2024-{number:02d}", 1 + (number - 1) * ISSUANCE_KG, 7, "forest-sink/1", 2024)


class Order(NamedTuple):
    """One delivery."""

    seller: HoldOwner
    buyer: HoldOwner
    quantity_kg: int


@st.composite
def held(draw: st.DrawFn) -> dict[HoldOwner, list[Block]]:
    """Two issuances, cut at random places; each piece lies under one of the holds, or under none."""
    found: dict[HoldOwner, list[Block]] = {owner: [] for owner in OWNERS}
    for number in (1, 2):
        of = lot(number)
        inner = draw(st.sets(st.integers(of.base + 1, of.base + ISSUANCE_KG - 1), max_size=8))
        for lower, upper in pairwise([of.base, *sorted(inner), of.base + ISSUANCE_KG]):
            owner = draw(st.sampled_from([*OWNERS, None]))
            if owner:
                found[owner].append(Block(lower, upper, of))
    return found


orders = st.lists(
    st.builds(Order, st.sampled_from(OWNERS), st.sampled_from(OWNERS), st.integers(1, ISSUANCE_KG)).filter(
        lambda order: order.seller != order.buyer
    ),
    max_size=12,
)


class Naive:
    """Each kilogram for itself, and the lowest number first: issuances follow each other on the line."""

    def __init__(self, blocks: dict[HoldOwner, list[Block]]) -> None:
        self.kg = {owner: {n for each in held for n in range(each.lower, each.upper)} for owner, held in blocks.items()}

    def deliver(self, order: Order) -> set[int] | None:
        """The kilograms that go, or None where there are too few."""
        if len(self.kg[order.seller]) < order.quantity_kg:
            return None
        gone = set(sorted(self.kg[order.seller])[: order.quantity_kg])
        self.kg[order.seller] -= gone
        self.kg[order.buyer] |= gone
        return gone


def rows_after(blocks: dict[HoldOwner, list[Block]], changes: HoldChanges) -> dict[HoldOwner, set[int]]:
    """Carry the changes out on rows as the database does: each changed row is where it was read, none overlap."""
    rows = {(each.lower, each.upper): owner for owner, held in blocks.items() for each in held}
    for each in changes.changed:
        assert each.owner == rows.pop((each.block.lower, each.block.upper))
        assert each.block.lower <= each.lower < each.upper <= each.block.upper
        rows[each.lower, each.upper] = each.to_owner
    for new in changes.new:
        assert all(new.upper <= lower or upper <= new.lower for lower, upper in rows)
        rows[new.lower, new.upper] = new.owner
    found: dict[HoldOwner, set[int]] = {owner: set() for owner in OWNERS}
    for (lower, upper), owner in rows.items():
        found[owner] |= set(range(lower, upper))
    return found


@given(held(), orders)
def test_a_batch_comes_to_what_single_kilograms_come_to(blocks, batch):
    """Whatever is delivered to whom in which order, also what was received a moment before; refusals change nothing."""
    holds, naive = Holds(blocks), Naive(blocks)
    before = {owner: len(kg) for owner, kg in naive.kg.items()}
    for order in batch:
        gone = naive.deliver(order)
        if gone is None:
            with pytest.raises(InsufficientCredits) as refused:
                holds.oldest(order.seller, order.quantity_kg)
            assert {"held_kg": len(naive.kg[order.seller]), "wanted_kg": order.quantity_kg} == refused.value.members
            continue
        taken = holds.oldest(order.seller, order.quantity_kg)
        assert sorted(gone) == [n for each in taken for n in range(each.lower, each.upper)]
        holds.move(taken, order.seller, order.buyer)
    changes = holds.changes()
    assert naive.kg == rows_after(blocks, changes)
    grown = {owner: len(kg) - before[owner] for owner, kg in naive.kg.items()}
    assert {owner: kg for owner, kg in grown.items() if kg} == changes.kg


def test_the_old_row_keeps_the_remainder():
    """Of a split row what stays is the old row, the upper part where there are two; what leaves is new."""
    block = Block(1, 101, lot(1))
    holds = Holds({OWNERS[0]: [block]})
    holds.move(holds.oldest(OWNERS[0], 40), OWNERS[0], OWNERS[1])
    (changed,) = holds.changes().changed
    assert (block, OWNERS[0], 41, 101, OWNERS[0]) == changed
    assert [(1, 1, 41, OWNERS[1])] == list(holds.changes().new)


def test_a_row_that_leaves_whole_changes_in_place():
    """No row is inserted; and one that comes back is not touched at all."""
    block = Block(1, 101, lot(1))
    holds = Holds({OWNERS[0]: [block]})
    holds.move(holds.oldest(OWNERS[0], 100), OWNERS[0], OWNERS[1])
    assert ([(block, OWNERS[0], 1, 101, OWNERS[1])], []) == (
        list(holds.changes().changed),
        list(holds.changes().new),
    )
    holds.move(holds.oldest(OWNERS[1], 100), OWNERS[1], OWNERS[0])
    assert HoldChanges((), (), {}) == holds.changes()
