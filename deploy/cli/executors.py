"""Where runs of the simulator are played: in this process, in others of this machine, or on a Dask cluster."""

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import Final

from deploy.cli.environment import fail

KILLED: Final = "a worker process was killed. Begin again with the same folder: what was finished is kept."
_NO_DASK: Final = "--dask needs the package distributed: pip install 'kilnwood[dask]'."
_ANSWER_S: Final = 10


@contextmanager
def executor(workers: int, dask: str | None = None) -> Iterator[Executor | None]:
    """
    Yield what carries runs out; None for one worker, which is this process.

    With *dask*, the address of a scheduler, the cluster's workers do, whatever *workers* is. Each must have this
    version of the simulator.
    """
    if dask is not None:
        with _cluster(dask) as cluster:
            yield cluster
    elif workers == 1:
        yield None
    else:
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import get_context

        context = get_context("spawn")
        with ProcessPoolExecutor(workers, mp_context=context, initializer=end_with_parent) as pool:
            yield pool


def end_with_parent() -> None:
    """Let this worker end when the process that started it was killed; it would wait for work for ever."""
    import os
    from multiprocessing import parent_process
    from threading import Thread

    parent = parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    Thread(target=watch, daemon=True).start()


@contextmanager
def _cluster(address: str) -> Iterator[Executor]:
    from concurrent.futures import CancelledError

    from exchange.simulation.provenance import versions

    try:
        from distributed import Client, KilledWorker
    except ImportError:
        fail(_NO_DASK, 2)
    try:
        client = Client(address, timeout=_ANSWER_S, set_as_default=False)
    except (OSError, ValueError) as error:
        fail(f"no Dask scheduler answers at {address}: {error}", 2)
    with client:
        _same_everywhere(client.run(versions), address)
        # pure=False: a run whose worker was lost is played again, and never looked up by the hash of its arguments.
        try:
            yield client.get_executor(pure=False)
        except (CancelledError, KilledWorker):
            fail(KILLED)


def _same_everywhere(found: dict[str, tuple[int, int, int]], address: str) -> None:
    from exchange.simulation.provenance import versions

    if not found:
        fail(f"the Dask scheduler at {address} has no worker.", 2)
    for worker, there in found.items():
        if tuple(there) != versions():
            fail(f"worker {worker} has model, engine and codec {tuple(there)}; this is {versions()}.", 2)
