"""One database with an object of each kind and a person of each role: built once a worker, copied for every test."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from tests import worlds
from tests.registry.access import organisations_of_each_role
from tests.registry.access.organisations_of_each_role import EachRole
from tests.worlds import Template, World


@pytest.fixture(scope="session")
def each_role(server: str, templates: dict[str, Template]) -> EachRole:
    """The template database, with the keys of its people and the ids of its objects."""
    return asyncio.run(_build(server, templates["delivered"]))


async def _build(server: str, previous: Template) -> EachRole:
    owner = await asyncpg.connect(server)
    try:
        await owner.execute(f"create database template_each_role template {previous.database}")
    finally:
        await owner.close()
    made = EachRole(Template("template_each_role", previous.season))
    async with worlds.application(worlds.database_dsn(server, "template_each_role"), previous.season) as world:
        await organisations_of_each_role.build(world, made)
    return made


@pytest.fixture
async def populated(server: str, each_role: EachRole) -> AsyncIterator[World]:
    """A copy of that database for one test."""
    async with worlds.opened(server, each_role.template) as world:
        yield world
