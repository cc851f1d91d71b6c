"""Small networks, neuron by neuron."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from slth.networks import Network
from slth.plots.inks import BLUE, FAINT, GREY, INK, ORANGE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

    from slth.networks.anatomy import Anatomy
    from slth.networks.wiring import Connection

_DASHES = (0, (5, 1.5))
_MOST_NODES, _MOST_LINES = 80, 4000  # of a network that can be drawn
_NODES: dict[str, dict[str, Any]] = {
    "live": {"marker": "o", "ms": 5, "mfc": INK, "mec": INK},
    "constant": {"marker": "s", "ms": 5, "mfc": "white", "mec": INK},
    "dead": {"marker": "o", "ms": 4, "mfc": "#eeeeee", "mec": "#bbbbbb"},
}


def network(network: Network, *, ax: Axes) -> Axes:
    """A small network as a graph, from left to right: kept weights by their sign, dashed if negative, thicker where larger; dead
    neurons grey.

    Neurons are those of `Network.anatomy`. The line between two channels stands for all kept weights of a kernel, and is black where
    they have both signs; grey lines end a residual block, and have no weights. Those that touch a dead neuron are faint.

    Raises
    ------
    ValueError
        If a level has more than 80 neurons, or there are more than 4,000 lines, which nobody could tell apart; if the network has no
        anatomy.
    """
    from slth.networks.wiring import wiring

    nodes, found = wiring(network), network.anatomy()
    widest, lines = max(v.width for v in found.levels), sum(int(v.fan_in.each.sum()) for v in found.levels)
    if widest > _MOST_NODES or lines > _MOST_LINES:
        raise ValueError(
            f"only networks of at most {_MOST_NODES} neurons a level and {_MOST_LINES:,} lines can be drawn, got {widest:,} and {lines:,}; "
            "print(network.anatomy()) describes larger ones"
        )
    # every level fills the height, narrow ones a little less of it
    heights = [
        ((v.width - 1) / 2 - np.arange(v.width)) / v.width * (0.6 + 0.4 * v.width / widest) for v in found.levels
    ]
    for at, level in enumerate(nodes):
        for connection in level.connections:
            ends = heights[connection.source], heights[at]
            dead = found.levels[connection.source].dead, found.levels[at].dead
            _connection(connection, ends, dead, at, ax)
    for at, level_found in enumerate(found.levels):
        for kind, style in _NODES.items():
            some = getattr(level_found, kind)
            ax.plot(np.full(int(some.sum()), at), heights[at][some], ls="", zorder=3, **style)
        dead_here = int(level_found.dead.sum())
        name = f"{level_found.kind}\n{level_found.width}" + (f", {dead_here} dead" if dead_here else "")
        ax.text(at, -0.04, name, transform=ax.get_xaxis_transform(), ha="center", va="top", fontsize=8, color=INK)
    ax.set_xlim(-0.3, len(nodes) - 0.7)
    ax.margins(y=0.04)
    ax.set_axis_off()
    ax.legend(
        handles=_network_legend(found),
        frameon=False,
        fontsize=8,
        ncols=5,
        loc="lower center",
        bbox_to_anchor=(0.5, 1.0),
    )
    return ax


def _connection(
    connection: Connection,
    ends: tuple[NDArray[np.float64], NDArray[np.float64]],
    dead: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    at: int,
    ax: Axes,
) -> None:
    """The lines of one connection that ends in level `at`."""
    from matplotlib.collections import LineCollection

    sums, sizes = (connection.joined(ends[0].size, of).tocoo() for of in (np.asarray, np.abs))
    if sizes.nnz == 0:
        return
    j, i = sums.row, sums.col
    mixed = np.abs(sums.data) < sizes.data * (1 - 1e-12)
    signs = np.where(mixed, INK, np.where(sums.data > 0, BLUE, ORANGE))
    colours = np.full_like(signs, GREY) if connection.layer is None else signs
    faint = dead[0][i] | dead[1][j]
    colours[faint] = FAINT
    # a line that skips levels bends around them
    t = np.linspace(0, 1, 2 if connection.source == at - 1 else 25)[:, None]
    bend = 0.0 if len(t) == 2 else 0.6
    x = np.broadcast_to(connection.source + (at - connection.source) * t, (len(t), i.size))
    y = ends[0][i] * (1 - t) + ends[1][j] * t + 4 * t * (1 - t) * bend
    paths = np.stack([x, y], axis=-1).swapaxes(0, 1)
    order = np.argsort(~faint, kind="stable")  # what touches the dead lies below
    widths = np.full(i.size, 0.8) if connection.layer is None else 0.3 + 1.2 * sizes.data / sizes.data.max()
    # dashes tell the signs apart in grey
    styles = [_DASHES if colour == ORANGE else "-" for colour in colours[order].tolist()]
    lines = LineCollection(
        list(paths[order]), colors=colours[order].tolist(), linewidths=widths[order], linestyles=styles
    )
    lines.set_zorder(1)
    ax.add_collection(lines)


def _network_legend(found: Anatomy) -> list[Line2D]:
    from matplotlib.lines import Line2D

    signs = ((BLUE, "-", "positive"), (ORANGE, _DASHES, "negative"))
    lines = [Line2D([], [], color=colour, ls=style, label=label) for colour, style, label in signs]
    kinds = [kind for kind in _NODES if any(getattr(level, kind).any() for level in found.levels)]
    return [*lines, *(Line2D([], [], ls="", label=kind, **_NODES[kind]) for kind in kinds)]
