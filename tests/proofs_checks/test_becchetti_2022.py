"""The checks of the vector theorems refute what is false."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from flint import fmpq

from proofs_checks import becchetti_2022 as checks
from proofs_checks.lemma import Refuted


def block(**changed: Callable[[Any], Any]) -> Callable[..., Any]:
    """mrss_block with some fields changed."""
    true = checks.mrss_block

    def mutant(d: Any, eps: Any) -> Any:
        found = true(d, eps)
        return replace(found, **{name: change(getattr(found, name)) for name, change in changed.items()})

    return mutant


@pytest.mark.parametrize(
    ("bound", "mutant", "step"),
    [
        ("mrss_block", block(success=lambda p: 0.999), "second_moment_of_the_block"),
        ("mrss_block", block(success=lambda p: 1.01 * p), "block_formula"),
        ("mrss_block", block(samples=lambda m: m // 2), "block_formula"),
        ("mrss_block", block(size=lambda k: k // 2), "block_formula"),
        ("mrss_n_explicit", lambda d, eps, delta: 0.9 * checks.mrss_lower(d, eps), "boosting"),
        ("mrss_n_explicit", lambda d, eps, delta: 10 * np.asarray(checks.mrss_n(d, eps, 600.0)),
         "explicit_count_is_of_the_order_claimed"),
        ("mrss_lower", lambda d, eps: round(d * np.log2(1 / eps)), "packing"),
        ("mrss_lower", lambda d, eps: int(np.ceil(d * np.log2(1 / eps))), "packing"),
        ("mrss_target_lower", lambda d, eps, p: d * np.log2(1 / eps) + np.log2(p), "first_moment"),
        ("mrss_target_lower", lambda d, eps, p: d * np.log2(2.5 / eps) + np.log2(p), "first_moment_holds"),
    ],
)  # fmt: skip
def test_a_wrong_bound_is_refuted(
    bound: str, mutant: Callable[..., Any], step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, bound, mutant)
    with pytest.raises(Refuted):
        getattr(checks, step)()


def test_a_block_less_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    true = checks.mrss_n_explicit
    monkeypatch.setattr(
        checks, "mrss_n_explicit", lambda d, eps, delta: true(d, eps, delta) - checks.mrss_block(d, eps / 2).samples
    )
    with pytest.raises(Refuted):
        checks.boosting()


def test_moment_ratio_by_quadrature() -> None:
    """The two ways to E[Z^2] / (E Z)^2, in ball arithmetic and by Gauss-Legendre, on a small block."""
    small = checks.VectorBlock(samples=14, size=5, success=0.0)
    for d, z in product((1, 2), (0, 1)):
        ball = checks._moment_ratio(d, fmpq(1, 10), fmpq(z), small)
        assert float(ball) == pytest.approx(checks._float_ratio(14, 5, 0.1, np.full(d, float(z))), rel=1e-9)


def test_moment_ratio_by_simulation() -> None:
    """m = 4, k = 2, d = 1, eps = 1/2, z = 1: both moments from 200,000 draws, four standard errors being 2 percent."""
    draws = np.random.default_rng(3).standard_normal((200000, 4))
    pairs = [(i, j) for i in range(4) for j in range(i)]
    count = sum((np.abs(draws[:, i] + draws[:, j] - 1) <= 0.5).astype(float) for i, j in pairs)
    found = (count**2).mean() / count.mean() ** 2
    assert checks._float_ratio(4, 2, 0.5, np.array([1.0])) == pytest.approx(found, rel=0.02)


@pytest.mark.parametrize("eps", [0.5, 1.0])
def test_covering_is_conservative(eps: float) -> None:
    """Where the check calls [-1, 1]^2 covered, random points of it and its corners are within eps of a sum; an empty corner is seen."""
    rng = np.random.default_rng(0)
    points = np.concatenate([rng.uniform(-1, 1, (300, 2)), list(product((-1.0, 1.0), repeat=2))])
    covered = 0
    for _ in range(15):
        vectors = rng.standard_normal((9, 2))
        masks = (np.arange(2**9)[:, None] >> np.arange(9)) & 1
        near = (np.abs(points[:, None] - masks @ vectors) <= eps).all(-1).any(1)
        if checks._covers(vectors, eps):
            covered += 1
            assert near.all()
    assert covered > 0
    assert not checks._covers(np.full((9, 2), 0.5), eps / 2)
