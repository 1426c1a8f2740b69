"""A guest's certificate and receipt: the picked name is on them for who has the link, and for nobody else."""

from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from registry.community.events import guests
from registry.receipts.verifier.attachment import attached
from registry.receipts.verifier.verify import judge_all
from tests.pdf import written
from tests.registry.community.fair import Fair, fair
from tests.registry.transparency.logs import Log, new_log
from tests.worlds import World

TREE = "\U0001f333"


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    """The witness and the head of one log."""
    with new_log(tmp_path) as made:
        yield made


@pytest.fixture
async def open_fair(issued) -> Fair:
    """An event whose guests buy from the forest's pool."""
    return await fair(issued)


async def test_the_link_opens_the_name_and_nothing_else_does(open_fair: Fair, log: Log, tmp_path: Path):
    """202 until it is witnessed; then the name is on the guest's sheet and in the guest's receipt, both valid."""
    world = open_fair.world
    guest = await open_fair.join(name="王喆 Zoë")
    await open_fair.pay(guest)
    own = f"/v1/guests/{guest['secret']}"
    for paper in ("certificate.pdf", "receipt"):
        assert 202 == (await world.get(f"{own}/{paper}")).status_code
    await guests.retire_paid(db=world.db)
    receipt = (seen := await open_fair.seen(guest))["receipt_id"]
    assert not seen["witnessed"]
    assert 202 == (await world.get(f"{own}/certificate.pdf")).status_code
    await log.publish(world.dsn)
    assert (await open_fair.seen(guest))["witnessed"]
    mine, public = [
        (await world.get(f"{each}/certificate.pdf")).content for each in (own, f"/v1/retirements/{receipt}")
    ]
    for pdf, file, named in (
        (mine, await world.get(f"{own}/receipt"), True),
        (public, await world.get(f"/v1/receipts/{receipt}"), False),
    ):
        (inside,) = attached(pdf)
        assert inside.content == file.content
        assert named == ("王喆 Zoë".encode() in inside.content)
        (judged,) = judge_all(pdf, log.trust, file="it.pdf")
        assert "valid" == judged.report.verdict
        if (text := written(pdf, tmp_path)) is not None:
            assert named == ("王喆 Zoë" in text)


async def test_the_link_opens_the_name_as_it_was_corrected(open_fair: Fair, log: Log):
    """What corrects the beneficiary is opened too; the public receipt keeps both sealed."""
    world = open_fair.world
    guest = await open_fair.join(name="Wang Zhe")
    await open_fair.pay(guest)
    await guests.retire_paid(db=world.db)
    receipt = (await open_fair.seen(guest))["receipt_id"]
    body = {"beneficiary": "Wang Zhé", "reason": "The accent was lost"}
    await world.ok(f"/v1/retirements/{receipt}/corrections", body, by=world.party("scenic").key)
    await log.publish(world.dsn)
    for address, known in ((f"/v1/guests/{guest['secret']}/receipt", True), (f"/v1/receipts/{receipt}", False)):
        content = (await world.get(address)).text
        assert (known, known) == ("Wang Zhe" in content, "Wang Zhé" in content)


async def test_a_share_that_is_not_paid_has_no_papers(open_fair: Fair):
    """What it is in says so, and what to do; another link is not found."""
    guest = await open_fair.join(name="Wang")
    for paper in ("certificate.pdf", "receipt"):
        answer = await open_fair.world.get(f"/v1/guests/{guest['secret']}/{paper}")
        assert (409, "urn:kilnwood:problem:nothing-retired") == (answer.status_code, answer.json()["type"])
        assert f"Nothing is retired for guest 1: the payment {guest['reference']} is held." in answer.json()["detail"]
        assert 404 == (await open_fair.world.get(f"/v1/guests/G-{'A' * 26}/{paper}")).status_code


@pytest.mark.parametrize("what", ["guest", "event", "claim", "draft", "organisation"])
async def test_a_name_that_cannot_be_printed_is_refused_where_it_is_typed(open_fair: Fair, what: str):
    """Naming the character; not at the certificate, when it is too late."""
    world, scenic = open_fair.world, open_fair.world.party("scenic")
    period = {"begins": "2025-03-01T01:00:00Z", "ends": "2025-03-01T09:00:00Z"}
    ours = {"organisation_id": scenic.organisation_id, **period}
    words = {"type": "contribution", "subject": f"Trees {TREE}", "boundary": "Trees", **ours}
    event = {"title": f"Tree {TREE}", "place": "Hall", "expected_guests": 1, "pool_id": open_fair.pool_id, **ours}
    identifier = {"scheme": "uscc", "value": "91350100M000100Y43"}
    path, body, by = {
        "guest": (f"/v1/events/{open_fair.code}/guests", {"trip": {"nights": 1}, "name": TREE}, ""),
        "event": ("/v1/events", event, scenic.key),
        "claim": ("/v1/claims", words | {"exclusive": True}, scenic.key),
        "draft": ("/v1/claim-drafts", words, scenic.key),
        "organisation": ("/v1/organisations", {"name": TREE, "identifiers": [identifier]}, world.regulators[0]),
    }[what]
    answer = await world.post(path, body, by=by)
    assert (422, "urn:kilnwood:problem:no-glyph") == (answer.status_code, answer.json()["type"]), answer.text
    assert f"no sign for {TREE} (U+1F333)" in answer.json()["detail"]
    assert 10_000 == (await open_fair.pool())["available_kg"]


async def test_a_name_that_stands_already_and_cannot_be_printed_is_said(issued: World, log: Log):
    """Names of before they were checked: the certificate says which character, and the receipt has it."""
    open_fair = await fair(issued)
    guest = await open_fair.join(name="Wang")
    await open_fair.pay(guest)
    await guests.retire_paid(db=issued.db)
    owner = await asyncpg.connect(issued.dsn)
    await owner.execute("update registry.event_guest set name = $1", f"Wang {TREE}")
    await owner.close()
    await log.publish(issued.dsn)
    answer = await issued.get(f"/v1/guests/{guest['secret']}/certificate.pdf")
    assert (422, "urn:kilnwood:problem:no-glyph") == (answer.status_code, answer.json()["type"])
