"""
Which people count as two, and whether enough of them are left. Pure.

A person who makes a key for somebody else has seen its secret and could act as its holder. So maker and holder are
joined by an edge, until somebody outside both of their components has confirmed the fingerprint of the key that the
holder then made alone. Two people count as two only in different components. The first start's and the recovery's keys
are made by the operator on the server, who is a node of the graph like a person.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from registry.kit.problems import DomainError, Kind

OPERATOR = 0
"""The node of the operator on the server: no person has this id."""

Edge = tuple[int, int]
"""Maker and holder of a key that nobody outside has confirmed yet."""


class NotOutside(DomainError):
    """The person who would confirm a key could act as its maker or as its holder."""

    kind, slug, title = Kind.DENIED, "not-outside", "Somebody outside has to confirm"


class LastRegulators(DomainError):
    """No two regulators who count as two would be left to decide."""

    kind, slug, title = Kind.CONFLICT, "last-regulators", "Two regulators are needed"


@dataclass(frozen=True, slots=True)
class KeyGraph:
    """All edges; the same one twice if two keys make it."""

    edges: tuple[Edge, ...]

    def components(self) -> dict[int, int]:
        """Each node that has an edge, with the one that stands for its component. All others stand for themselves."""
        above: dict[int, int] = {}
        for maker, holder in self.edges:
            above[_top(above, maker)] = _top(above, holder)
        return {node: _top(above, node) for node in tuple(above)}

    def joined(self, one: int, other: int) -> bool:
        """Whether the two count as one."""
        found = self.components()
        return found.get(one, one) == found.get(other, other)

    def without(self, edge: Edge) -> "KeyGraph":
        """The graph without one key's edge; a second key of the same two people joins them still."""
        edges = list(self.edges)
        edges.remove(edge)
        return KeyGraph(tuple(edges))

    def without_operator(self) -> "KeyGraph":
        """The graph of people alone."""
        return KeyGraph(tuple(edge for edge in self.edges if OPERATOR not in edge))


def _top(above: dict[int, int], node: int) -> int:
    """The end of the chain from *node*, which is shortened on the way."""
    path = []
    while (higher := above.setdefault(node, node)) != node:
        path.append(node)
        node = higher
    for each in path:
        above[each] = node
    return node


@dataclass(frozen=True, slots=True)
class Power:
    """The regulators who can decide now: they hold the role and a key that works, and are not suspended."""

    regulators: frozenset[int]
    graph: KeyGraph

    @property
    def pairs(self) -> int:
        """How many pairs of them count as two."""
        components = self.graph.components()
        sizes = Counter(components.get(each, each) for each in self.regulators)
        return _pairs(len(self.regulators)) - sum(_pairs(size) for size in sizes.values())

    def may_confirm(self, key: Edge, confirmer: int) -> bool:
        """Whether *confirmer* is outside, as `check_confirmer` wants it."""
        try:
            check_confirmer(self.graph, key, confirmer, self.regulators)
        except NotOutside:
            return False
        return True


def _pairs(people: int) -> int:
    return people * (people - 1) // 2


def check_pairs_left(before: Power, after: Power) -> None:
    """
    Raise `LastRegulators` if an ordinary act takes the last pair, or takes more where there is none.

    What changes nothing about who can decide, such as revoking one of somebody's two keys, is never refused.
    """
    if after.pairs or (not before.pairs and before.regulators <= after.regulators):
        return
    people = sorted(after.regulators)
    if len(people) > 1:
        left = f"Persons {_listed(people)} would remain as regulators who can decide, and they count as one"
    else:
        left = (
            f"Person {people[0]} would remain as the only regulator who can decide" if people else "Nobody would remain"
        )
    raise LastRegulators(
        f"{left}; {len(people)} of them and 0 pairs, and one pair is needed to decide anything. First give somebody "
        "the role, or let somebody outside confirm a key; a key for somebody else is best made by whoever made their "
        "last one. In an emergency suspend the person (POST /v1/suspensions).",
        working=len(people),
        remaining=people,
    )


def check_confirmer(graph: KeyGraph, key: Edge, confirmer: int, regulators: Iterable[int]) -> None:
    """
    Raise `NotOutside` unless *confirmer* is outside the components of maker and holder of *key*, its edge left out.

    Behind a first start every regulator is joined to the operator, and nobody is outside. As long as none of the
    *regulators* is, a key that the operator made may be confirmed by anybody who could not act as its holder.
    """
    maker, holder = key
    rest = graph.without(key)
    components = rest.components()
    inside = {components.get(each, each) for each in key}
    if components.get(confirmer, confirmer) not in inside:
        return
    nobody_outside = all(components.get(each, each) in inside for each in regulators)
    if maker == OPERATOR and nobody_outside and not rest.without_operator().joined(confirmer, holder):
        return
    made = "the operator on the server" if maker == OPERATOR else f"person {maker}"
    raise NotOutside(
        f"The first key of person {holder} was made by {made}, and you (person {confirmer}) are joined to one of the "
        "two by keys that nobody has confirmed. Another regulator, whose keys come from neither, has to confirm it.",
        maker_id=maker,
        holder_id=holder,
    )


def _listed(people: list[int]) -> str:
    return f"{', '.join(map(str, people[:-1]))} and {people[-1]}"
