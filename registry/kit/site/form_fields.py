"""
What a form sends, as the JSON body of the operation that it stands for.

A form of a page is posted to the operation's own address, so the rules, the roles and the texts of refusals are those
of the API and nothing is written twice. HTML sends texts; the name of a field says where in the body its value belongs
and how it is meant::

    quantity_kg:int            {"quantity_kg": 47}
    price_fen:yuan             36.50 becomes {"price_fen": 3650}
    quantity_kg:tonnes         1.2 becomes {"quantity_kg": 1200}
    site.area_ha               {"site": {"area_ha": "10"}}
    documents[]                each value is one item of a list
    items[0].quantity          an item of a list of records
    exclusive:bool             {"exclusive": true} if the box is ticked; with the value "false", false
    ends:instant               a local time of the region becomes an instant in UTC
    notes:lines                each line is one item of a list
    covers:list                words between spaces; left empty, an empty list
    vintages:numbers           numbers between spaces; left empty, an empty list
    items[0].kind:with         goes with what is entered in the same record
    items[0].year:int:with     the same, meant as a number

A field that is left empty is left out of the body. A record of a list in which nothing was entered is left out with all
that would go with it, and those after it move up. Names that begin with an underscore are the form's own: see `Form`.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from registry.kit.period import SHANGHAI

TRIED: Final = "/dry-run"
"""After the address of a form's operation, that of the one which says what it would do; the form sends to both."""
FORM: Final = "kilnwood.form"
"""The key of a scope that has the refused form which is shown again."""
_NAME: Final = re.compile(r"^[a-z][a-z0-9_]*(\[[0-9]{0,3}\])?(\.[a-z][a-z0-9_]*(\[[0-9]{0,3}\])?)*(:[a-z]+){0,2}$")
_RECORD: Final = re.compile(r"^([a-z][a-z0-9_.]*)\[([0-9]{1,3})\]\.")
_PART: Final = re.compile(r"([a-z][a-z0-9_]*)(?:\[([0-9]{0,3})\])?")


@dataclass(frozen=True, slots=True)
class Form:
    """
    A form that was refused, for the page that shows it again: what was entered, and what was wrong.

    The form's own fields are `_key` (its Idempotency-Key: a form that is sent twice is carried out once), `_page`
    (where it is shown again), `_then` (where a success leads; ``{id}`` stands for a member of the answer, and
    ``{items.0.id}`` for one further in) and `_once` (the answer has a secret: the page is shown again with it, as
    *answer*).
    """

    action: str = ""
    values: dict[str, list[str]] = field(default_factory=dict)
    problem: dict[str, Any] = field(default_factory=dict)
    answer: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, scope: Any) -> "Form":  # noqa: ANN401 - an ASGI scope
        """The refused form of a request, or an empty one."""
        found = scope.get(FORM)
        return found if isinstance(found, Form) else cls()

    @property
    def status(self) -> int | None:
        """The status of the refusal."""
        return self.problem.get("status")

    def refused(self, action: str) -> bool:
        """Whether it is the form of this action that was refused."""
        return bool(self.problem) and self.action.removesuffix(TRIED) == action.partition("?")[0]

    def again(self, action: str) -> bool:
        """Whether the form of this action shows again what was entered: it was refused, or only tried."""
        return self.refused(action) or self.action == action.partition("?")[0] + TRIED

    def answered(self, action: str) -> dict[str, Any]:
        """What the operation of this action answered just now, if it is to be shown once."""
        return self.answer if self.action == action.partition("?")[0] else {}

    def entered(self, name: str, otherwise: object = "") -> str:
        """What was entered in the field *name*, or what stands there otherwise."""
        found = self.values.get(name)
        return found[0] if found else str(otherwise)

    def every(self, name: str) -> list[str]:
        """All that was entered under one name, such as ticked boxes."""
        return self.values.get(name, [])

    def faults(self, name: str) -> list[str]:
        """What was wrong with the field *name*, by the place in the body that it stands for."""
        place = _moved_up(name.partition(":")[0].removesuffix("[]"), _entered(self.values))
        found = []
        for each in self.problem.get("errors", ()):
            where, _, what = str(each).partition(": ")
            if place in {where, re.sub(r"\[[0-9.]*\]$", "", where)}:
                found.append(what or each)
        return found


