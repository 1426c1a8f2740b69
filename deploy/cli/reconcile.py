"""`kilnwood reconcile`: whether exchange and registry agree, on a database that may be in use."""

import asyncpg
import msgspec
from rich.console import Console

from deploy.pool import connect_pool
from deploy.postgres.programs import PostgresUnavailable
from deploy.processes.borrowed import borrowed
from deploy.settings import Settings
from exchange.journal.refusals import yuan
from exchange.settlement.reconciler import Reconciliation, reconcile
from registry.kit.database import Database
from registry.kit.problems import DomainError


class CannotCompare(Exception):
    """There are no books to compare, or this login may not read them. The text says why, and what to do."""


async def compare(settings: Settings) -> Reconciliation:
    """
    Reconcile the database of these settings. The embedded one is started for it where it does not run.

    Raises `CannotCompare`.
    """
    try:
        async with borrowed(settings) as found:
            return await _compare(found.api)
    except (PostgresUnavailable, OSError) as error:
        raise CannotCompare(str(error)) from error


async def _compare(dsn: str) -> Reconciliation:
    await _check_readable(dsn)
    pool = await connect_pool(dsn, size=1)
    try:
        return await reconcile(db=Database(pool), replay=True)
    except DomainError as error:
        raise CannotCompare(f"The database went away meanwhile ({error.slug}). Run it again.") from error
    except asyncpg.PostgresError as error:
        raise CannotCompare(f"The tables cannot be read: {error}. Run 'kilnwood migrate' first.") from error
    finally:
        pool.terminate()


async def _check_readable(dsn: str) -> None:
    """Raise `CannotCompare` unless this login may read the tables of a region."""
    try:
        login = await asyncpg.connect(dsn, timeout=10)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        raise CannotCompare(f"The database cannot be reached: {str(error) or type(error).__name__}.") from error
    name = ""
    try:
        name = await login.fetchval("select quote_ident(session_user)")
        if not await login.fetchval("select exists (select from pg_namespace where nspname = 'exchange')"):
            raise CannotCompare(
                "This database has no tables of the exchange. Is DATABASE_URL right? 'kilnwood migrate' makes them."
            )
        await login.execute("set role kilnwood_api")
    except asyncpg.PostgresError as error:
        raise CannotCompare(
            f"The login {name} may not read the tables ({error}). Run as a superuser: GRANT kilnwood_api TO {name};"
        ) from error
    finally:
        await login.close()


def as_json(found: Reconciliation) -> str:
    """The same as one document, in which *agree* is the verdict."""
    report = msgspec.to_builtins(found)
    head = {
        "agree": found.clean,
        "replayed_from": report.pop("begins") + 1,
        "journal_error": report.pop("journal") or None,
    }
    return msgspec.json.format(msgspec.json.encode(head | report), indent=2).decode()


def show(found: Reconciliation, console: Console) -> None:
    """Print what was compared, and every difference."""
    deposited, withdrawn, owed = map(yuan, (found.deposited_fen, found.withdrawn_fen, found.owed_fen))
    replayed = found.journal or "every hash, snapshot, balance and order as stored"
    before = f" ({found.checked:,} before it hash-checked, {found.unchecked:,} unchecked)" if found.begins else ""
    lines = {
        "journal": f"{found.commands:,} commands replayed from {found.begins + 1:,} on: {replayed}{before}",
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
