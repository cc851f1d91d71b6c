"""The explicit bounds for whole numbers, against fractions and exhaustive enumeration."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from slth.bounds.hypotheses import HypothesisError, HypothesisWarning
from slth.bounds.subset_sums.explicit_discrete import rss_failure_discrete, rss_n_discrete


def factor(M: int, Delta: int, d: int) -> Fraction:
    return Fraction((2 * M - 2 * d) * (2 * M - Delta + d), (2 * d + 1) * (Delta - d + 1))


def failure(M: int, Delta: int, t: int) -> Fraction:
    """P(some target of -M..M is missed by more than Delta), over all (2M + 1)^t outcomes."""
    missed = 0
    for outcome in product(range(-M, M + 1), repeat=t):
        sums = {0}
        for x in outcome:
            sums |= {s + x for s in sums}
        missed += not all(any(abs(z - s) <= Delta for s in sums) for z in range(-M, M + 1))
    return Fraction(missed, (2 * M + 1) ** t)


@pytest.mark.parametrize(("M", "longest"), [(1, 9), (2, 6), (3, 4)])
def test_never_below_the_probability(M: int, longest: int) -> None:
    for Delta in range(M + 1):
        for t in range(longest + 1):
            assert rss_failure_discrete(t, M, Delta) >= float(failure(M, Delta, t)) - 1e-12


def test_against_fractions() -> None:
    """The best d for Delta up to M / 4; some d beyond."""
    for M in (1, 2, 5, 30, 100):
        for Delta in range(M + 1):
            factors = [factor(M, Delta, d) for d in range(Delta + 1)]
            found = rss_failure_discrete(100, M, Delta) / 0.75**100
            assert any(found == pytest.approx(float(f), rel=1e-9, abs=1e-12) for f in factors)
            if 4 * Delta <= M:
                assert found == pytest.approx(float(min(factors)), rel=1e-9)


def test_exact_sums() -> None:
    assert rss_failure_discrete(60, 8) == pytest.approx(4 * 64 * 0.75**60)
    assert rss_n_discrete(8, 0.01) == 36
    assert rss_n_discrete(10**12, 0.01, p=0.5) > rss_n_discrete(10**12, 0.01)


def test_samples_and_failure_belong_together() -> None:
    for M in (1, 7, 1000):
        for Delta in (0, 1, M // 2, M):
            for delta in (1.0, 0.1, 1e-5):
                n = rss_n_discrete(M, delta, Delta)
                assert rss_failure_discrete(n, M, Delta) <= delta * (1 + 1e-9)
                assert n == 0 or rss_failure_discrete(n - 1, M, Delta) > delta * (1 - 1e-9)


def test_a_tolerance_of_everything_needs_nothing() -> None:
    for M in (1, 2, 50):
        assert rss_failure_discrete(0, M, M) == 0
        assert rss_n_discrete(M, 1e-9, M) == 0


def test_hypotheses() -> None:
    for call, message in (
        (lambda: rss_failure_discrete(3, 0), "a whole number M >= 1"),
        (lambda: rss_failure_discrete(3, 4, 5), "Delta <= M"),
        (lambda: rss_failure_discrete(3, 4, 0.5), "a whole number Delta"),
        (lambda: rss_failure_discrete(-1, 4), "a whole number t >= 0"),
        (lambda: rss_n_discrete(4, 0.1, 0, 0.0), "0 < p <= 1"),
        (lambda: rss_n_discrete(4, 1.5), "0 < delta <= 1"),
    ):
        with pytest.raises(HypothesisError, match=message):
            call()
    with pytest.warns(HypothesisWarning, match="Delta <= M"):
        assert np.isnan(rss_n_discrete(4, 0.1, [0, 5])).tolist() == [False, True]
