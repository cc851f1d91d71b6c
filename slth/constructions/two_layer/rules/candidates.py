"""Candidates without those that do not exist: padding, and missing edges of a sparse source."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from slth.constructions.protocol import Problems
from slth.constructions.two_layer.rules.rule import Answer, Floats, counted

Solve = Callable[[Problems], Answer]


def without_padding(problems: Problems, solve: Solve) -> Answer:
    """Solve without the padding: problems with equally many candidates, all of which exist, together."""
    order, samples, counts = packed(problems)
    chosen, errors = np.zeros(samples.shape, np.bool_), np.abs(problems.targets)
    for count in np.unique(counts).tolist():
        these = np.flatnonzero(counts == count)
        some = replace(
            problems,
            rows=problems.rows[these],
            groups=problems.groups[these],
            samples=np.ascontiguousarray(samples[these, :count]),
            gains=np.take_along_axis(problems.gains[these], order[these, :count], axis=1),
            targets=problems.targets[these],
        )
        picked, errors[these] = solve(some)
        rows, slots = np.nonzero(picked)
        chosen[these[rows], order[these[rows], slots]] = True
    return chosen, errors


def among_existing(
    problems: Problems, tolerance: float | None, choose: Callable[[Problems, float | None], Answer]
) -> Answer:
    """Choose among the candidates that exist, where a sparse source has many that do not; nothing, where there is none at all."""

    def solve(some: Problems) -> Answer:
        if some.samples.shape[1]:
            return choose(some, tolerance)
        return np.zeros(some.samples.shape, np.bool_), counted(np.abs(some.targets), tolerance)

    return without_padding(problems, solve)


def by_count(problems: Problems) -> Iterator[tuple[Floats, Floats]]:
    """(m, c) samples without padding and (m,) targets, of the problems with c candidates, for each c."""
    _, samples, counts = packed(problems)
    for count in np.unique(counts[counts > 0]).tolist():
        these = counts == count
        yield samples[these, :count], problems.targets[these]


def packed(problems: Problems) -> tuple[NDArray[np.int64], Floats, NDArray[np.int64]]:
    """Where each candidate stood, the candidates with the padding behind them, and how many there are."""
    order = np.argsort(problems.samples == 0, axis=1, kind="stable")
    samples = np.take_along_axis(problems.samples, order, axis=1)
    return order, samples, np.count_nonzero(samples, axis=1)


def ends(sorted_samples: Floats, k: int) -> tuple[Floats, Floats]:
    """Smallest and largest sum of k of the last axis, sorted in ascending order."""
    return sorted_samples[..., :k].sum(axis=-1), sorted_samples[..., sorted_samples.shape[-1] - k :].sum(axis=-1)


def fixed_moments(samples: Floats, k: int) -> tuple[Floats, Floats, Floats, Floats]:
    """low, high, mean and variance of sums of k elements of the last axis, drawn without replacement."""
    n = samples.shape[-1]
    low, high = ends(np.sort(samples, axis=-1), k)
    mean = k / n * samples.sum(axis=-1)
    variance = k * (1 - k / n) * samples.var(axis=-1) * n / max(n - 1, 1)
    return low, high, mean, variance
