"""Tickets in random networks whose edges are given: nothing else changes, and nothing that is missing is kept."""

from __future__ import annotations

import doctest
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest
from numpy.typing import NDArray

import slth
from slth import bounds
from slth.constructions import source_shapes, sources
from slth.constructions.two_layer.deal import Deal, enough
from slth.networks import Attention, Conv2d, Network, RandomSource

Matrices = list[NDArray[np.bool_]]
TARGET = Network.random([5, 4, 3], rng=0)
GRID = Network.read([(np.array([[1.0, -2.0], [0.0, 1.0]]), None)])
WIDTHS: dict[str, Any] = {
    "two-layer": 24,
    "fixed-size(3)": 60,
    "n-of-m(1, 3)": 60,
    "best-product": 200,
    "malach": 200,
    "orseau": 100,
    "partly-frozen(0.2)": 30,
    "one-extra-layer": (30, 12),
    "perturbable(0.05)": 24,
    "structured": 24,
}


def erdos_renyi(shapes: Any, p: float, seed: int = 0) -> Matrices:
    rng = np.random.default_rng(seed)
    return [rng.random(shape) < p for shape in shapes]


def missing_is_pruned(ticket: slth.Ticket, matrices: Matrices) -> None:
    for layer, matrix in enumerate(matrices):
        mask = ticket.weight_mask(layer)
        assert mask.any()
        assert not (mask & ~matrix).any()
        np.testing.assert_array_equal(ticket.source.weight(layer) != 0, matrix)
    assert ticket.size == sum(int(m.sum()) for m in matrices) + sum(map(ticket.source.biases, range(len(matrices))))
    assert ticket.density == ticket.kept / ticket.size


@pytest.mark.parametrize("name", WIDTHS)
def test_every_construction_keeps_edges_that_exist(name: str) -> None:
    shapes = source_shapes(TARGET, WIDTHS[name], name)
    matrices = erdos_renyi(shapes, 0.5)
    ticket = slth.approximate(TARGET, WIDTHS[name], construction=name, edges=matrices, rng=1)
    assert ticket.construction == name
    assert ticket.source.shapes == shapes
    missing_is_pruned(ticket, matrices)
    x = np.random.default_rng(2).uniform(-1, 1, (300, 5))
    assert ticket.error(x) <= ticket.error_bound
    assert ticket.verify(TARGET).certificate == ticket.certificate


@pytest.mark.parametrize("name", WIDTHS)
def test_all_edges_give_the_ticket_without(name: str, tmp_path: Path) -> None:
    files = []
    for edges in (None, [np.ones(shape) for shape in source_shapes(TARGET, WIDTHS[name], name)]):
        ticket = slth.approximate(TARGET, WIDTHS[name], construction=name, edges=edges, rng=1)
        files.append(tmp_path / f"{edges is None}.npz")
        ticket.save(files[-1])
    assert files[0].read_bytes() == files[1].read_bytes()


def test_a_full_graph_gives_the_ticket_without() -> None:
    shapes = source_shapes(TARGET, 10)
    graph = nx.complete_multipartite_graph(5, 50, 4, 40, 3)
    for i, node in enumerate(graph):
        graph.nodes[node]["layer"] = graph.nodes[node].pop("subset")
        assert node == i
    graph.remove_edges_from([(a, b) for a, b in graph.edges if graph.nodes[b]["layer"] != graph.nodes[a]["layer"] + 1])
    found, plain = (slth.approximate(TARGET, 10, edges=edges, rng=4) for edges in (graph, None))
    assert found.source == plain.source
    assert shapes == plain.source.shapes
    assert [m.tobytes() for m in found.masks.weights] == [m.tobytes() for m in plain.masks.weights]
    assert found.certificate == plain.certificate


def test_exact_in_a_sparse_source() -> None:
    shapes = source_shapes(GRID, 60, "quantized(1.0)")
    matrices = erdos_renyi(shapes, 0.4)
    ticket = slth.approximate(GRID, 60, construction="quantized(1.0)", edges=matrices, rng=0)
    assert ticket.weight_error == 0
    missing_is_pruned(ticket, matrices)
    matrices[1][0] = False  # row 0 has no candidates
    with pytest.raises(ValueError, match="exact or nothing"):
        slth.approximate(GRID, 60, construction="quantized(1.0)", edges=matrices, rng=0)


