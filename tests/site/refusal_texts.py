"""
Every text with which something is refused, read from the source: where it stands, and its template.

A template is the text with a numbered gap for each value: ``There is no claim {0}.`` What fills a gap is looked at as
well: where the source itself says what it may be (``"confirmed" if confirm else "lifted"``, a local name, a table of
the module, a function beside it), those words are texts of their own.
"""

import ast
import string
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
FOLDERS: Final = ("registry", "exchange", "schemas", "deploy")
NOT_ON_PAGES: Final = (
    "deploy/bench/",
    "deploy/cli/",
    "deploy/processes/",
    "registry/transparency/witness",
    "registry/transparency/format/",
    "registry/receipts/verifier/",
    "registry/methodologies/calendars.py",  # `kilnwood calendar add`, but for `CalendarNotCovered`
)
"""What is refused on a terminal, or to another program."""
POSITIONS: Final = {
    "Quota": slice(2, 6),
    "TradingRefused": slice(1, 2),
    "Wording": slice(3, 4),
    "line": slice(1, 2),
    "single": slice(1, 2),
    "_fail": slice(1, 2),
    "_choice_fault": slice(1, 2),
    "not_trading": slice(0, 1),
}
KEYWORDS: Final = {"GateReason": "detail", "HTTPException": "detail", "Term": "label"}
"""Which arguments of a call are texts that a refusal shows, where it is no `DomainError` itself."""
RETURNED: Final = (
    ("registry/claims/rules.py", "profile_fault"),
    ("registry/claims/gate.py", "_contract_fault"),
    ("schemas/texts.py", "fault"),
)
"""Functions that return what is wrong as a text."""
_DEEP: Final = 6
Place = tuple[str, int, str]


@cache
def _trees() -> dict[str, ast.Module]:
    found = {}
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            found[path.relative_to(ROOT).as_posix()] = ast.parse(path.read_text(encoding="utf-8"))
    return found


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


@cache
def refusals() -> frozenset[str]:
    """The names of `DomainError` and all that derive from it."""
    classes = [each for tree in _trees().values() for each in ast.walk(tree) if isinstance(each, ast.ClassDef)]
    known = {"DomainError"}
    while more := {each.name for each in classes if {_name(base) for base in each.bases} & known} - known:
        known |= more
    return frozenset(known)


def texts() -> tuple[list[Place], list[Place]]:
    """All templates with their places, and the places of what is refused with a text that cannot be read here."""
    found: list[Place] = []
    unread: list[Place] = []
    for file, tree in _trees().items():
        if file.startswith(NOT_ON_PAGES):
            continue
        for scope, call in _calls(tree, (tree,)):
            for given in _given(file, call, scope):
                said = list(dict.fromkeys(each.strip() for each in _Reader(scope).said(given)))
                if _name(call.func) == "Wording":  # its text is a template already
                    said = [_numbered(each.replace("{{", "{").replace("}}", "}")) for each in said]
                found += [(file, call.lineno, each) for each in said if _tells(each)]
                if not any(each.isalpha() for text in said for each in _without_gaps(text)):
                    unread.append((file, call.lineno, ast.unparse(given)))
    for file, name in RETURNED:
        tree = _trees()[file]
        function = next(each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef) and each.name == name)
        found += [(file, function.lineno, each) for each in _Reader((tree,)).returned(function) if _tells(each)]
    return found, unread


def checks() -> list[Place]:
    """What the offline verifier says of its own checks, and in its verdict."""
    at = {"ok": 1, "note": 1, "require": 2, "Conclusion": 1}
    found = []
    for file, tree in _trees().items():
        if not file.startswith("registry/receipts/verifier/"):
            continue
        for scope, call in _calls(tree, (tree,)):
            where = at.get(_name(call.func), len(call.args))
            for given in call.args[where : where + 1]:
                said = dict.fromkeys(_Reader(scope).said(given))
                found += [(file, call.lineno, each) for each in said if _tells(each)]
    return found


def _tells(text: str) -> bool:
    """Whether it has a word, and not only gaps, signs and units."""
    return any(each.islower() for each in _without_gaps(text))


def _without_gaps(text: str) -> str:
    return "".join(literal for literal, *_ in string.Formatter().parse(text))


def _calls(node: ast.AST, scope: tuple[ast.AST, ...]) -> Iterator[tuple[tuple[ast.AST, ...], ast.Call]]:
    for each in ast.iter_child_nodes(node):
        inner = (*scope, each) if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) else scope
        if isinstance(each, ast.Call):
            yield scope, each
        yield from _calls(each, inner)


def _given(file: str, call: ast.Call, scope: tuple[ast.AST, ...]) -> Iterator[ast.expr]:
    """The expression of the text that *call* refuses with, if it does."""
    name = _name(call.func)
    first = call.args[0] if call.args else None
    if name in POSITIONS and isinstance(call.func, ast.Name):
        yield from call.args[POSITIONS[name]]
    elif name in KEYWORDS:
        yield from (each.value for each in call.keywords if each.arg == KEYWORDS[name])
    elif name in refusals() and first is not None:
        yield first
    elif name == "__init__" and first is not None and len(scope) > 2:
        if isinstance(scope[-2], ast.ClassDef) and scope[-2].name in refusals() - {"DomainError", "TradingRefused"}:
            yield first
    elif name == "_split" and file == "schemas/serials.py":
        yield call.args[1]
    elif name == "ValueError" and file.startswith("schemas/") and first is not None:
        yield first
    elif name == "problem" and file.startswith("registry/") and len(call.args) > 1:
        yield call.args[-1]


