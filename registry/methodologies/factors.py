"""The factor table: published numbers with unit, region, year, basis, version and source, from `data/factors.toml`."""

import tomllib
from collections.abc import Iterable
from functools import cache
from importlib import resources

from msgspec import Struct, convert

from registry.kit.problems import DomainError, Kind
from schemas.methodologies import Factor

_Name = tuple[str, str, int | None, str, int]


class UnknownFactor(DomainError):
    """No factor has this key, region, year, basis and version; the text lists what the table holds."""

    kind, slug, title = Kind.UNPROCESSABLE, "unknown-factor", "Unknown factor"


class FactorTable:
    """Factors by name. Immutable once built; two rows with one name are refused with `ValueError`."""

    def __init__(self, factors: Iterable[Factor]) -> None:
        self._by_name: dict[_Name, Factor] = {}
        for factor in factors:
            name = (factor.key, factor.region, factor.year, factor.basis, factor.version)
            if name in self._by_name:
                raise ValueError(f"two factors are named {factor.code}")
            self._by_name[name] = factor

    @property
    def factors(self) -> tuple[Factor, ...]:
        """All rows, in the order of the file."""
        return tuple(self._by_name.values())

    def find(
        self,
        key: str,
        *,
        region: str = "CN",
        year: int | None = None,
        basis: str = "default",
        version: int | None = None,
    ) -> Factor:
        """
        Return the factor with this name, the newest version unless one is given.

        Never falls back to another region, year or basis. Raises `UnknownFactor`, whose text lists the codes that exist
        under the key.
        """
        found = [f for f in self.factors if (f.key, f.region, f.year, f.basis) == (key, region, year, basis)]
        wanted = [factor for factor in found if version in (None, factor.version)]
        if wanted:
            return max(wanted, key=lambda factor: factor.version)
        known = [factor.code for factor in self.factors if factor.key == key]
        code = f"{key}/{region}/{year or '-'}/{basis}/{version or 'newest'}"
        exist = f"it holds {', '.join(known)}" if known else f"it holds nothing under {key!r}"
        raise UnknownFactor(f"no factor {code} in the table; {exist}", factor=code, known=known)


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    factors: tuple[Factor, ...]


@cache
def table() -> FactorTable:
    """Return the table of the installed data file, read once."""
    text = resources.files(__package__).joinpath("data/factors.toml").read_text(encoding="utf-8")
    return FactorTable(convert(tomllib.loads(text), _File).factors)
