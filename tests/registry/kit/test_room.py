"""What is free is enough, is the reserve, or is the last part of it."""

from pathlib import Path

import pytest

from registry.kit.room import Room, StorageReserve

MB = 1_000_000


def room_of(*free_mb: int, reserve_mb: int = 100) -> Room:
    """A room on so many file systems."""
    left = {Path(str(number)): each for number, each in enumerate(free_mb)}
    return Room(tuple(left), reserve_bytes=reserve_mb * MB, free=lambda folder: left[folder] * MB)


@pytest.mark.parametrize(
    ("free_mb", "short", "short_for_what_frees"),
    [(500, False, False), (100, False, False), (99, True, False), (25, True, False), (24, True, True), (0, True, True)],
)
def test_the_reserve_and_its_last_part(free_mb: int, short: bool, short_for_what_frees: bool):
    """A hundred megabytes are kept; a quarter of them also from what ends or takes back something."""
    room = room_of(free_mb)
    assert (short, short_for_what_frees) == (room.is_short(), room.is_short(frees=True))


def test_the_fullest_file_system_counts():
    """And whatever is about to be written counts three times."""
    room = room_of(900, 130)
    assert 130 * MB == room.free_bytes
    room.require(10 * MB)
    with pytest.raises(StorageReserve, match=r"130 MB are free .* takes up to 33 MB; 100 MB are kept") as caught:
        room.require(11 * MB)
    assert {"free_mb": 130, "reserve_mb": 100} == caught.value.members


def test_trouble_is_said_until_there_is_room():
    """In one line, with both numbers; after the next look it is over."""
    free = [50 * MB]
    room = Room((Path("/"),), reserve_bytes=100 * MB, free=lambda _: free[0])
    assert "50 MB are free and 100 MB are kept in reserve" in room.trouble
    free[0] = 200 * MB
    room.look()
    assert "" == room.trouble


def test_what_cannot_be_asked_is_said_and_refuses_nothing():
    """A folder that is gone; the others still count."""
    room = Room((Path("/no/such/folder"),), reserve_bytes=10**18)
    assert (False, None) == (room.is_short(), room.free_bytes)
    assert "/no/such/folder is unknown" in room.trouble
    assert Room((Path("/no/such/folder"), Path("/")), reserve_bytes=10**18).is_short()


def test_without_a_reserve_there_is_always_room():
    """A reserve of 0, or nothing that is watched."""
    assert not room_of(0, reserve_mb=0).is_short()
    assert not Room().is_short(incoming_bytes=10**18)
