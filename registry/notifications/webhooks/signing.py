"""Secrets of webhooks, sealed for the database, and the headers of Standard Webhooks that they sign."""

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from standardwebhooks.webhooks import Webhook

SECRET_BYTES: Final = 32
_NONCE_BYTES: Final = 12


def new_secret() -> str:
    """A fresh one, as it is shown."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def headers(message: str, body: str, at: datetime, of_secrets: Sequence[str]) -> dict[str, str]:
    """What goes with a body: its number, the time of this attempt, and a signature by each secret."""
    at = at.astimezone(UTC)
    return {
        "webhook-id": message,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(Webhook(each).sign(message, at, body) for each in of_secrets),
    }


@dataclass(frozen=True, slots=True)
class SecretSeal:
    """Encrypts secrets for the database, each for its organisation, with a key of 32 bytes that is not in it."""

    key: bytes = field(repr=False)

    def sealed(self, secret: str, organisation_id: int) -> bytes:
        """A secret as it is stored."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + AESGCM(self.key).encrypt(nonce, secret.encode(), _for(organisation_id))

    def opened(self, stored: bytes, organisation_id: int) -> str:
        """A secret that was stored. Raises `cryptography.exceptions.InvalidTag` if it is not this organisation's."""
        nonce, text = stored[:_NONCE_BYTES], stored[_NONCE_BYTES:]
        return AESGCM(self.key).decrypt(nonce, text, _for(organisation_id)).decode()


def _for(organisation_id: int) -> bytes:
    return f"webhook of organisation {organisation_id}".encode()
