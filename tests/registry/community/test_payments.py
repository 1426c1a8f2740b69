"""Payments of guests: said twice, late, refused; and what the pool's owner is owed."""

import pytest

from registry.community.events import guests
from registry.community.retail import payments
from tests.registry.community.fair import Fair, fair


@pytest.fixture
async def open_fair(issued) -> Fair:
    """An event whose guests buy from a pool of 200 kg."""
    return await fair(issued, quantity_kg=200)


async def confirm(open_fair, guest, *, amount_fen=None, by=None):
    """The bank's word, brought by an operator."""
    body = {"amount_fen": amount_fen or guest["amount_fen"]}
    path = f"/v1/payments/{guest['reference']}/confirmations"
    return await open_fair.world.post(path, body, by=by or open_fair.operator)


async def test_confirmed_twice_it_is_retired_once(open_fair):
    """By an operator with two keys, by the simulated bank, and once more after the retirement."""
    guest = await open_fair.join()
    assert "paid" == (await confirm(open_fair, guest)).json()["state"]
    assert "paid" == (await confirm(open_fair, guest)).json()["state"]
    assert "paid" == (await open_fair.pay(guest))["state"]
    assert [1, 0] == [await guests.retire_paid(db=open_fair.world.db) for _ in range(2)]
    assert "retired" == (await confirm(open_fair, guest)).json()["state"]
    assert 0 == await guests.retire_paid(db=open_fair.world.db)
    books = await open_fair.books()
    assert (110, 396, 396, 0) == tuple(books[name] for name in ("retired_kg", "earned_fen", "owed_fen", "guests_fen"))


async def test_the_bank_names_the_amount(open_fair):
    """Another one is refused, and nothing is booked."""
    guest = await open_fair.join()
    answer = await confirm(open_fair, guest, amount_fen=395)
    assert (422, 396) == (answer.status_code, answer.json()["amount_fen"])
    assert "held" == (await open_fair.seen(guest))["state"]


async def test_what_is_not_paid_in_time_is_for_others(open_fair):
    """After a quarter of an hour the kilograms are free again, and not a moment earlier."""
    guest = await open_fair.join()
    assert 0 == await payments.lapse_due(db=open_fair.world.db)
    refused = await open_fair.try_join()
    assert (409, 90, 110) == (refused.status_code, refused.json()["left_kg"], refused.json()["wanted_kg"])
    await open_fair.lapse()
    assert [1, 0] == [await payments.lapse_due(db=open_fair.world.db) for _ in range(2)]
    assert "lapsed" == (await open_fair.seen(guest))["state"]
    assert 200 == (await open_fair.pool())["available_kg"]


async def test_a_late_payment_buys_what_is_left(open_fair):
    """The pool's price is the same and it has enough: the guest gets the kilograms."""
    guest = await open_fair.join()
    await open_fair.lapse()
    await payments.lapse_due(db=open_fair.world.db)
    assert "paid" == (await open_fair.pay(guest))["state"]
    assert 1 == await guests.retire_paid(db=open_fair.world.db)
    assert "retired" == (await open_fair.seen(guest))["state"]


async def test_a_late_payment_goes_back_when_others_bought_the_kilograms(open_fair):
    """It says why, the money is back to the fen, and nothing was retired for it."""
    late = await open_fair.join()
    await open_fair.lapse()
    await payments.lapse_due(db=open_fair.world.db)
    await open_fair.pay(await open_fair.join())
    given_back = await open_fair.pay(late)
    assert "refunded" == given_back["state"]
    assert "fewer kilograms were left" in given_back["refund_reason"]
    assert "refunded" == (await open_fair.pay(late))["state"]
    assert 1 == await guests.retire_paid(db=open_fair.world.db)
    books = await open_fair.books()
    assert (396, 0) == tuple(books[name] for name in ("earned_fen", "guests_fen"))


async def test_a_late_payment_to_a_pool_that_ended_goes_back(open_fair):
    """Withdrawn meanwhile, it sells nothing; all is the owner's again."""
    before = await open_fair.world.active_kg("forest")
    guest = await open_fair.join()
    await open_fair.world.ok(f"/v1/pools/{open_fair.pool_id}/withdraw", by=open_fair.world.party("forest").key)
    assert before + 90 == await open_fair.world.active_kg("forest")
    await open_fair.lapse()
    await payments.lapse_due(db=open_fair.world.db)
    assert before + 200 == await open_fair.world.active_kg("forest")
    assert "refunded" == (await open_fair.pay(guest))["state"]


async def test_a_payment_in_time_is_honoured_whatever_the_owner_does_then(open_fair):
    """Paused and withdrawn, a pool still gives what it had promised."""
    guest = await open_fair.join()
    await open_fair.world.ok(f"/v1/pools/{open_fair.pool_id}/withdraw", by=open_fair.world.party("forest").key)
    await open_fair.pay(guest)
    assert 1 == await guests.retire_paid(db=open_fair.world.db)


