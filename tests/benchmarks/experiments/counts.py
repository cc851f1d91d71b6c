"""Counts by size against the first moment, the second, and entropy: means, typical counts, and how often there is any."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from slth import bounds, laws, plots
from slth.bounds.table import Table
from slth.sweeps import Collected
from slth.sweeps.findings.moments import moments
from slth.sweeps.tasks import Counts
from tests.benchmarks.experiments.sweeping import FIGURES, measured, stored

_ENOUGH = 100  # trials with any, for a normal interval of the mean


def pick(answers: Iterable[Collected], **given: float | str) -> list[Collected]:
    """Those of these parameters."""
    return [one for one in answers if all(getattr(one.task, name) == value for name, value in given.items())]


def summary(answers: Iterable[Collected]) -> Table:
    """A row a task: worst miss of the first moment, of the second, and of the predictor; how much the mean exceeds what is typical."""
    rows = []
    for one in answers:
        task = one.task
        assert isinstance(task, Counts)
        found, k = moments(one), np.arange(1, task.n + 1)
        hits = np.array([e.successes for e in found.found])[1:]
        some = (hits >= _ENOUGH) & (found.upper > found.lower)[1:]
        mean = np.asarray(bounds.rfss_expected(task.n, k, task.epsilon, task.target, task.law))
        error = (found.upper - found.lower)[1:][some] / (2 * 1.959964)
        sigma = math.sqrt(laws.get(task.law).variance)
        second = bounds.rfss_moment_ratio(task.n, k, task.target, task.epsilon, sigma) / found.ratio[1:]
        foreseen = bounds.rfss_success_prob(task.n, k, task.epsilon, task.target, task.law)
        off = foreseen - np.array([e.rate for e in found.found])[1:]
        middle = task.n // 2
        rows.append(
            (
                task.law, task.n, task.epsilon, task.target,
                round(float(np.abs((found.mean[1:][some] - mean[some]) / error).max()), 2),
                f"{second[some].min():.2f} to {second[some].max():.2f}",
                f"{off.min():+.3f} (k = {k[off.argmin()]}), {off.max():+.3f} (k = {k[off.argmax()]})",
                found.mean[middle], round(float(found.typical[middle] / found.mean_found[middle]), 3),
            )
        )  # fmt: skip
    names = (
        "law",
        "n",
        "epsilon",
        "target",
        "worst z of a mean",
        "second moment, predicted / measured",
        "P(any), predicted - measured",
    )
    return Table((*names, "E[Y], k = n/2", "typical / mean"), tuple(rows))


def run(quick: bool = False, workers: int | None = None) -> str:
    """Measure, store, and tell."""
    answers = measured("counts", quick=quick, workers=workers)
    return answers[0].table().text() if quick else summary(answers).text()


def figures() -> None:
    """Counts against size, and the probability that there is any."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    draw_counts(stored("counts"), left)
    draw_any(stored("counts"), right)
    plots.save(figure, FIGURES / "counts.png")


def draw_counts(answers: Iterable[Collected], ax: object, law: str = "uniform", epsilon: float = 0.01) -> None:
    """Means on the first moment, and typical counts below them."""
    series, theory = {}, {}
    for one in pick(answers, law=law, epsilon=epsilon, target=0.0):
        found, n = moments(one), one.task.parameters["n"]
        k = np.array([k for k in range(1, n + 1) if found.found[k].successes >= _ENOUGH])
        series[f"n = {n}, mean"] = (k, found.mean[k], found.lower[k], found.upper[k])
        series[f"n = {n}, typical"] = (k, found.typical[k], found.typical[k], found.typical[k])
        every = np.arange(1, n + 1)
        theory[f"n = {n}: first moment"] = (every, bounds.rfss_expected(n, every, epsilon, 0.0, law))
    plots.scaling(series, ax=ax, theory=theory, xlabel="size k", ylabel=r"subsets of size k within $\varepsilon$")  # type: ignore[arg-type]
    ax.set_yscale("log")  # type: ignore[attr-defined]
    ax.set_ylim(bottom=1e-6)  # type: ignore[attr-defined]
    ax.legend(frameon=False, fontsize=7, ncol=3, loc="lower center")  # type: ignore[attr-defined]
    ax.set_title(rf"{law}, target 0, $\varepsilon$ = {epsilon:g}", fontsize=10)  # type: ignore[attr-defined]


def draw_any(answers: Iterable[Collected], ax: object, n: int = 20, epsilon: float = 0.01) -> None:
    """P(Y_k > 0) below Markov's bound, on the predictor, above what is proven."""
    series, theory = {}, {}
    for law in ("normal", "uniform"):
        (one,) = pick(answers, law=law, n=n, epsilon=epsilon, target=0.0)
        found = [e for e in moments(one).found if 1 <= int(e.point["size"]) < n]
        k = np.array([int(e.point["size"]) for e in found])
        series[law] = (k, [e.rate for e in found], [e.lower for e in found], [e.upper for e in found])
        theory[f"predicted, {law}"] = (k, bounds.rfss_success_prob(n, k, epsilon, 0.0, law))
    theory["proven, normal: at least"] = (k, bounds.rfss_success_normal(n, k, epsilon, 0.0))
    theory["first moment, normal: at most"] = (k, np.minimum(bounds.rfss_expected(n, k, epsilon, 0.0, "normal"), 1.0))
    plots.scaling(series, ax=ax, theory=theory, xlabel="size k", ylabel="P(some subset of size k)")  # type: ignore[arg-type]
    ax.set_xticks(range(1, n, 3))  # type: ignore[attr-defined]
    ax.set_title(rf"n = {n}, target 0, $\varepsilon$ = {epsilon:g}", fontsize=10)  # type: ignore[attr-defined]
