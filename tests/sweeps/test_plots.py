"""Figures of sweeps: what is drawn is what was measured, with its uncertainty."""

from __future__ import annotations

import inspect
import math
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

from slth import plots
from slth.sweeps.curves.decay import fit_decay
from slth.sweeps.curves.thresholds import find_thresholds
from tests.sweeps.drawn import curve_of

X = [2, 4, 6, 8]


def axes() -> Axes:
    return Figure().subplots()


def bands(ax: Axes) -> list[PolyCollection]:
    return [part for part in ax.collections if isinstance(part, PolyCollection)]


def test_every_figure_on_given_axes_returns_them() -> None:
    drawn = [inspect.signature(getattr(plots, name)) for name in plots.__all__]
    on_axes = [signature for signature in drawn if "ax" in signature.parameters]
    assert len(on_axes) >= 20
    assert {signature.return_annotation for signature in on_axes} == {"Axes"}


def test_success_is_drawn_with_its_interval_and_theory() -> None:
    curves = [
        curve_of(X, [1, 20, 60, 99], 100, epsilon=0.1, law="uniform"),
        curve_of(X, [0, 5, 30, 80], 100, epsilon=0.01, law="uniform"),
    ]
    ax = axes()
    assert plots.success_curve(curves, ax=ax, theory={"promised": 7.0, "predicted": (X, [0.1, 0.2, 0.5, 0.9])}) is ax
    for curve, line, band in zip(curves, ax.lines, bands(ax), strict=False):
        assert line.get_ydata() == pytest.approx(curve.rate)
        ends = band.get_paths()[0].vertices[:, 1]
        assert (ends.min(), ends.max()) == pytest.approx((curve.lower.min(), curve.upper.max()))
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert texts == ["epsilon = 0.1", "epsilon = 0.01", "promised", "predicted"]
    assert ax.get_title() == "law = uniform"
    # told apart without colour
    assert len({(line.get_linestyle(), line.get_marker()) for line in ax.lines[:2]}) == 2
    with pytest.raises(ValueError, match="no curve to draw"):
        plots.success_curve([], ax=ax)


def test_failures_that_were_not_seen_are_upper_ends() -> None:
    curve = curve_of(X, [500, 900, 990, 1000], 1000)
    fit = fit_decay(curve)
    ax = axes()
    assert plots.failure_decay(curve, ax=ax, fits=fit, theory={"bound": (X, [0.9, 0.8, 0.7, 0.6])}) is ax
    seen, unseen, line, bound = ax.lines
    assert seen.get_ydata() == pytest.approx([0.5, 0.1, 0.01])
    assert unseen.get_xdata().tolist() == [8]
    assert unseen.get_ydata() == pytest.approx(1 - curve.lower[-1:])
    assert line.get_ydata() == pytest.approx(fit(line.get_xdata()))
    assert bound.get_label() == "bound"
    assert ax.get_yscale() == "log"
    doubtful = fit_decay(curve_of(X, [1000, 99_000, 50_000, 99_999], 100_000))
    plots.failure_decay(curve, ax=ax, fits=[doubtful])
    assert "does not fit" in ax.get_legend().get_texts()[-1].get_text()


def test_phase_diagram_has_a_box_for_each_point() -> None:
    curves = [curve_of([4, 6, 8], [20 * k, 120 + 40 * k, 280 + 20 * k], 400, k=k) for k in (1, 2)]
    curves.append(curve_of([6, 8], [2, 4], 6, k=3))
    ax = axes()
    assert plots.phase_diagram(curves, ax=ax, theory={"entropy": ([4, 8], [0.4, 0.2])}) is ax
    boxes, hatched = (part for part in ax.collections if isinstance(part, PolyCollection))
    assert np.asarray(boxes.get_array()) == pytest.approx(np.concatenate([curve.rate for curve in curves]))
    middle = boxes.get_paths()[0].vertices[:4].mean(axis=0)
    assert middle == pytest.approx([4, 1 / 4])
    assert len(hatched.get_paths()) == 2  # six trials say little
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["interval wider than 0.2", "measured: 50 %", "entropy"]
    with pytest.raises(ValueError, match=r'curves along "n", each with its k'):
        plots.phase_diagram([curve_of([4], [1], 2)], ax=ax)


def test_phase_diagram_of_one_point() -> None:
    ax = axes()
    plots.phase_diagram([curve_of([4], [200], 400, k=2)], ax=ax)
    assert ax.get_legend() is None


def test_thresholds_beyond_the_grid_are_triangles() -> None:
    found = {
        0.1: find_thresholds(curve_of(X, [10, 60, 95, 100], 100), (0.5, 0.9)),
        0.001: find_thresholds(curve_of(X, [0, 1, 55, 60], 100), (0.5, 0.9)),
    }
    ax = axes()
    assert plots.thresholds(found, ax=ax, theory={"predicted": ([0.1, 0.001], [4, 7])}) is ax
    half, _, _, ninety, above, _, _ = ax.lines
    assert half.get_ydata() == pytest.approx([6, 4])
    assert ninety.get_ydata()[1] == 6
    assert math.isnan(ninety.get_ydata()[0])
    assert (above.get_marker(), above.get_xdata().tolist(), above.get_ydata().tolist()) == ("^", [0.001], [8])
    assert ax.get_xscale() == "log"
    assert len(bands(ax)) == 2


def test_measured_against_theory() -> None:
    ax = axes()
    drawn = plots.measured_against_theory(
        [1, 2, 4], [1.5, 2, 3], [1, 1, 2], [2, 3, 4], ax=ax, groups=["a", "b", "a"], log=True, what="n"
    )
    assert drawn is ax
    assert ax.lines[0].get_xdata() == pytest.approx([1, 4])
    assert ax.lines[0].get_ydata() == pytest.approx([1.5, 3])
    assert [segment[:, 1].tolist() for segment in ax.collections[0].get_segments()] == [[1, 2], [2, 4]]
    assert ax.lines[-1].get_xdata() == pytest.approx(ax.lines[-1].get_ydata())
    assert ax.get_xlabel() == "predicted n"
    with pytest.raises(ValueError, match=r"got \[2, 1, 1, 1, 2\]"):
        plots.measured_against_theory([1, 2], [1], [1], [1], ax=ax)


@pytest.mark.parametrize(
    ("name", "start"), [("f.png", b"\x89PNG"), ("f.pdf", b"%PDF"), ("f.SVG", b"<?xml"), ("f", b"\x89PNG")]
)
def test_the_suffix_is_the_format_and_the_bytes_are_the_same(name: str, start: bytes, tmp_path: Path) -> None:
    curve = curve_of(X, [1, 20, 60, 99], 100)
    written = []
    for _ in range(2):
        plots.save(plots.single(lambda ax: plots.success_curve(curve, ax=ax)), tmp_path / name)
        written.append((tmp_path / name).read_bytes())
    assert written[0].startswith(start)
    assert written[0] == written[1]


def test_other_formats_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"written as .png, .pdf, .svg, got '.*f.jpg'; change the end of its name"):
        plots.writable_figure(tmp_path / "f.jpg")
    with pytest.raises(ValueError, match="written as"):
        plots.save(Figure(), tmp_path / "f.eps")
    with pytest.raises(FileNotFoundError):
        plots.writable_figure(tmp_path / "none" / "f.png")
    assert not list(tmp_path.iterdir())
