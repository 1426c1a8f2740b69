"""What the script of the sign-in pages says in Chinese is what the API refuses in English."""

import pytest

from deploy.site.frame import FOLDERS
from registry.access.sign_in.pages import REFUSALS
from registry.kit.site.language import languages


@pytest.mark.parametrize("text", REFUSALS)
def test_a_refusal_of_the_sign_in_pages_has_chinese(text: str):
    """The catalogue of refusals, which follows the rules' own words, knows it, and keeps its gaps."""
    chinese = languages(FOLDERS.values())["zh"].translated(text)
    assert chinese is not None
    assert [gap in text for gap in ("{0}", "{1}")] == [gap in chinese for gap in ("{0}", "{1}")]
