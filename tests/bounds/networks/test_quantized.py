"""Quantized and binary networks: bounds against their statements, written out in integers and fractions."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from slth.bounds.hypotheses import HypothesisError, HypothesisWarning
from slth.bounds.networks.quantized import (
    discrete_n,
    quantized_failure,
    quantized_lower,
    quantized_samples,
    quantized_width,
    quantized_width_shallow,
)
from slth.bounds.networks.signs import SignNetwork, mpt_width, sreenivasan_dims


@pytest.mark.parametrize("d", [1, 2, 17])
@pytest.mark.parametrize("j", [0, 1, 4, 10])
@pytest.mark.parametrize("p", [1.0, 0.5, 1e-3])
def test_quantized_lower_is_the_logarithm_of_an_integer(d: int, j: int, p: float) -> None:
    matrices = (2 ** (j + 1) + 1) ** (d * d)
    # 2^bound = p matrices; of huge integers, the logarithm by bits
    bits = math.log2(matrices >> max(matrices.bit_length() - 60, 0)) + max(matrices.bit_length() - 60, 0)
    assert quantized_lower(d, 2.0**-j, p) == pytest.approx(max(bits + math.log2(p), 0.0), rel=1e-12)


def test_quantized_lower_is_never_negative_and_survives_extremes() -> None:
    assert quantized_lower(1, 1.0, 1e-300) == 0.0
    assert quantized_lower(10**6, 2.0**-1000, 1.0) == pytest.approx(1e12 * 1001, rel=1e-12)


def test_quantized_samples_is_the_least_above_the_threshold() -> None:
    for j in range(1, 30):
        n = quantized_samples(2.0**-j)
        assert isinstance(n, int)
        assert 2**n > 4**j >= 2 ** (n - 1)


def test_quantized_widths() -> None:
    assert quantized_width(10, 2.0**-8, 3) == 240
    assert quantized_width_shallow(10, 2.0**-8, 3) == 1920
    assert quantized_width(3, 2.0**-5, 0.5) == 8
    # the shallower network is wider by log2(1/delta)
    j = np.arange(1, 20)
    np.testing.assert_array_equal(quantized_width_shallow(4, 2.0**-j, 2), j * quantized_width(4, 2.0**-j, 2))


def test_quantized_failure_decays_slowly() -> None:
    """Lemma 4 alone, 2 n^(-1/7), is void up to n = 128 and one percent only at 200^7."""
    assert quantized_failure(1, 2.0**-128, 2.0) == pytest.approx(1.0)
    assert quantized_failure(1, 2.0**-127, 2.0) == 1.0
    assert quantized_failure(1, 2.0**-256, 2.0) == pytest.approx(2 * 256 ** (-1 / 7))
    assert quantized_failure(7, 2.0**-1000, 0.01) == pytest.approx(0.07 * 1000 ** (-1 / 7))


def test_discrete_n() -> None:
    assert discrete_n(1 / 64, 0, 4) == math.ceil(4 * math.log(65))
    assert discrete_n(0.25, 4, 10) == 0  # within the whole range: no samples
    assert discrete_n(1e-300, 0, 1) == math.ceil(300 * math.log(10))
    # delta_q -> 0 at a fixed error: the continuous count, C ln(1/eps)
    eps, delta_q = 0.01, 1e-9
    assert abs(discrete_n(delta_q, eps / delta_q, 100) - 100 * math.log(1 / eps)) <= 2
    for M in (*range(1, 2000), 10**15, 2**1000):
        assert discrete_n(1 / M, 0, 7.0) == pytest.approx(7 * math.log(M + 1), abs=1)
    counts = discrete_n(1 / 64, np.arange(65), 5.0)
    assert (np.diff(counts) <= 0).all()


def test_mpt_width() -> None:
    d, depth, eps = 10, 3, 0.01
    expected = 2 * depth * d**1.5 / eps + 5 * depth * d * math.log(depth * d / eps)
    assert mpt_width(d, depth, eps, 2, 5) == math.ceil(expected)
    assert mpt_width(100, 3, 1e-3, 1, 1) > 100 * mpt_width(100, 3, 0.1, 1, 1) / 2  # 1/eps, not its logarithm
    with pytest.raises(OverflowError, match="mpt_width"):
        mpt_width(10**6, 10, 1e-300, 1, 1)
    assert mpt_width([10**6], 10, 1e-300, 1, 1)[0] == np.inf


def test_sreenivasan_dims() -> None:
    found = sreenivasan_dims(10, 3, 0.01, 2, 5)
    log = math.log(10 * 3 / 0.01)
    assert found == SignNetwork(math.ceil(2 * 3 * log), math.ceil(5 * 10 * log**2))
    assert isinstance(found.depth, int)
    assert isinstance(found.width, int)
    many = sreenivasan_dims([10, 20], 3, 1e-300, 2, 5)
    assert many.width.shape == (2,)
    assert np.isfinite(many.width).all()


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: quantized_lower(2, 0.3, 1), r"delta = 2\^-j"),
        (lambda: quantized_lower(2, 2.0, 1), r"delta = 2\^-j"),
        (lambda: quantized_lower(2.5, 0.5, 1), "whole number d"),
        (lambda: quantized_lower(2, 0.5, 0), "0 < p <= 1"),
        (lambda: quantized_samples(1.0), "delta < 1"),
        (lambda: quantized_width(0, 0.5, 1), "whole number d"),
        (lambda: quantized_width_shallow(1, 0.5, 0), "quantized_width_shallow needs C > 0"),
        (lambda: quantized_failure(1, 0.5, -1), "C > 0"),
        (lambda: discrete_n(1.5, 0, 1), "0 < delta_q <= 1"),
        (lambda: discrete_n(0.5, 3, 1), "Delta <= 1 / delta_q"),
        (lambda: discrete_n(0.5, -1, 1), "whole number Delta >= 0"),
        (lambda: discrete_n(0.01, 1.5, 1), "whole number Delta >= 0"),
        (lambda: discrete_n(0.3, 0, 1), "whole number 1 / delta_q"),
        (lambda: mpt_width(1, 1, 1.0, 1, 1), "0 < eps < 1"),
        (lambda: mpt_width(1, 1, 0.5, 0, 1), "C_1, C_2 > 0"),
        (lambda: sreenivasan_dims(1, 0, 0.5, 1, 1), "whole number depth"),
    ],
)
def test_hypotheses(call: Callable[[], object], match: str) -> None:
    with pytest.raises(HypothesisError, match=match):
        call()


def test_arrays_are_nan_outside_the_hypotheses() -> None:
    with pytest.warns(HypothesisWarning, match="quantized_lower"):
        found = quantized_lower([1, 2], [0.5, 0.3], 1.0)
    assert found[0] == pytest.approx(math.log2(5))
    assert np.isnan(found[1])
    with pytest.warns(HypothesisWarning, match="sreenivasan_dims"):
        dims = sreenivasan_dims(3, 2, [0.5, 2.0], 1, 1)
    assert np.isnan(dims.depth[1])
    assert np.isnan(dims.width[1])


def test_lower_bound_is_below_what_suffices() -> None:
    """A two-layer network of width C d log2(1/delta) has 2 C d^2 log2(1/delta) parameters: above the bound from C = 2 on."""
    for d in (1, 5, 100):
        for j in range(1, 40):
            delta = 2.0**-j
            assert 2 * d * quantized_width(d, delta, 2) >= quantized_lower(d, delta, 1.0)


def test_discrete_n_with_the_explicit_constant() -> None:
    """With C = 4/ln(4/3) the explicit failure bound for uniform samples is at most 8 ((Delta + 1)/(M + 1))^2, in fractions."""
    for M in (1, 3, 10, 200):
        for Delta in {0, M // 3, M}:
            n = discrete_n(1 / M, Delta, 4 / math.log(4 / 3))
            least = min(
                Fraction((2 * M - 2 * d) * (2 * M - Delta + d), (2 * d + 1) * (Delta - d + 1)) for d in range(Delta + 1)
            )
            assert least * Fraction(3, 4) ** n <= 8 * Fraction(Delta + 1, M + 1) ** 2
