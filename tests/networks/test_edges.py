"""`Edges`: read from graphs and matrices alike, and a random network that has no others."""

from __future__ import annotations

import pickle
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import sparse

from slth.networks import Edges, RandomSource

FIXED = settings(database=None, deadline=None, derandomize=True, max_examples=30)
SHAPES = ((9, 3), (2, 9), (4, 2))
DENSE = RandomSource(3, "uniform", SHAPES)


def drawn(seed: int, share: float = 0.5, shapes: Any = SHAPES) -> list[NDArray[np.bool_]]:
    rng = np.random.default_rng(seed)
    return [rng.random(shape) < share for shape in shapes]


def layered(matrices: list[NDArray[np.bool_]], kind: Any = nx.DiGraph) -> Any:
    """The graph of the matrices, nodes (layer, neuron), isolated ones included."""
    graph = kind()
    graph.add_nodes_from((0, i) for i in range(matrices[0].shape[1]))
    for layer, matrix in enumerate(matrices):
        graph.add_nodes_from((layer + 1, j) for j in range(len(matrix)))
        graph.add_edges_from(((layer, int(i)), (layer + 1, int(j))) for j, i in np.argwhere(matrix))
    return graph


def bipartite(matrix: NDArray[np.bool_], kind: Any = nx.Graph) -> Any:
    graph = kind()
    graph.add_nodes_from((("in", i) for i in range(matrix.shape[1])), bipartite=0)
    graph.add_nodes_from((("out", j) for j in range(len(matrix))), bipartite=1)
    graph.add_edges_from((("in", int(i)), ("out", int(j))) for j, i in np.argwhere(matrix))
    return graph


@FIXED
@given(st.integers(0, 10**6))
def test_every_way_to_say_it_is_the_same(seed: int) -> None:
    matrices = drawn(seed)
    plain = Edges.read(matrices, SHAPES)
    named = nx.relabel_nodes(layered(matrices), lambda node: f"neuron {node}")
    for node in layered(matrices):
        named.nodes[f"neuron {node}"]["layer"] = node[0]
    ways = [
        [matrix.tolist() for matrix in matrices],
        [matrix.astype(np.int8) for matrix in matrices],
        [sparse.csr_array(matrix) for matrix in matrices],
        [sparse.coo_matrix(matrix.astype(float)) for matrix in matrices],
        [bipartite(matrix) for matrix in matrices],
        [bipartite(matrix, nx.DiGraph) for matrix in matrices],
        [matrices[0], sparse.csc_array(matrices[1]), bipartite(matrices[2])],
        layered(matrices),
        layered(matrices, nx.Graph),
        named,
        plain,
    ]
    for way in ways:
        read = Edges.read(way, SHAPES)
        assert read == plain
        assert hash(read) == hash(plain)
        assert read.digest == plain.digest
    assert plain.counts == tuple(int(matrix.sum()) for matrix in matrices)
    for layer, matrix in enumerate(matrices):
        np.testing.assert_array_equal(plain.rows(layer, 0, len(matrix)), matrix)
        np.testing.assert_array_equal(plain.rows(layer, 1, 2), matrix[1:2])
        assert plain.contain(layer, np.packbits(matrix, axis=1))
        assert matrix.all() or not plain.contain(layer, np.packbits(np.ones_like(matrix), axis=1))


def test_isolated_neurons_need_not_be_nodes_of_a_graph() -> None:
    matrices = drawn(0)
    graph = layered(matrices)
    matrices[0][4] = False
    matrices[1][:, 4] = False
    graph.remove_node((1, 4))
    assert Edges.read(graph, SHAPES) == Edges.read(matrices, SHAPES)


