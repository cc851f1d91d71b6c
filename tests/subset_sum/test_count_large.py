"""Estimated, sampled and expected counts, against enumeration, exact integer counts and closed forms."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from slth import laws
from slth.subset_sum.counting import expected, grid, saddle, sampled
from tests.reference.grid_counts import by_enumeration, by_numpy, irwin_hall
from tests.subset_sum.instances import KINDS

Array = np.ndarray

LAWS = {
    "uniform": lambda rng, n: rng.uniform(-1, 1, n),
    "positive": lambda rng, n: rng.random(n),
    "normal": lambda rng, n: rng.standard_normal(n),
    "product": lambda rng, n: rng.random(n) * rng.uniform(-1, 1, n),
    "exponential": lambda rng, n: rng.exponential(1.0, n),
}


def log2(counts: Array | list[int]) -> Array:
    return np.array([math.log2(count) if count else -math.inf for count in counts])


class Product:
    """The product of two uniforms on [-1, 1]: a logarithmic pole at 0."""

    support, mean, variance = (-1.0, 1.0), 0.0, 1 / 9

    def density(self, x: Array) -> Array:
        with np.errstate(divide="ignore"):
            return np.where(np.abs(x) <= 1, -0.5 * np.log(np.abs(x)), 0.0)


class Anonymous:
    """A law that tells only its density."""

    def __init__(self, law: laws.Law) -> None:
        self.support, self.mean, self.variance, self.density = law.support, law.mean, law.variance, law.density


# saddle point


@pytest.mark.parametrize(
    ("law", "covered"),
    [("uniform", 0.97), ("positive", 0.97), ("normal", 0.97), ("product", 0.93), ("exponential", 0.75)],
)
def test_stated_error_covers_enumeration(law: str, covered: float) -> None:
    """The share of sizes with 20 subsets or more whose count lies within 3 times the stated error (fixed seeds, n = 16 and 17).

    Measured over six times as many rows: uniform .986, positive .986, normal .992, product .970, exponential .839: where a few large
    samples rule the sums, these are not smooth at n = 16.
    """
    errors: list[float] = []
    for n in (16, 17):
        rng = np.random.default_rng(n)
        samples = LAWS[law](rng, n)
        low, high = samples[samples < 0].sum(), samples[samples > 0].sum()
        for share in (0.15, 0.3, 0.5, 0.6, 0.8):
            for epsilon in (0.01, 0.1, 1.0):
                target = low + share * (high - low)
                counts = by_numpy(samples, target, epsilon)
                found = saddle.by_size(samples, target, epsilon)
                for k in (0, 1, 2, n - 2, n - 1, n):
                    assert found.log2[k] == log2([counts[k]])[0]
                    assert found.relative_error[k] == 0
                assert np.all(counts[np.isneginf(found.log2)] == 0)
                some = (counts >= 20) & (found.relative_error > 0)
                errors += list((counts[some] / 2 ** found.log2[some] - 1) / found.relative_error[some])
    scaled = np.abs(errors)
    assert len(scaled) > 100
    assert np.mean(scaled < 3) > covered
    assert 0.05 < np.median(scaled) < 1  # and it is not stated absurdly large


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.7])
@pytest.mark.parametrize("epsilon", [0, 5])
def test_integers_of_a_long_row(share: float, epsilon: int) -> None:
    """Sums on a lattice: with epsilon = 0 the window is one point of it."""
    samples = np.random.default_rng(7).integers(1, 1001, 90)
    target = round(share * samples.sum())
    exact = log2(grid.by_size(samples, target, epsilon))
    found = saddle.by_size(samples, target, epsilon)
    many = exact > 15
    np.testing.assert_allclose(found.log2[many], exact[many], atol=0.02)
    assert np.median(np.abs(found.log2[many] - exact[many])) < 0.003
    whole = math.log2(grid.total(samples, target, epsilon))
    assert saddle.total(samples, target, epsilon).log2 == pytest.approx(whole, abs=0.003)


def test_lattice_of_even_numbers() -> None:
    samples = 2 * np.random.default_rng(8).integers(-300, 301, 60) + 1  # sums of size k are k modulo 2
    exact = log2(grid.by_size(samples, 100, 0))
    found = saddle.by_size(samples, 100, 0)
    assert np.all(np.isneginf(found.log2[1::2]))
    middle = exact > 20
    np.testing.assert_allclose(found.log2[middle], exact[middle], atol=0.02)


def test_every_size_adds_up_to_the_total() -> None:
    samples = np.random.default_rng(9).uniform(-1, 1, 700)
    for target, epsilon in ((0.3, 0.01), (40.0, 0.01), (-90.0, 0.5)):
        sizes = saddle.by_size(samples, target, epsilon)
        assert np.all(np.isfinite(sizes.relative_error))
        whole = saddle.total(samples, target, epsilon)
        assert np.logaddexp2.reduce(sizes.log2) == pytest.approx(float(whole.log2), abs=1e-4)


def test_complement_and_scaling_of_the_estimate() -> None:
    samples = np.random.default_rng(10).normal(0.2, 1, 60)
    there = saddle.by_size(samples, 3.0, 0.02).log2
    back = saddle.by_size(samples, float(samples.sum()) - 3.0, 0.02).log2[::-1]
    np.testing.assert_allclose(there[3:-3], back[3:-3], atol=1e-6)
    np.testing.assert_allclose(
        saddle.by_size(samples * 2.0**-300, 3 * 2.0**-300, 0.02 * 2.0**-300).log2, there, atol=1e-6
    )


def test_whole_window_gives_binomials() -> None:
    samples = np.random.default_rng(11).uniform(-1, 1, 40)
    binomials = log2([math.comb(40, k) for k in range(41)])
    np.testing.assert_allclose(saddle.by_size(samples, 0.0, 100.0).log2, binomials, atol=0.01)
    np.testing.assert_allclose(saddle.gaussian(samples, 0.0, 100.0), binomials, atol=0.02)


def test_gaussian_near_the_mean() -> None:
    samples = np.random.default_rng(12).uniform(-1, 1, 100)
    there, here = saddle.gaussian(samples, 0.5, 0.01), saddle.by_size(samples, 0.5, 0.01).log2
    np.testing.assert_allclose(there[20:80], here[20:80], atol=0.03)


@pytest.mark.parametrize("kind", KINDS)
def test_hard_rows_are_survived_and_impossible_is_proven(kind: str) -> None:
    """No smooth density describes such rows; but nothing overflows, few elements are counted exactly, and -inf is true."""
    rng = np.random.default_rng(list(KINDS).index(kind))
    samples = KINDS[kind](rng, 9)
    reach = float(np.abs(samples / 4).sum())
    for target in (0.0, reach, -3 * reach, 6 * reach):
        for epsilon in (0.0, 0.1 * reach, reach):
            counts = np.array(by_enumeration(samples.tolist(), target, epsilon))
            for found in (saddle.by_size(samples, target, epsilon).log2, saddle.gaussian(samples, target, epsilon)):
                assert not np.isnan(found).any()
                assert np.all(counts[np.isneginf(found)] == 0)
                np.testing.assert_array_equal(found[[0, 1, 2, -3, -2, -1]], log2(counts[[0, 1, 2, -3, -2, -1]]))
            whole = saddle.total(samples, target, epsilon)
            assert not np.isnan(whole.log2)
            assert np.isfinite(whole.log2) or not counts.any()


# sampling


def test_coverage_of_the_interval() -> None:
    """95 % intervals where 100 draws or more are effective: at most 8 % miss, of 300 numbers and more (false alarm below 1e-3 were
    they independent and exact); and not fewer than 1 %, or the intervals would be too wide."""
    misses, number = 0, 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(30, 50))
        samples = rng.integers(-400, 1000, n)
        target = float(round(0.5 * samples.sum() + rng.normal() * 500))
        exact = log2(grid.by_size(samples, target, 20))
        found = sampled.by_size(samples, target, 20, rng=seed, confidence=0.95, draws=2048)
        some = found.effective >= 100
        misses += np.count_nonzero(((exact < found.lower_log2) | (exact > found.upper_log2))[some])
        number += np.count_nonzero(some)
    assert number > 300
    assert 0.01 < misses / number < 0.08


def test_short_rows_are_counted() -> None:
    samples = np.random.default_rng(13).uniform(-1, 1, 14)
    counts = by_numpy(samples, 0.4, 0.05)
    found = sampled.by_size(samples, 0.4, 0.05, draws=2)
    np.testing.assert_array_equal(found.log2, log2(counts))
    np.testing.assert_array_equal(found.lower_log2, found.upper_log2)
    assert sampled.total(samples, 0.4, 0.05, draws=2).log2 == math.log2(counts.sum())


def test_same_bits_whatever_the_workers() -> None:
    samples = np.random.default_rng(14).uniform(-1, 1, 500)
    first, second, other = (
        sampled.by_size(samples, 1.0, 0.1, sizes=[250, 100], draws=3000, rng=seed, workers=workers)
        for seed, workers in ((0, 1), (0, 3), (1, 1))
    )
    np.testing.assert_array_equal(first.log2, second.log2)
    np.testing.assert_array_equal(first.upper_log2, second.upper_log2)
    assert np.all(first.log2 != other.log2)


def test_sampling_and_saddle_point_agree_in_a_tail() -> None:
    """A quarter of the reach above the mean of 1000 samples: 99.99 % intervals."""
    samples = np.random.default_rng(15).uniform(-1, 1, 1000)
    target = 0.75 * samples[samples > 0].sum() + 0.25 * samples[samples < 0].sum()
    found = sampled.total(samples, target, 0.05, draws=8192, confidence=0.9999, rng=0)
    assert found.lower_log2 <= saddle.total(samples, target, 0.05).log2 <= found.upper_log2
    assert found.upper_log2 - found.lower_log2 < 1


def test_a_target_out_of_reach() -> None:
    samples = np.random.default_rng(16).uniform(-1, 1, 30)
    found = sampled.total(samples, 1e6, 0.1, rng=0)
    assert (found.log2, found.lower_log2, found.upper_log2, found.effective) == (-math.inf, -math.inf, math.inf, 0)
    assert saddle.total(samples, 1e6, 0.1).log2 == -math.inf


# expectation


@pytest.mark.parametrize("k", [1, 2, 3, 7, 20, 40, 41, 60])
def test_uniform_as_the_volume_of_a_cut_cube(k: int) -> None:
    """Exact to 40 terms, and to 1e-10 by the integral beyond; in the tails too."""
    for z in (0.0, 0.3, 0.5 * k, 0.95 * k, -0.7 * k):
        for epsilon in (2.0**-10, 0.25, 2.0):
            ends = [(Fraction(z) + sign * Fraction(epsilon) + k) / 2 for sign in (-1, 1)]
            share = irwin_hall(k, ends[1]) - irwin_hall(k, ends[0])
            found = expected.log2_expected(100, z, epsilon, sizes=[k])
            if not share:
                assert found.log2[0] == -math.inf
                continue
            number = math.comb(100, k) * share
            exact = math.log2(number.numerator) - math.log2(number.denominator)
            assert found.log2[0] == pytest.approx(exact, abs=2e-10)
            assert abs(found.log2[0] - exact) * math.log(2) <= found.relative_error[0] + 1e-14


def test_densities_as_closed_forms() -> None:
    for law in (laws.Uniform(-1, 1), laws.Uniform(0.5, 3), laws.Normal(0.3, 2.0**0.5)):
        sizes = [1, 2, 3, 8, 30, 90]
        known = expected.log2_expected(100, 12.0, 0.05, law, sizes=sizes)
        found = expected.log2_expected(100, 12.0, 0.05, Anonymous(law), sizes=sizes)
        some = np.isfinite(known.log2)
        np.testing.assert_array_equal(some, np.isfinite(found.log2))
        error = np.abs(found.log2[some] - known.log2[some]) * math.log(2)
        assert np.all(error <= found.relative_error[some] + 1e-11)
        assert np.all(error[-3:] < 1e-10)


def test_products_as_simulated() -> None:
    """Mean counts of 300 rows; their standard error is measured, and 5 of them are allowed (false alarm below 1e-5)."""
    rng = np.random.default_rng(17)
    rows = np.array([by_numpy(rng.uniform(-1, 1, 12) * rng.uniform(-1, 1, 12), 0.3, 0.05) for _ in range(300)])
    some = [1, 4, 6, 7, 8, 9]
    found = expected.log2_expected(12, 0.3, 0.05, Product(), sizes=some)
    scatter = rows.std(axis=0, ddof=1)[some] / math.sqrt(300)
    assert np.all(np.abs(rows.mean(axis=0)[some] - 2**found.log2) < 5 * scatter + found.relative_error * 2**found.log2)


def test_refusals() -> None:
    with pytest.raises(ValueError, match="unknown law"):
        expected.log2_expected(5, 0.0, 0.1, "cauchy")
    with pytest.raises(ValueError, match="sizes"):
        expected.log2_expected(5, 0.0, 0.1, sizes=[6])
    with pytest.raises(ValueError, match="sizes"):
        sampled.by_size(np.ones(5), 0.0, 0.1, sizes=[6])
    with pytest.raises(ValueError, match="epsilon"):
        saddle.by_size(np.ones(5), 0.0, -0.1)
    with pytest.raises(ValueError, match="confidence"):
        sampled.total(np.ones(5), 0.0, 0.1, confidence=95)


def test_wide_windows_of_a_hundred_samples() -> None:
    """Every size is finite or impossible, and adds up to the total."""
    samples = np.random.default_rng(19).uniform(-1, 1, 100)
    sizes, whole = saddle.by_size(samples, 0.3, 3.0), saddle.total(samples, 0.3, 3.0)
    assert not np.isnan(sizes.log2).any()
    assert not np.isnan(sizes.relative_error).any()
    assert np.logaddexp2.reduce(sizes.log2) == pytest.approx(float(whole.log2), abs=1e-3)
