"""Rows of more than 64 samples: a heuristic for each, its subset as words of 64 bits."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from slth.subset_sum import within
from slth.subset_sum.heuristics import row as heuristics
from slth.subset_sum.heuristics.long_row import LongRow
from slth.subset_sum.heuristics.row import Method
from slth.subset_sum.question import Question
from slth.subset_sum.solution import Solution, Status
from slth.threads import in_order, progress_bar


def answer(question: Question, method: Method) -> Solution:
    """The subset that `method` finds for every instance; for objective "any" a prefix is searched first."""
    batch, m = question.batch, question.m
    chosen = np.zeros((m, batch.n), np.bool_)
    sums, errors = np.zeros(m, batch.rows.dtype), np.zeros(m, batch.rows.dtype)
    statuses = np.full(m, Status.HEURISTIC, np.uint8)
    low, high = batch.allowed.low, batch.allowed.high
    found = np.zeros(m, np.bool_)
    if question.objective == "any" and not (batch.integral or batch.allowed.sized):
        assert question.epsilon is not None
        chosen, codes = within.any_within_long(batch.rows, batch.row_of, batch.targets, question.epsilon)
        found = codes == within.FOUND
    # one seed for all instances, so that an answer does not depend on the batch; 0 if none is given
    seed = int(np.random.default_rng(0 if question.rng is None else question.rng).integers(2**63))

    def run(i: int) -> None:
        row, target = batch.rows[batch.row_of[i]], batch.targets[i].item()
        if found[i]:
            long = LongRow.read(row, target, 0, None)
            rest, total = long.rest(chosen[i]), long.sum(chosen[i])
        else:
            picked = heuristics.solve_row(
                row, target, method=method, low=low, high=high, deadline=question.deadline, rng=seed
            )
            chosen[i], statuses[i], rest, total = picked.chosen, picked.status, picked.rest, picked.sum
        # of integers the float64 sum may be rounded; the rest is not
        sums[i], errors[i] = (int(target - rest), int(abs(rest))) if batch.integral else (total, float(abs(rest)))
        if question.epsilon is not None:
            if abs(rest) <= Fraction(question.epsilon[i].item()):
                statuses[i] = Status.WITHIN_EPSILON
            elif statuses[i] == Status.OPTIMAL:
                statuses[i] = Status.NOT_FOUND

    with progress_bar(m, "instance", question.progress) as bar:
        for _ in in_order(run, range(m), min(question.workers, m)):
            bar.update(1)
    shape = batch.shape
    masks = _words(chosen)
    return Solution(
        mask=masks.reshape((*shape, -1) if batch.n > 64 else shape)[()],
        sum=sums.reshape(shape)[()],
        error=errors.reshape(shape)[()],
        size=chosen.sum(axis=1).reshape(shape)[()],
        status=statuses.reshape(shape)[()],
        n=batch.n,
    )


def _words(chosen: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """(m, n) bool -> (m, ceil(n / 64)) uint64, sample i at bit i % 64 of word i // 64."""
    m, n = chosen.shape
    padded = np.zeros((m, -(-n // 64) * 64), np.bool_)
    padded[:, :n] = chosen
    return np.packbits(padded, axis=1, bitorder="little").view("<u8").astype(np.uint64)