def test_edges_are_immutable_and_their_own() -> None:
    matrices = drawn(1)
    edges = Edges.read(matrices, SHAPES)
    before = edges.digest
    matrices[0][:] = False
    with pytest.raises(ValueError, match="read-only"):
        edges.packed[0][0] = 0
    assert Edges.read(edges, SHAPES).digest == before
    again = pickle.loads(pickle.dumps(edges))
    assert again == edges
    assert edges != Edges.read(drawn(2), SHAPES)
    assert edges != "edges"
    assert repr(edges).startswith(f"Edges({edges.total} of 53, sha256 ")


# --- a random network with missing edges -----------------------------------------------------------------------------


def test_existing_weights_are_those_of_the_dense_source() -> None:
    matrices = drawn(3)
    source = RandomSource(3, "uniform", SHAPES, edges=matrices)
    for layer, matrix in enumerate(matrices):
        weight = source.weight(layer)
        np.testing.assert_array_equal(weight, np.where(matrix, DENSE.weight(layer), 0.0))
        assert not np.signbit(weight[~matrix]).any()
        np.testing.assert_array_equal(source.weight_rows(layer, 1, 2), weight[1:2])
        assert source.weights(layer) == matrix.sum()
        assert source.share(layer) == matrix.mean()
        bias, dense = source.bias_vector(layer), DENSE.bias_vector(layer)
        assert bias is not None
        np.testing.assert_array_equal(bias, dense)
    assert source.size == sum(int(matrix.sum()) for matrix in matrices) + 15
    assert RandomSource(3, "sparse(0.25)", SHAPES).share(0) == 0.25
    assert DENSE.share(0) == 1


def test_rows_beyond_one_block_of_random_numbers() -> None:
    matrices = drawn(4, shapes=((300, 1000),))
    source = RandomSource(5, "normal", ((300, 1000),), edges=matrices)
    dense = RandomSource(5, "normal", ((300, 1000),))
    np.testing.assert_array_equal(source.weight_rows(0, 50, 200), np.where(matrices[0], dense.weight(0), 0.0)[50:200])


def test_all_edges_are_no_edges_to_speak_of() -> None:
    full = RandomSource(3, "uniform", SHAPES, edges=[None] * 3)
    assert full.edges is None
    assert full == DENSE
    assert hash(full) == hash(DENSE)
    assert repr(full) == repr(DENSE)
    assert "edges" not in repr(DENSE)
    sources = {RandomSource(3, "uniform", SHAPES, edges=drawn(seed)) for seed in (1, 2, 1)}
    assert len(sources) == 2
    assert DENSE not in sources
    assert "edges=Edges(" in repr(sources.pop())


# --- misuse -----------------------------------------------------------------------------------------------------------


def broken(change: Any) -> Any:
    graph = layered(drawn(5))
    change(graph)
    return graph


@pytest.mark.parametrize(
    ("graph", "words"),
    [
        (broken(lambda g: g.add_node((1, 9))), r"node \(1, 9\) lies beyond layer 1, which has the neurons 0 to 8"),
        (broken(lambda g: g.add_node((1, -1))), r"node \(1, -1\) lies beyond layer 1"),
        (broken(lambda g: g.add_edge((0, 0), (2, 0))), r"edge \(0, 0\) -> \(2, 0\) goes from layer 0 to layer 2"),
        (broken(lambda g: g.add_edge((1, 0), (0, 0))), r"edge \(1, 0\) -> \(0, 0\) goes from layer 1 to layer 0"),
        (broken(lambda g: g.add_edge((1, 0), (1, 1))), r"edge \(1, 0\) -> \(1, 1\) goes from layer 1 to layer 1"),
        (broken(lambda g: g.add_node((4, 0))), r"layers \[0, 1, 2, 3, 4\], the random network has the layers 0 to 3"),
        (broken(lambda g: g.remove_nodes_from([(3, j) for j in range(4)])), r"layers \[0, 1, 2\].*3-9-2-4 neurons"),
        (broken(lambda g: g.add_node("mine")), "node 'mine' must be .layer, neuron., or have the attribute layer"),
        (nx.MultiDiGraph(broken(lambda g: None)), "without parallel edges, got MultiDiGraph; networkx.Graph"),
        (nx.DiGraph(), r"layers \[\]"),
    ],
)
def test_wrong_graphs(graph: Any, words: str) -> None:
    with pytest.raises((ValueError, TypeError), match=words):
        Edges.read(graph, SHAPES)


