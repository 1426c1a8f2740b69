"""When the log refuses, writes refuse: a restored old database takes no retirement, and answers what it is asked."""

import pytest

from registry.transparency.head import SigningRefused
from tests.registry.transparency.logs import connected


async def retire(world, claim):
    """47 kg for a contribution claim."""
    party = world.party("scenic")
    body = {"account_id": party.account_id, "claim_id": claim, "quantity_kg": 47, "reason": "visitor"}
    return await world.post("/v1/retirements", body, by=party.key)


async def refused_rows(world):
    """What stands in the database about it."""
    async with connected(world.dsn) as connection:
        return [row["reason"] for row in await connection.fetch("select reason from registry.log_refusal")]


async def test_a_restored_old_database_takes_no_retirement(delivered, log):
    """503 with the reason's kind and Retry-After until a start finds that the log continues; reads are served."""
    claim = await delivered.contribution("scenic")
    await log.publish(delivered.dsn)
    size, root = log.head.read()
    log.head.write(size + 1, root)  # more was signed than this database has: it is an older one
    assert 201 == (await retire(delivered, claim)).status_code  # nobody knows yet
    await delivered.sequence()
    log.head.write(size + 2, root)
    with pytest.raises(SigningRefused, match="it was restored or lost writes"):
        await log.publish(delivered.dsn)
    (reason,) = await refused_rows(delivered)
    assert "Nothing was signed" in reason

    held = await delivered.active_kg("scenic")
    for _ in range(2):
        answer = await retire(delivered, claim)
        assert (503, "60") == (answer.status_code, answer.headers["Retry-After"])
        assert "urn:kilnwood:problem:log-refuses" == answer.json()["type"]
        assert "does not continue what was published" in answer.json()["detail"]
    party = delivered.party("scenic")
    body = {"organisation_id": party.organisation_id, "type": "contribution", "subject": "Another", "boundary": "none"}
    body |= {"begins": "2024-01-01T00:00:00Z", "ends": "2024-12-31T00:00:00Z", "exclusive": False}
    assert 503 == (await delivered.post("/v1/claims", body, by=party.key)).status_code
    assert held == await delivered.active_kg("scenic")

    log.head.write(size, root)  # the newer database is back
    await log.publish(delivered.dsn)
    assert [] == await refused_rows(delivered)
    assert 201 == (await retire(delivered, claim)).status_code


async def test_a_fork_found_while_running_stops_writes_too(issued, log):
    """The witness disagrees with what is published next: the same row, and the same refusal."""
    async with connected(issued.dsn) as connection:
        sequencer = log.sequencer(connection)
        await sequencer.start()
        with pytest.raises(SigningRefused, match="stop"):
            async with sequencer._refusing_writes():
                raise SigningRefused("The witness disagrees: stop.")
    assert ["The witness disagrees: stop."] == await refused_rows(issued)
