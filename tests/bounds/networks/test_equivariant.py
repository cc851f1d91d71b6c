"""Equivariant widths: the trivial basis is the dense case, a basis divides the tolerance."""

from __future__ import annotations

import numpy as np
import pytest

from slth.bounds.hypotheses import HypothesisError, HypothesisWarning
from slth.bounds.networks.dense import sslth_width
from slth.bounds.networks.equivariant import sslth_equivariant_width


@pytest.mark.parametrize("gamma", [0.5, 0.1, 1e-3])
def test_the_trivial_basis_is_dense(gamma: float) -> None:
    assert sslth_equivariant_width(gamma, 30, 3, 0.01, 8) == sslth_width(gamma, [30] * 4, 0.01, 8).n[0]


def test_the_larger_of_size_and_norm_divides_the_tolerance() -> None:
    taps = sslth_equivariant_width(0.1, 30, 3, 0.01, 8, basis=9, basis_norm=[1.0, 9.0, 20.0])
    assert taps[0] == taps[1] < taps[2]
    assert taps[1] == sslth_equivariant_width(0.1, 30, 3, 0.01 / 9, 8)


def test_hypotheses() -> None:
    with pytest.raises(HypothesisError, match="basis_norm > 0"):
        sslth_equivariant_width(0.1, 30, 3, 0.01, 8, basis_norm=0)
    with pytest.raises(HypothesisError, match="whole number basis"):
        sslth_equivariant_width(0.1, 30, 3, 0.01, 8, basis=2.5)
    with pytest.raises(HypothesisError, match="0 < gamma < 1"):
        sslth_equivariant_width(1, 30, 3, 0.01, 8)
    with pytest.warns(HypothesisWarning, match="whole number depth"):
        assert np.isnan(sslth_equivariant_width(0.1, 30, [3, 0], 0.01, 8)).tolist() == [False, True]
