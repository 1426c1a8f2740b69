"""Whatever the tests of the verifier judge, the browser's verifier judges as well, and must say the same."""

import os
from collections.abc import Iterator

import pytest

from registry.receipts.verifier import verify
from registry.receipts.verifier.trust import LoadedTrust
from registry.receipts.verifier.verify import Judged
from tests.registry.receipts.browser.node import Browser, as_file, as_said

SAMPLED = 12 if os.environ.get("KILNWOOD_EVERY_VERDICT") else 2
"""Of a test that judges thousands of files, so many are judged twice."""


@pytest.fixture(autouse=True)
def _same_in_the_browser(monkeypatch: pytest.MonkeyPatch, browser: Browser | None) -> Iterator[None]:
    judged: list[tuple[bytes, LoadedTrust, str, Judged]] = []
    original = verify.judge

    def judge(raw: bytes, trust: LoadedTrust, *, file: str = "") -> Judged:
        found = original(raw, trust, file=file)
        judged.append((raw, trust, file, found))
        return found

    monkeypatch.setattr(verify, "judge", judge)
    yield
    if browser is None:
        return
    for raw, trust, file, found in judged[:: max(1, len(judged) // SAMPLED)]:
        (said,) = browser.judge(raw, as_file(trust), file)
        assert as_said(found.report) == as_said(said)
