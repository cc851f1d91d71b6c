"""How a search went, how it spread its weights over the layers, and several searches side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from slth.plots.inks import BLUE, GREY, ORANGE

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
