"""The edges of a random network from a file: matrices, a list of edges, or a graph."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from slth.files import read_npz, regular_size

if TYPE_CHECKING:
    from networkx import Graph

SUFFIXES = (".npz", ".txt", ".csv", ".graphml")
_NUMBER = "(0|[1-9][0-9]{0,8})"  # written in one way only: no two names are the same node
_HEADERS = 1 << 20  # bytes of an .npz besides its numbers

Shapes = tuple[tuple[int, int], ...]


def read_edges(path: str | os.PathLike[str], shapes: Shapes) -> Any:
    """What `slth.networks.Edges.read` takes, from a file.

    Parameters
    ----------
    path : path, by its suffix
        * ``.npz``: one boolean matrix ``(d_out, d_in)`` for each layer (0 and 1 are taken as well), under names that end in a number and
          are sorted by it: what ``numpy.savez(path, *matrices)`` writes;
        * ``.txt`` or ``.csv``: an edge a line, three whole numbers from 0 with blanks or commas between them: layer, neuron below, neuron
          above (column and row of the layer's matrix). What follows a # is skipped;
        * ``.graphml``: a graph in layers, as ``networkx.write_graphml`` writes it, nodes named (layer, neuron) or with an attribute
          ``layer``; see `slth.networks.graph.edges_between`.
    shapes : ((d_out, d_in), ...)

    Raises
    ------
    ValueError
        If it is none of these, is damaged, or does not fit; the message names the path.
    OSError
        If it cannot be read.

    Notes
    -----
    Nothing is executed: no pickles, and no document types in XML, whose entities could grow without bound. Memory O(file) for lists, a
    byte a weight for matrices, and some hundred bytes for each edge of a graph.
    """
    name = Path(os.fsdecode(path))
    suffix = name.suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(f"cannot read edges from {name}: suffix {name.suffix!r} is not one of {', '.join(SUFFIXES)}")
    regular_size(name)
    if suffix == ".npz":
        # numbers of at most 8 bytes each
        most = _HEADERS + 8 * sum(d_out * d_in for d_out, d_in in shapes)
        return _in_order(read_npz(name, max_bytes=most), name)
    try:
        return _graph(name) if suffix == ".graphml" else _listed(name, shapes)
    except ValueError as error:
        raise ValueError(f"cannot read edges from {name}: {error}") from None


def _in_order(arrays: dict[str, NDArray[Any]], name: Path) -> list[NDArray[Any]]:
    numbers = {key: re.search(r"[0-9]{1,9}\Z", key) for key in arrays}
    places = {int(found[0]): key for key, found in numbers.items() if found}
    if len(places) != len(arrays):
        raise ValueError(
            f"cannot read edges from {name}: its matrices must have names that end in different numbers, such as arr_0 and arr_1, got "
            f"{', '.join(arrays)}"
        )
    return [arrays[places[number]] for number in sorted(places)]


def _listed(name: Path, shapes: Shapes) -> list[NDArray[np.bool_]]:
    there = [np.zeros(shape, np.bool_) for shape in shapes]
    with open(name, encoding="utf-8-sig") as lines:  # some programs put a mark in front
        for number, line in enumerate(lines, start=1):
            words = line.partition("#")[0].replace(",", " ").split()
            if not words:
                continue
            if len(words) != 3 or not all(word.isascii() and word.isdigit() and len(word) < 19 for word in words):
                raise ValueError(
                    f"line {number} must hold three whole numbers, layer, neuron below and neuron above, got {line.strip()[:80]!r}"
                )
            layer, i, j = map(int, words)
            if layer >= len(shapes) or j >= shapes[layer][0] or i >= shapes[layer][1]:
                raise ValueError(
                    f"line {number}: there is no edge from neuron {i} to neuron {j} in layer {layer}; the layers have the shapes (neurons "
                    f"above, neurons below) {shapes}"
                )
            there[layer][j, i] = True
    return there


def _graph(name: Path) -> Graph:
    from xml.etree.ElementTree import ParseError
    from xml.parsers.expat import ExpatError

    from networkx import NetworkXError, read_graphml, relabel_nodes

    try:
        with open(name, "rb") as file:
            _check_plain(file)
            file.seek(0)
            graph = read_graphml(file)
    except (ExpatError, ParseError, NetworkXError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"it is no GraphML file ({type(error).__name__}: {error})") from None
    # names (layer, neuron) are written as text
    read = {node: re.fullmatch(rf"\({_NUMBER}, {_NUMBER}\)", str(node)) for node in graph}
    if all(read.values()):
        return relabel_nodes(graph, {node: (int(found[1]), int(found[2])) for node, found in read.items() if found})
    return graph


def _check_plain(file: IO[bytes]) -> None:
    """Refuse document types: entities in them can stand for far more text than the file has."""
    from xml.parsers.expat import ParserCreate

    def refuse(*_: Any) -> NoReturn:
        raise ValueError(
            "it declares a document type, which graphs do not need; write it again with networkx.write_graphml"
        )

    parser = ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.ParseFile(file)
