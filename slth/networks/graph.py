"""Networks as networkx graphs: a dense network, what is kept as nodes and edges, and back; and the edges of a sparse random source."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from slth.networks.layers import Dense
from slth.networks.network import Network

if TYPE_CHECKING:
    from networkx import DiGraph, Graph

Bools = NDArray[np.bool_]


def to_networkx(network: Network) -> DiGraph:
    """The non-zero weights of `network` as a directed graph.

    Nodes are (layer, neuron), layer 0 being the input; attributes ``layer`` and, after a layer, ``bias`` (0.0 if pruned), ``activation``
    and ``scale``. Every neuron is a node, also one that nothing feeds. Edges carry ``weight``.

    Time and memory O(neurons + kept weights), some hundred bytes each.

    Raises
    ------
    ValueError
        If a layer is not dense.
    """
    if not network.is_dense:
        raise ValueError(f"only dense networks are graphs of neurons and weights, got {network!r}")
    from networkx import DiGraph

    graph = DiGraph()
    graph.add_nodes_from(((0, i) for i in range(network.widths[0])), layer=0)
    for depth, layer in enumerate(network.layers, start=1):
        biases = np.zeros(layer.d_out) if layer.bias is None else layer.bias
        graph.add_nodes_from(
            ((depth, i), {"layer": depth, "bias": bias, "activation": layer.activation, "scale": layer.scale})
            for i, bias in enumerate(biases.tolist())
        )
        outputs, inputs = np.nonzero(layer.weight)
        weights = layer.weight[outputs, inputs]
        graph.add_weighted_edges_from(
            ((depth - 1, i), (depth, j), weight)
            for i, j, weight in zip(inputs.tolist(), outputs.tolist(), weights.tolist(), strict=True)
        )
    return graph


def from_networkx(graph: DiGraph) -> Network:
    """The dense network of a graph in layers, such as `to_networkx` makes: missing edges are zeros.

    Nodes are (layer, neuron), both counted from 0, layer 0 being the input; any other names are taken if each node has an attribute
    ``layer``, the neurons of a layer then being counted in the order of the graph. Attributes of a node ``bias`` (0 by default; a layer
    without any that is not 0 has none), ``activation`` ("relu", and "identity" in the last layer) and ``scale`` (1); of an edge ``weight``.

    Time and memory O(neurons + edges) and that of the matrices.

    Raises
    ------
    TypeError, ValueError
        If it is no directed graph, an edge skips a layer, a layer is empty or its neurons differ in activation or scale, or a number is
        missing or not finite.
    """
    if not graph.is_directed() or graph.is_multigraph():
        raise TypeError(f"source must be a directed graph without parallel edges, got {type(graph).__name__}")
    places = _places(graph)
    sizes = [0] * (1 + max((layer for layer, _ in places.values()), default=0))
    for layer, _ in places.values():
        sizes[layer] += 1
    if len(sizes) < 2 or 0 in sizes:
        raise ValueError(
            f"the layers must be numbered 0, 1, ... without gaps, with at least two, got {sizes} nodes each"
        )
    weights: list[NDArray[np.float64]] = [np.zeros((above, below)) for below, above in pairwise(sizes)]
    for start, end, data in graph.edges(data=True):
        (below, i), (above, j) = places[start], places[end]
        if above != below + 1:
            raise ValueError(
                f"the edge {start!r} -> {end!r} goes from layer {below} to layer {above}, not to the next one"
            )
        if "weight" not in data:
            raise ValueError(f"the edge {start!r} -> {end!r} has no attribute weight")
        try:
            weights[below][j, i] = data["weight"]
        except (TypeError, ValueError) as error:
            raise type(error)(f"the weight of the edge {start!r} -> {end!r} must be a number: {error}") from None
    neurons: list[list[dict[str, Any]]] = [[{}] * size for size in sizes]
    for node, (layer, i) in places.items():
        neurons[layer][i] = graph.nodes[node]
    built = []
    for depth, (weight, nodes) in enumerate(zip(weights, neurons[1:], strict=True), start=1):
        biases = np.array([float(data.get("bias", 0.0)) for data in nodes])
        default = "identity" if depth == len(weights) else "relu"
        activation = _one_for_all([data.get("activation", default) for data in nodes], "activation", depth)
        scale = _one_for_all([data.get("scale", 1.0) for data in nodes], "scale", depth)
        try:
            built.append(Dense(weight, biases if biases.any() else None, activation, scale))
        except (TypeError, ValueError) as error:
            raise type(error)(f"layer {depth}: {error}") from error
    return Network(tuple(built))


def edges_between(graph: Graph, shapes: tuple[tuple[int, int], ...]) -> list[Bools]:
    """Which weights a graph in layers has: of each layer ``(d_out, d_in) bool``.

    Nodes are (layer, neuron), both counted from 0, layer 0 being the input; nodes that are missing have no edges. Any other names are
    taken if each node has an attribute ``layer``; the neurons of a layer are then counted in the order of the graph, and all have to be
    there. An edge goes from a layer to the next; undirected edges are read so. Attributes of edges are not looked at.

    Time O(neurons + edges), and memory of the result.

    Raises
    ------
    TypeError, ValueError
        If the graph has parallel edges or another number of layers, a node is beyond its layer, or an edge skips one; also if the layers of
        these shapes do not feed one another, so that they are not those of a graph.
    """
    _single(graph)
    if any(first[0] != second[1] for first, second in pairwise(shapes)):
        raise ValueError(
            f"layers of shapes {shapes} do not feed one another, so that no graph in layers describes them; give a sequence with one "
            "matrix or bipartite graph for each"
        )
    widths = (shapes[0][1], *(d_out for d_out, _ in shapes))
    if all(_is_place(node) for node in graph):
        places = {node: (int(node[0]), int(node[1])) for node in graph}
    else:
        places = _by_layer(graph)
        counts = Counter(layer for layer, _ in places.values())
        for layer, width in enumerate(widths):
            if counts[layer] not in (0, width):
                raise ValueError(
                    f"layer {layer} of the graph has {counts[layer]} nodes, of the random network {width}; name nodes (layer, neuron) "
                    "where some are missing"
                )
    found = {layer for layer, _ in places.values()}
    if found != set(range(len(widths))):
        raise ValueError(
            f"the graph has nodes in the layers {sorted(found)}, the random network has the layers 0 to {len(widths) - 1}, of "
            f"{'-'.join(map(str, widths))} neurons; slth.source_shapes tells them"
        )
    for node, (layer, i) in places.items():
        if not 0 <= i < widths[layer]:
            raise ValueError(f"node {node!r} lies beyond layer {layer}, which has the neurons 0 to {widths[layer] - 1}")
    there = [np.zeros(shape, np.bool_) for shape in shapes]
    for start, end in graph.edges():
        (below, i), (above, j) = places[start], places[end]
        if below > above and not graph.is_directed():
            below, i, above, j = above, j, below, i
        if above != below + 1:
            raise ValueError(
                f"the edge {start!r} -> {end!r} goes from layer {below} to layer {above}, not to the next one"
            )
        there[below][j, i] = True
    return there


def edges_across(graph: Graph, shape: tuple[int, int], layer: int) -> Bools:
    """Which weights of one layer a bipartite graph has: ``(d_out, d_in) bool``.

    The attribute ``bipartite`` of a node is 0 for inputs and 1 for outputs, as networkx's bipartite generators set it; both are counted in
    the order of the graph.

    Raises
    ------
    TypeError, ValueError
        If the graph has parallel edges, other numbers of nodes, a node without the attribute, or an edge that does not cross.
    """
    _single(graph)
    counts = [0, 0]
    places: dict[Any, tuple[int, int]] = {}
    for node, side in graph.nodes(data="bipartite"):
        if not isinstance(side, Integral) or side not in (0, 1):
            raise ValueError(
                f"node {node!r} of the graph for layer {layer} must have the attribute bipartite, 0 for inputs or 1 for outputs, "
                f"got {side!r}"
            )
        places[node] = int(side), counts[int(side)]
        counts[int(side)] += 1
    if counts != [shape[1], shape[0]]:
        raise ValueError(
            f"the graph for layer {layer} has {counts[0]} inputs and {counts[1]} outputs, the layer {shape[1]} and {shape[0]}"
        )
    there = np.zeros(shape, np.bool_)
    for start, end in graph.edges():
        (side, i), (other, j) = places[start], places[end]
        if side > other and not graph.is_directed():
            side, i, other, j = other, j, side, i
        if (side, other) != (0, 1):
            raise ValueError(f"the edge {start!r} -> {end!r} of layer {layer} does not lead from an input to an output")
        there[j, i] = True
    return there


def _single(graph: Graph) -> None:
    if graph.is_multigraph():
        raise TypeError(
            f"edges must be a graph without parallel edges, got {type(graph).__name__}; networkx.Graph(graph) merges them"
        )


def _is_place(node: Any) -> bool:
    return isinstance(node, tuple) and len(node) == 2 and all(isinstance(v, Integral) for v in node)


def _places(graph: DiGraph) -> dict[Any, tuple[int, int]]:
    """Layer and neuron of each node."""
    nodes = list(graph)
    if all(_is_place(node) for node in nodes):
        counts = Counter(layer for layer, _ in nodes)
        if any(not (0 <= layer < len(nodes) and 0 <= i < counts[layer]) for layer, i in nodes):
            raise ValueError("nodes (layer, neuron) must count both from 0 without gaps")
        return {node: (int(node[0]), int(node[1])) for node in nodes}
    return _by_layer(graph)


def _by_layer(graph: Graph) -> dict[Any, tuple[int, int]]:
    """Layer and neuron of each node, by its attribute ``layer`` and the order of the graph."""
    found: dict[Any, tuple[int, int]] = {}
    counts: Counter[int] = Counter()
    for node, layer in graph.nodes(data="layer"):
        if not isinstance(layer, Integral) or not 0 <= int(layer) < len(graph):
            # of graphs that mix the two ways, a node that is named in neither
            strange = next((n for n, at in graph.nodes(data="layer") if at is None and not _is_place(n)), node)
            node, layer = strange, graph.nodes[strange].get("layer")
            raise ValueError(
                f"node {node!r} must be (layer, neuron), or have the attribute layer, a number from 0; got {layer!r}"
            )
        found[node] = int(layer), counts[int(layer)]
        counts[int(layer)] += 1
    return found


def _one_for_all(values: list[Any], name: str, depth: int) -> Any:
    for i, value in enumerate(values):
        if value != values[0]:
            raise ValueError(
                f"all neurons of layer {depth} must have one {name}, got {values[0]!r} and, for neuron {i}, {value!r}"
            )
    return values[0]
