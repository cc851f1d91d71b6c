"""Tickets: their masks, weights and errors; and constructions side by side."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from slth.constructions.signs import halves
from slth.networks import Embedding, Network
from slth.plots.inks import BLUE, GREY, INK, ORANGE
from slth.ticket import Ticket

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from slth.compared import Comparison

_LINES = ((BLUE, "-"), (ORANGE, "--"), (INK, "-."), (GREY, "-"))


def random_weights(ticket: Ticket, layer: int, rows: int, columns: int, *, ax: Axes) -> Axes:
    """The first `rows` x `columns` random weights of a source layer, all of them, as they were drawn."""
    weights = ticket.source.weight_rows(layer, 0, rows)[:, :columns]
    largest = float(np.abs(weights).max())
    ax.imshow(weights, cmap="RdBu_r", vmin=-largest, vmax=largest, aspect="auto", interpolation="nearest")
    ax.set_title(f"random weights, {ticket.source.law}")
    _matrix_labels(ax)
    return ax


def mask(ticket: Ticket, layer: int, rows: int, columns: int, *, ax: Axes) -> Axes:
    """The same corner of the mask: dark where the weight is kept."""
    kept = ticket.weight_mask(layer, 0, rows)[:, :columns]
    ax.imshow(kept, cmap="Greys", vmin=0, vmax=1.3, aspect="auto", interpolation="nearest")
    ax.set_title(f"mask: {kept.mean():.0%} kept")
    _matrix_labels(ax)
    return ax


def _matrix_labels(ax: Axes) -> None:
    ax.set_xlabel("hidden neuron")
    ax.set_ylabel("output neuron")


def effective_weights(ticket: Ticket, target: Network, *, ax: Axes) -> Axes:
    """Each target weight against the weight that the ticket has in its place."""
    wanted, found = _weight_pairs(ticket, target)
    ax.plot([wanted.min(), wanted.max()], [wanted.min(), wanted.max()], color=GREY, lw=1, zorder=1)
    ax.plot(wanted, found, ".", ms=3, color=BLUE, alpha=0.5, mew=0, zorder=2, rasterized=True)
    ax.set_xlabel("target weight")
    ax.set_ylabel("effective weight")
    ax.set_title(f"largest weight error {ticket.weight_error:.1g}", fontsize=10)
    return ax


def weight_errors(ticket: Ticket, target: Network, *, ax: Axes) -> Axes:
    """How far the effective weights are from the target's: a histogram over decades."""
    wanted, found = _weight_pairs(ticket, target)
    errors = np.log10(np.maximum(np.abs(found - wanted), 1e-300))
    first = -12.0
    bins = np.arange(first, max(np.ceil(errors.max()), first + 1) + 0.26, 0.25)
    ax.hist(np.maximum(errors, first), bins=bins.tolist(), color=BLUE)
    ax.axvline(float(np.median(errors)), color=ORANGE, lw=1.5)
    ax.set_xlabel(r"$\log_{10}$ |effective $-$ target|, from $-12$ down")
    ax.set_ylabel("weights")
    ax.set_title(f"{wanted.size:,} weights, median error {10 ** np.median(errors):.1g}", fontsize=10)
    return ax


def _weight_pairs(ticket: Ticket, target: Network) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Target weights (both halves where both are used) and biases, and the ticket's."""
    wanted, found = [], []
    for piece, layer, (_, below) in zip(ticket.effective(), target.linear, halves(target, ticket.domain), strict=True):
        weight = np.repeat(layer.scale * layer.matrix, piece.copies, axis=0)
        wanted += [weight.ravel(), weight[:, below].ravel()]
        found += [piece.scale * piece.positive.ravel(), -piece.scale * piece.negative[:, below].ravel()]
        if layer.bias is not None:
            wanted.append(np.repeat(layer.scale * layer.bias, piece.copies))
            found.append(piece.scale * piece.bias)
    return np.concatenate(wanted), np.concatenate(found)


def digit(image: NDArray[np.float64], label: int, answers: dict[str, int], *, ax: Axes) -> Axes:
    """An image (64,) of a digit and what each network reads in it; orange where one is wrong."""
    ax.imshow(image.reshape(8, 8), cmap="Greys", interpolation="nearest")
    ax.set_xticks([])
    ax.set_yticks([])
    right = all(answer == label for answer in answers.values())
    ax.set_title(f"label {label}", fontsize=9, color=INK if right else ORANGE)
    ax.set_xlabel("\n".join(f"{name}: {answer}" for name, answer in answers.items()), color=INK if right else ORANGE)
    return ax


