"""Words by which a text says that something is carbon neutral, in whatever language. Pure."""

import re
import unicodedata

_STEMS = (
    # Latin scripts, without accents: English, French, Spanish, Indonesian, Turkish, Hungarian; Irish and Welsh borrow
    *("neutr", "netral", "notr", "semleges", "net zero", "netzero", "netto null", "zero carbon", "carbon zero"),
    *("zero emission", "zero net", "climate positive", "carbon negative", "trung hoa"),
    # Chinese, Japanese, Korean
    *("中和", "中性", "中立", "净零", "淨零", "零碳", "零排放", "ニュートラル", "実質ゼロ", "중립", "넷제로"),
    # Cyrillic, Greek, Arabic and Persian, Hebrew, Hindi, Bengali, Thai
    *("неитрал", "ουδετερ", "محايد", "حياد", "خنثی", "ניטרל", "נייטרל", "तटस्थ", "নিরপেক্ষ", "เปนกลาง"),
)
_LOOKALIKES = str.maketrans("аеорсухіѕԁɡɩтпг0", "aeopcyxisdgitnro")
"""Letters that look Latin and are not; a word that is written with them reads the same."""
_SINGLE_LETTERS = re.compile(r"\b(?:\w[\s._*|-]){3,}\w\b")


def says_neutral(text: str) -> bool:
    """Whether *text* says neutral, or net zero, which promises the same, in one of the languages known here."""
    plain = _plain(text)
    spellings = {plain, plain.translate(_LOOKALIKES)}
    spellings |= {_SINGLE_LETTERS.sub(lambda found: re.sub(r"[\s._*|-]", "", found[0]), each) for each in spellings}
    return any(stem in each for stem in _STEM_SPELLINGS for each in spellings)


def _plain(text: str) -> str:
    """Small letters without accents, vowel signs or what is not seen; hyphens and runs of spaces as one space."""
    taken_apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    seen = "".join(each for each in taken_apart if unicodedata.category(each) not in {"Mn", "Cf"})
    return re.sub(r"[\s\u2010-\u2015_-]+", " ", unicodedata.normalize("NFC", seen))


_STEM_SPELLINGS = tuple(map(_plain, _STEMS))
