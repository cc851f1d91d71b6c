"""What search finds, held against what the census says exists."""

import numpy as np
import pytest

import slth
from slth import search
from slth.search.flips import FLIPS

INPUTS = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [0.5, 0.25]])
TARGET = slth.Network.read([(np.array([[0.5, -0.25]]), None)])
SOURCE = slth.Network.random([2, 5, 1], rng=1)


@pytest.mark.parametrize("method", ["edge-popup", "annealing"])
def test_a_mask_found_is_one_of_those_counted(method: str) -> None:
    """The census within the error of a mask found counts that mask, at its size, and says how many are as small and as good."""
    objective = search.imitation(TARGET, inputs=np.repeat(INPUTS, 8, axis=0))
    options = {"steps": 3000} if method in FLIPS else {"steps": 400, "batch": 8, "every": 20}
    found = search.find(SOURCE, objective, density=0.4, budget="global", method=method, rng=0, **options)
    error = float(np.abs(found(INPUTS) - TARGET(INPUTS)).max())
    census = slth.count_subnetworks(SOURCE, TARGET, error * (1 + 1e-9), inputs=INPUTS, masks=True)
    assert census.exact
    standing = census.standing(found.network)
    assert standing.size == found.kept == 8
    assert census.by_size[found.kept] >= 1
    mine = np.concatenate([found.mask[name].reshape(-1) for name in found.mask])
    assert (census.masks_of(found.kept) == np.packbits(mine)).all(axis=1).any()
    closer = slth.count_subnetworks(SOURCE, TARGET, error * (1 - 1e-9), inputs=INPUTS)
    assert closer.by_size[found.kept] < census.by_size[found.kept]
