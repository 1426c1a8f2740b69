"""Event pages over HTTP: an organiser's event, and guests from the poster to the receipt."""

import pytest

from registry.community.events import guests
from tests.probes import refused, unchanged
from tests.registry.community.fair import Fair, fair
from tests.registry.credits.annulment.test_annul import annul

HOSTILE = "<script>alert(1)</script>\"'&{{7*7}}"


@pytest.fixture
async def open_fair(issued) -> Fair:
    """An event whose guests buy from the forest's pool of ten tonnes at 36 CNY."""
    return await fair(issued)


async def test_a_guest_from_the_poster_to_the_receipt(open_fair):
    """Travel there and back and two nights: arithmetic, a hold, the bank, one retirement with the guest's own claim."""
    world = open_fair.world
    quote = (await world.get(f"/v1/events/{open_fair.code}/quote?mode=metro&distance_km=20&nights=2")).json()
    assert (110, 396, True) == (quote["quantity_kg"], quote["amount_fen"], quote["available"])
    guest = await open_fair.join(name="喆")
    assert ("held", 110, 396, 1) == (guest["state"], guest["quantity_kg"], guest["amount_fen"], guest["number"])
    assert "paid" == (await open_fair.pay(guest))["state"]
    assert 1 == await guests.retire_paid(db=world.db)
    retired = await open_fair.seen(guest)
    assert ("retired", 110) == (retired["state"], retired["quantity_kg"])
    receipt = (await world.get(f"/v1/retirements/{retired['receipt_id']}")).json()
    assert (110, retired["claim_id"], retired["serials"]) == tuple(
        receipt[name] for name in ("quantity_kg", "claim_id", "serials")
    )
    claim = (await world.get(f"/v1/claims/{retired['claim_id']}")).json()
    shown = ("attendee", "exclusive", "required_kg", "allocated_kg", "neutral")
    assert (1, False, 110, 110, False) == tuple(claim[name] for name in shown)
    for language, said in (
        ("en", "Neither the event nor the person is said to be"),
        ("zh", "并不表示活动"),
    ):
        page = (await world.http.get(f"/claims/{claim['id']}", headers={"Accept-Language": language})).text
        assert said in page
        assert not {each for each in ("may be called neutral", "称为碳中和") if each in page}
    event = (await world.get(f"/v1/events/{open_fair.code}")).json()
    assert (1, 110, 9_890) == (event["guests"], event["offset_kg"], event["available_kg"])


async def test_a_name_is_in_no_statement(open_fair):
    """The public log has a salted digest of what a guest called themselves, and the words of the claim name nobody."""
    guest = await open_fair.join(name="Zhe Ma Yi", listed=True)
    await open_fair.pay(guest)
    await guests.retire_paid(db=open_fair.world.db)
    async with open_fair.world.db.reading() as tx:
        texts = [row["note_text"] for row in await tx.fetch("select note_text from registry.statement order by id")]
    assert [] == [each for each in texts if each and "Zhe Ma Yi" in each]
    assert any("guest 1" in each for each in texts if each)


async def test_a_form_that_is_sent_twice_is_one_guest(open_fair):
    """On a bad network: the same key with the same answers leads to the same link, with others it is refused."""
    first, again = [await open_fair.join(key="phone-1") for _ in range(2)]
    assert first == again
    other = await open_fair.try_join(key="phone-1", name="Somebody else")
    assert (422, "urn:kilnwood:problem:idempotency-key-reused") == (other.status_code, other.json()["type"])
    assert 9_890 == (await open_fair.pool())["available_kg"]


async def test_a_link_is_known_by_the_whole_of_its_secret(open_fair):
    """Another one is not found, and the database has no secret in it."""
    guest = await open_fair.join()
    assert 404 == (await open_fair.world.get(f"/v1/guests/G-{'A' * 26}")).status_code
    async with open_fair.world.db.reading() as tx:
        rows = await tx.fetch("select g::text as text from registry.event_guest g")
    assert [] == [row for row in rows if guest["secret"] in row["text"]]


