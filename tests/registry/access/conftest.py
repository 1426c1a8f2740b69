"""The arena: built once in each worker, copied for every test."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from tests import worlds
from tests.registry.access import arena
from tests.registry.access.arena import Arena
from tests.worlds import Template, World


@pytest.fixture(scope="session")
def built_arena(server: str, templates: dict[str, Template]) -> Arena:
    """The template database of the arena."""
    return asyncio.run(_build(server, templates["delivered"]))


async def _build(server: str, previous: Template) -> Arena:
    owner = await asyncpg.connect(server)
    try:
        await owner.execute(f"create database template_arena template {previous.database}")
    finally:
        await owner.close()
    made = Arena(Template("template_arena", previous.season))
    async with worlds.application(worlds.database_dsn(server, "template_arena"), previous.season) as world:
        await arena.build(world, made)
    return made


@pytest.fixture
async def fought(server: str, built_arena: Arena) -> AsyncIterator[World]:
    """A copy of the arena for one test."""
    async with worlds.opened(server, built_arena.template) as world:
        yield world
