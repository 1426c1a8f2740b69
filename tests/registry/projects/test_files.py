"""A file is of a type that is taken, and is what its type says."""

import io
import zipfile

import pytest

from registry.projects import files
from registry.projects.files import FileTypeRefused
from tests.probes import refused, unchanged
from tests.registry.projects.life import upload
from tests.worlds import World

SHEET, TEXT = tuple(each for each in files.TYPES if "openxml" in each)


def office(*names: str) -> bytes:
    """A zip with the parts of an office document."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, "<x/>")
    return made.getvalue()


GOOD = {
    "application/pdf": (b"%PDF-1.7\n\x00\xff",),
    "image/png": (b"\x89PNG\r\n\x1a\n\x00",),
    "image/jpeg": (b"\xff\xd8\xff\xe0\x00",),
    "image/tiff": (b"II*\x00\x08", b"MM\x00*\x08"),
    SHEET: (office("[Content_Types].xml", "xl/workbook.xml"),),
    TEXT: (office("[Content_Types].xml", "word/document.xml"),),
    "text/plain": ("Evidence 证据\r\n".encode(), "证据".encode("gbk"), b"<script>"),
    "text/csv": (b"kg;day\n1;2\n",),
    "application/json": (b'{"a": [1, 2]}',),
    "application/geo+json": (b'{"type": "Point", "coordinates": [1, 2]}',),
}
PROGRAM = b"\x7fELF\x02\x01\x01\x00"


def test_every_type_has_an_example():
    """What is taken is in the table above."""
    assert set(files.TYPES) == set(GOOD)


@pytest.mark.parametrize("media_type", files.TYPES)
def test_a_file_of_its_type_is_taken(media_type: str):
    """Also with a parameter, and in other letters."""
    for content in GOOD[media_type]:
        files.check_type(media_type, content)
        files.check_type(f"{media_type.upper()} ; charset=gbk", content)


@pytest.mark.parametrize("media_type", files.TYPES)
def test_a_program_is_no_file_of_any_type(media_type: str):
    """The name alone says nothing."""
    for content in (PROGRAM, b"PK\x03\x04\x00", b"\x00"):
        with pytest.raises(FileTypeRefused):
            files.check_type(media_type, content)


@pytest.mark.parametrize(
    "media_type", ["", "text/html", "image/svg+xml", "application/zip", "application/octet-stream"]
)
def test_other_types_are_not_taken(media_type: str):
    """Pages, drawings with scripts, archives, and what does not say what it is."""
    with pytest.raises(FileTypeRefused, match=r"are not taken.*application/pdf"):
        files.check_type(media_type, b"<svg/>")


def test_a_workbook_with_macros_is_not_taken():
    """A browser that opens evidence must not run it."""
    with pytest.raises(FileTypeRefused, match="macros"):
        files.check_type(SHEET, office("[Content_Types].xml", "xl/workbook.xml", "xl/vbaProject.bin"))


@pytest.mark.parametrize("content", [b"", b"{", b"{} {}", b"nothing", b"[" * 100_000])
def test_what_is_no_json(content: bytes):
    """It is read whole, however deep."""
    with pytest.raises(FileTypeRefused):
        files.check_type("application/json", content)


async def test_an_upload_of_another_type_is_refused(empty: World):
    """422, and nothing is kept."""
    async with unchanged(empty):
        for content, media_type in ((b"<html>", "text/html"), (PROGRAM, "application/pdf"), (PROGRAM, "text/plain")):
            answer = await upload(empty, content, by=empty.regulators[0], media_type=media_type)
            refused(answer, 422, "file-type", media_type)
