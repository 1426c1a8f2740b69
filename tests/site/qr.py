"""
A reader of QR codes (ISO/IEC 18004) as a camera sees them: pixels of the screen, and nothing of how they were made.

For what our posters and certificates have: byte and alphanumeric mode, versions 2 to 4. What is on a screen, or on a
sheet that was rendered, has no error, so no correction is needed.
"""

import base64
import itertools
import re
from collections.abc import Callable, Iterator
from typing import Any

from playwright.async_api import Locator

QUIET = 4
"""Modules of white around the code."""
LEVELS = {0b01: "L", 0b00: "M", 0b11: "Q", 0b10: "H"}
BLOCKS = {
    (2, "L"): (1, 34),
    (2, "M"): (1, 28),
    (2, "Q"): (1, 22),
    (2, "H"): (1, 16),
    (3, "L"): (1, 55),
    (3, "M"): (1, 44),
    (3, "Q"): (2, 17),
    (3, "H"): (2, 13),
    (4, "L"): (1, 80),
    (4, "M"): (2, 32),
    (4, "Q"): (2, 24),
    (4, "H"): (4, 9),
}
"""Blocks, and codewords of data in each, by version and level."""
SIGNS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
"""Those of alphanumeric mode, by their values."""
FINDER = (1, 1, 3, 1, 1)
"""Modules of dark, light, dark, light, dark across the middle of each of three corners."""
MASKS: tuple[Callable[[int, int], bool], ...] = (
    lambda i, j: (i + j) % 2 == 0,
    lambda i, _: i % 2 == 0,
    lambda _, j: j % 3 == 0,
    lambda i, j: (i + j) % 3 == 0,
    lambda i, j: (i // 2 + j // 3) % 2 == 0,
    lambda i, j: (i * j) % 2 + (i * j) % 3 == 0,
    lambda i, j: ((i * j) % 2 + (i * j) % 3) % 2 == 0,
    lambda i, j: ((i + j) % 2 + (i * j) % 3) % 2 == 0,
)
_PIXELS = """async ([picture, across]) => {
  const image = new Image(); image.src = 'data:image/png;base64,' + picture; await image.decode();
  const canvas = document.createElement('canvas'); canvas.width = image.width; canvas.height = image.height;
  const pen = canvas.getContext('2d'); pen.drawImage(image, 0, 0);
  const dark = (row, column) => {
    const at = n => Math.floor((n + 0.5) * image.width / across);
    const [r, g, b] = pen.getImageData(at(column), at(row), 1, 1).data;
    return r + g + b < 384;
  };
  return Array.from({length: across}, (_, row) => Array.from({length: across}, (_, column) => dark(row, column)));
}"""


async def read(code: Locator) -> str:
    """What the code on the screen says. It is found by trying the sizes that there are."""
    picture = base64.b64encode(await code.screenshot()).decode()
    for version in (2, 3, 4):
        size = 17 + 4 * version
        seen: Any = await code.page.evaluate(_PIXELS, [picture, size + 2 * QUIET])
        grid = [row[QUIET : QUIET + size] for row in seen[QUIET : QUIET + size]]
        if all(grid[6][at] == (at % 2 == 0) for at in range(8, size - 8)):  # the timing pattern
            return decode(grid, version)
    raise AssertionError("no code is seen")


def decode(grid: list[list[bool]], version: int) -> str:
    """The text in the modules of a code."""
    cells = [(8, column) for column in (*range(6), 7, 8)] + [(row, 8) for row in (7, 5, 4, 3, 2, 1, 0)]
    form = int("".join(str(int(grid[row][column])) for row, column in cells), 2) ^ 0b101010000010010
    mask = MASKS[form >> 10 & 0b111]
    blocks, in_block = BLOCKS[version, LEVELS[form >> 13]]
    bits = [grid[row][column] != mask(row, column) for row, column in _path(len(grid))]
    words = [int("".join(str(int(bit)) for bit in bits[at : at + 8]), 2) for at in range(0, blocks * in_block * 8, 8)]
    data = b"".join(bytes(words[number::blocks]) for number in range(blocks))
    stream = "".join(f"{each:08b}" for each in data)
    if stream.startswith("0010"):
        return _alphanumeric(stream[13:], int(stream[4:13], 2))
    assert stream.startswith("0100"), "neither byte nor alphanumeric mode"
    length = int(stream[4:12], 2)
    return bytes(int(stream[at : at + 8], 2) for at in range(12, 12 + 8 * length, 8)).decode()


def _alphanumeric(stream: str, length: int) -> str:
    """Two signs in eleven bits, a last one in six."""
    pairs = [int(stream[at : at + 11], 2) for at in range(0, 11 * (length // 2), 11)]
    text = "".join(SIGNS[pair // 45] + SIGNS[pair % 45] for pair in pairs)
    at = 11 * (length // 2)
    return text + (SIGNS[int(stream[at : at + 6], 2)] if length % 2 else "")


def read_sheet(picture: bytes) -> str:
    """What the code on a rendered sheet says, upright and anywhere on it; *picture* is a PGM (P5) of 8 bits."""
    head = re.match(rb"P5\s+(\d+)\s+(\d+)\s+255\s", picture)
    assert head, "no picture"
    width, height = int(head[1]), int(head[2])
    dark = [[each < 128 for each in picture[at : at + width]] for at in range(head.end(), len(picture), width)]
    corners = _corners(dark, width, height)
    left, top = min(x for x, _, _ in corners), min(y for _, y, _ in corners)
    right = max(x for x, _, _ in corners)
    size = round((right - left) / corners[0][2]) + 7
    module = (right - left) / (size - 7)
    grid = [
        [dark[round(top + (row - 3) * module)][round(left + (column - 3) * module)] for column in range(size)]
        for row in range(size)
    ]
    return decode(grid, (size - 17) // 4)


def _corners(dark: list[list[bool]], width: int, height: int) -> list[tuple[float, float, float]]:
    """The middles of the three corners, and what a module measures there: what the most lines of pixels cross."""
    columns = [list(_finders([dark[y][x] for y in range(height)])) for x in range(width)]
    seen: dict[tuple[float, float, float], int] = {}
    for y in range(height):
        for x, module in _finders(dark[y]):
            for middle, tall in columns[round(x)]:
                if abs(middle - y) < 2 * module and abs(tall - module) < module / 3:
                    near = (each for each in seen if abs(x - each[0]) + abs(middle - each[1]) < 3 * module)
                    corner = next(near, (x, middle, module))
                    seen[corner] = seen.get(corner, 0) + 1
    assert len(seen) >= 3, seen
    return sorted(seen, key=lambda each: -seen[each])[:3]


def _finders(line: list[bool]) -> Iterator[tuple[float, float]]:
    """Where a line of pixels crosses the middle of a corner, and a module's width."""
    runs = [(is_dark, len(list(each))) for is_dark, each in itertools.groupby(line)]
    starts = [0, *itertools.accumulate(length for _, length in runs)]
    for at in range(len(runs) - 4):
        lengths = [length for _, length in runs[at : at + 5]]
        module = sum(lengths) / 7
        alike = all(abs(length - wanted * module) < module / 2 for length, wanted in zip(lengths, FINDER, strict=True))
        if runs[at][0] and module > 2 and alike:
            yield (starts[at] + starts[at + 5] - 1) / 2, module


def _path(size: int) -> Iterator[tuple[int, int]]:
    """The modules of data: two columns at a time from the right, up and down; the sixth column is left out."""
    upwards = True
    for right in (*range(size - 1, 6, -2), *range(5, 0, -2)):
        for row in range(size - 1, -1, -1) if upwards else range(size):
            yield from ((row, column) for column in (right, right - 1) if not _is_pattern(row, column, size))
        upwards = not upwards


def _is_pattern(row: int, column: int, size: int) -> bool:
    corners = (row <= 8 and column <= 8) or (row <= 8 and column >= size - 8) or (row >= size - 8 and column <= 8)
    aligned = size - 9 <= row <= size - 5 and size - 9 <= column <= size - 5
    return corners or aligned or 6 in (row, column)
