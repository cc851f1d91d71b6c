"""The checks of Pensia et al. refute what is not so, and their small networks are what they claim."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import product
from random import Random
from typing import Any

import numpy as np
import pytest

from proofs_checks import pensia_2020, pensia_2020_lower
from proofs_checks.lemma import BOOKS, Refuted
from proofs_checks.tools.pieces import Piece, prune


def test_the_books_are_in_the_order_of_the_proofs() -> None:
    assert list(BOOKS["pensia_2020"])[:4] == ["link", "product_distribution", "layer", "network"]
    assert list(BOOKS["pensia_2020_lower"])[:2] == ["packing", "one_matrix_each"]


def test_a_piece_against_numpy_and_all_subsets() -> None:
    target = [[Fraction(1, 3), Fraction(-1, 4)]]
    piece = prune(Random(1), target, 5)
    drawn = Random(1)
    first = np.array([[Fraction(drawn.randint(-128, 128), 128) for _ in range(2)] for _ in range(20)])
    second = np.array([Fraction(drawn.randint(-128, 128), 128) for _ in range(20)])
    for j, (sign, errors) in product(range(2), ((1, piece.errors_positive), (-1, piece.errors_negative))):
        start = (2 * j + (sign < 0)) * 5
        u, v = first[start : start + 5, j], second[start : start + 5]
        candidates = np.where(u * sign > 0, u * v, 0)
        sums = [candidates[list(chosen)].sum() if chosen else 0 for chosen in _subsets(5)]
        assert abs(errors[0][j]) == min(abs(s - target[0][j]) for s in sums)
    for entry, original in zip(np.array(piece.first).ravel(), first.ravel(), strict=True):
        assert entry in (0, original)
    x = [Fraction(1, 2), Fraction(-1, 5)]
    hidden = np.maximum(np.array(piece.first) @ np.array(x), 0)
    assert piece(x) == [np.array(piece.second[0]) @ hidden]


def _subsets(n: int) -> list[tuple[int, ...]]:
    return [tuple(i for i in range(n) if bits >> i & 1) for bits in range(2**n)]


def _spoilt(change: Callable[[Piece], Piece]) -> Callable[..., Piece]:
    return lambda *args: change(prune(*args))


@pytest.mark.parametrize(
    "change",
    [
        lambda piece: replace(piece, errors_positive=piece.errors_negative),
        lambda piece: replace(piece, second=[[2 * v for v in row] for row in piece.second]),
        lambda piece: replace(piece, first=piece.first[::-1]),
        lambda piece: replace(piece, first=[[abs(u) for u in row] for row in piece.first]),
    ],
)
def test_a_wrong_construction_is_noticed(change: Callable[[Piece], Piece], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pensia_2020, "prune", _spoilt(change))
    with pytest.raises(Refuted, match="output"):
        pensia_2020.layer()


def test_a_smaller_network_error_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Adding the tolerances up, without the norms, is not enough."""
    monkeypatch.setattr(pensia_2020, "_product", lambda numbers: sum(numbers, Fraction()) / 3)
    with pytest.raises(Refuted, match=r"error|lipschitz_error"):
        pensia_2020.network()


@pytest.mark.parametrize(
    ("function", "check", "wrong"),
    [
        ("propagated_error", "propagation", lambda right: lambda eps, depth: (1 + eps / (2 * depth)) ** depth - 1),
        ("propagated_error", "propagation", lambda right: lambda eps, depth: eps / 2),
        ("propagated_error", "recursion", lambda right: lambda eps, depth: eps / 2),
        ("lipschitz_error", "network", lambda right: lambda norms, tolerances: sum(tolerances)),
        ("entry_tolerance", "spectral_norm_search", lambda right: lambda *a, **k: 1.5 * right(*a, **k)),
        ("pensia_width", "sizes", lambda right: lambda w, e, d, C: replace(right(w, e, d, C), m=right(w, e, d, C).m + 1)),
        ("pensia_width", "sizes", lambda right: lambda w, e, d, C: right(w, e, d, 2 * C)),
        ("pensia_width_explicit", "explicit_width", lambda right: lambda *a: replace(right(*a), n=np.ceil(0.99 * right(*a).n))),
        ("pensia_width_explicit", "explicit_width", lambda right: lambda *a: replace(right(*a), n=np.ceil(1.01 * right(*a).n))),
    ],
)  # fmt: skip
def test_a_wrong_function_is_noticed(
    function: str, check: str, wrong: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pensia_2020, function, wrong(getattr(pensia_2020, function)))
    with pytest.raises(Refuted):
        getattr(pensia_2020, check)()


def test_too_few_candidates_are_noticed() -> None:
    with pytest.raises(Refuted, match="a target is missed"):
        pensia_2020.explicit_simulated(0.03)


@pytest.mark.parametrize("claim", [0.9, 1.1])
def test_another_lower_bound_is_refuted(claim: float) -> None:
    with pytest.raises(Refuted, match="are the fewest"):
        pensia_2020_lower.lower_bound(claim)


def test_a_sparse_lower_bound_without_the_logarithm_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The consequence of the misprint: gamma m >= d^2 log2(1 / (2 eps)) - 1."""
    monkeypatch.setattr(
        pensia_2020_lower, "pensia_lower_sparse", lambda d, eps, gamma: (-d * d * np.log2(2 * eps) - 1) / gamma
    )
    with pytest.raises(Refuted, match="has enough subnetworks"):
        pensia_2020_lower.sparse_lower_bound()


@pytest.mark.parametrize("factor", [0.98, 1.02])
def test_a_slightly_different_sparse_lower_bound_is_refuted(factor: float, monkeypatch: pytest.MonkeyPatch) -> None:
    right = pensia_2020_lower.pensia_lower_sparse
    monkeypatch.setattr(pensia_2020_lower, "pensia_lower_sparse", lambda *a: np.ceil(factor * right(*a)))
    with pytest.raises(Refuted, match=r"inequality|all allowed|enough subnetworks"):
        pensia_2020_lower.sparse_lower_bound()
