"""Misuse is an exception that carries the value, the requirement and the remedy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from slth.subset_sum import MAX_SAMPLES, MAX_SMALLEST, OBJECTIVES, solve

NAN, INF = float("nan"), float("inf")
SMALLEST: dict[str, Any] = {"objective": "smallest"}


@pytest.mark.parametrize(
    ("samples", "target", "message"),
    [
        ([1.0, NAN], 0.0, r"samples must be finite, got nan at index \(1,\); remove or replace"),
        ([[1.0, 2.0], [-INF, 1.0]], 0.0, r"samples must be finite, got -inf at index \(1, 0\)"),
        ([1.0], NAN, r"target must be finite, got nan; remove or replace"),
        ([1.0], [0.0, INF], r"target must be finite, got inf at index \(1,\)"),
        ([], 0.0, r"must not be empty, got shapes \(0,\) and \(\)"),
        (np.empty((0, 4)), [], r"must not be empty, got shapes \(0, 4\) and \(0,\)"),
        ([1.0], [], r"must not be empty, got shapes \(1,\) and \(0,\)"),
        (3.0, 1.0, r"samples must have shape \(\.\.\., n\), got a single number; wrap it in a list"),
        (np.ones(45), 1.0, r"at most 44 entries a row .* got n = 45; take a subset"),
        (np.ones((2, 70)), 1.0, r"at most 44 entries a row .* got n = 70"),
        (
            np.ones((3, 5)),
            np.ones(4),
            r"shape \(3, 5\) and target of shape \(4,\) do not broadcast.*must match or be 1",
        ),
        (np.ones((2, 3, 5)), np.ones((3, 2)), r"do not broadcast: the shapes \(2, 3\) .* and \(3, 2\)"),
        ([1e308, 1e308], 0.0, r"overflow float64: row 0 .* \(target 0\); divide both by a power of two"),
        ([1e308], -1e308, r"overflow float64: row 0 .* \(target -1e\+308\); divide both"),
        ([[1.0], [1.7e308]], [1.0, 1e308], r"overflow float64: row 1 "),
    ],
)
def test_bad_values(samples: Any, target: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        solve(samples, target)


@pytest.mark.parametrize(
    ("samples", "target", "message"),
    [
        ([1j], 0.0, "samples must hold real numbers, got dtype complex128"),
        (["1.0"], 0.0, "samples must hold real numbers, got dtype <U3; give floats"),
        ([None], 0.0, "samples must hold real numbers, got dtype object; give floats"),
        ([10**30], 0.0, "samples must hold real numbers, got dtype object; give floats"),
        ({1.0, 2.0}, 0.0, "samples must hold real numbers, got dtype object"),
        ([[1.0, 2.0], [3.0]], 0.0, "samples must be a rectangular array of real numbers"),
        (np.array([1], "M8[s]"), 0.0, r"samples must hold real numbers, got dtype datetime64\[s\]"),
        ([1.0], "0.5", "target must hold real numbers, got dtype <U3"),
        ([1.0], None, "target must hold real numbers, got dtype object"),
    ],
)
def test_bad_types(samples: Any, target: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        solve(samples, target)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"objective": "nearest"}, ValueError, "unknown objective 'nearest'; choose one of 'closest', 'smallest'"),
        ({"objective": None}, ValueError, "unknown objective None; choose one of"),
        ({"workers": 0}, ValueError, "workers must be >= 1, got 0"),
        ({"workers": -3}, ValueError, "workers must be >= 1, got -3"),
        ({"workers": 1.5}, TypeError, "workers must be a positive integer, got 1.5"),
        ({"workers": True}, TypeError, "workers must be a positive integer, got True"),
        ({"epsilon": 0.1}, ValueError, 'epsilon belongs to objective="smallest"; .* compare its error'),
        (SMALLEST, ValueError, 'objective="smallest" needs epsilon.*give a number > 0'),
        ({**SMALLEST, "epsilon": 0.0}, ValueError, r"epsilon must be > 0, got 0\.0"),
        ({**SMALLEST, "epsilon": -0.1}, ValueError, r"epsilon must be > 0, got -0\.1"),
        ({**SMALLEST, "epsilon": NAN}, ValueError, "epsilon must be finite, got nan"),
        ({**SMALLEST, "epsilon": "small"}, TypeError, "epsilon must hold real numbers"),
        ({**SMALLEST, "epsilon": [[]]}, ValueError, "must not be empty"),
    ],
)
def test_bad_options(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        solve([1.0, 2.0], 0.5, **options)


def test_options_are_keywords() -> None:
    with pytest.raises(TypeError, match="positional"):
        solve([1.0], 0.5, "closest")  # type: ignore[misc]


def test_the_limits_are_those_that_are_published() -> None:
    assert solve(np.arange(1.0, MAX_SAMPLES + 1), 7.0).error == 0
    with pytest.raises(ValueError, match=f"at most {MAX_SMALLEST} samples a row, got n = {MAX_SMALLEST + 1}"):
        solve(np.ones(MAX_SMALLEST + 1), 1.0, objective="smallest", epsilon=0.1)
    for objective in OBJECTIVES:
        epsilon = 0.5 if objective == "smallest" else None
        assert solve([1.0, 2.0], 2.0, objective=objective, epsilon=epsilon).mask == 0b10