@pytest.mark.parametrize(
    ("trip", "status", "slug"),
    [
        ({"mode": None}, 422, "no-share"),
        ({"mode": "car", "distance_km": 1, "origin": "wuhan"}, 400, "invalid-request"),
        ({"mode": "balloon", "distance_km": 1}, 400, "invalid-request"),
        ({"mode": "flight", "distance_km": 20_000, "nights": 60}, 409, "not-enough-left"),
    ],
)
async def test_a_trip_that_is_no_share(issued, trip, status, slug):
    """Nothing to offset, a way of two lengths, no such mode, more than is left."""
    answer = await (await fair(issued, quantity_kg=1_000)).try_join(**trip)
    assert (status, f"urn:kilnwood:problem:{slug}") == (answer.status_code, answer.json()["type"])


@pytest.mark.parametrize("name", ["a\u0000b", "line\nbreak", "turned \u202e round", "x" * 41])
async def test_a_name_that_cannot_be_shown_is_refused(open_fair, name):
    """Control and bidirectional characters, and more than forty."""
    assert 400 == (await open_fair.try_join(name=name)).status_code


async def test_hostile_names_are_text_and_are_hidden_by_the_organiser(open_fair):
    """In the pages they are escaped; hidden, they are in the ranking no more, and the share stays."""
    world = open_fair.world
    guest = await open_fair.join(name=HOSTILE[:40], listed=True)
    await open_fair.pay(guest)
    await guests.retire_paid(db=world.db)
    assert [HOSTILE[:40]] == [each["name"] for each in await _ranking(open_fair)]
    for path in (f"/events/{open_fair.code}", f"/e/{open_fair.code}/{guest['secret']}"):
        page = (await world.get(path)).text
        assert "&lt;script&gt;alert(1)" in page
        assert "<script>alert" not in page
    hide = f"/v1/events/{open_fair.code}/guests/1/hide"
    assert 403 == (await world.post(hide, by=world.party("bank").key)).status_code
    await world.ok(hide, by=world.party("scenic").key)
    assert [] == await _ranking(open_fair)
    assert (
        404
        == (await world.post(f"/v1/events/{open_fair.code}/guests/9/hide", by=world.party("scenic").key)).status_code
    )
    assert "retired" == (await open_fair.seen(guest))["state"]


async def _ranking(open_fair):
    return (await open_fair.world.get(f"/v1/events/{open_fair.code}/ranking")).json()


async def test_nobody_is_ranked_who_did_not_choose_it_or_has_not_paid(open_fair):
    """A name alone is for the certificate."""
    await open_fair.pay(await open_fair.join(name="Quiet"))
    await guests.retire_paid(db=open_fair.world.db)
    await open_fair.join(name="Not paid", listed=True)
    assert [] == await _ranking(open_fair)


async def test_the_organisers_share_counts_nothing_of_its_guests(open_fair):
    """Energy alone; travel is refused. Guests go on beside it, and nothing is neutral before it is covered and over."""
    world, scenic = open_fair.world, open_fair.world.party("scenic")
    await open_fair.pay(await open_fair.join())
    await guests.retire_paid(db=world.db)
    power = {"kind": "electricity", "electricity_kwh": 1200, "grid_region": "CN-510000", "grid_year": 2021}
    travel = {"kind": "travel", "mode": "car", "persons": 60, "distance_km": 20}
    path = f"/v1/events/{open_fair.code}/claim"
    both = await world.post(path, {"items": [power, travel], "reduction_plan": "Daylight"}, by=scenic.key)
    assert (422, ["travel"]) == (both.status_code, both.json()["categories"])
    unplanned = await world.post(path, {"items": [power], "reduction_plan": " "}, by=scenic.key)
    assert "urn:kilnwood:problem:reduce-first" == unplanned.json()["type"]
    claim = await world.ok(path, {"items": [power], "reduction_plan": "Daylight"}, by=scenic.key)
    assert (151, None, False) == (claim["required_kg"], claim["attendee"], claim["exclusive"])
    again = await world.post(path, {"items": [power], "reduction_plan": "Daylight"}, by=scenic.key)
    assert (409, claim["id"]) == (again.status_code, again.json()["claim_id"])
    await open_fair.pay(await open_fair.join())  # guests go on beside it
    assert 1 == await guests.retire_paid(db=world.db)
    progress = (await world.get(f"/v1/events/{open_fair.code}/progress", by=scenic.key)).json()
    assert (2, 3, 220, 792, 151, False) == tuple(
        progress[name]
        for name in ("guests", "guests_percent", "offset_kg", "sold_fen", "claim_missing_kg", "claim_neutral")
    )