def test_convolution_and_attention() -> None:
    rng = np.random.default_rng(0)
    image = Network(
        (Conv2d(rng.uniform(-1, 1, (2, 2, 3, 3)), rng.uniform(-1, 1, 2), "relu", padding=(1, 1)),), (2, 4, 4)
    )
    square = [rng.uniform(-0.5, 0.5, (4, 4)) for _ in range(4)]
    sequence = Network((Attention(*square, heads=2),), (3, 4))
    for target in (image, sequence):
        matrices = erdos_renyi(source_shapes(target, 64), 0.6)
        ticket = slth.approximate(target, 64, edges=matrices, rng=0)
        missing_is_pruned(ticket, matrices)
        x = rng.uniform(-1, 1, (20, *(d or 3 for d in target.shapes[0])))
        assert ticket.error(x) <= ticket.error_bound
        assert ticket.weight_error < 0.05


def test_graphs_of_networkx() -> None:
    """d-regular, small world and Erdos-Renyi layers, as users make them."""
    target = Network.random([4, 4], rng=1)
    shapes = source_shapes(target, 32)  # (128, 4), (4, 128)
    regular = nx.bipartite.configuration_model([2] * 128, [64] * 4, seed=0)
    world = nx.Graph()
    world.add_nodes_from(range(128), bipartite=0)
    world.add_nodes_from(range(128, 132), bipartite=1)
    ring = nx.watts_strogatz_graph(132, 60, 0.5, seed=0)
    world.add_edges_from((a, b) for a, b in ring.edges if (a < 128) != (b < 128))
    first = nx.bipartite.random_graph(4, 128, 0.5, seed=0)
    second = nx.Graph(regular)
    ticket = slth.approximate(target, 32, edges=[first, second], rng=0)
    assert ticket.source.weights(1) == second.number_of_edges()
    other = slth.approximate(target, 32, edges=[first, world], rng=0)
    assert other.source != ticket.source
    assert shapes == ticket.source.shapes


def test_several_targets_in_one_sparse_source() -> None:
    others = [TARGET, Network.random([5, 4, 3], rng=1)]
    matrices = erdos_renyi(source_shapes(TARGET, 40), 0.6)
    shared = slth.approximate_all(others, 40, epsilon=1.0, edges=matrices, rng=0)
    for ticket in shared:
        missing_is_pruned(ticket, matrices)
        assert ticket.error_bound <= 1
    assert shared.size == shared.tickets[0].size
    assert shared.kept < shared.separate
    assert f"edges given: {shared.source.edges!r}" in shared.summary()


def test_examples() -> None:
    tried = doctest.testmod(sources)
    assert tried.attempted > 10
    assert not tried.failed


# --- what theory says of density p ------------------------------------------------------------------------------------


def candidates(width: int, p: float, seed: int) -> NDArray[np.int64]:
    """How many candidates each of 8 * 20 weights has (positive half) where the second layer has density p."""
    shapes = ((8 * width, 8), (20, 8 * width))
    source = RandomSource(seed, "uniform", shapes, False, [None, *erdos_renyi(shapes[1:], p, seed)])
    deal = Deal.of(source, 0, width, np.ones(8, np.bool_), np.zeros(8, np.bool_), False, 10**6)
    there = (source.weight(1) != 0)[:, np.maximum(deal.neurons, 0)] & (deal.gains > 0)
    return np.asarray(there.sum(axis=2))


@pytest.mark.parametrize("p", [0.2, 0.5, 0.8])
def test_as_many_neurons_as_the_binomial_bound_asks_for(p: float) -> None:
    """`er_samples` neurons a half, one failure in 1,000 for each weight and 160 weights: 8 sources of 160 weights hold about 1 failure.

    More than 8 of 1,280 would have probability 1e-6. Negative control: 1 / p times the candidates leaves about half of the weights short.
    """
    wanted = 12
    wide = 2 * int(bounds.er_samples(wanted, p, 1e-3))
    assert sum((candidates(wide, p, seed) < wanted).sum() for seed in range(8)) <= 8
    assert (candidates(2 * round(wanted / p), p, 0) < wanted).mean() > 0.2