class NotAForm(ValueError):
    """What was sent is no form of ours; the text says what is wrong with it."""


def body_of(fields: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The body that *fields* stand for. Raises `NotAForm`."""
    body: dict[str, Any] = {}
    given = [(name, text) for name, text in fields if not name.startswith("_")]
    filled: dict[str, list[str]] = {}
    for name, text in given:
        filled.setdefault(name, []).append(text)
    entered = _entered(filled)
    for name, text in given:
        if not _NAME.match(name):
            raise NotAForm(f"A field is named {name[:80]!r}, which names no place in a body.")
        where, _, kind = name.partition(":")
        if kind.endswith("with"):
            kind = kind.removesuffix("with").removesuffix(":")
        if not (where := _moved_up(where, entered)):
            continue
        value = _value(text.strip() if kind else text.strip("\r\n").replace("\r\n", "\n"), kind)
        if value is not None:
            _put(body, [part.groups() for part in map(_PART.fullmatch, where.split(".")) if part], value)
    return body


def _entered(values: Mapping[str, list[str]]) -> dict[str, list[int]]:
    """Of each list of records that has fields which go *with* others: the records in which something was entered."""
    optional = {found[1] for name in values if name.endswith(":with") and (found := _RECORD.match(name))}
    numbers: dict[str, set[int]] = {each: set() for each in optional}
    for name, texts in values.items():
        found = _RECORD.match(name)
        if found and found[1] in optional and not name.endswith(":with") and any(text.strip() for text in texts):
            numbers[found[1]].add(int(found[2]))
    return {name: sorted(each) for name, each in numbers.items()}


def _moved_up(where: str, entered: Mapping[str, list[int]]) -> str:
    """The place in the body, in which empty records are left out; of a field of one of those, nowhere."""
    found = _RECORD.match(where)
    if found is None or found[1] not in entered:
        return where
    numbers, number = entered[found[1]], int(found[2])
    return f"{found[1]}[{numbers.index(number)}].{where[found.end() :]}" if number in numbers else ""


def _value(text: str, kind: str) -> Any:  # noqa: ANN401 - JSON
    """The value that a text stands for, or None if it was left empty; what cannot be read stays text, to be refused."""
    if kind == "list":
        return text.split()
    if kind == "numbers":
        return [int(each) if re.fullmatch(r"[0-9]{1,18}", each) else each for each in text.split()]
    if not text.strip():
        return None
    readers: dict[str, Callable[[str], Any]] = {
        "int": lambda given: int(given) if re.fullmatch(r"-?[0-9]{1,18}", given) else given,
        "bool": lambda given: given != "false",
        "lines": lambda given: [line.strip() for line in given.splitlines() if line.strip()],
        "instant": _instant,
        "yuan": lambda given: _whole(given, 100),
        "tonnes": lambda given: _whole(given, 1000),
    }
    return readers.get(kind, str)(text)


def _whole(text: str, times: int) -> int | str:
    try:
        value = Decimal(text.replace(" ", "").replace(",", "")) * times
    except InvalidOperation:
        return text
    return int(value) if value.is_finite() and value == value.to_integral_value() and abs(value) < 10**18 else text


def _instant(text: str) -> str:
    try:
        local = datetime.fromisoformat(text)
    except ValueError:
        return text
    return (
        (local if local.tzinfo else local.replace(tzinfo=SHANGHAI)).astimezone(UTC).isoformat().replace("+00:00", "Z")
    )


def _put(body: dict[str, Any], parts: list[tuple[Any, ...]], value: object) -> None:
    """Put a value at its place; lists grow in the order of their numbers in the form."""
    here: Any = body
    for at, (name, number) in enumerate(parts):
        last = at == len(parts) - 1
        if not isinstance(here, dict):
            raise NotAForm(f"The field {name} is in something that is no record.")
        if number is None:
            if last:
                here[name] = value
            else:
                here = here.setdefault(name, {})
            continue
        items = here.setdefault(name, [])
        if not isinstance(items, list):
            raise NotAForm(f"The field {name} is a list and something else.")
        if number == "":
            items.append(value)
            return
        index = int(number)
        if index > len(items):
            raise NotAForm(f"The field {name} has item {index} and no item {len(items)}.")
        if last:
            items.insert(index, value)
            return
        if index == len(items):
            items.append({})
        here = items[index]
