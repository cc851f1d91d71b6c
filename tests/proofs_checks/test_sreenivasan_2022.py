"""The checks of the networks of signs refute what is false."""

from __future__ import annotations

from dataclasses import replace

import pytest

from proofs_checks import sreenivasan_2022 as checks
from proofs_checks.lemma import Refuted


def test_a_smaller_depth_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    true = checks.sreenivasan_dims
    monkeypatch.setattr(checks, "sreenivasan_dims", lambda *args: replace(true(*args), depth=true(*args).depth // 3))
    with pytest.raises(Refuted, match="layers"):
        checks.depth_is_of_the_order_stated()


def test_a_depth_that_is_not_the_formula_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    true = checks.sreenivasan_dims
    monkeypatch.setattr(checks, "sreenivasan_dims", lambda d, depth, eps, *C: true(d, depth, 0.99 * eps, *C))
    with pytest.raises(Refuted, match="rounded up"):
        checks.depth_is_of_the_order_stated()


def test_a_chain_that_does_not_double_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    true = checks._chain
    monkeypatch.setattr(checks, "_chain", lambda digits, sign, x: true(digits[::-1], sign, x))
    with pytest.raises(Refuted, match="digits"):
        checks.doubling_chain()


def test_fewer_candidates_are_refuted() -> None:
    with pytest.raises(Refuted, match="delta"):
        checks.enough_candidates(1)