def test_other_names_have_to_be_complete() -> None:
    graph = nx.Graph()
    graph.add_nodes_from("abc", layer=0)
    graph.add_nodes_from("xy", layer=1)
    graph.add_edges_from(["ax", "cy"])
    np.testing.assert_array_equal(
        Edges.read(graph, ((2, 3),)).rows(0, 0, 2), [[True, False, False], [False, False, True]]
    )
    with pytest.raises(ValueError, match=r"layer 1 of the graph has 2 nodes, of the random network 3"):
        Edges.read(graph, ((3, 3),))


def test_graphs_need_layers_that_feed_one_another() -> None:
    with pytest.raises(ValueError, match="do not feed one another, so that no graph in layers"):
        Edges.read(layered(drawn(0)), ((9, 3), (9, 3)))


def graph_without(attribute: str) -> Any:
    graph = bipartite(np.ones((2, 3), np.bool_))
    del graph.nodes[("in", 0)][attribute]
    return graph


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (5, "edges must be a networkx graph, or a sequence"),
        ("all", "cannot read edges from all: suffix '' is not one of .npz, .txt, .csv, .graphml"),
        (nx.DiGraph, "edges must be a networkx graph, .* got type"),
        ([nx.DiGraph], "edges of layer 0 must have shape"),
        ([np.ones((2, 3)), None], "one entry for each of the 1 random layers.*got 2; slth.source_shapes"),
        ([np.ones((3, 2))], r"edges of layer 0 must have shape \(d_out, d_in\) = \(2, 3\), got \(3, 2\) .*transpose"),
        ([sparse.csr_array(np.ones((2, 2)))], r"must have shape .* got \(2, 2\)"),
        ([np.full((2, 3), 0.5)], "must be booleans .or 0 and 1., got other numbers; write matrix != 0"),
        ([sparse.csr_array(np.full((2, 3), 2))], "got other numbers"),
        ([np.full((2, 3), np.nan)], "got other numbers"),
        ([np.full((2, 3), "x")], "must be booleans, got dtype"),
        ([[[1, 0], [1]]], "must be a boolean matrix"),
        ([np.zeros((2, 3))], "without any edge"),
        ([graph_without("bipartite")], "node .*'in', 0.* must have the attribute bipartite, .* got None"),
        ([bipartite(np.ones((3, 2), np.bool_))], "has 2 inputs and 3 outputs, the layer 3 and 2"),
        ([bipartite(np.ones((2, 3), np.bool_), nx.MultiGraph)], "without parallel edges"),
        ([nx.path_graph(2)], "node 0 of the graph for layer 0 must have the attribute bipartite"),
    ],
)
def test_wrong_edges(value: Any, words: str) -> None:
    with pytest.raises((ValueError, TypeError), match=words):
        Edges.read(value, ((2, 3),))


def test_wrong_crossings() -> None:
    graph = bipartite(np.ones((2, 3), np.bool_), nx.DiGraph)
    graph.add_edge(("out", 0), ("in", 1))
    with pytest.raises(ValueError, match="does not lead from an input to an output"):
        Edges.read([graph], ((2, 3),))
    with pytest.raises(ValueError, match="do not fit layers of shapes"):
        Edges.read(Edges.read([None], ((2, 3),)), ((3, 2),))


@pytest.mark.parametrize(
    "packed", [(), (np.zeros((2, 1), np.int8),), (np.zeros((3, 1), np.uint8),), (np.full((2, 1), 255, np.uint8),)]
)
def test_wrong_bits(packed: Any) -> None:
    with pytest.raises(ValueError, match="edge"):
        Edges(((2, 3),), packed)
