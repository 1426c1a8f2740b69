"""`kilnwood reconcile`: whether exchange and registry agree, on a database that may be in use."""

import asyncio

from rich.console import Console

from deploy import postgres
from deploy.app import connect_pool
from deploy.settings import Settings
from exchange.settlement.reconciler import Reconciliation, reconcile
from registry.kit.database import Database


async def compare(settings: Settings) -> Reconciliation:
    """Reconcile the database of these settings. The embedded one is started for it where it does not run."""
    if settings.database_url:
        return await _compare(settings.database_url)
    folder = settings.data_dir / "postgres"
    running = postgres.runs(folder)
    dsn = (await asyncio.to_thread(postgres.start, folder, create=False)).dsn
    try:
        return await _compare(dsn)
    finally:
        if not running:
            await asyncio.to_thread(postgres.stop, folder)


async def _compare(dsn: str) -> Reconciliation:
    pool = await connect_pool(dsn, size=1)
    try:
        return await reconcile(db=Database(pool), replay=True)
    finally:
        pool.terminate()


def show(found: Reconciliation, console: Console) -> None:
    """Print what was compared, and every difference."""
    deposited, withdrawn, owed = map(_yuan, (found.deposited_fen, found.withdrawn_fen, found.owed_fen))
    replayed = found.journal or "every hash and balance as stored"
    lines = {
        "journal": f"{found.commands:,} commands replayed from {found.begins + 1:,} on: {replayed}",
        "tonnes": f"{found.held_kg:,} kg held by the registry, {found.owed_kg:,} kg owed by the exchange",
        "money": f"{deposited} CNY in - {withdrawn} out, {owed} owed",
        "under way": f"{found.in_flight:,} instructions, deliveries and releases",
    }
    for name, text in lines.items():
        console.print(f"  {name:10} {text}", highlight=False, soft_wrap=True)
    for each in found.differences:
        where = ", ".join(
            f"{name} {number}"
            for name, number in (
                ("account", each.account_id),
                ("project", each.project_id),
                ("vintage", each.vintage),
            )
            if number is not None
        )
        place = f" ({where})" if where else ""
        console.print(
            f"DIFFERENT  {each.what}{place}: {each.expected:,} expected, {each.found:,} found",
            highlight=False,
            soft_wrap=True,
        )
    console.print("The books agree." if found.clean else "The books DISAGREE.", highlight=False)


def _yuan(fen: int) -> str:
    return f"{fen // 100:,}.{fen % 100:02d}"
