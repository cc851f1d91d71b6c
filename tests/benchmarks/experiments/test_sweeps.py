"""Stored sweeps are what their specifications give, and they lie inside what is proven. They are fixed: nothing fails by chance."""

from __future__ import annotations

import math
from types import ModuleType

import numpy as np
import pytest
from matplotlib.figure import Figure

from slth import bounds
from slth.sweeps import collect
from tests.benchmarks.experiments import quantized, rfss, rss, vectors
from tests.benchmarks.experiments.__main__ import experiments
from tests.benchmarks.experiments.sweeping import DATA, spec, stored

NAMES = ("rss", "rss_decay", "rfss", "rfss_all", "quantized", "vectors")
CHEAP = {"rss": 0, "rfss": 0, "rfss_all": 0, "vectors": 0}  # tasks that take less than a second


@pytest.mark.parametrize("name", NAMES)
def test_stored_are_the_tasks_of_the_specification(name: str) -> None:
    wanted, found = spec(name), stored(name)
    assert [one.task for one in found] == list(wanted.tasks)
    assert all(one.finished and one.seed == wanted.seed and one.stop == wanted.stop for one in found)


@pytest.mark.parametrize("name", CHEAP)
def test_again_bit_for_bit(name: str) -> None:
    wanted, old = spec(name), stored(name)[CHEAP[name]]
    assert collect([old.task], workers=1, seed=wanted.seed, stop=wanted.stop) == (old,)


@pytest.mark.parametrize("module", [rss, rfss, quantized, vectors])
def test_a_quick_run(module: ModuleType) -> None:
    before = {path: path.read_bytes() for path in DATA.glob("*.json")}
    assert "50" in module.run(quick=True, workers=1)
    assert before == {path: path.read_bytes() for path in DATA.glob("*.json")}  # it stores nothing


def test_every_experiment_is_found() -> None:
    assert {"rss", "rfss", "quantized", "vectors"} <= set(experiments())


def test_rss_lies_between_the_bounds() -> None:
    answers = stored("rss")
    for (law, epsilon), curve in rss.pick(answers, "rss-interval").items():
        needed = int(bounds.rss_n_counting(epsilon))
        assert (curve.successes[curve.x < needed] == 0).all()
        for level in (0.5, 0.9):
            enough = rss.promised(epsilon, law, level)
            if enough is not None and enough <= curve.x[-1]:
                assert curve.upper[int(enough) - 1] >= level
        n = np.arange(1, 37)
        if (law, epsilon) in (("uniform", 0.01), ("product", 0.1)):
            assert np.abs(rss.all_targets(n, epsilon, law) - curve.rate)[curve.rate > 0.2].max() < 0.08
    for (law, epsilon), curve in rss.pick(answers, "rss-target").items():
        least = rss.needed_for_one(epsilon, law, 0.9)
        assert least is None or (curve.lower[curve.x < least] < 0.9).all()
    single = rss.pick(answers, "rss-target")["uniform", 0.01]
    assert np.abs(rss.one_target(single.x.astype(int), 0.01, "uniform") - single.rate).max() < 0.02


def test_failure_is_seen_down_to_a_millionth_and_falls_exponentially() -> None:
    for curve, fit in rss.decays(stored("rss_decay")):
        failed = 1 - curve.rate
        assert failed[failed > 0].min() <= 1e-6
        assert 0.3 < fit.rate < math.log(2)
        assert fit.p_value > 1e-3
        if curve.given["kind"] == "rss-interval":
            assert (1 - curve.upper <= bounds.rss_failure_explicit(curve.x.astype(int), 0.1)).all()


def test_theorem_2_holds_where_it_begins() -> None:
    rows = rfss.at_entropy(stored("rfss"), "sqrt k")  # the hardest target
    assert len(rows) > 40
    assert min(row[5] for row in rows) > bounds.rfss_c_thm_least(*bounds.sum_bounded_constants())


@pytest.mark.slow
def test_the_constants_of_fixed_sizes() -> None:
    found = rfss.constants(stored("rfss"))
    assert all(1 < c < 5 for c in found.column("c_hyp"))
    assert max(found.column("c_hyp")[::3]) < 2  # P >= 1/2
    each = rfss.amplified(stored("rfss_all"))
    assert 2 < rfss.largest(each)[0] < 3  # c_amp, at k = 1 and epsilon = 0.4
    assert (
        rfss.largest(one for one in each if one.epsilon <= 0.1)[0] < 0.6
    )  # of those decided: the square asks for less and less


@pytest.mark.parametrize("ratio", [4, pytest.param(3, marks=pytest.mark.slow), pytest.param(2, marks=pytest.mark.slow)])
def test_one_logarithm_at_constant_density(ratio: int) -> None:
    every = [one for one in stored("rfss_all") if one.task.n >= ratio * one.task.k]  # type: ignore[attr-defined]
    found = rfss.bits(every, ratio)
    chi = {fit.form: fit.chi_squared for fit in found.fits}
    assert chi["b x^2"] > 20 * chi["a + b x"]
    assert chi["a + b x^2"] > 5 * chi["a + b x"]
    assert found.x.size >= 8


def test_quantized_failure_falls_at_the_proven_rate_or_faster() -> None:
    for curve, fit in quantized.decays(stored("quantized")):
        assert fit.lower > math.log(4 / 3)
        assert fit.p_value > 1e-3
        bound = bounds.rss_failure_discrete(curve.x.astype(int), curve.given["m"], curve.given["delta"])
        assert (1 - curve.upper <= bound).all()
    table = quantized.summary(stored("quantized"))
    assert len(table.rows) == 6
    assert max(table.column("smallest P seen")) < 1e-6


def test_vectors_grow_like_d_log_d() -> None:
    for one in vectors.growths(stored("vectors")):
        for d, n in zip(one.d, one.n, strict=True):
            assert n.upper > bounds.mrss_target_lower(d, one.epsilon, one.level) - 1
        fits = {fit.form: fit for fit in one.fits}
        assert fits["b x^p"].upper["p"] < 1.7  # not 3
        if one.level == 0.5:
            assert fits["b x + c x log2(x)"].chi_squared < fits["b x + c x^3"].chi_squared / 5
    assert vectors.predicted_n(4, 0.3, 0.5) == pytest.approx(13.4, abs=0.5)


def test_figures_are_drawn() -> None:
    ax = Figure().subplots()
    quantized.draw(quantized.decays(stored("quantized")), ax)
    assert ax.get_yscale() == "log"
    ax = Figure().subplots()
    rss.draw_decay(rss.decays(stored("rss_decay")), ax)
    assert any("proven" in label for label in ax.get_legend_handles_labels()[1])


@pytest.mark.slow
def test_figures_with_predictors_are_drawn() -> None:
    ax = Figure().subplots()
    rfss.draw_bits([rfss.bits(stored("rfss_all"), 4)], ax)
    assert len(ax.lines) == 4  # points, line, parabola, predictor
    ax = Figure().subplots()
    rfss.draw_diagram(stored("rfss"), 0.01, ax)
    assert "predicted 50 %" in ax.get_legend_handles_labels()[1]
    ax = Figure().subplots()
    vectors.draw(vectors.growths(stored("vectors")), ax)
    assert ax.get_xlabel() == "dimension d"
