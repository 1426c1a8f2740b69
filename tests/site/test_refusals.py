"""Every text with which something is refused has its Chinese, and the pages find it again in what was said."""

import re
import string
from datetime import date
from typing import Literal

import pytest
from babel.messages.pofile import read_po
from msgspec import Struct

from registry.kit.site.frame import TEMPLATES
from registry.kit.site.language import catalogue, languages
from registry.kit.site.translated_refusals import REFUSALS, forms_of, literals_of
from registry.kit.words import faults
from schemas.projects import Site
from schemas.scalars import Text
from tests.site.refusal_texts import ROOT, checks, texts

KNOWN = catalogue(REFUSALS)
WORDS = catalogue(TEMPLATES)
OTHERS = "framework.po"
"""Has what no text of ours says: the decoder's own words, and what is put together from several."""
RUN_TIME = {
    ("registry/claims/gate.py", "' '.join((f'({at}) {each.detail}' for at, each in enumerate(missing, start=1)))"),
    ("registry/claims/gate.py", "fault"),  # of a methodology or a rule
    ("registry/claims/gate.py", "' '.join(said)"),  # `_contract_fault`
    ("registry/claims/service.py", "said"),  # `profile_fault`
    ("registry/community/events/api.py", "f'{error}.'"),
    ("registry/credits/holdings/service.py", "f'{error}.'"),
    ("registry/kit/http.py", "error.detail"),
    ("registry/kit/period.py", "f'{name}: {error}.'"),
    ("registry/methodologies/catalogue.py", "reduction"),  # `NothingToIssue` says it
    ("registry/methodologies/footprint_items.py", "label"),  # of `line` and `single`
    ("registry/methodologies/footprint_items.py", "item.fuel"),  # a word of the domain
    ("registry/projects/rules.py", "f'{error}.'"),
    ("exchange/journal/forwarding.py", "self._why"),
    ("exchange/journal/forwarding.py", "frame.detail"),  # what the engine's process refused with
    ("exchange/journal/forwarding.py", "why"),
    ("exchange/journal/gateway.py", "self.trouble"),
    ("exchange/journal/gateway.py", "why"),
    ("exchange/journal/refusals.py", "text"),  # a `Wording`
    ("exchange/journal/refusals.py", "detail"),
    ("exchange/projections/projector.py", "self._hopeless"),
    ("deploy/site/holdings.py", "f'{error}.'"),
    ("deploy/simulator/choices.py", "'; '.join(self._faults)"),  # `_choice_fault`
}
"""What is refused with a text from elsewhere: of another refusal, or of a library."""
FOUND, UNREAD = texts()
DETAILS = catalogue(ROOT / "registry" / "receipts" / "browser")
PARTS = {
    "file: {0}",
    "{0} kg: {1}{2}",
    "{0}:{1}-{2}kg",
    "; extension lines that say nothing here: {0}",
    "; no quorum of witnesses has seen this log yet",
}
"""Numbers and serials, which need no translation, and parts of a detail that is there as a whole."""


@pytest.fixture(scope="module")
def chinese():
    """Pages in Chinese."""
    return languages([TEMPLATES])["zh"]


def gaps(text: str) -> list[str]:
    """The gaps of a template, sorted."""
    return sorted(gap for _, gap, *_ in string.Formatter().parse(text) if gap is not None)


def test_every_refusal_has_its_chinese():
    """A new one is named here with its file and line; its Chinese belongs into `registry/kit/site/refusals/`."""
    assert len(FOUND) > 500
    missing = [f"{file}:{line}: {text}" for file, line, text in FOUND if text not in KNOWN and text not in WORDS]
    assert [] == missing


def test_every_refusal_can_be_read():
    """Nothing is refused with a text that comes from where the test above does not look."""
    assert set() == {(file, text) for file, _, text in UNREAD} ^ RUN_TIME


def test_the_chinese_has_the_same_gaps():
    """No number is lost in translation, and none is made up."""
    assert [] == [text for text, meant in KNOWN.items() if gaps(text) != gaps(meant)]


