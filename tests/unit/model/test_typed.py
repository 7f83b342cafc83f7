"""One reader holds plain data to any type that files are made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, NotRequired, TypedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_rdsfailover.model.typed import NotOfTypeError, typed
from pytest_rdsfailover.report.schema import RunDocument
from pytest_rdsfailover.report.trial_schema import Keywords

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


class Inner(TypedDict):
    count: Annotated[int, Keywords(minimum=0)]
    word: NotRequired[Literal["a", "b"]]


@dataclass(frozen=True, kw_only=True)
class Outer:
    name: str
    inner: Sequence[Inner]
    pairs: Mapping[str, tuple[int, float]]
    note: str | None = None


WHOLE = {"name": "n", "inner": [{"count": 1, "word": "a"}], "pairs": {"x": [1, 2.5]}}


def test_data_of_the_type_becomes_its_value_without_what_is_not_known():
    found = typed(Outer, {**WHOLE, "later": [[[]]]})

    assert found == Outer(
        name="n", inner=[{"count": 1, "word": "a"}], pairs={"x": (1, 2.5)}, note=None
    )


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"name": 1}, "it.name is no text"),
        ({"name": None}, "it.name is no text"),
        ({"inner": {}}, "it.inner is no list"),
        ({"inner": [1]}, r"it.inner\[0\] is no object"),
        ({"inner": [{}]}, r"it.inner\[0\] is no object with count"),
        ({"inner": [{"count": -1}]}, "is no number from 0"),
        ({"inner": [{"count": True}]}, "is no whole number"),
        ({"inner": [{"count": 2**63}]}, "is no whole number"),
        ({"inner": [{"count": 1, "word": "c"}]}, "is no one of a, b"),
        ({"pairs": {"x": [1]}}, "is no list of 2"),
        ({"pairs": {"x": [1, 1e300]}}, "is no number that can be meant"),
        ({"note": []}, "it.note is no text"),
    ],
)
def test_data_of_another_type_is_refused_with_its_place(change, complaint):
    with pytest.raises(NotOfTypeError, match=complaint):
        typed(Outer, {**WHOLE, **change})


@given(JSON)
def test_whatever_json_says_is_of_the_type_or_refused(value):
    for kind in (Outer, RunDocument, list[int], tuple[int, str]):
        try:
            typed(kind, value)
        except NotOfTypeError:
            continue
        assert kind in (list[int], tuple[int, str])  # nothing that small is one of the others
