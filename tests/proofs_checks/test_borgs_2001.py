"""The checks of number partitioning can fail, and their tools count right."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest

from proofs_checks import borgs_2001 as checks
from proofs_checks.lemma import BOOKS, Refuted
from proofs_checks.tools.sign_sums import half_sums, least_discrepancies, moments, sign_sums
from slth.bounds.subset_sums import closest_error, partition


def test_statements_fit_a_table() -> None:
    for step in BOOKS["borgs_2001"].values():
        assert "|" not in step.statement


def test_sign_sums_against_enumeration() -> None:
    n, M = 3, 4
    rows = sign_sums(n, M)
    for m in range(n + 1):
        expected = [0] * (2 * m * M + 1)
        for signs in product((1, -1), repeat=m):
            for x in product(range(1, M + 1), repeat=m):
                expected[sum(s * v for s, v in zip(signs, x, strict=True)) + m * M] += 1
        assert rows[m] == expected


def test_moments_by_hand() -> None:
    """Two integers of 1..2: of the even sums (1, 1) and (2, 2) each has one partition of discrepancy 0; (1, 2), (2, 1) one of 1."""
    rows = sign_sums(2, 2)
    assert moments(rows, 2, 2, 0) == (1, 1)
    assert moments(rows, 2, 2, 1) == (1, 1)
    assert moments(rows, 2, 2, 2) == (Fraction(1, 2), Fraction(1, 2))


def test_least_discrepancies_against_all_signs() -> None:
    rng = np.random.default_rng(0)
    for n in (4, 7):
        signs = np.array(list(product((1, -1), repeat=n)))
        for x in (rng.uniform(-1, 1, (20, n)), rng.integers(1, 50, (20, n))):
            np.testing.assert_allclose(least_discrepancies(x), np.abs(x @ signs.T).min(axis=1), atol=1e-14)
            assert half_sums(x)[0].shape[1] * half_sums(x)[1].shape[1] == 2 ** (n - 1)


@pytest.mark.parametrize("factor", [0.8, 1.25])
@pytest.mark.parametrize("check", ["first_moment", "first_moment_limit", "perfect_partitions"])
def test_a_wrong_expected_number_is_found(monkeypatch: pytest.MonkeyPatch, check: str, factor: float) -> None:
    monkeypatch.setattr(checks, "bcp_rho", lambda *args: factor * partition.bcp_rho(*args))
    monkeypatch.setattr(checks, "npp_expected_perfect", lambda *args: factor * partition.npp_expected_perfect(*args))
    with pytest.raises(Refuted):
        getattr(checks, check)()


def test_moments_that_are_not_those_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(*args: Any) -> tuple[Fraction, Fraction]:
        first, second = moments(*args)
        return first, second + Fraction(1, 10**6)

    monkeypatch.setattr(checks, "moments", wrong)
    with pytest.raises(Refuted, match="E U"):
        checks.moment_identities()


def test_correlated_partitions_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(*args: Any) -> tuple[Fraction, Fraction]:
        first, second = moments(*args)
        return first, second * Fraction(6, 5)

    monkeypatch.setattr(checks, "moments", wrong)
    with pytest.raises(Refuted, match="relative error"):
        checks.second_moment()


def test_a_wrong_critical_point_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "npp_kappa_c", lambda n: partition.npp_kappa_c(n) + 0.001)
    with pytest.raises(Refuted, match="off"):
        checks.critical_bits()


def test_a_wrong_probability_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "npp_perfect_prob", lambda n, M: 0.8 * partition.npp_perfect_prob(n, M))
    with pytest.raises(Refuted, match="perfect partition"):
        checks.window()


@pytest.mark.parametrize("factor", [0.7, 1.4])
def test_a_wrong_least_discrepancy_is_found(monkeypatch: pytest.MonkeyPatch, factor: float) -> None:
    monkeypatch.setattr(checks, "npp_discrepancy", lambda n, m: factor * partition.npp_discrepancy(n, m))
    with pytest.raises(Refuted, match="means"):
        checks.least_discrepancy()


def test_a_wrong_closest_error_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "log_closest_error", lambda *a: closest_error.log_closest_error(*a) - 0.4)
    with pytest.raises(Refuted, match="predictions"):
        checks.closest_sum()
