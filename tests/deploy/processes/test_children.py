"""What a child process's end means: it is started again, unless it refuses or ends too often."""

from deploy.processes.children import REFUSED_EXIT, ChildProcess
from deploy.processes.sequencer import CHILD


class Clock:
    """Seconds that a test moves."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        """What it shows."""
        return self.now_s


class Process:
    """A child that has ended, or has not."""

    def __init__(self, code: int | None) -> None:
        self.code = code

    def poll(self) -> int | None:
        """Its exit code."""
        return self.code


def watched(monkeypatch, codes: list[int | None]) -> tuple[ChildProcess, Clock]:
    """A sequencer whose processes end with these codes, one after the other."""
    left = iter(codes)
    monkeypatch.setattr("deploy.processes.children.subprocess.Popen", lambda *_, **__: Process(next(left)))
    clock = Clock()
    made = ChildProcess(CHILD, lambda: "postgresql://x", now_s=clock)
    made.begin()
    return made, clock


def test_a_sequencer_that_dies_again_and_again_is_trouble(monkeypatch):
    """Three ends within 30 s; one that then lives for long enough is forgiven."""
    sequencer, clock = watched(monkeypatch, [1, 1, 1, None])
    for wanted in ("", "", "The sequencer ended 3 times within 30 s"):
        sequencer.look()
        assert sequencer.trouble.startswith(wanted)
        assert bool(wanted) == bool(sequencer.trouble)
        clock.now_s += 5
    sequencer.look()
    assert sequencer.trouble
    clock.now_s += 20
    assert not sequencer.trouble


def test_a_sequencer_that_refuses_is_not_started_again(monkeypatch):
    """Its exit code says so, once and for all."""
    sequencer, _ = watched(monkeypatch, [REFUSED_EXIT])
    for _ in range(3):
        sequencer.look()
    assert "refuses to sign" in sequencer.trouble
