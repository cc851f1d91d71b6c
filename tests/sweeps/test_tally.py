"""Tallies: what they hold, how they add up, what their text is."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slth.sweeps import Tally

NUMBERS = st.integers(-(10**30), 10**30)


def tallies() -> st.SearchStrategy[Tally]:
    """Of one shape, names sometimes absent."""
    row = st.lists(NUMBERS, min_size=3, max_size=3)
    counts = st.fixed_dictionaries({}, optional={"a": NUMBERS, "b": row, "c": st.lists(row, min_size=2, max_size=2)})
    return st.builds(Tally, st.integers(0, 10**12), counts)


@settings(derandomize=True, max_examples=50, deadline=None)
@given(tallies(), tallies(), tallies())
def test_sums_are_those_of_integers(a: Tally, b: Tally, c: Tally) -> None:
    assert a + b == b + a
    assert (a + b) + c == a + (b + c)
    assert a + Tally() == a == Tally() + a
    assert (a + b).trials == a.trials + b.trials
    if "c" in a.counts and "c" in b.counts:
        rows = [[x + y for x, y in zip(p, q, strict=True)] for p, q in zip(a["c"], b["c"], strict=True)]
        assert (a + b)["c"] == tuple(map(tuple, rows))


@settings(derandomize=True, max_examples=50, deadline=None)
@given(tallies(), tallies())
def test_text_is_canonical_and_comes_back(a: Tally, b: Tally) -> None:
    assert Tally.from_json(a.to_json()) == a
    assert (a.to_json() == b.to_json()) == (a == b)
    assert Tally.from_json((a + b).to_json()) == a + b
    backwards = Tally(a.trials, dict(reversed(a.counts.items())))
    assert backwards.to_json() == a.to_json()
    assert pickle.loads(pickle.dumps(a)) == a


def test_arrays_become_tuples_of_ints() -> None:
    found = Tally(np.int64(3), {"a": np.arange(4).reshape(2, 2), "b": np.uint64(2**64 - 1), "c": [1, 2]})  # type: ignore[arg-type, dict-item]
    assert found == Tally(3, {"a": ((0, 1), (2, 3)), "b": 2**64 - 1, "c": (1, 2)})
    assert type(found.trials) is type(found["b"]) is type(found["a"][0][0]) is int


@pytest.mark.parametrize("value", [0.5, True, "1", None, [1, 0.5], [[1], [True]], np.array([0.5]), {"a": 1}])
def test_only_integers_are_counted(value: object) -> None:
    with pytest.raises(TypeError, match=r"a tally counts integers.*for a"):
        Tally(1, {"a": value})  # type: ignore[dict-item]


def test_rows_have_one_shape() -> None:
    for rows in ([[1, 2], [3]], [1, [2]], [[1], [[2]]], [[], [1]]):
        with pytest.raises(ValueError, match="must have one shape"):
            Tally(1, {"a": rows})  # type: ignore[dict-item]
    for a, b in ((1, (1,)), ((1,), (1, 2)), (((1,),), (1,)), ((), (1,))):
        with pytest.raises(ValueError, match="disagree on the shape of a"):
            Tally(1, {"a": a}) + Tally(1, {"a": b})
    with pytest.raises(ValueError, match="trials must be"):
        Tally(-1)
    with pytest.raises(ValueError, match="trials must be"):
        Tally((1,))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    ["", "3", "{}", '{"trials":1}', '{"trials":1,"counts":[]}', '{"trials":-1,"counts":{}}', '{"trials":0.5,"counts":{}}',
     '{"trials":1,"counts":{"a":NaN}}', '{"trials":1,"counts":{"a":null}}', '{"trials":1,"counts":{},"x":1}',
     '{"trials":1,"counts":{"a":' + "[" * 5000 + "]" * 5000 + "}}", '{"trials":' + "9" * 5000 + ',"counts":{}}'],
)  # fmt: skip
def test_other_text_is_no_tally(text: str) -> None:
    with pytest.raises(ValueError, match="not a tally"):
        Tally.from_json(text)


def test_text_is_plain_json() -> None:
    assert json.loads(Tally(2, {"b": (1, 2), "a": 0}).to_json()) == {"trials": 2, "counts": {"a": 0, "b": [1, 2]}}
