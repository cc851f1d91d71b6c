"""The checks of Malach et al. refute what is not so."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from proofs_checks import malach_2020
from proofs_checks.lemma import BOOKS, Refuted


def test_the_book_is_in_the_order_of_the_proof() -> None:
    assert next(iter(BOOKS["malach_2020"])) == "gadget"
    assert list(BOOKS["malach_2020"])[-1] == "theorem_2_1"


def test_a_larger_constant_is_not_met() -> None:
    with pytest.raises(Refuted, match="needs"):
        malach_2020.samples(4.001)


def test_too_few_samples_are_noticed() -> None:
    with pytest.raises(Refuted, match="a search fails"):
        malach_2020.samples_simulated(0.5)


@pytest.mark.parametrize("wrong", [lambda right: right * 1.0001, lambda right: right + 1e-30, lambda right: 2 * right])
def test_a_wrong_probability_is_noticed(wrong: Callable[[float], float], monkeypatch: pytest.MonkeyPatch) -> None:
    right = malach_2020.single_product_prob
    monkeypatch.setattr(malach_2020, "single_product_prob", lambda w, eps: wrong(right(w, eps)))
    with pytest.raises(Refuted, match="relative error"):
        malach_2020.product_probability()


def test_the_order_one_over_eps_is_refuted_at_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(malach_2020, "single_product_samples", lambda eps, delta: 30 / eps)
    with pytest.raises(Refuted, match=r"do not grow as 1 / eps\^2"):
        malach_2020.product_order()


@pytest.mark.parametrize("factor", [0.99, 1.01])
def test_another_number_of_samples_for_one_product_is_refuted(factor: float, monkeypatch: pytest.MonkeyPatch) -> None:
    right = malach_2020.single_product_samples
    monkeypatch.setattr(malach_2020, "single_product_samples", lambda *args: float(round(factor * right(*args))))
    with pytest.raises(Refuted, match="n = "):
        malach_2020.product_probability()
