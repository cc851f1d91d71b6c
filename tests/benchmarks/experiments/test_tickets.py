"""Quick runs of the experiments about tickets and counts; what is stored says what it is said to say."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from matplotlib.figure import Figure

from slth import bounds, plots
from slth.sweeps import collect
from slth.sweeps.findings.moments import moments
from slth.sweeps.findings.sparsity import kept, prices
from tests.benchmarks.experiments import approximation, counts, density, papers
from tests.benchmarks.experiments.sweeping import spec, stored


def test_quick_runs() -> None:
    assert "8-8-8" in approximation.run(quick=True, workers=1)
    assert "two-layer" in density.run(quick=True, workers=1)
    assert "size" in counts.run(quick=True, workers=1)
    assert "| 15 | 0.018 |" in papers.run()


@pytest.mark.parametrize("name", ["approximation", "density", "counts"])
def test_stored_answers_are_those_of_the_specification(name: str) -> None:
    wanted, found = spec(name), stored(name)
    assert [one.task for one in found] == list(wanted.tasks)
    assert all(one.finished and (one.seed, one.stop) == (wanted.seed, wanted.stop) for one in found)


def test_again_bit_for_bit() -> None:
    old = stored("counts")[0]
    assert collect([old.task], workers=1, seed=old.seed, stop=old.stop) == (old,)
    for name in ("density", "approximation"):  # the last block; errors of outputs may round otherwise on other machines
        one = stored(name)[0]
        assert one.last is not None
        again = one.task.block(one.seed, one.blocks - 1)
        for key in ("kept", "kept_squares", "kept_biases", "weights"):
            assert again[key] == one.last[key]
        assert again["within"][0] == one.last["within"][0]


def test_the_first_moment_is_met() -> None:
    """Five standard errors: false alarm below 1e-3 for all sizes together, as normal as sums of a hundred counts are."""
    for one in stored("counts"):
        task, found = one.task, moments(one, 1 - 5.7e-7)
        for e in found.found[1:]:
            k = int(e.point["size"])
            if e.successes >= 100 and found.upper[k] > found.lower[k]:
                mean = bounds.rfss_expected(task.n, k, task.epsilon, task.target, task.law)  # type: ignore[attr-defined]
                assert found.lower[k] <= mean <= found.upper[k]


def test_sparser_tickets_take_larger_networks() -> None:
    found = [one for one in prices(stored("density"), density.TOLERANCE) if one.target == "8-8-8"]
    named = {one.construction: one for one in found}
    sizes = [named[f"fixed-size({k})"] for k in (3, 4, 5)]
    assert all(a.density[0] < b.density[0] for a, b in pairwise(sizes))
    assert all(a.overparameterisation[1] > b.overparameterisation[2] for a, b in pairwise(sizes))
    for one in found:  # the theorem, with c_amp = 1, is met with room to spare; counting is not violated
        curve = bounds.overparameterisation(density.WIDTHS, density.EPSILON, [one.density[0]])
        assert curve.necessary[0] < one.overparameterisation[0] < curve.sufficient[0]
    assert (
        "fixed-size(2)" not in named
    )  # `approximate` looks at 44 candidates of a weight: a larger width does not help pairs
    assert all(1 <= one.reuse <= 8 for one in kept(stored("density")) if one.target == "8-8-8")


def test_errors_fall_with_the_width() -> None:
    for target in ("8-8-8", "digits"):
        for error in ("weight", "certified"):
            assert (np.diff(approximation.quantiles(stored("approximation"), target, error)[:, 1]) <= 0).all()
    medians = dict(approximation.quantiles(stored("approximation"), "8-8-8", "weight")[:, :2].tolist())
    # what the theorem promises at a width of 1500 half of the networks have at 30, fifty times narrower
    assert medians[30] < approximation.promised((8, 8, 8), np.array([1500]))[0]


def test_figures() -> None:
    figure = Figure()
    axes = figure.subplots(2, 3).flat
    plots.prices(prices(stored("density"), density.TOLERANCE), ax=axes[0])
    assert any("measured: 8-8-8" in text.get_text() for text in axes[0].get_legend().get_texts())
    density.draw_reuse(stored("density"), axes[1])
    approximation.draw_weights(stored("approximation"), axes[2])
    approximation.draw_outputs(stored("approximation"), axes[3])
    counts.draw_counts(stored("counts"), axes[4])
    counts.draw_any(stored("counts"), axes[5])
    assert all(ax.get_legend() is not None for ax in axes)
