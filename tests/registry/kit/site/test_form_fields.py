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
        ([("covers[]", "energy"), ("covers[]", "")], {"covers": ["energy"]}),
        ([("items[0].kind", "heat"), ("items[0].gj", "")], {"items": [{"kind": "heat"}]}),
    ],
)
def test_what_is_left_empty(fields, body):
    """Is left out, but for a list of words; a record of an ordinary list stays."""
    assert body == body_of(fields)
