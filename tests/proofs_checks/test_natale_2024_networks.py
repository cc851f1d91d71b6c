"""The checks of Theorems 3 and 4 of Natale et al. refute what is not so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from proofs_checks import natale_2024_networks
from proofs_checks.lemma import BOOKS, Refuted
from slth.bounds.networks.dense import SparseTwoLayerWidth

RIGHT = natale_2024_networks.sslth_width


def test_the_book_is_in_the_order_of_the_proof() -> None:
    assert list(BOOKS["natale_2024_networks"])[:4] == ["union_bound", "equation", "whole_numbers", "fixed_point"]


def _one_less(found: SparseTwoLayerWidth) -> SparseTwoLayerWidth:
    return replace(found, kept=np.maximum(found.kept - 1, 1))


def _a_block_less(found: SparseTwoLayerWidth) -> SparseTwoLayerWidth:
    return replace(found, n=found.n * 0.999)


def _one_more(found: SparseTwoLayerWidth) -> SparseTwoLayerWidth:
    return replace(found, kept=found.kept + 1, n=found.n * (1 + 2 / found.kept))


@pytest.mark.parametrize("change", [_one_less, _a_block_less, _one_more])
def test_other_whole_numbers_are_refuted(
    change: Callable[[SparseTwoLayerWidth], SparseTwoLayerWidth], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(natale_2024_networks, "sslth_width", lambda *args: change(RIGHT(*args)))
    with pytest.raises(Refuted, match="gamma' ="):
        natale_2024_networks.fixed_point()


def test_a_larger_constant_is_not_met() -> None:
    with pytest.raises(Refuted, match="do not suffice"):
        natale_2024_networks.fixed_point(1.05)


@pytest.mark.parametrize(
    ("field", "off"), [("m", -1), ("m", 1), ("ticket", -1), ("ticket_shared", -1), ("ticket_shared", 1)]
)
def test_other_sizes_are_refuted(field: str, off: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(*args: Any) -> SparseTwoLayerWidth:
        found = RIGHT(*args)
        return replace(found, **{field: getattr(found, field) + off})

    monkeypatch.setattr(natale_2024_networks, "sslth_width", wrong)
    with pytest.raises(Refuted):
        natale_2024_networks.sizes()


def test_a_larger_ticket_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        natale_2024_networks, "sslth_width", lambda *args: replace(RIGHT(*args), ticket=2.1 * RIGHT(*args).ticket)
    )
    with pytest.raises(Refuted):
        natale_2024_networks.density()


def test_a_much_larger_block_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        natale_2024_networks, "sslth_width", lambda *args: replace(RIGHT(*args), kept=RIGHT(*args).kept ** 2)
    )
    with pytest.raises(Refuted, match=r"n\* >"):
        natale_2024_networks.constant_density()
    monkeypatch.setattr(natale_2024_networks, "sslth_width", lambda *args: replace(RIGHT(*args), n=RIGHT(*args).n ** 2))
    with pytest.raises(Refuted, match="n = "):
        natale_2024_networks.first_proof()


def test_a_smaller_closed_form_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    right = natale_2024_networks.sslth_width_simplified
    monkeypatch.setattr(natale_2024_networks, "sslth_width_simplified", lambda *args: right(*args) // 2)
    with pytest.raises(Refuted, match="below the solution"):
        natale_2024_networks.simplified()


def test_another_equivariant_width_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    right = natale_2024_networks.sslth_equivariant_width
    monkeypatch.setattr(natale_2024_networks, "sslth_equivariant_width", lambda *a, **k: right(*a, **k) + 1)
    with pytest.raises(Refuted, match="Theorem 3 has"):
        natale_2024_networks.equivariant()


@pytest.mark.parametrize("factor", [0.99, 1.01])
def test_a_slightly_different_closed_form_is_refuted(factor: float, monkeypatch: pytest.MonkeyPatch) -> None:
    right = natale_2024_networks.sslth_width_simplified
    monkeypatch.setattr(natale_2024_networks, "sslth_width_simplified", lambda *args: round(factor * right(*args)))
    with pytest.raises(Refuted, match="not "):
        natale_2024_networks.simplified()
