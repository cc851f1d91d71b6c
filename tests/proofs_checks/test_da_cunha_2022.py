"""The checks of the drift and of the tails notice what is not so."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from proofs_checks import da_cunha_2022
from proofs_checks.lemma import Refuted


def test_half_of_the_pairs_and_no_more() -> None:
    with pytest.raises(Refuted, match="percent near"):
        da_cunha_2022.near_pairs_counted(51)
    da_cunha_2022.near_pairs_counted(49)


def test_pairs_by_hand() -> None:
    """Three points -1, 0, 1, near if at most 1 apart: {-1} has one near pair of two, {0} both of two."""
    near, total = da_cunha_2022._pairs(3, np.array([[1, 1, 0], [1, 1, 1], [0, 1, 1]]))
    assert near.tolist() == [1, 2, 1, 1, 2, 1]  # the subsets 1, 2, 3, ... by bits
    assert total.tolist() == [2] * 6


def test_constants_of_the_tails() -> None:
    for wrong in (Fraction(632, 100), Fraction(1)):
        with pytest.raises(Refuted, match="ln 2"):
            da_cunha_2022.tail(wrong)
    for claim in ((6, 11), (7, 10)):
        with pytest.raises(Refuted):
            da_cunha_2022.tail_of_whole_numbers(claim)
    da_cunha_2022.tail_of_whole_numbers((8, 12))


def test_functions_below_the_explicit_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    tail, discrete = da_cunha_2022.rss_tail_dacunha, da_cunha_2022.rss_tail_discrete
    monkeypatch.setattr(da_cunha_2022, "rss_tail_dacunha", lambda n, eps, C: tail(n, eps, C) ** 1.3)
    with pytest.raises(Refuted, match="is below"):
        da_cunha_2022.tail()
    monkeypatch.setattr(da_cunha_2022, "rss_tail_discrete", lambda t, M, D, C, k: discrete(t, M, D, C, k / 4))
    with pytest.raises(Refuted, match="is below"):
        da_cunha_2022.tail_of_whole_numbers()


@pytest.mark.parametrize("factor", [0.99, 1.01])
def test_functions_are_the_formulas(monkeypatch: pytest.MonkeyPatch, factor: float) -> None:
    """One percent off, in a direction or at a size that the comparison with the explicit bounds does not notice."""
    tail, discrete = da_cunha_2022.rss_tail_dacunha, da_cunha_2022.rss_tail_discrete
    monkeypatch.setattr(da_cunha_2022, "rss_tail_dacunha", lambda n, eps, C: tail(n, eps, C) ** factor)
    with pytest.raises(Refuted, match="rss_tail_dacunha at"):
        da_cunha_2022.tail()
    monkeypatch.setattr(da_cunha_2022, "rss_tail_discrete", lambda t, M, D, C, k: discrete(t, M, D, C, factor * k))
    with pytest.raises(Refuted, match="rss_tail_discrete at"):
        da_cunha_2022.tail_of_whole_numbers()


def test_recursion_is_compared_with_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    """From 2 the samples 3, -1 lead by -1 + ... only over 3: the order matters."""
    assert da_cunha_2022._paths((3, -1), 2, 3, 0) == (True, True)
    assert da_cunha_2022._paths((3, -1), 3, 3, 0) == (True, True)
    assert da_cunha_2022._paths((3, -2), 1, 2, 0) == (False, True)
    assert da_cunha_2022._paths((), 1, 3, 0) == (False, False)
    monkeypatch.setattr(da_cunha_2022, "_paths", lambda samples, z, M, tolerance: (True, True))
    with pytest.raises(Refuted, match="f = False"):
        da_cunha_2022.recursion()


def test_first_times_by_brute_force() -> None:
    first = da_cunha_2022._first_times(2, 1, 200, 6)
    rows = np.random.default_rng(24).integers(-2, 3, (200, 6))
    for row, found in zip(rows.tolist(), first.tolist(), strict=True):
        sums, expected = {0}, 7
        for t, x in enumerate(row, 1):
            sums |= {s + x for s in sums}
            if all(any(abs(z - s) <= 1 for s in sums) for z in range(-2, 3)):
                expected = t
                break
        assert found == expected


def test_simulations_notice_too_small_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(da_cunha_2022, "rss_failure_discrete", lambda t, M, Delta: 0.5**t)
    with pytest.raises(Refuted, match="claimed"):
        da_cunha_2022.whole_numbers_simulated()
    with pytest.raises(Refuted, match="claimed"):
        da_cunha_2022.tail_simulated(0.5)
