"""
All modules of the browser's verifier as one: what a page loads, and what a saved page has in itself.

A page that was saved has no server to load modules from, and browsers load none from a file. So each module becomes a
function that returns what it exports, in the order of their imports; lines of nothing but comment, and the white space
before a line and around operators, are left out of ours (no text of ours has an operator in it). It works for modules that import names by `import {…} from "…"`, and export
declarations, or names in a list at their end.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).parent
FORMATS: Final = HERE.parents[1] / "transparency" / "format.schema.json"
_IMPORT: Final = re.compile(r"^import \{([^}]*)\} from \"([^\"]+)\";\n", re.MULTILINE)
_DECLARED: Final = re.compile(r"^export ((?:async )?function\*?|const|class) ([\w$]+)", re.MULTILINE)
_LISTED: Final = re.compile(r"\bexport ?\{([^}]*)\};\s*\Z")
_COMMENT: Final = re.compile(r"^[ \t]*(?:/\*[\s\S]*?\*/|//[^\n]*)[ \t]*(?:\n|\Z)", re.MULTILINE)
_OPERATOR: Final = re.compile(r" (=>|[!=]==|&&|\|\||\?\?|[+<>-]?=) ")
_INDENT: Final = re.compile(r"^[ \t]+|^\n", re.MULTILINE)
_NEEDED: Final = ("$defs", "statements")
_SAID_ELSEWHERE: Final = ("description", "examples", "discriminator")
_ANSWERS: Final = (
    "Check",
    "ClaimCover",
    "Corrected",
    "Fork",
    "FoundAnnulment",
    "NamedParty",
    "Particulars",
    "Summary",
    "VerifyReport",
    "View",
)
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
    return _OPERATOR.sub(r"\1", _INDENT.sub("", _COMMENT.sub("", text))) if path.parent == HERE else text


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
    """
    The JSON Schemas of what a verifier reads, for a script that is read by no other: what is said for people is left out.

    A reference is the name of a form, a form that is used more than once stands once, and those fields are named that
    may be missing, not those that may not.
    """
    whole = json.loads(FORMATS.read_text(encoding="utf-8"))
    kept = {name: _brief(whole[name]) for name in _NEEDED}
    kept["$defs"] = {name: each for name, each in kept["$defs"].items() if name not in _ANSWERS}
    shared: dict[str, str] = {}
    text = _written(kept, Counter(_forms(kept)), shared)
    return "".join(f"const {name}={form};\n" for form, name in shared.items()) + f"export const formats={text};\n"


def _brief(form: Any) -> Any:
    """A form as the script has it."""
    if not isinstance(form, dict):
        return form
    if "$ref" in form:
        (name,) = form.values()
        return name.rpartition("/")[2]
    if not isinstance(form.get("type", ""), str) or not {"type", "enum", "anyOf", "properties", "pattern"} & {*form}:
        return {name: _brief(each) for name, each in form.items()}  # no form: names of forms
    kept = {name: each for name, each in form.items() if not _is_said(name, each)}
    for name in ("items", "additionalProperties", "propertyNames"):
        if name in kept:
            kept[name] = _brief(kept[name])
    for name in ("anyOf", "prefixItems"):
        if name in kept:
            kept[name] = [_brief(each) for each in kept[name]]
    if "properties" in kept:
        must = kept.pop("required", [])
        kept["properties"] = {name: _brief(each) for name, each in form["properties"].items()}
        may = [name for name, each in form["properties"].items() if name not in must and "default" not in each]
        kept |= {"optional": may} if may else {}
    return kept


def _is_said(name: str, value: object) -> bool:
    """What is for people, and what holds without being said."""
    return (
        name in _SAID_ELSEWHERE
        or (name, value) in (("type", "object"), ("additionalProperties", False))
        or (name == "title" and value != "Identifier")
    )


def _forms(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        yield json.dumps(value)
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _forms(each)


def _written(value: object, count: Mapping[str, int], shared: dict[str, str]) -> str:
    if isinstance(value, list):
        return f"[{','.join(_written(each, count, shared) for each in value)}]"
    if not isinstance(value, dict):
        return json.dumps(value)
    members = (
        f"{name if name.isidentifier() else json.dumps(name)}:{_written(each, count, shared)}"
        for name, each in value.items()
    )
    text = f"{{{','.join(members)}}}"
    return shared.setdefault(text, f"s{len(shared)}") if count[json.dumps(value)] > 1 and value else text


def modules() -> Iterator[Path]:
    """Our own modules, for those who look at them."""
    yield from sorted(HERE.glob("*.js"))
