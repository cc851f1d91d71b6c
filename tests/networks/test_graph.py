"""A network as a graph: the edges are the kept weights, and walking them computes the network."""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np
import pytest

import slth
from slth.networks import Conv2d, Dense, Network
from slth.networks.graph import from_networkx, to_networkx


def evaluate(graph: Any, x: np.ndarray) -> list[float]:
    """The network, from nodes and edges alone."""
    depth = max(layer for layer, _ in graph)
    values = {(0, i): float(v) for i, v in enumerate(x)}
    for layer in range(1, depth + 1):
        for node in [n for n in graph if n[0] == layer]:
            data = graph.nodes[node]
            total = data["bias"] + sum(values[a] * w for a, _, w in graph.in_edges(node, data="weight"))
            total *= data["scale"]
            values[node] = max(total, 0.0) if data["activation"] == "relu" else total
    return [values[n] for n in sorted(n for n in graph if n[0] == depth)]


@pytest.mark.parametrize("bias", [False, True])
def test_a_ticket_as_a_graph(bias: bool) -> None:
    target = slth.Network.random([3, 4, 2], rng=0, bias=bias)
    ticket = slth.approximate(target, 6, rng=1)
    graph = ticket.to_networkx()
    assert graph.number_of_nodes() == sum(ticket.source.widths)
    assert graph.number_of_edges() == sum(int(ticket.weight_mask(i).sum()) for i in range(ticket.source.depth))
    kept_biases = sum(int(b.sum()) for b in ticket.masks.biases if b is not None)
    assert graph.number_of_edges() == ticket.kept - kept_biases
    for row in np.random.default_rng(0).uniform(-1, 1, (10, 3)):
        np.testing.assert_allclose(evaluate(graph, row), ticket(row), rtol=1e-12, atol=1e-13)
    for (layer, i), (above, j), weight in graph.edges(data="weight"):
        assert above == layer + 1
        assert weight == ticket.source.weight(layer)[j, i]


def test_nodes_and_edges() -> None:
    network = slth.Network(
        (
            Dense(np.array([[1.0, 0.0], [0.0, 0.0]]), np.array([0.5, 0.0]), "relu", 2.0),
            Dense(np.array([[0.0, -3.0]]), None, "identity"),
        )
    )
    graph = to_networkx(network)
    assert sorted(graph) == [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0)]
    assert sorted(graph.edges(data="weight")) == [((0, 0), (1, 0), 1.0), ((1, 1), (2, 0), -3.0)]
    assert graph.nodes[(0, 0)] == {"layer": 0}
    assert graph.nodes[(1, 0)] == {"layer": 1, "bias": 0.5, "activation": "relu", "scale": 2.0}
    assert graph.nodes[(2, 0)] == {"layer": 2, "bias": 0.0, "activation": "identity", "scale": 1.0}
    assert evaluate(graph, np.array([1.0, 1.0])) == network(np.array([1.0, 1.0])).tolist()


def test_plain_numbers_only() -> None:
    """Attributes are Python's own types: every networkx writer takes them."""
    graph = slth.approximate([(np.ones((1, 1)), np.ones(1))], 4, rng=0).to_networkx()
    for _, data in graph.nodes(data=True):
        assert {type(value) for value in data.values()} <= {int, float, str}
    assert all(type(weight) is float for *_, weight in graph.edges(data="weight"))


@pytest.mark.parametrize("bias", [False, True])
def test_there_and_back(bias: bool) -> None:
    network = slth.Network(
        (
            Dense(
                np.array([[1.0, 0.0], [0.0, 0.0], [2.5, -1.0]]),
                np.array([0.5, 0.0, 0.0]) if bias else None,
                "tanh",
                2.0,
            ),
            Dense(np.array([[0.0, -3.0, 1 / 3]]), None, "leaky-relu(0.2)", 0.1),
        )
    )
    read = Network.read(to_networkx(network))
    for found, layer in zip(read.layers, network.layers, strict=True):
        assert found.settings == layer.settings
        assert list(found.arrays) == list(layer.arrays)
        assert all(found.arrays[name].tobytes() == array.tobytes() for name, array in layer.arrays.items())