async def test_no_page_is_made_where_another_claim_covers_the_guests(open_fair):
    """An exclusive claim about the same place and time: the page is refused before anybody pays."""
    world, scenic = open_fair.world, open_fair.world.party("scenic")
    from deploy.scenarios.cast import EVENT
    from deploy.scenarios.claims import event_claim_body

    request = {"profile": "chengdu-event", "items": list(EVENT)}
    footprint = await world.ok(
        "/v1/footprints", {"organisation_id": scenic.organisation_id, "request": request}, by=scenic.key
    )
    times = {"begins": "2025-05-01T01:00:00Z", "ends": "2025-05-01T09:00:00Z"}
    about = {"kind": "event", "place": "Tea House"}
    await world.ok("/v1/claims", {**event_claim_body(scenic, footprint["id"]), **times, "about": about}, by=scenic.key)
    body = {
        "organisation_id": scenic.organisation_id,
        "title": "Tea",
        "place": "Tea House",
        "expected_guests": 3,
        "pool_id": open_fair.pool_id,
        **times,
    }
    answer = await world.post("/v1/events", body, by=scenic.key)
    assert (409, "urn:kilnwood:problem:subject-claimed") == (answer.status_code, answer.json()["type"])


async def test_a_share_that_was_claimed_meanwhile_goes_back(open_fair):
    """Somebody claims the share of attendee 1 between payment and retirement: no kilogram twice, the money returns."""
    world, scenic = open_fair.world, open_fair.world.party("scenic")
    guest = await open_fair.join()
    await open_fair.pay(guest)
    request = {"profile": "chengdu-event", "items": [{"kind": "travel", "mode": "car", "distance_km": 9}]}
    new = {"organisation_id": scenic.organisation_id, "request": request}
    footprint = await world.ok("/v1/footprints", new, by=scenic.key)
    claim = {
        "organisation_id": scenic.organisation_id,
        "type": "event",
        "subject": "A share",
        "begins": "2025-03-01T01:00:00Z",
        "ends": "2025-03-01T09:00:00Z",
        "boundary": "A trip",
        "about": {"kind": "event", "place": "Panda Hall", "event_id": open_fair.code},
        "attendee": 1,
        "footprint_id": footprint["id"],
        "reduction_plan": "None",
        "exclusive": False,
    }
    await world.ok("/v1/claims", claim, by=scenic.key)
    assert 0 == await guests.retire_paid(db=world.db)
    seen = await open_fair.seen(guest)
    assert ("refunded", True) == (seen["state"], "the share of attendee 1" in seen["refund_reason"])
    assert 10_000 == (await open_fair.pool())["available_kg"]


async def test_a_closed_event_takes_no_more_guests(open_fair):
    """Who has joined may still pay."""
    guest = await open_fair.join()
    await open_fair.world.ok(f"/v1/events/{open_fair.code}/close", by=open_fair.world.party("scenic").key)
    refused = await open_fair.try_join()
    assert (409, "urn:kilnwood:problem:event-closed") == (refused.status_code, refused.json()["type"])
    await open_fair.pay(guest)
    assert 1 == await guests.retire_paid(db=open_fair.world.db)


