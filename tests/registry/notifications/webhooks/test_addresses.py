"""Where webhooks may go: never to this machine or its network, however the address is written; and how often."""

import socket
from datetime import UTC, datetime, timedelta

import pytest

from registry.notifications.webhooks import rules
from registry.notifications.webhooks.addresses import Unreachable, WayOut
from tests.registry.notifications.webhooks.receiver import receiving

PRIVATE = (
    *("127.0.0.1", "127.9.9.9", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"),  # noqa: S104 - refused
    *("192.0.0.1", "198.18.0.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "203.0.113.7"),
    *("::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:a9fe:a9fe", "::127.0.0.1", "64:ff9b::10.0.0.1"),
    *("2002:7f00:1::", "2002:a00:1::1", "2001:0:a00:1::f5ff:fffe"),
)
PUBLIC = ("93.184.216.34", "8.8.8.8", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:8.8.8.8", "64:ff9b::808:808")


@pytest.mark.parametrize("address", PRIVATE)
def test_what_is_not_public_is_refused(address: str):
    """Loopback, private, link-local, shared, reserved, multicast, documentation; also packed into IPv6."""
    with pytest.raises(rules.UrlRefused, match="not reachable from everywhere"):
        rules.check_addresses("host", [address], private=False)
    assert address == rules.check_addresses("host", [address], private=True)


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_public_is_taken(address: str):
    """Otherwise nothing could be sent."""
    assert address == rules.check_addresses("host", [address], private=False)


def test_one_private_address_among_public_ones_is_enough_to_refuse():
    """A name with both would be tried until it leads inside."""
    with pytest.raises(rules.UrlRefused, match=r"is at 10\.0\.0\.1"):
        rules.check_addresses("trap.example", ["8.8.8.8", "10.0.0.1"], private=False)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://example.org/", "begins with https"),
        ("https:///path", "names no host"),
        ("https://host:0/", "names no host"),
        ("https://user:word@example.org/", "no user and password"),
        ("https://example.org/#here", "no part after #"),
        ("https://[::1/", "is not a URL"),
        ("https://example.org:99999/", "is not a URL"),
    ],
)
def test_urls_that_are_refused_before_anything_is_looked_up(url: str, why: str):
    """Each with what is wrong with it."""
    with pytest.raises(rules.UrlRefused, match=why):
        rules.host_and_port(url, plain=False)
    assert ("example.org", 80) == rules.host_and_port("http://example.org/", plain=True)


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "0177.0.0.1", "127.1", "localhost", "[::ffff:127.0.0.1]"])
async def test_other_spellings_of_this_machine_are_refused(host: str):
    """Decimal, hexadecimal, octal and short: the system's own look-up says what they are."""
    with pytest.raises(rules.UrlRefused):
        await WayOut().resolve(f"https://{host}/")


async def test_a_name_that_leads_inside_is_refused_when_it_is_added_and_at_each_attempt():
    """It was public yesterday. What was judged is what is connected to: there is one look-up an attempt."""
    looked: list[str] = []

    async def lookup(host: str, _: int) -> list[str]:
        looked.append(host)
        return ["8.8.8.8" if len(looked) == 1 else "127.0.0.1"]

    gate = WayOut(plain=True, lookup=lookup)
    assert "8.8.8.8" == await gate.resolve("http://rebound.example/")
    async with receiving() as receiver:
        with pytest.raises(rules.UrlRefused):
            await gate.post(f"http://rebound.example:{receiver.port}/", b"{}", {})
        assert ([], ["rebound.example"] * 2) == (receiver.got, looked)


async def test_the_address_that_was_judged_is_connected_to_under_its_name():
    """The name that stands in the Host header resolves nowhere here; no second look-up happens."""

    async def lookup(_: str, __: int) -> list[str]:
        return ["127.0.0.1"]

    async with receiving() as receiver:
        gate = WayOut(plain=True, private=True, lookup=lookup)
        assert 204 == await gate.post(f"http://hooks.invalid:{receiver.port}/x", b"{}", {"webhook-id": "m"})
        assert f"hooks.invalid:{receiver.port}" == receiver.got[0].headers["host"]
        assert "m" == receiver.got[0].headers["webhook-id"]


async def test_no_redirect_is_followed_and_nobody_is_waited_for():
    """A redirect is an answer like any other; a server that hangs is left after the time."""
    async with receiving() as receiver:
        gate = WayOut(plain=True, private=True, timeout_s=0.2)
        receiver.status = 307
        assert (307, 1) == (await gate.post(receiver.url, b"{}", {}), len(receiver.got))
        receiver.status = 0
        with pytest.raises(Unreachable, match=r"no answer within 0\.2 s"):
            await gate.post(receiver.url, b"{}", {})
    with pytest.raises(Unreachable, match="ConnectError"):
        await gate.post(receiver.url, b"{}", {})


async def test_a_name_without_an_address_is_refused():
    """With what to check."""

    async def lookup(_: str, __: int) -> list[str]:
        raise socket.gaierror

    with pytest.raises(rules.UrlRefused, match="check how it is written"):
        await WayOut(lookup=lookup).resolve("https://nowhere.invalid/")


def test_a_message_is_tried_for_three_days():
    """Worked by a clock: 10 s, 30 s, 90 s, … up to 12 h, each a fifth shorter or longer; then it is given up."""
    first = now = datetime(2026, 1, 1, tzinfo=UTC)
    waits: list[timedelta] = []
    while not rules.is_over(first, now, wait := rules.wait_after(len(waits) + 1, 0.5)):
        waits.append(wait)
        now += wait
    assert [10, 30, 90, 270, 810, 2430, 7290, 21870, 43200] == [each.total_seconds() for each in waits[:9]]
    assert timedelta(days=2, hours=12) < now - first <= timedelta(days=3)
    assert (timedelta(seconds=8), timedelta(seconds=12)) == (rules.wait_after(1, 0), rules.wait_after(1, 1))
