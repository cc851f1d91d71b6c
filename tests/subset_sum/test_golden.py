"""Numbers that are published or derived, against simulation.

Every test is statistical with a fixed seed. Where a number of the theory is itself a simulation to a few digits, the tolerance is five
standard deviations of ours plus `DIGITS` for its own scatter and rounding; for a new seed the stated chance of a false alarm would hold.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from slth.bounds import rfss_kmin
from slth.subset_sum import Certainty, Status, count, solve

Array = NDArray[np.float64]
DIGITS = 0.012


def assert_rate(hits: NDArray[np.bool_], expected: float, where: str = "") -> None:
    """Within five standard deviations (a false alarm of 6e-7) and the digits of the source."""
    rate, tolerance = float(hits.mean()), 5 * math.sqrt(expected * (1 - expected) / hits.size) + DIGITS
    assert abs(rate - expected) <= tolerance, f"{where}: {rate:.4f} instead of {expected} +- {tolerance:.4f}"


# --- number partitioning


@pytest.mark.parametrize("law", ["uniform", "normal", "positive"])
def test_the_best_partition_is_exponential(law: str) -> None:
    """min |sum s_i X_i| is nearly exponential with mean sqrt(2 pi n E X^2) 2^-n: for a row sqrt(2 pi sum x^2) 2^-n (1 + kurtosis).

    6,000 rows of 24: the mean scatters by 1.3 percent, so a false alarm has chance 6e-7 at 6.5 percent; so has the test of the law.
    """
    rng = np.random.default_rng(len(law))
    m, n = 6000, 24
    draw = {"uniform": lambda: rng.uniform(-1, 1, (m, n)), "normal": lambda: rng.standard_normal((m, n))}
    samples = draw.get(law, lambda: rng.random((m, n)))()
    found = solve(samples, 0.0, coefficients=(-1, 1))
    assert (found.status == Status.OPTIMAL).all()
    squares, fourths = (samples**2).sum(axis=1), (samples**4).sum(axis=1)
    scale = np.sqrt(2 * np.pi * squares) * 2.0**-n / (1 - fourths / (4 * squares**2))
    ratio = found.error / scale
    assert abs(ratio.mean() - 1) < 0.065
    assert stats.kstest(ratio, "expon").pvalue > 6e-7
    # controls: one sign fewer to choose, and the law of one sample
    assert abs((found.error / (2 * scale)).mean() - 1) > 0.4
    assert stats.kstest(ratio / 2, "uniform").pvalue < 6e-7
    # the number of the theory, with E X^2 of the law: to the order 1 / n
    second = {"normal": 1.0}.get(law, 1 / 3)
    assert abs(found.error.mean() / (math.sqrt(2 * math.pi * n * second) * 2.0**-n) - 1) < 0.095


def test_energies_are_locally_independent() -> None:
    """The gaps between the best, second and third best partition are as exponential as the best (local REM).

    1,500 rows of 16, so each mean scatters by 2.6 percent, and the order 1 / n is 3: beyond 16 percent a false alarm has chance 1e-6.
    """
    rng = np.random.default_rng(1)
    m, n = 1500, 16
    samples = rng.uniform(-1, 1, (m, n))
    found = solve(samples, 0.0, coefficients=(-1, 1), k_best=6)
    np.testing.assert_array_equal(found.error[:, ::2], found.error[:, 1::2])  # each with all its signs turned
    energies = found.error[:, ::2] / (np.sqrt(2 * np.pi * (samples**2).sum(axis=1)) * 2.0**-n)[:, None]
    gaps = np.diff(energies, axis=1, prepend=0.0).mean(axis=0)
    np.testing.assert_allclose(gaps, 1.0, atol=0.16)


def even_rows(rng: np.random.Generator, m: int, n: int, largest: int) -> NDArray[np.int64]:
    """Rows of numbers from 1..largest whose total is even."""
    rows = rng.integers(1, largest + 1, (3 * m, n))
    return rows[rows.sum(axis=1) % 2 == 0][:m]


def test_expected_perfect_partitions_of_mertens() -> None:
    """2^n sqrt(6 / (pi n)) / M, to the order 1 / n. A row's number scatters by 9 percent, the mean of 300 by half a percent.

    Tolerance 3 percent: a false alarm has chance below 1e-7.
    """
    n, largest = 24, 1000
    rows = even_rows(np.random.default_rng(2), 300, n, largest)
    found = count(rows, rows.sum(axis=1) // 2, 0)
    assert found.certainty is Certainty.EXACT
    expected = 2.0**n * math.sqrt(6 / (math.pi * n)) / largest
    assert abs(float(np.mean(found.total.astype(float))) / expected - 1) < 0.03
    # a row with an odd total has none
    odd = rows.copy()
    odd[:, 0] += 1
    assert (count(2 * odd[:20], odd[:20].sum(axis=1), 0).total == 0).all()


@pytest.mark.parametrize("shift", [-0.2, 0.0, 0.2])
def test_the_phase_transition_of_partitioning(shift: float) -> None:
    """At kappa_c = 1 - log2(pi n / 6) / (2 n) one perfect partition is expected (and its mirror image is another): P = 1 - exp(-1/2).

    A shift of kappa by d multiplies the expectation by 2^(-n d). 3,000 rows of 20: five standard deviations.
    """
    n = 20
    critical = 1 - math.log2(math.pi * n / 6) / (2 * n)
    largest = round(2 ** (n * (critical + shift)))
    rows = even_rows(np.random.default_rng(3), 3000, n, largest)
    perfect = solve(rows, 0, coefficients=(-1, 1)).error == 0
    assert_rate(perfect, 1 - math.exp(-0.5 * 2.0 ** (-n * shift)), f"kappa = {critical + shift:.3f}")
    some = rows[:200]
    np.testing.assert_array_equal(count(some, some.sum(axis=1) // 2, 0).total > 0, perfect[:200])


# --- random subset sums


def uniform(rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    return rng.uniform(-1, 1, shape)


def product(rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    return rng.random(shape) * rng.uniform(-1, 1, shape)


@pytest.mark.parametrize(
    ("law", "n", "epsilon", "rate"),
    [
        ("uniform", 8, 0.01, 0.70),
        ("uniform", 10, 0.01, 0.92),
        ("uniform", 14, 0.01, 0.997),
        ("product", 8, 0.01, 0.63),
        ("product", 10, 0.01, 0.83),  # the theory prints 0.87, which is that of n = 11
        ("product", 14, 0.01, 0.94),
        ("uniform", 12, 0.001, 0.81),
        ("uniform", 16, 0.001, 0.98),
        ("product", 12, 0.001, 0.76),
        ("product", 16, 0.001, 0.95),
    ],
)
def test_success_rates_of_random_subset_sums(law: str, n: int, epsilon: float, rate: float) -> None:
    """One random target in [-1, 1]; 20,000 instances, five standard deviations and the digits of the source."""
    rng = np.random.default_rng([n, len(law)])
    samples = (uniform if law == "uniform" else product)(rng, (20_000, n))
    goals = rng.uniform(-1, 1, 20_000)
    hits = solve(samples, goals).error <= epsilon
    assert_rate(hits, rate, f"{law}, n = {n}")
    some = slice(0, 2000)  # the other doors agree
    found = solve(samples[some], goals[some], objective="any", epsilon=epsilon)
    np.testing.assert_array_equal(found.status == Status.WITHIN_EPSILON, hits[some])
    np.testing.assert_array_equal(count(samples[:200], goals[:200], epsilon).total > 0, hits[:200])
    # the predictor given the row: rate(z) = 2^n phi(...), P = E[1 - exp(-2 epsilon rate)]; it is good to a few percent
    spread = np.sqrt((samples**2).sum(axis=1) / 4)
    rates = 2.0**n * stats.norm.pdf(goals, samples.sum(axis=1) / 2, spread)
    assert abs(float(-np.expm1(-2 * epsilon * rates).mean()) - rate) < 0.06


# --- subsets of fixed size

LAWS = {"normal": (lambda rng, shape: rng.standard_normal(shape), 1.0), "uniform": (uniform, math.sqrt(1 / 3))}


def moment_ratio(n: int, k: int, z: float, epsilon: float, sigma: float) -> float:
    """E[Y^2] / E[Y]^2 to leading order: the overlap of two k-subsets is hypergeometric, and only its covariance matters."""
    overlaps = np.arange(k)
    shares, rho = stats.hypergeom.pmf(overlaps, n, k, k), overlaps / k
    expected = math.comb(n, k) * 2 * epsilon * stats.norm.pdf(z / (sigma * math.sqrt(k))) / (sigma * math.sqrt(k))
    terms = (1 - rho**2) ** -0.5 * np.exp(z**2 / (k * sigma**2) * rho / (1 + rho))
    return float((shares * terms).sum() + 1 / expected)


@pytest.mark.parametrize(
    ("n", "k", "z", "epsilon", "published"),
    [
        (18, 3, 0.0, 0.01, (1.313, 1.307)),
        (18, 6, 0.0, 0.01, (1.103, 1.102)),
        (18, 9, 0.0, 0.01, (1.200, 1.189)),
        (18, 9, 1.0, 0.01, (1.233, 1.234)),
        (22, 5, 1.0, 0.005, (1.109, 1.109)),
    ],
)
def test_second_moment_ratios(n: int, k: int, z: float, epsilon: float, published: tuple[float, float]) -> None:
    """Simulated by exact counts of 2,000 rows, within five standard deviations (by the delta method) and 2.5 percent of the formula.

    The chance of a false alarm is 6e-7 for each; the constants printed in the theory are met too.
    """
    assert abs(moment_ratio(n, k, z, epsilon, 1.0) - published[1]) < 2e-3
    for law, (draw, sigma) in LAWS.items():
        rows = draw(np.random.default_rng([n, k]), (2000, n))
        numbers = count(rows, z, epsilon).by_size[:, k].astype(float)
        mean, square = numbers.mean(), (numbers**2).mean()
        ratio = square / mean**2
        error = (numbers**2 / mean**2 - 2 * ratio * numbers / mean).std() / math.sqrt(len(numbers))
        formula = moment_ratio(n, k, z, epsilon, sigma)
        assert abs(ratio - formula) <= 5 * error + 0.025 * formula, f"{law}: {ratio:.3f} +- {error:.3f}, {formula:.3f}"
        assert error < 0.05
        if law == "normal":
            assert abs(ratio - published[0]) <= 5 * error + DIGITS
            expected = math.comb(n, k) * 2 * epsilon * stats.norm.pdf(z / math.sqrt(k)) / math.sqrt(k)
            assert abs(mean / expected - 1) < 5 * numbers.std() / mean / math.sqrt(len(numbers)) + 0.01


@pytest.mark.parametrize(
    ("law", "n", "k", "z", "epsilon", "simulated", "predicted"),
    [
        ("normal", 18, 9, 0.0, 1e-4, 0.683, 0.675),
        ("uniform", 18, 9, 0.0, 1e-4, 0.806, 0.823),
        ("normal", 18, 9, 2.0, 1e-3, 0.905, 0.923),
        ("uniform", 18, 9, 2.0, 1e-3, 0.831, 0.847),
        ("normal", 18, 5, 0.0, 1e-3, 0.935, 0.935),
        ("normal", 20, 4, 1.0, 1e-3, 0.789, 0.795),
        ("normal", 18, 3, 0.0, 3e-3, 0.645, 0.678),
    ],
)
def test_success_of_fixed_size(
    law: str, n: int, k: int, z: float, epsilon: float, simulated: float, predicted: float
) -> None:
    """P(some k-subset within epsilon), 4,000 rows; and the mixture of Poisson laws that predicts it, on the same rows.

    Given a row, lambda = C(n, k) 2 epsilon phi((z - k mean) / sd) / sd, with the finite-population deviation.
    """
    rows = LAWS[law][0](np.random.default_rng([n, k, len(law)]), (4000, n))
    found = solve(rows, z, size=k)
    hits = found.error <= epsilon
    assert (found.size == k).all()
    assert_rate(hits, simulated, law)
    centre, deviation = k * rows.mean(axis=1), rows.std(axis=1) * math.sqrt(k * (n - k) / (n - 1))
    rates = math.comb(n, k) * 2 * epsilon * stats.norm.pdf(z, centre, deviation)
    assert abs(float(-np.expm1(-rates).mean()) - predicted) < 0.035
    # one Poisson law with the mean of all rows is wrong where rows differ (it says 1.000)
    naive = -math.expm1(-float(rates.mean()))
    assert naive >= float(-np.expm1(-rates).mean())
    if z == 2.0:
        assert naive > 0.99
    numbers = count(rows[:150], z, epsilon).by_size[:, k]
    np.testing.assert_array_equal(numbers > 0, hits[:150])


def test_the_smallest_useful_size_is_useful() -> None:
    """At the size it names, the success asked for is reached, and one below it is not (2,000 rows, five standard deviations)."""
    n, epsilon, z = 20, 1e-3, 1.0
    k = rfss_kmin(n, epsilon, 0.8, z, "normal")
    assert k is not None
    rows = np.random.default_rng(4).standard_normal((2000, n))
    rates = [float((solve(rows, z, size=size).error <= epsilon).mean()) for size in (k - 1, k)]
    assert rates[0] < 0.8 + 0.045
    assert rates[1] > 0.8 - 0.045
    assert rates[0] < rates[1]


# --- patterns (s of every B)


@pytest.mark.parametrize(
    ("pattern", "n", "epsilon", "rate"),
    [
        ((1, 2), 22, 0.01, 0.93),
        ((1, 4), 20, 0.01, 0.96),
        ((2, 4), 20, 0.01, 0.97),
        ((1, 8), 32, 0.01, 1.00),
        ((2, 4), 24, 0.001, 0.97),
    ],
)
def test_success_rates_of_patterns(pattern: tuple[int, int], n: int, epsilon: float, rate: float) -> None:
    """One random target in [-1, 1], 1,500 instances; five standard deviations and the digits of the source."""
    rng = np.random.default_rng([n, *pattern])
    rows, goals = rng.uniform(-1, 1, (1500, n)), rng.uniform(-1, 1, 1500)
    found = solve(rows, goals, pattern=pattern)
    hits = found.error <= epsilon
    assert_rate(hits, min(rate, 0.999), str(pattern))
    blocks = found.chosen.reshape(1500, n // pattern[1], pattern[1]).sum(axis=2)
    assert (blocks == pattern[0]).all()
    any_size = solve(rows, goals, size=pattern[0] * n // pattern[1])  # a pattern is one way to have its size
    assert (any_size.error <= found.error).all()
    assert hits.mean() < 1 or rate == 1.00
