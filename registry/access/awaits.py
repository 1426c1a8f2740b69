"""Whom something waits for, as the views of what waits say it (``registry.…_awaits``)."""

import asyncpg

from schemas.access import Awaits, Role


def awaits(row: asyncpg.Record) -> Awaits | None:
    """Read the columns of these views but for *id* and *about*; None if nothing waits."""
    if row["action"] is None:
        return None
    return Awaits(
        action=row["action"],
        roles=tuple(Role(each) for each in row["roles"]),
        organisation_id=row["awaited_id"],
        not_person_id=row["not_person_id"],
        not_organisation_id=row["not_organisation_id"],
        since=row["since"],
        until=row["until"],
    )
