"""One object of every kind, owned by one organisation; a person in every role at it, elsewhere, and too close to it."""

import itertools
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import Any

from deploy.scenarios.cast import EVENT
from exchange.instruments.service import follow_freezes
from registry.access.authorisation import OVERSEERS
from registry.community.events import guests
from schemas.access import Role
from schemas.identifiers import uscc_check_character
from tests.faults.killing import until
from tests.registry.projects.life import Life
from tests.worlds import AUTHORITY, Template, World

HOME, ELSEWHERE, SIBLING, SHARED = "home", "elsewhere", "sibling", "shared"
"""The owner, a stranger, one with the same parent, and one with a person in common."""
NOBODY = "nobody"
"""A person with a key and no role."""
_numbers = itertools.count(1)


@dataclass
class EachRole:
    """A template database with the keys of its people and the ids of its objects."""

    template: Template
    keys: dict[tuple[str, str], str] = field(default_factory=dict)
    ids: dict[str, Any] = field(default_factory=dict)


async def build(world: World, made: EachRole) -> None:
    """Fill the database through the HTTP interface."""
    await _people(world, made)
    await _projects(world, made)  # first: it moves the clock
    await _balances(world, made)
    await _webhooks(world, made)
    await _market(world, made)
    await _events(world, made)
    await _decisions(world, made)
    # The restrictions above reach the engine here, and not during a test.
    await follow_freezes(exchange=await world.trade())


async def _organisation(world: World, name: str, parent: int | None) -> int:
    first = f"91510198MA{next(_numbers):07d}"
    identifier = {"scheme": "uscc", "value": first + uscc_check_character(first)}
    body = {"name": name, "identifiers": [identifier], "parent_id": parent}
    return int((await world.ok("/v1/organisations", body, by=world.regulators[0]))["id"])


async def _person(world: World, made: EachRole, word: str, roles: list[tuple[int, str]]) -> str:
    person_id, key = await world.person(word)
    made.ids[f"person_{word}"] = person_id
    made.ids[f"key_{word}"] = (await world.get("/v1/me", by=key)).json()["key_id"]
    for organisation_id, role in roles:
        grant = {"operation": "grant_role", "person_id": person_id, "organisation_id": organisation_id, "role": role}
        made.ids[f"grant_{word}"] = (await world.decide("/v1/grants", grant))["id"]
    return key


async def _people(world: World, made: EachRole) -> None:
    parent = await _organisation(world, "Parent", None)
    places = {name: await _organisation(world, name, parent) for name in (HOME, SIBLING)}
    places |= {name: await _organisation(world, name, None) for name in (ELSEWHERE, SHARED)}
    made.ids |= places
    for place, role in itertools.product((HOME, ELSEWHERE), Role):
        where = AUTHORITY if role in OVERSEERS else places[place]
        made.keys[place, role] = await _person(world, made, f"{role}_{place}", [(where, role)])
    for place in (SIBLING, SHARED):
        made.keys[place, "verifier"] = await _person(world, made, f"verifier_{place}", [(places[place], "verifier")])
    both = [(places[HOME], "member"), (places[SHARED], "member")]
    await _person(world, made, "both", both)
    made.keys[NOBODY, ""] = await _person(world, made, NOBODY, [])
    made.ids["secret_nobody"] = made.keys[NOBODY, ""]
    await _person(world, made, "keyless", [])
    await world.ok(f"/v1/keys/{made.ids['key_keyless']}/revoke", by=world.regulators[0])
    await _person(world, made, "regulator_spare", [(AUTHORITY, "regulator")])
    # Of another maker than the others, so that they may confirm the key.
    made.ids["person_unconfirmed"], key = await world.person("unconfirmed", by=world.regulators[1])
    shown = (await world.get("/v1/me", by=key)).json()
    made.ids |= {"key_unconfirmed": shown["key_id"], "fingerprint": shown["key_fingerprint"]}
    made.keys["vvb", "verifier"] = world.party("vvb").key


