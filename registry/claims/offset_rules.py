"""What the region asks before offsets, by type of claim: versioned data with source, from `data/offset-rules.toml`."""

import tomllib
from functools import cache
from importlib import resources

from msgspec import Struct, convert

from schemas.claims import OffsetRule
from schemas.statements import ClaimType

ANYWHERE = "CN"


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    rules: tuple[OffsetRule, ...]


@cache
def table() -> tuple[OffsetRule, ...]:
    """All rows of the installed data file, read once."""
    text = resources.files(__package__).joinpath("data/offset-rules.toml").read_text(encoding="utf-8")
    return convert(tomllib.loads(text), _File).rules


def rule_for(type_: ClaimType, region: str) -> OffsetRule:
    """The newest row of a type, the region's own before the one that counts anywhere. `LookupError` for no row."""
    rows = [each for each in table() if each.type == type_ and each.region in (region, ANYWHERE)]
    if not rows:
        raise LookupError(f"no rule for offsets of claims of type {type_} in {region}")
    return max(rows, key=lambda each: (each.region == region, each.version))
