"""Edges from files: each format gives the matrices that were written, and what nobody should trust is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest

import slth
from slth.networks import Edges

SHAPES = ((4, 3), (2, 4))
MATRICES = [np.random.default_rng(i).random(shape) < 0.6 for i, shape in enumerate(SHAPES)]
WIDE = ((12, 3), (2, 6))  # layers that do not feed one another


def in_layers(names: bool) -> nx.DiGraph:
    graph = nx.DiGraph()
    for layer, neurons in enumerate((3, 4, 2)):
        graph.add_nodes_from(((layer, i) for i in range(neurons)), layer=layer)
    for layer, matrix in enumerate(MATRICES):
        graph.add_edges_from(((layer, int(i)), (layer + 1, int(j))) for j, i in np.argwhere(matrix))
    if names:
        return nx.relabel_nodes(graph, {node: f"neuron {node[0]}-{node[1]}" for node in graph})
    for node in graph:
        del graph.nodes[node]["layer"]
    return graph


def written(folder: Path, suffix: str, names: bool = False) -> Path:
    path = folder / f"edges{suffix}"
    if suffix == ".npz":
        np.savez_compressed(path, *MATRICES)
    elif suffix == ".graphml":
        nx.write_graphml(in_layers(names), path)
    else:
        comma = ", " if suffix == ".csv" else " "
        rows = [(layer, i, j) for layer, matrix in enumerate(MATRICES) for j, i in np.argwhere(matrix)]
        path.write_text("# layer below above\n\n" + "".join(f"{comma.join(map(str, row))}  # one\n" for row in rows))
    return path


@pytest.mark.parametrize(
    ("suffix", "names"), [(".npz", False), (".txt", False), (".csv", False), (".graphml", False), (".graphml", True)]
)
def test_there_and_back(suffix: str, names: bool, tmp_path: Path) -> None:
    path = written(tmp_path, suffix, names)
    for given in (path, str(path)):
        assert Edges.read(given, SHAPES) == Edges.read(MATRICES, SHAPES)


def test_an_undirected_graph(tmp_path: Path) -> None:
    nx.write_graphml(in_layers(True).to_undirected(), tmp_path / "g.graphml")
    assert Edges.read(tmp_path / "g.graphml", SHAPES) == Edges.read(MATRICES, SHAPES)


def test_matrices_come_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    shapes = tuple((1, i + 1) for i in range(11))
    given = {f"layer_{i}": np.arange(i + 1)[None] % 2 == 0 for i in reversed(range(11))}
    np.savez(tmp_path / "e.npz", **given)  # type: ignore[arg-type]
    assert Edges.read(tmp_path / "e.npz", shapes) == Edges.read([given[f"layer_{i}"] for i in range(11)], shapes)


def test_lists_describe_layers_that_do_not_feed_one_another(tmp_path: Path) -> None:
    (tmp_path / "e.txt").write_text("0 2 11\n1 5 1\n1 5 1\n")
    edges = Edges.read(tmp_path / "e.txt", WIDE)
    assert edges.counts == (1, 1)
    assert edges.rows(0, 11, 12)[0].tolist() == [False, False, True]
    with pytest.raises(ValueError, match="do not feed one another"):
        Edges.read(written(tmp_path, ".graphml"), WIDE)


BOMB = b"""<?xml version="1.0"?>
<!DOCTYPE graphml [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<graphml><graph edgedefault="directed"><node id="&b;"/></graph></graphml>"""


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("e.npz", b"PK", "e.npz as an .npz of plain arrays"),
        ("e.graphml", BOMB, "document type"),
        ("e.graphml", BOMB.decode().replace('"1.0"', '"1.0" encoding="utf-16"', 1).encode("utf-16"), "document type"),
        ("e.graphml", b"<graphml><graph>", "no GraphML file"),
        ("e.graphml", b"", "no GraphML file"),
        ("e.graphml", b"\x80abc", "no GraphML file"),
        ("e.graphml", b"<html/>", "e.graphml"),
        ("e.txt", b"0 1\n", r"line 1 must hold three whole numbers, .*, got '0 1'"),
        ("e.txt", b"\n0 1 -1", "line 2 must hold"),
        ("e.csv", b"0,1,0.5", "line 1 must hold"),
        ("e.csv", b"0,1," + b"9" * 30, "line 1 must hold"),
        ("e.txt", b"0 3 0", "line 1: there is no edge from neuron 3 to neuron 0 in layer 0"),
        ("e.txt", b"2 0 0", "in layer 2; the layers have the shapes"),
        ("e.txt", b"\xff\xfe0 0 0", "e.txt: .*decode"),
        ("e.txt", b"", "without any edge"),
        ("e.pkl", b"0 0 0", "suffix '.pkl' is not one of"),
    ],
)  # fmt: skip
def test_what_is_refused(name: str, content: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=words):
        Edges.read(tmp_path / name, SHAPES)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"a": MATRICES[0], "b": MATRICES[1]}, "names that end in different numbers"),
        ({"a1": MATRICES[0], "b1": MATRICES[1]}, "names that end in different numbers"),
        ({"a1": MATRICES[0]}, "one entry for each of the 2 random layers"),
        ({"a1": MATRICES[1], "a2": MATRICES[0]}, r"edges of layer 0 must have shape \(d_out, d_in\) = \(4, 3\)"),
        ({"a1": MATRICES[0], "a2": np.ones((2000, 2000), bool)}, "more than max_bytes"),
        ({"a1": MATRICES[0] * 0.5, "a2": MATRICES[1]}, "must be booleans"),
    ],
)
def test_wrong_matrices(arrays: dict[str, Any], words: str, tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "e.npz", **arrays)
    with pytest.raises(ValueError, match=words):
        Edges.read(tmp_path / "e.npz", SHAPES)


def test_pickles_are_not_read(tmp_path: Path) -> None:
    np.savez(tmp_path / "e.npz", arr_0=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match="not plain numbers"):
        Edges.read(tmp_path / "e.npz", SHAPES)


def test_a_mark_in_front_of_a_list(tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text("0,2,1\n", encoding="utf-8-sig")
    assert Edges.read(tmp_path / "e.csv", SHAPES).total == 1


def test_graphs_that_do_not_fit_are_bad_files(tmp_path: Path) -> None:
    twice = nx.MultiDiGraph([((0, 0), (1, 0)), ((0, 0), (1, 0))])
    nx.write_graphml(twice, tmp_path / "twice.graphml")
    with pytest.raises(ValueError, match=r"twice\.graphml: .* without parallel edges"):
        Edges.read(tmp_path / "twice.graphml", SHAPES)
    nx.write_graphml(nx.DiGraph([("(0, 0)", "(1, 0)"), ("(0, 00)", "(1, 1)")]), tmp_path / "same.graphml")
    with pytest.raises(ValueError, match=r"same\.graphml: node '\(0, 0\)' must be"):
        Edges.read(tmp_path / "same.graphml", SHAPES)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Edges.read(tmp_path / "e.txt", SHAPES)
    (tmp_path / "d.txt").mkdir()
    with pytest.raises(IsADirectoryError):
        Edges.read(tmp_path / "d.txt", SHAPES)


def test_a_ticket_from_a_file(tmp_path: Path) -> None:
    target = slth.Network.random([3, 2], rng=0)
    shapes = slth.source_shapes(target, 20)
    matrices = [np.random.default_rng(i).random(shape) < 0.7 for i, shape in enumerate(shapes)]
    np.savez(tmp_path / "e.npz", *matrices)
    found, wanted = (slth.approximate(target, 20, edges=edges, rng=0) for edges in (tmp_path / "e.npz", matrices))
    assert found.source == wanted.source
    assert found.certificate == wanted.certificate