async def _issued_elsewhere(world: World, made: EachRole, life: Life) -> None:
    """A stranger's credits, which nobody trades yet."""
    report_id = await life.report(made.ids["project_elsewhere"], await life.report_body("2024-01-01", "2024-03-31"))
    assert 201 == (await life.report_step(report_id, "verify")).status_code
    body = {"owner_id": made.ids[ELSEWHERE], "name": "Elsewhere holdings"}
    account_id = (await world.ok("/v1/accounts", body, by=world.regulators[0]))["id"]
    issue = {"operation": "issue_credits", "report_id": report_id, "account_id": account_id}
    await world.decide("/v1/issuances", issue)


async def _balances(world: World, made: EachRole) -> None:
    ids, forest = made.ids, world.party("forest")
    trader, organiser = made.keys[HOME, "enterprise"], made.keys[HOME, "organiser"]
    body = {"owner_id": ids[HOME], "name": "Home holdings"}
    ids["account"] = (await world.ok("/v1/accounts", body, by=world.regulators[0]))["id"]
    ids["forest"], ids["bank"] = forest.account_id, world.party("bank").account_id
    first = await _offer(world, ids["forest"], ids["account"], forest.key, 100_000)
    await world.ok(f"/v1/transfers/{first}/accept", by=trader)
    ids["incoming"] = await _offer(world, ids["forest"], ids["account"], forest.key)
    ids["outgoing"] = await _offer(world, ids["account"], ids["forest"], trader)
    body = {"account_id": ids["account"], "quantity_kg": 10, "reason": "test"}
    ids["cancellation"] = (await world.ok("/v1/cancellations", body, by=trader))["order_id"]
    ids["footprint"] = (await world.ok("/v1/footprints", footprint_body(ids[HOME]), by=organiser))["id"]
    ids["claim"] = (await world.ok("/v1/claims", contribution_body(ids[HOME]), by=organiser))["id"]
    for word in ("draft_of_claim", "draft_to_withdraw", "draft_to_declare"):
        ids[word] = (await world.ok("/v1/claim-drafts", claim_draft_body(ids[HOME]), by=organiser))["id"]
    ids["draft_to_count"] = (
        await world.ok("/v1/claim-drafts", {**claim_draft_body(ids[HOME]), "type": "organisation"}, by=organiser)
    )["id"]
    order = await world.ok("/v1/retirements", {**body, "claim_id": ids["claim"]}, by=organiser)
    ids["receipt"] = order["retirements"][0]["receipt_id"]
    ids["code"] = world.season.issuances["forest"]
    ids["claim_hash"] = (await world.get(f"/v1/claims/{ids['claim']}")).json()["statement_hash"]
    wrong = await world.ok("/v1/claims", contribution_body(ids[HOME]), by=organiser)
    annulled = {"claim_id": wrong["id"], "statement_hash": wrong["statement_hash"], "reason": "test"}
    ids["annulment"] = (await world.decide("/v1/annulments", {"operation": "annul_statement", **annulled}))["id"]


async def _webhooks(world: World, made: EachRole) -> None:
    """At an address that is never called: nothing is sent in these tests."""
    path, boss = f"/v1/organisations/{made.ids[HOME]}/webhooks", made.keys[HOME, "administrator"]
    for word in ("webhook", "webhook_to_pause", "webhook_to_remove"):
        made.ids[word] = (await world.ok(path, webhook_body(), by=boss))["id"]
    made.ids["webhook_delivery"] = (await world.ok(f"{path}/{made.ids['webhook']}/ping", by=boss))["id"]


