"""Steps for jobs of tests: the process that does them imports this."""

import os
import signal
import time
from pathlib import Path


def noted(path: str, word: str) -> str:
    """Write a word to a file, and return it."""
    with Path(path).open("a") as file:
        file.write(word)
    return word


def killed() -> None:
    """End the process, as the system does where memory is short."""
    os.kill(os.getpid(), signal.SIGKILL)


def endless() -> None:
    """Take too long."""
    time.sleep(600)


def greedy() -> int:
    """Take too much memory."""
    return len(bytearray(4 << 30))


def wrong() -> None:
    """Fail."""
    raise ValueError("a fault of the program")


def joined(results: list[object]) -> str:
    """What the steps returned."""
    return "".join(map(str, results))
