"""A network as a graph: the edges are the kept weights, and walking them computes the network."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import slth
from slth.networks import Dense
from slth.networks.graph import to_networkx


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