async def _market(world: World, made: EachRole) -> None:
    """The owner has tonnes and money on the exchange, something of everything open, and one delivery behind it."""
    ids, forest, scenic = made.ids, world.party("forest"), world.party("scenic")
    trader, operator = made.keys[HOME, "enterprise"], made.keys[ELSEWHERE, "operator"]
    body = {"operation": "issue_credits", "report_id": ids["report_issued"], "account_id": ids["account"]}
    await world.decide("/v1/issuances", body)  # of a project that is not traded yet
    ids["instrument"] = world.season.instruments["forest"]
    some, cash = credits_body(ids), {"account_id": ids["account"], "amount_fen": 100_000}
    ids["deposit"] = (await world.ok("/v1/deposits/credits", {**some, "quantity_t": 40}, by=trader))["id"]
    await world.ok("/v1/deposits/cash", cash, by=operator)
    ids["withdrawal"] = (await world.ok("/v1/withdrawals/credits", some, by=trader))["id"]
    house, vintages = world.party("exchange"), {"vintage_from": 2024, "vintage_to": 2024}
    basket = {"code": "BASKET-X", "name": "X", **vintages, "low_fen": 1, "high_fen": 9}
    await world.ok("/v1/baskets", {**basket, "fee_account_id": house.account_id}, by=house.key)
    await world.ok("/v1/baskets", {**basket, "code": "BASKET-Z", "fee_account_id": house.account_id}, by=house.key)
    await world.ok("/v1/instruments/BASKET-Z/delist", {"day": "2030-01-02", "reason": "Nobody trades it"}, by=house.key)
    listing = {"instrument": ids["instrument"], "price_fen": 36_00, "quantity_t": 5}
    ids["listing"] = (await _placed(world, "/v1/listings", trader, listing | _numbered(ids)))["id"]
    more = {**some, "account_id": ids["forest"], "quantity_t": 20}
    await world.ok("/v1/deposits/credits", more, by=forest.key)
    ids["listing_elsewhere"] = (await _placed(world, "/v1/listings", forest.key, forest.next_order() | listing))["id"]
    window = {"opens_at": "2025-01-01T00:00:00Z", "closes_at": "2030-01-01T00:00:00Z"}
    campaign = forest.next_order() | {**listing, "quantity_t": 5} | window
    ids["campaign"] = (await _placed(world, "/v1/campaigns", forest.key, campaign))["id"]
    auction = {name: said for name, said in campaign.items() if name != "price_fen"} | forest.next_order()
    auction |= {"kind": "ascending", "reserve_fen": 36_00}
    ids["auction"] = (await _placed(world, "/v1/auctions", forest.key, auction))["id"]
    for path in (f"/v1/campaigns/{ids['campaign']}", f"/v1/auctions/{ids['auction']}"):
        await until(partial(_begun, world, path), "the calendar has opened it")
    await _agreed(world, made)
    terms = {"side": "buy", "quantity_t": 1, "every": "month", "price_fen": 1, "begins": "2090-01-01T00:00:00Z"}
    for name in ("standing", "standing_to_end"):  # neither acts
        body = {"account_id": ids["account"], "terms": terms}
        ids[name] = (await world.ok("/v1/subscriptions", body, by=trader))["id"]
    for name in ("order", "order_too"):
        ids[name] = (await _placed(world, "/v1/orders", trader, order_body(ids, **_numbered(ids))))["id"]
    buying = order_body(ids, **scenic.next_order(), side="buy", price_fen=36_10)
    await _placed(world, "/v1/orders", scenic.key, buying)
    sold = await _placed(world, "/v1/orders", trader, order_body(ids, **_numbered(ids), price_fen=36_10))
    assert "filled" == sold["state"]
    exchange = await world.trade()
    while not (found := await world.get(f"/v1/accounts/{ids['account']}/statements", by=trader)).json()["items"]:
        await exchange.projector.moves(exchange.projector.projected, within_s=1)
    ids["statement"] = found.json()["items"][0]["delivery_id"]


async def _agreed(world: World, made: EachRole) -> None:
    """The forest's owner has proposed two blocks to the owner, each asks for quotes, and one of them was answered."""
    ids, forest, trader = made.ids, world.party("forest"), made.keys[HOME, "enterprise"]
    terms = {"least_t": 1, "reason": "test"}
    path = f"/v1/instruments/{ids['instrument']}/block-terms"
    await world.ok(path, terms, by=made.keys[ELSEWHERE, "operator"])
    some = {"instrument": ids["instrument"], "quantity_t": 1, "expires_at": "2030-01-01T00:00:00Z"}
    block = {**some, "price_fen": 36_00, "side": "sell", "counterparty_id": ids["account"]}
    for name in ("block", "block_too"):
        ids[name] = (await _placed(world, "/v1/blocks", forest.key, forest.next_order() | block))["id"]
    asked = {**some, "side": "buy"}
    for name in ("request", "request_too"):
        ids[name] = (await _placed(world, "/v1/quote-requests", trader, asked | _numbered(ids)))["id"]
    quote = {"price_fen": 36_00, "quantity_t": 1, "valid_until": "2030-01-01T00:00:00Z"} | forest.next_order()
    answered = f"/v1/quote-requests/{ids['request']}/quotes"
    ids["quote"] = (await _placed(world, answered, forest.key, quote))["id"]
    asking = await _placed(world, "/v1/quote-requests", forest.key, asked | forest.next_order())
    ids["request_elsewhere"] = asking["id"]


