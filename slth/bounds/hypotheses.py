"""What a bound is asked at, and which of its hypotheses that breaks."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slth.validation import finite_array

Array = NDArray[np.float64]


class HypothesisError(ValueError):
    """A bound was asked for outside its hypotheses; the message names the one that fails."""


class HypothesisWarning(UserWarning):
    """Entries of an array lie outside the hypotheses of a bound and came out as NaN; the message names the one that fails."""


class Arguments:
    """The numbers that a bound is asked at, broadcast against each other.

    Nothing is extrapolated: where a hypothesis fails, a bound of scalars raises `HypothesisError`, and one of arrays is NaN with a
    `HypothesisWarning`. The formula itself sees only entries at which all hypotheses hold.

    Parameters
    ----------
    bound : str
        Name of the function, for messages.
    numbers
        Real numbers or arrays, finite.

    Raises
    ------
    TypeError, ValueError
        For what is not a real number, for NaN and infinities, for shapes that do not broadcast.

    Examples
    --------
    >>> def half(x):
    ...     args = Arguments("half", x=x)
    ...     (x,) = args
    ...     args.require("x >= 0", x >= 0)
    ...     return args.real(lambda x: x / 2)
    >>> half(3)
    1.5
    """

    def __init__(self, bound: str, **numbers: ArrayLike) -> None:
        self._bound = bound
        # what a bound returns as an int may be beyond 2^53; as an argument it is rounded
        given = {
            name: finite_array(_rounded(value, name) if isinstance(value, int) else value, name)
            for name, value in numbers.items()
        }
        try:
            shape = np.broadcast_shapes(*(value.shape for value in given.values()))
        except ValueError:
            shapes = ", ".join(f"{name} {value.shape}" for name, value in given.items())
            raise ValueError(f"{bound}: these shapes do not broadcast: {shapes}") from None
        self._given = {name: np.broadcast_to(value, shape) for name, value in given.items()}
        self._met = np.ones(shape, np.bool_)

    @property
    def shape(self) -> tuple[int, ...]:
        return self._met.shape

    def __iter__(self) -> Iterator[Array]:
        """The arrays in the order in which they were named, for unpacking."""
        return iter(self._given.values())

    def require(self, hypothesis: str, holds: NDArray[np.bool_] | bool) -> None:
        """Demand a hypothesis, in words that name the arguments: ``args.require("0 < eps < 1", (eps > 0) & (eps < 1))``."""
        lost = self._met & ~np.broadcast_to(np.asarray(holds), self.shape)
        if not lost.any():
            return
        first = tuple(int(i) for i in np.argwhere(lost)[0])
        values = ", ".join(f"{name} = {value[first]:.6g}" for name, value in self._given.items())
        if not self.shape:
            raise HypothesisError(f"{self._bound} needs {hypothesis}, got {values}")
        self._met = self._met & ~lost
        # Python points to the first frame outside this folder: the caller's line
        warnings.warn(
            f"{self._bound} needs {hypothesis}: {lost.sum()} of {lost.size} entries are NaN, the first at {values}",
            HypothesisWarning,
            stacklevel=_frames_within(),
        )

    def require_whole(self, *names: str, least: int = 1) -> None:
        """Demand whole numbers >= `least`."""
        for name in names:
            value = self._given[name]
            self.require(f"a whole number {name} >= {least}", (value == np.floor(value)) & (value >= least))

    def real(self, formula: Callable[..., Any]) -> Any:
        """``formula(*numbers)`` at the entries where all hypotheses hold (1-D arrays): a float, or a float64 array with NaN elsewhere."""
        values = self._evaluate(formula)
        return values if self.shape else float(values)

    def whole(self, formula: Callable[..., Any]) -> Any:
        """As `real`, for whole numbers: an int for scalars; arrays are float64, so that they can hold NaN."""
        values = self._evaluate(formula)
        if self.shape:
            return values
        if not np.isfinite(values):
            raise OverflowError(f"{self._bound}: the result is beyond float64")
        return int(values)

    def _evaluate(self, formula: Callable[..., Any]) -> Array:
        values = np.full(self.shape, np.nan)
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):  # what that makes NaN is reported here
            try:
                values[self._met] = formula(*(value[self._met] for value in self._given.values()))
            except MemoryError as error:
                raise MemoryError(
                    f"{self._bound}: {error}; its memory grows with the numbers, ask for smaller ones"
                ) from None
        self.require("numbers that float64 can calculate with", ~(self._met & np.isnan(values)))
        return values


def _rounded(value: int, name: str) -> float:
    try:
        return float(value)
    except OverflowError:
        raise ValueError(
            f"{name} must be finite, got an integer beyond float64; the largest is about 1.8e308"
        ) from None


def _frames_within() -> int:
    """Stack level, for a warning of the caller of this function, of the first frame outside this package."""
    import sys

    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("slth.bounds"):
        frame, level = frame.f_back, level + 1
    return level
