"""What of a pruned network does anything: dead neurons, live paths, and the density that is left without dead ends.

All of it follows from which weights are zero, whatever the others are. Weights may still cancel and a ReLU may never be positive, so that
what is called dead surely is, and what is called live may do nothing all the same.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from slth.networks.level import Bools, Degrees, Level, Objects
from slth.networks.network import Network
from slth.networks.wiring import Nodes, wiring

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    Kept = list[list[csr_array[np.int64]]]  # of each level, one for each of its connections


_HEAD = (
    "level",
    "neurons",
    "live",
    "constant",
    "dead ends",
    "silent",
    "weights",
    "kept",
    "on a path",
    "fan-in least/mean/most",
    "fan-out",
)


@dataclass(frozen=True, eq=False, repr=False)
class Anatomy:
    """What of a network does anything; made by `Network.anatomy`.

    Attributes
    ----------
    levels : tuple of Level
        The inputs, then the neurons of each linear layer and each residual block, in the order of evaluation; the last are the outputs.
    paths : int
        Paths of kept weights from an input to an output, exactly. Two channels with several kept weights between them are joined once.
    """

    levels: tuple[Level, ...]
    paths: int

    @property
    def dead(self) -> int:
        """Dead neurons, inputs and outputs not counted."""
        return sum(int(level.dead.sum()) for level in self.levels[1:-1])

    @property
    def size(self) -> int:
        """Weights and biases, pruned ones included."""
        return sum(level.weights + level.biases for level in self.levels)

    @property
    def kept(self) -> int:
        """Weights and biases that are not zero."""
        return sum(level.kept_weights + level.kept_biases for level in self.levels)

    @property
    def effective(self) -> int:
        """Weights and biases that are kept once the dead neurons are removed."""
        return sum(level.effective for level in self.levels)

    @property
    def density(self) -> float:
        """``kept / size``."""
        return self.kept / self.size if self.size else 1.0

    @property
    def effective_density(self) -> float:
        """``effective / size``."""
        return self.effective / self.size if self.size else 1.0

    @property
    def live_density(self) -> float:
        """Weights on a path from an input to an output, of all weights (biases, and what only carries constants, left out)."""
        weights = sum(level.weights for level in self.levels)
        return sum(level.live_weights for level in self.levels) / weights if weights else 1.0

    def _rows(self) -> list[tuple[str, ...]]:
        return [
            (
                f"{i} {level.kind}",
                *(f"{n:,}" for n in (level.width, *(int(kind.sum()) for kind in _kinds(level)))),
                *(f"{n:,}" for n in (level.weights, level.kept_weights, level.live_weights)),
                str(level.fan_in),
                str(level.fan_out),
            )
            for i, level in enumerate(self.levels)
        ]

    def __repr__(self) -> str:
        widths = "-".join(str(level.width) for level in self.levels)
        return (
            f"Anatomy({widths}, {self.dead:,} dead, {_counted(self.paths)} paths, density {self.density:.3g}, "
            f"effective {self.effective_density:.3g})"
        )

    def __str__(self) -> str:
        rows = [_HEAD, *self._rows()]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(f"{cell:>{w}}" for cell, w in zip(row, widths, strict=True)) for row in rows]
        return "\n".join([repr(self), *lines])

    def _repr_html_(self) -> str:
        titles = "".join(f"<th>{title}</th>" for title in _HEAD)
        cells = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in self._rows())
        return f"<table><caption>{escape(repr(self))}</caption><tr>{titles}</tr>{cells}</table>"


def anatomy(network: Network) -> Anatomy:
    """Which neurons are dead, how many paths there are, what density is left.

    Neurons are those of `slth.networks.wiring`: channels of images, connected where any weight of the kernel is kept, at whatever place.

    Parameters
    ----------
    network : Network
        Dense layers, convolutions, pooling, flattening, activations and residual blocks of these.

    Raises
    ------
    ValueError
        If it holds other layers.

    Notes
    -----
    Time O(size + kept), and an addition of Python integers for each connection, twice; memory some 30 bytes a connection.
    """
    nodes = wiring(network)
    widths = [level.width for level in nodes]
    kept = [[c.kept(widths[c.source]) for c in level.connections] for level in nodes]
    fed, driven, into = _forward(nodes, kept)
    heard, out_of, fan_out = _backward(nodes, kept)
    levels = tuple(
        Level(
            kind=level.kind,
            fed=fed[i],
            heard=heard[i],
            driven=driven[i],
            paths=into[i] * out_of[i],
            fan_in=Degrees(sum((np.diff(k.indptr) for k in kept[i]), np.zeros(level.width, np.int64))),
            fan_out=Degrees(fan_out[i]),
            weights=sum(c.weights for c in level.connections),
            kept_weights=_weights(
                level, kept[i], np.ones(level.width, np.bool_), [np.ones(w, np.bool_) for w in widths]
            ),
            live_weights=_weights(level, kept[i], heard[i], fed),
            biases=0 if level.bias is None else level.bias.size,
            kept_biases=0 if level.bias is None else int(np.count_nonzero(level.bias)),
            effective=_weights(level, kept[i], heard[i], [f | d for f, d in zip(fed, driven, strict=True)])
            + (0 if level.bias is None else int(np.count_nonzero(level.bias[heard[i]]))),
        )
        for i, level in enumerate(nodes)
    )
    return Anatomy(levels, int(into[-1].sum()))


def _forward(nodes: tuple[Nodes, ...], kept: Kept) -> tuple[list[Bools], list[Bools], list[Objects]]:
    """Of each level: fed, driven, and the paths that lead there from the inputs."""
    width = nodes[0].width
    fed, driven, into = [np.ones(width, np.bool_)], [np.zeros(width, np.bool_)], [np.ones(width, np.object_)]
    for level, matrices in zip(nodes[1:], kept[1:], strict=True):
        reached = np.zeros(level.width, np.bool_)
        constant = np.full(level.width, level.revived) if level.bias is None else (level.bias != 0) | level.revived
        paths = np.zeros(level.width, np.object_)
        for connection, matrix in zip(level.connections, matrices, strict=True):
            reached |= matrix @ fed[connection.source] > 0
            constant |= matrix @ driven[connection.source] > 0
            paths += _summed(matrix, into[connection.source])
        fed.append(reached)
        driven.append(constant)
        into.append(paths)
    return fed, driven, into


def _backward(nodes: tuple[Nodes, ...], kept: Kept) -> tuple[list[Bools], list[Objects], list[NDArray[np.int64]]]:
    """Of each level: heard, the paths that lead from there to the outputs, and the fan-out."""
    heard = [np.zeros(level.width, np.bool_) for level in nodes]
    out_of = [np.zeros(level.width, np.object_) for level in nodes]
    fan_out = [np.zeros(level.width, np.int64) for level in nodes]
    heard[-1][:] = True
    out_of[-1][:] = 1
    for i in range(len(nodes) - 1, 0, -1):
        for connection, matrix in zip(nodes[i].connections, kept[i], strict=True):
            back, source = matrix.T.tocsr(), connection.source
            heard[source] |= back @ heard[i] > 0
            out_of[source] += _summed(back, out_of[i])
            fan_out[source] += np.diff(back.indptr)
    return heard, out_of, fan_out


def _summed(matrix: csr_array[np.int64], values: Objects) -> Objects:
    """For each row the sum of the values that it holds an entry for, in Python integers."""
    sums = np.zeros(matrix.shape[0], np.object_)
    rows = np.flatnonzero(np.diff(matrix.indptr))
    if rows.size:
        sums[rows] = np.add.reduceat(values[matrix.indices], matrix.indptr[rows])
    return sums


def _weights(level: Nodes, kept: list[csr_array[np.int64]], targets: Bools, sources: list[Bools]) -> int:
    """Kept weights from some nodes to some of this level."""
    return sum(
        int((matrix @ sources[connection.source].astype(np.int64))[targets].sum())
        for connection, matrix in zip(level.connections, kept, strict=True)
        if connection.layer is not None
    )


def _kinds(level: Level) -> tuple[Bools, Bools, Bools, Bools]:
    return level.live, level.constant, level.dead_end, level.silent


def _counted(number: int) -> str:
    """A whole number of any length: with commas, or as a power of ten."""
    if number < 10**12:
        return f"{number:,}"
    power = math.log10(number)
    return f"{10 ** (power % 1):.3f}e{math.floor(power)}"
