"""The checks of the predictors notice what is not so."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from proofs_checks import predictors
from proofs_checks.lemma import Refuted


def test_one_target(monkeypatch: pytest.MonkeyPatch) -> None:
    original = predictors.rss_target_prob
    monkeypatch.setattr(predictors, "rss_target_prob", lambda *args: original(*args) - 0.06)
    with pytest.raises(Refuted, match="claimed"):
        predictors.one_target()


def test_closest_sum(monkeypatch: pytest.MonkeyPatch) -> None:
    original = predictors.log_closest_error
    monkeypatch.setattr(predictors, "log_closest_error", lambda *args: original(*args) + 0.3)
    with pytest.raises(Refuted, match="claimed"):
        predictors.closest_sum()


@pytest.mark.parametrize("more", [-1, 1])
@pytest.mark.parametrize(("name", "check"), [("rss_n_counting", "packing"), ("rss_n_first_moment", "first_moment")])
def test_least_numbers(monkeypatch: pytest.MonkeyPatch, name: str, check: str, more: int) -> None:
    original = getattr(predictors, name)
    monkeypatch.setattr(predictors, name, lambda *args: original(*args) + more)
    with pytest.raises(Refuted, match=name):
        getattr(predictors, check)()


def test_first_moment_is_sharp_for_one_sample() -> None:
    with pytest.raises(Refuted, match="sums expected"):
        predictors.first_moment(Fraction(99, 100))


def test_tools_by_hand() -> None:
    assert sorted(predictors._sums(np.array([[1.0, 2.0, 4.0]]))[0].tolist()) == list(range(8))
    assert predictors._cdf(1, Fraction(0)) == Fraction(1, 2)
    assert predictors._cdf(2, Fraction(1)) == Fraction(7, 8)
    values: Any = [predictors._cdf(3, Fraction(i, 4)) for i in range(-13, 14)]
    assert values == sorted(values)
    assert values[0] == 0
    assert values[-1] == 1
