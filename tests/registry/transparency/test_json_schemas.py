"""The JSON Schemas of registry/transparency/FORMAT.md are what the code reads and writes; golden files keep to them."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from registry.transparency.format.note import parse_note
from schemas.receipts import Bundle, Trust
from schemas.statements import STATEMENT_TYPES
from schemas.verdicts import Summary, VerifyReport
from tests.database import compare
from tests.registry.receipts.verifier.world import GOLDEN

ROOT = Path(__file__).parents[3]
PAGE = "registry/transparency/FORMAT.md"
SCHEMAS = ROOT / "registry" / "transparency" / "format.schema.json"


def without_null(value: Any) -> Any:
    """What may be left out is absent, never null: `anyOf X or null, default null` is X."""
    if isinstance(value, list):
        return [without_null(each) for each in value]
    if not isinstance(value, dict):
        return value
    found = {key: without_null(each) for key, each in value.items() if not (key == "default" and each is None)}
    options = [each for each in found.get("anyOf", []) if each != {"type": "null"}]
    if "anyOf" in found and len(options) == 1:
        return {key: each for key, each in found.items() if key != "anyOf"} | options[0]
    return found


def generated() -> str:
    """Statements by type line, bundle and trust; and the verifier's answers, in which fields may be null."""
    files = [Bundle, Trust, *STATEMENT_TYPES.values()]
    _, stored = msgspec.json.schema_components(files, ref_template="#/$defs/{name}")
    _, answers = msgspec.json.schema_components([VerifyReport, Summary], ref_template="#/$defs/{name}")
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Kilnwood: statements, receipt bundles, trust files, and the verifier's answers",
        "statements": {kind: {"$ref": f"#/$defs/{each.__name__}"} for kind, each in STATEMENT_TYPES.items()},
        "bundle": {"$ref": "#/$defs/Bundle"},
        "trust": {"$ref": "#/$defs/Trust"},
        "answer": {"$ref": "#/$defs/VerifyReport"},
        "summary": {"$ref": "#/$defs/Summary"},
        "$defs": {**answers, **without_null(stored)},
    }
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def test_the_schemas_are_those_of_the_code():
    """Written again with KILNWOOD_REWRITE_GOLDEN=1."""
    compare(SCHEMAS, generated())


def fields(value: Any, schema: Any, definitions: Any) -> list[str]:
    """The names in *value* that the schema does not know, or that it requires and that are absent."""
    if not isinstance(schema, dict):
        return []  # a tuple of scalars
    if "$ref" in schema:
        return fields(value, definitions[schema["$ref"].rpartition("/")[2]], definitions)
    if isinstance(value, list):
        return [each for item in value for each in fields(item, schema.get("items", {}), definitions)]
    if not isinstance(value, dict) or "properties" not in schema:
        return []
    wrong = sorted((set(schema["required"]) - set(value)) | (set(value) - set(schema["properties"])))
    inner = [
        each for key in value if key not in wrong for each in fields(value[key], schema["properties"][key], definitions)
    ]
    return wrong + inner


@pytest.mark.parametrize("folder", ["", "stored/registry-1", "stored/registry-2"])
def test_golden_files_have_the_fields_of_the_schemas(folder):
    """Bundle, trust and both statements, of every version; and a wrong name would be seen."""
    document = json.loads(SCHEMAS.read_text(encoding="utf-8"))
    bundle = json.loads((GOLDEN / folder / "event.receipt.json").read_bytes())
    trust = json.loads((GOLDEN / folder / "trust.json").read_bytes())
    assert [] == fields(bundle, document["bundle"], document["$defs"])
    assert [] == fields(trust, document["trust"], document["$defs"])
    for each in (bundle, bundle["claim"]):
        kind, statement = parse_note(each["note"]).text.split("\n")[:2]
        schema = document["statements"]["/".join(kind.split("/")[-2:])]
        assert [] == fields(json.loads(statement), schema, document["$defs"])
        assert ["wrong"] == fields(json.loads(statement) | {"wrong": 1}, schema, document["$defs"])
    assert ["note"] == fields(
        {key: bundle[key] for key in bundle if key != "note"}, document["bundle"], document["$defs"]
    )


@pytest.mark.parametrize("name", ["corrected", "annulled-claim", "annulled-retirement"])
def test_what_came_later_has_the_fields_of_the_schemas(name):
    """Bundles of version 3, and the corrections and annulments in them."""
    document = json.loads(SCHEMAS.read_text(encoding="utf-8"))
    bundle = json.loads((GOLDEN / "stored" / "registry-3" / f"{name}.receipt.json").read_bytes())
    assert [] == fields(bundle, document["bundle"], document["$defs"])
    for each in bundle["later"]:
        kind, statement = parse_note(each["note"]).text.split("\n")[:2]
        schema = document["statements"]["/".join(kind.split("/")[-2:])]
        assert [] == fields(json.loads(statement), schema, document["$defs"])


def test_the_page_names_every_field():
    """registry/transparency/FORMAT.md mentions each field of each stored form."""
    page = (ROOT / PAGE).read_text(encoding="utf-8")
    document = json.loads(generated())
    stored = [
        "Bundle",
        "Opening",
        "Trust",
        "TrustedKey",
        "EarlierPolicy",
        *(each.__name__ for each in STATEMENT_TYPES.values()),
    ]
    named = {name for each in stored for name in document["$defs"][each]["properties"]}
    assert [] == sorted(name for name in named if f"`{name}`" not in page)
