"""The checks on attention refute what is false."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from proofs_checks import otsuka_2025 as checks
from proofs_checks.lemma import Refuted


def test_a_smaller_sharp_bound_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    true = checks.softmax_error_sharp
    monkeypatch.setattr(checks, "softmax_error_sharp", lambda alpha, e: true(alpha, 0.98 * e))
    with pytest.raises(Refuted, match="moved"):
        checks.hunt_for_perturbations()


def test_a_published_bound_below_the_sharp_one_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "softmax_error", lambda d1, alpha, e: alpha * math.expm1(e / 2))
    with pytest.raises(Refuted, match="sharp"):
        checks.lemma_8()


@pytest.mark.parametrize("slope", [2.0, 3.0, 3.43])
def test_smaller_slopes_of_lemma_5_are_refuted(slope: float) -> None:
    with pytest.raises(Refuted, match="chord"):
        checks.lemma_5(slope)


@pytest.mark.parametrize("constants", [(4, 2), (8, 1), (6, 2), (8, 1.5)])
def test_smaller_constants_of_theorem_3_are_refuted(constants: tuple[float, float]) -> None:
    with pytest.raises(Refuted, match="error"):
        checks.theorem_3(constants)


@pytest.mark.parametrize("name", ["key", "value"])
def test_fewer_dimensions_are_refuted(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    true = checks.mha_dims

    def fewer(d1: int, *rest: float) -> object:
        dims = true(d1, *rest)
        return replace(dims, **{name: getattr(dims, name) - 4 * d1})

    monkeypatch.setattr(checks, "mha_dims", fewer)
    with pytest.raises(Refuted):
        checks.theorem_3_functions()


def test_one_row_fewer_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    true = checks.linear_gadget_n
    for shift in (-1, 1):
        monkeypatch.setattr(checks, "linear_gadget_n", lambda *args, shift=shift: true(*args) + shift)
        with pytest.raises(Refuted, match="rows"):
            checks.gadget_accounting()


def test_other_dimensions_of_a_block_are_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    true = checks.mha_block_dims
    monkeypatch.setattr(checks, "mha_block_dims", lambda *args: replace(true(*args), feedforward=true(*args).attention))
    with pytest.raises(Refuted, match="statement"):
        checks.theorem_11()


def test_other_explicit_dimensions_are_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    true = checks.mha_dims_explicit
    monkeypatch.setattr(
        checks, "mha_dims_explicit", lambda *args: replace(true(*args), value=true(*args).value - args[0])
    )
    with pytest.raises(Refuted, match="entries"):
        checks.explicit_dims()


def test_a_larger_error_of_attention_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    true = checks.mha_error
    monkeypatch.setattr(checks, "mha_error", lambda *args: 2 * true(*args))
    for check in (checks.theorem_3_functions, checks.explicit_dims):
        with pytest.raises(Refuted):
            check()


@pytest.mark.parametrize("factor", [0.999, 1.001])
def test_another_error_of_attention_is_refuted(monkeypatch: pytest.MonkeyPatch, factor: float) -> None:
    true = checks.mha_error
    monkeypatch.setattr(checks, "mha_error", lambda *args: factor * true(*args))
    with pytest.raises(Refuted, match="mha_error"):
        checks.theorem_3_functions()


@pytest.mark.parametrize("factor", [0.99, 1.01])
def test_dimensions_a_share_off_are_refuted(monkeypatch: pytest.MonkeyPatch, factor: float) -> None:
    true = checks.mha_dims_explicit

    def other(*args: float) -> object:
        dims = true(*args)
        return replace(dims, key=factor * dims.key)

    monkeypatch.setattr(checks, "mha_dims_explicit", other)
    with pytest.raises(Refuted, match="n = "):
        checks.explicit_dims()