def test_no_catalogue_has_what_no_refusal_says():
    """Nor has one an entry that is empty or marked as doubtful, and none is in two of them."""
    said = {text for _, _, text in FOUND}
    seen: list[str] = []
    for path in sorted(REFUSALS.glob("*.po")):
        with path.open("rb") as file:
            entries = [each for each in read_po(file) if each.id]
        seen += [str(each.id) for each in entries]
        assert [] == [each.id for each in entries if not each.string or each.fuzzy]
        assert path.name == OTHERS or set() == {str(each.id) for each in entries} - said
    assert len(set(seen)) == len(seen)


def test_a_refusal_is_found_again_by_what_was_said(chinese):
    """Each template is filled with numbers, and the Chinese has the same ones."""
    wrong = []
    for text, meant in KNOWN.items():
        numbers = [str(1001 + at) for at in range(len(literals_of(text)) - 1)]
        if meant.format(*numbers) != chinese.translated(text.format(*numbers)):
            wrong.append(text)
    assert [] == wrong


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Suspension 3 is open; it cannot be lifted.", "停权 3 的状态为“开放”，不能再改为“已解除”。"),
        (
            "Claims of type scene are not accepted yet, only event, contribution.",
            "暂不受理“场景”类声明，仅受理：活动、气候贡献。",
        ),
        ("The draft cannot be declared: ends is before begins.", "草稿不能提交声明：结束时间早于开始时间。"),
        (
            (
                "Refused when it was first sent, and not judged again: There is no command to go on with. To try "
                "again, send it with a new client_order_id."
            ),
            "首次提交时已被拒绝，不再重新判断：没有可继续的指令。如需重试，请使用新的 client_order_id。",
        ),
        (
            "The preset chengdu, by which this instrument trades, takes no listings. It trades by: listings.",
            "该交易品种采用预设规则 chengdu，不接受挂牌。可用的交易方式：挂牌。",
        ),
        ("(1) No power was used. (2) Own measures reduced 40 kg.", "（1）未使用电力。（2）自身减排措施已减排 40 kg。"),
        (
            "Own measures reduced 40 kg. That is 4 kg too much: reduce further, or cover more power by contracts.",
            "自身减排措施已减排 40 kg。超出 4 kg：请进一步减排，或增加合同绿电。",
        ),
    ],
)
def test_what_fills_a_gap_is_translated_as_well(chinese, said, told):
    """A word, a list of words, another refusal, several of them."""
    assert told == chinese.translated(said)


class Everything(Struct, forbid_unknown_fields=True):
    """One field for each way in which a form can be filled in wrongly."""

    number: int
    name: Text
    kind: Literal["a", "b"]
    day: date
    names: tuple[Text, ...]
    site: Site
    flag: bool


def test_what_the_decoder_says_of_a_form_is_translated(chinese):
    """The decoder's own words, with what a field permits; and a rule over several fields, of the whole."""
    wrong = {"number": "x", "name": "", "kind": "c", "day": "soon", "names": 1, "site": {"latitude": "1"}, "extra": 1}
    said = faults(Everything, wrong)
    assert len(wrong) + 1 == len(said)
    assert [] == [each for each in said if chinese.translated(each.partition(": ")[2]) is None]
    assert "纬度和经度须同时填写" == chinese.translated(faults(Site, {"latitude": "1"})[0])


def test_every_check_of_the_verifier_has_its_chinese():
    """For the verdict in the browser; the details of a format that is broken stay English there."""
    missing = [f"{file}:{line}: {text}" for file, line, text in checks() if text not in DETAILS]
    assert [] == [each for each in missing if not each.endswith(tuple(PARTS))]
    assert [] == [text for text, meant in DETAILS.items() if gaps(text) != gaps(meant)]


def test_the_script_finds_a_check_by_its_form():
    """With regular expressions that Python and the browser read alike."""
    forms = forms_of(DETAILS)
    for text in DETAILS:
        said = text.format(*(str(1001 + at) for at in range(len(literals_of(text)) - 1)))
        assert DETAILS[text] == next(meant for form, meant in forms if re.search(form, said))


def test_a_text_that_nobody_translated_stays_as_it_is(chinese):
    """Also one that looks like many templates at once, and without taking long."""
    assert chinese.translated("Something else went wrong.") is None
    assert chinese.translated("There is no , , or and; " * 500) is None
