"""One function a figure; each draws on a given Axes, or arranges others on a Figure of its own.

matplotlib is imported when a figure is asked for, without pyplot: no global state, no window.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from slth.networks import Network
from slth.ticket import Ticket

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from slth.bounds.comparison import NeededSamples, Overparameterisation
    from slth.subset_sum import Count, Coverage

_INK, _BLUE, _ORANGE, _GREY = "#222222", "#2166ac", "#d6604d", "#999999"


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
    below = ticket.domain.lower < 0
    for piece, layer in zip(ticket.effective(), target.layers, strict=True):
        weight = layer.scale * layer.weight
        wanted += [weight.ravel(), weight[:, below].ravel()]
        found += [piece.scale * piece.positive.ravel(), -piece.scale * piece.negative[:, below].ravel()]
        if layer.bias is not None:
            wanted.append(layer.scale * layer.bias)
            found.append(piece.scale * piece.bias)
        below = np.full(layer.d_out, layer.activation != "relu")
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
    rows = min(32, ticket.source.widths[2])
    columns = min(4 * rows, ticket.source.widths[1])
    random_weights(ticket, 1, rows, columns, ax=axes[0])
    mask(ticket, 1, rows, columns, ax=axes[1])
    if ticket.target is not None:
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


def needed_samples(comparison: NeededSamples, *, ax: Axes) -> None:
    """Samples that random subset sum needs, against the error: full lines suffice (grey: if the constant does), dashed are necessary."""
    # direction: line and colour
    styles = {"sufficient": ("-", _INK), "predictor": (":", _BLUE), "necessary": ("--", _ORANGE)}
    marks = {"sufficient": iter("sD^v<>"), "predictor": iter("ox+"), "necessary": iter("sD^v")}
    sparse = max(1, len(comparison.epsilons) // 8)
    for curve in comparison.curves:
        if np.isnan(curve.n).all():
            continue
        style, color = styles[curve.direction]
        color = _GREY if curve.assumed else color
        ax.plot(
            comparison.epsilons, curve.n, ls=style, marker=next(marks[curve.direction]), ms=4, mfc="white", color=color,
            lw=1.2, markevery=1 if curve.direction == "predictor" else sparse, label=f"{curve.direction}: {curve.label}",
        )  # fmt: skip
    ax.set_xscale("log")
    ax.invert_xaxis()
    ax.set_ylim(bottom=0)
    ax.set_xlabel(r"largest error $\varepsilon$ over all targets in $[-1/2, 1/2]$")
    ax.set_ylabel("samples n of U[-1, 1]")
    ax.set_title(f"random subset sum, success with probability {1 - comparison.delta:g}", fontsize=10)
    ax.legend(frameon=False, fontsize=7)


def overparameterisation(curve: Overparameterisation, *, ax: Axes) -> None:
    """Parameters of the source for each of the target, against the density of the ticket; theorems that offer no choice are points."""
    density = curve.density
    label = rf"suffices: Natale et al., $c_{{\mathrm{{amp}}}}$ = {curve.c_amp:g} assumed"
    ax.plot(density, curve.sufficient, "-", color=_INK, lw=1.5, label=label)
    ax.plot(density, curve.necessary, "--", color=_ORANGE, lw=1.5, label="needed: counting tickets")
    ax.fill_between(density, curve.necessary, curve.sufficient, color=_GREY, alpha=0.15, lw=0)
    for end, mark in zip(curve.ends, "sDo^v", strict=False):
        ax.plot(
            end.density, end.overparameterisation, mark, ms=6, color=_BLUE, mfc="white", label=end.label, clip_on=False
        )
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlabel(r"density $\gamma$ of the ticket (1: none promised)")
    ax.set_ylabel(r"overparameterisation $m / m_t$")
    target = "-".join(map(str, curve.widths))
    ax.set_title(rf"target {target}, error and failure probability $\varepsilon$ = {curve.eps:g}", fontsize=10)
    ax.legend(frameon=False, fontsize=7)


def _whole_numbers(ax: Axes) -> None:
    from matplotlib.ticker import MaxNLocator

    ax.xaxis.set_major_locator(MaxNLocator(integer=True))


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
