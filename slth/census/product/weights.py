"""Every weight of a target on its own: how many of the choices that a construction allows are within its tolerance, by size."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from slth import subset_sum
from slth.census.product.prepared import Prepared
from slth.certificate import gamma
from slth.constructions import Problems, TooFewCandidatesError
from slth.constructions.two_layer.rules import AnySubset, FixedSize, Pattern, Rule
from slth.threads import in_order

Counts = NDArray[np.uint64]
Floats = NDArray[np.float64]

_LISTED = 2**20  # choices of half of a pattern's blocks


@dataclass(frozen=True, eq=False)
class Counted:
    """The weights of one target layer: bounds of the numbers of choices (m, n + 1) by size, equal but where sums are within rounding."""

    lower: Counts
    upper: Counts

    @property
    def exact(self) -> bool:
        return self.lower is self.upper


def supported(rule: Rule) -> bool:
    """Whether the choices of a rule are counted here."""
    return isinstance(rule, AnySubset | Pattern) or (isinstance(rule, FixedSize) and rule.k is not None)


def count_weights(
    plan: Prepared, allowed: tuple[float, ...], workers: int, advance: Callable[[int], object]
) -> list[Counted]:
    """All weights, layer by layer; notes in `plan` how far off those are that have no choice, and that the others are not.

    Time that of `subset_sum.count` for each weight; memory 16 bytes for each candidate.
    """

    def run(problems: Problems) -> tuple[Problems, Counts, Counts, Floats]:
        tolerance = allowed[problems.layer] / problems.scale
        lower, upper = count_block(problems, plan.rule, tolerance)
        errors = np.zeros(problems.targets.size)
        none = np.flatnonzero(~lower.any(axis=1))
        if none.size:
            errors[none] = _errors(problems, none, plan.rule)
        return problems, lower, upper, errors

    parts: list[list[tuple[Counts, Counts]]] = [[] for _ in plan.pieces]
    blocks = (problems for piece in plan.pieces for problems in piece.problems(0))
    for problems, lower, upper, errors in in_order(run, blocks, workers):
        parts[problems.layer].append((lower, upper))
        plan.pieces[problems.layer].errors[problems.rows, problems.groups] = errors
        advance(problems.targets.size)
    return [_joined(layer) for layer in parts]


def rescue(plan: Prepared, allowed: tuple[float, ...], workers: int) -> bool:
    """Give neurons that were held back to the weights without a choice, as `slth.approximate` does; whether that may have helped.

    The candidates of other weights grow too: all have to be counted again.
    """
    before = _missed(plan)

    def run(problems: Problems) -> tuple[Problems, Floats]:
        errors = _errors(problems, np.arange(problems.targets.size), plan.rule)
        return problems, np.where(errors <= allowed[problems.layer] / problems.scale, 0.0, errors)

    for number in range(1, 1 + plan.rule.rescues):
        for piece in plan.pieces:
            for problems, errors in in_order(run, piece.problems(number), workers):
                piece.errors[problems.rows, problems.groups] = errors
    return _missed(plan) < before


def _missed(plan: Prepared) -> int:
    return sum(int(np.count_nonzero(piece.errors)) for piece in plan.pieces)


def _joined(parts: list[tuple[Counts, Counts]]) -> Counted:
    lower = np.concatenate([part[0] for part in parts])
    if all(part[0] is part[1] for part in parts):
        return Counted(lower, lower)
    return Counted(lower, np.concatenate([part[1] for part in parts]))


def _errors(problems: Problems, which: NDArray[np.int64], rule: Rule) -> Floats:
    """How far off the closest choice is, in the units of the samples."""
    arrays = {name: getattr(problems, name)[which] for name in ("rows", "groups", "samples", "gains", "targets")}
    closest = AnySubset(closest=True) if isinstance(rule, AnySubset) else rule
    try:
        return closest.choose(replace(problems, **arrays), None)[1]
    except TooFewCandidatesError:
        return np.full(which.size, np.inf)


def count_block(problems: Problems, rule: Rule, tolerance: float) -> tuple[Counts, Counts]:
    """Bounds of the numbers of choices within the tolerance, (m, n + 1) by size; the same array twice where they are exact.

    Zeros among the samples are padding, no candidates.
    """
    m, n = problems.samples.shape
    lower = np.zeros((m, n + 1), np.uint64)
    upper = lower
    order = np.argsort(problems.samples == 0, axis=1, kind="stable")
    samples = np.take_along_axis(problems.samples, order, axis=1)
    counts = np.count_nonzero(samples, axis=1)
    for c in np.unique(counts).tolist():
        these = np.flatnonzero(counts == c)
        found, most = _count(np.ascontiguousarray(samples[these, :c]), problems.targets[these], rule, tolerance)
        if most is not found and upper is lower:
            upper = lower.copy()
        lower[these, : c + 1] = found
        if upper is not lower:
            upper[these, : c + 1] = most
    return lower, upper


def _count(samples: Floats, targets: Floats, rule: Rule, tolerance: float) -> tuple[Counts, Counts]:
    m, c = samples.shape
    if isinstance(rule, Pattern):
        return _patterns(samples, targets, rule, tolerance)
    if math.isinf(tolerance):
        found = np.tile(np.array([math.comb(c, k) for k in range(c + 1)], np.uint64), (m, 1))
        most = found
    elif c == 0:
        found = most = (np.abs(targets) <= tolerance)[:, None].astype(np.uint64)
    else:
        counted = subset_sum.count(samples, targets, tolerance, method="exact", workers=1)
        found, most = counted.lower, _upper(counted)
    if isinstance(rule, FixedSize):
        assert rule.k is not None
        other = np.arange(c + 1) != rule.k
        found[:, other] = 0
        most[:, other] = 0
    return found, most


def _upper(counted: subset_sum.Count) -> Counts:
    """The upper bounds; where they equal the lower ones, the very same array."""
    return np.asarray(counted.lower if counted.exact else counted.upper)


def _patterns(samples: Floats, targets: Floats, rule: Pattern, tolerance: float) -> tuple[Counts, Counts]:
    """Choices of exactly s of every b candidates; those that fill no b are left out.

    The sums of half of the blocks are ranked among those of the other half, in float64; a sum within rounding of an end of the window
    counts for the upper bound only.
    """
    m, c = samples.shape
    blocks = c // rule.b
    lower = np.zeros((m, c + 1), np.uint64)
    if blocks == 0:  # no choice: the construction asks for at least one block
        return lower, lower
    choices = math.comb(rule.b, rule.s)
    size = rule.s * blocks
    if math.isinf(tolerance):
        lower[:, size] = choices**blocks
        return lower, lower
    if choices ** (-(-blocks // 2)) > _LISTED:
        raise ValueError(
            f"{rule.name} with {blocks} blocks has {choices}^{blocks} choices a weight, and half of the blocks more than {_LISTED:,}; "
            "count with a smaller width or smaller blocks"
        )
    chosen = np.zeros((choices, rule.b))
    for i, some in enumerate(itertools.combinations(range(rule.b), rule.s)):
        chosen[i, list(some)] = 1.0
    upper = np.zeros_like(lower)
    for i in range(m):
        cut = samples[i, : blocks * rule.b].reshape(blocks, rule.b)
        sums = cut @ chosen.T  # (blocks, choices)
        left, right = (_sums(half) for half in (sums[: blocks // 2], sums[blocks // 2 :]))
        left.sort()
        blur = gamma(4 * c + 16) * (float(np.abs(cut).sum()) + abs(float(targets[i])) + tolerance)
        for out, margin in ((lower, tolerance - blur), (upper, tolerance + blur)):
            if margin >= 0:
                high = np.searchsorted(left, (targets[i] + margin) - right, side="right")
                out[i, size] = int((high - np.searchsorted(left, (targets[i] - margin) - right, side="left")).sum())
    return (lower, lower) if (lower == upper).all() else (lower, upper)


def _sums(blocks: Floats) -> Floats:
    """All sums of one entry of each row."""
    total = np.zeros(1)
    for block in blocks:
        total = (total[:, None] + block).reshape(-1)
    return total
