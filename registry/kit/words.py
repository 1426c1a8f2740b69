"""
What is wrong with a body, in words: every fault at once, each with its field as it was sent.

The decoder stops at the first fault. This looks again, only after the decoder refused, and says for each field what is
missing, unknown or of the wrong form, with the permitted values of an enumeration and an example beside a pattern.
"""

import enum
import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import msgspec
from msgspec import Struct

from schemas import texts

FAULT_LIMIT: Final = 50
"""The most faults of one body that are listed; work and reply stay bounded."""
_NAMES_SHOWN: Final = 20
_LONGEST: Final = 400
_DATE, _INSTANT = "2025-06-01", "2025-06-01T08:00:00Z"


def faults(kind: Any, found: Any, place: str = "") -> list[str]:  # noqa: ANN401 - any type, any JSON
    """
    Tell every fault of *found*, decoded JSON, as a value of *kind*: ``quantity_kg: expected int, got str``.

    *place* is the path of the value within the body. Empty if nothing is wrong.
    """
    bare = _chosen(kind, found)
    if isinstance(found, dict) and isinstance(bare, type) and issubclass(bare, Struct):
        return _of_object(bare, found, place)
    if isinstance(found, list) and get_origin(bare) in (tuple, list) and (inner := get_args(bare)):
        return _of_list(inner[0], found, place) or _of_value(kind, found, place)
    return _of_value(kind, found, place)


def unseen(kind: Any, found: Any, place: str = "") -> Iterator[str]:  # noqa: ANN401 - any type, any JSON
    """
    Tell of every text in *found*, decoded JSON, that breaks the rule of `schemas.texts`, each with its field.

    It goes by the values and not by the fields of *kind*, which only say where several lines are permitted: so no field
    can be left out.
    """
    bare = _chosen(kind, found)
    if isinstance(found, str):
        if fault := texts.fault(found, lines=_takes_lines(kind)):
            yield f"{place}: {fault}" if place else fault
    elif isinstance(found, dict):
        known = isinstance(bare, type) and issubclass(bare, Struct)
        types = {each.encode_name: each.type for each in msgspec.structs.fields(bare)} if known else {}
        for name, each in found.items():
            if fault := texts.fault(name):
                yield f"{_within(place, ascii(name[:80]))}: {fault}"
            yield from unseen(types.get(name, str), each, _within(place, name))
    elif isinstance(found, list):
        inner = (*get_args(bare), str)[0]
        for at, each in enumerate(found):
            yield from unseen(inner, each, f"{place}[{at}]")


def _takes_lines(kind: Any) -> bool:  # noqa: ANN401 - any type
    if any(each.extra and each.extra.get(texts.LINES) for each in _metas(kind)):
        return True
    bare = _bare(kind)
    return _is_union(bare) and any(_takes_lines(each) for each in get_args(bare))


def said(message: str, kind: Any = None) -> str:  # noqa: ANN401 - any type
    """A decoder's *message* in plain words, with what *kind* permits or an example of it."""
    text = message.replace("`", "")
    if "matching regex" in text:
        text = text.replace("\\\\", "\\").replace(r"(?!\n)", "")  # as a client would write it
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST // 2]} … {text[-_LONGEST // 4 :]}"
    if text.startswith(("Expected ", "Invalid ", "Object ", "Unsupported ")):
        text = text[:1].lower() + text[1:]  # the framework's words; those of a rule begin as they should: "USCC …"
    return text + _hint(kind, text)


def permitted(kind: Any) -> tuple[str, ...]:  # noqa: ANN401 - any type
    """The values that an enumeration, or the tag of a union, may have; none for anything else."""
    bare = _bare(kind)
    if get_origin(bare) is Literal:
        return tuple(str(each) for each in get_args(bare))
    if isinstance(bare, type) and issubclass(bare, enum.Enum):
        return tuple(str(each.value) for each in bare)
    if _is_union(bare):
        return tuple(value for each in get_args(bare) for value in permitted(each))
    return ()


def examples(kind: Any) -> tuple[str, ...]:  # noqa: ANN401 - any type
    """The examples that are noted at a type, those of dates and times included."""
    for meta in _metas(kind):
        if meta.examples:
            return tuple(str(each) for each in meta.examples)
    bare = _bare(kind)
    if _is_union(bare):
        return next((noted for each in get_args(bare) if (noted := examples(each))), ())
    if bare is datetime:
        return (_INSTANT,)
    return (_DATE,) if bare is date else ()


