"""Sweeps: measured success, failure and thresholds with their intervals, and what theory says beside them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from slth.plots.inks import BLUE, GREY, INK, ORANGE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from slth.sweeps.curves.curve import Curve
    from slth.sweeps.curves.decay import Decay
    from slth.sweeps.curves.thresholds import ThresholdEstimate

Line: TypeAlias = float | tuple[ArrayLike, ArrayLike]  # a place on the x-axis, or a curve

_LOOKS = tuple(zip((BLUE, ORANGE, GREY, INK) * 3, "osD^v<>Ph*Xp", ("-", "--", "-.", ":") * 3, strict=True))
_DASHES = ((0, (5, 2)), (0, (1, 1.5)), (0, (6, 2, 1, 2)), (0, (3, 1, 1, 1, 1, 1)))


def success_curve(curves: Curve | Iterable[Curve], *, ax: Axes, theory: Mapping[str, Line] | None = None) -> Axes:
    """P(success) against n, or any parameter that curves run along, with intervals shaded.

    Parameters
    ----------
    curves : Curve or iterable of Curve
    ax : Axes
    theory : mapping, optional
        By name a number, drawn as a vertical line ("from here on it is promised"), or a curve (x, probability).
    """
    shown = _sequence(curves)
    for found, (ink, mark, style) in zip(shown, itertools.cycle(_LOOKS), strict=False):
        ax.fill_between(found.x, found.lower, found.upper, color=ink, alpha=0.25, lw=0)
        ax.plot(
            found.x, found.rate, ls=style, marker=mark, ms=4, mfc="white", color=ink, label=_differing(found, shown)
        )
    _theory(theory, ax)
    ax.set_ylim(-0.02, 1.02)
    ax.set_ylabel("P(success)")
    _finished(shown, ax)
    return ax


def failure_decay(
    curves: Curve | Iterable[Curve],
    *,
    ax: Axes,
    fits: Decay | Iterable[Decay] = (),
    theory: Mapping[str, Line] | None = None,
) -> Axes:
    """Probability of failure on a logarithmic scale, with intervals shaded, exponential fits and bounds.

    Where no trial failed there is only an upper end, marked by a triangle pointing down.

    Parameters
    ----------
    curves : Curve or iterable of Curve
    ax : Axes
    fits : Decay or iterable of Decay
        In the order of the curves.
    theory : mapping, optional
        By name a curve (x, probability of failure), or a number for a vertical line.
    """
    from slth.sweeps.curves.decay import Decay

    shown = _sequence(curves)
    exponentials = [fits] if isinstance(fits, Decay) else list(fits)
    seen = [1 - found.rate[found.rate < 1] for found in shown]
    floor = 0.1 * min((float(part.min()) for part in seen if part.size), default=0.1)
    for found, (ink, mark, _) in zip(shown, itertools.cycle(_LOOKS), strict=False):
        fails, low, high = 1 - found.rate, 1 - found.upper, 1 - found.lower
        some = found.successes < found.trials
        ax.fill_between(found.x, np.maximum(low, floor), np.maximum(high, floor), color=ink, alpha=0.25, lw=0)
        ax.plot(found.x[some], fails[some], mark, ms=4, mfc="white", color=ink, label=_differing(found, shown))
        ax.plot(found.x[~some], high[~some], "v", ms=5, color=ink)
    for number, (fit, (ink, _, _)) in enumerate(zip(exponentials, itertools.cycle(_LOOKS), strict=False)):
        x = np.linspace(*fit.span, 200)
        rate = rf"$e^{{-{fit.rate:.3g} x}}$, rate {fit.lower:.3g} to {fit.upper:.3g}"
        doubt = "" if np.isnan(fit.p_value) or fit.p_value >= 0.001 else ", does not fit"
        label = f"fit{f' {number + 1}' if len(exponentials) > 1 else ''}: {rate}{doubt}"
        ax.plot(x, fit(x), "-", lw=1.2, color=ink, label=label)
    _theory(theory, ax)
    ax.set_yscale("log")
    ax.set_ylim(floor, 1.5)
    ax.set_ylabel("P(failure)")
    _finished(shown, ax)
    return ax


def thresholds(
    found: Mapping[float, Sequence[ThresholdEstimate]],
    *,
    ax: Axes,
    along: str = "epsilon",
    of: str = "n",
    log: bool | None = None,
    theory: Mapping[str, tuple[ArrayLike, ArrayLike]] | None = None,
) -> Axes:
    """Where success reaches each level, against another parameter, with intervals shaded.

    A triangle stands at the end of a grid beyond which the threshold lies. Intervals are shaded within the grid only.

    Parameters
    ----------
    found : mapping
        By value of `along`, what `slth.sweeps.find_thresholds` gives.
    ax : Axes
    along, of : str
        Names of the axes.
    log : bool, optional
        Whether `along` is on a logarithmic scale; by default where it spans a factor of 10.
    theory : mapping, optional
        By name a curve (value of `along`, threshold).
    """
    x = np.array(sorted(found), np.float64)
    levels = sorted({e.level for estimates in found.values() for e in estimates})
    for level, (ink, mark, style) in zip(levels, itertools.cycle(_LOOKS), strict=False):
        pairs = [(place, e) for place in x.tolist() for e in found[place] if e.level == level]
        places, each = np.array([place for place, _ in pairs]), [e for _, e in pairs]
        low, value, high = (
            np.array([float(np.clip(getattr(e, side), *e.grid)) for e in each]) for side in ("lower", "value", "upper")
        )
        inside = np.array([np.isfinite(e.value) for e in each])
        ax.fill_between(places, low, high, color=ink, alpha=0.25, lw=0)
        ax.plot(
            places,
            np.where(inside, value, np.nan),
            ls=style,
            marker=mark,
            ms=4,
            mfc="white",
            color=ink,
            label=f"{100 * level:g} %",
        )
        for beyond, pointing in ((np.inf, "^"), (-np.inf, "v")):
            some = np.array([e.value == beyond for e in each])
            ax.plot(places[some], value[some], pointing, ms=6, color=ink)
    _theory(theory, ax)
    positive = bool((x > 0).all())
    if log if log is not None else positive and x.size and x[-1] >= 10 * x[0]:
        ax.set_xscale("log")
    ax.set_xlabel(along)
    ax.set_ylabel(f"{of} at which P(success) reaches the level")
    ax.legend(frameon=False, fontsize=8)
    return ax


def measured_against_theory(
    predicted: ArrayLike,
    measured: ArrayLike,
    lower: ArrayLike,
    upper: ArrayLike,
    *,
    ax: Axes,
    groups: Sequence[str] | None = None,
    log: bool = False,
    what: str = "value",
) -> Axes:
    """Any measured numbers against predicted ones: on the diagonal where theory is right, the interval a shaded bar.

    Parameters
    ----------
    predicted, measured, lower, upper : (points,) float64
    ax : Axes
    groups : sequence of str, optional
        The group of each point, told apart by marks.
    log : bool
        Logarithmic axes.
    what : str
        What is compared, for the labels.

    Raises
    ------
    ValueError
        If the numbers of values differ.
    """
    columns = [np.asarray(values, np.float64).ravel() for values in (predicted, measured, lower, upper)]
    names = np.array(["measured"] * columns[0].size if groups is None else list(groups))
    if len({values.size for values in (*columns, names)}) > 1:
        raise ValueError(
            f"as many predicted as measured numbers, ends and groups wanted, got {[v.size for v in (*columns, names)]}"
        )
    x, y, low, high = columns
    for name, (ink, mark, _) in zip(dict.fromkeys(names.tolist()), itertools.cycle(_LOOKS), strict=False):
        some = names == name
        ax.vlines(x[some], low[some], high[some], color=ink, alpha=0.3, lw=5)
        ax.plot(x[some], y[some], mark, ms=4, mfc="white", color=ink, label=name)
    finite = np.concatenate([x, y, low, high])
    finite = finite[np.isfinite(finite) & ((finite > 0) | (not log))]
    if finite.size:
        ends = [float(finite.min()), float(finite.max())]
        ax.plot(ends, ends, "-", color=GREY, lw=1, zorder=0, label="equal")
    if log:
        ax.set_xscale("log")
        ax.set_yscale("log")
    ax.set_xlabel(f"predicted {what}")
    ax.set_ylabel(f"measured {what}")
    ax.legend(frameon=False, fontsize=8)
    return ax


def _sequence(curves: Curve | Iterable[Curve]) -> list[Curve]:
    from slth.sweeps.curves.curve import Curve

    found = [curves] if isinstance(curves, Curve) else list(curves)
    if not found:
        raise ValueError("there is no curve to draw; slth.sweeps.curves_of finds those of a sweep")
    return found


def _differing(found: Curve, shown: Sequence[Curve]) -> str:
    """What tells a curve from the others beside it."""
    names = [key for key in found.given if any(other.given.get(key) != found.given[key] for other in shown)]
    return ", ".join(f"{key} = {_short(found.given[key])}" for key in names) or "measured"


def _short(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _theory(theory: Mapping[str, Line] | Mapping[str, tuple[ArrayLike, ArrayLike]] | None, ax: Axes) -> None:
    dashes: Iterator[Any] = itertools.cycle(_DASHES)
    for (name, line), dash in zip((theory or {}).items(), dashes, strict=False):
        if isinstance(line, tuple):
            ax.plot(*line, color=INK, lw=1.2, ls=dash, label=name)
        else:
            ax.axvline(line, color=INK, lw=1.2, ls=dash, label=name)


def _finished(shown: Sequence[Curve], ax: Axes) -> None:
    if all((found.x == np.rint(found.x)).all() for found in shown):
        _whole_numbers(ax)
    same = {
        key: value for key, value in shown[0].given.items() if all(other.given.get(key) == value for other in shown)
    }
    ax.set_xlabel(shown[0].along)
    title = ", ".join(f"{key} = {_short(value)}" if key != "kind" else str(value) for key, value in same.items())
    ax.set_title(title, fontsize=9, wrap=True)
    ax.legend(frameon=False, fontsize=8)


def _whole_numbers(ax: Axes) -> None:
    from matplotlib.ticker import MaxNLocator

    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