def test_a_ticket_there_and_back() -> None:
    ticket = slth.approximate(slth.Network.random([3, 4, 2], rng=0), 6, rng=1)
    x = np.random.default_rng(0).uniform(-1, 1, (10, 3))
    assert Network.read(ticket.to_networkx())(x).tobytes() == ticket(x).tobytes()


def test_nodes_in_any_order_and_of_any_name() -> None:
    network = slth.Network.random([3, 4, 2], rng=0)
    graph = to_networkx(network)
    shuffled = nx.DiGraph()
    shuffled.add_nodes_from(reversed(list(graph.nodes(data=True))))
    shuffled.add_edges_from(graph.edges(data=True))
    renamed = nx.relabel_nodes(graph, {node: f"neuron {node}" for node in graph})
    x = np.random.default_rng(0).normal(size=(5, 3))
    for same in (shuffled, renamed):
        assert from_networkx(same)(x).tobytes() == network(x).tobytes()


def test_attributes_that_are_missing() -> None:
    graph = nx.DiGraph([((0, 0), (1, 0), {"weight": 2}), ((1, 0), (2, 0), {"weight": -1})])
    first, last = from_networkx(graph).layers
    assert (first.activation, last.activation, first.scale, first.bias) == ("relu", "identity", 1.0, None)
    assert first.weight == [[2.0]]


def path(*nodes: Any, **data: Any) -> nx.DiGraph:
    graph = nx.DiGraph()
    nx.add_path(graph, nodes, weight=1.0)
    return graph


@pytest.mark.parametrize(
    ("graph", "error", "message"),
    [
        (nx.Graph([((0, 0), (1, 0))]), TypeError, "must be a directed graph without parallel edges, got Graph"),
        (nx.MultiDiGraph([((0, 0), (1, 0))]), TypeError, "got MultiDiGraph"),
        (nx.DiGraph(), ValueError, "at least two"),
        (
            path((0, 0), (1, 0), (0, 0)),
            ValueError,
            r"edge \(1, 0\) -> \(0, 0\) goes from layer 1 to layer 0, not to the next",
        ),
        (path((0, 0), (2, 0), (3, 0)), ValueError, "must count both from 0 without gaps"),
        (nx.relabel_nodes(path((0, 0), (1, 0), (1, 1)), str), ValueError, "node .* must be"),
        (nx.DiGraph([((0, 0), (1, 0), {"weight": "heavy"})]), ValueError, "weight of the edge .* must be a number"),
        (path((0, 0), (1, 1)), ValueError, r"must count both from 0 without gaps"),
        (path((0, 0), (10**12, 0)), ValueError, "must count both from 0 without gaps"),
        (path((0, -1), (1, 0)), ValueError, "must count both from 0 without gaps"),
        (path("a", "b"), ValueError, "node 'a' must be .* or have the attribute layer, a number from 0; got None"),
        (nx.DiGraph([((0, 0), (1, 0))]), ValueError, "has no attribute weight"),
        (nx.DiGraph([((0, 0), (1, 0), {"weight": np.nan})]), ValueError, "layer 1: weight must be finite"),
    ],
)
def test_graphs_that_are_no_networks(graph: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Network.read(graph)


def test_neurons_of_one_layer_agree() -> None:
    graph = to_networkx(slth.Network.random([2, 2, 1], rng=0))
    graph.nodes[1, 1]["activation"] = "tanh"
    with pytest.raises(
        ValueError, match="all neurons of layer 1 must have one activation, got 'relu' and, for neuron 1, 'tanh'"
    ):
        Network.read(graph)


def test_only_dense_networks_are_graphs() -> None:
    with pytest.raises(ValueError, match="only dense networks are graphs of neurons and weights"):
        to_networkx(slth.Network((Conv2d(np.ones((1, 1, 1, 1))),), (1, 2, 2)))
