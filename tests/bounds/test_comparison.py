"""The comparisons: every curve is what its function says, sides are in order, and the figures draw stored numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from matplotlib.figure import Figure

from slth import plots
from slth.bounds.comparison import NeededSamples, needed_samples, overparameterisation
from slth.bounds.networks import lower
from slth.bounds.networks.dense import pensia_width, sslth_width
from slth.bounds.subset_sums.asymptotic import rss_n_lueker, rss_tail_dacunha
from slth.bounds.subset_sums.covering import rss_cover_prob, rss_target_prob
from slth.bounds.subset_sums.explicit import rss_n_explicit


@pytest.fixture(scope="module")
def found() -> NeededSamples:
    return needed_samples([0.1, 0.03, 0.01, 1e-3, 1e-4], delta=0.05, C=4.0)


def test_epsilons_fall(found: NeededSamples) -> None:
    assert found.epsilons.tolist() == [0.1, 0.03, 0.01, 1e-3, 1e-4]
    assert all(curve.n.shape == (5,) for curve in found.curves)
    assert all((np.diff(curve.n) >= 0).all() for curve in found.curves)


def test_curves_are_the_bounds_themselves(found: NeededSamples) -> None:
    for i, eps in enumerate(found.epsilons.tolist()):
        assert found["rss_n_explicit"].n[i] == rss_n_explicit(eps, 0.05)
        assert found["Lueker, C = 4 assumed"].n[i] == rss_n_lueker(eps, 0.05, 4.0)
        n = int(found["rss_tail_dacunha"].n[i])
        # final error 2 eps there: the least n whose tail is at most delta
        assert rss_tail_dacunha(n, eps / 2, 4.0) <= 0.05
        assert n - 1 < 4 * math.log2(2 / eps) or rss_tail_dacunha(n - 1, eps / 2, 4.0) > 0.05
        n = int(found["rss_cover_prob"].n[i])
        assert rss_cover_prob(n - 1, eps) < 0.95 <= rss_cover_prob(n, eps)
        n = int(found["rss_target_prob"].n[i])
        assert rss_target_prob(n - 1, eps, 0.5) < 0.95 <= rss_target_prob(n, eps, 0.5)
        assert 2 ** int(found["rss_n_counting"].n[i]) >= 0.5 / eps


def test_proven_sides_are_in_order(found: NeededSamples) -> None:
    lowest_sufficient = np.min([c.n for c in found.curves if c.direction == "sufficient" and not c.assumed], axis=0)
    all_at_once = found["rss_n_counting"].n
    assert (all_at_once < found["rss_cover_prob"].n).all()
    assert (found["rss_cover_prob"].n < lowest_sufficient).all()
    assert (found["rss_n_first_moment"].n <= found["rss_target_prob"].n).all()
    assert (found["rss_target_prob"].n <= found["rss_cover_prob"].n).all()


def test_published_simulations_lie_between() -> None:
    """99% quantiles simulated for eps = 0.1, 0.03, 0.01: 12, 14 to 15, 15."""
    found = needed_samples([0.1, 0.03, 0.01], delta=0.01)
    assert (found["rss_n_counting"].n <= [12, 15, 15]).all()
    assert (found["rss_n_explicit"].n >= [12, 14, 15]).all()
    assert np.abs(found["rss_cover_prob"].n - [12, 14.5, 15]).max() <= 2


def test_constants_that_cannot_be() -> None:
    """As the docstring says: below 1 / ln 2 and 1 the formulas contradict the counting bound."""
    epsilons = [10.0**-i for i in range(20, 300, 40)]
    for C, contradicted in ((0.5, {"rss_n_lueker", "rss_tail_dacunha"}), (1.4, {"rss_n_lueker"}), (1.5, set())):
        found = needed_samples(epsilons, delta=1e-4, C=C)
        below = {c.name for c in found.curves if c.assumed and (c.n < found["rss_n_counting"].n).any()}
        assert below == contradicted


def test_predictors_say_nothing_about_rare_failures() -> None:
    found = needed_samples([0.1], delta=1e-6)
    assert np.isnan(found["rss_cover_prob"].n).all()
    assert found["rss_n_explicit"].n[0] == rss_n_explicit(0.1, 1e-6)


def test_table_has_a_legend(found: NeededSamples) -> None:
    text = str(found)
    assert "sufficient: explicit" in text
    assert "C = 4 assumed" in text
    assert "failure probability 0.05" in text
    assert found._repr_html_().count("<tr>") == 6
    assert found.table().column("epsilon") == found.epsilons.tolist()


@pytest.mark.parametrize("epsilons", [[], [0.5], [0.0, 0.1], [-0.1]])
def test_epsilons_out_of_range(epsilons: list[float]) -> None:
    with pytest.raises(ValueError, match=r"in \(0, 1/2\)"):
        needed_samples(epsilons)


def test_other_numbers_out_of_range() -> None:
    with pytest.raises(ValueError, match="delta must be < 1, got 1"):
        needed_samples([0.1], delta=1)
    with pytest.raises(ValueError, match="C must be > 0"):
        needed_samples([0.1], C=0)
    with pytest.raises(KeyError, match=r"no curve 'nothing'; there are Lueker"):
        needed_samples([0.1], delta=1e-6)["nothing"]


def test_overparameterisation_is_theorem_3() -> None:
    curve = overparameterisation((6, 4, 8), 0.01, [0.01, 0.1, 0.9], c_amp=2.0)
    rho = 2.0
    for i, density in enumerate(curve.density.tolist()):
        theorem = sslth_width(min(density / rho, 0.5), (6, 4, 8), 0.01, 2.0)
        assert curve.sufficient[i] == pytest.approx(theorem.m / theorem.m_t, rel=1e-12)
        assert curve.ticket[i] == pytest.approx(theorem.ticket / theorem.m_t, rel=1e-12)
        assert theorem.ticket <= density * theorem.m * (1 + 1e-12)


def test_overparameterisation_against_density() -> None:
    curve = overparameterisation((20, 20, 20), 0.01)
    assert curve.density[-1] == 1
    # H2 is flat near 1/2, where the logarithm makes n grow again by a little
    assert (np.diff(curve.sufficient) <= 0.01 * curve.sufficient[:-1]).all()
    assert (np.diff(curve.necessary) <= 0).all()
    assert (curve.necessary < curve.sufficient).all()
    assert (curve.ticket <= curve.density * curve.sufficient * (1 + 1e-12)).all()
    assert (curve.ticket >= 1).all(), "a ticket cannot be smaller than its target in this construction"


def test_end_points() -> None:
    curve = overparameterisation((20, 20, 20), 0.01, C=5.0)
    ends = {end.label: end for end in curve.ends}
    pensia = pensia_width((20, 20, 20), 0.01, 0.01, 5.0)
    assert ends["Pensia et al., C = 5 assumed"].overparameterisation == pytest.approx(pensia.m / pensia.m_t)
    assert ends["Pensia et al., C = 5 assumed"].density == 1
    malach = ends["Malach et al."]
    # four weights kept for each of the target
    assert malach.density * malach.overparameterisation == pytest.approx(4)
    assert malach.density == curve.density[0]


def test_malach_grows_like_the_square_of_the_target_and_of_the_accuracy() -> None:
    """Quoted for equal widths: of the order (m_t / eps)^2 log; with tolerances eps / (2 l d) already (d / eps)^2 log."""
    coarse, fine = (overparameterisation((20, 20, 20), eps, [0.5]).ends[0] for eps in (1e-2, 1e-4))
    assert fine.overparameterisation / coarse.overparameterisation == pytest.approx(1e4, rel=0.6)


@pytest.mark.parametrize(
    ("densities", "eps", "message"),
    [
        ([0.0], 0.1, r"in \(0, 1\]"),
        ([1.5], 0.1, r"in \(0, 1\]"),
        ([0.5], 0.5, "eps must be < 1/2"),
        ([], 0.1, "at least one"),
    ],
)
def test_overparameterisation_out_of_range(densities: list[float], eps: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        overparameterisation((3, 3), eps, densities)


def test_overparameterisation_prints() -> None:
    text = str(overparameterisation((5, 5), 0.1, [0.1, 0.5]))
    assert "target 5-5" in text
    assert "Malach et al.: density" in text
    assert "<table>" in overparameterisation((5, 5), 0.1, [0.1, 0.5])._repr_html_()


def test_figures_draw_the_stored_numbers(found: NeededSamples) -> None:
    axes = Figure().subplots(1, 2)
    plots.needed_samples(found, ax=axes[0])
    drawn = [line.get_ydata() for line in axes[0].lines]
    assert len(drawn) == len(found.curves)
    assert all(np.array_equal(y, curve.n) for y, curve in zip(drawn, found.curves, strict=True))
    assert axes[0].get_xlabel()
    assert axes[0].get_ylabel()
    assert axes[0].xaxis_inverted()

    curve = overparameterisation((20, 20, 20), 0.01)
    plots.overparameterisation(curve, ax=axes[1])
    assert np.array_equal(axes[1].lines[0].get_ydata(), curve.sufficient)
    assert np.array_equal(axes[1].lines[1].get_ydata(), curve.necessary)
    assert len(axes[1].lines) == 2 + len(curve.ends)
    assert axes[1].get_xlabel()
    axes[0].figure.canvas.draw()


def test_a_figure_leaves_out_what_is_not_known() -> None:
    ax = Figure().subplots()
    plots.needed_samples(needed_samples([0.1, 0.01], delta=1e-6), ax=ax)
    assert len(ax.lines) == 6


def test_behind_hidden_layers_fewer_parameters_are_known_to_be_necessary() -> None:
    """W relu(x) shows a matrix at inputs >= 0 alone, where it has at least 1 / sqrt(2) of its norm."""
    density = [0.1, 1.0]
    one, two = (overparameterisation(widths, 0.01, density).necessary for widths in ((20, 20), (20, 20, 20)))
    assert one[1] * 400 == lower.pensia_lower(20, 0.01, 0.99)
    assert two[1] * 800 == lower.pensia_lower(20, 0.01 * math.sqrt(2), 0.99)
    assert (overparameterisation((20, 20, 20), 0.4, density).necessary == 0).all()
    rng = np.random.default_rng(7)
    angles = np.linspace(0, np.pi / 2, 2001)
    x = np.array([np.cos(angles), np.sin(angles)])
    for matrix in (*rng.normal(size=(200, 2, 2)), np.array([[1.0, -1.0], [0.0, 0.0]])):
        seen = np.linalg.norm(matrix @ x, axis=0).max()
        assert np.linalg.norm(matrix, 2) <= math.sqrt(2) * seen * (1 + 1e-6)
