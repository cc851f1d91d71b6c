"""One function a figure; each draws on a given Axes, or arranges others on a Figure of its own.

matplotlib is imported when a figure is asked for, without pyplot: no global state, no window.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from slth.constructions.signs import halves
from slth.networks import Network
from slth.ticket import Ticket

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    from slth.compared import Comparison
    from slth.networks.anatomy import Anatomy
    from slth.networks.wiring import Connection
    from slth.subset_sum import Count, Coverage

_INK, _BLUE, _ORANGE, _GREY, _FAINT = "#222222", "#2166ac", "#d6604d", "#999999", "#dddddd"

_DASHES = (0, (5, 1.5))
_MOST_NODES, _MOST_LINES = 80, 4000  # of a network that can be drawn
_NODES: dict[str, dict[str, Any]] = {
    "live": {"marker": "o", "ms": 5, "mfc": _INK, "mec": _INK},
    "constant": {"marker": "s", "ms": 5, "mfc": "white", "mec": _INK},
    "dead": {"marker": "o", "ms": 4, "mfc": "#eeeeee", "mec": "#bbbbbb"},
}


def random_weights(ticket: Ticket, layer: int, rows: int, columns: int, *, ax: Axes) -> None:
    """The first `rows` x `columns` random weights of a source layer, all of them, as they were drawn."""
    weights = ticket.source.weight_rows(layer, 0, rows)[:, :columns]
    largest = float(np.abs(weights).max())
    ax.imshow(weights, cmap="RdBu_r", vmin=-largest, vmax=largest, aspect="auto", interpolation="nearest")
    ax.set_title(f"random weights, {ticket.source.law}")
    _matrix_labels(ax)


def mask(ticket: Ticket, layer: int, rows: int, columns: int, *, ax: Axes) -> None:
    """The same corner of the mask: dark where the weight is kept."""
    kept = ticket.weight_mask(layer, 0, rows)[:, :columns]
    ax.imshow(kept, cmap="Greys", vmin=0, vmax=1.3, aspect="auto", interpolation="nearest")
    ax.set_title(f"mask: {kept.mean():.0%} kept")
    _matrix_labels(ax)


def _matrix_labels(ax: Axes) -> None:
    ax.set_xlabel("hidden neuron")
    ax.set_ylabel("output neuron")


def effective_weights(ticket: Ticket, target: Network, *, ax: Axes) -> None:
    """Each target weight against the weight that the ticket has in its place."""
    wanted, found = _weight_pairs(ticket, target)
    ax.plot([wanted.min(), wanted.max()], [wanted.min(), wanted.max()], color=_GREY, lw=1, zorder=1)
    ax.plot(wanted, found, ".", ms=3, color=_BLUE, alpha=0.5, mew=0, zorder=2, rasterized=True)
    ax.set_xlabel("target weight")
    ax.set_ylabel("effective weight")
    ax.set_title(f"largest weight error {ticket.weight_error:.1g}", fontsize=10)


def weight_errors(ticket: Ticket, target: Network, *, ax: Axes) -> None:
    """How far the effective weights are from the target's: a histogram over decades."""
    wanted, found = _weight_pairs(ticket, target)
    errors = np.log10(np.maximum(np.abs(found - wanted), 1e-300))
    first = -12.0
    bins = np.arange(first, max(np.ceil(errors.max()), first + 1) + 0.26, 0.25)
    ax.hist(np.maximum(errors, first), bins=bins.tolist(), color=_BLUE)
    ax.axvline(float(np.median(errors)), color=_ORANGE, lw=1.5)
    ax.set_xlabel(r"$\log_{10}$ |effective $-$ target|, from $-12$ down")
    ax.set_ylabel("weights")
    ax.set_title(f"{wanted.size:,} weights, median error {10 ** np.median(errors):.1g}", fontsize=10)


def _weight_pairs(ticket: Ticket, target: Network) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Target weights (both halves where both are used) and biases, and the ticket's."""
    wanted, found = [], []
    for piece, layer, (_, below) in zip(ticket.effective(), target.linear, halves(target, ticket.domain), strict=True):
        weight = layer.scale * layer.matrix
        wanted += [weight.ravel(), weight[:, below].ravel()]
        found += [piece.scale * piece.positive.ravel(), -piece.scale * piece.negative[:, below].ravel()]
        if layer.bias is not None:
            wanted.append(layer.scale * layer.bias)
            found.append(piece.scale * piece.bias)
    return np.concatenate(wanted), np.concatenate(found)


