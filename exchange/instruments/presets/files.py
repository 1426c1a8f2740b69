"""Reads the rules of a venue, and says at which line a file is wrong."""

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from schemas.venues import PRESETS, VenueRules

_FOLDER: Final = Path(__file__).parent
_NAME: Final = r"""([A-Za-z0-9_."' -]+?)"""
_TABLE: Final = re.compile(rf"^\s*\[+\s*{_NAME}\s*\]")
_KEY: Final = re.compile(rf"^\s*{_NAME}\s*=")
_QUOTES: Final = str.maketrans("", "", "\"' ")
_PATH: Final = re.compile(r"^(?P<why>.*?)(?: - at `\$(?P<path>[^`]*)`)?$", re.DOTALL)
_FIELD: Final = re.compile(r"field `([^`]+)`")


class WrongVenue(Exception):
    """A file that is no venue's rules: *why*, and the *line* it begins at."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(f"line {line}: {why}")
        self.line = line
        self.why = why


def read_venue(text: str) -> VenueRules:
    """Return the rules that a file says. Raises `WrongVenue`."""
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"\(at line (\d+), column \d+\)", str(error))
        line = int(at[1]) if at else text.count("\n") + 1
        raise WrongVenue(line, re.sub(r" \(at .*\)$", "", str(error)) + ".") from error
    try:
        return msgspec.convert(said, VenueRules)
    except msgspec.ValidationError as error:
        raise _wrong(text, str(error)) from error


@cache
def shipped(preset: str) -> VenueRules:
    """Return a preset by its name, one of `PRESETS`."""
    return read_venue((_FOLDER / f"{preset}.toml").read_text(encoding="utf-8"))


def every_preset() -> tuple[VenueRules, ...]:
    """Return all presets."""
    return tuple(map(shipped, PRESETS))


def _wrong(text: str, said: str) -> WrongVenue:
    """Say where the decoder's path leads in the text: to the key, or to the table that should have it."""
    found = _PATH.match(said)
    assert found is not None, "the pattern takes any text"
    path = [each for each in re.split(r"[.\[\]]+", found["path"] or "") if each and each != "..."]
    why = found["why"].rstrip(".")
    named = _FIELD.search(why)
    if "unknown field" in why and named:
        path.append(named[1])
    first = why.partition(" ")[0].split(".")  # what contradicts something else begins with its own name
    line = _line_of(text, [*path, *first])
    if path:
        why = f"{'.'.join(path)}: {why}"
    return WrongVenue(line, f"{_plain(why)}.")


def _plain(why: str) -> str:
    """Speak of tables and times of the day, as the file does."""
    why = (
        why.replace(" | null`", "`")
        .replace("`object`", "`table`")
        .replace("Object contains ", "")
        .replace("Object ", "")
    )
    return re.sub(r"`str` matching regex .*", "a time of the day such as 09:30", why)


def _line_of(text: str, path: list[str]) -> int:
    """The line of the last part of *path* that the text has; 1 where it has none."""
    best, line, table = 0, 1, ""
    wanted = ".".join(path)
    for number, each in enumerate(text.splitlines(), start=1):
        if header := _TABLE.match(each):
            table = name = header[1].translate(_QUOTES)
        elif key := _KEY.match(each):
            name = ".".join(filter(None, (table, key[1].translate(_QUOTES))))
        else:
            continue
        if (wanted == name or wanted.startswith(f"{name}.")) and len(name) > best:
            best, line = len(name), number
    return line
