"""The random network before it is pruned: which layers a target and a width need."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from typing import Any

import numpy as np

from slth.constructions.protocol import Construction
from slth.networks import Network, RandomSource
from slth.validation import positive_int


def source_shapes(
    target: Any, width: int | Iterable[int], construction: str | Construction = "two-layer"
) -> tuple[tuple[int, int], ...]:
    """(d_out, d_in) of the weight matrices of the random network that `slth.approximate` would prune: what `edges` has to fit.

    Where the layers feed one another, as they do for dense targets, (d_in of the first, d_out of each) are the widths of a graph in layers.

    Parameters
    ----------
    target, width, construction
        As in `slth.approximate`.

    Returns
    -------
    tuple of (int, int)
        Nothing is drawn: time and memory are those of reading the target.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described, or the construction does not take such targets.

    Examples
    --------
    An Erdos-Renyi source, edges of density 1/2, made by networkx:

    >>> import networkx as nx
    >>> import slth
    >>> from slth.constructions import source_shapes
    >>> target = slth.Network.random([4, 3, 2], rng=0)
    >>> shapes = source_shapes(target, width=40)
    >>> shapes
    ((160, 4), (3, 160), (120, 3), (2, 120))
    >>> graphs = [nx.bipartite.random_graph(d_in, d_out, 0.5, seed=i) for i, (d_out, d_in) in enumerate(shapes)]
    >>> ticket = slth.approximate(target, 40, edges=graphs, rng=0)
    >>> ticket.size < sum(d_out * d_in + d_out for d_out, d_in in shapes)
    True

    One graph in layers serves as well: nodes (layer, neuron), here with 2 random edges into each neuron.

    >>> import numpy as np
    >>> graph, rng = nx.DiGraph(), np.random.default_rng(0)
    >>> for layer, (d_out, d_in) in enumerate(shapes):
    ...     for j in range(d_out):
    ...         graph.add_edges_from(((layer, int(i)), (layer + 1, j)) for i in rng.choice(d_in, 2, replace=False))
    >>> slth.approximate(target, 40, edges=graph, rng=0).source.weights(0)
    320
    """
    from slth.constructions import get

    network, method = Network.read(target), get(construction)
    return method.random_layers(network, widths_of(width, len(network.linear)))[0]


def random_source(
    method: Construction, target: Network, widths: tuple[int, ...], law: str, seed: int, edges: Any = None
) -> RandomSource:
    """The random network of a seed that a construction prunes to a target, with the edges that are given; all of them by default.

    Raises
    ------
    ValueError, TypeError
        If the edges do not fit, or the construction does not take such targets.
    """
    return RandomSource(seed, law, *method.random_layers(target, widths), edges)


def widths_of(width: Any, depth: int) -> tuple[int, ...]:
    """One positive widening factor for each of `depth` layers."""
    single = isinstance(width, str | bytes | Mapping | Set) or (isinstance(width, np.ndarray) and width.ndim == 0)
    if isinstance(width, Iterable) and not single:
        factors = tuple(positive_int(w, f"width[{i}]") for i, w in enumerate(width))
        if len(factors) != depth:
            raise ValueError(f"width must be one int or one for each of the {depth} target layers, got {len(factors)}")
        return factors
    return (positive_int(width, "width"),) * depth
