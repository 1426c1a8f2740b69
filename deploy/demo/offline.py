"""Verifying receipts where no network can be reached."""

import functools
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

_WITHOUT_SOCKETS = """
import socket, sys
def refuse(*args, **kwargs):
    raise OSError("the demo forbids every socket here")
socket.socket = socket.create_connection = socket.getaddrinfo = refuse
from deploy.cli.verify import main
sys.exit(main(sys.argv[1:]))
"""


class Verified(NamedTuple):
    """What `kilnwood verify` said, its exit code, and what kept it from the network."""

    code: int
    text: str
    isolation: str


@functools.cache
def _may_unshare() -> bool:
    try:
        tried = subprocess.run(
            ["unshare", "-n", "true"],  # noqa: S607 - wherever util-linux put it
            capture_output=True,
            check=False,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return tried.returncode == 0


def verify_offline(files: Sequence[Path], trust: Path) -> Verified:
    """Run `kilnwood verify` in a subprocess without a network: in an empty namespace, or with sockets that raise."""
    arguments = [*map(str, files), "--trust", str(trust)]
    if _may_unshare():
        command, isolation = (
            ["unshare", "-n", sys.executable, "-m", "deploy", "verify"],
            "unshare -n: no network at all",
        )
    else:
        command, isolation = [sys.executable, "-c", _WITHOUT_SOCKETS], "every socket raises"
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False, timeout=60)
    return Verified(done.returncode, done.stdout + done.stderr, isolation)


def alter_one_digit(receipt: bytes) -> tuple[bytes, str]:
    """The receipt with one digit of its quantity changed, and what was changed."""
    mark = b'\\"quantity_kg\\":'
    at = receipt.index(mark) + len(mark)
    digit = receipt[at : at + 1]
    other = b"9" if digit != b"9" else b"8"
    return receipt[:at] + other + receipt[
        at + 1 :
    ], f"quantity_kg begins with {other.decode()} instead of {digit.decode()}"
