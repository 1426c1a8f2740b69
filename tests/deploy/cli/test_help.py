"""What `--help` prints: at a terminal, in a pipe, narrow and wide."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.settings import TABLE

ROOT = Path(__file__).parents[3]


def kilnwood(*words, columns=80):
    """Run the command line in a process of its own, without a terminal."""
    env = {**os.environ, "COLUMNS": str(columns)}
    command = [sys.executable, "-m", "deploy", *words]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("columns", [80, 120])
def test_serve_lists_every_setting_on_a_line_of_its_own(columns):
    """Names stand below each other, meanings too; at 120 columns each with its default on one line."""
    lines = kilnwood("serve", "--help", columns=columns).stdout.splitlines()
    assert all(len(line) <= columns for line in lines)
    rows = [next(line for line in lines if f" {setting.name} " in line) for setting in TABLE]
    assert sorted(rows, key=lines.index) == rows
    width = max(len(setting.name) for setting in TABLE)
    for setting, row in zip(TABLE, rows, strict=True):
        assert row.startswith(f"│ {setting.name:<{width}}  {setting.meaning[:30]}")
        if columns == 120:
            assert setting.meaning in row
            assert not setting.default or f"[{setting.default}]" in row


@pytest.mark.parametrize("words", [("serve",), ("stop",), ("migrate",), ("keys", "show"), ("witness",), ("reconcile",)])
def test_examples_stand_apart(words):
    """An empty line before them, each example on its own line."""
    lines = [line.strip() for line in kilnwood(*words, "--help").stdout.splitlines()]
    at = next(number for number, line in enumerate(lines) if line in ("Example:", "Examples:"))
    assert "" == lines[at - 1]
    assert "kilnwood" in lines[at + 1]


def test_the_group_lists_every_command_and_verify():
    """One line of help each, though `verify` is run without click."""
    lines = [line.strip("│ ").split() for line in kilnwood("--help").stdout.splitlines()]
    words = {line[0] for line in lines if line}
    assert {
        "serve",
        "stop",
        "migrate",
        "keys",
        "witness",
        "verify",
        "reconcile",
        "demo",
        "sim",
        "market",
        "order",
        "subscribe",
        "watch",
    } <= words


def test_verify_is_verify_by_every_way_in():
    """Behind ``--`` click answers, and must not call a file valid that it never read."""
    direct, through = kilnwood("verify", "none.json"), kilnwood("--", "verify", "none.json")
    assert (2, direct.stderr) == (through.returncode, through.stderr)