async def test_an_event_sells_from_another_pool(open_fair):
    """At its price from then on; what is on hold stays where it is."""
    world, scenic = open_fair.world, open_fair.world.party("scenic").key
    held = await open_fair.join()
    other = (await fair(world, price_fen=5_000, place="Elsewhere")).pool_id
    moved = await world.ok(f"/v1/events/{open_fair.code}/pool", {"pool_id": other}, by=scenic)
    assert (other, 5_000) == (moved["pool_id"], moved["price_fen"])
    assert [396, 550] == [held["amount_fen"], (await open_fair.join())["amount_fen"]]
    assert 404 == (await world.post(f"/v1/events/{open_fair.code}/pool", {"pool_id": 99}, by=scenic)).status_code


@pytest.mark.parametrize("kind", ["scenic-area", "hotel", "restaurant"])
async def test_a_place_has_the_same_page(issued, kind):
    """For a season in place of a day; each visitor's share is a claim of its own."""
    place = await fair(issued, kind=kind, begins="2025-01-01T00:00:00Z", ends="2025-12-31T00:00:00Z", place="Qingcheng")
    for _ in range(2):
        await place.pay(await place.join())
    assert 2 == await guests.retire_paid(db=issued.db)
    assert kind == (await issued.get(f"/v1/events/{place.code}")).json()["kind"]


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"organiser_covers": ["travel", "accommodation"]}, 422),
        ({"organiser_covers": ["waste"]}, 422),
        ({"pool_id": 99}, 404),
    ],
)
async def test_an_event_that_cannot_be(open_fair, wrong, status):
    """Nothing left for guests, a category that its profile does not count, no such pool."""
    scenic = open_fair.world.party("scenic")
    body = {
        "organisation_id": scenic.organisation_id,
        "title": "Day",
        "place": "Hall",
        "begins": "2025-04-01T01:00:00Z",
        "ends": "2025-04-01T09:00:00Z",
        "expected_guests": 5,
        "pool_id": open_fair.pool_id,
        **wrong,
    }
    answer = await open_fair.world.post("/v1/events", body, by=scenic.key)
    assert status == answer.status_code, answer.text


@pytest.mark.parametrize("quota", [{"guests_waiting": 1}, {"guests_waiting_kg": 107}])
async def test_guests_on_hold_are_bounded(open_fair, quota):
    """A quota for each event, so that nobody holds a whole pool by sending forms."""
    from registry.access.keys.rules import Keyring
    from registry.kit.quotas import Quotas, QuotaUsedUp
    from schemas.access import Actor, Call
    from schemas.events import JoinEvent, Trip

    few = Quotas(quota)
    body = JoinEvent(trip=Trip(nights=1))
    for key in ("a", "b"):
        call = Call(by=Actor(), operation="join_event", key=key)
        joining = guests.join(
            open_fair.code, body, call=call, db=open_fair.world.db, keyring=Keyring(b"x" * 32, "sim"), quotas=few
        )
        if key == "a":
            await joining
        else:
            with pytest.raises(QuotaUsedUp):
                await joining


async def test_only_in_a_simulated_region_is_the_bank_played(open_fair):
    """Elsewhere nobody but an operator says that a payment came."""
    from msgspec.structs import replace

    from registry.community.retail.rules import NotSimulated
    from tests.worlds import KEYRING, PROFILE

    guest = await open_fair.join()
    real = replace(PROFILE, simulated=False)
    with pytest.raises(NotSimulated):
        await guests.play_bank(guest["secret"], db=open_fair.world.db, keyring=KEYRING, region=real)
    assert "held" == (await open_fair.seen(guest))["state"]


