"""Checks of user input: what passes, what does not, and what the user is told."""

from __future__ import annotations

import os
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from slth.validation import finite_array, one_of, positive_float, positive_int, worker_count


@pytest.mark.parametrize(
    "values", [3, 2.5, True, [1, 2], [[1.0], [2.0]], (), np.float32(0.1), np.ones((2, 3), np.uint8), range(4)]
)
def test_real_numbers_become_contiguous_float64(values: Any) -> None:
    array = finite_array(values, "x")
    assert array.dtype == np.float64
    assert array.flags.c_contiguous
    np.testing.assert_array_equal(array, np.asarray(values, float), strict=True)


def test_layout_becomes_contiguous_and_the_input_is_left_alone() -> None:
    values = np.arange(12.0).reshape(3, 4).T[::2]
    before = values.copy()
    assert finite_array(values, "x").flags.c_contiguous
    np.testing.assert_array_equal(values, before)


@pytest.mark.parametrize("values", ["1", [1j], [None], [[1], [1, 2]], np.array([1], "m8[s]"), [b"x"], {1: 2}])
def test_what_is_not_a_real_number_is_a_type_error(values: Any) -> None:
    with pytest.raises(TypeError, match="the weights must"):
        finite_array(values, "the weights")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.nan, "^x must be finite, got nan; remove or replace such entries$"),
        ([1.0, np.inf], r"^x must be finite, got inf at index \(1,\);"),
        ([[0, 0], [0, -np.inf], [np.nan, 0]], r"^x must be finite, got -inf at index \(1, 1\);"),
    ],
)
def test_the_first_entry_that_is_not_finite_is_named(values: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        finite_array(values, "x")


def test_dimensions() -> None:
    assert finite_array([[1]], "x", ndim=2).shape == (1, 1)
    assert finite_array(1, "x", ndim=0).shape == ()
    with pytest.raises(ValueError, match=r"x must have 2 dimension\(s\), got shape \(3,\)"):
        finite_array([1, 2, 3], "x", ndim=2)


@pytest.mark.parametrize("value", [1, 7, np.int64(3), np.uint8(200)])
def test_positive_int(value: Any) -> None:
    result = positive_int(value, "n")
    assert type(result) is int
    assert result == value


@pytest.mark.parametrize("value", [True, np.True_, 1.0, "3", None, [1], Fraction(3)])
def test_not_an_int(value: Any) -> None:
    with pytest.raises(TypeError, match="n must be a positive integer, got "):
        positive_int(value, "n")


@pytest.mark.parametrize("value", [0, -1, np.int8(-5)])
def test_not_a_positive_int(value: Any) -> None:
    with pytest.raises(ValueError, match=f"n must be >= 1, got {int(value)}"):
        positive_int(value, "n")


@pytest.mark.parametrize("value", [1, 0.5, 5e-324, np.float32(0.25), Fraction(1, 4)])
def test_positive_float(value: Any) -> None:
    result = positive_float(value, "epsilon")
    assert type(result) is float
    assert result == float(value)


@pytest.mark.parametrize("value", [True, None, "small", 1j, [0.1]])
def test_not_a_float(value: Any) -> None:
    with pytest.raises(TypeError, match="epsilon must be a positive number, got "):
        positive_float(value, "epsilon")


@pytest.mark.parametrize("value", [0, -0.0, -0.1, np.nan, np.inf])
def test_not_a_positive_float(value: Any) -> None:
    with pytest.raises(ValueError, match="epsilon must be > 0 and finite, got "):
        positive_float(value, "epsilon")


def test_a_number_too_large_for_a_float() -> None:
    with pytest.raises(ValueError, match="epsilon must be"):
        positive_float(10**400, "epsilon")


def test_one_of() -> None:
    assert one_of("b", ("b", "a"), "law") == "b"
    for value in ("c", "", None, 3, ["a"]):
        with pytest.raises(ValueError, match=r"unknown law .*; choose one of 'a', 'b'"):
            one_of(value, ("b", "a"), "law")


def test_worker_count() -> None:
    assert worker_count(3) == 3
    assert 1 <= worker_count(None) <= (os.cpu_count() or 1)
    with pytest.raises(ValueError, match="workers must be >= 1, got 0"):
        worker_count(0)
    with pytest.raises(TypeError, match="workers must be a positive integer, got 'all'"):
        worker_count("all")
