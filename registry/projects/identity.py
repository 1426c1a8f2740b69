"""Which two projects are one, and what a report may not say that its project's design does not. Pure."""

from collections.abc import Iterable, Sequence
from decimal import ROUND_UP, Decimal

from registry.kit.problems import DomainError, Kind
from registry.kit.spelling import spelling
from registry.projects.rules import DAYS_A_YEAR
from schemas.methodologies import ForestSinkActivity, KilnElectrificationActivity
from schemas.projects import NewReport, Project, Report

NEAR_DEGREES = Decimal("0.001")
"""Two middles this close, about 100 m, are one site, whatever numbers they are given."""
FAR_ABOVE_PERCENT = 20
"""So far above the design estimate a result needs the verifier's justification: a decision of this registry."""


class ProjectRepeated(DomainError):
    """Another project stands on the same site, with the same methodology, in the same years."""

    kind, slug, title = Kind.CONFLICT, "project-repeated", "Registered already"


class EvidenceUsed(DomainError):
    """A document is the evidence of another project or report."""

    kind, slug, title = Kind.CONFLICT, "evidence-used", "The same evidence twice"


class ReportUsed(DomainError):
    """A verifier's report carries another decision already."""

    kind, slug, title = Kind.CONFLICT, "report-used", "One report for two decisions"


class NoEvidence(DomainError):
    """No document is named."""

    kind, slug, title = Kind.UNPROCESSABLE, "no-evidence", "No documents"


class OutsideDesign(DomainError):
    """The activity data do not fit the project's design."""

    kind, slug, title = Kind.UNPROCESSABLE, "outside-design", "Not what the project is designed for"


class AboveDesign(DomainError):
    """The result is far above the design estimate, and the verifier does not say why."""

    kind, slug, title = Kind.UNPROCESSABLE, "above-design", "Far above the design estimate"


def check_evidence(what: str, documents: Sequence[str]) -> None:
    """Raise `NoEvidence` for an empty list."""
    if not documents:
        raise NoEvidence(f"{what} names no document. Upload its evidence to /v1/documents and name it in documents.")


def check_unrepeated(project: Project, standing: Iterable[Project]) -> None:
    """
    Raise `ProjectRepeated` if *project* is one of *standing*, which share its methodology and years.

    Coordinates decide first: what is near is one site, and a number is easily invented. Then numbers do: two different
    ones are two, the same one is one in the hands of one developer, unless coordinates say that it is elsewhere. Else
    the words of the location do, and the name if the developer is the same.
    """
    for other in standing:
        if what := _same_site(project, other):
            why = f"the number {spelling(_number(project))!r}" if what == "number" else _COMMON[what]
            raise ProjectRepeated(
                f"{project.code} ({project.name}, {project.location}) and {other.code} ({other.name}, "
                f"{other.location}, {other.state}) have {why}, {project.methodology} and years in common: "
                f"{max(project.crediting_begins, other.crediting_begins)} to "
                f"{min(project.crediting_ends, other.crediting_ends)}. {_TWO[what]}",
                project=project.code,
                other=other.code,
                other_id=other.id,
            )


_COMMON = {"coordinates": "the coordinates", "location": "the location", "name": "the name and the developer"}
_TWO = {
    "coordinates": f"Kilns, boilers or parcels within {NEAR_DEGREES} degrees are one project, whose reports count them "
    "together. If they lie further apart, correct the coordinates in site.",
    "number": "If they are two, give the coordinates of each in site.",
    "location": "If they are two, say in location where each is, or give the number of each in site.",
    "name": "If they are two, give each a name of its own.",
}
"""What to do about it, by what the two have in common."""


def _same_site(one: Project, other: Project) -> str:
    if near := _near(one, other):
        return "coordinates"
    one_developer = one.developer_id == other.developer_id
    if (number := _number(one)) and _number(other):
        if spelling(number) != spelling(_number(other)):
            return ""
        if near is None and one_developer:
            return "number"
    if spelling(one.location) == spelling(other.location):
        return "location"
    return "name" if one_developer and spelling(one.name) == spelling(other.name) else ""