def answers(ticket: Ticket, target: Network, *, ax: Axes) -> Axes:
    """Each output of the target against that of the ticket, on random inputs of the domain."""
    shape = tuple(d or 1 for d in target.shapes[0])
    points = ticket.domain.sample(np.random.default_rng(0), 500).reshape(-1, *shape)
    x = np.rint(points) if isinstance(target.layers[0], Embedding) else points
    wanted, found = target(x).ravel(), ticket(x).ravel()
    ax.plot([wanted.min(), wanted.max()], [wanted.min(), wanted.max()], color=GREY, lw=1, zorder=1)
    ax.plot(wanted, found, ".", ms=3, color=BLUE, alpha=0.5, mew=0, zorder=2, rasterized=True)
    ax.set_xlabel("output of the target")
    ax.set_ylabel("output of the ticket")
    ax.set_title(f"error at most {ticket.error_bound:.1g}, seen {np.abs(found - wanted).max():.1g}", fontsize=10)
    return ax


def reuse(ticket: Ticket, *, ax: Axes) -> Axes:
    """How large a share of the first-layer weights each number of outputs uses: kept (lines), and of random subsets (dotted, predicted).

    A line for each inserted layer: over x, the share of the candidates that more than x of the outputs use. At 0 it starts with the share
    that is kept; the worst case of the proofs, each used by one output, would fall to 0 at once.
    """
    found = ticket.reuse()
    few = len(found.layers) <= len(_LINES)
    for row, (color, style) in zip(found.layers, itertools.cycle(_LINES)):
        share = np.arange(row.outputs + 1) / row.outputs
        measured, predicted = (1 - np.cumsum(uses) / row.candidates for uses in (row.uses, row.expected_uses))
        of = f"layer {row.layer}: {row.first:,} kept, {row.mean_uses:.1f} of {row.outputs:,} outputs use each"
        ax.step(share, measured, where="post", color=color, ls=style, lw=1.6, label=of if few else None, zorder=2)
        ax.step(share, predicted, where="post", color=color, ls=":", lw=1.2, zorder=1)
    ax.plot([], [], color=GREY, ls=":", lw=1.2, label="independent random subsets of the same sizes (predicted)")
    ax.set_ylim(0)
    ax.set_xlabel("share of the outputs")
    ax.set_ylabel("share of the first-layer weights\nthat more outputs use")
    ax.set_title(
        f"{found.construction}: {found.first:,} first-layer weights, at worst {found.worst:,}, for {found.second:,} behind them",
        fontsize=10,
    )
    ax.legend(fontsize=8, frameon=False)
    return ax


def ticket(ticket: Ticket) -> Figure:
    """Random weights, mask and, if the ticket holds its target, effective weights, or outputs where weights do not correspond."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 3.6), layout="constrained")
    axes = figure.subplots(1, 2 if ticket.target is None else 4 if ticket.follows else 3)
    _ticket_row(ticket, list(axes))
    return figure


def _ticket_row(ticket: Ticket, axes: list[Axes]) -> None:
    layer = min(1, ticket.source.depth - 1)
    rows = min(32, ticket.source.shapes[layer][0])
    columns = min(4 * rows, ticket.source.shapes[layer][1])
    random_weights(ticket, layer, rows, columns, ax=axes[0])
    mask(ticket, layer, rows, columns, ax=axes[1])
    if ticket.target is None:
        return
    if not ticket.follows:
        answers(ticket, ticket.target, ax=axes[2])
        return
    effective_weights(ticket, ticket.target, ax=axes[2])
    weight_errors(ticket, ticket.target, ax=axes[3])


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


def constructions(comparison: Comparison, *, ax: Axes) -> Axes:
    """Certified error (and the largest found by attack and seen on the inputs, below it) against the weights kept.

    The larger the mark, the larger the random network. The largest error over the domain lies between mark and dash.
    """
    found = [row for row in comparison.rows if not row.why_not]
    if not found:
        raise ValueError("no construction of this comparison found a ticket; there is nothing to draw")
    largest = max(row.size for row in found)
    for row, marker in zip(found, itertools.cycle("osD^vP*X<>")):
        size = 30 + 270 * row.size / largest
        ax.plot([row.kept] * 2, [row.error_found, row.error_bound], color=GREY, lw=1, zorder=1)
        ax.plot(row.kept, row.error_found, "_", color=INK, ms=9, zorder=2)
        ax.plot(row.kept, row.error_seen, ".", color=INK, ms=4, zorder=2)
        label = f"{row.construction}, of {row.size:,}, {row.seconds:.1f} s"
        ax.scatter(
            row.kept,
            row.error_bound,
            s=size,
            marker=marker,
            facecolor="none",
            edgecolor=BLUE,
            lw=1.5,
            label=label,
            zorder=3,
        )
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlabel("weights kept")
    ax.set_ylabel("error: certified (mark), found by\nattack (dash), seen on inputs (dot)")
    ax.set_title(comparison.target, fontsize=10)
    ax.legend(fontsize=8, frameon=False, loc="upper left", bbox_to_anchor=(1.01, 1.0), labelspacing=1.4)
    return ax
