"""Coefficients and patterns: from a question to multiple-choice problems, and back to coefficients."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from slth.subset_sum.answer import from_masks, settle
from slth.subset_sum.batch import Batch
from slth.subset_sum.exact import as_integers
from slth.subset_sum.kernels.choices import AMBIGUOUS, MISSED
from slth.subset_sum.masks import pack
from slth.subset_sum.multiple_choice import choices as multiple
from slth.subset_sum.multiple_choice import exact_choices
from slth.subset_sum.multiple_choice.choices import Choices
from slth.subset_sum.question import Question
from slth.subset_sum.solution import Status

Answer = tuple[NDArray[np.uint64], NDArray[np.uint8], NDArray[np.int64]]  # masks, statuses, coefficients


def choices_of(batch: Batch, row: int) -> Choices:
    """What may be chosen of a row, as a multiple-choice problem."""
    allowed = batch.allowed
    locked = None if batch.locked is None else batch.locked[row]
    if allowed.pattern is not None:
        return Choices.pattern(batch.n, *allowed.pattern, locked)
    return Choices.coefficients(batch.n, allowed.coefficients, locked)


def integers_of(batch: Batch, i: int) -> tuple[list[int], int, int]:
    """Samples and target of instance i as exact integers, and the unit by which they were multiplied."""
    samples, target = batch.rows[batch.row_of[i]].tolist(), batch.targets[i].item()
    unit = max(Fraction(x).denominator for x in (*samples, target))
    return *as_integers(samples, target), unit


def tolerance_of(question: Question, i: int, unit: int) -> int | None:
    """Epsilon of instance i in the same unit, rounded down: sums are whole."""
    return None if question.epsilon is None else int(Fraction(question.epsilon[i].item()) * unit)


def cost(batch: Batch) -> float:
    """Nanoseconds for one instance."""
    return multiple.cost(choices_of(batch, 0))


def masks_of(batch: Batch, coefficients: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Which samples are chosen, given their coefficients (m, n)."""
    return pack(coefficients != batch.allowed.base)


def solve(question: Question, which: NDArray[np.int64]) -> Answer:
    """Masks, statuses and coefficients of the instances `which`, sorted by row: closest, smallest or any."""
    batch = question.batch
    statuses = np.full(which.size, Status.OPTIMAL, np.uint8)
    coefficients = np.zeros((which.size, batch.n), np.int64)
    for here, choices in _by_choices(batch, which):
        some = which[here]
        if question.objective == "smallest":
            codes, missed = _smallest(question, choices, some)
        else:
            codes, missed = _closest(batch, choices, some)
        coefficients[here] = choices.decode(codes)
        coefficients[here[missed]] = batch.allowed.base
        statuses[here[missed]] = Status.NOT_FOUND
    masks = masks_of(batch, coefficients)
    if question.objective == "any":
        there = np.flatnonzero(statuses == Status.OPTIMAL)
        found = from_masks(batch, which[there], masks[there], None, coefficients[there])
        statuses[there] = settle(question, found, which[there])
    return masks, statuses, coefficients


def _by_choices(batch: Batch, which: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], Choices]]:
    """Positions in `which` that may choose alike: all of them, unless different samples are locked."""
    rows = batch.row_of[which]
    if batch.locked is None:
        yield np.arange(which.size), choices_of(batch, 0)
        return
    kinds, kind_of = np.unique(batch.locked[rows], axis=0, return_inverse=True)
    for kind in range(len(kinds)):
        here = np.flatnonzero(kind_of.reshape(-1) == kind)
        yield here, choices_of(batch, int(rows[here[0]]))


def _closest(batch: Batch, choices: Choices, which: NDArray[np.int64]) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
    used, row_of = np.unique(batch.row_of[which], return_inverse=True)
    samples, goals, m = batch.rows[used], batch.targets[which], which.size
    if batch.integral:
        values, targets, exact = samples, np.clip(goals, -(2**61), 2**61), np.ones(m, np.bool_)
    else:
        values, targets, exact = multiple.fixed_point(choices, samples, row_of, goals)
    low, high = batch.allowed.low, batch.allowed.high
    bounds = np.full(m, low), np.full(m, high)
    codes, found = multiple.closest(choices, values, row_of, targets, exact, *bounds)
    missed = found == MISSED
    for j in np.flatnonzero(found == AMBIGUOUS).tolist():
        integers, goal, _ = integers_of(batch, int(which[j]))
        code = exact_choices.closest(choices, integers, goal, low, high)
        codes[j], missed[j] = code or 0, code is None
    return codes, missed


def _smallest(
    question: Question, choices: Choices, which: NDArray[np.int64]
) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
    batch = question.batch
    codes, missed = np.zeros(which.size, np.uint64), np.zeros(which.size, np.bool_)
    for j, i in enumerate(which.tolist()):
        integers, goal, unit = integers_of(batch, i)
        tolerance = tolerance_of(question, i, unit)
        assert tolerance is not None
        code = exact_choices.smallest(choices, integers, goal, tolerance, batch.allowed.low, batch.allowed.high)
        codes[j], missed[j] = code or 0, code is None
    return codes, missed
