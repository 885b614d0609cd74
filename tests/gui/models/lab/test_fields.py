"""Fields read from the types that check a scenario."""

import pytest

from voxgrid.models.lab.fields import CALLER_TITLES, CALLERS, LOAD_TITLES, LOADS, kind_of


def test_every_load_and_caller_of_the_engine_has_a_title():
    assert [kind.tag for kind in LOADS] == list(LOAD_TITLES)
    assert [kind.tag for kind in CALLERS] == list(CALLER_TITLES)


@pytest.mark.parametrize("kind", [*LOADS, *CALLERS], ids=lambda kind: kind.tag)
def test_fields_explain_themselves_and_begin_within_their_range(kind):
    assert kind.tip.endswith(".")
    for field in kind.fields:
        assert field.title
        assert field.tip.endswith((".", "?")), field.name
        if field.choices:
            assert field.default in {value for value, _ in field.choices}
        elif field.default is not None:
            assert field.low <= field.default <= field.high, field.name
        else:
            assert field.optional, field.name


def test_units_and_percents():
    fields = {field.name: field for field in kind_of(CALLERS, "conversing").fields}
    assert fields["think_s"].unit == " s"
    assert fields["talk_share"].percent
    assert kind_of(LOADS, "no such load") is LOADS[0]
