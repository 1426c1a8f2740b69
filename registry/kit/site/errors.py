"""Refusals on pages: the same problems as the API's, as a page."""

from typing import Any, Final

from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER
from litestar.types import ExceptionHandlersMap

from registry.kit import http
from registry.kit.problems import DomainError, Kind
from registry.kit.site.frame import Frame, here


def _refused(request: "Request[Any, Any, Any]", error: DomainError) -> Response[Any]:
    if error.kind == Kind.UNAUTHENTICATED:
        return Redirect("/sign-in", status_code=HTTP_303_SEE_OTHER, query_params={"then": here(request)})
    return page_of(request, http.refused(request, error))


def _malformed(request: "Request[Any, Any, Any]", error: HTTPException) -> Response[Any]:
    return page_of(request, http.malformed(request, error))


def _failed(request: "Request[Any, Any, Any]", error: Exception) -> Response[Any]:
    return page_of(request, http.failed(request, error))


def page_of(request: "Request[Any, Any, Any]", answer: Response[dict[str, Any]]) -> Response[Any]:
    """The page of a problem, with its status and headers."""
    frame: Frame = request.app.state.frame
    page = frame.page(request, "site/problem.html", status=answer.status_code or 500, problem=answer.content)
    page.headers.update({name: value for name, value in answer.headers.items() if name != "WWW-Authenticate"})
    return page


def unrouted(request: "Request[Any, Any, Any]", error: HTTPException) -> Response[Any]:
    """There is nothing at an address: a page for a browser, a problem document for a program."""
    html = "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/v1/")
    return _malformed(request, error) if html else http.malformed(request, error)


PAGE_HANDLERS: Final[ExceptionHandlersMap] = {DomainError: _refused, HTTPException: _malformed, Exception: _failed}
