"""The checks of the explicit derivation notice what is not so."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from proofs_checks import explicit_rss
from proofs_checks.lemma import Refuted


def scaled(function: Callable[..., Any], factor: float) -> Callable[..., Any]:
    return lambda *args: type(function(*args))(factor * function(*args))


@pytest.mark.parametrize("name", ["rss_n_explicit", "rss_n_explicit_full", "rss_n_discrete"])
@pytest.mark.parametrize("factor", [0.9, 1.1])
def test_numbers_of_samples_are_least(monkeypatch: pytest.MonkeyPatch, name: str, factor: float) -> None:
    monkeypatch.setattr(explicit_rss, name, scaled(getattr(explicit_rss, name), factor))
    with pytest.raises(Refuted, match="too few" if factor < 1 else "is enough"):
        explicit_rss.least_n()


@pytest.mark.parametrize("name", ["rss_failure_explicit", "rss_failure_explicit_full", "rss_failure_discrete"])
def test_probabilities_to_rounding(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(explicit_rss, name, scaled(getattr(explicit_rss, name), 1 + 1e-8))
    with pytest.raises(Refuted):
        explicit_rss.failure_to_rounding()


def test_drift_is_not_larger() -> None:
    with pytest.raises(Refuted, match="drift"):
        explicit_rss.drift_on_cells(Fraction(201, 100))
    explicit_rss.drift_on_cells(Fraction(199, 100))


def test_drift_against_one_set_by_hand() -> None:
    """A = the left half of [-a, a], density 1/(4a): what is new is x for 0 <= x <= a and 2a - x beyond."""
    x = np.linspace(-2, 2, 400_001)
    new = np.where(x < 0, 0, np.where(x < 1, x, np.maximum(2 - x, 0)))
    assert new.mean() / 2 == pytest.approx(0.5 * 0.25, rel=1e-4)  # 2 a c v (1 - v) with a = 1, c = 1/4


def test_constants_are_those_of_the_laws(monkeypatch: pytest.MonkeyPatch) -> None:
    from slth.bounds.subset_sums.explicit import ExplicitConstants

    monkeypatch.setattr(explicit_rss, "explicit_constants", lambda law, a=None: ExplicitConstants(0.18, 0.5))
    with pytest.raises(Refuted, match="explicit_constants"):
        explicit_rss.constants_of_laws()


def test_a_bound_that_is_too_small_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explicit_rss, "rss_failure_explicit_full", lambda n, err, a, c: 0.5**n)
    with pytest.raises(Refuted, match="claimed"):
        explicit_rss.never_violated()


def test_accepted_probabilities() -> None:
    from flint import arb

    explicit_rss._is_probability(1.0, arb(3), "")
    explicit_rss._is_probability(0.0, arb(10) ** -300, "")
    for found, formula in ((0.5, arb(3)), (1.0, arb(0.5)), (1e-9, arb(10) ** -300)):
        with pytest.raises(Refuted):
            explicit_rss._is_probability(found, formula, "")
