"""The one positive scale of a layer, and how many candidates a tolerance needs: both from the predictor of the closest error."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from slth.bounds import log_closest_error
from slth.networks import LAWS, Linear

SOLVED = 44  # candidates: what the solver proves optimal in a reasonable time
QUANTILE = 0.995  # of the weights are served by the scale, the rest by the neurons held back
_SCALES = np.geomspace(1 / 16, 64, 201)  # in units of the largest target

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Candidates:
    """What the predictor needs to know of each subset-sum problem: arrays of one length."""

    targets: Floats
    positive: Floats
    total: Floats
    deviation: Floats
    n: Floats

    @classmethod
    def of(cls, samples: Floats, targets: Floats) -> Candidates:
        """samples (m, n), targets (m,); problems with target 0 (always solved) or without candidates are left out."""
        squares = np.einsum("ik,ik->i", samples, samples)
        usable = (targets != 0) & (squares > 0)
        return cls(
            targets[usable],
            np.maximum(samples, 0).sum(axis=1)[usable],
            samples.sum(axis=1)[usable],
            0.5 * np.sqrt(squares[usable]),
            np.count_nonzero(samples, axis=1)[usable].astype(np.float64),
        )

    @classmethod
    def joined(cls, parts: Iterable[Candidates]) -> Candidates:
        kept = list(parts)
        return cls(*(np.concatenate([getattr(part, f.name) for part in kept]) for f in fields(cls)))

    def log_errors(self, scale: float, some: NDArray[np.intp] | slice = slice(None)) -> Floats:
        """Logarithms of the predicted weight errors with this scale."""
        z = self.targets[some] / scale
        return math.log(scale) + log_closest_error(
            z, self.positive[some], self.total[some], self.deviation[some], self.n[some]
        )

    def best_scale(self) -> float:
        """The scale for which the predicted errors, but for the worst 0.2 % of the weights, stay lowest.

        A small scale leaves large weights out of reach, a large one wastes resolution.
        """
        if self.targets.size == 0:
            return 1.0
        largest = max(float(np.abs(self.targets).max()), 1e-290)
        worst = math.ceil((1 - QUANTILE) * self.targets.size)
        # only the weights that are near the worst at some scale decide
        few = min(4 * worst + 100, self.targets.size)
        coarse = (self.log_errors(s) for s in (largest * _SCALES[::20]).tolist())
        some = np.unique(np.concatenate([np.argpartition(errors, -few)[-few:] for errors in coarse]))

        def height(scale: float) -> float:
            return float(np.partition(self.log_errors(scale, some), -worst)[-worst])

        return float(min((largest * _SCALES).tolist(), key=height))


def sufficient_candidates(layer: Linear, tolerance: float, law: str) -> int | None:
    """Fewest candidates with which all weights of a layer are predicted to come within the tolerance; None if beyond the solver.

    The predictor on fresh draws of |u| v (fixed seed; 4,000 to 20,000 draws), with room for the largest of as many exponentially
    distributed gaps as there are weights; all weights together succeed in about 99 of 100 random networks, so far as the predictor
    holds and the neurons held back rescue the last 0.05 %. Estimated, not proven.
    """
    targets = np.abs(layer.scale * layer.weight).reshape(-1)
    if layer.bias is not None:
        targets = np.concatenate([targets, np.abs(layer.scale * layer.bias)])
    if targets.max() == 0:
        return 1
    targets = np.sort(np.tile(targets, -(-4_000 // targets.size)))
    targets = targets[:: -(-targets.size // 20_000)]
    missed = min(max(0.01 / layer.size, 0.0005), 0.01)
    room = math.log(math.log(2 * layer.size) + 5)
    words = np.random.PCG64(0)
    draw = LAWS[law].from_words
    for n in range(1, SOLVED + 1):
        samples = np.abs(draw(words.random_raw(targets.size * n))) * draw(words.random_raw(targets.size * n))
        candidates = Candidates.of(samples.reshape(-1, n), targets)
        errors = candidates.log_errors(candidates.best_scale())
        if np.quantile(errors, 1 - missed) + room <= math.log(tolerance):
            return n
    return None
