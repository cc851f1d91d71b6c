"""What masks range over, and the networks they make."""

from __future__ import annotations

import numpy as np
import pytest

from slth.census.parameters import Parameters
from slth.networks import Network
from slth.networks.layers import Conv2d, Dense, Flatten, LayerNorm, Residual

SPARSE = Network((Dense([[0.5, 0.0], [0.0, -2.0]], [0.0, 1.0], "relu"), Dense([[3.0, 0.0]], None)))


def test_zeros_do_not_take_part() -> None:
    parameters = Parameters(SPARSE)
    assert parameters.count == 4
    assert parameters.values.tolist() == [0.5, -2.0, 1.0, 3.0]
    assert parameters.array_of.tolist() == [0, 0, 1, 2]


def test_pruned_keeps_exactly_the_mask() -> None:
    pruned = Parameters(SPARSE).pruned(np.array([True, False, True, False]))
    assert pruned.layers[0].weight.tolist() == [[0.5, 0.0], [0.0, 0.0]]
    assert pruned.layers[0].bias.tolist() == [0.0, 1.0]
    assert pruned.layers[1].weight.tolist() == [[0.0, 0.0]]
    assert pruned.layers[0].activation == "relu"
    assert SPARSE.layers[0].weight[1, 1] == -2.0  # the source stays


@pytest.mark.parametrize("seed", range(3))
def test_pruning_is_multiplication_by_the_mask(seed: int) -> None:
    """Of convolutions, residual blocks and biases as well; the whole mask gives the network back, the empty one nothing but zeros."""
    rng = np.random.default_rng(seed)
    body = (Dense(rng.normal(size=(4, 4)), rng.normal(size=4), "relu"),)
    kernel = rng.normal(size=(1, 1, 2, 2))
    network = Network(
        (
            Conv2d(kernel, rng.normal(size=1)),
            Flatten(),
            Residual(body),
            LayerNorm(rng.normal(size=4), rng.normal(size=4)),
        ),
        (1, 3, 3),
    )
    parameters, x = Parameters(network), rng.normal(size=(5, 1, 3, 3))
    assert parameters.count == 4 + 1 + 16 + 4  # normalisation stays
    assert np.array_equal(parameters.pruned(np.ones(25, bool))(x), network(x))
    mask = rng.random(25) < 0.5
    assert np.array_equal(Parameters(parameters.pruned(mask)).values, parameters.values[mask])
    assert Parameters(parameters.pruned(np.zeros(25, bool))).count == 0


@pytest.mark.parametrize("mask", [np.ones(3, bool), np.ones(4, int), np.ones((4, 1), bool)])
def test_masks_of_another_shape(mask: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"mask must be \(4,\) bool"):
        Parameters(SPARSE).pruned(mask)
