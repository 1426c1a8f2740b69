"""People by name, with their roles and organisations: for those who decide with them, or look on."""

from collections.abc import Iterable

from msgspec import Struct

from registry.access.grants import service as grants
from registry.kit.database import Database
from registry.parties import service as parties
from schemas.access import Role


class NamedRole(Struct, frozen=True):
    """A role with the name of the organisation at which it is held."""

    role: Role
    organisation: str
    organisation_id: int


class Named(Struct, frozen=True):
    """A person as a page names them."""

    id: int
    name: str
    roles: tuple[NamedRole, ...]


async def named(person_ids: Iterable[int | None], db: Database) -> dict[int, Named]:
    """Some people, by their numbers; a person who is unknown is shown as the number."""
    wanted = {each for each in person_ids if each}
    async with db.reading() as tx:
        names = await parties.people_in(tx, wanted)
        held = await grants.held_by_in(tx, wanted)
        organisations = await parties.names_in(tx, {one.organisation_id for each in held.values() for one in each})
    return {
        each: Named(
            each,
            names.get(each, str(each)),
            tuple(
                NamedRole(one.role, organisations.get(one.organisation_id, ""), one.organisation_id)
                for one in held[each]
            ),
        )
        for each in wanted
    }
