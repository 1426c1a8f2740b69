"""Certificates as they are typeset: one sheet, the same bytes, nothing of what people wrote read as markup."""

import hashlib
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from registry.kit.lettering import FONTS, NoGlyph, characters
from registry.receipts.certificates.qr import qr_svg
from registry.receipts.verifier.attachment import attached
from tests.registry.receipts.certificates.examples import (
    ANNULLED,
    AT,
    EVERY,
    MARKUP,
    NAMES,
    PLACE,
    RECEIPT,
    claim,
    of_claim,
    of_retirement,
    pdf,
)

ROOT = Path(__file__).parents[4]
PDFTOTEXT = shutil.which("pdftotext") or ""


@pytest.mark.parametrize("kind", EVERY)
def test_every_certificate_is_one_sheet_with_its_receipt(kind):
    """PDF/A-3, one page, the receipt in it byte for byte, at both extremes of what there is to say."""
    made = pdf(EVERY[kind]())
    assert made.startswith(b"%PDF-1.7")
    assert b"<pdfaid:part>3</pdfaid:part><pdfaid:conformance>B<" in made
    assert b"/AFRelationship/Source" in made
    assert [b"1"] == re.findall(rb"/Type/Pages/Count (\d+)", made)
    assert [(RECEIPT.name, RECEIPT.content)] == list(attached(made))


def test_two_processes_make_the_same_bytes():
    """Dates and identifiers are of the facts, fonts of the repository."""
    code = (
        "import hashlib; from tests.registry.receipts.certificates.examples import EVERY, pdf; "
        "print([hashlib.sha256(pdf(EVERY[each]())).hexdigest() for each in ('guest', 'neutral')])"
    )
    made = {
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True).stdout for _ in range(2)
    }
    mine = [hashlib.sha256(pdf(EVERY[each]())).hexdigest() for each in ("guest", "neutral")]
    assert {f"{mine}\n".encode()} == made


def test_other_facts_make_other_bytes():
    """It is no constant."""
    assert pdf(of_retirement(claim())) != pdf(of_retirement(claim(subject="Another")))


@pytest.mark.skipif(not PDFTOTEXT, reason="no pdftotext: apt-get install poppler-utils")
def test_what_people_wrote_is_never_markup(tmp_path):
    """Every sign of typst's language stands on the sheet as it was typed, also where it would run or break."""
    wild = claim(claimant=MARKUP, subject=MARKUP, standard=MARKUP, boundary=MARKUP, exclusions=MARKUP)
    for sheet, times in ((of_retirement(wild, name=MARKUP), 5), (of_claim(wild), 7)):
        made = pdf(sheet)
        assert [b"1"] == re.findall(rb"/Type/Pages/Count (\d+)", made)
        (tmp_path / "it.pdf").write_bytes(made)
        text = subprocess.run([PDFTOTEXT, tmp_path / "it.pdf", "-"], capture_output=True, check=True, text=True).stdout
        assert times <= re.sub(r"\s+", "", text).count(re.sub(r"\s+", "", MARKUP))


def test_rare_characters_of_names_are_drawn():
    """Those that people are called by, and Latin with every accent."""
    assert set() == {char for char in NAMES if ord(char) not in characters()}
    assert len(characters()) > 23_000
    pdf(of_retirement(claim(attendee=1), name=NAMES))


@pytest.mark.parametrize("name", ["གུང་ལྡན་ བཀྲ་ཤིས་", "گۈلنىسا ئابدۇرەھىم", "محمد علي"])
def test_names_of_other_scripts_have_their_font(name):
    """Tibetan, Uyghur and Arabic, whose letters typst stacks and joins."""
    made = pdf(of_retirement(claim(attendee=1), name=name))
    assert (b"NotoSerifTibetan" in made) == ("\u0f40" <= name[0] <= "\u0fbc")
    assert (b"NotoNaskhArabic" in made) == ("\u0600" <= name[0] <= "\u06ff")


@pytest.mark.parametrize("name", ["\U0002a6a5", "Ali \u05d0\u05dc", "\U0001f333"])
def test_a_name_that_no_font_draws_is_refused_by_name(name):
    """An empty box on a certificate would be worse."""
    with pytest.raises(NoGlyph, match=r"have no sign for .*U\+[0-9A-F]{4}"):
        pdf(of_retirement(claim(attendee=1), name=name))


def test_a_letter_and_its_accent_are_one_sign():
    """Decomposed spellings are composed: some systems write names so."""
    assert pdf(of_retirement(claim(claimant="Dvořák"))) == pdf(of_retirement(claim(claimant="Dvořák")))


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("contribution", "makes nothing neutral"),
        ("guest", "does not make the event neutral"),
        ("nothing", "Nothing was retired"),
        ("part", "until then it is not neutral"),
        ("not-over", "no certificate of neutrality"),
        ("issuance", "Issued is not retired"),
        ("neutral", "not verified by others"),
        ("annulled", "no certificate of neutrality"),
        ("annulled-claim", "no certificate of neutrality"),
    ],
)
def test_it_says_what_it_is_not(kind, words):
    """In a box of its own."""
    assert words in EVERY[kind]().said.limits.en


@pytest.mark.parametrize("kind", ["annulled", "annulled-claim"])
@pytest.mark.skipif(not PDFTOTEXT, reason="no pdftotext: apt-get install poppler-utils")
def test_an_annulled_sheet_is_no_certificate_and_says_so_first(kind, tmp_path):
    """When and why above the title, which is a record's; nothing on it calls anything covered or neutral."""
    sheet = EVERY[kind]()
    assert "Certificate" not in sheet.said.title.en
    (tmp_path / "it.pdf").write_bytes(pdf(sheet))
    text = subprocess.run([PDFTOTEXT, tmp_path / "it.pdf", "-"], capture_output=True, check=True, text=True).stdout
    assert text.index("The claim was annulled") < text.index(sheet.said.title.zh[:3])
    assert ANNULLED.reason[:20] in text
    assert "may call it carbon-neutral" not in text


def test_the_code_on_paper_is_alphanumeric_and_small():
    """Version 3 at level M, as in the public format: 29 modules and the quiet zone of 2."""
    assert PLACE.link == PLACE.link.upper()
    short = "HTTPS://KILNWOOD.EXAMPLE/R/" + "A" * 32
    assert 'viewBox="0 0 33 33"' in qr_svg(short) or 'width="33"' in qr_svg(short)


def test_fonts_are_those_that_are_listed():
    """With licence and SHA-256, and where they come from."""
    listed = {"VENDOR.toml"}
    for package in tomllib.loads((FONTS / "VENDOR.toml").read_text())["package"]:
        assert "OFL-1.1" == package["licence"]
        assert package["made"]
        for name, digest in package["sha256"].items():
            assert digest == hashlib.sha256((FONTS / name).read_bytes()).hexdigest()
            listed.add(name)
    assert listed == {path.name for path in FONTS.iterdir()}


def test_the_moment_in_the_pdf_is_that_of_the_facts():
    """Not of the one who asked."""
    assert f"{AT:%Y-%m-%dT%H:%M:%S}".encode() in pdf(of_retirement(claim()))
