"""Bounds against measurements: a row a bound, filled where it is violated; tickets with their intervals."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from slth import bounds, plots
from slth.sweeps.curves.thresholds import find_thresholds
from slth.sweeps.findings.sparsity import Price
from slth.sweeps.findings.verdicts import Verdict
from tests.sweeps.drawn import curve_of


def test_factors() -> None:
    ax = Figure().subplots()
    some = [
        Verdict("rss_n_explicit", "n", 20, 10, 9, 11), Verdict("rss_n_explicit", "n", 5, 10, 9, 11),
        Verdict("rss_n_counting", "n", 5, 10, 9, 11), Verdict("rss_failure_explicit", "P", 1e-3, 0, 0, 1e-4),
    ]  # fmt: skip
    assert plots.factors(some, ax=ax) is ax
    assert [t.get_text() for t in ax.get_yticklabels()] == ["rss_n_counting", "rss_failure_explicit", "rss_n_explicit"]
    drawn = {
        (float(x), line.get_markerfacecolor())
        for line in ax.lines
        for x in line.get_xdata()
        if line.get_marker() != "None"
    }
    assert drawn == {(2.0, "none"), (0.5, "none"), (0.5, "#222222")}
    assert {t.get_text() for t in ax.get_legend().get_texts()} == {"sufficient", "necessary"}


def test_prices() -> None:
    width = find_thresholds(curve_of([10, 20, 30], [1, 10, 19], 20), (0.5,), method="probit")[0]
    price = Price("8-8-8", "fixed-size(3)", 0.001, 0.5, width, np.array([40.0, 36, 44]), np.array([0.1, 0.11, 0.09]))
    ax = Figure().subplots()
    curve = bounds.overparameterisation([8, 8, 8], 0.25, [0.01, 0.1, 0.5])
    assert plots.prices([price], ax=ax, curve=curve) is ax
    (segments,) = [c.get_segments() for c in ax.collections if hasattr(c, "get_segments")]
    assert np.array(segments[0]).tolist() == [[0.1, 36.0], [0.1, 44.0]]
    assert [t.get_text() for t in ax.texts] == ["3"]
    assert "measured: 8-8-8, 50% of networks" in {t.get_text() for t in ax.get_legend().get_texts()}
