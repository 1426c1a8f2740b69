"""The OpenAPI document: what clients are generated from changes only on purpose."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.routes import ROUTES
from tests import offline
from tests.database import compare

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).parents[1] / "golden" / "openapi.json"


@pytest.fixture
async def document():
    """The document as a client gets it; no database is touched for it."""
    async with offline.client() as http:
        return (await http.get("/docs/openapi.json")).raise_for_status().json()


def operations(document):
    """Method, path and content of every operation."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method in ("get", "post", "put", "patch", "delete"):
                yield method, path, operation


async def test_the_document_is_the_one_that_was_reviewed(document):
    """Every path, parameter, bound and schema."""
    compare(GOLDEN, json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


async def test_every_operation_stands_in_the_table_of_routes_and_every_route_is_an_operation(document):
    """A route that the table forgot would have no rule at the door; an entry without a route is a dead rule."""
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert sorted(ROUTES) == sorted(names)


async def test_every_operation_says_what_it_does(document):
    """A heading, a sentence, and a tag that the document explains."""
    known = {tag["name"] for tag in document["tags"]}
    for _, path, operation in operations(document):
        assert operation["operationId"].replace("_", " ").capitalize() == operation["summary"], path
        assert operation.get("description", "").strip().endswith("."), path
        assert set(operation["tags"]) <= known, path


async def test_every_refusal_is_a_problem_document(document):
    """Whatever is not a success is documented in one form; what every operation may answer is listed."""
    for method, path, operation in operations(document):
        refusals = {status: reply for status, reply in operation["responses"].items() if status >= "400"}
        wanted = {"400", "401", "403", "404", "503"} | (
            {"409", "413", "415", "422", "507"} if method == "post" else set()
        )
        assert wanted <= refusals.keys(), path
        for reply in refusals.values():
            assert ["application/problem+json"] == list(reply["content"]), path
            assert {"$ref": "#/components/schemas/Problem"} == reply["content"]["application/problem+json"]["schema"]


CEREMONIES = {"begin_sign_in", "sign_in", "sign_in_with_key", "begin_passkey", "register_passkey"} | {
    "sign_out",
    "sign_out_everywhere",
    "calculate_reduction",  # it stores nothing
    "try_standing",  # nor does this
}
"""Their answer is a cookie or a question: a challenge is answered once, and a session that has ended has ended."""


async def test_every_write_is_known_when_it_is_resent_and_no_read_is(document):
    """By a required header, or by the client_order_id in a body, never both; an objection by its own words."""
    for method, path, operation in operations(document):
        keys = [each["required"] for each in operation.get("parameters", ()) if each["name"] == "Idempotency-Key"]
        body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
        struct = document["components"]["schemas"].get(body.get("$ref", "").rpartition("/")[2], {})
        numbered = "client_order_id" in struct.get("properties", ()) or body.get("$ref", "").endswith(
            ("OrderBatch", "/NewObjection")
        )
        numbered = numbered or operation["operationId"] in CEREMONIES
        assert [True] * (method == "post" and not numbered) == keys, path
        assert not numbered or method == "post", path


async def test_every_schema_says_what_it_is(document):
    """The docstrings of the structs; nobody has to guess from names."""
    schemas = document["components"]["schemas"]
    assert [] == [name for name, schema in schemas.items() if not schema.get("description")]


async def test_no_schema_takes_anything_beside_what_it_names(document):
    """An empty alternative would fit whatever is sent, and a response that fits two of them fits none by `oneOf`."""
    for name, schema in document["components"]["schemas"].items():
        for field, each in schema.get("properties", {}).items():
            assert {} not in each.get("items", {}).get("oneOf", ()), f"{name}.{field}"


async def test_every_problem_has_one_status_and_one_title(document):
    """A table on the front page: each type once, also those that the framework answers."""
    rows = [line.split("|")[1:4] for line in document["info"]["description"].splitlines() if line.startswith("| ")][1:]
    slugs, titles = [row[0].strip() for row in rows], [row[2].strip() for row in rows]
    assert len(slugs) > 70
    assert sorted(set(slugs)) == slugs
    assert len(set(titles)) == len(titles)
    assert {"not-enough-cash", "not-found", "malformed-json", "internal-error", "not-trading"} <= set(slugs)


async def test_no_method_changes_anything_but_post(document):
    """One way to write, so that one rule about keys covers it."""
    assert {"get", "post"} == {method for method, _, _ in operations(document)}


async def test_every_identifier_and_mass_of_a_request_is_bounded(document):
    """Integers beyond 2^53 are not exact in every client."""
    for _, path, operation in operations(document):
        for parameter in operation.get("parameters", ()):
            if "integer" in json.dumps(parameter["schema"]):
                assert "maximum" in json.dumps(parameter["schema"]), (path, parameter["name"])


def patterned(part):
    """Every schema of a text with a pattern, and the parameter that it belongs to, anywhere in the document."""
    if isinstance(part, list):
        for each in part:
            yield from patterned(each)
    elif isinstance(part, dict):
        inner = part.get("schema")
        if isinstance(inner, dict) and isinstance(inner.get("pattern"), str):
            yield (
                inner["pattern"],
                inner.get("examples") or [each["value"] for each in part.get("examples", {}).values()],
            )
        elif isinstance(part.get("pattern"), str):
            yield part["pattern"], part.get("examples")
        else:
            for each in part.values():
                yield from patterned(each)


async def test_every_pattern_has_an_example_that_fits_it(document):
    """Every pattern, in the document or in an error, has its meaning in words beside it."""
    found = list(patterned(document))
    assert len(found) > 20
    for pattern, noted in found:
        assert noted, pattern
        assert all(re.search(pattern, each) for each in noted), pattern


KNOWN_LATE = """
import importlib, pkgutil
import deploy.app
import exchange, registry
from registry.kit.problems import DomainError

def slugs(kind):
    own = {kind.slug} if "slug" in vars(kind) else set()
    return own.union(*map(slugs, kind.__subclasses__()))

known = slugs(DomainError)
for package in (registry, exchange):
    for each in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        importlib.import_module(each.name)
print(*sorted(slugs(DomainError) - known))
"""


def test_every_problem_is_known_to_the_application_alone():
    """Whatever a module of the product defines is in the table, though nothing else imports that module."""
    done = subprocess.run([sys.executable, "-c", KNOWN_LATE], capture_output=True, text=True, check=True, cwd=ROOT)
    assert [] == done.stdout.split()
