"""
Entering as one of the season's people with one click: the demo's landing page, and nowhere else.

`kilnwood demo --serve` tells its service who they are (`KILNWOOD_DEMO_PEOPLE`), which a real region, or one that others
reach, refuses to start with. What is entered is a session of the person's own key, like one after signing in with it:
nobody else has made a key, so nobody is joined.
"""

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

import msgspec
from litestar import Controller, Request, Response, post
from litestar.di import NamedDependency
from litestar.params import PathParameter
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER
from msgspec import Struct

from registry.access.authorisation import Denied
from registry.access.authority import Authority
from registry.access.http import browser_of
from registry.access.sessions.rules import device_of
from registry.access.sign_in import service
from registry.access.sign_in.service import SignIns
from registry.access.visitor import PageCall
from registry.kit.problems import Unknown

LOOPBACK_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "::1"})
FORWARDED: Final = ("forwarded", "x-forwarded-for", "x-forwarded-host", "via")


class Entrant(Struct, frozen=True, kw_only=True):
    """One of the demo's people: how the page calls them, and the file with their key."""

    word: str
    name: str
    organisation: str
    roles: tuple[str, ...]
    key_file: str

    @property
    def key(self) -> str:
        """Their own key."""
        return Path(self.key_file).read_text("ascii").strip()


Entrants = tuple[Entrant, ...]


def read_entrants(path: str) -> Entrants:
    """The people of a file that the demo wrote; none without one."""
    return msgspec.json.decode(Path(path).read_bytes(), type=Entrants) if path else ()


def write_entrants(path: Path, entrants: Entrants) -> None:
    """Write that file."""
    path.write_bytes(msgspec.json.encode(entrants))


class EnteringPages(Controller):
    """Only a demo's application has it."""

    path = "/enter"

    @post("/{word:str}", status_code=HTTP_303_SEE_OTHER)
    async def enter(
        self,
        word: Annotated[str, PathParameter(max_length=40)],
        page: NamedDependency[PageCall],
        authority: NamedDependency[Authority],
        sign_ins: NamedDependency[SignIns],
        entrants: NamedDependency[Entrants],
    ) -> Response[Any]:
        """Sign in as one of the people, from this machine."""
        require_loopback(page.request)
        found = next((each for each in entrants if each.word == word), None)
        if found is None:
            raise Unknown(f"Nobody of the demo is called {word}.")
        browser = browser_of(page.request)
        holder = await authority.authenticate(found.key)
        _, secret = await service.sign_in_with_key(
            holder, device_of(browser.user_agent), before=page.visitor.by, signs=sign_ins
        )
        browser.keep(secret)
        return Redirect("/desk", status_code=HTTP_303_SEE_OTHER)


def require_loopback(request: Request[Any, Any, Any]) -> None:
    """Raise `Denied` unless it is from this machine, to this machine, through nobody: a name alone is not enough."""
    try:
        host = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
        near = request.client is not None and ip_address(request.client.host).is_loopback
    except ValueError:
        host, near = "", False
    if not near or host not in LOOPBACK_HOSTS or any(each in request.headers for each in FORWARDED):
        raise Denied("One enters as somebody of the demo only from the machine on which it runs.")