def _hint(kind: Any, text: str) -> str:  # noqa: ANN401 - any type
    if values := permitted(kind):
        return f"; it is one of {', '.join(values)}"
    if ("regex" in text or "RFC3339" in text) and (noted := examples(kind)):
        return f", for example {noted[0]}"
    return ""


def _of_object(kind: type[Struct], found: dict[str, Any], place: str) -> list[str]:
    fields = msgspec.structs.fields(kind)
    told = [
        f"{_within(place, each.encode_name)}: is missing"
        for each in fields
        if each.required and each.encode_name not in found
    ]
    config = kind.__struct_config__
    names = [each.encode_name for each in fields]
    tag_field = (config.tag_field,) if config.tag_field else ()
    if config.forbid_unknown_fields:
        told += _unknown(found.keys() - {*names, *tag_field}, (*tag_field, *names), place)
    for each in fields:
        if len(told) > FAULT_LIMIT:
            break
        if each.encode_name in found:
            told += faults(each.type, found[each.encode_name], _within(place, each.encode_name))
    return _bounded(told) or _of_value(kind, found, place)  # a rule over several fields


def _unknown(unknown: Iterable[str], known: Sequence[str], place: str) -> list[str]:
    takes = f"there is no such field; this takes {', '.join(known) or 'none'}"
    return [f"{_within(place, name[:80])}: {takes}" for name in sorted(unknown)[:_NAMES_SHOWN]]


def _of_list(kind: Any, found: list[Any], place: str) -> list[str]:  # noqa: ANN401 - any type
    told: list[str] = []
    for at, each in enumerate(found):
        if len(told) > FAULT_LIMIT:
            break
        told += faults(kind, each, f"{place}[{at}]")
    return _bounded(told)


def _bounded(told: list[str]) -> list[str]:
    return told if len(told) <= FAULT_LIMIT else [*told[:FAULT_LIMIT], "and there is more"]


def _of_value(kind: Any, found: Any, place: str) -> list[str]:  # noqa: ANN401 - any type, any JSON
    try:
        msgspec.convert(found, kind, strict=True)
    except msgspec.ValidationError as error:
        message, _, path = str(error).replace("`", "").partition(" - at $")
        where, inner = (_within(place, path.removeprefix(".")), None) if path else (place, kind)
        if path and _is_union(_bare(kind)):  # its tag is missing or unknown
            tags = [each for each in get_args(_bare(kind)) if isinstance(each, type) and issubclass(each, Struct)]
            inner = Literal[tuple(str(each.__struct_config__.tag) for each in tags)] if tags else None
        text = said(message, inner)
        return [f"{where}: {text}" if where else _sentence(text)]
    return []


def _within(place: str, name: str) -> str:
    if not name or name.startswith("["):
        return place + name
    return f"{place}.{name}" if place else name


def _chosen(kind: Any, found: Any) -> Any:  # noqa: ANN401 - any type, any JSON
    """The member of a union that *found* would be: by its tag, or the only one that an object or a list can be."""
    bare = _bare(kind)
    if not _is_union(bare):
        return bare
    members = [_bare(each) for each in get_args(bare)]
    if isinstance(found, list):
        return next((each for each in members if get_origin(each) in (tuple, list)), bare)
    structs = [each for each in members if isinstance(each, type) and issubclass(each, Struct)]
    if len(structs) == 1:
        return structs[0]
    return next((each for each in structs if isinstance(found, dict) and _tagged(each, found)), bare)


def _tagged(kind: type[Struct], found: Mapping[str, Any]) -> bool:
    config = kind.__struct_config__
    return config.tag_field is not None and found.get(config.tag_field) == config.tag


def _is_union(bare: Any) -> bool:  # noqa: ANN401 - any type
    return get_origin(bare) in (Union, types.UnionType)


def _bare(kind: Any) -> Any:  # noqa: ANN401 - any type
    while get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    return kind


def _metas(kind: Any) -> list[msgspec.Meta]:  # noqa: ANN401 - any type
    return [each for each in getattr(kind, "__metadata__", ()) if isinstance(each, msgspec.Meta)]


def _sentence(text: str) -> str:
    """Begin with a capital letter, but for the name of a field, which stays as it is sent."""
    return text if "_" in text.partition(" ")[0] else text[:1].upper() + text[1:]