def test_gadhikars_factor_is_one_edge_for_everyone() -> None:
    """1 / ln(1 / (1 - p)) times ln(1 / delta') neurons: a weight without any candidate has probability delta'."""
    for p in (0.1, 0.3, 0.6):
        group = int(bounds.er_width(1, p, 1e-4))
        assert group == int(np.ceil(bounds.er_width_factor(p) * np.log(1e4)))
        counts = np.concatenate([candidates(2 * group, p, seed).ravel() for seed in range(5)])
        assert (counts == 0).sum() <= 4  # of 800, at 0.08 expected: 1e-6
        few = np.concatenate([candidates(2 * (group // 4), p, seed).ravel() for seed in range(5)])
        assert (few == 0).mean() > 0.03  # at delta'^(1/4) = 0.1, or a little less


def test_more_neurons_serve_where_fewer_edges_are() -> None:
    source = RandomSource(0, "uniform", ((80, 2), (5, 80)), edges=[None, erdos_renyi(((5, 80),), 0.25)[0]])
    assert enough(source, 0, 44) == 44
    assert enough(source, 1, 44) == int(np.ceil(44 / source.share(1)))
    assert enough(RandomSource(0, "sparse(0.5)", ((80, 2),)), 0, 44) == 88


def test_width_makes_up_for_few_edges() -> None:
    """Density 1/8 leaves 44 neurons 5 or 6 candidates; a wide source gives each weight as many as a dense one has."""
    target = Network.read([(np.random.default_rng(0).uniform(-1, 1, (3, 4)), None)])
    found = []
    for width in (80, 480):
        matrices = [None, *erdos_renyi(source_shapes(target, width)[1:], 1 / 8)]
        found.append(slth.approximate(target, width, edges=matrices, rng=0).weight_error)
    assert found[1] < 2e-3 < 2e-2 < found[0]


def test_more_copies_make_up_for_few_edges() -> None:
    """Of depth L + 1: copies that have an edge are candidates, wherever they stand."""
    target = Network.read([(np.random.default_rng(i).uniform(-1, 1, (3, 3)), None) for i in range(2)])
    found = []
    for copies in (43, 160):
        shapes = source_shapes(target, (30, copies), "one-extra-layer")
        matrices = [None, None, erdos_renyi(shapes[2:], 0.2)[0]]
        ticket = slth.approximate(target, (30, copies), construction="one-extra-layer", edges=matrices, rng=0)
        found.append(ticket.certificate.layer_weight_errors[1])
    assert found[1] < 0.01 * found[0]


# --- messages ---------------------------------------------------------------------------------------------------------


def test_too_few_candidates_say_how_many() -> None:
    matrices = [np.ones(shape, np.bool_) for shape in source_shapes(TARGET, 24)]
    matrices[1][2, 3:] = False
    with pytest.raises(ValueError, match=r"a weight has 0 candidates, fewer than k = 3; .*a source with more edges"):
        slth.approximate(TARGET, 24, construction="fixed-size(3)", edges=matrices, rng=0)
    with pytest.raises(ValueError, match=r"a weight has 0 candidates, fewer than b = 3"):
        slth.approximate(TARGET, 24, construction="n-of-m(1, 3)", edges=matrices, rng=0)
    with pytest.raises(
        slth.EpsilonError, match=r"layer 0, (weight \(2, |bias 2).* with \d candidates.*is not predicted"
    ) as caught:
        slth.approximate(TARGET, 24, epsilon=0.1, edges=matrices, rng=0)
    assert caught.value.width is None


def test_no_theorem_for_other_sources() -> None:
    target = Network.read([(np.eye(2), None)])
    edges = erdos_renyi(source_shapes(target, 20), 0.9)
    assert np.isnan(slth.approximate(target, 20, edges=edges, rng=0).theorem_bound())
    assert not np.isnan(slth.approximate(target, 20, rng=0).theorem_bound())


def test_misuse() -> None:
    with pytest.raises(ValueError, match=r"one entry for each of the 4 random layers"):
        slth.approximate(TARGET, 5, edges=[None])
    with pytest.raises(ValueError, match="width must be one int or one for each of the 2"):
        source_shapes(TARGET, (1, 2, 3))

    class Unfinished:
        name, law = "unfinished", "uniform"

        def plan(self) -> None: ...

    with pytest.raises(TypeError, match="construction must be a name such as 'two-layer'"):
        source_shapes(TARGET, 5, Unfinished())  # type: ignore[arg-type]


# --- files ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[slth.Ticket, Path]:
    matrices = erdos_renyi(source_shapes(TARGET, 12), 0.7)
    ticket = slth.approximate(TARGET, 12, edges=matrices, rng=3)
    path = tmp_path_factory.mktemp("edges") / "ticket.npz"
    ticket.save(path)
    return ticket, path


def test_there_and_back(saved: tuple[slth.Ticket, Path]) -> None:
    ticket, path = saved
    loaded = slth.load(path)
    assert loaded.source == ticket.source
    assert loaded.source.edges == ticket.source.edges
    assert (loaded.size, loaded.kept) == (ticket.size, ticket.kept)
    assert loaded.verify(TARGET).certificate == ticket.certificate
    x = np.random.default_rng(0).uniform(-1, 1, (50, 5))
    np.testing.assert_array_equal(loaded(x), ticket(x))


def _set(name: str, value: Any) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    return lambda header, arrays: arrays.__setitem__(name, value)


def _keep_missing(header: dict[str, Any], arrays: dict[str, Any]) -> None:
    absent = ~arrays["edges_1"]
    row, byte = np.argwhere(absent[:, :-1])[0]
    arrays["weights_1"][row, byte] |= absent[row, byte]


def _stray(header: dict[str, Any], arrays: dict[str, Any]) -> None:
    arrays["edges_0"][:, -1] |= 1


def _none(header: dict[str, Any], arrays: dict[str, Any]) -> None:
    for layer in range(4):
        arrays[f"edges_{layer}"][:] = 0


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (
            _set("edges_1", np.zeros((3, 8), np.uint8)),
            r"edges_1 must be uint8 of shape \(4, 8\), it is uint8 of shape \(3, 8\)",
        ),
        (_set("edges_0", np.zeros((60, 1), np.int64)), "edges_0 must be uint8"),
        (_set("edges_2", np.zeros(0, np.uint8)), "edges_2 must be uint8 of shape"),
        (lambda header, arrays: arrays.pop("edges_3"), "it lacks the mask edges_3"),
        (_stray, "edges_0 has bits beyond its 5 columns"),
        (_none, "without any edge"),
        (_set("edges_1", np.full((4, 8), 0xFF, np.uint8)), "edges_1 has bits beyond|not those that its header tells"),
        (lambda header, arrays: header.update(edges=None), "not those that its header tells"),
        (lambda header, arrays: header.update(edges=["x"] * 3), "not those that its header tells"),
        (
            lambda header, arrays: header.update(shapes=[[2**40, 5], [4, 2**40], [48, 4], [3, 48]]),
            "edges_0 must be uint8",
        ),
        (_keep_missing, "it keeps weights of layer 1 that its random network does not have"),
    ],
)
def test_hostile_files(saved: tuple[slth.Ticket, Path], edit: Any, words: str, tmp_path: Path) -> None:
    with np.load(saved[1]) as stored:
        arrays = {name: stored[name].copy() for name in stored.files}
    header = json.loads(arrays.pop("header").tobytes())
    edit(header, arrays)
    del header["checksum"]
    sha = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
    for name in sorted(arrays):
        sha.update(f"{name} {arrays[name].dtype} {arrays[name].shape}".encode() + arrays[name].tobytes())
    header["checksum"] = sha.hexdigest()
    path = tmp_path / "hostile.npz"
    np.savez_compressed(path, header=np.frombuffer(json.dumps(header).encode(), np.uint8), **arrays)
    with pytest.raises(ValueError, match=words):
        slth.load(path)
