"""
Activity files: CSV that people write in a spreadsheet, read strictly, and every fault of a file named at once. Pure.

A file has a header line with the column names of `activity_columns.COLUMNS`, in English or Chinese, in any order, and
a row for each activity. It is UTF-8, with or without byte order mark, or GB18030, as spreadsheets in China save it. A
fault names the row as the spreadsheet counts it, the column, what stands there and what is permitted. Cells that begin
with an apostrophe before a formula's first character, as they are written here, are read without it.
"""

import codecs
import csv
import io
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, NamedTuple

import msgspec

from registry.claims.activity_columns import (
    ACTIVITIES,
    COLUMNS,
    EXAMPLES,
    ZH_ACTIVITIES,
    ZH_COLUMNS,
    ZH_UNITS,
    Activity,
    activities_of,
)
from registry.kit.problems import DomainError, Kind
from registry.methodologies import factors
from registry.methodologies.factors import UnknownFactor
from registry.methodologies.inventory import SERVED
from schemas import texts
from schemas.methodologies import MAX_QUANTITY, EventActivity, EventFootprintRequest, ProfileId

LIMIT_BYTES: Final = 400_000
LIMIT_ROWS: Final = 500
LIMIT_FAULTS: Final = 100
LIMIT_CELL: Final = 500
_SHOWN: Final = 60
_NUMBER: Final = re.compile(r"(0|[1-9][0-9]{0,11})(\.[0-9]{1,9})?")
_PLACES: Final = 6
_SIMPLE: Final = {
    "natural-gas": {"kind": "natural-gas"},
    "heat": {"kind": "heat"},
    **{each: {"kind": "fuel", "fuel": each} for each in ("diesel", "petrol", "lpg")},
}
_COUNTED_IN: Final = {
    "natural-gas": "gas_nm3",
    "heat": "heat_gj",
    "diesel": "fuel_kg",
    "petrol": "fuel_kg",
    "lpg": "fuel_kg",
}
_UTF_16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_FORMULA: Final = re.compile(r"^'(?=[=+\-@＝＋－＠\t\r\n])")


class RowFault(NamedTuple):
    """One fault: the row as a spreadsheet counts it, the column, what stands there, and what is permitted."""

    row: int
    column: str
    value: str
    permitted: str

    def __str__(self) -> str:
        """As one line."""
        return f"row {self.row}, {self.column}: {self.value!r}: {self.permitted}"


class ActivityFileWrong(DomainError):
    """An activity file cannot be read; `rows` has every fault, up to a hundred."""

    kind, slug, title = Kind.UNPROCESSABLE, "activity-file-wrong", "The activity file is wrong"

    @classmethod
    def whole(cls, detail: str) -> "ActivityFileWrong":
        """The file as a whole is wrong."""
        return cls(f"{detail} Nothing was stored.", rows=[])

    @classmethod
    def of(cls, faults: Sequence[RowFault]) -> "ActivityFileWrong":
        """Some cells are wrong."""
        shown = faults[:LIMIT_FAULTS]
        more = f" The first {LIMIT_FAULTS} are shown." if len(faults) > LIMIT_FAULTS else ""
        return cls(
            f"{len(faults)} cells are wrong, first {shown[0]}.{more} Nothing was stored: correct and send again.",
            rows=[each._asdict() for each in shown],
            faults=len(faults),
        )


