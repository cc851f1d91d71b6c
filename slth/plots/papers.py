"""Experiments of papers done again: stored results beside the published numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from slth.plots.inks import BLUE, GREY, INK, ORANGE

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def errors_against_samples(
    results: Mapping[str, Any], published: Mapping[int, tuple[float, float]], *, ax: Axes
) -> Axes:
    """Largest relative and mean absolute weight error against candidates a weight, range of the draws shaded; published values as crosses.

    Parameters
    ----------
    results : mapping
        ``"theirs"``: rows with ``n``, ``largest_relative`` and ``mean``, one a draw.
    published : mapping of n to (largest relative error, mean absolute error)
    """
    rows = results["theirs"]
    sizes = sorted({row["n"] for row in rows})
    styles = (("largest_relative", "largest relative", INK, "o", "-"), ("mean", "mean absolute", BLUE, "s", "--"))
    for column, (name, label, ink, mark, style) in enumerate(styles):
        values = [[row[name] for row in rows if row["n"] == n] for n in sizes]
        middle = [float(np.median(drawn)) for drawn in values]
        lowest, highest = [min(drawn) for drawn in values], [max(drawn) for drawn in values]
        ax.plot(sizes, middle, style, marker=mark, ms=4, lw=1.2, color=ink, label=f"{label}, proven optimal")
        ax.fill_between(sizes, lowest, highest, color=ink, alpha=0.2, lw=0)
        theirs = [published[n][column] for n in sorted(published)]
        ax.plot(sorted(published), theirs, "x" if column == 0 else "+", ms=8, color=ORANGE, label=f"{label}, published")
    ax.set_yscale("log")
    ax.set_xlabel("candidates n a weight, U[-1, 1]")
    ax.set_ylabel("weight error")
    ax.set_title("convolutions of LeNet5: closest of all subsets", fontsize=10)
    ax.legend(frameon=False, fontsize=8)
    return ax


def attention_errors(results: Mapping[str, Any], *, ax: Axes) -> Axes:
    """Error of random attentions against their dimension n_K, 10 to 90 % of the sources shaded, the fit, and the published fit.

    Parameters
    ----------
    results : mapping
        ``"sources"``: rows with ``n_k`` and ``errors``, one a source; ``"fit"`` and ``"published"`` with ``A`` and ``B`` of A exp(-B n_K).
    """
    rows = results["sources"]
    sizes = np.array([row["n_k"] for row in rows])
    shares = np.array([np.quantile(row["errors"], (0.1, 0.5, 0.9)) for row in rows])
    ax.fill_between(sizes, shares[:, 0], shares[:, 2], color=BLUE, alpha=0.25, lw=0)
    ax.plot(sizes, shares[:, 1], "o", ms=4, color=INK, label=f"median of {len(rows[0]['errors'])} sources, 10 to 90 %")
    ax.plot(sizes, [np.median(row["bounds"]) for row in rows], "v", ms=4, color=GREY, label="certified, any length")
    fit, published = results["fit"], results["published"]
    label = rf"fit: {fit['A']:.2g} $\exp(-{fit['B']:.3g}\, n_K)$"
    fitted = sizes[sizes <= fit["most"]]
    ax.plot(fitted, fit["A"] * np.exp(-fit["B"] * fitted), "-", lw=1.2, color=BLUE, label=label)
    label = rf"published: {published['A']:g} $\exp(-{published['B']:g}\, n_K)$"
    ax.plot(sizes, published["A"] * np.exp(-published["B"] * sizes), "--", lw=1.2, color=ORANGE, label=label)
    ax.set_yscale("log")
    ax.set_xlabel(r"dimension $n_K$ of keys and queries")
    ax.set_ylabel("largest error of an output")
    ax.set_title("one head, 2 numbers in, 1 out", fontsize=10)
    ax.legend(frameon=False, fontsize=8)
    return ax


def errors_against_length(results: Mapping[str, Any], *, ax: Axes) -> Axes:
    """Largest error against the length of the sequences, as a share of each source's own certificate, which knows no length.

    One thin line a source, their range shaded.

    Parameters
    ----------
    results : mapping
        ``"lengths"``: rows with ``length`` and ``errors``, one a source; ``"length_bounds"``: their bounds; ``"length_n_k"``.
    """
    rows = results["lengths"]
    sizes = [row["length"] for row in rows]
    shares = np.array([row["errors"] for row in rows]) / np.array(results["length_bounds"])
    label = f"median of {shares.shape[1]} sources"
    ax.fill_between(sizes, shares.min(axis=1), shares.max(axis=1), color=BLUE, alpha=0.15, lw=0)
    ax.plot(sizes, shares, "-", lw=0.8, color=GREY)
    ax.plot(sizes, np.median(shares, axis=1), "o-", ms=4, lw=1.5, color=INK, label=label)
    ax.axhline(1.0, color=ORANGE, ls="--", lw=1.2, label="certified, for any length")
    ax.set_xscale("log", base=2)
    ax.set_yscale("log")
    ax.set_xlabel("length T of the sequences")
    ax.set_ylabel("largest error / certified bound")
    ax.set_title(f"$n_K$ = {results['length_n_k']}", fontsize=10)
    ax.legend(frameon=False, fontsize=8, loc="lower right")
    return ax