async def _begun(world: World, path: str) -> bool:
    """Whether nothing more happens to it by itself."""
    return bool("open" == (await world.get(path)).json()["state"])


async def _placed(world: World, path: str, key: str, body: dict[str, Any]) -> Any:
    return await world.ok(path, body, by=key)


def _numbered(ids: dict[str, Any]) -> dict[str, int]:
    """The next command of the owner's account."""
    ids["client_order_id"] = ids.get("client_order_id", 0) + 1
    return {"account_id": ids["account"], "client_order_id": ids["client_order_id"]}


def credits_body(ids: dict[str, Any]) -> dict[str, Any]:
    """A tonne of the owner's, to the exchange or from it."""
    return {"account_id": ids["account"], "instrument": ids["instrument"], "quantity_t": 1}


def order_body(ids: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """A tonne at a price that nobody pays."""
    return {"instrument": ids["instrument"], "side": "sell", "price_fen": 44_00, "quantity_t": 1, **changed}


async def _offer(world: World, sender: int, receiver: int, key: str, quantity_kg: int = 1_000) -> int:
    body = {"account_id": sender, "receiver_id": receiver, "quantity_kg": quantity_kg, "reason": "test"}
    return int((await world.ok("/v1/transfers", body, by=key))["id"])


def pool_body(ids: dict[str, Any]) -> dict[str, Any]:
    """A tonne of the owner's, by the kilogram."""
    return {"account_id": ids["account"], "issuance": ids["code"], "quantity_kg": 1_000, "price_fen": 36_00}


def webhook_body() -> dict[str, Any]:
    """An address of documentation's, written as a number: nobody is looked up."""
    return {"url": "https://93.184.216.34/kilnwood", "kinds": ["credits.retired"]}


def event_body(ids: dict[str, Any], *, place: str) -> dict[str, Any]:
    """An event of the owner's, whose guests buy from its pool."""
    return {
        "organisation_id": ids[HOME],
        "title": "An event",
        "place": place,
        "begins": "2025-03-01T01:00:00Z",
        "ends": "2025-03-01T09:00:00Z",
        "expected_guests": 10,
        "pool_id": ids["pool"],
    }


async def _events(world: World, made: EachRole) -> None:
    """A pool that is owed money, one that is paused, and an event with a guest who has paid and one who has not."""
    ids, trader = made.ids, made.keys[HOME, "enterprise"]
    for name in ("pool", "pool_paused"):
        ids[name] = (await world.ok("/v1/pools", pool_body(ids), by=trader))["id"]
    await world.ok(f"/v1/pools/{ids['pool_paused']}/pause", by=trader)
    body = event_body(ids, place="A hall")
    ids["event"] = (await world.ok("/v1/events", body, by=made.keys[HOME, "organiser"]))["code"]
    for name in ("guest_retired", "guest"):
        body = {"trip": {"nights": 1}, "name": name, "listed": True}
        ids[name] = await world.ok(f"/v1/events/{ids['event']}/guests", body, by="")
    await world.ok(f"/v1/guests/{ids['guest_retired']['secret']}/simulated-payment", by="")
    assert 1 == await guests.retire_paid(db=world.db)


def footprint_body(organisation_id: int) -> dict[str, Any]:
    """The season's event, counted for one organisation."""
    return {"organisation_id": organisation_id, "request": {"profile": "chengdu-event", "items": list(EVENT)}}


def contribution_body(organisation_id: int) -> dict[str, Any]:
    """A claim that takes any amount."""
    return {
        "organisation_id": organisation_id,
        "type": "contribution",
        "subject": "A contribution",
        "begins": "2024-01-01T00:00:00Z",
        "ends": "2024-12-31T00:00:00Z",
        "boundary": "none",
        "exclusive": False,
    }


def claim_draft_body(organisation_id: int) -> dict[str, Any]:
    """A draft of the same."""
    return contribution_body(organisation_id)


async def _projects(world: World, made: EachRole) -> None:
    life = Life(world, made.ids[HOME], made.keys[HOME, "developer"])
    # Its notice is over and it is not registered yet; the next one's begins after the clock moved.
    made.ids["noticed"] = await life.project("public_notice")
    other = Life(world, made.ids[ELSEWHERE], made.keys[ELSEWHERE, "developer"])
    made.ids["project_elsewhere"] = await other.project("public_notice")
    registered = await life.project("registered")
    for state in ("draft", "submitted", "validated", "public_notice"):
        made.ids[state] = await life.project(state)
    made.ids["registered"] = registered
    periods = {
        "report_rejected": ("2024-01-01", "2024-03-31"),
        "report_submitted": ("2024-04-01", "2024-06-30"),
        "report_verified": ("2024-07-01", "2024-08-31"),
        "report_issued": ("2024-09-01", "2024-09-30"),
    }
    for name, period in periods.items():
        made.ids[name] = await life.report(registered, await life.report_body(*period))
    assert 201 == (await life.report_step(made.ids["report_rejected"], "reject")).status_code
    for name in ("report_verified", "report_issued"):
        assert 201 == (await life.report_step(made.ids[name], "verify")).status_code
    shown = (await world.get(f"/v1/projects/{made.ids['public_notice']}")).json()
    made.ids["pdd"] = shown["documents"][0]
    drafted = (await world.get(f"/v1/projects/{made.ids['draft']}", by=life.developer)).json()
    made.ids["drafted"] = drafted["documents"][0]
    objection = {"name": "Somebody", "contact": "a@b.cn", "text": "Too near"}
    await world.ok(f"/v1/projects/{made.ids['public_notice']}/objections", objection, by=life.developer)
    await other.took(made.ids["project_elsewhere"], "register")
    await _issued_elsewhere(world, made, other)
    made.ids["document"] = await life.document()
    made.ids["finding"] = await life.document(by=life.verifier)


async def _decisions(world: World, made: EachRole) -> None:
    # The second regulator proposes: the first issued everybody's keys here, and so could act as any of them.
    ids, first = made.ids, world.regulators[1]
    body = {"scope": "account", "target_id": ids["bank"], "reason": "test"}
    ids["restriction"] = (await world.ok("/v1/restrictions", body, by=first))["id"]
    body = {"person_id": ids["person_regulator_spare"], "reason": "test"}
    ids["suspension"] = (await world.ok("/v1/suspensions", body, by=made.keys[ELSEWHERE, "regulator"]))["id"]
    ids["bodies"] = {
        "grant_role": {"person_id": ids["person_nobody"], "organisation_id": ids[HOME], "role": "member"},
        "issue_credits": {"report_id": ids["report_verified"], "account_id": ids["account"]},
        "lift_restriction": {"restriction_id": ids["restriction"], "reason": "test"},
        "reissue_key": {"person_id": ids["person_both"]},
        "annul_statement": {"claim_id": ids["claim"], "statement_hash": ids["claim_hash"], "reason": "test"},
        "settle_suspension": {"suspension_id": ids["suspension"], "outcome": "lift"},
    }
    ids["bodies"]["withdraw"] = ids["bodies"]["grant_role"] | {"operation": "grant_role"}
    # Of another component than the operator at home, who carries it out.
    operator = made.keys[ELSEWHERE, "operator"]
    assert HTTPStatus.CREATED == (await world.confirm(operator, by=first)).status_code
    ids["bodies"]["deposit_cash"] = {"account_id": ids["bank"], "amount_fen": 100, "reference": "Slip"}
    for operation, wanted in ids["bodies"].items():
        wanted.setdefault("operation", operation)
        by = operator if operation == "deposit_cash" else first
        proposed = await world.ok("/v1/approvals", {"body": wanted, "reason": "test"}, by=by)
        ids[f"approval_{operation}"] = proposed["id"]
