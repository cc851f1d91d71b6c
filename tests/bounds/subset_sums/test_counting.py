"""The three counts, against enumeration."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest

from slth.bounds.subset_sums.counting import count_subsets_exact, count_subsets_gauss, count_subsets_saddle
from slth.subset_sum import Certainty


def by_enumeration(samples: list[float], target: float, epsilon: float) -> list[int]:
    values = [Fraction(x) for x in samples]
    return [
        sum(abs(sum(chosen) - Fraction(target)) <= Fraction(epsilon) for chosen in combinations(values, k))
        for k in range(len(values) + 1)
    ]


def test_exact() -> None:
    rng = np.random.default_rng(0)
    for n in (1, 5, 11):
        samples = rng.uniform(-1, 1, n).tolist()
        found = count_subsets_exact(samples, 0.25, 0.2)
        assert found.certainty is Certainty.EXACT
        assert found.by_size.tolist() == by_enumeration(samples, 0.25, 0.2)
    assert count_subsets_exact([1, 2, 3, 4, 5], 6, 0).by_size.tolist() == [0, 0, 2, 1, 0, 0]
    assert count_subsets_exact([0.5, 0.25, 0.25], 0.75, 0.25).total == 5, "ends of the window belong to it"


def test_a_batch() -> None:
    samples = np.random.default_rng(1).uniform(-1, 1, (3, 8))
    found = count_subsets_exact(samples, [[0.0], [0.5]], 0.1)
    assert found.by_size.shape == (2, 3, 9)
    assert found.by_size[1, 2].tolist() == by_enumeration(samples[2].tolist(), 0.5, 0.1)
    for predictor in (count_subsets_saddle, count_subsets_gauss):
        assert predictor(samples, [[0.0], [0.5]], 0.1).log2_by_size.shape == (2, 3, 9)


def test_predictors_in_the_bulk() -> None:
    """20 samples, one row: within 10 percent where there are many subsets; a predictor that is half off is caught (control)."""
    samples = np.random.default_rng(2).uniform(-1, 1, 20)
    target = 0.5 * samples.sum()
    exact = count_subsets_exact(samples, target, 0.05).by_size[7:14].astype(float)
    assert exact.min() > 400
    for predictor in (count_subsets_saddle, count_subsets_gauss):
        found = predictor(samples, target, 0.05).by_size[7:14]
        np.testing.assert_allclose(found, exact, rtol=0.1)
        assert (np.abs(0.5 * found / exact - 1) > 0.1).all()


def test_the_saddle_point_in_the_tail_and_for_long_rows() -> None:
    samples = np.random.default_rng(3).uniform(-1, 1, 18)
    target = 0.6 * samples[samples > 0].sum() + 0.4 * samples[samples > 0].sum() * 0.5
    exact = count_subsets_exact(samples, target, 0.2)
    near, far = (predictor(samples, target, 0.2) for predictor in (count_subsets_saddle, count_subsets_gauss))
    assert near.log2_total == pytest.approx(exact.log2_total, abs=0.3)
    assert abs(near.log2_total - exact.log2_total) < abs(far.log2_total - exact.log2_total)
    long = np.random.default_rng(4).uniform(-1, 1, 500)
    assert 480 < count_subsets_saddle(long, 0.5 * long.sum(), 0.01).log2_total < 500


def test_what_cannot_be_counted() -> None:
    with pytest.raises(ValueError, match="at most 64 samples"):
        count_subsets_exact(np.ones(65), 1, 0)
    with pytest.raises(ValueError, match="epsilon must be >= 0"):
        count_subsets_saddle([0.5, 0.1], 0.2, -1)
