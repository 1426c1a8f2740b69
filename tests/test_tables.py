"""
Each table belongs to one capability, and no other capability's SQL names it.

`OWNED` is the map: what a capability keeps to itself. `PUBLISHED` are the views and functions of an owner that others
may name. Both are compared with the migrations, so that nothing new is without an owner.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

OWNED = {
    "registry.kit": {"business_clock", "idempotency"},
    "registry.access": {
        *("api_key", "api_key_use", "approval", "authority_epoch", "move_authority_epoch", "restriction", "role_grant"),
        *("may_act", "owner_of_frozen", "role_deciding", "suspended", "suspension"),
        *("challenge", "passkey", "session"),
    },
    "registry.parties": {
        *("account", "organisation_kind", "owned_through", "ownership", "party", "party_identifier", "region"),
    },
    "registry.projects": {
        *("document", "monitoring_report", "notice_comment", "project", "project_event", "project_number_seq"),
        *("report_version", "notice_answer", "notice_objection", "document_usage", "count_document"),
        *("document_upload", "project_attributes", "project_version", "report_use"),
    },
    "registry.transparency": {
        "log_checkpoint",
        "log_head",
        "log_key",
        "log_refusal",
        "refuse_with_the_log",
        "log_tile",
        "correction",
        "opening",
        "statement",
        "statement_id_seq",
    },
    "registry.claims": {"claim", "claim_draft", "footprint", "green_power", "green_power_use"},
    "registry.methodologies": {"calendar_year"},
    "registry.credits": {
        *("block", "cancellation", "exchange_request", "hold", "issuance", "movement", "number_line", "retirement"),
        *("transfer", "shown_retirement", "block_of_lot", "refuse_final", "eligible_blocks", "move_blocks"),
        *("lock_for_retirement", "lock_for_retirements", "record_retirements", "annulment"),
    },
    "registry.inbox": set(),
    "registry.notifications": {
        *("mail", "mail_preference", "notification", "notification_cursor"),
        *("webhook", "webhook_message", "webhook_delivery"),
    },
    "registry.community": {"community_event", "event_guest", "retail_payment", "retail_pool", "retail_posting"},
    "exchange.journal": {"head", "journal", "snapshot"},
    "exchange.projections": {"placed", "position", "projection", "request", "trade"},
    "exchange.instruments": {"account_group", "basket", "basket_asset", "delisting", "instrument", "resale_day"},
    "exchange.orders": {"order_session"},
    "exchange.instructions": {"instruction", "instruction_number"},
    "exchange.settlement": {"delivery"},
    "exchange.subscriptions": {"standing", "standing_order", "standing_run", "standing_withdrawal"},
    "exchange.campaigns": {"campaign", "campaign_course"},
    "exchange.auctions": {"auction", "auction_course", "auction_extension"},
    "exchange.listings": {"picking"},
    "exchange.blocks": {"block", "block_terms"},
    "exchange.quotes": {"quote", "quote_request", "quote_request_end"},
    "exchange.sessions": {"closing_price", "session", "session_rules", "timetable"},
}
PUBLISHED = {
    "registry.kit": {"business_at", "business_now", "clock_behind", "keep_business_time", "refuse_behind_time"},
    "registry.access": {
        "acting",
        "approval_awaits",
        "approval_touches",
        "freeze_in_effect",
        "still_acts",
        "verifier_now",
    },
    "registry.parties": {
        "authority_id",
        "belongs_to",
        "known_account",
        "lock_accounts",
        "organisation",
        "person",
        "region_id",
    },
    "registry.projects": {"known_project", "known_report", "project_awaits", "report_awaits", "sent_back"},
    "registry.transparency": {"append_statements", "logged", "opened_beneficiary", "statement_hash"},
    "registry.claims": {
        "allocate_to_claim",
        "annul_claim",
        "claim_awaits",
        "known_claim",
        "lock_claim",
        "logged_claim",
    },
    "registry.credits": {
        "known_annulment",
        "known_issuance",
        "known_retirement",
        *("logged_issuance", "logged_retirement"),
        "refused_transfer",
        "transfer_awaits",
    },
    "registry.community": {"known_event"},
    "exchange.journal": {"journalled"},
    "exchange.projections": {
        "dated",
        "off_tape",
        "progress",
        "resting",
        "shown_placed",
        "shown_position",
        "shown_trade",
    },
    "exchange.instruments": {"announced_delisting", "known_instrument"},
    "exchange.instructions": {"shown_instruction"},
    "exchange.campaigns": {"campaign_with_pledges", "shown_campaign"},
    "exchange.auctions": {"auction_with_bids", "sealed_bid", "shown_auction"},
    "exchange.blocks": {"shown_block"},
    "exchange.quotes": {"shown_quote", "shown_quote_request"},
    "exchange.sessions": {"begin_timetable", "shown_session"},
}
IDENTITIES = {"registry.project_number_seq", "registry.statement_id_seq"}
"""Sequences of identity columns that are drawn from by name."""
CREATED = re.compile(
    r"^create (?:or replace )?(?P<kind>table|view|function|sequence) (?P<name>(?:registry|exchange)\.\w+)"
    r"(?P<body>.*?)(?:\$\$.*?\$\$)?;[ ]*$",
    re.MULTILINE | re.DOTALL,
)
DROPPED = re.compile(r"^drop (?:table|view|function|sequence) (?P<name>(?:registry|exchange)\.\w+)", re.MULTILINE)
NAMED = re.compile(r"(?:registry|exchange)\.\w+")


def plain(path: Path) -> str:
    """The SQL of a file without its comments."""
    return re.sub(r"--.*", "", path.read_text(encoding="utf-8"))


def owners(table: dict[str, set[str]]) -> dict[str, str]:
    """Full name in the database to capability."""
    return {f"{owner.partition('.')[0]}.{name}": owner for owner, names in table.items() for name in names}


@cache
def created() -> dict[str, tuple[str, str]]:
    """Everything the migrations create under a name of its own: kind and the last definition."""
    found: dict[str, tuple[str, str]] = {}
    for service in ("registry", "exchange"):
        for path in sorted((ROOT / service / "migrations").glob("*.sql")):
            for name in DROPPED.findall(plain(path)):
                del found[name]
            for each in CREATED.finditer(plain(path)):
                found[each["name"]] = (each["kind"], each[0])
    return found


def stores() -> Iterator[Path]:
    """The SQL files beside stores and projections."""
    for service in ("registry", "exchange"):
        yield from (path for path in sorted((ROOT / service).rglob("*.sql")) if path.parent.name != "migrations")


def foreign(text: str, owner: str) -> set[str]:
    """What *text* names that its owner neither has nor may read."""
    own, published = owners(OWNED), owners(PUBLISHED)
    return {name for name in NAMED.findall(text) if name not in published and own.get(name) != owner}


def test_everything_in_the_schema_has_one_owner():
    """Tables, views, functions and sequences of the migrations are those of the map, each once."""
    named = [*owners(OWNED), *owners(PUBLISHED)]
    assert sorted(named) == sorted(set(named))
    assert sorted(created().keys() | IDENTITIES) == sorted(named)


def test_a_table_is_never_published():
    """Others read a view or call a function, whose columns are a promise; a table may change."""
    assert set() == {name for name in owners(PUBLISHED) if created()[name][0] == "table"}


@pytest.mark.parametrize("path", list(stores()), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_sql_names_tables_of_another_capability(path: Path):
    """A room's SQL names what its own capability has, and what others publish."""
    owner = ".".join(path.relative_to(ROOT).parts[:2])
    assert set() == foreign(plain(path), owner)


def test_views_and_functions_keep_to_their_owner_too():
    """What a view or function of one capability reads is its own, or published by its owner."""
    belongs = owners(OWNED) | owners(PUBLISHED)
    found = {
        (belongs[name], name.partition(".")[2], other)
        for name, (kind, text) in created().items()
        if kind in ("view", "function")
        for other in foreign(text, belongs[name])
    }
    assert set() == found


def test_the_map_bites():
    """A statement that reads another capability's table is found; its view is not."""
    text = "select from registry.block join registry.account join registry.known_account"
    assert {"registry.account"} == foreign(text, "registry.credits")
    assert {"registry.block", "registry.account"} == foreign(text, "registry.claims")
