"""
Ceremonies of passkeys (WebAuthn level 3), and signing in with a program's key.

A challenge is a row that the answer deletes, in a transaction of its own: it counts once, also if the answer is then
refused. A passkey is one that its device keeps and offers by itself, and that asks for its owner's finger, face or PIN.
"""

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from webauthn import (
    base64url_to_bytes,
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import parse_client_data_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticationCredential,
    AuthenticatorAssertionResponse,
    AuthenticatorAttestationResponse,
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    RegistrationCredential,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from registry.access.keys import service as keys
from registry.access.keys.rules import Keyring, NewKey
from registry.access.sessions import service as sessions
from registry.access.sign_in import rules, store
from registry.access.sign_in.rules import SiteAddress
from registry.kit.database import Database, Tx
from registry.kit.problems import DomainError
from schemas.access import Actor, Call, Ceremony, KeyIssued, NewPasskey, PasskeyAnswer, SignedIn

TIMEOUT_MS = 300_000
CHALLENGE_BYTES = 32


@dataclass(frozen=True, slots=True)
class SignIns:
    """What signing in needs besides the request."""

    db: Database
    keyring: Keyring
    site: SiteAddress


async def begin_passkey(call: Call, *, signs: SignIns) -> Ceremony:
    """Ask for a new passkey of the caller: one that their devices do not have yet."""
    by, challenge = call.by, secrets.token_bytes(CHALLENGE_BYTES)

    async def work(tx: Tx) -> tuple[bytes, ...]:
        await store.insert_challenge(tx, challenge, by.key_id)
        return await store.passkeys_of(tx, by.person_id)

    known = await signs.db.transaction(work)
    options = generate_registration_options(
        rp_id=signs.site.host,
        rp_name=signs.site.host,
        user_name=by.name,
        user_display_name=by.name,
        user_id=_handle(by.person_id, signs.keyring),
        challenge=challenge,
        timeout=TIMEOUT_MS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            require_resident_key=True,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=each) for each in known],
    )
    return Ceremony(public_key=json.loads(options_to_json(options)))


async def register_passkey(
    answer: NewPasskey, device: str, *, call: Call, signs: SignIns
) -> tuple[KeyIssued, str | None]:
    """
    Keep a new passkey; with a first key, which is spent, its holder is signed in as well: the session's secret.

    Raises `ChallengeOver`, `PasskeyRefused`, `PasskeyKnown`, `FirstKeySpent`, `TooManyKeys`.
    """
    by = call.by
    with _refusals():
        credential_id, client_data = base64url_to_bytes(answer.credential_id), base64url_to_bytes(answer.client_data)
        challenge = parse_client_data_json(client_data).challenge
        attestation = base64url_to_bytes(answer.attestation)
    await _take(challenge, by.key_id, signs.db)
    with _refusals():
        made = verify_registration_response(
            credential=RegistrationCredential(
                id=answer.credential_id,
                raw_id=credential_id,
                response=AuthenticatorAttestationResponse(client_data_json=client_data, attestation_object=attestation),
            ),
            expected_challenge=challenge,
            expected_rp_id=signs.site.host,
            expected_origin=signs.site.url,
            require_user_verification=True,
        )

    async def work(tx: Tx) -> tuple[KeyIssued, str | None]:
        new = NewKey(
            person_id=by.person_id,
            prefix="passkey",
            hash=None,
            created_by=by.person_id,
            first=False,
            parent_id=by.key_id,
            fingerprint=Keyring.passkey_fingerprint(made.credential_id, made.credential_public_key),
            kind="passkey",
            device=device,
        )
        key = await keys.own_in(tx, by, new)
        await store.insert_passkey(tx, key.id, made.credential_id, made.credential_public_key, made.sign_count)
        opened = await sessions.open_in(tx, key.id, device, keyring=signs.keyring) if by.first_key else None
        return key, opened[0] if opened else None

    return await signs.db.transaction(work)


