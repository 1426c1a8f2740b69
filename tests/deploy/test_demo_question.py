"""`kilnwood demo --simulate`: an answer with how sure it is, a report that verifies, and nothing else."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.demo.play import MARKER

ROOT = Path(__file__).parents[2]
NO_SOCKETS = """
import socket, sys
bind = socket.socket.bind
def refuse(self, address):
    if self.family != socket.AF_UNIX:
        raise OSError("the test forbids every port")
    return bind(self, address)
def gone(*_):
    raise OSError("the test forbids the network")
socket.socket.bind, socket.socket.connect = refuse, gone
import webbrowser, deploy.demo.question as question
webbrowser.open = gone
sys.argv[0] = "kilnwood"
if __name__ == "__main__":
    from deploy.__main__ import main
    main()
"""
"""A program that does as the command does, and fails where it opens a port, a connection or a browser."""


def demo(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run the demo in a working folder; its program is a file, as worker processes read it again."""
    program = folder / "program.py"
    program.write_text(NO_SOCKETS)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "80"}
    return subprocess.run(
        [sys.executable, str(program), "demo", *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working folder, in which an earlier demo left receipts."""
    made = tmp_path_factory.mktemp("demo")
    (made / "kilnwood-demo").mkdir()
    (made / "kilnwood-demo" / MARKER).write_text("of an earlier demo")
    (made / "kilnwood-demo" / "event.receipt.json").write_text("kept")
    return made


def test_it_answers_a_question_with_how_sure_it_is(folder: Path):
    """In both languages; the effect is told from chance; nothing is opened, and what an earlier demo left stays."""
    done = demo(folder, "--simulate")
    assert (0, "") == (done.returncode, done.stderr)
    assert "How sharp are the peak in volume and the price before the deadline" in done.stdout
    assert "成交高峰" in done.stdout
    assert re.search(r"81 % +\d+\.\d\d ± \d+\.\d\d ▲", done.stdout)
    found = re.search(
        r"If 100 % wait instead of 20 %, the busiest week has ([\d.]+) ± ([\d.]+) points more", done.stdout
    )
    assert found is not None
    assert float(found[1]) > float(found[2]) > 0
    assert "That is beyond chance." in done.stdout
    assert (
        max(map(len, done.stdout.partition("How")[2].partition("Enterprises")[2].partition("If")[0].splitlines())) <= 80
    )
    out = folder / "kilnwood-demo"
    assert "kilnwood-demo/simulation/report.html" in done.stdout
    assert (out / "simulation" / "report.html").read_text("utf-8").startswith("<!doctype html>")
    assert "kept" == (out / "event.receipt.json").read_text()
    assert {"simulation", "event.receipt.json", MARKER} == {each.name for each in out.iterdir()}


def test_what_does_not_go_together_is_refused(folder: Path):
    """Before anything is done."""
    done = demo(folder, "--simulate", "--serve")
    line = "kilnwood: --simulate plays no season and opens no port: leave --serve and --port out.\n"
    assert (2, "", line) == (done.returncode, done.stdout, done.stderr)


def test_a_folder_of_somebody_elses_is_refused(tmp_path: Path):
    """One line, and nothing is changed."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("precious")
    done = demo(tmp_path, "--simulate", "--out", "mine")
    assert 1 == done.returncode
    assert "mine holds something that no demo made" in done.stderr
    assert ["letter.txt"] == [each.name for each in (tmp_path / "mine").iterdir()]
