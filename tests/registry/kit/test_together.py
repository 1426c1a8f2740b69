"""Work that waits at the same moment goes together, except what is about the same thing."""

import asyncio
from collections.abc import Callable, Sequence

import pytest

from registry.kit import together
from registry.kit.together import Together
from tests.faults.killing import until

Item = tuple[str, str]
"""What it is about, and a number."""


class Work:
    """Groups as they were carried out; each waits until it is let go on."""

    def __init__(self, outcome: Callable[[Item], str | Exception] = "".join) -> None:
        self.begun: list[list[Item]] = []
        self.go_on = asyncio.Event()
        self.together: Together[Item, str] = Together(self._run, apart=lambda item: item[0])
        self._outcome = outcome

    async def _run(self, items: Sequence[Item]) -> list[str | Exception]:
        self.begun.append(list(items))
        await self.go_on.wait()
        return [self._outcome(each) for each in items]

    def join(self, *items: Item) -> "list[asyncio.Task[str]]":
        """Ask for each of *items* at the same time."""
        return [asyncio.create_task(self.together.join(each)) for each in items]


async def _begun(work: Work, groups: int) -> None:
    async def have() -> bool:
        return len(work.begun) >= groups

    await until(have, f"{groups} groups have begun")


async def test_what_waits_goes_together_and_nothing_waits_for_more():
    """The first goes at once; what comes while groups are under way goes together, in its order."""
    work = Work()
    asked = work.join(("a", "1"))
    await _begun(work, 1)
    asked += work.join(("b", "2"))
    await _begun(work, 2)
    asked += work.join(("c", "3"), ("d", "4"), ("e", "5"))
    work.go_on.set()
    assert ["a1", "b2", "c3", "d4", "e5"] == await asyncio.gather(*asked)
    assert [[("a", "1")], [("b", "2")], [("c", "3"), ("d", "4"), ("e", "5")]] == work.begun


async def test_no_two_about_the_same_are_under_way_at_once():
    """First come, first served; one that is about both things waits for both and is not overtaken."""
    work = Work()
    asked = work.join(("a", "1"), ("a", "2"), ("b", "3"), ("ab", "4"), ("b", "5"))
    await _begun(work, 2)
    assert [[("a", "1")], [("b", "3")]] == work.begun
    work.go_on.set()
    await asyncio.gather(*asked)
    assert [("a", "1"), ("a", "2"), ("ab", "4")] == [item for group in work.begun for item in group if "a" in item[0]]
    assert [("b", "3"), ("ab", "4"), ("b", "5")] == [item for group in work.begun for item in group if "b" in item[0]]
    for group in work.begun:
        names = [name for about, _ in group for name in about]
        assert len(names) == len(set(names))


async def test_a_group_has_a_limit(monkeypatch):
    """What is left goes with the next."""
    monkeypatch.setattr(together, "GROUP_SIZE", 2)
    work = Work()
    work.go_on.set()
    asked = work.join(*((letter, "") for letter in "abcde"))
    assert list("abcde") == await asyncio.gather(*asked)
    assert max(map(len, work.begun)) <= 2


async def test_each_hears_of_its_own_failure_and_all_of_a_common_one():
    """An exception in the place of a reply is of that one; the run's own is everybody's, and the next group runs."""

    def outcome(item: Item) -> str | Exception:
        if item == ("z", "broken"):
            raise ZeroDivisionError
        return KeyError(item[1]) if item[0] == "b" else item[1]

    work = Work(outcome)
    work.go_on.set()
    answers = await asyncio.gather(*work.join(("a", "1"), ("b", "2"), ("c", "3")), return_exceptions=True)
    assert ["1", "KeyError('2')", "3"] == [each if isinstance(each, str) else repr(each) for each in answers]
    with pytest.raises(ZeroDivisionError):
        await work.together.join(("z", "broken"))
    assert "6" == await work.together.join(("z", "6"))


async def test_who_leaves_the_queue_is_not_carried_out():
    """What is under way is: its caller only does not hear of it."""
    work = Work()
    under_way, also = work.join(("a", "1"), ("a", "2"))
    await _begun(work, 1)
    (busy,) = work.join(("b", "3"))
    await _begun(work, 2)
    (leaves,) = work.join(("c", "4"))
    await asyncio.sleep(0)
    for each in (under_way, leaves):
        each.cancel()
    work.go_on.set()
    assert ["a2", "b3"] == list(await asyncio.gather(also, busy))
    assert [("a", "1"), ("b", "3"), ("a", "2")] == [item for group in work.begun for item in group]
