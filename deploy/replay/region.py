"""The simulated run's accounts, instruments and tonnes in a real region, made over HTTP as anybody's are."""

import asyncio
from collections.abc import Awaitable, Iterable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from deploy.replay.expected import Brought
from deploy.scenarios.cast import CAST, KILN_ACTIVITY, SEASON_OPENS, Season
from deploy.scenarios.registration import own_key
from exchange.engine import commands as c
from schemas.identifiers import uscc_check_character
from schemas.serials import KG_PER_T

_AT_ONCE: Final = 8
_VINTAGE: Final = 2024
_TONNES_PER_GAS: Final = 14
"""Tonnes that 10,000 Nm³ of gas come to at least, by `KILN_ACTIVITY`."""
T = TypeVar("T")


@dataclass(frozen=True)
class ReplayRegion:
    """
    Where everything of the simulated run is: *accounts* and *instruments* by their simulated numbers.

    *trader* is the key of the person who acts for every account but that of the *fees*, *operator* the exchange's.
    """

    season: Season
    trader: str
    operator: str
    fees: int
    accounts: dict[int, int]
    instruments: dict[int, str]

    def key_of(self, account: int) -> str:
        """Return the key of whoever may read a simulated account."""
        return self.operator if account == self.fees else self.trader


async def made_for(season: Season, what: Brought) -> ReplayRegion:
    """
    Register a project for each instrument, issue its tonnes, and hand them to the accounts that sell them.

    The season must have reached ``accounts``. Each account gets an owner of its own, so that the exchange takes no two
    for one. Money and tonnes come to the exchange later, by the journal's commands. Raises `Unexpected`.
    """
    operator = season.parties["exchange"]
    trader = await _trader(season)
    fees = await _account(season, operator.organisation_id, "Fees of the simulated venue")
    ids = await _in_turn(_owner_with_account(season, trader[0], number) for number in what.accounts)
    accounts = {what.fees: fees, **dict(zip(what.accounts, ids, strict=True))}
    needed = {each.instrument: 0 for each in what.openings}
    for (_, instrument), tonnes in what.tonnes.items():
        needed[instrument] += tonnes
    projects = await _registered(season, needed)
    for instrument, project_id in projects.items():
        issuance = await _issue(season, project_id, needed[instrument])
        for (account, number), tonnes in what.tonnes.items():
            if number == instrument:
                await _hand_over(season, issuance, accounts[account], tonnes, trader[1])
    codes = {each.instrument: await _open(season, each, projects[each.instrument], fees) for each in what.openings}
    return ReplayRegion(season, trader[1], operator.key, what.fees, accounts, codes)


async def _in_turn(calls: Iterable[Awaitable[T]]) -> list[T]:
    """Wait for all of them, a few at once."""
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(call: Awaitable[T]) -> T:
        async with gate:
            return await call

    return await asyncio.gather(*map(one, calls))


async def _trader(season: Season) -> tuple[int, str]:
    """One person who will act for all accounts, and the person's key."""
    by = season.regulators[0]
    person = await season.api.post("/v1/people", {"name": "Who replays 重放员"}, by=by)
    first = await season.api.post(f"/v1/people/{person['id']}/keys", by=by)
    return int(person["id"]), await own_key(season.api, str(first["secret"]))


async def _owner_with_account(season: Season, person_id: int, number: int) -> int:
    first = f"91510107MA{number % 10_000_000:07d}"
    identifier = {"scheme": "uscc", "value": first + uscc_check_character(first)}
    name = f"Simulated {number} 模拟账户"
    body = {"name": name, "identifiers": [identifier]}
    owner = await season.api.post("/v1/organisations", body, by=season.regulators[0])
    grant = {"operation": "grant_role", "person_id": person_id, "organisation_id": owner["id"], "role": "enterprise"}
    await season.decide("/v1/grants", grant, f"Acts for {name}")
    return await _account(season, owner["id"], name)


async def _account(season: Season, owner_id: int, name: str) -> int:
    made = await season.api.post("/v1/accounts", {"owner_id": owner_id, "name": name}, by=season.regulators[0])
    return int(made["id"])


