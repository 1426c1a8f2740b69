"""Where the processes of a region find its database, each as the login that it should be."""

from typing import NamedTuple

from deploy.postgres.logins import API, SEQUENCER
from deploy.postgres.server import EmbeddedPostgres
from deploy.settings import Settings


class Addresses(NamedTuple):
    """
    Of one database: for the *owner* of the tables, for the processes that answer and trade, and for the sequencer.

    With DATABASE_URL the last two are the same login, which acts as either role.
    """

    owner: str
    api: str
    sequencer: str


def named(settings: Settings) -> Addresses:
    """Those of the server that DATABASE_URL names."""
    url = settings.database_url
    return Addresses(settings.owner_url or url, url, url)


def embedded(server: EmbeddedPostgres) -> Addresses:
    """Those of the embedded server: no process that serves is its superuser."""
    return Addresses(server.dsn, server.dsn_as(API), server.dsn_as(SEQUENCER))
