"""What papers measured, ours against theirs, read from what is stored: nothing is measured here.

da Cunha, Natale and Viennot's LeNet5 is measured by `make papers`. Pensia et al.'s experiment 1 takes MNIST: `make mnist` prints it, the
README has its table.
"""

from __future__ import annotations

from slth import plots
from tests.benchmarks.experiments.sweeping import FIGURES
from tests.benchmarks.papers import lenet5
from tests.benchmarks.papers.stored import load


def run(quick: bool = False, workers: int | None = None) -> str:
    """The table of the stored LeNet5, as it is."""
    del quick, workers  # there is nothing to run
    return lenet5.table(load("lenet5"))


def figures() -> None:
    """Errors against samples, ours and theirs."""
    results = load("lenet5")
    figure = plots.single(lambda ax: plots.errors_against_samples(results, lenet5.PUBLISHED, ax=ax))
    plots.save(figure, str(FIGURES / "lenet5.png"))
