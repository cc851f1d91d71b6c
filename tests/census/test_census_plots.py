"""Figures of the census: what they draw is what they were given."""

from __future__ import annotations

import math

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import slth
from slth import plots
from slth.census import Ensemble, distances, of_construction, theory
from slth.census.answer import exact_census
from tests.census.exact_cases import network

FOUND = exact_census(np.array([0, 0, 3, 5, 1, 0], np.uint64), np.arange(6), 5, 0.25, "walk")
SOURCES = Ensemble(np.arange(3), np.log2([[1.0, 4.0, 2.0], [1.0, 1.0, 8.0]]), np.full(2, 5), 0.25)


def labels(ax: Axes) -> list[str]:
    legend = ax.get_legend()
    assert legend is not None
    return [text.get_text() for text in legend.get_texts()]


def line(ax: Axes, label: str) -> np.ndarray:
    (found,) = (drawn for drawn in ax.lines if drawn.get_label() == label)
    return np.asarray(found.get_xydata())


@pytest.fixture
def ax() -> Axes:
    return Figure().subplots()


def test_census(ax: Axes) -> None:
    assert plots.census(FOUND, ax=ax, theory=theory(FOUND, SOURCES), tickets={"mine": 3}) is ax
    assert line(ax, "within 0.25") == pytest.approx(np.array([[2, math.log2(3)], [3, math.log2(5)], [4, 0.0]]))
    assert line(ax, r"all masks: $\\log_2 \\binom{m}{s}$".replace("\\\\", "\\"))[:, 1] == pytest.approx(FOUND.log2_all)
    assert line(ax, "entropy: m H(s/m)").shape == (6, 2)
    assert {"annealed, 2 sources", "quenched, 2 sources"} <= set(labels(ax))
    assert [text.get_text() for text in ax.texts] == ["mine"]
    assert ax.texts[0].xy == pytest.approx((3, math.log2(5)))
    assert "m = 5" in ax.get_xlabel()
    assert "subnetworks" in ax.get_ylabel()


def test_census_of_nothing(ax: Axes) -> None:
    none = exact_census(np.zeros(6, np.uint64), np.arange(6), 5, 0.25, "walk")
    plots.census(none, ax=ax, theory=theory(none))
    assert "within 0.25: none" in labels(ax)
    ax.figure.draw_without_rendering()  # type: ignore[union-attr]


def test_a_construction_without_any_size(ax: Axes) -> None:
    none = exact_census(np.empty(0, np.uint64), np.empty(0, np.int64), 100, 0.1, "product")
    plots.census(none, ax=ax, theory=theory(none))
    ax.figure.draw_without_rendering()  # type: ignore[union-attr]


def test_the_band_of_a_sampled_one(ax: Axes) -> None:
    x = np.random.default_rng(0).uniform(-1, 1, (4, 2))
    options = {"inputs": x, "method": "splitting", "sizes": [5, 20, 35], "effort": 0.1, "rng": 0}
    found = slth.count_subnetworks(network([2, 12, 1], 1), network([2, 1], 2), 0.5, **options)
    plots.census(found, ax=ax)
    assert "estimated, 95%" in labels(ax)
    drawn = np.concatenate([path.vertices for path in ax.collections[0].get_paths()])
    for low, high in zip(found.log2_lower, found.log2_upper, strict=True):
        assert np.isclose(drawn[:, 1], high).any()
        assert np.isclose(drawn[:, 1], max(low, -1.0)).any()


def test_layers_and_theory_of_a_construction(ax: Axes) -> None:
    rng = np.random.default_rng(0)
    target = slth.Network.read([(rng.uniform(-0.5, 0.5, (3, 3)), None), (rng.uniform(-0.5, 0.5, (2, 3)), None)])
    found = of_construction(target, 40, 1.0, rng=0)
    assert found.smallest is not None
    plots.census_layers(found, ax=ax)
    assert [text.split(" (")[0] for text in labels(ax)] == ["layer 0", "layer 1"]
    other = Figure().subplots()
    plots.census(found, ax=other, theory=theory(found), tickets={"solver": slth.approximate(target, 40, rng=0)})
    assert "first moment (predictor)" in labels(other)
    assert "first moment of every weight reaches 1" in labels(other)
    assert other.texts[0].xy[1] > 0


def test_ensemble(ax: Axes) -> None:
    plots.ensemble(SOURCES, ax=ax)
    assert line(ax, r"annealed: $\log_2$ mean $N$")[:, 1] == pytest.approx(SOURCES.annealed)
    assert line(ax, r"quenched: mean $\log_2 N$")[:, 1] == pytest.approx(SOURCES.quenched)


def test_a_quenched_curve_that_is_nowhere_says_so(ax: Axes) -> None:
    plots.ensemble(Ensemble(np.arange(2), np.array([[0.0, 1.0], [-math.inf, -math.inf]]), np.full(2, 1), 0.1), ax=ax)
    assert any("some source has none" in text for text in labels(ax))


def test_growth(ax: Axes) -> None:
    none = Ensemble(np.arange(3), np.full((2, 3), -math.inf), np.full(2, 5), 0.25)
    plots.growth({4: none, 6: SOURCES}, ax=ax)
    totals = np.sort(SOURCES.log2_total)
    assert line(ax, "median source") == pytest.approx(np.array([[4, -1.0], [6, totals[0]]]))
    assert sum(len(drawn.get_xdata()) for drawn in ax.lines) == 2 + 2 + 2  # type: ignore[arg-type]


def test_mask_distances(ax: Axes) -> None:
    masks = np.packbits(np.array([[1, 1, 0, 0], [1, 0, 1, 0], [0, 0, 1, 1]], bool), axis=1)
    plots.mask_distances(distances(masks, 4), ax=ax)
    heights = {patch.get_x() + patch.get_width() / 2: patch.get_height() for patch in ax.patches}
    assert heights == pytest.approx({0: 0, 2: 2 / 3, 4: 1 / 3})
    assert line(ax, "independent masks")[:, 1].sum() == pytest.approx(1.0)
