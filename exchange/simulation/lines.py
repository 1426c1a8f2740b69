"""Where something stands in a TOML file: Python's reader says what is wrong, but not on which line."""

import re
from typing import Final

_HEADER: Final = re.compile(r"^\s*\[{1,2}\s*([\w.\-]+)\s*\]{1,2}\s*(?:#.*)?$")
_KEY: Final = re.compile(r"^\s*([\w.\-]+)\s*=")
_POINTED: Final = re.compile(r"[.\[]([\w\-]+)\]?")
_WHERE: Final = re.compile(r" - at (?:key in )?`\$([^`]*)`$")
_SYNTAX: Final = re.compile(r"\(at line (\d+), column \d+\)$|\(at end of document\)$")


def line_of(text: str, path: tuple[str, ...]) -> int:
    """Return the line of the deepest part of *path* that has one, 1 if none has."""
    known = _lines(text)
    while path and path not in known:
        path = path[:-1]
    return known.get(path, 1)


def _lines(text: str) -> dict[tuple[str, ...], int]:
    """The first line of every table and key. Elements of arrays of tables are numbered."""
    known: dict[tuple[str, ...], int] = {}
    under: tuple[str, ...] = ()
    counts: dict[tuple[str, ...], int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            under = tuple(header[1].split("."))
            if line.lstrip().startswith("[["):
                at = counts.get(under, 0)
                counts[under] = at + 1
                under = (*under, str(at))
            known.setdefault(under, number)
        elif key := _KEY.match(line):
            known.setdefault((*under, *key[1].split(".")), number)
    return known


def syntax_line(text: str, said: str) -> int:
    """Return the line at which Python's reader stopped, as its message has it."""
    found = _SYNTAX.search(said)
    return int(found[1]) if found and found[1] else max(1, text.count("\n"))


def pointed_at(said: str) -> tuple[str, tuple[str, ...]]:
    """Split a message of msgspec into what is wrong and the path of where: ``$.policy.offset_cap_bps.value``."""
    found = _WHERE.search(said)
    if found is None:
        return said, ()
    return said[: found.start()], tuple(_POINTED.findall(found[1]))
