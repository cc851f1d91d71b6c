"""The checks on depth L+1 refute what is false."""

from __future__ import annotations

import pytest

from proofs_checks import burkholz_2022 as checks
from proofs_checks.lemma import Refuted


def test_wider_tolerances_are_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("propagated_tolerances", "burkholz_eps_layer"):
        true = getattr(checks, name)
        with monkeypatch.context() as patch:
            patch.setattr(checks, name, lambda *args, true=true: true(*args) * (1 + 1e-9))
            with pytest.raises(Refuted, match="instead of"):
                checks.functions()


def test_a_forgotten_bias_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "_derived", lambda eps, rows, reach: [eps / (len(rows) * b) for b in reach])
    with pytest.raises(Refuted):
        checks.recursion()


def test_a_forgotten_product_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        checks, "_recalled", lambda eps, norms, reach, outputs: [eps / (outputs * len(norms) * (1 + b)) for b in reach]
    )
    with pytest.raises(Refuted):
        checks.recursion()


@pytest.mark.parametrize("excess", [2.0, 4.0])
def test_excess_of_tolerances_is_noticed(excess: float) -> None:
    with pytest.raises(Refuted, match="off by"):
        checks.hunt_for_errors(excess)


def test_larger_scales_are_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    true = checks.activation_scale
    monkeypatch.setattr(checks, "activation_scale", lambda *args: 1.2 * true(*args))
    with pytest.raises(Refuted, match="off by"):
        checks.scale_of_inputs()


def test_the_gaps_are_gone_with_safe_tolerances(monkeypatch: pytest.MonkeyPatch) -> None:
    """The counterexamples are due to the recursion: propagated_tolerances with the row sums of the ticket leave none."""

    def safe(row: float) -> object:
        return lambda outputs, norms, reach, eps: checks.propagated_tolerances([1.0, row], reach, eps)

    for check, row in ((checks.last_layer_counts, 5.0), (checks.wide_layers_count, 5.0), (checks.unequal_copies, 6.0)):
        monkeypatch.setattr(checks, "burkholz_eps_layer", safe(row))
        with pytest.raises(Refuted, match="only"):
            check()
