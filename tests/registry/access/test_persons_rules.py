"""The graph of keys against a naive model, and the rules of confirming and of pairs that are left."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.access.persons.rules import (
    OPERATOR,
    KeyGraph,
    LastRegulators,
    NotOutside,
    Power,
    check_confirmer,
    check_pairs_left,
)

PEOPLE = range(8)
edges = st.lists(st.tuples(st.sampled_from(PEOPLE), st.sampled_from(PEOPLE)).filter(lambda e: e[0] != e[1]), max_size=9)
some_people = st.frozensets(st.sampled_from(PEOPLE[1:]))


def reached(pairs: list[tuple[int, int]], start: int) -> set[int]:
    """The naive model: walk from *start* along edges, either way, until nobody new is met."""
    found, waiting = {start}, [start]
    while waiting:
        here = waiting.pop()
        for one, other in pairs:
            for near, far in ((one, other), (other, one)):
                if near == here and far not in found:
                    found.add(far)
                    waiting.append(far)
    return found


@given(edges)
def test_two_people_are_joined_if_there_is_a_way_between_them(pairs: list[tuple[int, int]]):
    """Every pair, with edges in any order and twice."""
    graph = KeyGraph(tuple(pairs))
    for one, other in itertools.product(PEOPLE, PEOPLE):
        assert (other in reached(pairs, one)) == graph.joined(one, other)


@given(edges, some_people)
def test_pairs_are_those_of_different_components(pairs: list[tuple[int, int]], regulators: frozenset[int]):
    """The count by sizes is the count one by one."""
    expected = sum(other not in reached(pairs, one) for one, other in itertools.combinations(sorted(regulators), 2))
    assert expected == Power(regulators, KeyGraph(tuple(pairs))).pairs


@given(edges.filter(bool), st.sampled_from(PEOPLE[1:]), some_people)
def test_whoever_confirms_a_key_is_outside_both_components(
    pairs: list[tuple[int, int]], confirmer: int, regulators: frozenset[int]
):
    """By the naive model; the one exception is the operator, while no regulator is outside of their component."""
    key, rest = pairs[0], pairs[1:]
    inside = reached(rest, key[0]) | reached(rest, key[1])
    people_alone = [edge for edge in rest if OPERATOR not in edge]
    excepted = key[0] == OPERATOR and regulators <= inside and confirmer not in reached(people_alone, key[1])
    try:
        check_confirmer(KeyGraph(tuple(pairs)), key, confirmer, regulators)
        allowed = True
    except NotOutside:
        allowed = False
    assert (confirmer not in inside or excepted) == allowed


@given(edges.filter(bool), some_people, some_people)
def test_an_ordinary_act_never_takes_the_last_pair(
    pairs: list[tuple[int, int]], regulators: frozenset[int], gone: frozenset[int]
):
    """Whatever is taken: a pair that was there is left, or the act is refused; without a pair nobody else goes."""
    before = Power(regulators, KeyGraph(tuple(pairs[1:])))
    after = Power(regulators - gone, KeyGraph(tuple(pairs)))
    harmless = bool(after.pairs) or (not before.pairs and not (regulators & gone))
    try:
        check_pairs_left(before, after)
        allowed = True
    except LastRegulators:
        allowed = False
    assert harmless == allowed


def test_crossed_keys_are_seen_however_many_steps_deep():
    """1 made the key of 3, 3 that of 4: 1 and 4 are one, and 2 may confirm either key, which 1 and 4 may not."""
    graph = KeyGraph(((1, 3), (3, 4)))
    assert graph.joined(1, 4)
    assert not graph.joined(2, 4)
    check_confirmer(graph, (3, 4), 2, {1, 2, 4})
    for inside in (1, 3, 4):
        with pytest.raises(NotOutside, match=f"person 4 was made by person 3, and you .person {inside}."):
            check_confirmer(graph, (3, 4), inside, {1, 2, 4})
    assert not graph.without((1, 3)).joined(1, 4)


def test_one_key_of_two_leaves_the_other_edge():
    """A second key that the same maker made still joins the two."""
    graph = KeyGraph(((1, 3), (1, 3)))
    assert graph.without((1, 3)).joined(1, 3)


def test_the_first_two_regulators_confirm_one_another_and_nobody_afterwards():
    """Both are joined to the operator; as soon as one is outside, only somebody outside confirms such a key."""
    begun = KeyGraph(((OPERATOR, 1), (OPERATOR, 2)))
    assert begun.joined(1, 2)
    check_confirmer(begun, (OPERATOR, 1), 2, {1, 2})
    with pytest.raises(NotOutside):
        check_confirmer(begun, (OPERATOR, 1), 1, {1, 2})
    later = KeyGraph(((OPERATOR, 2), (OPERATOR, 9)))
    check_confirmer(later, (OPERATOR, 9), 1, {1, 2, 9})
    with pytest.raises(NotOutside, match="the operator on the server"):
        check_confirmer(later, (OPERATOR, 9), 2, {1, 2, 9})


@pytest.mark.parametrize(
    ("left", "words"),
    [
        ({1, 3}, "Persons 1 and 3 would remain as regulators who can decide, and they count as one; 2 of them and 0"),
        ({2}, "Person 2 would remain as the only regulator who can decide; 1 of them"),
        (set(), "Nobody would remain; 0 of them"),
    ],
)
def test_a_refusal_says_who_would_remain(left: set[int], words: str):
    """By their numbers."""
    graph = KeyGraph(((1, 3),))
    with pytest.raises(LastRegulators, match=words):
        check_pairs_left(Power(frozenset({1, 2, 3}), graph), Power(frozenset(left), graph))
