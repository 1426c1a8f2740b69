"""When an offer ends, and who may still close it. Pure."""

from datetime import datetime, timedelta

from registry.kit.problems import DomainError, Kind

TRANSFER_LIFETIME = timedelta(days=7)


class TransferClosed(DomainError):
    """The transfer is no longer open."""

    kind, slug, title = Kind.CONFLICT, "transfer-closed", "The transfer is no longer open"


class TransferExpired(DomainError):
    """The transfer's time is over."""

    kind, slug, title = Kind.CONFLICT, "transfer-expired", "The transfer has expired"


def expires_at(wanted: datetime | None, now: datetime) -> datetime:
    """When an offer ends. Raises `TransferExpired` for an instant that is not in the future."""
    if wanted is None:
        return now + TRANSFER_LIFETIME
    if wanted <= now:
        raise TransferExpired(f"expires_at {wanted:%Y-%m-%d %H:%M}Z is not after business time {now:%Y-%m-%d %H:%M}Z.")
    return wanted


def check_open(transfer_id: int, state: str, ends: datetime, now: datetime) -> None:
    """Raise `TransferClosed` or `TransferExpired` unless the transfer can still be closed by hand."""
    if state == "expired" or (state == "proposed" and ends <= now):
        raise TransferExpired(
            f"Transfer {transfer_id} ended at {ends:%Y-%m-%d %H:%M}Z; "
            "its kilograms go back to the sender. Propose anew."
        )
    if state != "proposed":
        raise TransferClosed(f"Transfer {transfer_id} is {state} already.", state=state)
