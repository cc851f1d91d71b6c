"""How a search went, how it spread its weights over the layers, and several searches side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from slth.plots.inks import BLUE, GREY, INK, ORANGE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from slth.search import SearchResult


def search_result(found: SearchResult) -> Figure:
    """How a search went, and the density of each layer, side by side."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    search_history(found, ax=left)
    layer_densities(found, ax=right)
    figure.suptitle(f"{found.method}: kept {found.kept:,} of {found.size:,}", fontsize=10)
    return figure


def search_history(found: SearchResult | Sequence[SearchResult], *, ax: Axes) -> Axes:
    """Loss of the batches and validation loss against steps; of several runs each a thin line, and their mean. The best is marked."""
    runs = [found] if not isinstance(found, Sequence) else list(found)
    for name, ink, label in (("loss", GREY, "batches"), ("validation_loss", BLUE, "validation")):
        for run in runs:
            ax.plot(run.history.step, getattr(run.history, name), color=ink, lw=0.8, alpha=0.5)
        last = min(len(run.history.step) for run in runs)
        if last:
            mean = np.mean([getattr(run.history, name)[:last] for run in runs], axis=0)
            ax.plot(runs[0].history.step[:last], mean, color=ink, lw=1.8, label=label, ls="-" if ink == BLUE else "--")
    for run in runs:
        best = int(np.argmin(run.history.validation_loss))
        ax.plot(run.history.step[best], run.loss, "D", ms=5, mfc="white", mec=ORANGE)
    ax.set_xlabel("step")
    ax.set_ylabel("loss")
    ax.set_yscale("log")
    ax.legend(frameon=False, fontsize=8)
    return ax


def layer_densities(found: SearchResult, *, ax: Axes) -> Axes:
    """The share of its weights that each array keeps, and that of all."""
    shares = found.density_by_layer
    places = np.arange(len(shares))
    ax.bar(places, list(shares.values()), color=BLUE, width=0.6)
    ax.axhline(found.density, color=ORANGE, ls="--", lw=1, label=f"all: {found.density:.1%}")
    ax.set_xticks(places, list(shares), rotation=45, ha="right", fontsize=8)
    ax.set_ylabel("density")
    ax.set_ylim(0, 1.02)
    ax.legend(frameon=False, fontsize=8)
    return ax


def searches(by_method: Mapping[str, Mapping[float, Sequence[SearchResult]]], *, ax: Axes) -> Axes:
    """Accuracy (or loss, without labels) against density, a line a method: the mean over seeds, the range of the seeds shaded."""
    styles = ("-", "--", "-.", ":", (0, (5, 1)), (0, (1, 1)))
    for number, (method, by_density) in enumerate(by_method.items()):
        densities = sorted(by_density)
        labelled = not np.isnan(by_density[densities[0]][0].accuracy)
        values = [[run.accuracy if labelled else run.loss for run in by_density[d]] for d in densities]
        ink = (BLUE, ORANGE, GREY)[number % 3]
        ax.plot(
            densities, [np.mean(v) for v in values], color=ink, ls=styles[number % 6], marker="o", ms=3, label=method
        )
        ax.fill_between(densities, [min(v) for v in values], [max(v) for v in values], color=ink, alpha=0.2, lw=0)
        ax.set_ylabel("accuracy on held-out inputs" if labelled else "loss on held-out inputs")
    ax.set_xlabel("density (share kept)")
    ax.legend(frameon=False, fontsize=8)
    return ax


def accuracies(
    runs: Sequence[Mapping[str, Any]], published: Mapping[tuple[str, float], float] | None = None, *, ax: Axes
) -> Axes:
    """Accuracy against the share kept, a line a source: the mean over seeds, 95 % t intervals shaded, published values as crosses.

    Parameters
    ----------
    runs : sequence of mappings
        One a run: ``source``, ``density``, ``epochs``, ``accuracy`` in (0, 1), and perhaps ``random``, that of a random mask. Runs with all
        weights (density 1), trained networks, give a horizontal line.
    published : mapping of (source, density) to accuracy, optional
    ax : Axes
        Its accuracies are on a logistic scale, on which 90 to 99 % takes as much room as 50 to 90 %.
    """
    published = published or {}
    styles = {}
    for number, source in enumerate(dict.fromkeys(run["source"] for run in runs)):
        ink = (INK, BLUE, ORANGE)[number % 3]
        for epochs in sorted({run["epochs"] for run in runs if run["source"] == source}):
            own = [run for run in runs if (run["source"], run["epochs"]) == (source, epochs)]
            shares = sorted({run["density"] for run in own})
            label = f"{source}, {epochs} epochs"
            middle, half = _means([[run["accuracy"] for run in own if run["density"] == share] for share in shares])
            if shares == [1.0]:
                ax.axhline(middle[0], color=GREY, ls="-.", lw=1.2, label=label)
                low, high = _inside(middle, half)
                ax.axhspan(low[0], high[0], color=GREY, alpha=0.2, lw=0)
                continue
            style = "o-" if source not in styles else "s--"
            styles[source] = ink
            ax.plot(shares, middle, style, ms=4, lw=1.3, color=ink, label=label)
            ax.fill_between(shares, *_inside(middle, half), color=ink, alpha=0.2, lw=0)
    for source, ink in styles.items():
        theirs = sorted((share, right) for (name, share), right in published.items() if name == source)
        if theirs:
            ax.plot(*zip(*theirs, strict=True), "x", ms=8, color=ink, label=f"{source}, published")
    chance = [run for run in runs if "random" in run]
    if chance:
        shares = sorted({run["density"] for run in chance})
        middle, half = _means([[run["random"] for run in chance if run["density"] == share] for share in shares])
        ax.plot(shares, middle, ":", marker="v", ms=4, lw=1.3, color=GREY, label="random masks")
        ax.fill_between(shares, *_inside(middle, half), color=GREY, alpha=0.2, lw=0)
    ticks = (0.05, 0.1, 0.2, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99)
    ax.set_yscale("logit")
    ax.set_yticks(ticks, [f"{100 * tick:g} %" for tick in ticks])
    ax.minorticks_off()
    ax.set_xlabel("share of the weights kept")
    ax.set_ylabel("test accuracy")
    ax.legend(frameon=False, fontsize=8, loc="center right", bbox_to_anchor=(1.0, 0.42))
    return ax


def _inside(middle: np.ndarray, half: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ends of intervals, kept where a logistic scale can show them."""
    return np.clip(middle - half, 1e-3, 1 - 1e-3), np.clip(middle + half, 1e-3, 1 - 1e-3)


def _means(values: Sequence[Sequence[float]]) -> tuple[np.ndarray, np.ndarray]:
    """Mean of each row, and half the width of its 95 % t interval; 0 for a single value."""
    from scipy.stats import t as student

    half = [
        float(student.ppf(0.975, len(row) - 1) * np.std(row, ddof=1) / np.sqrt(len(row))) if len(row) > 1 else 0.0
        for row in values
    ]
    return np.array([np.mean(row) for row in values]), np.array(half)
