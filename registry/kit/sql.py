"""Loads the ``.sql`` file beside a store: blocks that begin with ``-- name: x`` become attributes."""

from importlib.resources import files
from types import SimpleNamespace


def load(package: str, file: str = "store.sql") -> SimpleNamespace:
    """Read *file* of *package*; each named block is an attribute holding its text."""
    blocks: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in files(package).joinpath(file).read_text("utf-8").splitlines():
        if line.startswith("-- name: "):
            name = line.removeprefix("-- name: ").strip()
            if name in blocks:
                raise ValueError(f"{package}/{file}: two statements are named {name}")
            lines = blocks[name] = []
        else:
            lines.append(line)
    return SimpleNamespace(**{name: "\n".join(block).strip() for name, block in blocks.items()})
