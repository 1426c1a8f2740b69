"""What a PDF says to somebody who reads it."""

import shutil
import subprocess
from pathlib import Path

PDFTOTEXT = shutil.which("pdftotext")


def written(pdf: bytes, folder: Path) -> str | None:
    """The words on the sheets, with single spaces between them; None where no pdftotext is installed."""
    if PDFTOTEXT is None:
        return None
    (folder / "read.pdf").write_bytes(pdf)
    read = subprocess.run([PDFTOTEXT, folder / "read.pdf", "-"], capture_output=True, check=True, text=True)
    return " ".join(read.stdout.split())
