"""Slopes of every kind of layer against central differences."""

from __future__ import annotations

import numpy as np
import pytest

from slth.certificate.adversary.gradient import forward
from slth.networks import Dense, Embedding, Layer, Residual
from tests.networks.every_layer import LAYERS, WITHOUT_WEIGHTS, inputs


def by_differences(layers: tuple[Layer, ...], x: np.ndarray, seed: np.ndarray, step: float = 1e-6) -> np.ndarray:
    """The slope of sum(seed * output) at one input x, coordinate by coordinate."""

    def value(at: np.ndarray) -> float:
        out = at[None]
        for layer in layers:
            out = layer.evaluate(out)
        return float((seed * out[0]).sum())

    slope = np.empty(x.shape)
    for i in np.ndindex(x.shape):
        ends = [x.copy(), x.copy()]
        ends[0][i] += step
        ends[1][i] -= step
        slope[i] = (value(ends[0]) - value(ends[1])) / (2 * step)
    return slope


@pytest.mark.parametrize("name", [n for n, (layer, _) in LAYERS.items() if n not in WITHOUT_WEIGHTS])
def test_every_kind_of_layer(name: str) -> None:
    layer, _ = LAYERS[name]
    x = inputs(name, 3)
    out, back = forward((layer,), x)
    np.testing.assert_allclose(out, layer.evaluate(x), rtol=1e-14, atol=1e-14)
    seed = np.random.default_rng(0).normal(size=out.shape)
    found = back(seed)
    if isinstance(layer, Embedding):
        assert (found == seed).all()  # with respect to the vectors
        return
    assert found.shape == x.shape
    for i in range(3):
        wanted = by_differences((layer,), x[i], seed[i])
        np.testing.assert_allclose(found[i], wanted, rtol=1e-4, atol=1e-6 * (1 + np.abs(wanted).max()))


def test_one_after_another() -> None:
    rng = np.random.default_rng(1)
    layers = (
        Dense(rng.normal(size=(5, 3)), rng.normal(size=5), "tanh"),
        Residual((Dense(rng.normal(size=(5, 5)), None, "gelu"),)),
        Dense(rng.normal(size=(2, 5)), None, "sigmoid", 0.5),
    )
    x, seed = rng.normal(size=(4, 3)), rng.normal(size=(4, 2))
    found = forward(layers, x)[1](seed)
    for i in range(4):
        np.testing.assert_allclose(found[i], by_differences(layers, x[i], seed[i]), rtol=1e-6, atol=1e-8)


def test_pooling_of_ties_follows_one_of_them() -> None:
    pool, _ = LAYERS["max pool"]
    _, back = forward((pool,), np.zeros((1, 1, 2, 2)))
    slope = back(np.ones((1, 1, 1, 1)))
    assert slope.sum() == 1
    assert np.count_nonzero(slope) == 1


def test_a_kind_that_is_not_known() -> None:
    form, shape = LAYERS["dense form"]
    with pytest.raises(NotImplementedError, match="slope of a layer"):
        forward((form,), np.zeros((1, *shape)))
