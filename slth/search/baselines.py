"""Masks without a search: one score a weight, the largest are kept. What every search has to beat at equal density.

random; magnitude |w|; SNIP |w g| (Lee, Ajanthan, Torr 2019); GraSP w (H g) (Wang, Zhang, Grosse 2020, who keep the smallest of its
negative); SynFlow w dR/dw with R = 1^T prod |W_l| 1, in rounds (Tanaka, Kunin, Yamins, Ganguli 2020). Here nothing is trained afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from slth.search.budget import Group
from slth.search.flat import Array, Flat
from slth.search.method import DRAWS
from slth.search.objective import SQUARED, Objective
from slth.search.oracle import Oracle
from slth.search.result import SearchError
from slth.search.top import top


@dataclass(frozen=True)
class Baseline:
    """A rule that gives every weight a score at once.

    Attributes
    ----------
    name : str
    rounds : int
        Times that scores are computed, on what is left; the density falls geometrically from round to round.
    score : callable
        (weights still there (n,), source, oracle, objective, seed) -> (n,); the largest are kept.
    """

    name: str
    rounds: int
    score: Callable[[Array, Flat, Oracle, Objective, int], Array]

    def mask(
        self, source: Flat, groups: tuple[Group, ...], oracle: Oracle, objective: Objective, seed: int
    ) -> NDArray[np.bool_]:
        """(n,): the mask of the groups' sizes; zeros of the source are never kept."""
        kept = source.values != 0
        for done in range(1, self.rounds + 1):
            scores = self.score(np.where(kept, source.values, np.float32(0)), source, oracle, objective, seed)
            if not np.isfinite(scores).all():
                raise SearchError(
                    f"scores of {self.name} are not finite: the outputs or gradients of this network overflow; scale its weights down "
                    "(scale='kaiming')"
                )
            relative = scores.astype(np.float64) / max(float(np.abs(scores).max()), 1e-300)
            scores = np.where(kept, relative, -np.inf).astype(np.float32)
            kept = np.zeros_like(kept)
            for group in groups:
                here = scores[group.start : group.stop]
                if group.keep:
                    left = max(group.keep, round(group.count * (group.keep / group.count) ** (done / self.rounds)))
                    kept[group.start + top(here, left)] = True
            kept &= source.values != 0
        return np.asarray(kept)


def _random(weights: Array, source: Flat, oracle: Oracle, objective: Objective, seed: int) -> Array:
    return np.random.default_rng([seed, DRAWS]).random(weights.size, np.float32)


def _magnitude(weights: Array, source: Flat, oracle: Oracle, objective: Objective, seed: int) -> Array:
    return np.abs(weights)


def _snip(weights: Array, source: Flat, oracle: Oracle, objective: Objective, seed: int) -> Array:
    return np.asarray(np.abs(weights * _gradient(weights, source, oracle, objective)))


def _grasp(weights: Array, source: Flat, oracle: Oracle, objective: Objective, seed: int) -> Array:
    """H g by a central difference of gradients along g, its length taken apart: it may be next to nothing."""
    slope = _gradient(weights, source, oracle, objective)
    size = _length(slope)  # not of BLAS, whose bits depend on its threads
    if size == 0:
        return np.zeros_like(weights)
    step, along = 1e-2 * _length(weights), slope / size
    forward = _gradient((weights + step * along).astype(np.float32), source, oracle, objective)
    backward = _gradient((weights - step * along).astype(np.float32), source, oracle, objective)
    curved = (forward - backward) * (size / (2 * step))
    return np.asarray(weights * curved)  # the authors' score is -w Hg, of which the smallest are kept


def _synflow(weights: Array, source: Flat, oracle: Oracle, objective: Objective, seed: int) -> Array:
    """|w| dR/d|w| with R the sum of the outputs for absolute weights, no biases, and an input of ones.

    Each array is divided by its largest sum over one output's weights: R stays a float32 however deep the network, and every array's
    scores add up to the same R in the layers of a chain (Tanaka et al., theorem 2), to which they are normalised anyway.
    """
    flows = np.zeros_like(weights)
    for shape, place in zip(source.whole, source.slices, strict=True):
        if len(shape) > 1:
            flows[place] = np.abs(weights[place])
    for shape, place, array in zip(source.whole, source.slices, source.arrays(flows).values(), strict=True):
        if len(shape) > 1:
            flows[place] /= max(float(array.reshape(shape[0], -1).sum(axis=1).max()), 1e-30)
    x = np.ones((1, *objective.inputs.shape[1:]), np.float32)
    slope = np.empty_like(weights)
    outputs = oracle.outputs(source.views(flows), x)
    # the slope of half the squared distance by the outputs is 1 where they are 1 too large
    oracle.gradient(source.views(flows), x, outputs - 1, SQUARED, source.views(slope))
    found = np.abs(flows * slope)
    if not found.any():
        raise ValueError(
            "SynFlow finds no flow from the inputs to the outputs of this network; choose another baseline"
        )
    for place in source.slices:
        found[place] /= max(float(found[place].sum(dtype=np.float64)), 1e-30)
    return np.asarray(found)


def _gradient(weights: Array, source: Flat, oracle: Oracle, objective: Objective) -> Array:
    """Mean gradient over all inputs, in batches."""
    total = np.zeros_like(weights)
    part = np.empty_like(weights)
    count, size = len(objective.inputs), 1024
    for start in range(0, count, size):
        x, wanted = objective.inputs[start : start + size], objective.wanted[start : start + size]
        oracle.gradient(source.views(weights), x, wanted, objective.loss, source.views(part))
        total += part * np.float32(len(x) / count)
    return total


def _length(vector: Array) -> float:
    return float(np.sqrt(np.square(vector, dtype=np.float64).sum()))


BASELINES: Final[dict[str, Baseline]] = {
    baseline.name: baseline
    for baseline in (
        Baseline("random", 1, _random),
        Baseline("magnitude", 1, _magnitude),
        Baseline("snip", 1, _snip),
        Baseline("grasp", 1, _grasp),
        Baseline("synflow", 100, _synflow),
    )
}
