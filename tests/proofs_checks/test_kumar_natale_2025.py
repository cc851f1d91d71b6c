"""The checks of the quantized theorems refute what is false."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from proofs_checks import kumar_natale_2025 as checks
from proofs_checks.lemma import BOOKS, Refuted


def times(factor: float, function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *args: factor * function(*args)


@pytest.mark.parametrize(
    ("bound", "mutant", "step"),
    [
        ("quantized_lower", lambda d, delta, p: d * d * math.log2(2 / delta) + math.log2(p), "grid"),
        ("quantized_lower", lambda d, delta, p: d * math.log2(2 / delta + 1) + math.log2(p), "grid"),
        ("quantized_lower", lambda d, delta, p: d * d * math.log2(2 / delta + 1), "counting_parameters"),
        ("quantized_samples", lambda delta: int(-2 * math.log2(delta)), "products_have_twice_the_bits"),
        ("quantized_samples", lambda delta: int(2 - 2 * math.log2(delta)), "products_have_twice_the_bits"),
        ("quantized_failure", lambda n, delta, C: C * n * (-math.log2(delta)) ** (-1 / 7), "range_of_the_sum"),
        ("quantized_failure", lambda n, delta, C: min(C * n * (-math.log2(delta)) ** (-1 / 8), 1), "range_of_the_sum"),
        ("bcp_rho", times(0.5, checks.bcp_rho), "second_moment_of_the_law"),
        ("bcp_rho", times(0.9, checks.bcp_rho), "expected_number_of_subsets"),
        ("partition_target", lambda x, t: sum(x) - t, "both_problems_solved"),
        ("partition_target", lambda x, t: 2 * sum(x) - 2 * t, "both_problems_solved"),
        ("discrete_n", lambda delta_q, Delta, C: 0, "samples_with_an_explicit_constant"),
        (
            "discrete_n",
            lambda delta_q, Delta, C: math.ceil(math.log((1 / delta_q + 1) / (Delta + 1))),
            "samples_with_an_explicit_constant",
        ),
        ("rss_failure_discrete", times(0.3, checks.rss_failure_discrete), "exact_failures"),
    ],
)
def test_a_wrong_bound_is_refuted(
    bound: str, mutant: Callable[..., Any], step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, bound, mutant)
    with pytest.raises(Refuted):
        getattr(checks, step)()


def test_false_claims_are_refuted() -> None:
    for claim in (0.9, 1.1):
        with pytest.raises(Refuted):
            checks.expected_number_of_subsets(claim)


def test_the_gap_is_stated_as_one() -> None:
    assert BOOKS["kumar_natale_2025"]["products_leave_gaps"].shows == "gap"


@pytest.mark.parametrize(("n", "M"), [(1, 3), (2, 2), (3, 2)])
def test_counts_of_subset_sums(n: int, M: int) -> None:
    numbers = [x for x in range(-M, M + 1) if x]
    slow = Counter(
        sum(x for x, chosen in zip(samples, mask, strict=True) if chosen)
        for samples in product(numbers, repeat=n)
        for mask in product((0, 1), repeat=n)
    )
    assert checks._subset_sums(n, M) == slow


@pytest.mark.parametrize(("t", "M"), [(1, 2), (3, 2), (4, 3), (5, 1)])
def test_failures_by_all_samples_in_order(t: int, M: int) -> None:
    slow = [0] * (M + 1)
    for samples in product(range(-M, M + 1), repeat=t):
        sums = {0}
        for x in samples:
            sums |= {s + x for s in sums}
        for Delta in range(M + 1):
            slow[Delta] += not all(any(abs(z - s) <= Delta for s in sums) for z in range(-M, M + 1))
    assert checks._failing(t, M) == slow
