"""Forms of growth: the one behind the data is found, others are not, and the intervals of coefficients hold what they promise."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from slth import plots
from slth.sweeps import Curve, Trials, collect
from slth.sweeps.curves.curve import curves_of
from slth.sweeps.curves.scaling import FORMS, compare_scalings, fit_scaling, near
from slth.sweeps.tasks import RSSTarget

X = np.linspace(2, 12, 12)
TRUE = {"a": 3.0, "b": 2.0, "c": 0.1, "p": 1.3}


@pytest.mark.parametrize("form", FORMS)
def test_exact_data_give_the_coefficients(form: str) -> None:
    names, function = FORMS[form]
    y = function(X, *(TRUE[name] for name in names))
    fit = fit_scaling(X, y, y - 0.1, y + 0.1, form)
    for name in names:
        assert fit.values[name] == pytest.approx(TRUE[name], rel=1e-5)
        assert fit.lower[name] < TRUE[name] < fit.upper[name]
    assert fit.chi_squared < 1e-6
    assert fit.degrees == 12 - len(names)
    np.testing.assert_allclose(fit(X), y, rtol=1e-6)
    assert str(fit).startswith(f"{form}: {names[0]} = ")


def test_intervals_cover() -> None:
    """95 % intervals of a slope, 400 times: fewer than 363 or more than 396 hits have a probability below 10^-3."""
    rng = np.random.default_rng(0)
    half = 1.959964 * 0.2
    hits = 0
    for _ in range(400):
        y = 1 + 2 * X + 0.2 * rng.standard_normal(X.size)
        fit = fit_scaling(X, y, y - half, y + half, "a + b x")
        hits += fit.lower["b"] <= 2 <= fit.upper["b"]
    # where chi-squared exceeds its degrees intervals are widened, so they cover a little more often
    assert 363 <= hits <= 399


def test_one_logarithm_is_told_from_two() -> None:
    rng = np.random.default_rng(1)
    for true, false in (("b x", "b x^2"), ("b x^2", "b x")):
        names, function = FORMS[true]
        y = function(X, 2.0) + 0.2 * rng.standard_normal(X.size)
        fits, table = compare_scalings(X, y, y - 0.4, y + 0.4, ("b x", "b x^2"))
        assert {fit.form: fit.chi_squared for fit in fits}[false] > 100
        assert table.column("form") == [true, false]
        assert float(table.column("behind")[0]) == 0.0
        assert float(table.column("behind")[1]) > 10
        assert names == ("b",)


def test_a_wrong_form_widens_its_intervals() -> None:
    y = X**2
    narrow = fit_scaling(X, y, y - 0.1, y + 0.1, "b x^2")
    wide = fit_scaling(X, y, y - 0.1, y + 0.1, "b x")
    assert wide.dispersion > 100 > narrow.dispersion
    assert wide.upper["b"] - wide.lower["b"] > 10 * (narrow.upper["b"] - narrow.lower["b"])


@pytest.mark.parametrize(
    ("change", "message"),
    [({"form": "x"}, "form"), ({"x": X[:2]}, "more than 2 points"), ({"upper": X * 0}, "positive length"), ({"y": X * np.nan}, "finite")],
)  # fmt: skip
def test_misuse(change: dict[str, object], message: str) -> None:
    given: dict[str, object] = {"x": X, "y": X, "lower": X - 1, "upper": X + 1, "form": "a + b x"} | change
    with pytest.raises(ValueError, match=message):
        fit_scaling(**given)  # type: ignore[arg-type]


def _curve() -> Curve:
    task = RSSTarget(ns=tuple(range(1, 15)), epsilons=(0.1,), trials_a_block=1000)
    return curves_of(collect([task], workers=1, stop=Trials(1000)))[0]


@pytest.mark.parametrize("level", [0.2, 0.5, 0.9])
def test_near_a_level(level: float) -> None:
    curve = _curve()
    part = near(curve, level)
    first = int(np.argmax(curve.rate >= level))
    assert set(curve.x[max(first - 1, 0) : first + 1]) <= set(part.x)
    assert part.x.size < curve.x.size
    assert (np.diff(part.x) == 1).all()
    wide = near(curve, level, reach=50)
    assert wide.x.size == curve.x.size


def test_the_figure_shows_values_intervals_fits_and_theory() -> None:
    ax = Figure().subplots()
    plots.scaling(
        {"one": ([2, 1], [4.0, 2.0], [3.5, 1.5], [4.5, 2.5])}, ax=ax, fits={"line": (X, X)}, theory={"bound": (X, 2 * X)},
        xlabel="d", ylabel="n",
    )  # fmt: skip
    assert [line.get_label() for line in ax.lines] == ["one", "line", "bound"]
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), [[1, 2], [2, 4]])
    low, high = ax.collections[0].get_datalim(ax.transData).intervaly
    assert (low, high) == (1.5, 4.5)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("d", "n")
