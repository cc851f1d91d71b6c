"""The small network that a ticket stands for: the same function, in the target's own layers where one matrix does."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

import slth
from slth.networks import Attention, Conv2d, Dense, Elementwise, Flatten, LayerNorm, MaxPool2d, Network, Residual
from tests.reference.network import forward

RNG = np.random.default_rng(0)


def dense(d_out: int, d_in: int, activation: str = "relu") -> Dense:
    return Dense(RNG.uniform(-1, 1, (d_out, d_in)), RNG.uniform(-1, 1, d_out), activation)


CONVOLUTION = Conv2d(RNG.uniform(-1, 1, (3, 2, 3, 3)), RNG.uniform(-1, 1, 3), "relu", padding=(2, 2))
GROUPED = Conv2d(RNG.uniform(-1, 1, (4, 1, 2, 2)), RNG.uniform(-1, 1, 4), "relu", groups=2, stride=(2, 2))
ATTENTION = Attention(
    *(RNG.uniform(-0.5, 0.5, (4, 4)) for _ in range(4)), heads=2, query_bias=RNG.uniform(-1, 1, 4),
    output_bias=RNG.uniform(-1, 1, 4),
)  # fmt: skip
TARGETS: dict[str, tuple[Network, tuple[float, float]]] = {
    "dense": (Network((dense(4, 3), dense(2, 4, "identity"))), (-1, 1)),
    "positive inputs": (Network((dense(4, 3), dense(2, 4, "identity"))), (0, 1)),
    "negative inputs": (Network((dense(4, 3), dense(2, 4, "identity"))), (-2, 0)),
    "tanh": (Network((dense(4, 3, "tanh"), dense(2, 4, "tanh"))), (-1, 1)),
    "image": (
        Network((CONVOLUTION, MaxPool2d((2, 2)), Flatten(), dense(2, 3 * 4 * 4)), (2, 6, 6)),
        (-1, 1),
    ),
    "grouped": (Network((GROUPED, Flatten(), dense(2, 16, "identity")), (2, 4, 4)), (0, 1)),
    "residual": (Network((Residual((dense(3, 3),)), Elementwise("relu"), dense(2, 3, "identity")), (3,)), (-1, 1)),
    "sequence": (Network((ATTENTION, LayerNorm(np.ones(4), np.zeros(4)), dense(2, 4, "identity")), (None, 4)), (-1, 1)),
}


@pytest.mark.parametrize("construction", ["two-layer", "fixed-size(3)", "structured"])
@pytest.mark.parametrize("name", TARGETS)
def test_the_same_function(name: str, construction: str) -> None:
    target, ends = TARGETS[name]
    if construction == "structured" and name == "sequence":
        pytest.skip("takes no attention")
    ticket = slth.approximate(target, 24, construction=construction, domain=ends, rng=0, workers=1)
    small = ticket.effective_network()
    x = np.random.default_rng(1).uniform(*ends, (20, *(5 if d is None else d for d in target.shapes[0])))
    np.testing.assert_allclose(small(x), ticket(x), rtol=1e-12, atol=1e-12)
    assert small.size < ticket.size
    assert np.abs(small(x) - target(x)).max() <= ticket.error_bound


@pytest.mark.parametrize("name", ["positive inputs", "negative inputs", "grouped"])
def test_where_no_number_has_both_signs_it_has_the_shape_of_the_target(name: str) -> None:
    target, ends = TARGETS[name]
    ticket = slth.approximate(target, 24, domain=ends, rng=0)
    small = ticket.effective_network()
    assert [layer.kind for layer in small.layers] == [layer.kind for layer in target.layers]
    for mine, layer in zip(small.linear, target.linear, strict=True):
        assert np.abs(mine.scale * mine.matrix - layer.matrix).max() <= ticket.weight_error
        if layer.bias is not None:
            assert np.abs(mine.scale * mine.bias - layer.bias).max() <= ticket.weight_error


def test_halves_differ_where_numbers_have_both_signs() -> None:
    """A weight is approximated twice, and neither approximation does for both signs."""
    target, ends = TARGETS["dense"]
    ticket = slth.approximate(target, 8, domain=ends, rng=0)
    small = ticket.effective_network()
    split, both, last = small.layers
    np.testing.assert_array_equal(split.weight, np.concatenate([np.eye(3), -np.eye(3)]))
    positive, negative = both.scale * both.weight[:, :3], -both.scale * both.weight[:, 3:]
    wanted = target.layers[0].weight
    assert (positive != negative).any()
    assert max(np.abs(positive - wanted).max(), np.abs(negative - wanted).max()) <= ticket.weight_error
    x = np.random.default_rng(0).uniform(*ends, (50, 3))
    for matrix in (positive, negative, (positive + negative) / 2):
        one = Network((Dense(matrix / both.scale, both.bias, both.activation, both.scale), last))
        assert np.abs(one(x) - ticket(x)).max() > 1e-3


def test_equal_halves_are_one_matrix() -> None:
    grid = Network.read([(np.array([[1.0, -2.0], [0.0, 1.0]]), None)])
    ticket = slth.approximate(grid, 60, construction="quantized(1.0)", rng=0)
    (layer,) = ticket.effective_network().layers
    np.testing.assert_array_equal(layer.scale * layer.weight, grid.layers[0].weight)


def test_empty_negative_halves_are_no_positive_inputs() -> None:
    """Weights within the budget of nothing keep no candidates of one half; the other half acts on positive numbers alone."""
    target = Network.read([(np.array([[1.0]]), None)])
    ticket = slth.approximate(target, 40, rng=0)
    weights = list(ticket.masks.weights)
    inner = ticket.source.weight(0)[:, 0] < 0
    weights[1] = np.packbits(ticket.weight_mask(1) & ~inner, axis=1)
    cut = slth.Ticket.certified(
        ticket.source,
        slth.constructions.Masks(tuple(weights), ticket.masks.biases),
        ticket.scales,
        "two-layer",
        ticket.domain,
        target,
    )
    x = np.array([[-1.0], [0.5]])
    assert cut(x)[0] == 0
    np.testing.assert_allclose(cut.effective_network()(x), cut(x), rtol=1e-12)


def test_a_found_mask_is_its_own() -> None:
    target = Network.random([3, 2], rng=0)
    source = slth.RandomSource(0, "uniform", (3, 6, 2))
    found = slth.search.edge_popup(source, slth.search.imitation(target), density=0.5, epochs=1, rng=0).ticket()
    small = found.effective_network()
    x = np.random.default_rng(0).uniform(-1, 1, (5, 3))
    layers = [(layer.weight, layer.bias, layer.activation, layer.scale) for layer in found.network.layers]
    np.testing.assert_allclose(small(x), [forward(layers, row) for row in x], rtol=1e-12)
    for mine, layer in zip(small.layers, found.network.layers, strict=True):
        np.testing.assert_array_equal(mine.weight, layer.weight)


def test_copies_have_no_network_of_the_targets_shape() -> None:
    target = Network.random([3, 4, 2], rng=0)
    ticket = slth.approximate(target, (12, 8), construction="one-extra-layer", rng=0)
    with pytest.raises(ValueError, match=r"layer 0 .*: 8 neurons stand for each .*; use ticket\.network"):
        ticket.effective_network()
    single = slth.approximate(target, (12, 1), construction="one-extra-layer", rng=0)
    x = np.random.default_rng(0).uniform(-1, 1, (5, 3))
    np.testing.assert_allclose(single.effective_network()(x), single(x), rtol=1e-12, atol=1e-12)
    curved = slth.approximate(target, (12, 1), construction="one-extra-layer(tanh)", rng=0)
    with pytest.raises(ValueError, match="the neurons before it are linear only near 0"):
        curved.effective_network()


def test_the_source_is_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    """With blocks of 1 MiB: 8 bytes for each of its 4 million weights would be several times all that is used."""
    monkeypatch.setattr("slth.constructions.two_layer.deal.BLOCK_BYTES", 1 << 20)
    target: Any = [(np.full((400, 100), 0.01), None)]
    ticket = slth.approximate(target, 80, construction="best-product", domain=(0, 1), rng=0)
    assert 8 * ticket.size > 30e6
    tracemalloc.start()
    small, _ = ticket.effective_network(), ticket.reuse()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert small.size == 40_000
    assert peak < 8 * ticket.size / 4