async def test_a_share_that_is_refused_for_good_goes_back(open_fair):
    """A freeze of the owner's account between payment and retirement: the money and the kilograms are back."""
    world = open_fair.world
    guest = await open_fair.join()
    await open_fair.pay(guest)
    freeze = {"scope": "account", "target_id": world.party("forest").account_id, "reason": "A doubt"}
    await world.ok("/v1/restrictions", freeze, by=world.regulators[0])
    assert 0 == await guests.retire_paid(db=world.db)
    seen = await open_fair.seen(guest)
    assert ("refunded", True) == (seen["state"], "frozen" in seen["refund_reason"])
    assert 200 == (await open_fair.pool())["available_kg"]
    frozen = await open_fair.try_join()
    assert (409, "urn:kilnwood:problem:frozen") == (frozen.status_code, frozen.json()["type"])
    assert "A doubt" not in frozen.text + str(seen), "the reason is not for the public"


@pytest.mark.parametrize("scope", ["project", "issuance"])
async def test_nobody_pays_for_what_is_frozen(open_fair, scope):
    """Also where not the account is frozen but what is sold: it is refused before anybody pays."""
    world = open_fair.world
    sold = (await open_fair.pool())["issuance"]
    issuance = (await world.get(f"/v1/issuances/{sold}")).json()
    target = issuance["id"] if scope == "issuance" else issuance["project_id"]
    freeze = {"scope": scope, "target_id": target, "reason": "A doubt"}
    await world.ok("/v1/restrictions", freeze, by=world.regulators[0])
    answer = await open_fair.try_join()
    assert (409, "urn:kilnwood:problem:frozen") == (answer.status_code, answer.json()["type"])
    assert "A doubt" not in answer.text


async def test_income_passes_through_to_the_owner(open_fair):
    """Paid out once for each of the bank's references, and never more than is owed."""
    world, path = open_fair.world, f"/v1/pools/{open_fair.pool_id}/payouts"
    await open_fair.pay(await open_fair.join())
    early = await world.post(path, {"amount_fen": 1, "reference": "B-0"}, by=open_fair.operator)
    assert (409, 0) == (early.status_code, early.json()["owed_fen"])
    await guests.retire_paid(db=world.db)
    await world.ok(path, {"amount_fen": 300, "reference": "B-1"}, by=open_fair.operator)
    again = await world.post(path, {"amount_fen": 1, "reference": "B-1"}, by=open_fair.operator)
    assert (409, "urn:kilnwood:problem:paid-out-already") == (again.status_code, again.json()["type"])
    over = await world.post(path, {"amount_fen": 97, "reference": "B-2"}, by=open_fair.operator)
    assert (409, 96) == (over.status_code, over.json()["owed_fen"])
    await world.ok(path, {"amount_fen": 96, "reference": "B-2"}, by=open_fair.operator)
    books = await open_fair.books()
    assert (396, 396, 0) == tuple(books[name] for name in ("earned_fen", "paid_out_fen", "owed_fen"))
    entries = await world.get(f"/v1/pools/{open_fair.pool_id}/postings", by=world.party("forest").key)
    assert ["payment", "sale", "payout", "payout"] == [each["cause"] for each in entries.json()["items"]]


async def test_nobody_books_for_their_own_pool(open_fair):
    """An operator of the pool's owner neither confirms its payments nor notes its payouts."""
    world = open_fair.world
    guest = await open_fair.join()
    _, key = await world.member("operator", world.party("forest").organisation_id)
    assert "own-organisation" in (await confirm(open_fair, guest, by=key)).json()["type"]
    body = {"amount_fen": 1, "reference": "B-1"}
    answer = await world.post(f"/v1/pools/{open_fair.pool_id}/payouts", body, by=key)
    assert "own-organisation" in answer.json()["type"]


async def test_a_payment_that_there_is_not(open_fair):
    """Unknown, whether it is read or confirmed."""
    assert 404 == (await open_fair.world.get("/v1/payments/P-NONE", by=open_fair.operator)).status_code
    assert 404 == (await confirm(open_fair, {"reference": "P-NONE", "amount_fen": 1})).status_code


async def test_one_payment_that_fails_keeps_no_other_waiting(open_fair, monkeypatch):
    """A fault of ours with the first: the second is retired, the fault is raised, and the first is tried again."""
    first, second = [await open_fair.join(nights=1) for _ in range(2)]
    for each in (first, second):
        await open_fair.pay(each)
    real = guests._retire_in

    async def fail_first(tx, reference, *, region):
        if reference == first["reference"]:
            raise RuntimeError("a fault of ours")
        return await real(tx, reference, region=region)

    with monkeypatch.context() as patched:
        patched.setattr(guests, "_retire_in", fail_first)
        with pytest.raises(RuntimeError, match="a fault of ours"):
            await guests.retire_paid(db=open_fair.world.db)
    assert ["paid", "retired"] == [(await open_fair.seen(each))["state"] for each in (first, second)]
    assert 1 == await guests.retire_paid(db=open_fair.world.db)
