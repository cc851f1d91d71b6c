"""The checks of wider targets refute what is deliberately wrong."""

from __future__ import annotations

from typing import Any

import pytest
import sympy

from proofs_checks import wider_targets
from proofs_checks.lemma import Refuted
from slth.bounds.reach import rss_n_reach


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
