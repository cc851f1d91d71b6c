"""The bounds with open constants: formulas, and the constants with which they are theorems."""

from __future__ import annotations

import math

import numpy as np
import pytest

from slth.bounds.hypotheses import HypothesisError, HypothesisWarning
from slth.bounds.subset_sums.asymptotic import rss_lueker_constant, rss_n_lueker, rss_tail_dacunha, rss_tail_discrete
from slth.bounds.subset_sums.explicit import rss_failure_explicit_full, rss_n_explicit_full
from slth.bounds.subset_sums.explicit_discrete import rss_failure_discrete


def test_lueker() -> None:
    assert rss_n_lueker(0.01, 0.5, 1.0) == math.ceil(math.log(200))
    assert rss_n_lueker(0.5, 0.01, 3.0) == math.ceil(3 * math.log(200))
    assert rss_n_lueker(1e-300, 0.5, 2.0) == math.ceil(2 * (math.log(2) + 300 * math.log(10)))
    n = rss_n_lueker([0.1, 0.01, 0.001], 0.05, 5.0)
    assert n.dtype == np.float64
    assert (np.diff(n) > 0).all()


def test_lueker_constant() -> None:
    assert rss_lueker_constant() == pytest.approx(3 / math.log(4 / 3))
    assert rss_lueker_constant(1e-12) == pytest.approx(12e12), "3 / -ln(1 - p/4) -> 12 / p"
    eps = np.geomspace(1e-200, 0.99, 500)
    for p in (1.0, 0.2):
        for delta in (1e-100, 1e-3, 0.9):
            needed = rss_n_explicit_full(eps, delta, 0.5, p / 2)
            assert (rss_n_lueker(eps, delta, rss_lueker_constant(p)) >= needed).all()
            assert (rss_n_lueker(eps, delta, 0.3 * rss_lueker_constant(p)) < needed).all(), "control"


def test_dacunha() -> None:
    n, eps, C = 50, 0.1, 3.0
    assert rss_tail_dacunha(n, eps, C) == pytest.approx(math.exp(-((n - C * math.log2(10)) ** 2) / 200))
    assert rss_tail_dacunha(16, 2.0**-4, 4.0) == 1.0
    tail = rss_tail_dacunha(np.arange(20, 400), 0.1, 6.0)
    assert (np.diff(tail) < 0).all()
    assert rss_tail_dacunha(10**6, 1e-300, 6.35) == 0.0


def test_dacunha_follows_from_the_explicit_bound() -> None:
    for eps in (0.33, 0.1, 1e-3, 1e-30):
        n = np.arange(math.ceil(-6.35 * math.log2(eps)), 3000)
        assert (rss_failure_explicit_full(n, 2 * eps) <= rss_tail_dacunha(n, eps, 6.35) * (1 + 1e-9)).all()


def test_discrete() -> None:
    t, M, Delta, C, kappa = 30, 100, 3, 5.0, 8.0
    start = C * math.log(101 / 4)
    assert rss_tail_discrete(t, M, Delta, C, kappa) == pytest.approx(2 * math.exp(-((t - start) ** 2) / (kappa * t)))
    assert rss_tail_discrete(30, 5, 5, C, kappa) == pytest.approx(2 * math.exp(-30 / 8)), (
        "Delta = M: the logarithm is 0"
    )
    assert rss_tail_discrete(math.ceil(start), M, Delta, C, kappa) == 1.0, "at most 1"
    # only the ratio (M + 1) / (Delta + 1) counts
    assert rss_tail_discrete(90, 2**50 - 1, 2**40 - 1, 7, 11) == pytest.approx(rss_tail_discrete(90, 1023, 0, 7, 11))


def test_discrete_follows_from_the_explicit_bound() -> None:
    for M in (1, 2, 17, 10**6):
        for Delta in {0, 1, M // 3, M - 1, M}:
            start = math.ceil(7 * math.log((M + 1) / (Delta + 1)) + 1e-9)
            t = np.arange(max(start, 1), start + 400)
            stated = rss_tail_discrete(t, M, Delta, 7, 11)
            assert (rss_failure_discrete(t, M, Delta) <= stated * (1 + 1e-9)).all()


def test_hypotheses() -> None:
    for call, message in (
        (lambda: rss_n_lueker(1.0, 0.1, 3), "0 < eps < 1"),
        (lambda: rss_n_lueker(0.1, 0.0, 3), "0 < delta < 1"),
        (lambda: rss_n_lueker(0.1, 0.1, 0), "C > 0"),
        (lambda: rss_lueker_constant(1.5), "0 < p <= 1"),
        (lambda: rss_tail_dacunha(100, 0.4, 3), "0 < eps < 1/3"),
        (lambda: rss_tail_dacunha(9, 0.1, 3), r"n >= C log2\(1/eps\)"),
        (lambda: rss_tail_dacunha(10.5, 0.1, 3), "a whole number n"),
        (lambda: rss_tail_discrete(3, 100, 0, 3, 4), "t >= C ln"),
        (lambda: rss_tail_discrete(30, 100, 101, 3, 4), "Delta <= M"),
        (lambda: rss_tail_discrete(30, 100, 0, 3, 0), "kappa > 0"),
    ):
        with pytest.raises(HypothesisError, match=message):
            call()
    with pytest.warns(HypothesisWarning, match="eps < 1/3"):
        assert np.isnan(rss_tail_dacunha(100, [0.1, 0.5, -1.0], 3)).tolist() == [False, True, True]
