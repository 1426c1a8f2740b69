"""`kilnwood webhooks listen`: shows what it verified, and nothing else."""

import json
import threading
from datetime import UTC, datetime, timedelta
from queue import Queue
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from deploy.cli.program import cli
from deploy.local.webhook_receiver import Received, receive
from registry.notifications.webhooks.signing import headers, new_secret

BODY = '{"type": "webhook.ping", "timestamp": "2026-01-01T00:00:00Z", "data": {"webhook_id": 7}}'


def test_only_what_is_verified_is_shown():
    """Signed by the sender's own code; altered, signed by another secret, old, or without headers: 401, and why."""
    secret, began = new_secret(), Queue[str]()
    shown: list[Received] = []
    refused: list[str] = []
    thread = threading.Thread(
        target=receive,
        args=(0, secret),
        kwargs={"count": 1, "began": began.put, "show": shown.append, "refused": refused.append},
    )
    thread.start()
    url, now = began.get(timeout=10), datetime.now(UTC)

    def send(body: str, signed: dict[str, str]) -> Any:
        return httpx.post(url, content=body, headers=signed, trust_env=False).status_code

    good = headers("msg_1", BODY, now, [new_secret(), secret])
    wrong: tuple[tuple[str, dict[str, str]], ...] = (
        (BODY + " ", good),
        (BODY, headers("msg_1", BODY, now, [new_secret()])),
        (BODY, headers("msg_1", BODY, now - timedelta(minutes=6), [secret])),
        (BODY, {**good, "webhook-id": "msg_2"}),
        (BODY, {}),
        ("[]", headers("msg_1", "[]", now, [secret])),
    )
    assert [401] * len(wrong) == [send(*each) for each in wrong]
    assert ([], len(wrong)) == (shown, len(refused))
    assert 204 == send(BODY, good)
    thread.join(10)
    (got,) = shown
    expected = {"message": "msg_1", "kind": "webhook.ping", "timestamp": "2026-01-01T00:00:00Z"}
    assert {**expected, "data": {"webhook_id": 7}} == json.loads(got.line())


@pytest.mark.parametrize("text", ["", "kw_sim_no_secret_of_a_webhook"])
def test_a_secret_that_is_none_is_refused(text: str):
    """With where to find it."""
    done = CliRunner().invoke(cli, ["webhooks", "listen"], input=text)
    assert (2, True) == (done.exit_code, "begins with whsec_" in done.output)
