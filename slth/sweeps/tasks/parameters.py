"""Parameters of tasks, checked and brought to one form, so that one question has one id however it is written."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from slth import laws
from slth.validation import finite_array, one_of, positive_float, positive_int

Number = TypeVar("Number", int, float)


def law_name(law: Any) -> str:
    """The name that `slth.laws.get` reads back as this law.

    Raises
    ------
    TypeError, ValueError
        If there is no such law, or it is one that a name does not bring back.
    """
    found = laws.get(law)
    try:
        returns = laws.get(found.name) == found
    except ValueError:
        returns = False
    if not returns:
        raise ValueError(
            f"a task keeps its law by name, and the name {found.name!r} does not bring this one back; take a built-in law"
        )
    return found.name


def real(value: Any, name: str) -> float:
    """A finite number."""
    array = finite_array(value, name)
    if array.ndim or isinstance(value, bool):
        raise TypeError(f"{name} must be a number, got {value!r}")
    return float(array) + 0.0  # no -0.0: it is written differently


def not_negative(value: Any, name: str) -> float:
    """A finite number >= 0."""
    number = real(value, name)
    if number < 0:
        raise ValueError(f"{name} must be >= 0, got {number}")
    return number


def natural(value: Any, name: str) -> int:
    """A whole number >= 0."""
    number = not_negative(value, name)
    if not number.is_integer():
        raise ValueError(f"{name} must be a whole number, got {number}")
    return int(number)


def ascending(values: Any, name: str, read: Callable[[Any, str], Number]) -> tuple[Number, ...]:
    """One or more different numbers, each read by `read`, in ascending order; a single one may stand by itself."""
    given = list(values) if isinstance(values, Iterable) and not isinstance(values, str) else [values]
    numbers = sorted(read(value, name) for value in given)
    if not numbers:
        raise ValueError(f"{name} must not be empty; give one or more numbers")
    for left, right in pairwise(numbers):
        if left == right:
            raise ValueError(f"{name} must be different numbers, got {left} twice; leave one away")
    return tuple(numbers)


def epsilons(values: Any) -> tuple[float, ...]:
    """Tolerances > 0, ascending."""
    return ascending(values, "epsilons", positive_float)


def lengths(values: Any, name: str, least: int, most: int) -> tuple[int, ...]:
    """Whole numbers from `least` to `most`, ascending."""
    found = ascending(values, name, positive_int)
    if found[0] < least or found[-1] > most:
        worst = found[0] if found[0] < least else found[-1]
        raise ValueError(f"{name} must lie between {least} and {most}, got {worst}")
    return found


def up_to(value: Any, name: str, most: int, least: int = 1) -> int:
    """A whole number from `least` to `most`."""
    number = positive_int(value, name)
    if not least <= number <= most:
        raise ValueError(f"{name} must lie between {least} and {most}, got {number}")
    return number


def interval(low: Any, high: Any) -> tuple[float, float]:
    """The ends of an interval of positive length."""
    ends = real(low, "low"), real(high, "high")
    if not ends[0] < ends[1]:
        raise ValueError(f"low must lie below high, got {ends[0]} and {ends[1]}")
    return ends


UNITS = ("one", "sqrt-k")


def scale(unit: str, k: int) -> float:
    """What a target given in `unit` is multiplied by for subsets of k elements: sums of k numbers reach about sqrt(k)."""
    return math.sqrt(k) if one_of(unit, UNITS, "unit") == "sqrt-k" else 1.0


def targets(center: float, spread: float, trials: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """(trials,) numbers from U[center - spread, center + spread]; the center itself, without a draw, if `spread` is 0."""
    if not spread:
        return np.full(trials, center)
    return center + spread * laws.Uniform().sample(trials, rng)


def shape(name: str) -> tuple[int, ...]:
    """The widths in a name such as "64-32-10"."""
    try:
        widths = tuple(int(part) for part in name.split("-"))
    except (AttributeError, ValueError):
        widths = ()
    if len(widths) < 2 or min(widths) < 1:
        raise ValueError(f"a shape is written as its widths, such as '8-4-2', got {name!r}")
    return widths


def shape_name(name: str) -> str:
    """The name as it is written in a task."""
    return "-".join(map(str, shape(name)))