@pytest.mark.parametrize("words", ["panda hall", "INCLUSION", None])
async def test_an_event_is_found(open_fair, words):
    """By its place, its name, or the code on its poster, which can mean nothing else."""
    found = (await open_fair.world.get(f"/v1/search?q={words or open_fair.code.lower()}")).json()["items"]
    events = [(each["id"], each["exact"]) for each in found if each["kind"] == "event"]
    assert [(open_fair.code, words is None)] == events


async def test_what_is_annulled_counts_for_nothing(open_fair):
    """A guest's claim that two regulators annul is out of the count and the ranking, and its own page says so."""
    world = open_fair.world
    first, second = [await open_fair.join(name=name, listed=True) for name in ("First", "Second")]
    for each in (first, second):
        await open_fair.pay(each)
    assert 2 == await guests.retire_paid(db=world.db)
    seen = await open_fair.seen(first)
    assert not seen["annulled"]
    await annul(world, f"claims/{seen['claim_id']}")
    await annul(world, f"retirements/{(await open_fair.seen(second))['receipt_id']}")
    event = (await world.get(f"/v1/events/{open_fair.code}")).json()
    assert (0, 0) == (event["guests"], event["offset_kg"])
    assert [] == await _ranking(open_fair)
    assert [True, True] == [(await open_fair.seen(each))["annulled"] for each in (first, second)]


async def test_an_organiser_claims_anew_after_an_annulment(open_fair):
    """The share of an annulled claim is free: no dead end on the event's page."""
    world, scenic = open_fair.world, open_fair.world.party("scenic")
    power = {"kind": "electricity", "electricity_kwh": 1200, "grid_region": "CN-510000", "grid_year": 2021}
    path, body = f"/v1/events/{open_fair.code}/claim", {"items": [power], "reduction_plan": "Daylight"}
    first = await world.ok(path, body, by=scenic.key)
    await annul(world, f"claims/{first['id']}")
    assert (await world.get(f"/v1/events/{open_fair.code}")).json()["claim_id"] is None
    second = await world.ok(path, body, by=scenic.key)
    assert second["id"] == (await world.get(f"/v1/events/{open_fair.code}")).json()["claim_id"]
    assert 409 == (await world.post(path, body, by=scenic.key)).status_code


async def test_nobody_else_claims_an_event_by_its_code(open_fair):
    """The code is on every poster: another organisation's claim of guest 1 would keep the page's guests out."""
    world, solar = open_fair.world, open_fair.world.party("solar")
    request = {"profile": "chengdu-event", "items": [{"kind": "travel", "mode": "car", "distance_km": 9}]}
    new = {"organisation_id": solar.organisation_id, "request": request}
    footprint = await world.ok("/v1/footprints", new, by=solar.key)
    body = {
        "organisation_id": solar.organisation_id,
        "type": "event",
        "subject": "A share",
        "begins": "2025-03-01T01:00:00Z",
        "ends": "2025-03-01T09:00:00Z",
        "boundary": "A trip",
        "about": {"kind": "event", "place": "Panda Hall", "event_id": f" {open_fair.code.lower()}"},
        "attendee": 1,
        "footprint_id": footprint["id"],
        "reduction_plan": "None",
        "exclusive": False,
    }
    async with unchanged(world):
        refused(await world.post("/v1/claims", body, by=solar.key), 403, "anothers-event", open_fair.code)
    assert 1 == (await open_fair.join())["number"]


async def test_a_guest_is_compared_with_no_other_guest(open_fair, monkeypatch):
    """With thousands of guests, joining and retiring read the claims that can have the same share, and no others."""
    from registry.claims import store

    for _ in range(3):
        await open_fair.pay(await open_fair.join(nights=1))
    assert 3 == await guests.retire_paid(db=open_fair.world.db)
    read = []
    monkeypatch.setattr(store, "_share", lambda row: read.append(row["id"]))
    await open_fair.pay(await open_fair.join(nights=1))
    assert 1 == await guests.retire_paid(db=open_fair.world.db)
    assert [] == read
