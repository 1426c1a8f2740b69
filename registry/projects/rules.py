"""The states of projects and reports, and the steps between them. Pure."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import ROUND_DOWN, Decimal

from msgspec import UNSET, structs

from registry.kit.problems import DomainError, Invalid, Kind
from schemas.access import Role
from schemas.methodologies import ForestSinkActivity
from schemas.projects import NewReport, Project, ProjectBody, ProjectChange, Report

PROJECT_STEPS: dict[str, frozenset[str]] = {
    "update": frozenset({"draft", "rejected"}),
    "submit": frozenset({"draft", "rejected"}),
    "withdraw": frozenset({"draft", "rejected"}),
    "validate": frozenset({"submitted"}),
    "open_notice": frozenset({"validated"}),
    "comment": frozenset({"public_notice"}),
    "object": frozenset({"public_notice"}),
    "answer": frozenset({"public_notice"}),
    "register": frozenset({"public_notice"}),
    "reject": frozenset({"submitted", "validated", "public_notice"}),
    "report": frozenset({"registered"}),
    "record": frozenset({"registered"}),
}
REPORT_STEPS: dict[str, frozenset[str]] = {
    "resubmit": frozenset({"rejected"}),
    "verify": frozenset({"submitted"}),
    "reject": frozenset({"submitted", "verified"}),
    "issue": frozenset({"verified"}),
}
WHO_REJECTS: dict[str, Role] = {
    "submitted": Role.VERIFIER,
    "validated": Role.REGULATOR,
    "public_notice": Role.REGULATOR,
    "verified": Role.REGULATOR,
}
"""Which role acts in a state, and may therefore send it back."""


class WrongState(DomainError):
    """The step does not follow from the state that the project or report is in."""

    kind, slug, title = Kind.CONFLICT, "wrong-state", "Not at this stage"


class NoticeRunning(DomainError):
    """The public notice has not ended."""

    kind, slug, title = Kind.CONFLICT, "notice-running", "The public notice is still running"


class NoticeOver(DomainError):
    """The public notice has ended."""

    kind, slug, title = Kind.CONFLICT, "notice-over", "The public notice is over"


class ObjectionsOpen(DomainError):
    """Objections of the public notice have no answer."""

    kind, slug, title = Kind.CONFLICT, "objections-open", "Objections without an answer"


class NotOpen(DomainError):
    """An objection that is to be answered has an answer, or belongs to another project."""

    kind, slug, title = Kind.CONFLICT, "objection-not-open", "Nothing to answer"


class OutsidePeriod(DomainError):
    """The monitoring period does not fit the project or another report."""

    kind, slug, title = Kind.UNPROCESSABLE, "outside-period", "The monitoring period does not fit"


class WrongMethodology(DomainError):
    """The activity data belong to another methodology than the project's."""

    kind, slug, title = Kind.UNPROCESSABLE, "wrong-methodology", "Another methodology"


class UnknownDocument(DomainError):
    """The request names a document that was not uploaded."""

    kind, slug, title = Kind.UNPROCESSABLE, "unknown-document", "Document not uploaded"


class NotTheVerifiers(DomainError):
    """Nobody of the verifier uploaded the report that is said to be the verifier's."""

    kind, slug, title = Kind.UNPROCESSABLE, "not-the-verifiers", "Not the verifier's report"


class OwnReport(DomainError):
    """A report that somebody else must write is evidence of those whom it is about."""

    kind, slug, title = Kind.UNPROCESSABLE, "own-report", "The report is one's own file"


class NotYourTurn(DomainError):
    """Another role decides in this state."""

    kind, slug, title = Kind.DENIED, "not-your-turn", "Somebody else decides here"


def check_step(what: str, step: str, state: str, allowed: dict[str, frozenset[str]]) -> None:
    """Raise `WrongState` unless *step* follows from *state*."""
    if state not in allowed[step]:
        raise WrongState(
            f"{what} is {state}; '{step}' takes one that is {' or '.join(sorted(allowed[step]))}.",
            state=state,
            allowed=sorted(allowed[step]),
        )


def changed(project: Project, change: ProjectChange) -> ProjectBody:
    """What a project says after a change; what was left out is as before. Raises `Invalid` for a wrong period."""
    body = {name: getattr(project, name) for name in ProjectBody.__struct_fields__}
    body |= {name: value for name, value in structs.asdict(change).items() if value is not UNSET}
    try:
        return ProjectBody(**body)
    except ValueError as error:
        raise Invalid(f"{error}.") from error


