"""
Requests generated from the OpenAPI document, sent to the real service over a real socket.

Whatever arrives, the answer is a documented one: no 5xx, no undocumented status, the documented media type and shape.
"""

import asyncio
import itertools
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.generation.feedback import FeedbackSources
from schemathesis.pytest._test_builder import build_operation_test
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from deploy.local.region import LocalRegion, new_region
from deploy.scenarios.cast import Season
from deploy.scenarios.client import Api
from deploy.scenarios.season import play_until

EXAMPLES = int(os.environ.get("KILNWOOD_TEST_FUZZ_EXAMPLES", "2"))
EVERY_KEY = bool(os.environ.get("KILNWOOD_TEST_FUZZ_EVERY_KEY"))
"""Each request by each of three, and not in turns."""
_turns = itertools.count()
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture(scope="module")
def region() -> Iterator[tuple[LocalRegion, Season]]:
    """A running region in mid-season, so that small ids exist."""
    folder = Path(tempfile.mkdtemp(prefix="kw-test-", dir="/tmp"))
    folder.chmod(0o755)
    running = new_region(folder / "region", extra={"KILNWOOD_LOG_LEVEL": "error"})
    try:
        running.start()
        yield running, asyncio.run(_played(running))
    finally:
        running.stop()
        running.remove()
        shutil.rmtree(folder, ignore_errors=True)


async def _played(running: LocalRegion) -> Season:
    async with httpx.AsyncClient(base_url=running.url, trust_env=False) as http:
        season = Season(Api(http, seed="fuzz"), running.regulators)
        await play_until(season, "withdrawn")
        return season


def _short(part: Any) -> Any:
    """The document without limits of long lists: one item too many of a thousand takes seconds to make up."""
    if isinstance(part, list):
        return [_short(each) for each in part]
    if not isinstance(part, dict):
        return part
    return {name: _short(each) for name, each in part.items() if name != "maxItems" or each <= LONGEST_LIST}


LONGEST_LIST = 20
DOCUMENT = Path(__file__).parents[1] / "golden" / "openapi.json"
schema = schemathesis.openapi.from_dict(_short(json.loads(DOCUMENT.read_text("utf-8"))))


FOUND = list(schema.get_all_operations())
OPERATIONS = {each.ok().label: each.ok() for each in FOUND if isinstance(each, Ok)}
assert len(OPERATIONS) == len(FOUND), [each.err() for each in FOUND if not isinstance(each, Ok)]


@pytest.mark.parametrize("label", OPERATIONS)
def test_every_answer_is_documented(label: str, region: tuple[LocalRegion, Season]):
    """
    As a regulator, as an enterprise and without a key, in turns: only documented answers.

    `schema.parametrize()` would make every request of every operation up while pytest collects, in each worker.
    """
    running, season = region
    keys = (season.regulators[0], season.parties["scenic"].key, "")

    @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    def answered(case: schemathesis.Case[Any]) -> None:
        for key in keys if EVERY_KEY else (keys[next(_turns) % len(keys)],):
            headers = {"Authorization": f"Bearer {key}"} if key else {}
            case.call_and_validate(base_url=running.url, headers=headers, checks=CHECKS)

    operation, sources = OPERATIONS[label], FeedbackSources()
    build_operation_test(
        config=schema.config, operation=operation, test_func=answered, given_kwargs={}, feedback=sources
    )()
