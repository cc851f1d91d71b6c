"""Success against one parameter: the points of many tasks, sorted into curves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slth.bounds.table import Table
from slth.sweeps.answer import Collected
from slth.sweeps.estimates import Estimate

Array = NDArray[np.float64]


@dataclass(frozen=True, repr=False)
class Curve:
    """Estimates along one parameter, everything else being equal; the probability is taken to grow, or stay, along it.

    Attributes
    ----------
    along : str
        The parameter.
    given : mapping
        The others.
    x : (points,) float64
        Its values, ascending.
    estimates : tuple of Estimate
        One a value of `x`.
    run : (points,) int64
        Points of one run come from the same trials, each of which succeeds from some `x` on (`slth.sweeps.tasks.first`); runs are
        independent.
    """

    along: str
    given: Mapping[str, Any]
    x: Array
    estimates: tuple[Estimate, ...]
    run: NDArray[np.int64]

    @classmethod
    def of(
        cls,
        x: Iterable[float],
        estimates: Iterable[Estimate],
        *,
        along: str = "n",
        given: Mapping[str, Any] | None = None,
        run: Iterable[int] | None = None,
    ) -> Curve:
        """One curve from its points, in any order; without `run` they are independent.

        Raises
        ------
        ValueError
            If the numbers of values differ, or a value is not finite; if the successes of a run fall along `x`.
        """
        places, points = np.array(list(x), np.float64), tuple(estimates)
        runs = np.arange(places.size) if run is None else np.array(list(run), np.int64)
        if not places.shape == runs.shape == (len(points),):
            raise ValueError(
                f"one estimate and one run a value of {along} wanted, got {len(points)} and {runs.size} for {places.size}"
            )
        if not np.isfinite(places).all():
            raise ValueError(f"{along} must be finite, got {places[~np.isfinite(places)][0]}; leave such points away")
        order = np.lexsort((runs, places))
        found = cls(along, given or {}, places[order], tuple(points[i] for i in order), runs[order])
        for label in np.unique(runs):
            some = found.run == label
            if (np.diff(found.successes[some]) < 0).any() or np.ptp(found.trials[some]):
                raise ValueError(
                    f"points of one run share their trials, and succeed more often along {along}; got {found.successes[some].tolist()} of "
                    f"{found.trials[some].tolist()}; give other points a run of their own"
                )
        return found

    @property
    def trials(self) -> NDArray[np.int64]:
        """(points,) int64."""
        return np.array([e.trials for e in self.estimates])

    @property
    def successes(self) -> NDArray[np.int64]:
        """(points,) int64."""
        return np.array([e.successes for e in self.estimates])

    @property
    def rate(self) -> Array:
        """(points,) float64."""
        return np.array([e.rate for e in self.estimates])

    @property
    def lower(self) -> Array:
        """(points,) float64, lower ends of the intervals."""
        return np.array([e.lower for e in self.estimates])

    @property
    def upper(self) -> Array:
        """(points,) float64, upper ends of the intervals."""
        return np.array([e.upper for e in self.estimates])

    @property
    def name(self) -> str:
        """The other parameters, as ``epsilon=0.01, law=uniform``."""
        return ", ".join(
            f"{key}={value:g}" if isinstance(value, float) else f"{key}={value}" for key, value in self.given.items()
        )

    def between(self, low: float = -np.inf, high: float = np.inf) -> Curve:
        """The part with low <= x <= high."""
        some = (self.x >= low) & (self.x <= high)
        estimates = tuple(e for e, kept in zip(self.estimates, some, strict=True) if kept)
        return Curve(self.along, self.given, self.x[some], estimates, self.run[some])

    def table(self) -> Table:
        """A row a point."""
        rows = tuple(
            (x, e.trials, e.successes, e.rate, e.lower, e.upper)
            for x, e in zip(self.x.tolist(), self.estimates, strict=True)
        )
        return Table((self.along, "trials", "successes", "rate", "lower", "upper"), rows, (self.name,))

    def __repr__(self) -> str:
        ends = f"{self.x[0]:g} to {self.x[-1]:g}" if self.x.size else "none"
        return f"Curve({self.x.size} of {self.along}: {ends}; {self.name})"

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def curves_of(
    collected: Iterable[Collected], along: str = "n", *, confidence: float = 0.95, **given: Any
) -> tuple[Curve, ...]:
    """The points of all tasks as curves along one parameter, one for each value of the others.

    Parameters
    ----------
    collected : iterable of Collected
    along : str
        A name in the points or among the parameters of the tasks.
    confidence : float
        Of the intervals.
    **given
        Only points with these values.

    Raises
    ------
    ValueError
        If no point has `along`, or it is no number there.
    """
    groups: dict[tuple[tuple[str, Any], ...], list[tuple[float, Estimate, int]]] = {}
    names: dict[str, None] = {}
    for label, found in enumerate(collected):
        constant = _constants(found)
        for estimate in found.rows(confidence):
            whole = {**constant, **estimate.point}
            names |= dict.fromkeys(name for name, value in whole.items() if isinstance(value, int | float))
            if along not in whole or any(whole.get(name) != value for name, value in given.items()):
                continue
            if not isinstance(whole[along], int | float):
                raise ValueError(
                    f"{along!r} must be a number, got {whole[along]!r:.60}; choose one of {', '.join(names)}"
                )
            key = tuple((name, value) for name, value in whole.items() if name != along)
            groups.setdefault(key, []).append((float(whole[along]), estimate, label))
    if not groups:
        wanted = "".join(f", {name}={value}" for name, value in given.items())
        there = f"choose one of {', '.join(names)}" if names else "no task counts successes"
        raise ValueError(f"no point has {along!r}{wanted}; {there}")
    return tuple(
        Curve.of(
            *zip(*((x, e) for x, e, _ in points), strict=True),
            along=along,
            given=dict(key),
            run=[r for *_, r in points],
        )
        for key, points in groups.items()
    )


def _constants(found: Collected) -> dict[str, Any]:
    """The kind and parameters of a task but the number of its trials, and the lists that its points run through."""
    points = found.task.points
    listed = [{point.get(name) for point in points} for name in dict.fromkeys(name for p in points for name in p)]
    return {"kind": found.task.kind} | {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in found.task.parameters.items()
        if name != "trials_a_block" and not (isinstance(value, list) and _flat(value) and set(value) in listed)
    }


def _flat(values: list[Any]) -> bool:
    return not any(isinstance(value, list) for value in values)
