"""What a run's figures depend on beside its scenario: versions, and the data files that come with the program."""

import functools
import hashlib
import platform
from importlib import resources
from typing import Final

from exchange.engine.core import ENGINE_VERSION
from exchange.journal import codec
from exchange.simulation import MODEL_VERSION

_DATA: Final = (("registry.methodologies", "data"), ("exchange.instruments.presets", ""))
"""Where calendars and factors stand, and the rules of venues."""


def versions() -> tuple[int, int, int]:
    """Return the versions of model, engine and codec, which decide the figures of a run wherever it is played."""
    return MODEL_VERSION, ENGINE_VERSION, codec.CODEC


@functools.cache
def data_hashes() -> tuple[tuple[str, str], ...]:
    """Return the name and the SHA-256 of every data file that a scenario may draw on, in the order of their names."""
    folders = [resources.files(package).joinpath(folder) for package, folder in _DATA]
    files = [each for folder in folders for each in folder.iterdir() if each.name.endswith(".toml")]
    return tuple(sorted((each.name, hashlib.sha256(each.read_bytes()).hexdigest()) for each in files))


def python_version() -> str:
    """Return which Python this is. The bytes do not depend on it; it stands in a bundle for whoever repeats a run."""
    return f"{platform.python_implementation()} {platform.python_version()}"
