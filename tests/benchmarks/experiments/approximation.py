"""Errors of `slth.approximate` against width, for a random target, the digits and the convolutions of a LeNet5, beside what is promised.

Pensia et al.'s theorem with explicit constants promises an error for every weight; the halves of a weight are met with it at once.
The LeNet5 is the stored result of `tests.benchmarks.papers.lenet5`.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from slth import bounds, plots
from slth.bounds.table import Table
from slth.sweeps import Collected
from slth.sweeps.tasks import Construction, octaves
from slth.sweeps.tasks.construction import ERRORS
from tests.benchmarks.experiments.sweeping import FIGURES, measured, stored
from tests.benchmarks.papers.stored import load

Floats = NDArray[np.float64]
DELTA = 0.01


def promised(widths: tuple[int, ...], width: NDArray[np.int64]) -> Floats:
    """Largest error of a weight in [-1, 1], with probability 0.99: each layer as a network of its own, with half the failures."""
    layers = list(pairwise(widths))
    each = [
        bounds.pensia_error_explicit(pair, width[:, None], DELTA / len(layers)) / (2 * pair[0] * pair[1])
        for pair in layers
    ]
    return np.asarray(np.max(each, axis=0))


def quantiles(
    answers: Iterable[Collected], target: str, error: str, levels: tuple[float, ...] = (0.5, 0.1, 0.9)
) -> Floats:
    """(widths, 1 + levels): width, and the errors that these shares of the networks stay below, to a quarter octave."""
    rows = []
    for one in answers:
        if isinstance(one.task, Construction) and one.task.target == target:
            bins = one.tally["octaves"][ERRORS.index(error)]
            rows.append((one.task.width, *(octaves.quantile(bins, level) for level in levels)))
    return np.array(sorted(rows))


def summary(answers: Iterable[Collected]) -> Table:
    """Medians by target and width."""
    answers = list(answers)
    rows = []
    for target in ("8-8-8", "digits"):
        columns = [quantiles(answers, target, error) for error in ERRORS]
        rows += [
            (target, int(width), *(column[i, 1] for column in columns)) for i, width in enumerate(columns[0][:, 0])
        ]
    return Table(("target", "width", *(f"median error, {name}" for name in ERRORS)), tuple(rows))


def run(quick: bool = False, workers: int | None = None) -> str:
    """Measure, store, and tell."""
    answers = measured("approximation", quick=quick, workers=workers, trials=2, part=slice(2))
    return answers[0].table().text() if quick else summary(answers).text()


def figures() -> None:
    """Errors of weights beside the theorem, and certified errors of outputs."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    draw_weights(stored("approximation"), left)
    draw_outputs(stored("approximation"), right)
    plots.save(figure, FIGURES / "approximation.png")


def draw_weights(answers: Iterable[Collected], ax: object) -> None:
    """Largest error of a weight: measured, and promised some 40 times the width later."""
    answers = list(answers)
    series = {target: tuple(quantiles(answers, target, "weight").T) for target in ("8-8-8", "digits")}
    width = np.arange(1000, 3001, 20)
    theory = {}
    for name, widths in (("8-8-8", (8, 8, 8)), ("digits, scaled to weights in [-1, 1]", (64, 32, 10))):
        error = promised(widths, width)
        theory[f"promised: {name}"] = (width[np.isfinite(error)], error[np.isfinite(error)])
    plots.scaling(
        series,
        ax=ax,
        theory=theory,
        xlabel="width",
        ylabel="largest error of a weight (median, 10 to 90 %)",  # type: ignore[arg-type]
    )
    ax.set_xscale("log")  # type: ignore[attr-defined]
    ax.set_yscale("log")  # type: ignore[attr-defined]


def draw_outputs(answers: Iterable[Collected], ax: object) -> None:
    """Certified errors of outputs, on all of [0, 1]^d; of the LeNet5 five networks each."""
    answers, series = list(answers), {}
    for target in ("8-8-8", "digits"):
        series[target] = tuple(quantiles(answers, target, "certified").T)
    rows = load("lenet5")["ours"]
    widths = sorted({row["width"] for row in rows})
    each = [[row["error_bound"] for row in rows if row["width"] == width] for width in widths]
    columns = (widths, [float(np.median(e)) for e in each], [min(e) for e in each], [max(e) for e in each])
    series["LeNet5, least to most"] = columns  # type: ignore[assignment]
    plots.scaling(series, ax=ax, xlabel="width", ylabel="certified error of an output (median, 10 to 90 %)")  # type: ignore[arg-type]
    ax.set_yscale("log")  # type: ignore[attr-defined]
