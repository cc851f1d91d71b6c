"""The one positive scale of a layer, and how many candidates a tolerance needs: both from the predictor of the closest error."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from slth import spool
from slth.bounds import log_closest_error
from slth.networks import Linear, source_law

SOLVED = 44  # candidates: what the solver proves optimal in a reasonable time
UNSERVED = 0.005  # share of the weights that is left to the neurons held back
_LENT = 4  # candidates that a weight gains from the neurons held back
_ADDED = 20_000  # weights whose errors are added up
_BLOCK = 1 << 18  # weights whose errors are predicted together
_SCALES = np.geomspace(1 / 16, 64, 201)  # in units of the largest target

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Candidates:
    """What the predictor needs to know of each subset-sum problem: arrays of one length.

    Attributes
    ----------
    targets
    low, high
        Smallest and largest sum that may be chosen.
    mean, deviation
        Of a random choice.
    bits
        log2 of the number of choices.
    """

    targets: Floats
    low: Floats
    high: Floats
    mean: Floats
    deviation: Floats
    bits: Floats

    @classmethod
    def joined(cls, parts: Iterable[Candidates]) -> Candidates:
        """All of some, but problems with target 0 (always solved) and those without a choice; of the kind of the parts."""
        kind = cls

        def usable() -> Iterator[list[Floats]]:
            nonlocal kind
            for part in parts:
                kind = type(part)
                some = part._undecided()
                yield [getattr(part, f.name)[some] for f in fields(part)]

        columns = spool.joined(usable(), len(fields(cls)))
        return kind(*columns)

    @property
    def largest(self) -> float:
        """The largest absolute value of a target."""
        return float(max(self.targets.max(initial=0.0), -self.targets.min(initial=0.0)))

    def _undecided(self) -> Bools:
        """Problems that a scale matters for."""
        usable: Bools = (self.targets != 0) & (self.deviation > 0)
        return usable

    def log_errors(self, scale: float, some: NDArray[np.intp] | slice = slice(None)) -> Floats:
        """Logarithms of the predicted weight errors with this scale."""
        z, mean = self.targets[some] / scale, self.mean[some]
        # the predictor takes the reach of a sum whose smallest value mirrors its largest: the nearer end is what counts
        reach = np.where(z > mean, self.high[some], 2 * mean - self.low[some])
        return math.log(scale) + log_closest_error(z, reach, 2 * mean, self.deviation[some], self.bits[some])

    def best_scale(self, rescued: int) -> float:
        """The scale for which the predicted errors stay lowest, but for the worst few: at most `rescued`, and 0.5 % of the weights.

        A small scale leaves large weights out of reach, a large one wastes resolution. Those worst few gain candidates later, and count by
        what they are predicted to miss even then: a layer may hold a few weights a hundred thousand times as large as the others.
        """
        if self.targets.size == 0:
            return 1.0
        largest = max(self.largest, 1e-290)
        worst = max(min(math.ceil(UNSERVED * self.targets.size), rescued), 1)
        # only the weights that are near the worst at some scale decide
        few = min(4 * worst + 100, self.targets.size)
        coarse = [(s, np.zeros(0), np.zeros(0, np.intp)) for s in (largest * _SCALES[::20]).tolist()]
        for here in spool.slices(self.targets.size, max(_BLOCK, few)):
            coarse = [self._worst(here, few, *found) for found in coarse]
        some = np.unique(np.concatenate([places for _, _, places in coarse]))

        targets, low, high = self.targets[some], self.low[some], self.high[some]
        # so many candidates of middle size
        lent = (_LENT if rescued else 0) * 2 * self.deviation[some] / np.sqrt(np.maximum(self.bits[some], 1.0))

        def height(scale: float) -> float:
            z = targets / scale
            missed = scale * float((np.maximum(z - high, low - z) - lent).max())
            found = float(np.partition(self.log_errors(scale, some), -worst)[-worst])
            return max(found, math.log(missed)) if missed > 0 else found

        return float(min((largest * _SCALES).tolist(), key=height))

    def _worst(
        self, here: slice, few: int, scale: float, errors: Floats, places: NDArray[np.intp]
    ) -> tuple[float, Floats, NDArray[np.intp]]:
        """The `few` largest errors with this scale, of those found before and those of a slice, and where they are."""
        errors = np.concatenate([errors, self.log_errors(scale, here)])
        places = np.concatenate([places, np.arange(here.start, here.stop)])
        top = np.argpartition(errors, -few)[-few:] if errors.size > few else slice(None)
        return scale, errors[top], places[top]


@dataclass(frozen=True)
class Forced(Candidates):
    """Candidates of which some have to be taken: even a weight of 0, or one without a choice, can be missed, and by more than its size."""

    def _undecided(self) -> Bools:
        usable: Bools = (self.targets != 0) | (self.low != 0) | (self.high != 0)
        return usable

    def log_errors(self, scale: float, some: NDArray[np.intp] | slice = slice(None)) -> Floats:
        z, free = self.targets[some] / scale, self.deviation[some] > 0
        # both ends are sums that may be chosen
        nearest = np.minimum(np.abs(z - self.low[some]), np.abs(z - self.high[some]))
        errors = math.log(scale) + np.log(np.maximum(nearest, 1e-300))
        every = np.arange(*some.indices(self.targets.size)) if isinstance(some, slice) else some
        index = every[free]
        errors[free] = np.minimum(errors[free], super().log_errors(scale, index))
        return np.asarray(errors)

    def best_scale(self, rescued: int) -> float:
        """The scale for which the predicted errors add up to least: with few candidates the worst of them says little."""
        largest = self.largest or 1.0
        some = slice(None, None, -(-max(self.targets.size, 1) // _ADDED))

        def total(scale: float) -> float:
            return float(np.exp(self.log_errors(scale, some) - math.log(largest)).sum())

        return float(min((largest * _SCALES).tolist(), key=total))


def any_subset(samples: Floats, targets: Floats) -> Candidates:
    """samples (m, n), targets (m,), of which any subset may be chosen."""
    total = samples.sum(axis=1)
    squares = np.einsum("ik,ik->i", samples, samples)
    return Candidates(
        targets,
        np.minimum(samples, 0).sum(axis=1),
        np.maximum(samples, 0).sum(axis=1),
        0.5 * total,
        0.5 * np.sqrt(squares),
        np.count_nonzero(samples, axis=1).astype(np.float64),
    )


def predictable(law: str) -> bool:
    """Whether the predictor speaks of sums of products of a law: about as many positive as negative values, and no value twice.

    Seen from 4,000 draws (fixed seed).
    """
    drawn = source_law(law).from_words(np.random.PCG64(1).random_raw(4_000))
    return bool(abs(np.sign(drawn).mean()) < 0.1 and np.unique(drawn).size == drawn.size)


def sufficient_candidates(layer: Linear, tolerance: float, law: str) -> int | None:
    """Fewest candidates with which all weights of a layer are predicted to come within the tolerance; None if beyond the solver.

    The predictor on fresh draws of |u| v (fixed seed; 4,000 to 20,000 draws), with room for the largest of as many exponentially
    distributed gaps as there are weights; all weights together succeed in about 99 of 100 random networks, so far as the predictor
    holds and the neurons held back rescue the last 0.05 %. Estimated, not proven.
    """
    weights = [layer.weight.reshape(-1)] + ([] if layer.bias is None else [layer.bias])
    size = sum(w.size for w in weights)
    targets, start = spool.zeros((-(-4_000 // size) * size,)), 0
    while start < targets.size:  # as often as it takes
        for values in weights:
            part = targets[start : start + values.size]
            np.abs(np.multiply(values, layer.scale, out=part), out=part)
            start += values.size
    targets.sort()
    if targets[-1] == 0:
        return 1
    targets = targets[:: -(-targets.size // 20_000)]
    missed = min(max(0.01 / layer.size, 0.0005), 0.01)
    room = math.log(math.log(2 * layer.size) + 5)
    words = np.random.PCG64(0)
    draw = source_law(law).from_words
    for n in range(1, SOLVED + 1):
        samples = np.abs(draw(words.random_raw(targets.size * n))) * draw(words.random_raw(targets.size * n))
        candidates = Candidates.joined([any_subset(samples.reshape(-1, n), targets)])
        if candidates.targets.size < (1 - missed) * np.count_nonzero(targets):
            continue  # products that underflow are no choice
        errors = candidates.log_errors(candidates.best_scale(targets.size))
        if np.quantile(errors, 1 - missed) + room <= math.log(tolerance):
            return n
    return None