def digit(image: NDArray[np.float64], label: int, answers: dict[str, int], *, ax: Axes) -> None:
    """An image (64,) of a digit and what each network reads in it; orange where one is wrong."""
    ax.imshow(image.reshape(8, 8), cmap="Greys", interpolation="nearest")
    ax.set_xticks([])
    ax.set_yticks([])
    right = all(answer == label for answer in answers.values())
    ax.set_title(f"label {label}", fontsize=9, color=_INK if right else _ORANGE)
    ax.set_xlabel("\n".join(f"{name}: {answer}" for name, answer in answers.items()), color=_INK if right else _ORANGE)


def ticket(ticket: Ticket) -> Figure:
    """Random weights, mask and effective weights of a ticket; effective weights only if it holds its target."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 3.6), layout="constrained")
    axes = figure.subplots(1, 4 if ticket.target is not None else 2)
    _ticket_row(ticket, list(axes))
    return figure


def _ticket_row(ticket: Ticket, axes: list[Axes]) -> None:
    rows = min(32, ticket.source.shapes[1][0])
    columns = min(4 * rows, ticket.source.shapes[1][1])
    random_weights(ticket, 1, rows, columns, ax=axes[0])
    mask(ticket, 1, rows, columns, ax=axes[1])
    if ticket.target is not None:
        effective_weights(ticket, ticket.target, ax=axes[2])
        weight_errors(ticket, ticket.target, ax=axes[3])


def network(network: Network, *, ax: Axes) -> None:
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
        ax.text(at, -0.04, name, transform=ax.get_xaxis_transform(), ha="center", va="top", fontsize=8, color=_INK)
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
    signs = np.where(mixed, _INK, np.where(sums.data > 0, _BLUE, _ORANGE))
    colours = np.full_like(signs, _GREY) if connection.layer is None else signs
    faint = dead[0][i] | dead[1][j]
    colours[faint] = _FAINT
    # a line that skips levels bends around them
    t = np.linspace(0, 1, 2 if connection.source == at - 1 else 25)[:, None]
    bend = 0.0 if len(t) == 2 else 0.6
    x = np.broadcast_to(connection.source + (at - connection.source) * t, (len(t), i.size))
    y = ends[0][i] * (1 - t) + ends[1][j] * t + 4 * t * (1 - t) * bend
    paths = np.stack([x, y], axis=-1).swapaxes(0, 1)
    order = np.argsort(~faint, kind="stable")  # what touches the dead lies below
    widths = np.full(i.size, 0.8) if connection.layer is None else 0.3 + 1.2 * sizes.data / sizes.data.max()
    # dashes tell the signs apart in grey
    styles = [_DASHES if colour == _ORANGE else "-" for colour in colours[order].tolist()]
    lines = LineCollection(
        list(paths[order]), colors=colours[order].tolist(), linewidths=widths[order], linestyles=styles
    )
    lines.set_zorder(1)
    ax.add_collection(lines)


def _network_legend(found: Anatomy) -> list[Line2D]:
    from matplotlib.lines import Line2D

    signs = ((_BLUE, "-", "positive"), (_ORANGE, _DASHES, "negative"))
    lines = [Line2D([], [], color=colour, ls=style, label=label) for colour, style, label in signs]
    kinds = [kind for kind in _NODES if any(getattr(level, kind).any() for level in found.levels)]
    return [*lines, *(Line2D([], [], ls="", label=kind, **_NODES[kind]) for kind in kinds)]


def digits_demo(ticket: Ticket, images: NDArray[np.float64], labels: NDArray[np.int64], *, seed: int = 0) -> Figure:
    """The figure of ``slth demo``: the ticket above, digits with the answers of target and ticket below."""
    from matplotlib.figure import Figure

    if ticket.target is None:
        raise ValueError("this figure compares with the target; use ticket.verify(target) first")
    figure = Figure(figsize=(13, 6.2), layout="constrained")
    upper, lower = np.asarray(figure.subfigures(2, 1, height_ratios=[2.4, 1]))
    _ticket_row(ticket, list(upper.subplots(1, 4)))
    upper.suptitle(
        f"Nothing trained: {ticket.kept:,} of {ticket.size:,} random weights, kept as drawn, "
        f"within {ticket.error_bound:.1g} of the trained network (certified)",
        fontsize=13,
    )
    of_target, of_ticket = ticket.target(images).argmax(axis=1), ticket(images).argmax(axis=1)
    wrong = np.flatnonzero(of_target != labels)
    rng = np.random.default_rng(seed)
    # one of each digit, and two that the trained network itself gets wrong
    shown = [int(rng.choice(np.flatnonzero((labels == d) & (of_target == d)))) for d in range(10)]
    shown += [int(i) for i in rng.choice(wrong, 2, replace=False)] if wrong.size >= 2 else []
    for i, ax in zip(shown, lower.subplots(1, len(shown)), strict=True):
        digit(images[i], int(labels[i]), {"target": int(of_target[i]), "ticket": int(of_ticket[i])}, ax=ax)
    return figure


def counts_by_size(count: Count, *, ax: Axes) -> None:
    """log2 of the number of subsets of each size, with what is proven or estimated about it in grey, and log2 C(n, k) above."""
    from scipy.special import gammaln

    n = count.log2_by_size.shape[-1] - 1
    sizes = np.arange(n + 1)
    every = (gammaln(n + 1) - gammaln(sizes + 1) - gammaln(n - sizes + 1)) / np.log(2)
    ax.plot(sizes, every, "--", color=_GREY, lw=1, label=r"all: $\log_2 \binom{n}{k}$")
    some = np.isfinite(count.log2_by_size)
    if not count.exact:
        lower = np.maximum(count.log2_lower, 0.0)
        ax.fill_between(
            sizes, lower, count.log2_upper, color=_BLUE, alpha=0.25, lw=0, label=count.certainty.name.lower()
        )
    label = "within epsilon" if some.any() else "within epsilon: none"
    ax.plot(sizes[some], count.log2_by_size[some], "o-", ms=3, color=_BLUE, label=label)
    _whole_numbers(ax)
    ax.set_xlabel("size k")
    ax.set_ylabel(r"$\log_2$ number of subsets")
    ax.set_ylim(bottom=0)
    ax.legend(frameon=False, fontsize=8)


def coverage(samples: NDArray[np.float64], found: Coverage, *, ax: Axes) -> None:
    """How the covered share of the interval grows with the samples: one point a prefix, between its proven bounds."""
    from slth.subset_sum import coverage as cover

    row = np.asarray(samples, np.float64)
    prefixes = range(1 if found.size is None else max(found.size[1], 1), row.size + 1)
    shares = [cover(row[:n], found.epsilon, found.interval, found.size) for n in prefixes]
    lower, upper = ([float(getattr(share, side)) for share in shares] for side in ("lower", "upper"))
    ax.fill_between(prefixes, lower, upper, color=_BLUE, alpha=0.25, lw=0, label="between the bounds")
    ax.plot(prefixes, lower, "o-", ms=3, color=_BLUE, label="certainly covered")
    ax.axhline(1.0, color=_GREY, lw=1, ls="--")
    _whole_numbers(ax)
    ax.set_xlabel("samples n")
    ax.set_ylabel(f"share of [{found.interval[0]:g}, {found.interval[1]:g}] covered")
    ax.set_ylim(0, 1.05)
    ax.legend(frameon=False, fontsize=8)


def _whole_numbers(ax: Axes) -> None:
    from matplotlib.ticker import MaxNLocator

    ax.xaxis.set_major_locator(MaxNLocator(integer=True))


def constructions(comparison: Comparison, *, ax: Axes) -> None:
    """Certified error (and the largest seen, below it) against the weights kept; the larger the mark, the larger the random network."""
    found = [row for row in comparison.rows if not row.why_not]
    if not found:
        raise ValueError("no construction of this comparison found a ticket; there is nothing to draw")
    largest = max(row.size for row in found)
    for row, marker in zip(found, itertools.cycle("osD^vP*X<>")):
        size = 30 + 270 * row.size / largest
        ax.plot([row.kept] * 2, [row.error_seen, row.error_bound], color=_GREY, lw=1, zorder=1)
        ax.plot(row.kept, row.error_seen, "_", color=_INK, ms=9, zorder=2)
        label = f"{row.construction}, of {row.size:,}, {row.seconds:.1f} s"
        ax.scatter(
            row.kept,
            row.error_bound,
            s=size,
            marker=marker,
            facecolor="none",
            edgecolor=_BLUE,
            lw=1.5,
            label=label,
            zorder=3,
        )
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlabel("weights kept")
    ax.set_ylabel("error: certified (mark) and seen (dash)")
    ax.set_title(comparison.target, fontsize=10)
    ax.legend(fontsize=8, frameon=False, loc="upper left", bbox_to_anchor=(1.01, 1.0), labelspacing=1.4)


def single(draw: Callable[[Axes], None]) -> Figure:
    """A figure of one Axes, drawn on by `draw`."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    draw(figure.subplots())
    return figure


def save(figure: Figure, path: str) -> None:
    """Write a figure as PNG, 150 dots an inch, atomically."""
    from slth.files import atomic_write

    with atomic_write(path) as file:
        figure.savefig(file, format="png", dpi=150)
