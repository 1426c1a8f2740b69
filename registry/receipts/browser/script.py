"""
All modules of the browser's verifier as one: what a page loads, and what a saved page has in itself.

A page that was saved has no server to load modules from, and browsers load none from a file. So ours stand one after
the other in one scope, in the order of their imports, and a library's becomes a function that returns what it exports.
A name that two of ours declare is an error of syntax, so no script can be made of them that runs. Lines of nothing but
comment, and white space that says nothing, are left out. It works for modules that import names by
`import {…} from "…"` under their own names, that export declarations, or names in a list at their end, and in which no
template is longer than a line.
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
_IMPORT: Final = re.compile(r"^import ?\{([^}]*)\} ?from ?\"([^\"]+)\";\n", re.MULTILINE)
_EXPORT: Final = re.compile(r"^export (?=(?:async )?function|const|class)", re.MULTILINE)
_LISTED: Final = re.compile(r"\bexport ?\{([^}]*)\};\s*\Z")
_COMMENT: Final = re.compile(r"^[ \t]*(?:/\*[\s\S]*?\*/|//[^\n]*)[ \t]*(?:\n|\Z)", re.MULTILINE)
_TEXT: Final = re.compile(r"(\"(?:[^\"\\]|\\.)*\"|`[^`]*`)")
_LOOSE: Final = re.compile(r" ?([^\w\s$+-]) ?")
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
    return notice + "".join(order.values()) + f"export {{ {', '.join(_exports(_source(entry)))} }};\n"


def _add(path: Path, order: dict[Path, str]) -> None:
    if path in order:
        return
    source = _source(path)
    for found in _IMPORT.finditer(source):
        _add(_resolved(path, found[2]), order)
    order[path] = _as_part(source) if _is_ours(path) else _as_function(path, source)


def _is_ours(path: Path) -> bool:
    return path.parent == HERE


def _source(path: Path) -> str:
    if path.name == "formats.js":
        return _formats()
    text = path.read_text(encoding="utf-8")
    if not _is_ours(path):
        return text
    return "".join(map(_tight, _INDENT.sub("", _COMMENT.sub("", text)).splitlines(keepends=True)))


def _tight(line: str) -> str:
    """A line without the spaces beside its signs; as it is where a text in a text, a regular expression or ' may be."""
    parts = _TEXT.split(line)
    if line.count("`") > 2 or any("'" in part or "/" in part for part in parts[::2]):  # noqa: PLR2004 - one template
        return line
    return "".join(part if at % 2 else _LOOSE.sub(r"\1", part) for at, part in enumerate(parts))


def _as_part(source: str) -> str:
    """Ours share one scope: what one imports from another is there by its name, and only a library's is bound."""

    def bound(found: re.Match[str]) -> str:
        if found[2].startswith("./"):
            return ""
        return f"const {{{found[1]}}}={_name(Path(found[2]))};\n"

    return _EXPORT.sub("", _LISTED.sub("", _IMPORT.sub(bound, source)))


def _as_function(path: Path, source: str) -> str:
    """A library's module, whose names are its own."""
    exports = ",".join(f"{shown}:{inner}" if shown != inner else inner for shown, inner in _exports(source).items())
    return f"const {_name(path)}=(()=>{{\n{_LISTED.sub('', source)}\nreturn {{{exports}}};\n}})();\n"


def _exports(source: str) -> dict[str, str]:
    """The names in the list at a module's end, each with what it is inside."""
    found = {}
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
    The JSON Schemas of what a verifier reads, in a short form, for this script alone: without what is said for people.

    A reference is the name of a form, a form that is used more than once stands once, and those fields are named that
    may be missing, not those that may not.
    """
    whole = json.loads(FORMATS.read_text(encoding="utf-8"))
    kept = {name: _brief(whole[name]) for name in _NEEDED}
    kept["$defs"] = {name: each for name, each in kept["$defs"].items() if name not in _ANSWERS}
    shared: dict[str, str] = {}
    text = _written(kept, Counter(_forms(kept)), shared)
    return "".join(f"const {name}={form};\n" for form, name in shared.items()) + f"export const formats={text};\n"


def _brief(form: Any) -> Any:  # noqa: ANN401 - JSON
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