async def _registered(season: Season, needed: dict[int, int]) -> dict[int, int]:
    """Register a kiln for each instrument, large enough for its tonnes; all of them in one public notice."""
    kiln, vvb, by = season.parties["kiln"], season.parties["vvb"], season.regulators[0]
    projects, ends = {}, ""
    for number, tonnes in needed.items():
        name = f"Simulated kiln {number} 模拟窑炉"
        body = {
            "organisation_id": kiln.organisation_id,
            "name": name,
            "methodology": "kiln-electrification",
            "location": "Qingbaijiang",
            "crediting_begins": f"{_VINTAGE}-01-01",
            "crediting_ends": f"{_VINTAGE + 9}-12-31",
            "description": "For the replay of a simulated run",
            "documents": [await season.document(f"Project design document: {name}", by=kiln.key)],
            "site": {"number": name},
            "design": {"annual_t": _gas(tonnes) * (_TONNES_PER_GAS + 1), "grid_region": "CN-510000", "grid_year": 2021},
        }
        project = await season.api.post("/v1/projects", body, by=kiln.key)
        path = f"/v1/projects/{project['id']}"
        await season.api.post(f"{path}/submit", {"why": "Ready for validation"}, by=kiln.key)
        report = await season.document(f"Validation report: {name}", by=vvb.key)
        await season.api.post(f"{path}/validate", {"why": "Meets it", "report_sha256": report}, by=vvb.key)
        ends = (await season.api.post(f"{path}/notice", {"why": "Validated"}, by=by))["notice_ends"]
        projects[number] = int(project["id"])
    await season.set_clock(f"{ends}T16:00:00Z")  # midnight of Asia/Shanghai after its last day
    for project_id in projects.values():
        await season.api.post(f"/v1/projects/{project_id}/register", {"why": "Nothing speaks against it"}, by=by)
    await season.set_clock(SEASON_OPENS)
    return projects


def _gas(tonnes: int) -> int:
    """How much gas a kiln has to save for so many tonnes, in 10,000 Nm³."""
    return tonnes // _TONNES_PER_GAS + 1


async def _issue(season: Season, project_id: int, tonnes: int) -> str:
    """Report, verify and issue at least so many tonnes; returns the issuance's code."""
    kiln, vvb = season.parties["kiln"], season.parties["vvb"]
    report = await season.api.post(
        f"/v1/projects/{project_id}/reports",
        {
            "begins": f"{_VINTAGE}-01-01",
            "ends": f"{_VINTAGE}-12-31",
            "activity": {**KILN_ACTIVITY, "gas_10k_nm3": _gas(tonnes)},
            "documents": [await season.document(f"Monitoring data of project {project_id}", by=kiln.key)],
        },
        by=kiln.key,
    )
    verified = await season.document(f"Verification report of project {project_id}", by=vvb.key)
    why = {"why": "Data and arithmetic confirmed", "report_sha256": verified}
    await season.api.post(f"/v1/reports/{report['id']}/verify", why, by=vvb.key)
    body = {"operation": "issue_credits", "report_id": report["id"], "account_id": kiln.account_id}
    return str((await season.decide("/v1/issuances", body, "Verified report"))["code"])


async def _hand_over(season: Season, issuance: str, account_id: int, tonnes: int, trader: str) -> None:
    """Transfer an account's tonnes from the kiln's owner."""
    kiln = season.parties["kiln"]
    body = {
        "account_id": kiln.account_id,
        "receiver_id": account_id,
        "quantity_kg": tonnes * KG_PER_T,
        "issuance": issuance,
        "reason": "Issued in the simulated run",
    }
    offer = await season.api.post("/v1/transfers", body, by=kiln.key)
    await season.api.post(f"/v1/transfers/{offer['id']}/accept", by=trader)


async def _open(season: Season, opening: c.OpenInstrument, project_id: int, fee_account_id: int) -> str:
    body: dict[str, Any] = {
        "project_id": project_id,
        "vintage": _VINTAGE,
        "tick_fen": opening.tick,
        "lot_t": opening.lot,
        "low_fen": opening.low,
        "high_fen": opening.high,
        "fee_bps": opening.fee_bps,
        "fee_account_id": fee_account_id,
    }
    opened = await season.api.post("/v1/instruments", body, by=season.parties["exchange"].key)
    return str(opened["code"])


assert {"kiln", "vvb", "exchange"} <= CAST.keys(), "those of the season who register, verify and trade"
