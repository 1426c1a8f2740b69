"""Work that waits at the same moment goes together, and what is about the same thing in its order."""

import asyncio
from collections.abc import Callable, Sequence
from unittest import mock

import pytest

from registry.kit import together
from registry.kit.database import Contended
from registry.kit.problems import Unavailable
from registry.kit.together import Together
from tests.faults.killing import until

Item = tuple[str, str]
"""What it is about, letter by letter, and a number."""


class Work:
    """Groups as they were carried out; each waits until it is let go on, and so does what is tried alone."""

    def __init__(self, reply: Callable[[Item], str | None] = "".join) -> None:
        self.begun: list[list[Item]] = []
        self.lone: list[Item] = []
        self.go_on, self.alone_goes_on = asyncio.Event(), asyncio.Event()
        self.together: Together[Item, str] = Together(self._run, alone=self._alone, about=lambda item: item[0])
        self._reply = reply

    async def _run(self, items: Sequence[Item]) -> list[str | None]:
        self.begun.append(list(items))
        await self.go_on.wait()
        return [self._reply(each) for each in items]

    async def _alone(self, item: Item) -> str:
        self.lone.append(item)
        await self.alone_goes_on.wait()
        if item[1] == "refused":
            raise KeyError(item[0])
        return f"{item[0]} alone"

    def join(self, *items: Item) -> "list[asyncio.Task[str]]":
        """Ask for each of *items* at the same time."""
        return [asyncio.create_task(self.together.join(each)) for each in items]

    async def have_begun(self, groups: int) -> None:
        """Wait until so many groups are under way or done."""

        async def begun() -> bool:
            return len(self.begun) >= groups

        await until(begun, f"{groups} groups")


async def test_what_waits_goes_together_and_nothing_waits_for_more():
    """The first goes at once; what comes while groups are under way goes together, in its order."""
    work = Work()
    asked = work.join(("a", "1"))
    await work.have_begun(1)
    asked += work.join(("b", "2"))
    await work.have_begun(2)
    asked += work.join(("c", "3"), ("d", "4"), ("c", "5"))
    work.go_on.set()
    assert ["a1", "b2", "c3", "d4", "c5"] == await asyncio.gather(*asked)
    assert [[("a", "1")], [("b", "2")], [("c", "3"), ("d", "4"), ("c", "5")]] == work.begun


async def test_no_two_groups_are_about_the_same():
    """First come, first served; one that is about two things waits for both and is not overtaken."""
    work = Work()
    asked = work.join(("a", "1"))
    await work.have_begun(1)
    asked += work.join(("a", "2"), ("b", "3"), ("ab", "4"), ("b", "5"))
    await work.have_begun(2)
    assert [[("a", "1")], [("b", "3")]] == work.begun
    work.go_on.set()
    await asyncio.gather(*asked)
    assert [("a", "2"), ("ab", "4"), ("b", "5")] == [item for group in work.begun[2:] for item in group]


async def test_a_group_has_a_limit(monkeypatch):
    """What is left goes with the next."""
    monkeypatch.setattr(together, "GROUP_SIZE", 2)
    work = Work()
    work.go_on.set()
    asked = work.join(*((letter, "") for letter in "abcde"))
    assert list("abcde") == await asyncio.gather(*asked)
    assert max(map(len, work.begun)) <= 2


async def test_what_cannot_go_along_is_tried_alone_and_keeps_its_names():
    """The others are answered; what is about the same waits until it was tried, and a refusal is its own."""
    work = Work(lambda item: None if item[1] in ("not", "refused") else item[1])
    work.go_on.set()
    other, lone, refused = work.join(("a", "1"), ("b", "not"), ("c", "refused"))
    assert "1" == await other
    (later,) = work.join(("b", "2"))
    (free,) = work.join(("d", "3"))
    assert "3" == await free
    assert [("b", "not"), ("c", "refused")] == work.lone
    assert not later.done()
    assert not lone.done()
    work.alone_goes_on.set()
    assert ["b alone", "2"] == list(await asyncio.gather(lone, later))
    with pytest.raises(KeyError, match="c"):
        await refused
    assert not work.together._busy


async def grouped(work: Work, *items: Item) -> list[str | BaseException]:
    """The outcomes of items that are in one group: two others are under way when they come."""
    work.go_on.clear()
    others = work.join(("x", "0"))
    await work.have_begun(len(work.begun) + 1)
    others += work.join(("y", "0"))
    await work.have_begun(len(work.begun) + 1)
    asked = work.join(*items)
    await asyncio.sleep(0)
    work.go_on.set()
    outcomes = await asyncio.gather(*asked, return_exceptions=True)
    await asyncio.gather(*others)
    assert list(items) == work.begun[-1]
    return outcomes


async def test_a_group_that_fails_is_tried_one_by_one():
    """The one at fault hears of it alone; a group of one has failed for good; without a database all have."""

    def reply(item: Item) -> str:
        if item[1] == "gone":
            raise Unavailable("The database cannot be reached.")
        if item[1] == "broken":
            raise ZeroDivisionError
        return item[1]

    work = Work(reply)
    work.alone_goes_on.set()
    with mock.patch.object(together, "log"):
        assert ["a alone", "b alone"] == await grouped(work, ("a", "1"), ("b", "broken"))
    with pytest.raises(ZeroDivisionError):
        await work.together.join(("a", "broken"))
    assert [Unavailable] * 2 == [type(each) for each in await grouped(work, ("a", "1"), ("b", "gone"))]
    assert "6" == await work.together.join(("a", "6"))


async def test_who_leaves_the_queue_is_not_carried_out():
    """What is under way is: its caller only does not hear of it."""
    work = Work()
    (under_way,) = work.join(("a", "1"))
    await work.have_begun(1)
    (busy,) = work.join(("b", "3"))
    await work.have_begun(2)
    leaves, also = work.join(("c", "4"), ("a", "2"))
    await asyncio.sleep(0)
    for each in (under_way, leaves):
        each.cancel()
    work.go_on.set()
    assert ["a2", "b3"] == list(await asyncio.gather(also, busy))
    assert [("a", "1"), ("b", "3"), ("a", "2")] == [item for group in work.begun for item in group]


async def test_nobody_waits_without_end(monkeypatch):
    """Too many, or for too long: 503, and what to do; a request that is under way may still be carried out."""
    monkeypatch.setattr(together, "WAITING_LIMIT", 1)
    monkeypatch.setattr(together, "ANSWER_TIMEOUT_S", 0.05)
    work = Work()
    (under_way,) = work.join(("a", "1"))
    await work.have_begun(1)
    answers = await asyncio.gather(under_way, *work.join(("a", "2"), ("a", "3")), return_exceptions=True)
    assert [Contended] * 3 == [type(each) for each in answers]
    assert "same Idempotency-Key" in str(answers[0])
