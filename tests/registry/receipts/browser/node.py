"""The browser's verifier in a process of Node, and what it must say: exactly what the verifier in Python says."""

import json
import shutil
import subprocess
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from registry.receipts.browser.script import verifier_script
from registry.receipts.bundle import trust_file, trusted
from registry.receipts.verifier.trust import InForce, LoadedTrust
from registry.transparency.format.policy import Policy
from registry.transparency.format.strict_json import encode
from schemas.receipts import EarlierPolicy
from schemas.verdicts import VerifyReport

NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="no node: apt-get install nodejs")
_ASKS = """
import { createInterface } from "node:readline";
import { judgeAll, loadTrust } from "./verifier.mjs";
const bytes = (text) => new Uint8Array(Buffer.from(text, "base64"));
for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  let answer;
  try { answer = await judgeAll(bytes(asked.raw), loadTrust(bytes(asked.trust)), asked.file); }
  catch (error) { answer = `${error.constructor.name}: ${error.message}`; }
  console.log(JSON.stringify(answer));
}
"""
_FROM_LIBRARIES = ("file", "statement", "sections")
"""Checks whose details, when they fail, may be words of a JSON library: these are not compared, the verdict is."""


class Browser:
    """Node with the script that pages load."""

    def __init__(self, folder: Path) -> None:
        assert NODE is not None
        (folder / "verifier.mjs").write_text(verifier_script(), encoding="utf-8")
        (folder / "asks.mjs").write_text(_ASKS, encoding="utf-8")
        self._process = subprocess.Popen(
            [NODE, str(folder / "asks.mjs")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )

    def judge(self, raw: bytes, trust: bytes, file: str = "") -> Any:
        """The reports on a file, or how the trust file was refused."""
        asked = {"raw": b64encode(raw).decode(), "trust": b64encode(trust).decode(), "file": file}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=10)
        assert self._process.stdout is not None
        self._process.stdout.close()


def as_said(report: VerifyReport | dict[str, Any]) -> dict[str, Any]:
    """A report in a form that can be compared."""
    said: dict[str, Any] = json.loads(encode(report)) if isinstance(report, VerifyReport) else dict(report)
    said = {name: value for name, value in said.items() if value is not None}
    last = said["checks"][-1]
    if last["outcome"] == "failed" and last["name"].rpartition(": ")[2] in _FROM_LIBRARIES:
        said["checks"] = [*said["checks"][:-1], last | {"detail": "…"}]
        said["summary"] = last["name"]
    return said


def as_file(trust: LoadedTrust) -> bytes:
    """A trust file that loads as *trust*."""
    *earlier, (_, policy) = trust.policies
    return trust_file(
        trust.origin,
        issuers=[_trusted(each) for each in trust.issuers],
        logs=[_trusted(each) for each in trust.logs],
        policy=_text(policy),
        number=trust.number,
        earlier_policies=[EarlierPolicy(policy=_text(each), end=end or 1) for end, each in earlier],
        registry=trust.registry,
    )


def _trusted(key: InForce) -> Any:
    return trusted(key.key, key.first, key.end)


def _text(policy: Policy) -> str:
    lines = [f"log {key.text()}" for key in policy.logs]
    lines += [f"witness {name} {key.text()}" for name, key in policy.witnesses.items()]
    lines += [f"group {name} {each.threshold} {' '.join(each.members)}" for name, each in policy.groups.items()]
    return "\n".join([*lines, f"quorum {policy.quorum}", ""])
