"""The predictor of the closest error, against brute force."""

from __future__ import annotations

import math

import numpy as np
import pytest

from slth.bounds import log_closest_error
from tests.reference import subset_sum_exact


def features(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return np.maximum(samples, 0).sum(-1), samples.sum(-1), 0.5 * np.sqrt((samples**2).sum(-1))


@pytest.mark.parametrize("law", ["uniform", "normal"])
@pytest.mark.parametrize("n", [8, 12])
def test_median_within_a_factor_of_three(n: int, law: str) -> None:
    """In the bulk the closest error is about exponential around the prediction: median of 60 log ratios within log 3.

    The single log ratio scatters with standard deviation about 1.3 around -0.1, the median of 60 with 0.2: 1.1 away is
    more than five of these, a false alarm in fewer than one of 10^6.
    """
    rng = np.random.default_rng(n)
    ratios = []
    for _ in range(60):
        samples = rng.uniform(-1, 1, n) if law == "uniform" else rng.standard_normal(n)
        positive, total, deviation = features(samples)
        target = 0.5 * total + deviation * rng.uniform(-1, 1)
        closest = float(subset_sum_exact.closest(samples.tolist(), target).error)
        predicted = float(log_closest_error(target, positive, total, deviation, n))
        ratios.append(math.log(max(closest, 1e-300)) - predicted)
    assert abs(np.median(ratios)) < math.log(3)
    assert abs(np.median(ratios) + math.log(10)) > 0.5, "negative control: a predictor ten times off is caught"


def test_beyond_the_reach_the_distance_to_it() -> None:
    samples = np.array([0.5, -0.25, 0.125, -1.0])
    positive, total, deviation = features(samples)
    for target, distance in ((2.0, 2.0 - 0.625), (-3.0, 3.0 - 1.25)):
        assert math.exp(log_closest_error(np.float64(target), positive, total, deviation, 40.0)) == pytest.approx(
            distance, rel=1e-12
        )


def test_never_better_than_out_of_reach_and_symmetric() -> None:
    rng = np.random.default_rng(0)
    samples = rng.uniform(-1, 1, (200, 10))
    targets = rng.uniform(-4, 4, 200)
    positive, total, deviation = features(samples)
    found = log_closest_error(targets, positive, total, deviation, 10.0)
    beyond = np.maximum(targets - positive, (total - positive) - targets)
    out = beyond > 0
    assert out.any()
    assert (found[out] >= np.log(beyond[out]) - 1e-12).all()
    # the subset sums of -x are those of x, negated; the complement turns z into L - z
    negated, less, same = features(-samples)
    np.testing.assert_allclose(log_closest_error(-targets, negated, less, same, 10.0), found, rtol=1e-9, atol=1e-9)
    inside = ~out
    complement = log_closest_error(total - targets, positive, total, deviation, 10.0)
    np.testing.assert_allclose(complement[inside], found[inside], rtol=1e-9, atol=1e-9)


def test_scaling() -> None:
    rng = np.random.default_rng(1)
    samples, targets = rng.uniform(-1, 1, (50, 9)), rng.uniform(-1, 1, 50)
    plain = log_closest_error(targets, *features(samples), 9.0)
    np.testing.assert_allclose(
        log_closest_error(8 * targets, *features(8 * samples), 9.0), plain + math.log(8), rtol=1e-9, atol=1e-9
    )


def test_one_more_sample_halves_it() -> None:
    found = [
        float(log_closest_error(np.float64(0.1), np.float64(9), np.float64(0.2), np.float64(1.5), float(n)))
        for n in (10, 11)
    ]
    assert found[0] - found[1] == pytest.approx(math.log(2))


def test_shapes() -> None:
    ones = np.ones((3, 4))
    assert log_closest_error(0.1 * ones, ones, ones, ones, 5.0).shape == (3, 4)
    assert log_closest_error(0.1 * ones, ones, ones, ones, 5 * np.ones(4)).shape == (3, 4)
