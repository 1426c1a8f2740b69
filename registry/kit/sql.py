"""
Loads the ``.sql`` file beside a store: blocks that begin with ``-- name: x`` become attributes.

A list that can be read from either end says ``-- name: x (either order)``. Its text is that of the oldest first; the
other one differs in the bound ``> $1`` and in the direction of every ``order by``.
"""

import re
from importlib.resources import files
from types import SimpleNamespace
from typing import Final, NamedTuple

_EITHER: Final = " (either order)"
_ORDER: Final = re.compile(r"(order by [a-z_.]+)(?= limit \$2)")
_BOUND: Final = re.compile(r"> \$1(?![0-9])")


class EitherOrder(NamedTuple):
    """The two texts of a list."""

    oldest: str
    newest: str


def _either_order(text: str) -> EitherOrder:
    """Turn a list round. Raises `ValueError` for one without ``> $1`` and ``order by … limit $2``."""
    turned, orders = _ORDER.subn(r"\1 desc", text)
    turned, bounds = _BOUND.subn("< $1", turned)
    if not orders or not bounds:
        raise ValueError(f"no list that begins after $1 and is ordered up to limit $2: {text[:80]}")
    return EitherOrder(text, turned)


def load(package: str, file: str = "store.sql") -> SimpleNamespace:
    """Read *file* of *package*; each named block is an attribute holding its text."""
    blocks: dict[str, list[str]] = {}
    either: set[str] = set()
    lines: list[str] = []
    for line in files(package).joinpath(file).read_text("utf-8").splitlines():
        if line.startswith("-- name: "):
            name = line.removeprefix("-- name: ").strip()
            if name.endswith(_EITHER):
                name = name.removesuffix(_EITHER)
                either.add(name)
            if name in blocks:
                raise ValueError(f"{package}/{file}: two statements are named {name}")
            lines = blocks[name] = []
        else:
            lines.append(line)
    texts = {name: "\n".join(block).strip() for name, block in blocks.items()}
    return SimpleNamespace(**{name: _either_order(text) if name in either else text for name, text in texts.items()})
