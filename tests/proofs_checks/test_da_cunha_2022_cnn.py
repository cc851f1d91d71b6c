"""The checks on convolutional networks refute what is false."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from proofs_checks import da_cunha_2022_cnn as checks
from proofs_checks.lemma import Refuted


def test_a_wrong_convolution_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    true = checks._convolve
    monkeypatch.setattr(checks, "_convolve", lambda x, kernel: true(x, kernel) + (kernel.shape[0] == 1))
    with pytest.raises(Refuted, match="differ"):
        checks.product_kernel()


def test_convolve_is_the_definition() -> None:
    rng = np.random.default_rng(0)
    x, kernel = rng.integers(-5, 6, (4, 5, 2)), rng.integers(-5, 6, (2, 2, 2, 3))
    found = checks._convolve(x, kernel)
    assert found.shape == (3, 4, 3)
    for a, b, o in np.ndindex(found.shape):
        assert found[a, b, o] == (x[a : a + 2, b : b + 2] * kernel[..., o]).sum()


@pytest.mark.parametrize("factor", [0.5, 0.99])
def test_a_smaller_norm_is_refuted(factor: float) -> None:
    with pytest.raises(Refuted, match=">"):
        checks.norm_of_a_convolution(factor)


def test_a_whole_share_for_each_layer_is_refuted() -> None:
    with pytest.raises(Refuted, match="chord"):
        checks.propagation(1)


def test_smaller_widths_are_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    true = checks.cnn_width
    monkeypatch.setattr(checks, "cnn_width", lambda *args: replace(true(*args), n=true(*args).n - 1))
    with pytest.raises(Refuted):
        checks.union_bound()


def test_other_explicit_widths_are_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    true = checks.cnn_width_explicit
    for shift in (-1, 1):
        monkeypatch.setattr(
            checks, "cnn_width_explicit", lambda *args, shift=shift: replace(true(*args), n=true(*args).n + shift)
        )
        with pytest.raises(Refuted, match="needed"):
            checks.explicit_widths()
