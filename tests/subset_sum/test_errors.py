"""Misuse is an exception that carries the value, the requirement and the remedy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from slth.subset_sum import MAX_SAMPLES, OBJECTIVES, ResolutionWarning, Status, Subsets, solve

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
        (
            {"objective": "nearest"},
            ValueError,
            "unknown objective 'nearest'; choose one of 'all', 'any', 'closest', 'smallest'",
        ),
        ({"objective": None}, ValueError, "unknown objective None; choose one of"),
        ({"workers": 0}, ValueError, "workers must be >= 1, got 0"),
        ({"workers": -3}, ValueError, "workers must be >= 1, got -3"),
        ({"workers": 1.5}, TypeError, "workers must be a positive integer, got 1.5"),
        ({"workers": True}, TypeError, "workers must be a positive integer, got True"),
        ({"epsilon": 0.1}, ValueError, 'epsilon belongs to the objectives "smallest", .* compare its error'),
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
    for objective in OBJECTIVES:
        epsilon = None if objective == "closest" else 0.5
        found = solve([1.0, 2.0], 2.0, objective=objective, epsilon=epsilon)
        assert next(iter(found)).mask == 0b10 if isinstance(found, Subsets) else found.mask == 0b10


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"size": 5}, ValueError, r"size must satisfy 0 <= lo <= hi <= n = 4, got 5"),
        ({"size": (3, 2)}, ValueError, r"0 <= lo <= hi <= n = 4, got \(3, 2\)"),
        ({"size": -1}, ValueError, r"0 <= lo"),
        ({"size": 1.0}, TypeError, r"size must be an integer k or a pair"),
        ({"size": (1, 2, 3)}, TypeError, r"size must be an integer k or a pair"),
        (
            {"size": 1, "locked": [True, True, False, False]},
            ValueError,
            "2 elements are locked, but size allows at most 1",
        ),
        ({"locked": [1, 0, 0, 0]}, TypeError, "locked must be boolean, one entry a sample, got dtype int64"),
        ({"locked": [True, False]}, ValueError, r"locked must have 4 entries .* got shape \(2,\)"),
        ({"pattern": (1, 3)}, ValueError, "n to be a multiple of 3, got n = 4"),
        ({"pattern": (3, 2)}, ValueError, r"0 <= s <= B .* got \(3, 2\)"),
        ({"pattern": 2}, TypeError, "pattern must be a pair of integers"),
        ({"pattern": (1, 2), "size": 2}, ValueError, "fixes the size at 2 of 4"),
        ({"pattern": (1, 2), "coefficients": (-1, 1)}, ValueError, "exclude each other"),
        ({"coefficients": (1, 1)}, ValueError, "at least two different integers"),
        ({"coefficients": (0.5, 1)}, TypeError, "coefficients must be integers, .* multiply the samples"),
        ({"coefficients": (0, 5000)}, ValueError, "at most 1024"),
        ({"coefficients": 3}, TypeError, "a sequence of integers"),
        ({"k_best": 0}, ValueError, "k_best must be >= 1, got 0"),
        ({"k_best": 3, "objective": "any", "epsilon": 0.1}, ValueError, 'goes with objective="closest"'),
        ({"order": "size"}, ValueError, 'belongs to objective="all"'),
        ({"norm": "l7"}, ValueError, "unknown norm 'l7'"),
        ({"norm": "max"}, ValueError, r"samples must have shape \(\.\.\., n, d\)"),
        ({"time_limit": 0}, ValueError, "time_limit must be > 0"),
        ({"solver": "magic"}, ValueError, "unknown solver 'magic'; choose one of 'auto'"),
        ({"solver": 3}, TypeError, "solver must be a name or a solver"),
        ({"solver": "growing-prefix"}, ValueError, "'growing-prefix' does not take objective=\"closest\""),
        ({"solver": "shared-row", "size": 2}, ValueError, "does not take size="),
        ({"solver": "hash-join", "pattern": (1, 2)}, ValueError, "does not take pattern="),
        ({"objective": "any"}, ValueError, 'objective="any" needs epsilon'),
        ({"objective": "all", "epsilon": -1.0}, ValueError, "epsilon must be > 0, got -1"),
    ],
)
def test_bad_restrictions(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        solve([0.5, -0.3, 0.9, 0.25], 0.44, **options)


@pytest.mark.parametrize(
    ("samples", "target", "options", "message"),
    [
        (
            [2**59, 2**59],
            0,
            {},
            r"integer samples overflow: the absolute values of row 0 sum to 2\^60\.0, and must stay below 2\^60",
        ),
        ([2**58, 2**58], 0, {"coefficients": (-2, 2)}, "times the largest coefficient sum to"),
        ([1, 2], 2**62, {}, r"target must be integers below 2\^62"),
        (np.array([2**63], np.uint64), 0, {}, r"samples must be integers below 2\^62"),
        ([[1.0, 2.0]], [1.0, 2.0, 3.0], {"norm": "l2"}, "dimension"),
        ([[1.0, 2.0]], 1.0, {"norm": "l2"}, "target must have shape"),
        (
            np.ones(100),
            1.0,
            {"objective": "smallest", "epsilon": 0.1},
            'does not take objective="smallest", n = 100|does not take',
        ),
        (np.ones(50), 1.0, {"objective": "all", "epsilon": 0.1}, "at most 16,777,216 are listed"),
        (np.ones((2, 3)), 1.0, {"objective": "all", "epsilon": 0.1}, "one row and one target"),
        ([1, 2], 1, {"objective": "any", "epsilon": -1}, "epsilon must be >= 0 for integers"),
    ],
)
def test_bad_instances(samples: Any, target: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        solve(samples, target, **options)


def test_an_epsilon_finer_than_the_samples_is_a_warning() -> None:
    with pytest.warns(ResolutionWarning, match=r"below the resolution of float64 for samples up to 0\.9") as said:
        found = solve([0.5, -0.3, 0.9, 0.25], 0.44, objective="any", epsilon=1e-18)
    assert found.status == Status.NOT_FOUND
    assert said[0].filename == __file__  # it points at the caller
    solve([3.0, 5.0], 8.0, objective="any", epsilon=1e-18)  # integers are what they are
