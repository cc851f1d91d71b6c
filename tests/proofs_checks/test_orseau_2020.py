"""The checks of Orseau et al. refute what is not so."""

from __future__ import annotations

import math

import pytest

from proofs_checks import orseau_2020
from proofs_checks.lemma import BOOKS, Refuted


def test_the_book_is_in_the_order_of_the_proof() -> None:
    assert list(BOOKS["orseau_2020"])[:2] == ["greedy_step", "greedy_exact"]


def test_numbers_a_plus_b_g() -> None:
    golden = (math.sqrt(5) - 1) / 2
    for i in range(12):
        a, b = orseau_2020._power(i)
        assert a + b * golden == pytest.approx(golden**i, rel=1e-9)
    numbers = [(a, b) for a in range(-4, 5) for b in range(-4, 5)]
    for x in numbers:
        for y in numbers:
            assert orseau_2020._less(x, y) == (x != y and x[0] + x[1] * golden < y[0] + y[1] * golden)


def test_wider_cells_are_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cells [g^(i+2), g^i]: the residual exceeds g^k."""
    right = orseau_2020._power
    monkeypatch.setattr(orseau_2020, "_power", lambda i: right(2 * i - 1) if i > 0 else right(0))
    with pytest.raises(Refuted, match=r"residual|left limit"):
        orseau_2020.greedy_exact()


@pytest.mark.parametrize("off", [-1, 1])
def test_a_cell_more_or_less_is_noticed(off: int, monkeypatch: pytest.MonkeyPatch) -> None:
    right = orseau_2020.orseau_k
    monkeypatch.setattr(orseau_2020, "orseau_k", lambda eps: right(eps) + off)
    with pytest.raises(Refuted, match="eps = "):
        orseau_2020.cells()


@pytest.mark.parametrize("off", [-1, 1])
def test_a_sample_more_or_less_is_noticed(off: int, monkeypatch: pytest.MonkeyPatch) -> None:
    right = orseau_2020.orseau_samples_exact
    monkeypatch.setattr(orseau_2020, "orseau_samples_exact", lambda k, delta: right(k, delta) + off)
    with pytest.raises(Refuted, match="at k = 1, "):
        orseau_2020.collector_exact()


def test_a_wrong_mean_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orseau_2020, "orseau_samples_mean", lambda k: 2 * k * math.log(k + 1))
    with pytest.raises(Refuted, match="mean"):
        orseau_2020.collector_exact()


def test_too_few_samples_are_noticed() -> None:
    with pytest.raises(Refuted, match="missing"):
        orseau_2020.collector_bound(0.95)
    with pytest.raises(Refuted, match="a cell is empty"):
        orseau_2020.construction(0.8)
