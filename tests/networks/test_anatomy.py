"""Dead neurons, live paths and densities, against every path written down, and against what the network puts out without them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import slth
from slth.networks import (
    Attention,
    AveragePool2d,
    Conv2d,
    Dense,
    Elementwise,
    Flatten,
    GlobalAveragePool2d,
    Layer,
    MaxPool2d,
    Network,
    Residual,
    Softmax,
)
from slth.networks.anatomy import Anatomy
from slth.networks.level import Level
from tests.reference.anatomy import walked

RNG = np.random.default_rng


def sparse(rng: np.random.Generator, *shape: int, density: float = 0.3) -> np.ndarray:
    return rng.normal(size=shape) * (rng.random(shape) < density)


def dense(rng: np.random.Generator, d_in: int, d_out: int, activation: str = "relu", bias: bool = True) -> Dense:
    return Dense(sparse(rng, d_out, d_in), sparse(rng, d_out) if bias else None, activation)


def conv(rng: np.random.Generator, c_in: int, c_out: int, size: int = 2, **more: Any) -> Conv2d:
    weight = sparse(rng, c_out, c_in, size, size, density=0.12)
    return Conv2d(weight, sparse(rng, c_out), **more)


def joined(layer: Any, owner: np.ndarray) -> Iterator[tuple[int, int, int]]:
    """(source, target, weights) of nodes that a layer joins, from its weights as they are given."""
    weight = layer.weight.reshape(*layer.weight.shape[:2], -1)
    share_in, share_out = weight.shape[1], len(weight) // getattr(layer, "groups", 1)
    counts: dict[tuple[int, int], int] = {}
    for j, i, k in zip(*np.nonzero(weight), strict=True):
        column = int(i) + share_in * (int(j) // share_out)
        pair = int(owner[column]), int(j)
        counts[pair] = counts.get(pair, 0) + 1
        assert k >= 0
    for (source, target), count in counts.items():
        yield source, target, count


class Walk:
    """Edges and nodes of a network, layer by layer, by hand."""

    def __init__(self, width: int) -> None:
        self.widths, self.edges, self.count, self.constants = [width], [], {}, []

    def layer(self, layer: Any, source: int, owner: np.ndarray | None = None) -> int:
        at = len(self.widths)
        owner = np.arange(self.widths[source]) if owner is None else owner
        for i, j, count in joined(layer, owner):
            self.edges.append(((source, i), (at, j)))
            self.count[self.edges[-1]] = count
        self.widths.append(len(layer.weight))
        if layer.bias is not None:
            self.constants += [(at, int(j)) for j in np.flatnonzero(layer.bias)]
        return at

    def added(self, *sources: int) -> int:
        at = len(self.widths)
        self.widths.append(self.widths[sources[0]])
        self.edges += [((source, k), (at, k)) for source in sources for k in range(self.widths[at])]
        return at

    def check(self, found: Anatomy) -> None:
        nodes = [(level, i) for level, width in enumerate(self.widths) for i in range(width)]
        last = len(self.widths) - 1
        inputs, outputs = [n for n in nodes if n[0] == 0], [n for n in nodes if n[0] == last]
        seen = walked(self.edges, nodes, inputs, outputs, self.constants)
        assert [level.width for level in found.levels] == self.widths
        assert found.paths == seen["paths"]
        for at, level in enumerate(found.levels):
            mine = [(at, i) for i in range(level.width)]
            for name in ("fed", "heard", "driven"):
                assert getattr(level, name).tolist() == [n in seen[name] for n in mine], (at, name)
            assert level.paths.tolist() == [seen["through"][n] for n in mine]
            assert level.fan_in.each.tolist() == [seen["fan_in"][n] for n in mine]
            assert level.fan_out.each.tolist() == [seen["fan_out"][n] for n in mine]
            here = {edge: count for edge, count in self.count.items() if edge[1][0] == at}
            assert level.kept_weights == sum(here.values())
            assert level.live_weights == sum(count for edge, count in here.items() if edge in seen["on_path"])
            everything = level.live.astype(int) + level.constant + level.dead_end + level.silent
            assert (everything == 1).all()


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("bias", [False, True])
def test_dense(seed: int, bias: bool) -> None:
    rng = RNG([seed, bias])
    widths = rng.integers(1, 6, 5).tolist()
    layers = [dense(rng, a, b, bias=bias) for a, b in pairwise(widths)]
    walk = Walk(widths[0])
    for i, layer in enumerate(layers):
        walk.layer(layer, i)
    network = Network(tuple(layers))
    found = network.anatomy()
    walk.check(found)
    assert (found.size, found.kept, found.density) == (network.size, network.kept, network.density)


@pytest.mark.parametrize("seed", range(10))
def test_convolution_to_vector(seed: int) -> None:
    """Channels are nodes; where an image is flattened the weights of all its places belong to the channel."""
    rng = RNG([seed, 7])
    first, second = conv(rng, 2, 4), Conv2d(sparse(rng, 6, 2, 2, 2, density=0.2), None, groups=2)
    after = dense(rng, 6 * 4, 3)
    layers = (first, AveragePool2d(2), second, Elementwise("relu"), MaxPool2d(1), Flatten(), after)
    network = Network(layers, (2, 7, 7))
    assert network.shapes[5] == (6, 2, 2)
    walk = Walk(2)
    walk.layer(first, 0)
    walk.layer(second, 1)
    walk.layer(after, 2, np.repeat(np.arange(6), 4))
    walk.check(network.anatomy())
    assert network.anatomy().kept == network.kept


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("projected", [False, True])
def test_residual(seed: int, projected: bool) -> None:
    rng = RNG([seed, projected, 3])
    c = 4 if projected else 3
    stem, one, two = conv(rng, 2, 3, 1), conv(rng, 3, 3, 1), conv(rng, 3, c, 1)
    shortcut = (conv(rng, 3, c, 1),) if projected else ()
    end = dense(rng, c, 2)
    network = Network((stem, Residual((one, two), shortcut, "relu"), GlobalAveragePool2d(), end), (2, 3, 3))
    walk = Walk(2)
    walk.layer(stem, 0)
    body = walk.layer(two, walk.layer(one, 1))
    other = walk.layer(shortcut[0], 1) if projected else 1
    walk.layer(end, walk.added(body, other))
    found = network.anatomy()
    walk.check(found)
    assert found.kept == network.kept
    assert [level.kind for level in found.levels].count("sum") == 1


def without_the_dead(network: Network, found: Anatomy) -> Network:
    """The network with all weights into and out of dead neurons, and their biases, set to 0."""
    layers, _ = _trimmed(network.layers, ~found.levels[0].dead, iter(found.levels[1:]))
    return Network(tuple(layers), network.input_shape)


def _trimmed(layers: Sequence[Layer], alive: np.ndarray, levels: Iterator[Level]) -> tuple[list[Layer], np.ndarray]:
    done: list[Layer] = []
    for layer in layers:
        if isinstance(layer, Residual):
            body, _ = _trimmed(layer.body, alive, levels)
            shortcut, _ = _trimmed(layer.shortcut, alive, levels)
            done.append(Residual(tuple(body), tuple(shortcut), layer.activation))
            alive = ~next(levels).dead
        elif isinstance(layer, Dense | Conv2d):
            into = ~next(levels).dead
            held = np.logical_and.outer(into, np.repeat(alive, layer.weight.shape[1] // alive.size))
            held = held.reshape(*held.shape, *[1] * (layer.weight.ndim - 2))
            bias = None if layer.bias is None else layer.bias * into
            done.append(type(layer)(layer.weight * held, bias, layer.activation, layer.scale))
            alive = into
        else:
            done.append(layer)
    return done, alive


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("activation", ["relu", "sigmoid", "tanh"])
def test_the_dead_are_not_missed(seed: int, activation: str) -> None:
    """Bit for bit the same without them; and what is left is what `effective` counts."""
    rng = RNG([seed, 11])
    layers = (
        conv(rng, 2, 5, activation=activation),
        conv(rng, 5, 4, activation=activation),
        Flatten(),
        dense(rng, 16, 6, activation),
        dense(rng, 6, 3, "identity"),
    )
    network = Network(layers, (2, 4, 4))
    found = network.anatomy()
    trimmed = without_the_dead(network, found)
    x = rng.normal(size=(20, 2, 4, 4))
    np.testing.assert_array_equal(trimmed(x), network(x))
    assert trimmed.kept == found.effective <= found.kept
    assert trimmed.anatomy().paths == found.paths
    assert found.effective_density == trimmed.density


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("activation", ["relu", "sigmoid"])
def test_the_dead_of_a_residual_network_are_not_missed(seed: int, activation: str) -> None:
    rng = RNG([seed, 13])
    inner = (conv(rng, 4, 5, 1, activation=activation), conv(rng, 5, 6, 1))
    block = Residual(inner, (Elementwise(activation), conv(rng, 4, 6, 1)), activation)
    stem, end = conv(rng, 2, 4, 1), dense(rng, 6, 3, "identity")
    plain = Residual((conv(rng, 6, 6, 1, activation=activation),))
    network = Network((stem, block, plain, GlobalAveragePool2d(), end), (2, 2, 2))
    found = network.anatomy()
    trimmed = without_the_dead(network, found)
    x = rng.normal(size=(20, 2, 2, 2))
    np.testing.assert_array_equal(trimmed(x), network(x))
    assert trimmed.kept == found.effective


@pytest.mark.parametrize("seed", range(6))
def test_constants_do_not_move_and_live_neurons_can(seed: int) -> None:
    """A network of identities without zeros by chance: fed and heard is exactly what moves the outputs."""
    rng = RNG([seed, 5])
    widths = (4, 5, 5, 3)
    layers = tuple(dense(rng, a, b, "identity") for a, b in pairwise(widths))
    found = Network(layers).anatomy()
    values = [rng.normal(size=(2, 4))]
    for layer in layers:
        values.append(layer.evaluate(values[-1].copy()))
    for level, value in zip(found.levels, values, strict=True):
        assert (level.fed == (value[0] != value[1])).all()
        assert (value[:, level.silent] == 0).all()
        assert (value[0, level.driven & ~level.fed] != 0).all()
    heard = np.ones(3, np.bool_)
    for level, layer in zip(found.levels[::-1], [None, *layers[::-1]], strict=True):
        if layer is not None:
            heard = (layer.weight[heard] != 0).any(axis=0)
        assert (level.heard == heard).all()


def test_a_worked_example() -> None:
    first = Dense(np.array([[1.0, 0, 0], [0, 0, 0], [0, 2.0, 0], [0, 0, 0]]), np.array([0, 0.5, 0, 0]))
    second = Dense(np.array([[1.0, 1.0, 0, 1.0]]), None, "identity")
    found = Network((first, second)).anatomy()
    inputs, hidden, outputs = found.levels
    assert inputs.dead_end.tolist() == [False, True, True]
    assert hidden.live.tolist() == [True, False, False, False]
    assert hidden.constant.tolist() == [False, True, False, False]
    assert hidden.dead_end.tolist() == [False, False, True, False]
    assert hidden.silent.tolist() == [False, False, False, True]
    assert outputs.live.all()
    assert (found.paths, found.dead, found.size, found.kept) == (1, 2, 20, 6)
    # 1 and the two weights of the live and the constant neuron, and the constant itself
    assert found.effective == 4
    assert found.live_density == 2 / 16
    assert hidden.fan_in.histogram.tolist() == [2, 2]
    assert (outputs.fan_in.least, outputs.fan_in.mean, outputs.fan_in.most) == (3, 3.0, 3)
    assert str(hidden.fan_out) == "0 / 0.75 / 1"


def test_a_sigmoid_is_never_silent() -> None:
    first, second = Dense(np.zeros((2, 1)), None, "sigmoid"), Dense(np.ones((1, 2)), None, "identity")
    assert Network((first, second)).anatomy().levels[1].constant.all()
    plain = Dense(np.zeros((2, 1)), None, "identity")
    assert Network((plain, second)).anatomy().levels[1].silent.all()
    assert Network((plain, Elementwise("sigmoid"), second)).anatomy().levels[1].constant.all()


def test_paths_are_counted_exactly() -> None:
    """Far beyond float64 and 64 bits."""
    widths = (3, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 7)
    network = Network(tuple(Dense(np.ones((b, a))) for a, b in pairwise(widths)))
    found = network.anatomy()
    product = 1
    for width in widths:
        product *= width
    assert found.paths == product > 2**64
    for level in found.levels:
        assert sum(level.paths) == product
        assert type(level.paths[0]) is int
    assert "e2" in repr(found)


def test_every_number_of_a_flattened_input_is_an_input() -> None:
    weight = np.zeros((2, 12))
    weight[0, 5] = weight[1, 5] = 1.0
    found = Network((Flatten(), Dense(weight)), (1, 3, 4)).anatomy()
    assert np.flatnonzero(found.levels[0].live).tolist() == [5]
    assert found.paths == 2


def test_a_sequence_has_features_as_neurons() -> None:
    first, last = Dense(np.array([[1.0, 0], [0, 1.0], [1.0, 1.0]])), np.zeros((1, 6))
    last[0, 4] = 1.0  # feature 1 of position 1
    found = Network((first, Flatten(), Dense(last)), (2, 2)).anatomy()
    assert [level.width for level in found.levels] == [2, 3, 1]
    assert found.levels[1].heard.tolist() == [False, True, False]
    assert found.paths == 1


def test_a_ticket() -> None:
    """Hidden neurons without a weight whose bias is kept are constants; nothing kept is a dead end but by the dead of the target."""
    target = slth.Network.random([3, 4, 2], rng=0)
    ticket = slth.approximate(target, 16, rng=1)
    found = ticket.network.anatomy()
    assert (found.size, found.kept, found.density) == (ticket.size, ticket.kept, ticket.density)
    for first in (1, 3):
        bias = ticket.masks.biases[first - 1]
        assert bias is not None
        assert (found.levels[first].constant == bias).all()
        assert not found.levels[first].dead_end.any()
    assert found.effective == found.kept


def test_an_image_ticket() -> None:
    rng = RNG(0)
    kernels = rng.normal(size=(3, 2, 3, 3)) / 5
    target = Network((Conv2d(kernels, None), GlobalAveragePool2d(), Dense(rng.normal(size=(2, 3)))), (2, 5, 5))
    found = slth.approximate(target, 10, rng=0).network.anatomy()
    assert [level.kind for level in found.levels] == ["input", "conv2d", "conv2d", "dense", "dense"]
    assert found.levels[2].live.all()


def test_other_layers_are_refused() -> None:
    eye = np.eye(4)
    for layers, shape in (
        ((Attention(eye, eye, eye, eye),), (None, 4)),
        ((Dense(eye), Softmax()), (4,)),
        ((Dense(eye),), (2, 3, 4)),
        ((Residual((Softmax(),)),), (4,)),
    ):
        with pytest.raises(ValueError, match="known for dense layers"):
            Network(layers, shape).anatomy()


def test_shown() -> None:
    found = Network.random([3, 4, 2], rng=0).anatomy()
    assert repr(found) == "Anatomy(3-4-2, 0 dead, 24 paths, density 1, effective 1)"
    lines = str(found).splitlines()
    assert lines[0] == repr(found)
    assert len(lines) == 5
    assert len({len(line) for line in lines[1:]}) == 1
    assert found._repr_html_().count("<tr>") == 4


def test_without_layers_with_weights() -> None:
    found = Network((Elementwise("relu"),), (3,)).anatomy()
    assert found.paths == 3
    assert (found.density, found.effective_density, found.live_density) == (1.0, 1.0, 1.0)
