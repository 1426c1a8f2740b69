"""The kit is plumbing: what it moves is none of its business."""

import ast
import re
from pathlib import Path

import registry.kit
from deploy.routes import ROUTES

FOLDER = Path(registry.kit.__file__).parent


def test_the_kit_names_no_operation_and_no_service():
    """No operation as a string in its modules, and none in its SQL; nor the exchange's schema or its packages."""
    words = {
        (path.name, node.value)
        for path in FOLDER.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    words |= {
        (path.name, word)
        for path in FOLDER.rglob("*.sql")
        for word in re.findall(r"'(\w+)'", path.read_text(encoding="utf-8"))
    }
    above = ("registry.migrations", "exchange.migrations")
    assert set() == {(name, word) for name, word in words if word in ROUTES or word in above}
    assert "retire_credits" in ROUTES
