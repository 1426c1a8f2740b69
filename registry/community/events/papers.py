"""
A guest's own certificate and receipt, with the name that the guest picked, for anybody who has the link of the share.

The link is the capability: without it the same certificate has no name on it, and the receipt keeps its beneficiary
sealed (`registry/receipts/service.py`).
"""

from registry.access.keys.rules import Keyring
from registry.community.events import guests, rules
from registry.kit.database import Database
from registry.receipts import service as receipts
from registry.receipts.certificates import service as certificates
from registry.receipts.certificates.service import Certificate, Press
from registry.transparency.rules import NotYetWitnessed
from schemas.access import Call
from schemas.events import Guest


async def certificate(secret: str, *, asked: Call, db: Database, keyring: Keyring, press: Press) -> Certificate:
    """
    The certificate of a guest's share, with the picked name on it and its receipt inside.

    Raises `Unknown`, `NothingRetired`, `NotYetWitnessed`, `NoGlyph` for a name of before names were checked.
    """
    guest = await guests.guest(secret, db=db, keyring=keyring)
    receipt_id = _receipt_of(guest)
    return await certificates.of_retirement(receipt_id, asked=asked, db=db, press=press, beneficiary=guest.name)


async def receipt(secret: str, *, asked: Call, db: Database, keyring: Keyring) -> tuple[str, bytes]:
    """
    The number and the bytes of the receipt of a guest's share; the picked name is opened in it.

    Raises `Unknown`, `NothingRetired`, `NotYetWitnessed`.
    """
    receipt_id = _receipt_of(await guests.guest(secret, db=db, keyring=keyring))
    async with db.snapshot() as tx:
        bundle = await receipts.receipt_in(tx, receipt_id, asked=asked, beneficiary=True)
    return receipt_id, receipts.as_file(bundle)


def _receipt_of(guest: Guest) -> str:
    if guest.receipt_id is not None:
        return guest.receipt_id
    if guest.state == "paid":
        raise NotYetWitnessed("The share is paid, and its kilograms are being retired.", retry_after_s=1)
    raise rules.NothingRetired(
        f"Nothing is retired for guest {guest.number}: the payment {guest.reference} is {guest.state}. Open the "
        "share's page and pay, or begin again.",
        state=guest.state,
    )
