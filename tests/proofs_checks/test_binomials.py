"""The checks of binomials can fail: each is shown a deliberately wrong function or claim."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy

from proofs_checks import binomials as checks
from proofs_checks.lemma import BOOKS, Refuted
from slth.bounds.subset_sums import binomials as bounds


def test_statements_fit_a_table() -> None:
    for step in BOOKS["binomials"].values():
        assert "|" not in step.statement


@pytest.mark.parametrize("shift", [0, Fraction(1, 2)])
def test_a_sharper_stirling_bound_is_refused(shift: Any) -> None:
    with pytest.raises(Refuted, match="lower series"):
        checks.robbins_differences(sympy.Rational(shift.numerator, shift.denominator))


@pytest.mark.parametrize("factor", [Fraction(799, 100), Fraction(7)])
def test_a_larger_lower_bound_is_refused(factor: Fraction) -> None:
    with pytest.raises(Refuted):
        checks.entropy_bounds(factor)


def shifted(function: Callable[..., Any], lower: float, upper: float) -> Callable[..., Any]:
    def wrong(*args: Any) -> Any:
        right = function(*args)
        return bounds.BinomialBounds(right.log2_lower + lower, right.log2_upper + upper)

    return wrong


@pytest.mark.parametrize(("lower", "upper"), [(1e-9, 0.0), (0.0, -0.01)])
def test_wrong_entropy_bounds_are_found(monkeypatch: pytest.MonkeyPatch, lower: float, upper: float) -> None:
    monkeypatch.setattr(checks, "binom_entropy_bounds", shifted(bounds.binom_entropy_bounds, lower, upper))
    with pytest.raises(Refuted, match="bound is"):
        checks.entropy_bounds_by_integers()


def test_a_wrong_logarithm_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "log2_binom", lambda n, k: bounds.log2_binom(n, k) + 1e-11)
    with pytest.raises(Refuted, match="log2_binom is"):
        checks.entropy_bounds_by_integers()
    with pytest.raises(Refuted, match="allowed"):
        checks.log_binomial_by_balls()


def test_the_plain_log_gamma_formula_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    from scipy.special import gammaln

    def plain(n: Any, k: Any) -> float:
        return float((gammaln(float(n) + 1) - gammaln(float(k) + 1) - gammaln(float(n - k) + 1)) / np.log(2))

    monkeypatch.setattr(checks, "log2_binom", plain)
    with pytest.raises(Refuted, match="allowed"):
        checks.log_binomial_by_balls()


@pytest.mark.parametrize(("lower", "upper", "match"), [(0.01, 0.0, "C\\(n, k\\)"), (0.0, -0.45, "exceeds \\(en/k\\)")])
def test_wrong_bounds_of_sums_are_found(
    monkeypatch: pytest.MonkeyPatch, lower: float, upper: float, match: str
) -> None:
    monkeypatch.setattr(checks, "log2_binom_sum", shifted(bounds.log2_binom_sum, lower, upper))
    with pytest.raises(Refuted, match=match):
        checks.binomial_sum_by_integers()


def test_a_wrong_entropy_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "binary_entropy", lambda p: 0.9 * bounds.binary_entropy(p))
    with pytest.raises(Refuted, match="2\\^\\(n H2\\)"):
        checks.binomial_sum_by_integers()
    with pytest.raises(Refuted, match="e = "):
        checks.subnetworks()


@pytest.mark.parametrize("error", [0.01, -0.3])
def test_a_wrong_number_of_subnetworks_is_found(monkeypatch: pytest.MonkeyPatch, error: float) -> None:
    monkeypatch.setattr(checks, "log2_subnetworks", lambda m, d: bounds.log2_subnetworks(m, d) + error)
    with pytest.raises(Refuted, match="e = "):
        checks.subnetworks()


def test_positive_of_polynomials() -> None:
    x = sympy.Symbol("x", positive=True)
    checks._positive(x / (x + 1), {x: 1}, "fine")
    checks._positive((x - 1) ** 2 / x - 1 / x, {x: 3}, "fine from 3 on")
    for expression in (x - 2, -x, (x - 1) / x, 1 / x - 1 / (x + 1) - 1):
        with pytest.raises(Refuted, match="not visibly positive"):
            checks._positive(expression, {x: 1}, "not")
