"""What the fields of a form stand for."""

import pytest

from registry.kit.site.form_fields import Form, body_of

ROWS = [
    ("items[0].kind:with", "electricity"),
    ("items[0].grid_year:int:with", "2022"),
    ("items[0].kwh", ""),
    ("items[1].kind:with", "heat"),
    ("items[1].gj", "3"),
    ("items[2].kind:with", "gas"),
    ("items[2].nm3", " "),
    ("items[3].kind:with", "electricity"),
    ("items[3].grid_year:int:with", "2022"),
    ("items[3].kwh", "7"),
]


def test_a_record_in_which_nothing_was_entered_is_left_out():
    """With what would go with it; those after it move up."""
    heat, power = {"kind": "heat", "gj": "3"}, {"kind": "electricity", "grid_year": 2022, "kwh": "7"}
    assert {"items": [heat, power]} == body_of(ROWS)
    assert {} == body_of([(name, text) for name, text in ROWS if "with" in name])


def test_faults_stand_beside_the_field_that_moved_up():
    """And not beside one that is left out."""
    values: dict[str, list[str]] = {}
    for name, text in ROWS:
        values.setdefault(name, []).append(text)
    form = Form(action="/v1/it", values=values, problem={"errors": ["items[1].kwh: too much"], "status": 400})
    found = {name: form.faults(name) for name in values}
    assert {"items[3].kwh": ["too much"]} == {name: faults for name, faults in found.items() if faults}


@pytest.mark.parametrize(
    ("fields", "body"),
    [
        ([("covers:list", "energy waste ")], {"covers": ["energy", "waste"]}),
        ([("covers:list", "")], {"covers": []}),
        ([("years:numbers", "2023 2024 x")], {"years": [2023, 2024, "x"]}),
        ([("years:numbers", " ")], {"years": []}),
        ([("covers[]", "energy"), ("covers[]", "")], {"covers": ["energy"]}),
        ([("items[0].kind", "heat"), ("items[0].gj", "")], {"items": [{"kind": "heat"}]}),
    ],
)
def test_what_is_left_empty(fields, body):
    """Is left out, but for a list of words; a record of an ordinary list stays."""
    assert body == body_of(fields)


def test_a_form_that_was_tried_shows_again_what_was_entered():
    """Whether it would be carried out, or why not; no other form does."""
    tried = Form(action="/v1/it/dry-run", values={"kg:int": ["3"]}, answer={"filled_t": 3})
    assert (False, True, "3") == (tried.refused("/v1/it"), tried.again("/v1/it"), tried.entered("kg:int"))
    assert {"filled_t": 3} == tried.answered("/v1/it/dry-run")
    refused = Form(action="/v1/it/dry-run", problem={"status": 409})
    assert (True, True, False) == (refused.refused("/v1/it"), refused.again("/v1/it"), refused.again("/v1/that"))
    assert not Form(action="/v1/it", answer={"secret": "x"}).again("/v1/it")
