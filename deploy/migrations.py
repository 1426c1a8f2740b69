"""The migrations of the whole product."""

from registry.kit.migrate import Migration, available


def every_migration() -> tuple[Migration, ...]:
    """Every migration of this version, in the order in which they are applied."""
    return available(("registry.migrations", "exchange.migrations"))