MAX_DOCUMENTS = 50
"""As many as a body may name."""


def check_document_number(project: Project) -> None:
    """Raise `Invalid` where one more document would be too many."""
    if len(project.documents) >= MAX_DOCUMENTS:
        raise Invalid(
            f"{project.code} names {len(project.documents)} documents, and a project names at most {MAX_DOCUMENTS}. "
            "Put several into one file, or remove one."
        )


def check_notice_over(project: Project, over_at: datetime, now: datetime) -> None:
    """Raise `NoticeRunning` until *over_at*, the instant at which the last day of the notice is over in the region."""
    if now < over_at:
        raise NoticeRunning(
            f"The public notice of {project.code} runs to the end of {project.notice_ends} (Asia/Shanghai); "
            f"it is {now:%Y-%m-%d %H:%M}Z. Register it from {over_at:%Y-%m-%d %H:%M}Z on.",
            notice_ends=str(project.notice_ends),
        )


def check_notice_runs(project: Project, over_at: datetime, now: datetime) -> None:
    """Raise `NoticeOver` from *over_at* on: later comments are not part of the notice."""
    if now >= over_at:
        raise NoticeOver(
            f"The public notice of {project.code} ended with {project.notice_ends} (Asia/Shanghai): "
            "comments and objections are no longer taken.",
            notice_ends=str(project.notice_ends),
        )


def check_answered(project: Project, still_open: int, first: int | None) -> None:
    """Raise `ObjectionsOpen` while an objection has no answer."""
    if still_open:
        raise ObjectionsOpen(
            f"{still_open} objections to {project.code} have no answer, first {first}. Answer them, one by one or all "
            f"together (leave objections out), at /v1/projects/{project.id}/answers; then register it, or reject it.",
            open=still_open,
            first=first,
        )


def check_all_taken(asked: Sequence[int] | None, answered: int) -> None:
    """Raise `NotOpen` unless each objection that is asked for took the answer, and at least one did."""
    wanted = len(set(asked)) if asked is not None else max(answered, 1)
    if answered != wanted or not answered:
        raise NotOpen(
            f"{answered} of {wanted} objections could be answered: the others have an answer, or are not of this "
            "project. Read the list again and name those without an answer."
        )


DAYS_A_YEAR = 365


def _check_length(report: NewReport) -> None:
    """Raise `OutsidePeriod` if a forest is said to have grown for longer than the period."""
    days = (report.ends - report.begins).days + 1
    if isinstance(report.activity, ForestSinkActivity) and Decimal(report.activity.years) * DAYS_A_YEAR > days:
        raise OutsidePeriod(
            f"The activity counts {report.activity.years} years of growth, the period has {days} days. "
            f"Count at most {(Decimal(days) / DAYS_A_YEAR).quantize(Decimal('0.001'), ROUND_DOWN)} years."
        )


def check_report(project: Project, report: NewReport, others: Iterable[Report], today: date) -> None:
    """
    Check a monitoring report against its project and the project's other reports.

    Its period must lie inside the crediting period, be over, and overlap no other. Raises `OutsidePeriod`,
    `WrongMethodology`.
    """
    methodology = str(report.activity.__struct_config__.tag).partition("/")[0]
    if methodology != project.methodology:
        raise WrongMethodology(f"{project.code} uses {project.methodology}; these activity data are for {methodology}.")
    _check_length(report)
    if report.begins < project.crediting_begins or report.ends > project.crediting_ends:
        raise OutsidePeriod(
            f"{report.begins} to {report.ends} is not inside the crediting period "
            f"{project.crediting_begins} to {project.crediting_ends} of {project.code}."
        )
    if report.ends >= today:
        raise OutsidePeriod(f"The period ends on {report.ends}, today is {today}: only what is over can be monitored.")
    for other in others:
        if other.state != "rejected" and report.begins <= other.ends and other.begins <= report.ends:
            raise OutsidePeriod(
                f"{report.begins} to {report.ends} overlaps report {other.id} ({other.begins} to {other.ends}, "
                f"{other.state}): the same reduction would count twice.",
                report_id=other.id,
            )
