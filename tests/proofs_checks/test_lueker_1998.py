"""The checks around Lueker's theorem notice what is not so."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from proofs_checks import lueker_1998
from proofs_checks.lemma import Refuted


@pytest.mark.parametrize("factor", [0.97, 1.03])
def test_the_constant(monkeypatch: pytest.MonkeyPatch, factor: float) -> None:
    original = lueker_1998.rss_lueker_constant
    monkeypatch.setattr(lueker_1998, "rss_lueker_constant", lambda p=1.0: factor * original(p))
    with pytest.raises(Refuted, match="rss_lueker_constant"):
        lueker_1998.constant()


def test_fewer_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    original = lueker_1998.rss_n_lueker
    monkeypatch.setattr(lueker_1998, "rss_n_lueker", lambda eps, delta, C: original(eps, delta, 0.99 * C))
    with pytest.raises(Refuted, match="asks for less"):
        lueker_1998.constant()


def test_expected_optimum(monkeypatch: pytest.MonkeyPatch) -> None:
    original = lueker_1998.rss_mean_error_explicit
    monkeypatch.setattr(lueker_1998, "rss_mean_error_explicit", lambda *args: 0.999 * original(*args))
    with pytest.raises(Refuted):
        lueker_1998.expected_optimum()
    monkeypatch.setattr(lueker_1998, "rss_mean_error_explicit", lambda n: 0.25**n)
    with pytest.raises(Refuted, match="mean error"):
        lueker_1998.mean_error()


def test_probabilities_by_hand() -> None:
    fair = {-1: Fraction(1, 2), 1: Fraction(1, 2)}
    # {-1, 0, 1} is reached exactly if both signs occur
    assert lueker_1998._reaches(fair, 2, range(-1, 2), 0) == Fraction(1, 2)
    assert lueker_1998._reaches(fair, 3, range(-1, 2), 0) == Fraction(3, 4)
    assert lueker_1998._reaches(fair, 0, range(-1, 2), 1) == 1


def test_worst_errors_against_a_grid() -> None:
    samples = np.random.default_rng(0).uniform(-1, 1, (50, 5))
    z = np.linspace(-0.5, 0.5, 4001)
    for row, found in zip(samples, lueker_1998._worst_errors(samples), strict=True):
        sums = np.array([sum(x for i, x in enumerate(row) if bits >> i & 1) for bits in range(32)])
        on_grid = np.abs(sums[:, None] - z).min(axis=0).max()
        assert on_grid <= found + 1e-12
        assert found == pytest.approx(on_grid, abs=1 / 4000)
