"""A network as a networkx graph: what is kept, as nodes and edges."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from slth.networks.network import Network

if TYPE_CHECKING:
    from networkx import DiGraph


def to_networkx(network: Network) -> DiGraph:
    """The non-zero weights of `network` as a directed graph.

    Nodes are (layer, neuron), layer 0 being the input; attributes ``layer`` and, after a layer, ``bias`` (0.0 if pruned), ``activation``
    and ``scale``. Every neuron is a node, also one that nothing feeds. Edges carry ``weight``.

    Time and memory O(neurons + kept weights), some hundred bytes each.
    """
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
