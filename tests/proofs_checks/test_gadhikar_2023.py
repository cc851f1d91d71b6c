"""The checks on random masks refute what is false."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest

from proofs_checks import gadhikar_2023 as checks
from proofs_checks.lemma import Refuted


@pytest.mark.parametrize("shift", [-1, 1])
def test_other_numbers_of_samples_are_refuted(monkeypatch: pytest.MonkeyPatch, shift: int) -> None:
    true = checks.er_samples
    monkeypatch.setattr(checks, "er_samples", lambda *args: true(*args) + shift)
    with pytest.raises(Refuted, match="not enough" if shift < 0 else "not the least"):
        checks.binomial_tail()


def test_the_mean_alone_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "er_samples_chernoff", lambda r, p, delta: math.ceil(r / p))
    with pytest.raises(Refuted, match="closed form"):
        checks.binomial_tail()


@pytest.mark.parametrize("shift", [-7, 7])
def test_other_widths_are_refuted(monkeypatch: pytest.MonkeyPatch, shift: int) -> None:
    true = checks.er_width
    monkeypatch.setattr(checks, "er_width", lambda width, p, delta: true(width, p, delta) + shift * width)
    with pytest.raises(Refuted, match="group"):
        checks.one_available_edge()


def test_another_factor_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "er_width_factor", lambda p: 1 / p)
    with pytest.raises(Refuted, match="differs"):
        checks.factor_below_one_over_p()


def test_the_gap_is_gone_with_a_factor_of_at_least_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        checks, "er_slt_width", lambda width, p, eps, delta, C: math.ceil(C * width * math.log(1 / eps))
    )
    with pytest.raises(Refuted, match="needed"):
        checks.factor_vanishes()


def test_a_smaller_shift_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    true = checks.locked_shift
    monkeypatch.setattr(checks, "locked_shift", lambda n, delta: 0.6 * true(n, delta))
    with pytest.raises(Refuted, match="exceed"):
        checks.locked_weights()


def test_other_closed_forms_are_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    samples, shift = checks.er_samples_chernoff, checks.locked_shift
    for factor in (0.99, 1.01):
        monkeypatch.setattr(checks, "er_samples_chernoff", lambda r, p, delta, f=factor: samples(r, p, delta**f))
        with pytest.raises(Refuted, match="where n is"):
            checks.chernoff()
        monkeypatch.setattr(checks, "locked_shift", lambda *args, f=factor: f * shift(*args))
        with pytest.raises(Refuted, match="where L is"):
            checks.hoeffding()


def test_the_tail_in_balls_is_the_binomial_one() -> None:
    p = Fraction(0.3)
    for n, r in ((5, 3), (12, 1), (3, 7), (20, 20)):
        exact = sum(math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(min(r, n + 1)))
        assert abs(float(checks._fewer(n, r, 0.3)) - float(exact)) < 1e-14
