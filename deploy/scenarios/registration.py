"""The season's beginning: a region, its organisations, their people and accounts."""

from deploy.scenarios.cast import CAST, Party, Season, Story
from deploy.scenarios.client import Api
from schemas.identifiers import uscc_check_character


async def meet_the_region(season: Season) -> Story:
    """A registry with two regulator people and nothing else."""
    region = await season.api.get("/v1/region")
    if not season.regulator_ids:
        await take_office(season)
    kind = "simulated" if region["simulated"] else "real"
    return [
        f"{region['name']}, a {kind} region; business time {region['business_time']}.",
        (
            f"Its first start made two regulators (persons {season.regulator_ids[0]} and {season.regulator_ids[1]}); "
            "every role from here on takes both."
        ),
        (
            "Each made a key of their own with the first one, read its fingerprint to the other, and was confirmed: "
            f"{', '.join([(await season.api.get('/v1/me', by=key))['key_fingerprint'] for key in season.regulators])}."
        ),
    ]


async def take_office(season: Season) -> None:
    """
    The regulators make keys of their own with those of the first start, and confirm each other's.

    Until then they count as one, since the operator who started the region saw both first keys.
    """
    first, second = [await own_key(season.api, key) for key in season.regulators]
    season.regulators = (first, second)
    for holder, confirmer in ((first, second), (second, first)):
        me = await season.api.get("/v1/me", by=holder)
        season.regulator_ids.append(me["person_id"])
        shown = {"fingerprint": me["key_fingerprint"]}
        await season.api.post(f"/v1/keys/{me['key_id']}/confirm", shown, by=confirmer)


async def own_key(api: Api, first_key: str) -> str:
    """The key that its holder makes with a first key, which is spent by that."""
    return str((await api.post("/v1/me/keys", by=first_key))["secret"])


async def register_organisations(season: Season) -> Story:
    """Two developers, a verifier, four enterprises and an exchange, each under its unified social credit code."""
    for number, (word, cast) in enumerate(CAST.items()):
        first = f"91510100MA{season.seed % 10_000:04d}{number:03d}"
        identifier = {"scheme": "uscc", "value": first + uscc_check_character(first)}
        made = await season.api.post(
            "/v1/organisations", {"name": cast.name, "identifiers": [identifier]}, by=season.regulators[0]
        )
        season.parties[word] = Party(organisation_id=made["id"])
    return [f"{len(CAST)} organisations, each under a unified social credit code whose check character holds."]


async def enrol_people(season: Season) -> Story:
    """A person for each organisation: a key, shown once, then roles that two regulators grant."""
    for word, cast in CAST.items():
        party = season.parties[word]
        person = await season.api.post("/v1/people", {"name": cast.person}, by=season.regulators[0])
        party.person_id = person["id"]
        party.key = await own_key(season.api, await _first_key(season, party.person_id))
        for role in cast.roles:
            body = {
                "operation": "grant_role",
                "person_id": party.person_id,
                "organisation_id": party.organisation_id,
                "role": role,
            }
            await season.decide("/v1/grants", body, f"{role} at {cast.name}")
    return [
        (
            f"{len(CAST)} people with an API key of 256 random bits each, made by its holder alone, shown once and "
            "stored as a keyed hash."
        )
    ]


async def _first_key(season: Season, person_id: int) -> str:
    """A first key whose answer was lost on the way is revoked and replaced: the registry never shows one twice."""
    by = season.regulators[0]
    while True:
        key = await season.api.post(f"/v1/people/{person_id}/keys", by=by)
        if key["secret"]:
            return str(key["secret"])
        await season.api.post(f"/v1/keys/{key['id']}/revoke", by=by)


async def open_accounts(season: Season) -> Story:
    """A holding account for everybody who will own credits."""
    owners = [word for word in CAST if word != "vvb"]
    for word in owners:
        party = season.parties[word]
        body = {"owner_id": party.organisation_id, "name": f"{CAST[word].name} holdings"}
        account = await season.api.post("/v1/accounts", body, by=season.regulators[0])
        party.account_id = account["id"]
    return [f"{len(owners)} accounts."]
