"""Who is given how much of a supply that is too small."""

from collections.abc import Iterable, Iterator


def allotted(wanted: list[int], supply: int, lot: int, *, pro_rata: bool) -> list[int]:
    """
    What each of some pledges in the order of their coming is given of *supply* tonnes, in whole lots.

    By time: each all that it wants while there is something left. Pro rata: ⌊wanted × supply ÷ all that is wanted⌋ in
    lots, and the lots that remain one each to the largest remainders, the older first among equals. So every tonne of a
    supply in whole lots is given, nobody more than they want, and it takes integers alone.
    """
    total = sum(wanted)
    if total <= supply:
        return wanted
    if not pro_rata:
        return list(_by_time(wanted, supply))
    lots = supply // lot
    shares = [divmod(each // lot * lots, total // lot) for each in wanted]
    left = lots - sum(whole for whole, _ in shares)
    by_remainder = sorted(range(len(shares)), key=lambda at: -shares[at][1])  # stable: the older first
    more = set(by_remainder[:left])
    return [(whole + (at in more)) * lot for at, (whole, _) in enumerate(shares)]


def _by_time(wanted: Iterable[int], supply: int) -> Iterator[int]:
    for each in wanted:
        given = min(each, supply)
        supply -= given
        yield given
