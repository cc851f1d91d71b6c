"""The front door of counting: methods agree within what they claim, and say what they claim."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from slth.subset_sum import Certainty, Count, count
from slth.subset_sum.counting.count import METHODS
from tests.reference.counts import counts_by_size

RNG = np.random.default_rng(5)
REALS, INTEGERS = RNG.uniform(-1, 1, 13), RNG.integers(-50, 50, 13)


def brute(samples: Any, target: float, epsilon: float) -> list[int]:
    return [int(c) for c in counts_by_size(list(samples), target, epsilon)]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("samples", "target", "epsilon"), [(REALS, 0.3, 0.05), (INTEGERS, 7, 2)])
def test_every_method_holds_the_truth(samples: Any, target: float, epsilon: float, method: str) -> None:
    if method == "dynamic-programming" and samples is REALS:
        pytest.skip("reals have too many sums")
    truth = np.array(brute(samples.tolist(), target, epsilon))
    found = count(samples, target, epsilon, method=method, rng=0)
    assert found.by_size.shape == (14,)
    assert found.method == ("exact" if method == "auto" else method)
    if found.certainty is Certainty.EXACT:
        assert found.by_size.tolist() == truth.tolist()
        assert found.exact
        assert (found.total, found.log2_total) == (truth.sum(), pytest.approx(math.log2(truth.sum())))
    elif found.certainty in (Certainty.CERTIFIED, Certainty.HEURISTIC):
        assert np.all(found.lower <= truth * (1 + 1e-9))
        assert np.all(truth <= found.upper * (1 + 1e-9))
    else:  # estimated: most, not all
        assert np.mean((found.lower * (1 - 1e-9) <= truth) & (truth <= found.upper * (1 + 1e-9))) >= 0.7
        assert 2**found.log2_total == pytest.approx(truth.sum(), rel=0.2)


def test_totals_without_sizes() -> None:
    truth = sum(brute(INTEGERS.tolist(), 7, 2))
    exact = count(INTEGERS, 7, 2, method="dynamic-programming", sizes=False)
    assert (exact.total, exact.exact, exact.sized) == (truth, True, False)
    bounds = count(REALS, 0.3, 0.05, method="sandwich", sizes=False)
    assert bounds.lower <= sum(brute(REALS.tolist(), 0.3, 0.05)) <= bounds.upper
    long = count(np.random.default_rng(0).uniform(-1, 1, 2000), 0.3, 0.1, sizes=False)
    assert long.certainty is Certainty.ESTIMATED
    assert 1900 < long.log2_total < 2000
    assert long.total == math.inf  # the number itself is beyond float64, its logarithm is not
    assert repr(long).startswith("Count(total=2^19")


def test_batches_broadcast() -> None:
    rows = np.random.default_rng(1).uniform(-1, 1, (3, 1, 11))
    found = count(rows, [0.1, 0.5], [[[0.1]], [[0.2]]])
    assert found.by_size.shape == (2, 3, 2, 12)
    assert found.total.shape == (2, 3, 2)
    for i, epsilon in enumerate((0.1, 0.2)):
        for j in range(3):
            for k, target in enumerate((0.1, 0.5)):
                assert found.by_size[i, j, k].tolist() == brute(rows[j, 0].tolist(), target, epsilon)
    several = count(rows[:, 0], 0.3, 0.1, method="saddle")
    assert several.by_size.shape == (3, 12)
    assert repr(several) == "Count(instances=3, ESTIMATED, method='saddle')"


def test_mixed_certainty_is_the_least() -> None:
    rows = np.stack([np.arange(1.0, 71.0), np.random.default_rng(0).uniform(-1, 1, 70)])
    found = count(rows, [100.0, 0.3], 0.1)
    assert found.certainty is Certainty.ESTIMATED
    assert found.method == "dynamic-programming, saddle"
    assert found.by_size.dtype == np.float64


def test_workers_seeds_and_progress(capsys: pytest.CaptureFixture[str]) -> None:
    def same(a: Count, b: Count) -> None:
        np.testing.assert_array_equal(a.log2_by_size, b.log2_by_size)

    samples = np.random.default_rng(2).uniform(-1, 1, 40)
    same(count(samples, 0.3, 0.1, workers=1), count(samples, 0.3, 0.1, workers=3))
    same(*(count(samples, 0.3, 0.1, method="sampled", rng=7, workers=w) for w in (1, 3)))
    assert capsys.readouterr().err == ""
    same(count(samples, 0.3, 0.1), count(samples, 0.3, 0.1, progress=True))
    assert "instance" in capsys.readouterr().err


def test_huge_integers_and_rounded_windows() -> None:
    big = [2**58, 2**57 + 1, -(2**56), 3]
    assert count(big, 2**58 + 3, 0).by_size.tolist() == [0, 0, 1, 0, 0]
    assert count([1, 2, 3], 3, 0.99).by_size.tolist() == [0, 1, 1, 0]


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (([1.0], 0.0, -0.1), {}, "epsilon must be >= 0, got -0.1"),
        (([1.0], 0.0, []), {}, "epsilon must be >= 0, got an empty array"),
        (
            ([1.0], [0.0, 1.0], [1.0, 2.0, 3.0]),
            {},
            r"epsilon of shape \(3,\) does not broadcast against target of shape \(2,\)",
        ),
        (([1.0], 0.0, 1.0), {"method": "guess"}, "unknown method 'guess'"),
        ((np.ones(65), 0.0, 1.0), {"method": "exact"}, "at most 64 samples a row, got n = 65"),
        (([1.0], 0.0, 1.0), {"method": "exact", "sizes": False}, "counts by size; leave sizes=False away"),
        ((np.arange(1.0, 200), 5.0, 1.0), {"method": "dynamic-programming", "budget": 10}, "more than budget"),
        (([np.nan], 0.0, 1.0), {}, "samples must be finite"),
    ],
)
def test_bad_input(arguments: tuple[Any, ...], options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        count(*arguments, **options)
