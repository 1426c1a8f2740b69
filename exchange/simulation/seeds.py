"""
Seeds: each part of a run draws from its own, so that adding a population changes no draw of another.

A seed is SHA-256 of the scenario's seed, the replication and the part's name. Only whole numbers are drawn, and only by
methods whose results Python keeps from version to version.
"""

import hashlib
from random import Random
from struct import unpack


def seed_of(scenario_seed: int, replication: int, part: str) -> int:
    """Return the seed of a part such as ``population.mills.3``, the same for every setting of the levers."""
    return int.from_bytes(hashlib.sha256(f"{scenario_seed}/{replication}/{part}".encode()).digest())


class Draws:
    """Whole numbers at random, for one part of a run."""

    __slots__ = ("_bits",)

    def __init__(self, scenario_seed: int, replication: int, part: str) -> None:
        self._bits = Random(seed_of(scenario_seed, replication, part)).getrandbits  # noqa: S311 - a game, no secret

    def below(self, end: int) -> int:
        """Draw from 0 to *end* - 1. The bias of a remainder of 64 bits is below 2^-30 for every number used here."""
        return self._bits(64) % end

    def between(self, low: int, high: int) -> int:
        """Draw from *low* to *high*, both included."""
        return low + self._bits(64) % (high - low + 1) if high > low else low

    def around(self, middle: int, spread_bps: int) -> int:
        """Draw within so many ten-thousandths around *middle*."""
        reach = middle * spread_bps // 10_000
        return self.between(middle - reach, middle + reach)

    def happens(self, bps: int) -> bool:
        """Draw whether something happens that happens so many times in ten thousand."""
        return self._bits(64) % 10_000 < bps

    def shuffle(self, them: list[int]) -> None:
        """Put numbers in a random order, in place."""
        last = len(them) - 1
        drawn = self._bits(64 * last).to_bytes(8 * last, "little") if last > 0 else b""  # one call, the same numbers
        for at, word in zip(range(last, 0, -1), unpack(f"<{len(drawn) // 8}Q", drawn), strict=True):
            other = word % (at + 1)
            them[at], them[other] = them[other], them[at]
