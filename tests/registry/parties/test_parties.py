"""The region and its clock, organisations under checked identifiers, people and accounts."""

import asyncpg
import httpx
import pytest

from schemas.identifiers import lei_check_digits, uscc_check_character
from tests.probes import as_owner, refused, unchanged
from tests.worlds import PROFILE, World

USCC = "91350100M000100Y43"
LEI = "506700GE1G29325QX363"


async def register(world: World, *identifiers: tuple[str, str], name: str = "Somebody") -> httpx.Response:
    """Send a registration and return the response."""
    body = {"name": name, "identifiers": [{"scheme": scheme, "value": value} for scheme, value in identifiers]}
    return await world.post("/v1/organisations", body, by=world.regulators[0])


async def test_the_region_says_who_it_is(empty: World):
    """Its code, its serial words, that it is simulated, and business time."""
    region = (await empty.get("/v1/region")).json()
    assert ("CN-510100", "SC", "CDCER", True) == tuple(
        region[each] for each in ("id", "serial_region", "programme", "simulated")
    )
    assert (PROFILE.log_origin, "2023-11-20T01:00:00Z") == (region["log_origin"], region["business_time"])
    assert "/sim/" in region["log_origin"]


async def test_an_organisation_under_both_identifiers(empty: World):
    """It is found again with both, whichever came first."""
    made = (await register(empty, ("uscc", USCC), ("lei", LEI))).json()
    shown = (await empty.get(f"/v1/organisations/{made['id']}", by=empty.regulators[1])).json()
    assert made == shown
    assert {("uscc", USCC), ("lei", LEI)} == {(each["scheme"], each["value"]) for each in shown["identifiers"]}


@pytest.mark.parametrize(("scheme", "value"), [("uscc", USCC), ("lei", LEI)])
async def test_an_identifier_is_taken_once(empty: World, scheme: str, value: str):
    """A second organisation under the same identifier is refused, and not half registered."""
    await register(empty, (scheme, value))
    async with unchanged(empty):
        answer = await register(empty, (scheme, value), name="Somebody else")
    refused(answer, 409, "identifier-taken", scheme.upper(), value)


async def test_one_of_two_identifiers_is_taken(empty: World):
    """The free one is not kept for an organisation that was refused."""
    await register(empty, ("uscc", USCC))
    async with unchanged(empty):
        refused(await register(empty, ("lei", LEI), ("uscc", USCC)), 409, "identifier-taken", USCC)
    assert 201 == (await register(empty, ("lei", LEI))).status_code


WRONG = (
    ("uscc", USCC[:-1] + "4", "the check character is 4, expected 3"),
    ("uscc", USCC[:-1], "18 characters expected, 17 given"),
    ("uscc", "9135010OM000100Y43", "character 'O' at position 8"),
    ("uscc", USCC.lower(), "'m'"),
    ("lei", LEI[:-2] + "64", "the check digits are 64, expected 63"),
    ("lei", LEI + "0", "20 characters expected, 21 given"),
    ("lei", LEI[:-1] + "é", "'é'"),
    ("duns", "123456789", "scheme"),
)


@pytest.mark.parametrize(("scheme", "value", "said"), WRONG)
async def test_an_identifier_that_does_not_check(empty: World, scheme: str, value: str, said: str):
    """400 with what is wrong: the length, the character and its position, or the check characters expected."""
    async with unchanged(empty):
        refused(await register(empty, (scheme, value)), 400, "invalid-request", said)


async def test_no_identifier_or_too_many(empty: World):
    """One at least, two at most."""
    async with unchanged(empty):
        refused(await register(empty), 400, "invalid-request", "identifiers")
        three = (("uscc", USCC), ("lei", LEI), ("uscc", "11510100MB0000000U"))
        refused(await register(empty, *three), 400, "invalid-request", "identifiers")


async def test_the_same_identifier_twice(empty: World):
    """An organisation is not its own rival: the second one is taken by the first, and nothing is kept."""
    async with unchanged(empty):
        refused(await register(empty, ("uscc", USCC), ("uscc", USCC)), 409, "identifier-taken", USCC)