def text_of(content: bytes) -> str:
    """The text of a file. Raises `ActivityFileWrong` for one that is empty, too large, or in no encoding known here."""
    if not content.strip():
        raise ActivityFileWrong.whole("The file is empty.")
    if len(content) > LIMIT_BYTES:
        raise ActivityFileWrong.whole(f"The file has {len(content)} bytes; at most {LIMIT_BYTES} are read.")
    if content.startswith(_UTF_16):
        raise ActivityFileWrong.whole("The file is in UTF-16 (“Unicode text”): save it as “CSV UTF-8”.")
    if content.startswith(b"PK"):
        raise ActivityFileWrong.whole("This is a spreadsheet (.xlsx) and no CSV: save it as “CSV UTF-8”.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        at = error.start
    try:
        return content.decode("gb18030")
    except UnicodeDecodeError:
        raise ActivityFileWrong.whole(
            f"The file is neither UTF-8 (from byte {at + 1} on) nor GB18030: save it as “CSV UTF-8”."
        ) from None


def read(text: str, profile: ProfileId) -> EventFootprintRequest:
    """The activities of a file, for one profile. Raises `ActivityFileWrong` with every fault at once."""
    rows = _rows(text.removeprefix("\ufeff"))
    columns = _columns(rows[0])
    body: dict[str, Any] = {"profile": profile, "items": []}
    faults: list[RowFault] = []
    for number, cells in enumerate(rows[1:], start=2):
        if any(cells):
            _Row(number, cells, columns, profile, faults).add_to(body)
    if faults:
        raise ActivityFileWrong.of(faults)
    if not body["items"]:
        raise ActivityFileWrong.whole("The file has a header and no activity.")
    return msgspec.convert(body, EventFootprintRequest)


def _rows(text: str) -> list[list[str]]:
    """The cells of every row, without spaces around them."""
    if len(text.encode()) > LIMIT_BYTES:
        raise ActivityFileWrong.whole(f"The text is longer than {LIMIT_BYTES} bytes.")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[list[str]] = []
    try:
        for cells in reader:
            rows.append([_FORMULA.sub("", each.strip(), count=1) for each in cells])
            if len(rows) > LIMIT_ROWS + 1:
                raise ActivityFileWrong.whole(f"The file has more than {LIMIT_ROWS} rows: send it in parts, or add up.")
    except csv.Error as error:
        raise ActivityFileWrong.of(
            [RowFault(len(rows) + 1, "-", "", f"no CSV ({error}): close every quote")]
        ) from error
    return rows


def _columns(header: Sequence[str]) -> dict[str, int]:
    """Where each column stands."""
    if len(header) == 1 and any(mark in header[0] for mark in ";\t；，"):
        raise ActivityFileWrong.whole("Columns are separated by commas here: save the file as “CSV UTF-8”.")
    names = [ZH_COLUMNS.get(each, each.lower()) for each in header]
    permitted = "one of " + ", ".join(f"{name} ({zh})" for name, zh in COLUMNS.items()) + ", each once"
    faults = [
        RowFault(1, f"{at}", header[at - 1][:_SHOWN], permitted)
        for at, name in enumerate(names, start=1)
        if name not in COLUMNS or name in names[: at - 1]
    ]
    faults += [
        RowFault(1, name, "", f"the column {name} ({COLUMNS[name]}) is missing")
        for name in ("activity", "quantity", "unit")
        if name not in names
    ]
    if faults:
        raise ActivityFileWrong.of(faults)
    return {name: at for at, name in enumerate(names)}


class _Row:
    """One row while it is read; what is wrong with it goes into *faults*."""

    def __init__(
        self, number: int, cells: Sequence[str], columns: Mapping[str, int], profile: ProfileId, faults: list[RowFault]
    ) -> None:
        self._number = number
        self._cells = {name: cells[at] if at < len(cells) else "" for name, at in columns.items()}
        self._beyond = [each for each in cells[len(columns) :] if each]
        self._profile: ProfileId = profile
        self._faults = faults

    def add_to(self, body: dict[str, Any]) -> None:
        """Add what the row says to the body of a footprint, if nothing is wrong with it."""
        before = len(self._faults)
        known = activities_of(self._profile)
        given = self._cells["activity"]
        name = ZH_ACTIVITIES.get(given, given.lower())
        if name not in known:
            listed = ", ".join(f"{each} ({ACTIVITIES[each].zh})" for each in known)
            self._wrong("activity", f"{self._profile} counts {listed}")
            return
        activity = ACTIVITIES[name]
        self._check_columns(name, activity)
        quantity, unit = self._amount(name, activity)
        if len(self._faults) == before:
            self._put(body, name, quantity, unit)

    def _wrong(self, column: str, permitted: str) -> None:
        self._faults.append(RowFault(self._number, column, self._cells.get(column, "")[:_SHOWN], permitted))

    def _check_columns(self, name: str, activity: Activity) -> None:
        for each in self._beyond:
            self._faults.append(RowFault(self._number, "-", each[:_SHOWN], "no cell beyond the header's columns"))
        for column in activity.takes:
            if not self._cells.get(column):
                self._wrong(column, f"{name} takes {column} ({COLUMNS[column]})")
        for column, text in self._cells.items():
            if column in ("activity", "quantity", "unit", "note", *activity.takes, *activity.may_take):
                fault = texts.fault(text) or (f"at most {LIMIT_CELL} characters" if len(text) > LIMIT_CELL else "")
                if fault:
                    self._wrong(column, fault)
            elif text:
                self._wrong(column, f"empty: {name} takes no {column}")
        for column, pattern, permitted in (
            ("year", r"20[0-9]{2}|2100", "a year from 2000 to 2100"),
            ("persons", r"[1-9][0-9]{0,7}", "a whole number of people, from 1"),
            ("region", r"[A-Za-z0-9][A-Za-z0-9-]{0,39}", "a grid of /factors, such as CN or CN-510000"),
            ("basis", r"[A-Za-z0-9][A-Za-z0-9-]{0,39}", "average, or another basis of /factors"),
            ("factor_kg_per_unit", r"(0|[1-9][0-9]{0,7})(\.[0-9]{1,6})?", "kilograms for one unit, such as 0.45"),
        ):
            text = self._cells.get(column, "")
            if text and not re.fullmatch(pattern, text):
                self._wrong(column, permitted)

    def _amount(self, name: str, activity: Activity) -> tuple[str, str]:
        """The quantity in the unit that is counted, and that unit's word."""
        if name == "residual-mix":
            for column in ("quantity", "unit"):
                if self._cells[column]:
                    self._wrong(column, "empty: it names a factor")
            return "", ""
        unit = ZH_UNITS.get(self._cells["unit"], self._cells["unit"])
        times = {each.lower(): value for each, value in activity.units.items()}.get(unit.lower(), Decimal(1))
        if activity.units and unit.lower() not in {each.lower() for each in activity.units}:
            self._wrong("unit", " or ".join(activity.units))
        elif not activity.units and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]{0,39}", unit):
            self._wrong("unit", "the unit of your factor, in letters, such as t, kg or meals")
        if not _NUMBER.fullmatch(self._cells["quantity"]):
            self._wrong("quantity", "a number with a decimal point, such as 1200 or 0.5; no separators, no sign")
            return "", unit
        return self._counted(Decimal(self._cells["quantity"]) * times), unit

    def _counted(self, amount: Decimal) -> str:
        if amount > MAX_QUANTITY:
            self._wrong("quantity", f"at most {MAX_QUANTITY} of the unit that is counted, this is {amount:f}")
        if amount != round(amount, _PLACES):
            self._wrong("quantity", f"at most {_PLACES} decimals")
        text = format(amount, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text

    def _put(self, body: dict[str, Any], name: str, quantity: str, unit: str) -> None:
        cells = self._cells
        match name:
            case "served":
                self._serve(body, quantity, unit.lower())
                return
            case "residual-mix":
                region, year, basis = cells["region"], int(cells["year"]), cells["basis"]
                if self._is_known(region, year, basis):
                    body["residual"] = {"region": region, "year": year, "basis": basis}
                return
            case "green-power":
                if "." in quantity or quantity == "0":
                    self._wrong("quantity", "whole kilowatt-hours, at least 1")
                    return
                body["items"].append({"kind": name, "number": cells["number"], "green_kwh": int(quantity)})
                return
        item = self._item(name, quantity, unit)
        if item is None:
            return
        try:
            msgspec.convert(item, EventActivity)
        except msgspec.ValidationError as error:
            self._wrong("quantity", str(error))
            return
        body["items"].append(item)

    def _serve(self, body: dict[str, Any], quantity: str, unit: str) -> None:
        wanted = SERVED.get(self._profile)
        if unit != wanted:
            self._wrong("unit", f"{self._profile} serves {wanted}")
        elif "." in quantity or quantity == "0":
            self._wrong("quantity", "a whole number, at least 1")
        elif "served" in body:
            self._wrong("activity", "served stands once")
        else:
            body["served"] = {"unit": unit, "count": int(quantity)}

    def _item(self, name: str, quantity: str, unit: str) -> dict[str, Any] | None:
        category = ACTIVITIES[name].category
        if name == "electricity":
            return self._electricity(quantity)
        if category == "accommodation":
            if "." in quantity:
                self._wrong("quantity", "a whole number")
                return None
            return {"kind": "accommodation", "room_nights": int(quantity)}
        if category == "travel":
            persons = int(self._cells.get("persons") or 1)
            return {"kind": "travel", "mode": name, "persons": persons, "distance_km": quantity}
        if name in _SIMPLE:
            return {**_SIMPLE[name], _COUNTED_IN[name]: quantity}
        return self._declared(name, quantity, unit)

    def _electricity(self, quantity: str) -> dict[str, Any] | None:
        cells = self._cells
        region, year, basis = cells["region"], int(cells["year"]), cells.get("basis") or "average"
        if not self._is_known(region, year, basis):
            return None
        named = {"grid_region": region, "grid_year": year, "grid_basis": basis}
        return {"kind": "electricity", "electricity_kwh": quantity, **named}

    def _declared(self, name: str, quantity: str, unit: str) -> dict[str, Any]:
        cells = self._cells
        declared = {"quantity": quantity, "unit": unit, "factor_kg_per_unit": cells["factor_kg_per_unit"]}
        declared["factor_source"] = cells["source"]
        if ACTIVITIES[name].category == "scope":
            what = cells.get("note") or name
            return {"kind": "declared", "scope": int(name[-1]), "what": what[:200], **declared}
        return {"kind": "supply", "category": name, **declared}

    def _is_known(self, region: str, year: int, basis: str) -> bool:
        try:
            factors.table().find("grid-electricity", region=region, year=year, basis=basis)
        except UnknownFactor:
            known = [each for each in factors.table().factors if each.key == "grid-electricity"]
            listed = "; ".join(f"{each.region} {each.year} {each.basis}" for each in known)
            self._wrong("region", f"a grid, year and basis for which there is a factor: {listed}")
            return False
        return True


def template(profile: ProfileId, *, zh: bool = False) -> list[list[str]]:
    """A header and a row for some activities of a profile, to be overwritten."""
    names = activities_of(profile)
    rows = []
    for name, cells in EXAMPLES.items():
        if name in names:
            unit = SERVED.get(profile, cells[1]) if name == "served" else cells[1]
            rows.append([ACTIVITIES[name].zh if zh else name, cells[0], unit, *cells[2:]])
    return [list(COLUMNS.values()) if zh else list(COLUMNS), *rows]
