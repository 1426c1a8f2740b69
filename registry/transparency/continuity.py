"""
Checks before anything is signed that the keys are the log's and that the database continues what they signed.

This is what the key folder and the database can show. The sequencer also asks the witnesses, which know best.
"""

from pathlib import Path

from registry.kit.database import Tx
from registry.transparency import store
from registry.transparency.format import grow
from registry.transparency.format.tree import EMPTY_ROOT
from registry.transparency.head import SignedHead, SigningRefused
from registry.transparency.keys import (
    HEAD_FILE,
    ISSUER_FILE,
    KeyTrouble,
    RegistryKeys,
    create_registry_keys,
    has_keys,
    load_registry_keys,
)

REMEDY = "Restore the newer database, or fail over to the server that has those statements; deploy/README.md says how."


def make_keys(folder: Path, origin: str) -> RegistryKeys:
    """
    Make the keys of a new log, and the head file that records that nothing was signed yet. Raises `KeyTrouble`.

    A crash before the head file leaves keys without one; the first start over an empty log makes it.
    """
    keys = create_registry_keys(folder, origin)
    SignedHead(folder / HEAD_FILE).write(0, EMPTY_ROOT)
    return keys


async def keys_for(tx: Tx, folder: Path, origin: str) -> RegistryKeys:
    """
    Return the keys in *folder*, which are made if there are none and the log is empty.

    Raises `KeyTrouble`; the log then refuses statements until a start has its keys.
    """
    try:
        return await _keys_for(tx, folder, origin)
    except KeyTrouble as error:
        await store.refuse(tx, str(error))
        raise


async def _keys_for(tx: Tx, folder: Path, origin: str) -> RegistryKeys:
    if has_keys(folder):
        return load_registry_keys(folder, origin)
    size, _ = await store.head(tx)
    if size or await store.log_keys(tx):
        raise KeyTrouble(
            f"{folder / ISSUER_FILE} is missing, and the log of this database ({size} statements) was begun with it. "
            "No new keys were made. Restore the whole folder from its copy, or start with the data folder that has it"
        )
    return make_keys(folder, origin)


async def require_known_keys(tx: Tx, keys: RegistryKeys) -> None:
    """Check the keys against those that the database stored at its first start. Raises `SigningRefused`."""
    given = {
        "issuer": keys.issuer.key.text(),
        "log-ed25519": keys.log_ed25519.key.text(),
        "log-ml-dsa-44": keys.log_ml_dsa_44.key.text(),
    }
    known = await store.log_keys(tx)
    if not known:  # all three in one statement, before anything is signed: a crash leaves none or all
        await store.keep_log_keys(tx, given)
    elif other := sorted(role for role, vkey in given.items() if known.get(role) != vkey):
        raise SigningRefused(
            f"The log of this database has another {other[0]} key than the one in log-keys/ ({given[other[0]]}, "
            f"not {known.get(other[0])}). Nothing was signed. Restore the log's own keys, or start with the data "
            "folder that has them."
        )


async def require_continued(tx: Tx, head: SignedHead) -> None:
    """Check that the database holds the largest tree that these keys ever signed. Raises `SigningRefused`."""
    size, _ = await store.head(tx)
    try:
        signed_size, signed_root = head.read()
    except FileNotFoundError as error:
        if size:
            raise SigningRefused(
                f"{head.path} is missing, and the log has {size} statements: nobody knows what was signed. Nothing "
                "was signed now. Restore it from its copy; an older one will do where there is a witness "
                "(deploy/README.md)."
            ) from error
        head.write(0, EMPTY_ROOT)
        return
    if size < signed_size:
        raise SigningRefused(behind(size, signed_size, "this sequencer signed"))
    if signed_root != await root_at(tx, signed_size):
        raise SigningRefused(
            f"The database has another tree of size {signed_size} than the one that was signed. "
            f"Nothing was signed. {REMEDY}"
        )


async def root_at(tx: Tx, size: int) -> bytes:
    """The root that the stored tree had at *size*, which it must have reached."""
    return grow.root_of_tiles(size, await store.tiles(tx, grow.right_edge(size)))


def behind(size: int, seen: int, who: str) -> str:
    """The reason not to sign a database with *size* statements of which *who* has seen more."""
    return (
        f"The database has {size} statements in the log, {who} {seen}: it was restored or lost writes. "
        f"Nothing was signed. {REMEDY}"
    )
