"""The QR code of a certificate."""

from io import BytesIO

import segno


def qr_svg(text: str) -> str:
    """A QR code as SVG, level M; an address in upper case takes the compact alphanumeric mode."""
    out = BytesIO()
    code = segno.make_qr(text, error="m", boost_error=False)
    code.save(out, kind="svg", border=2, svgns=True, xmldecl=False, nl=False)
    return out.getvalue().decode()
