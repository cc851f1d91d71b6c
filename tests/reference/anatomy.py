"""Dead and live nodes of a layered graph, from walking it: every path is written down."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from itertools import pairwise
from typing import Any

import networkx

Node = Hashable


def walked(
    edges: Iterable[tuple[Node, Node]],
    nodes: Iterable[Node],
    inputs: Iterable[Node],
    outputs: Iterable[Node],
    constants: Iterable[Node],
) -> dict[str, Any]:
    """fed, heard, driven: sets of nodes; paths: how many from inputs to outputs; on_path: edges; through: paths of each node."""
    graph = networkx.DiGraph()
    graph.add_nodes_from(nodes)
    graph.add_edges_from(edges)
    inputs, outputs = list(inputs), list(outputs)

    def after(starts: Iterable[Node]) -> set[Node]:
        return {m for start in starts for m in (start, *networkx.descendants(graph, start))}

    heard = {m for end in outputs for m in (end, *networkx.ancestors(graph, end))}
    paths = [
        path
        for start in inputs
        for end in outputs
        for path in ([[start]] if start == end else networkx.all_simple_paths(graph, start, end))
    ]
    through = dict.fromkeys(graph, 0)
    for path in paths:
        for node in path:
            through[node] += 1
    return {
        "fed": after(inputs),
        "heard": heard,
        "driven": after(constants),
        "paths": len(paths),
        "on_path": {edge for path in paths for edge in pairwise(path)},
        "through": through,
        "fan_in": dict(graph.in_degree()),
        "fan_out": dict(graph.out_degree()),
    }
