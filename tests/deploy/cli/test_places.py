"""What `serve` prints for a person: where the service is, where the first keys are, how to stop it."""

import os
import pty
import re
import select
import subprocess
import sys
from pathlib import Path

from deploy.local.children import free_port, own_environment

ROOT = Path(__file__).parents[3]


def read_until(terminal: int, words: str, within_s: float = 30) -> str:
    """What a terminal shows up to some words."""
    shown = ""
    while words not in shown:
        readable, _, _ = select.select([terminal], [], [], within_s)
        assert readable, shown
        shown += os.read(terminal, 4096).decode()
    return shown


def test_serve_prints_where_to_go_on_a_terminal(tmp_path):
    """A start from nothing; the log is for people there too."""
    port, inner_port, folder = free_port(), free_port(), tmp_path / "data"
    settings = {"KILNWOOD_DATA_DIR": str(folder), "KILNWOOD_PORT": str(port), "KILNWOOD_INNER_PORT": str(inner_port)}
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "deploy", "serve"]
    env = own_environment(settings)
    with subprocess.Popen(command, cwd=ROOT, env=env, stdin=theirs, stdout=theirs, stderr=theirs) as service:
        shown = read_until(ours, "from another terminal")
        service.terminate()
        read_until(ours, "stopped")
    assert 0 == service.returncode
    lines = [line.split() for line in shown.splitlines()]
    assert ["API", f"http://127.0.0.1:{port}/docs"] in lines
    assert [
        "Operator",
        f"http://127.0.0.1:{inner_port}/health/ready,",
        f"http://127.0.0.1:{inner_port}/metrics",
    ] in lines
    keys = [Path(line[2].rstrip(":")) for line in lines if line[:2] == ["First", "key"]]
    assert [folder / "secrets" / f"regulator-{number}.key" for number in (1, 2)] == keys
    assert all(re.fullmatch(r"kw_[\w-]+", key.read_text().strip()) for key in keys)
    assert not any(line.startswith("{") for line in shown.splitlines()), "a log for people"
