"""
The frame of pages: templates of all capabilities in one environment, and how one page is answered.

A template holds no rule and no SQL: it shows what a service returned. Its text is English; `language.py` has the
Chinese. What people wrote is escaped wherever it is shown.
"""

import hashlib
import html
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemLoader, PrefixLoader, StrictUndefined
from litestar import Request, Response
from litestar.datastructures import Cookie
from markupsafe import Markup, escape

from registry.kit import ids
from registry.kit.site import language
from registry.kit.site.form_fields import Form
from registry.kit.site.language import CODES, NAMES, Code, Language
from schemas.parties import RegionProfile

TEMPLATES: Final = Path(__file__).parent / "templates"
STATIC: Final = Path(__file__).parent / "static"
"""Our own styles and scripts."""
VENDOR: Final = Path(__file__).parent / "vendor"
"""Those of others, byte for byte."""
ASSETS: Final = "/assets"
LANGUAGE_COOKIE: Final = "language"
YEAR_S: Final = 365 * 24 * 3600
_speaking: ContextVar[Language] = ContextVar("language")


class Frame:
    """All templates, words and assets of the site. One for each process."""

    def __init__(self, folders: Mapping[str, Path], region: RegionProfile, **known: object) -> None:
        """
        Read the templates of *folders*, known as ``<key>/<file>``; ``site/…`` are the frame's own.

        *known* is what every template may show of this installation, such as its address.
        """
        folders = {"site": TEMPLATES, **folders}
        self.region = region
        self.languages = language.languages(folders.values())
        self.environment = Environment(
            loader=PrefixLoader({name: FileSystemLoader(folder) for name, folder in folders.items()}),
            autoescape=True,
            undefined=StrictUndefined,
            auto_reload=False,  # else every page looks at the file of every template
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
        )
        self.environment.install_gettext_callables(  # type: ignore[attr-defined]  # of the extension above
            lambda text: _speaking.get().word(text), _either, newstyle=True
        )
        self.environment.filters |= {
            "number": language.number,
            "tonnes": language.tonnes,
            "yuan": language.yuan,
            "percent": language.percent,
            "bytes": language.size,
            "path": lambda value: quote(str(value), safe=""),
            "day": lambda value: _speaking.get().day(value),
            "instant": lambda value: _speaking.get().instant(value),
            "word": lambda value: _speaking.get().word(str(value)),
            "translated": _translated,
            "iso": lambda value: value.isoformat() if isinstance(value, date | datetime) else str(value),
        }
        self.environment.globals |= {
            "asset": _Assets(),
            "new_key": lambda: ids.new("form"),
            "region": region,
            "language_names": NAMES,
            **known,
        }

    def words(self, request: "Request[Any, Any, Any]", values: Iterable[str]) -> list[tuple[str, str]]:
        """Words of data, each with what it is called in the language of *request*."""
        speaking = self.languages[_code_of(request)]
        return [(each, speaking.word(each.replace("_", " ").replace("-", " "))) for each in values]

    @staticmethod
    def code_of(request: "Request[Any, Any, Any]") -> Code:
        """The language in which *request* is answered."""
        return _code_of(request)

    def page(
        self, request: "Request[Any, Any, Any]", template: str, /, *, status: int = 200, **shown: object
    ) -> Response[str]:
        """
        The answer to *request*: a whole page, or only its block `main` where htmx asked for it.

        A form that was refused is shown again with what was entered and what was wrong, under the refusal's status.
        """
        code = _code_of(request)
        form = Form.of(request.scope)
        context = {
            "language": code,
            "other_languages": {each: _in_language(request, each) for each in CODES if each != code},
            "path": request.url.path,
            "here": here(request),
            "query": _query(request, without={"done", "lang", "cursor"}),
            "asked": request.query_params,
            "form_state": form,
            "fragment": request.headers.get("hx-request") == "true",
            "visitor": request.scope.get("user"),
            "done": request.query_params.get("done", ""),
            **shown,
        }
        token = _speaking.set(self.languages[code])
        try:
            text = self.environment.get_template(template).render(context)
        finally:
            _speaking.reset(token)
        chose = "lang" in request.query_params
        cookies = [Cookie(LANGUAGE_COOKIE, value=code, max_age=YEAR_S, samesite="lax")] if chose else []
        return Response(
            text,
            status_code=form.status or status,
            media_type="text/html",
            headers={
                "Vary": "Accept-Language, Cookie, HX-Request",
                "Content-Language": code,
                **({"Cache-Control": "no-store"} if form.answer else {}),
            },
            cookies=cookies,
        )

    def text(self, code: Code, template: str, /, **shown: object) -> str:
        """
        A template as plain text in one language, for a mail.

        What people wrote is escaped as in a page and then read back, so nothing in it can be taken for markup.
        """
        token = _speaking.set(self.languages[code])
        try:
            return html.unescape(self.environment.get_template(template).render(shown))
        finally:
            _speaking.reset(token)


def _code_of(request: "Request[Any, Any, Any]") -> Code:
    """The language of a request."""
    return language.chosen(
        request.query_params.get("lang"),
        request.cookies.get(LANGUAGE_COOKIE),
        request.headers.get("accept-language", ""),
    )


def _translated(refused: object) -> Markup:
    """
    A problem, a fault of a field or another text that rules wrote, in the language of the page.

    What only has English is marked as such, for those who have it read to them.
    """
    speaking = _speaking.get()
    if isinstance(refused, Mapping):
        faults = [str(each) for each in refused.get("errors", ())]
        if not faults or speaking.code == "en" or refused["detail"] != "; ".join(faults):
            return _translated(refused["detail"])
        return Markup("；").join(map(_fault, faults))
    said = speaking.translated(str(refused))
    return escape(said) if said is not None else Markup('<span lang="en">{}</span>').format(str(refused))


def _fault(text: str) -> Markup:
    """A fault with its place in the body: ``quantity_kg: is missing``."""
    place, _, what = text.partition(": ")
    return Markup("{}：{}").format(place, _translated(what)) if what and " " not in place else _translated(text)


def _either(one: str, many: str, count: int) -> str:
    """English has two forms of a noun, Chinese has one, under the English plural."""
    speaking = _speaking.get()
    return speaking.word(many) if speaking.code == "zh" or count != 1 else one


def here(request: "Request[Any, Any, Any]") -> str:
    """This page's address without its host, as a form gives it back."""
    query = _query(request, without={"done", "lang"})
    return request.url.path + (f"?{query}" if query else "")


def _query(request: "Request[Any, Any, Any]", *, without: set[str]) -> str:
    """What is asked, but for *without* and for the own fields of a form that is sent by GET to be shown again."""
    asked = request.query_params.items()
    return urlencode({name: value for name, value in asked if name not in without and not name.startswith("_")})


def _in_language(request: "Request[Any, Any, Any]", code: Code) -> str:
    address = here(request)
    return f"{address}{'&' if '?' in address else '?'}lang={code}"


class _Assets:
    """The address of an asset, with its hash, so that it may be kept for ever."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def __call__(self, name: str) -> str:
        if name not in self._known:
            file = VENDOR.parent / name if name.startswith("vendor/") else STATIC / name
            digest = hashlib.sha256(file.read_bytes()).hexdigest()[:12]
            self._known[name] = f"{ASSETS}/{name}?v={digest}"
        return self._known[name]
