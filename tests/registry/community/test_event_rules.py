"""What a guest's trip consists of, and who covers what: pure."""

import pytest
from msgspec import ValidationError, convert

from registry.community.events import rules
from registry.community.events.service import COUNTED
from registry.methodologies import catalogue
from schemas.events import JoinEvent, NewEvent, Trip

BOTH = ("travel", "accommodation")


@pytest.mark.parametrize(
    ("trip", "left", "footprint_kg"),
    [
        ({"mode": "metro", "distance_km": 20, "nights": 2}, BOTH, 110),  # 2.456 + 107
        ({"mode": "metro", "distance_km": 20, "nights": 2}, ("travel",), 3),
        ({"mode": "metro", "distance_km": 20, "nights": 2}, ("accommodation",), 107),
        ({"mode": "flight", "origin": "beijing"}, BOTH, 389),  # 2 × 1,520 × .12786 = 388.6944
        ({"mode": "flight", "distance_km": 1560}, BOTH, 399),  # the launch event's flight of 3,120 km
        ({"mode": "car", "distance_km": 87}, BOTH, 48),  # 47.2932
        ({"nights": 1}, BOTH, 54),
        ({"mode": "bus", "distance_km": 100}, BOTH, 21),
        ({"mode": "train", "distance_km": 100}, BOTH, 8),
        ({}, BOTH, 0),
        ({"mode": "taxi", "distance_km": 1}, ("accommodation",), 0),
    ],
)
def test_a_trip_there_and_back_and_its_nights(trip, left, footprint_kg):
    """By the factors of the event profile; only what the organiser leaves to guests counts."""
    request = rules.request_of(convert(trip, Trip), "chengdu-event", left)
    assert footprint_kg == catalogue.footprint(request).footprint_kg


@pytest.mark.parametrize(
    ("profile", "covers", "left"),
    [
        ("scenic-area", ("energy",), ("travel", "accommodation")),
        ("scenic-area", ("energy", "travel"), ("accommodation",)),
        ("hotel", (), ("travel", "accommodation")),
        ("hotel", ("catering",), ("travel", "accommodation")),
        ("hotel", ("energy",), ("travel",)),  # the nights have the house's energy in them
        ("restaurant", (), ("travel",)),
        ("chengdu-event", ("energy",), ("travel", "accommodation")),
    ],
)
def test_what_is_left_to_the_guests_of_a_place(profile, covers, left):
    """Each page by its profile; a trip is then counted by an event's, which has the nights."""
    assert left == rules.guests_cover(profile, covers)
    assert 54 == catalogue.footprint(rules.request_of(Trip(nights=1), profile, ("accommodation",))).footprint_kg


def test_a_place_is_counted_by_its_own_profile_or_an_events():
    """Its own first; another place's is refused."""
    assert ("hotel", "chengdu-event", "national-event") == rules.profiles_of("hotel")
    assert ("chengdu-event", "national-event") == rules.profiles_of("event") == rules.profiles_of("person")
    body = {"organisation_id": 1, "title": "Inn", "place": "Hall", "expected_guests": 1, "pool_id": 1}
    period = {"begins": "2025-03-01T00:00:00Z", "ends": "2025-03-02T00:00:00Z"}
    assert "hotel" == convert({**body, **period, "kind": "hotel", "profile": "hotel"}, NewEvent).profile
    with pytest.raises(ValidationError, match="profile restaurant is not that of hotel"):
        convert({**body, **period, "kind": "hotel", "profile": "restaurant"}, NewEvent)


def test_a_place_with_its_own_profile_is_claimed_as_a_scene():
    """And the refusal says how."""
    rules.check_is_event("K7M2QWXZ", "national-event")
    with pytest.raises(rules.ClaimedAsScene, match=r"K7M2QWXZ is counted as hotel: .* a claim draft of type scene"):
        rules.check_is_event("K7M2QWXZ", "hotel")


@pytest.mark.parametrize("trip", [{"mode": "car"}, {"mode": "car", "distance_km": 3, "origin": "wuhan"}])
def test_a_way_has_one_length(trip):
    """Neither none nor two."""
    with pytest.raises(ValidationError, match="one of the two"):
        convert(trip, Trip)


def test_the_ranking_takes_a_name():
    """Nobody stands there under no name."""
    with pytest.raises(ValidationError, match="pick a name"):
        convert({"trip": {}, "name": " ", "listed": True}, JoinEvent)


@pytest.mark.parametrize(
    ("profile", "covers", "refusal"),
    [
        ("chengdu-event", (), None),
        ("chengdu-event", ("energy",), None),
        ("chengdu-event", ("energy", "travel"), None),
        ("national-event", ("energy", "catering", "materials", "waste"), None),
        ("hotel", ("energy", "waste"), None),
        ("restaurant", ("energy", "catering", "materials", "waste"), None),
        ("chengdu-event", ("catering",), rules.NotCounted),
        ("hotel", ("accommodation",), rules.NotCounted),
        ("restaurant", ("travel",), rules.NotCounted),
        ("hotel", ("energy", "travel"), rules.NothingForGuests),
        ("chengdu-event", ("travel", "accommodation"), rules.NothingForGuests),
    ],
)
def test_what_an_organiser_may_cover(profile, covers, refusal):
    """What the profile counts, as long as something is left to guests."""
    if refusal is None:
        rules.check_covers(profile, covers, COUNTED[profile])
    else:
        with pytest.raises(refusal):
            rules.check_covers(profile, covers, COUNTED[profile])


@pytest.mark.parametrize(
    ("quantity_kg", "refusal"), [(0, rules.NoShare), (1, None), (20_000, None), (20_001, rules.ShareTooLarge)]
)
def test_a_share_is_of_one_guest(quantity_kg, refusal):
    """Something, and not more than a trip can come to."""
    if refusal is None:
        rules.check_share(quantity_kg)
    else:
        with pytest.raises(refusal):
            rules.check_share(quantity_kg)


def test_an_organiser_counts_no_category_of_its_guests():
    """Energy alone, if that is what it covers."""
    rules.check_own({"energy"}, ("energy",))
    with pytest.raises(rules.NotCounted, match="travel"):
        rules.check_own({"energy", "travel"}, ("energy",))


@pytest.mark.parametrize(
    "wrong",
    [{"ends": "2025-02-01T00:00:00Z"}, {"organiser_covers": ["energy", "energy"]}, {"begins": "1999-01-01T00:00:00Z"}],
)
def test_an_event_that_makes_no_sense(wrong):
    """It ends before it begins, covers a category twice, or was before registries."""
    body = {
        "organisation_id": 1,
        "title": "Day",
        "place": "Hall",
        "begins": "2025-03-01T00:00:00Z",
        "ends": "2025-03-02T00:00:00Z",
        "expected_guests": 1,
        "pool_id": 1,
    }
    convert(body, NewEvent)
    with pytest.raises(ValidationError):
        convert(body | wrong, NewEvent)
