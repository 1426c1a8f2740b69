"""
All modules of the browser's verifier as one: what a page loads, and what a saved page has in itself.

A page that was saved has no server to load modules from, and browsers load none from a file. So each module becomes a
function that returns what it exports, in the order of their imports; lines of nothing but comment, and the white space
before a line, are left out of ours. It works for modules that import names by `import {…} from "…"`, and export
declarations, or names in a list at their end.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
FORMATS: Final = HERE.parents[1] / "transparency" / "format.schema.json"
_IMPORT: Final = re.compile(r"^import \{([^}]*)\} from \"([^\"]+)\";\n", re.MULTILINE)
_DECLARED: Final = re.compile(r"^export ((?:async )?function\*?|const|class) ([\w$]+)", re.MULTILINE)
_LISTED: Final = re.compile(r"\bexport ?\{([^}]*)\};\s*\Z")
_COMMENT: Final = re.compile(r"^[ \t]*(?:/\*[\s\S]*?\*/|//[^\n]*)[ \t]*(?:\n|\Z)", re.MULTILINE)
_INDENT: Final = re.compile(r"^[ \t]+|^\n", re.MULTILINE)
_NEEDED: Final = ("$defs", "statements")
_SAID_ELSEWHERE: Final = ("description", "examples", "discriminator")
_ANSWERS: Final = ("Check", "ClaimCover", "Fork", "NamedParty", "Particulars", "Summary", "VerifyReport", "View")
_PAGE: Final = HERE / "page.js"
_VERIFIER: Final = HERE / "verifier.js"


@cache
def page_script() -> str:
    """The script of the receipt page; it exports the verifier as well."""
    return joined(_PAGE)


@cache
def verifier_script() -> str:
    """The verifier alone, for programs."""
    return joined(_VERIFIER)


def joined(entry: Path) -> str:
    """One module that is *entry* with all that it imports."""
    order: dict[Path, str] = {}
    _add(entry, order)
    notice = "// Kilnwood's verifier. Has @noble/hashes, @noble/ed25519 and @noble/post-quantum: MIT, (c) Paul Miller\n"
    return (
        notice
        + "".join(order.values())
        + f"export const {{ {', '.join(_exports(_source(entry)))} }} = {_name(entry)};\n"
    )


def _add(path: Path, order: dict[Path, str]) -> None:
    if path in order:
        return
    source = _source(path)
    heads = list(_IMPORT.finditer(source))
    for found in heads:
        _add(_resolved(path, found[2]), order)
    order[path] = _as_function(path, source)


def _source(path: Path) -> str:
    if path.name == "formats.js":
        return _formats()
    text = path.read_text(encoding="utf-8")
    return _INDENT.sub("", _COMMENT.sub("", text)) if path.parent == HERE else text


def _as_function(path: Path, source: str) -> str:
    def bound(found: re.Match[str]) -> str:
        where = _name(_resolved(path, found[2]))
        names = (each.strip().replace(" as ", ": ") for each in found[1].split(",") if each.strip())
        return f"const {{ {', '.join(names)} }} = {where};\n"

    exports = ", ".join(f"{shown}: {inner}" if shown != inner else inner for shown, inner in _exports(source).items())
    body = _LISTED.sub("", _DECLARED.sub(r"\1 \2", _IMPORT.sub(bound, source)))
    return f"const {_name(path)} = (() => {{\n{body}\nreturn {{ {exports} }};\n}})();\n"


def _exports(source: str) -> dict[str, str]:
    """The names that a module exports, each with what it is inside."""
    found = {each[2]: each[2] for each in _DECLARED.finditer(source)}
    for listed in _LISTED.finditer(source):
        for each in filter(None, (word.strip() for word in listed[1].split(","))):
            inner, _, shown = each.partition(" as ")
            found[shown or inner] = inner
    return found


def _resolved(path: Path, name: str) -> Path:
    return (path.parent / name).resolve()


def _name(path: Path) -> str:
    return "m_" + re.sub(r"\W", "_", f"{path.parent.name}_{path.stem}")


def _formats() -> str:
    """The JSON Schemas of what a verifier reads, without what is said for people; the same scalar stands once."""
    whole = json.loads(FORMATS.read_text(encoding="utf-8"))
    kept = {name: whole[name] for name in _NEEDED}
    kept["$defs"] = {name: each for name, each in kept["$defs"].items() if name not in _ANSWERS}
    scalars: dict[str, str] = {}
    text = _written(kept, scalars)
    return "".join(f"const {name} = {form};\n" for form, name in scalars.items()) + f"export const formats = {text};\n"


def _written(value: object, scalars: dict[str, str]) -> str:
    if isinstance(value, list):
        return f"[{','.join(_written(each, scalars) for each in value)}]"
    if not isinstance(value, dict):
        return json.dumps(value)
    if value.get("type") in ("string", "integer", "boolean") and not isinstance(value["type"], dict):
        kept = {name: each for name, each in value.items() if name not in _SAID_ELSEWHERE}
        return scalars.setdefault(json.dumps(kept, separators=(",", ":")), f"s{len(scalars)}")
    members = (
        f"{json.dumps(name)}:{_written(each, scalars)}" for name, each in value.items() if not _is_said(name, each)
    )
    return f"{{{','.join(members)}}}"


def _is_said(name: str, value: object) -> bool:
    """What is for people, and what holds without being said: a field of that name is an object."""
    if isinstance(value, dict) and ("type" in value or "$ref" in value):
        return False
    return (
        name in _SAID_ELSEWHERE
        or value is False
        or (name, value) == ("type", "object")
        or (name == "title" and value != "Identifier")
    )


def modules() -> Iterator[Path]:
    """Our own modules, for those who look at them."""
    yield from sorted(HERE.glob("*.js"))
