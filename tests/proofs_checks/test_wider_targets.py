"""The checks of wider targets refute what is deliberately wrong."""

from __future__ import annotations

from typing import Any

import pytest
import sympy

from proofs_checks import wider_targets
from proofs_checks.lemma import Refuted
from slth.bounds.subset_sums.reach import rss_n_reach


def test_parts_that_are_too_long_carry_past_the_interval() -> None:
    with pytest.raises(Refuted, match=r"parts \(6,\) bring some target to -3"):
        wider_targets.carried(3)


def test_another_transform_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    integrate = sympy.integrate
    monkeypatch.setattr(sympy, "integrate", lambda *arguments: integrate(*arguments) + 1)
    with pytest.raises(Refuted, match="the integral is"):
        wider_targets.transform()


@pytest.mark.parametrize("forgotten", [3, 5])
def test_a_bound_that_forgets_the_distance_is_refuted(monkeypatch: pytest.MonkeyPatch, forgotten: int) -> None:
    """As if all targets lay within L / forgotten."""

    def wrong(err: Any, delta: Any, L: float) -> Any:
        return rss_n_reach(err, delta, 1 + (L - 1) / forgotten)

    monkeypatch.setattr(wider_targets, "rss_n_reach", wrong)
    with pytest.raises(Refuted, match="L = "):
        wider_targets.samples_that_carry()


@pytest.mark.parametrize("argument", range(5))
@pytest.mark.parametrize("factor", [0.98, 1 / 0.98])
def test_a_bound_that_is_one_sample_off_is_refuted(
    monkeypatch: pytest.MonkeyPatch, argument: int, factor: float
) -> None:
    """Each of err, delta, L, a and c two percent off."""

    def wrong(*args: float) -> Any:
        changed = [x * factor if i == argument else x for i, x in enumerate(args)]
        err, delta, L, a, c = changed
        return rss_n_reach(min(err, 2 * a), min(delta, 1.0), L, a, min(c, 0.25 / a))

    monkeypatch.setattr(wider_targets, "rss_n_reach", wrong)
    with pytest.raises(Refuted, match="instead of"):
        wider_targets.enough_and_few()
