"""Checks of user input shared by every floor: one clear error each (value, requirement, remedy)."""

from __future__ import annotations

import os
from collections.abc import Iterable
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slth import spool

_EXACT = 2**53  # every integer up to here is a float64
_BLOCK = 1 << 18  # numbers looked at together


def finite_array(values: ArrayLike, name: str, *, ndim: int | None = None) -> NDArray[np.float64]:
    """``values`` as a C-contiguous float64 array without NaN or infinity.

    Raises
    ------
    TypeError
        If the values are not real numbers (complex, strings, objects, ragged nesting).
    ValueError
        If an entry is NaN or infinite, an integer beyond 2^53, or the number of dimensions is not `ndim`.
    """
    if isinstance(values, np.ma.MaskedArray):
        raise TypeError(f"{name} must not be a masked array: its mask would be ignored; fill or compress it first")
    try:
        raw = np.asarray(values)
    except ValueError as error:  # ragged nested sequences
        raise TypeError(f"{name} must be a rectangular array of real numbers: {error}") from None
    if raw.dtype.kind not in "fiub":
        raise TypeError(f"{name} must hold real numbers, got dtype {raw.dtype}; give floats or integers")
    if ndim is not None and raw.ndim != ndim:
        raise ValueError(f"{name} must have {ndim} dimension(s), got shape {raw.shape}")
    if raw.dtype.kind in "iu" and raw.size and (raw.max() > _EXACT or raw.min() < -_EXACT):
        raise ValueError(
            f"{name} holds integers beyond 2^53, which float64 would round; divide them, or convert them to float64 first"
        )
    array = raw
    if raw.dtype != np.float64 or not raw.flags.c_contiguous:
        with np.errstate(over="ignore"):  # a long double beyond float64 becomes infinite, and is refused as such
            array = spool.copied(raw)
    flat = array.reshape(-1)
    for here in spool.slices(flat.size, _BLOCK):
        finite = np.isfinite(flat[here])
        if finite.all():
            continue
        where = tuple(int(i) for i in np.unravel_index(here.start + int(finite.argmin()), array.shape))
        at = f" at index {where}" if where else ""
        raise ValueError(f"{name} must be finite, got {array[where]}{at}; remove or replace such entries")
    return array


def positive_int(value: Any, name: str) -> int:
    """``value`` as an int >= 1, else an error that names it."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name} must be a positive integer, got {value!r}")
    if value < 1:
        raise ValueError(f"{name} must be >= 1, got {int(value)}")
    return int(value)


def positive_float(value: Any, name: str) -> float:
    """``value`` as a finite float > 0, else an error that names it."""
    if isinstance(value, bool | str | bytes):
        raise TypeError(f"{name} must be a positive number, got {value!r}")
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be a positive number, got {value!r}") from None
    except OverflowError:
        raise ValueError(f"{name} must be > 0 and finite, got an integer beyond float64") from None
    if not (number > 0 and np.isfinite(number)):
        raise ValueError(f"{name} must be > 0 and finite, got {number}")
    return number


def one_of(value: Any, choices: Iterable[str], name: str) -> str:
    """``value`` if it is one of `choices`, else an error that lists them."""
    known = sorted(choices)
    if not isinstance(value, str) or value not in known:
        raise ValueError(f"unknown {name} {value!r}; choose one of {', '.join(map(repr, known))}")
    return value


def worker_count(workers: Any) -> int:
    """Number of threads: ``None`` means every core this process may use."""
    if workers is None:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return positive_int(workers, "workers")