async def test_an_unknown_parent(empty: World):
    """404 with its number; a person cannot be a parent."""
    person = await empty.ok("/v1/people", {"name": "Somebody"}, by=empty.regulators[0])
    for parent in (999, person["id"]):
        body = {"name": "Child", "identifiers": [{"scheme": "uscc", "value": USCC}], "parent_id": parent}
        async with unchanged(empty):
            refused(await empty.post("/v1/organisations", body, by=empty.regulators[0]), 404, "not-found", parent)


async def test_an_account_for_nobody(empty: World):
    """Only organisations own accounts."""
    person = await empty.ok("/v1/people", {"name": "Somebody"}, by=empty.regulators[0])
    for owner in (999, person["id"]):
        async with unchanged(empty):
            answer = await empty.post("/v1/accounts", {"owner_id": owner, "name": "x"}, by=empty.regulators[0])
        refused(answer, 404, "not-found", owner)


async def test_the_clock_moves_forward(empty: World):
    """Business time is what it was set to, in UTC, whatever offset it was sent with."""
    region = await empty.ok("/v1/clock", {"at": "2024-01-01T08:00:00+08:00"}, by=empty.regulators[0])
    assert "2024-01-01T00:00:00Z" == region["business_time"]
    assert "2024-01-01T00:00:00Z" == (await empty.get("/v1/region")).json()["business_time"]


async def test_the_clock_never_goes_back(empty: World):
    """Not by a second; both times are named."""
    async with unchanged(empty):
        answer = await empty.post("/v1/clock", {"at": "2023-11-20T00:59:59Z"}, by=empty.regulators[0])
    refused(answer, 409, "clock-refused", "2023-11-20T01:00:00Z", "2023-11-20T00:59:59Z")


async def test_a_resent_move_of_the_clock_is_answered(empty: World):
    """The same key after the clock was moved further returns the present time, and moves nothing."""
    first = await empty.post("/v1/clock", {"at": "2024-01-01T00:00:00Z"}, by=empty.regulators[0], key="once")
    await empty.ok("/v1/clock", {"at": "2024-02-01T00:00:00Z"}, by=empty.regulators[1])
    async with unchanged(empty):
        again = await empty.post("/v1/clock", {"at": "2024-01-01T00:00:00Z"}, by=empty.regulators[0], key="once")
    assert (201, 201) == (first.status_code, again.status_code)
    assert "2024-02-01T00:00:00Z" == again.json()["business_time"]


async def test_a_real_region_runs_on_the_wall_clock(empty: World):
    """Its time is not set by hand, not even forward."""
    await as_owner(empty, "update registry.business_clock set simulated = false")
    async with unchanged(empty):
        answer = await empty.post("/v1/clock", {"at": "2100-01-01T00:00:00Z"}, by=empty.regulators[0])
    refused(answer, 409, "clock-refused", "wall clock")


@pytest.mark.parametrize("column", ["simulated", "only_row"])
async def test_the_service_cannot_turn_a_region_into_a_simulated_one(empty: World, column: str):
    """The serving role may move the clock and nothing else of it."""
    served = await asyncpg.connect(empty.dsn, server_settings={"role": "kilnwood_api"})
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await served.execute(f"update registry.business_clock set {column} = true")
    finally:
        await served.close()


def test_the_examples_check():
    """The identifiers of these tests are right, so that only what is changed is wrong."""
    assert (USCC[-1], LEI[-2:]) == (uscc_check_character(USCC[:-1]), lei_check_digits(LEI[:-2]))


async def test_a_list_goes_page_by_page(issued: World):
    """Every organisation once, in order, however small the page."""
    seen: list[int] = []
    cursor: str | None = ""
    while cursor is not None:
        path = f"/v1/organisations?limit=3{f'&cursor={cursor}' if cursor else ''}"
        page = (await issued.get(path, by=issued.regulators[0])).json()
        seen += [each["id"] for each in page["items"]]
        cursor = page["next"]
    everything = (await issued.get("/v1/organisations?limit=100", by=issued.regulators[0])).json()
    assert [each["id"] for each in everything["items"]] == seen
    assert everything["next"] is None
