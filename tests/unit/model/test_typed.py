"""One reader holds plain data to any type that files are made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, NotRequired, TypedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_rdsfailover.model.typed import FARTHEST, LARGEST, NotOfTypeError, typed
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


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (int, LARGEST), (int, -LARGEST), (float, FARTHEST), (float, -FARTHEST), (float, 3),
        (bool, False), (str, ""), (Literal[1, "a"], 1), (int | None, None), (int | None, 5),
        (list[int], []), (list[int], [LARGEST, -LARGEST]), (list[str], ["a", "b"]),
        (dict[str, int], {"x": 1, "y": 2}), (list[Annotated[int, Keywords(minimum=0)]], [0, 5]),
    ],
)  # fmt: skip
def test_the_last_value_of_a_type_is_one(kind, value):
    assert typed(kind, value) == value


@pytest.mark.parametrize(
    ("kind", "value", "complaint"),
    [
        (int, -LARGEST - 1, "it is no whole number of 64 bits"),
        (int, LARGEST + 1, "it is no whole number of 64 bits"),
        (int, 1.0, "it is no whole number"),
        (float, FARTHEST * 2, "it is no number that can be meant"),
        (float, -FARTHEST * 2, "it is no number that can be meant"),
        (float, True, "it is no number that can be meant"),
        (bool, 1, "it is no true or false"),
        (Literal[1], True, "it is no one of 1"),
        (Literal["a", "b"], "c", "it is no one of a, b"),
        (list[int], [0, LARGEST + 1], "it is no whole number"),
        (list[int], [0, -LARGEST - 1, 5], "it is no whole number"),
        (list[int], [1, True], r"it\[1\] is no whole number"),
        (list[str], ["a", 1], r"it\[1\] is no text"),
        (tuple[int, ...], {}, "it is no list"),
        (tuple[int, str], [1, "a", 2], "it is no list of 2"),
        (tuple[int, str], "1a", "it is no list of 2"),
        (dict[str, int], {"x": 1, "y": "2"}, "it is no whole number"),
        (dict[str, int], [1], "it is no object"),
        (Annotated[int, Keywords(minimum=0), Keywords(minimum=5)], 3, "it is no number from 5"),
    ],
)
def test_the_first_value_that_is_none_is_refused(kind, value, complaint):
    with pytest.raises(NotOfTypeError, match=complaint):
        typed(kind, value)


def test_a_list_of_fixed_things_becomes_a_tuple():
    assert typed(tuple[int, ...], [1, 2, 3]) == (1, 2, 3)
    assert typed(tuple[int, str], [1, "a"]) == (1, "a")
