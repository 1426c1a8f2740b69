"""
The headers that every answer has, whatever it says: one place for all of them, added as an answer begins.

`X-Frame-Options` is not among them: `frame-ancestors` says the same to every browser of today.
"""

from collections.abc import Iterable
from itertools import product
from typing import Final

Header = tuple[bytes, bytes]

PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""Pages load what this service serves and nothing else: no script stands in them, and no other site frames them."""
UNFRAMED: Final = "frame-ancestors 'none'"
"""What runs no scripts stands in nobody's frame either."""
HSTS: Final = "max-age=31536000; includeSubDomains"
"""A year of TLS only, for the host and the names under it, said by TLS alone."""
_SCRIPTABLE: Final = (b"text/html", b"application/xhtml", b"image/svg", b"text/xml", b"application/xml")
"""What a browser that opens it runs scripts of."""
_ALWAYS: Final[tuple[Header, ...]] = ((b"x-content-type-options", b"nosniff"),)
_PAGE: Final[tuple[Header, ...]] = ((b"referrer-policy", b"no-referrer"),)
_POLICIES: Final[dict[bool, Header]] = {
    True: (b"content-security-policy", PAGE_POLICY.encode()),
    False: (b"content-security-policy", UNFRAMED.encode()),
}
"""Of pages, and of everything else."""
_NOT_KEPT: Final[tuple[Header, ...]] = ((b"cache-control", b"no-store"),)
_BY_TLS: Final[tuple[Header, ...]] = ((b"strict-transport-security", HSTS.encode()),)
_ADDED: Final = {
    (page, kept, secure): (*_ALWAYS, *(_PAGE if page else ()), *_NOT_KEPT * (not kept), *_BY_TLS * secure)
    for page, kept, secure in product((False, True), repeat=3)
}


def protected(headers: Iterable[Header], *, secure: bool = False) -> list[Header]:
    """
    The *headers* of an answer and those that it must have; *secure* if its request came by TLS.

    A page that states a content policy of its own keeps that one: it is stricter, or for a file that is saved.
    Nothing is stored by a cache unless the answer says that it may be: what is personal never does.
    """
    page = kept = own = False
    found = list(headers)
    for name, value in found:
        if name == b"cache-control":
            kept = True
        elif name == b"content-security-policy":
            own = True
        elif name == b"content-type":
            page = value.startswith(_SCRIPTABLE)
    found += _ADDED[page, kept, secure]
    if not own:
        found.append(_POLICIES[page])
    return found