def _number(project: Project) -> str:
    return (project.site.number if project.site else None) or ""


def _near(one: Project, other: Project) -> bool | None:
    """Whether the coordinates are those of one site; None if one of the two has none."""
    places = [
        (Decimal(each.site.latitude), Decimal(each.site.longitude))
        for each in (one, other)
        if each.site and each.site.latitude and each.site.longitude
    ]
    if len(places) < 2:  # noqa: PLR2004 - both have a place
        return None
    return all(abs(a - b) <= NEAR_DEGREES for a, b in zip(*places, strict=True))


def check_design(project: Project, report: NewReport, others: Iterable[Report]) -> None:
    """
    Raise `OutsideDesign` for more hectares than the project has, or another grid factor than it counts with.

    What the project's design leaves open, its first report that was not sent back has fixed. No grid factor is of a
    year after the vintage.
    """
    first = next((each for each in others if each.state != "rejected"), None)
    match report.activity:
        case ForestSinkActivity() as forest:
            _check_area(project, forest, first)
        case KilnElectrificationActivity() as kiln:
            _check_grid(project, kiln, first, report.ends.year)


def _check_area(project: Project, forest: ForestSinkActivity, first: Report | None) -> None:
    own = project.site.area_ha if project.site else None
    if own is None and first is not None and isinstance(first.activity, ForestSinkActivity):
        own = first.activity.area_ha
    if own is not None and Decimal(forest.area_ha) > Decimal(own):
        raise OutsideDesign(
            f"The report counts {forest.area_ha} ha, {project.code} has {own} ha. Count at most that; land that was "
            "added is a project of its own."
        )


def _check_grid(project: Project, kiln: KilnElectrificationActivity, first: Report | None, vintage: int) -> None:
    design = project.design
    own = (design.grid_region, design.grid_year) if design else (None, None)
    if own == (None, None) and first is not None and isinstance(first.activity, KilnElectrificationActivity):
        own = (first.activity.grid_region, first.activity.grid_year)
    region, year = own[0] or kiln.grid_region, own[1] or kiln.grid_year
    if (kiln.grid_region, kiln.grid_year) != (region, year):
        raise OutsideDesign(
            f"The report counts with the grid factor of {kiln.grid_region} {kiln.grid_year}, {project.code} with that "
            f"of {region} {year}. Use that one: a factor is not chosen afresh with each report."
        )
    if kiln.grid_year > vintage:
        raise OutsideDesign(f"A grid factor of {kiln.grid_year} says nothing about {vintage}. Name an earlier year.")


def check_verified_amount(project: Project, report: Report, others: Iterable[Report], justification: str) -> None:
    """
    Raise `AboveDesign` for a result far above the design estimate without the verifier's *justification*.

    A project without an estimate is compared with its first report that was not sent back.
    """
    expected_kg = _expected_kg(project, report, others)
    if expected_kg is None or justification.strip():
        return
    limit_kg = expected_kg * (100 + FAR_ABOVE_PERCENT) // 100
    if report.reduction.reduction_kg > limit_kg:
        raise AboveDesign(
            f"Report {report.id} has {report.reduction.reduction_kg} kg; for its {_days(report)} days "
            f"{project.code} expects {expected_kg} kg, and {limit_kg} kg is {FAR_ABOVE_PERCENT} % more. "
            "Say in above_design why it is right, or send the report back.",
            expected_kg=int(expected_kg),
            reduction_kg=report.reduction.reduction_kg,
        )


def _expected_kg(project: Project, report: Report, others: Iterable[Report]) -> Decimal | None:
    if project.design is not None:
        yearly = Decimal(project.design.annual_t * 1000 * _days(report)) / DAYS_A_YEAR
        return yearly.to_integral_value(ROUND_UP)
    for first in others:
        if first.state != "rejected" and first.id < report.id:
            return (Decimal(first.reduction.reduction_kg * _days(report)) / _days(first)).to_integral_value(ROUND_UP)
    return None


def _days(report: Report) -> int:
    return (report.ends - report.begins).days + 1
