"""Checking receipts: how much of it is signatures, and how long `kilnwood verify` takes from a cold process."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

from deploy.bench.figures import Figure, at_least, at_most, in_turn, seconds_of
from deploy.bench.region import BenchRegion
from registry.receipts.verifier.trust import load_trust
from registry.receipts.verifier.verify import verify_bundle
from registry.transparency.format import checkpoint, note

_WANTED_SHARE = 0.7
_WANTED_MS = 250.0
_LEAST_COLD = 3
_COLD_PER_ROUND = 3
_BURST = 20
_RECEIPT_TIMEOUT_S = 30.0
_IMPORTS = (
    "import msgspec, cryptography.hazmat.primitives.asymmetric.ed25519, cryptography.hazmat.primitives.asymmetric.mldsa"
)
Check = tuple[type[Ed25519PublicKey] | type[MLDSA44PublicKey], bytes, bytes, bytes]
"""Kind of key, public key, signature, message."""


def verification(world: BenchRegion, *, seconds: float, rounds: int) -> Figure:
    """Verify one receipt many times; the limit does the same signature checks and nothing else."""
    raw, trust = receipt_of(world), load_trust(world.region.trust)
    checks = _checks_of(lambda: verify_bundle(raw, trust, file="bench"))
    bursts = max(1, round(seconds * rounds * 10))

    def whole() -> None:
        for _ in range(_BURST):
            verify_bundle(raw, trust, file="bench")

    def bare() -> None:
        for _ in range(_BURST):
            for kind, public, signature, message in checks:
                kind.from_public_bytes(public).verify(signature, message)

    measured = in_turn(bursts, lambda: seconds_of(bare) / _BURST, lambda: seconds_of(whole) / _BURST)
    share = measured.limit / measured.value
    return Figure(
        name="verification",
        what="receipts verified",
        unit="/s",
        value=1 / measured.value,
        limit=1 / measured.limit,
        limit_what=f"its {len(checks)} bare signature checks",
        share=share,
        target=at_least(share, _WANTED_SHARE, f"≥ {_WANTED_SHARE:.0%} of the time in signatures"),
        rounds=bursts,
        notes={"bytes of the receipt": len(raw)},
    )


def cold_verify(world: BenchRegion, *, seconds: float, rounds: int) -> Figure:
    """`kilnwood verify` from the start of the process to its end; the limit imports what it needs and does nothing."""
    with TemporaryDirectory() as folder:
        receipt, trust = Path(folder, "it.receipt.json"), Path(folder, "trust.json")
        receipt.write_bytes(receipt_of(world))
        trust.write_bytes(world.region.trust)
        runs = max(_LEAST_COLD, round(_COLD_PER_ROUND * rounds * min(seconds, 1)))
        command = ["-m", "deploy", "verify", str(receipt), "--trust", str(trust)]
        bare: list[float] = []

        def imports() -> float:
            bare.append(_run(["-c", "pass"]))
            return _run(["-c", _IMPORTS])

        measured = in_turn(runs, imports, lambda: _run(command))
    value = 1000 * measured.value
    return Figure(
        name="cold-verify",
        what="`kilnwood verify` from a cold process",
        unit="ms",
        value=value,
        limit=1000 * measured.limit,
        limit_what="importing msgspec and cryptography",
        share=measured.value / measured.limit,
        target=at_most(value, _WANTED_MS, f"≤ {_WANTED_MS:.0f} ms"),
        rounds=runs,
        notes={"ms of python -c pass": 1000 * sorted(bare)[len(bare) // 2]},
    )


def _run(arguments: list[str]) -> float:
    return seconds_of(lambda: subprocess.run([sys.executable, *arguments], capture_output=True, check=True))


def receipt_of(world: BenchRegion) -> bytes:
    """A receipt of the running region, made now: retired, sequenced, witnessed."""
    with httpx.Client(base_url=world.region.url, timeout=30, trust_env=False) as http:
        body = {
            "account_id": world.accounts.start,
            "claim_id": world.claims.start,
            "quantity_kg": 47,
            "reason": "bench",
        }
        headers = {"Authorization": f"Bearer {world.holder.key}", "Idempotency-Key": f"bench-{time.time_ns()}"}
        made = http.post("/v1/retirements", json=body, headers=headers).raise_for_status().json()
        path = f"/v1/receipts/{made['retirements'][0]['receipt_id']}"
        until = time.monotonic() + _RECEIPT_TIMEOUT_S
        while (answer := http.get(path)).status_code == httpx.codes.ACCEPTED and time.monotonic() < until:
            time.sleep(0.05)
        return answer.raise_for_status().content


def _checks_of(verify: Any) -> list[Check]:  # noqa: ANN401 - any call
    """Every signature check that *verify* makes, in order."""
    seen: list[Check] = []
    with _watched(note, "Ed25519PublicKey", seen), _watched(checkpoint, "MLDSA44PublicKey", seen):
        verify()
    assert seen, "a receipt has signatures"
    return seen


@contextlib.contextmanager
def _watched(module: Any, name: str, seen: list[Check]) -> Iterator[None]:  # noqa: ANN401 - a module
    real = getattr(module, name)

    class Watched:
        @staticmethod
        def from_public_bytes(public: bytes) -> Any:  # noqa: ANN401 - stands in for the key
            key = real.from_public_bytes(public)

            def verify(signature: bytes, message: bytes) -> None:
                seen.append((real, public, signature, message))
                key.verify(signature, message)

            return mock.Mock(verify=verify)

    with mock.patch.object(module, name, Watched):
        yield
