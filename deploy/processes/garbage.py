"""Python's collector of cycles as the service runs it: what stands is out of its sight, and it seldom looks."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

THRESHOLDS: Final = (100_000, 50, 100)
"""The engine makes no cycles of its own while it runs; the service's other parts make few."""


@contextmanager
def as_served() -> Iterator[None]:
    """Freeze everything that was set up until now and raise the thresholds; afterwards all is as before."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