class _Reader:
    """What an expression may say, as far as its module tells."""

    def __init__(self, scope: tuple[ast.AST, ...]) -> None:
        self._scope = scope

    def said(  # noqa: C901, PLR0911, PLR0912 - one case for each form of an expression
        self, node: ast.expr, deep: int = 0
    ) -> list[str]:
        """Every template; a text that only comes at run time is one gap."""
        if deep > _DEEP:
            return ["{0}"]
        match node:
            case ast.Constant(value=str(text)):
                return [text.replace("{", "{{").replace("}", "}}")]
            case ast.JoinedStr(values=parts):
                return self._joined(parts, deep)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return [
                    _numbered(one + other) for one in self.said(left, deep + 1) for other in self.said(right, deep + 1)
                ]
            case ast.IfExp(body=one, orelse=other):
                return [*self.said(one, deep + 1), *self.said(other, deep + 1)]
            case ast.BoolOp(values=values):
                return [text for each in values for text in self.said(each, deep + 1)]
            case ast.NamedExpr(value=value) | ast.Subscript(value=value) | ast.Starred(value=value):
                return self.said(value, deep + 1)
            case ast.Dict(values=values) | ast.Tuple(elts=values) | ast.List(elts=values):
                return [text for each in values for text in self.said(each, deep + 1)]
            case ast.Name(id=name):
                return self._named(name, deep)
            case ast.Attribute(attr=name) if name.isupper():
                return next(
                    (
                        _Reader((tree,)).said(value, deep + 1)
                        for tree in _trees().values()
                        for value in _assigned(tree, name)
                    ),
                    ["{0}"],
                )
            case ast.Call(func=ast.Attribute(value=ast.Constant(value=str(text)), attr="format")):
                return [_numbered(text)]
            case ast.Call(func=ast.Attribute(value=ast.Constant(), attr="join"), args=[inner]):
                return ["{0}", *self.said(inner, deep + 1)]
            case ast.GeneratorExp(elt=inner) | ast.ListComp(elt=inner):
                return self.said(inner, deep + 1)
            case ast.Call(func=ast.Name(id=name)):
                return self._called(name, deep)
        return ["{0}"]

    def _joined(self, parts: Iterable[ast.expr], deep: int) -> list[str]:
        whole, inside = "", []
        for each in parts:
            if isinstance(each, ast.FormattedValue):
                inside += [text for text in self.said(each.value, deep + 1) if _tells(text)]
                whole += "{0}"
            elif isinstance(each, ast.Constant):
                whole += str(each.value).replace("{", "{{").replace("}", "}}")
        return [_numbered(whole), *inside]

    def _named(self, name: str, deep: int) -> list[str]:
        for scope in reversed(self._scope):
            if found := _assigned(scope, name):
                return [text for each in found for text in self.said(each, deep + 1)]
        return ["{0}"]

    def _called(self, name: str, deep: int) -> list[str]:
        module = self._scope[0]
        for each in ast.walk(module):
            if isinstance(each, ast.FunctionDef) and each.name == name:
                return self.returned(each, deep)
        return ["{0}"]

    def returned(self, function: ast.FunctionDef, deep: int = 0) -> list[str]:
        """What a function of the same module may return."""
        reader = _Reader((self._scope[0], function))
        given = [node.value for node in ast.walk(function) if isinstance(node, ast.Return) and node.value]
        return [text for value in given for text in reader.said(value, deep + 1)]


def _assigned(scope: ast.AST, name: str) -> list[ast.expr]:
    """What is assigned to *name* in a function, or at the top of a module."""
    inside = (
        ast.walk(scope) if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef) else ast.iter_child_nodes(scope)
    )
    found: list[ast.expr] = []
    for each in inside:
        match each:
            case ast.Assign(targets=[ast.Name(id=given)], value=value) if given == name:
                found.append(value)
            case ast.AnnAssign(target=ast.Name(id=given), value=ast.expr() as value) if given == name:
                found.append(value)
            case ast.NamedExpr(target=ast.Name(id=given), value=value) if given == name:
                found.append(value)
            case ast.AugAssign(target=ast.Name(id=given), value=value) if given == name:
                found.append(value)
            case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.IfExp(body=one, orelse=other)):
                at = [at for at, given in enumerate(names) if _name(given) == name]
                found += [each.elts[at[0]] for each in (one, other) if at and isinstance(each, ast.Tuple)]
            case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)):
                found += [value for given, value in zip(names, values, strict=False) if _name(given) == name]
            case ast.For(target=ast.Name(id=given), iter=value) if given == name:
                found.append(value)
    return found


def _numbered(text: str) -> str:
    """The template with its gaps numbered from the left."""
    whole, number = "", 0
    for literal, gap, *_ in string.Formatter().parse(text):
        whole += literal.replace("{", "{{").replace("}", "}}")
        if gap is not None:
            whole += f"{{{number}}}"
            number += 1
    return whole
