"""The checks of subsets of prescribed size can fail."""

from __future__ import annotations

import pytest

from proofs_checks import borgs_2004 as checks
from proofs_checks.lemma import BOOKS, Refuted
from slth.bounds.subset_sums import constrained_partition, counting


def test_statements_fit_a_table() -> None:
    for step in BOOKS["borgs_2004"].values():
        assert "|" not in step.statement


def test_a_wrong_bias_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "npp_bias_c", lambda: 0.4142)
    with pytest.raises(Refuted, match="the function says"):
        checks.sorted_boundary()
    for claim in (0.3, 0.5):
        with pytest.raises(Refuted):
            checks.sorted_sides(claim)


def test_wrong_counts_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "count_subsets_gauss", lambda x, z, e: counting.count_subsets_gauss(x, z, 1.01 * e))
    with pytest.raises(Refuted, match="the function gives"):
        checks.finite_population()
    monkeypatch.setattr(checks, "count_subsets_exact", lambda x, z, e: counting.count_subsets_exact(x, z, 1.01 * e))
    with pytest.raises(Refuted, match="enumeration"):
        checks.counted()


@pytest.mark.parametrize("factor", [0.98, 1.02])
def test_a_wrong_rate_is_found(monkeypatch: pytest.MonkeyPatch, factor: float) -> None:
    right = constrained_partition.npp_kappa_c_constrained
    monkeypatch.setattr(checks, "npp_kappa_c_constrained", lambda b: factor * right(b))
    with pytest.raises(Refuted, match="c = "):
        checks.rate_by_counting()
    with pytest.raises(Refuted, match="near b_c"):
        checks.rate_equations()
