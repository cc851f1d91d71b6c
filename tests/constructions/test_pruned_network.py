"""A large ticket is evaluated without its network: the same numbers, and memory for a block of its weights."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

import slth
from slth.constructions import Masks, pruned_network
from slth.networks import Attention, Box, Conv2d, Dense, Flatten, RandomSource, Residual
from slth.networks.layers import drawn
from slth.spool import out_of_core

RNG = np.random.default_rng(5)
CHAIN = slth.Network.random([12, 20, 15, 4], rng=1)
IMAGES = slth.Network(
    (
        Conv2d(RNG.normal(size=(4, 2, 3, 3)), RNG.normal(size=4), padding=1),
        Residual((Conv2d(RNG.normal(size=(4, 2, 3, 3)), padding=1, groups=2),)),
        Flatten(),
        Dense(RNG.normal(size=(3, 144)), RNG.normal(size=3), "identity"),
    ),
    (2, 6, 6),
)
TEXT = slth.Network((Attention(*RNG.normal(size=(4, 6, 6)), 2, *RNG.normal(size=(4, 6)), mask="causal"),), (None, 6))
CASES = [
    (CHAIN, "two-layer"),
    (CHAIN, "one-extra-layer"),
    (CHAIN, "fixed-size(3)"),
    (IMAGES, "two-layer"),
    (IMAGES, "structured"),
    (TEXT, "two-layer"),
]


@pytest.mark.parametrize(("target", "construction"), CASES)
def test_like_the_network(target: slth.Network, construction: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawn, "TOGETHER", 300)
    ticket = slth.approximate(target, 10, construction=construction, rng=0, workers=1)
    x = RNG.uniform(-1, 1, size=(7, *(n or 5 for n in target.shapes[0])))
    expected = ticket.network(x)
    found = ticket._recipe.drawn(x)
    if target is TEXT:
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)
    else:
        assert found.tobytes() == expected.tobytes()
    assert ticket(x).tobytes() == expected.tobytes()
    monkeypatch.setattr(pruned_network, "LARGEST", 100)
    assert ticket(x).tobytes() == found.tobytes()
    with pytest.raises(ValueError, match="x must have shape"):
        ticket(x[0, 0])
    assert ticket.error(x, target) == np.abs(found - target(x)).max()


def test_a_found_mask() -> None:
    source = RandomSource(3, "uniform", (6, 9, 4))
    masks = Masks(
        tuple(np.packbits(RNG.random(shape) < 0.5, axis=1) for shape in source.shapes),
        tuple(RNG.random(source.biases(i)) < 0.5 for i in range(2)),
    )
    network = source.network()
    ticket = slth.Ticket.certified(
        source, masks, (1.0, 2.0), "found", Box([-1] * 6, [1] * 6), network, network.skeleton
    )
    x = RNG.uniform(-1, 1, size=(7, 6))
    assert ticket._recipe.drawn(x).tobytes() == ticket.network(x).tobytes()


def test_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The network would take 13 MB; a block of it takes 0.5 MB."""
    monkeypatch.setattr(drawn, "TOGETHER", 1 << 16)
    monkeypatch.setattr(pruned_network, "LARGEST", 1 << 16)
    ticket = slth.approximate(slth.Network.random([200, 200], rng=0), 20, rng=0)
    x = RNG.uniform(-1, 1, size=(3, 200))
    ticket(x)
    tracemalloc.start()
    found = ticket(x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3e6
    assert found.tobytes() == ticket.network(x).tobytes()
    with out_of_core(tmp_path):
        spooled = slth.approximate(slth.Network.random([200, 200], rng=0), 20, rng=0)
        tracemalloc.start()
        network = spooled.network
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 3e6
    assert network(x).tobytes() == found.tobytes()
