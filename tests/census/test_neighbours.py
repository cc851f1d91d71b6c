"""Distances and clusters of masks against plain loops over sets."""

from __future__ import annotations

from itertools import combinations

import networkx as nx
import numpy as np
import pytest

from slth.census.neighbours import clusters, distances


def packed(masks: list[frozenset[int]], m: int) -> np.ndarray:
    bits = np.zeros((len(masks), m), np.uint8)
    for row, mask in zip(bits, masks, strict=True):
        row[list(mask)] = 1
    return np.packbits(bits, axis=1)


@pytest.mark.parametrize(
    ("m", "s", "count", "seed"), [(9, 4, 30, 0), (12, 3, 40, 1), (70, 3, 60, 2), (130, 2, 50, 3), (8, 0, 1, 4)]
)
def test_against_sets(m: int, s: int, count: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    masks = sorted({frozenset(random.permutation(m)[:s].tolist()) for _ in range(count)}, key=sorted)
    found, groups = distances(packed(masks, m), m), clusters(packed(masks, m), m)
    expected = np.zeros(m + 1, np.int64)
    graph = nx.Graph()
    graph.add_nodes_from(range(len(masks)))
    for (i, one), (j, other) in combinations(enumerate(masks), 2):
        expected[len(one ^ other)] += 1
        if len(one ^ other) == 2:
            graph.add_edge(i, j)
    assert found.exact
    assert found.pairs.tolist() == expected.tolist()
    components = sorted((sorted(c) for c in nx.connected_components(graph)), key=lambda c: -len(c))
    assert groups.sizes.tolist() == [len(c) for c in components]
    for component in components:
        assert len({int(groups.label[i]) for i in component}) == 1
    assert groups.connected == (len(components) <= 1)
    assert groups.isolated == sum(len(c) == 1 for c in components)


def test_all_masks_of_a_size_are_connected_and_independent() -> None:
    """The distances of all pairs follow the hypergeometric law, pairs of equal masks apart."""
    masks = packed([frozenset(c) for c in combinations(range(8), 3)], 8)
    found = distances(masks, 8)
    assert clusters(masks, 8).connected
    n = len(masks)
    assert np.allclose(found.independent * n * n, np.where(np.arange(9) == 0, n, 2 * found.pairs))
    assert found.overlap == pytest.approx(1 - found.mean / 6)


def test_drawn_pairs_agree_with_all_pairs() -> None:
    """Each share of 1,900 drawn pairs is within 5 standard errors: false alarms below 6e-6 for all nine."""
    masks = packed([frozenset(c) for c in combinations(range(9), 4)][::2], 9)
    every, drawn = distances(masks, 9), distances(masks, 9, pairs=1900, rng=1)
    assert every.exact
    assert not drawn.exact
    share = every.pairs / every.pairs.sum()
    assert (
        np.abs(drawn.pairs / drawn.pairs.sum() - share) <= 5 * np.sqrt(share * (1 - share) / drawn.pairs.sum())
    ).all()


def test_refuses_other_shapes_and_mixed_sizes() -> None:
    with pytest.raises(ValueError, match="packed rows"):
        distances(np.zeros((3, 2), np.uint8), 8)
    with pytest.raises(ValueError, match="one size"):
        clusters(packed([frozenset({1}), frozenset({1, 2})], 8), 8)