async def begin_sign_in(*, signs: SignIns) -> Ceremony:
    """Ask the browser for any passkey of this site; no name is given."""
    challenge = secrets.token_bytes(CHALLENGE_BYTES)

    async def work(tx: Tx) -> None:
        await store.insert_challenge(tx, challenge, None)

    await signs.db.transaction(work)
    options = generate_authentication_options(
        rp_id=signs.site.host,
        challenge=challenge,
        timeout=TIMEOUT_MS,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return Ceremony(public_key=json.loads(options_to_json(options)))


async def sign_in(answer: PasskeyAnswer, device: str, *, before: Actor, signs: SignIns) -> tuple[SignedIn, str]:
    """
    Sign the owner of a passkey in; returns who it is, and the session's secret for the cookie.

    Raises `ChallengeOver`, `PasskeyRefused`, `KeyIsOver`.
    """
    with _refusals():
        raw = [
            base64url_to_bytes(each)
            for each in (answer.credential_id, answer.client_data, answer.authenticator_data, answer.signature)
        ]
        credential_id, client_data, authenticator_data, signature = raw
        challenge = parse_client_data_json(client_data).challenge
        handle = base64url_to_bytes(answer.user_handle) if answer.user_handle else None
    await _take(challenge, None, signs.db)
    async with signs.db.reading() as tx:
        known = await store.passkey(tx, credential_id)
    if known is None or not known.works:
        raise rules.PasskeyRefused(
            "This passkey is not known here, or was revoked. Use another one; if you have none, the page says how to "
            "get a new invitation."
        )
    if handle is not None and handle != _handle(known.person_id, signs.keyring):
        raise rules.PasskeyRefused("The passkey says that it belongs to somebody else.")
    with _refusals():
        used = verify_authentication_response(
            credential=AuthenticationCredential(
                id=answer.credential_id,
                raw_id=credential_id,
                response=AuthenticatorAssertionResponse(
                    client_data_json=client_data, authenticator_data=authenticator_data, signature=signature
                ),
            ),
            expected_challenge=challenge,
            expected_rp_id=signs.site.host,
            expected_origin=signs.site.url,
            credential_public_key=known.public_key,
            credential_current_sign_count=known.sign_count,
            require_user_verification=True,
        )

    async def work(tx: Tx) -> None:
        if not await store.count_use(tx, known.key_id, used.new_sign_count):
            raise rules.PasskeyRefused(
                f"The passkey counts {used.new_sign_count} uses, and more were seen: there is a copy of it. "
                f"Revoke it (key {known.key_id})."
            )
        await keys.note_use_in(tx, known.key_id)

    await signs.db.transaction(work)
    return await _opened(known.person_id, known.key_id, device, before, signs)


async def sign_in_with_key(holder: Actor, device: str, *, before: Actor, signs: SignIns) -> tuple[SignedIn, str]:
    """Sign the holder of an own key of a program in. Raises `KeyIsOver`, also for a first key: it makes a passkey."""
    return await _opened(holder.person_id, holder.key_id, device, before, signs)


async def _opened(person_id: int, key_id: int, device: str, before: Actor, signs: SignIns) -> tuple[SignedIn, str]:
    secret, session_id = await sessions.open_session(key_id, device, before=before, db=signs.db, keyring=signs.keyring)
    return SignedIn(person_id=person_id, session_id=session_id, key_id=key_id), secret


async def _take(challenge: bytes, key_id: int | None, db: Database) -> None:
    async def work(tx: Tx) -> bool:
        return await store.take_challenge(tx, challenge, key_id)

    if not await db.transaction(work):
        raise rules.ChallengeOver(
            "The question that this answers is older than five minutes, was answered before, or was for somebody "
            "else. Start once more."
        )


def _handle(person_id: int, keyring: Keyring) -> bytes:
    """What a device keeps as its owner's id: always the same for a person, and saying nothing about them."""
    return keyring.hash(f"passkeys of person {person_id}")


@contextmanager
def _refusals() -> Iterator[None]:
    """What the library finds wrong, or cannot read, as a refusal of ours."""
    try:
        yield
    except DomainError:
        raise
    except WebAuthnException as error:
        raise rules.PasskeyRefused(f"The passkey's answer was refused: {error}.") from error
    except Exception as error:  # what it is fed by strangers ends in errors of many kinds
        raise rules.PasskeyRefused("The passkey's answer cannot be read.") from error
