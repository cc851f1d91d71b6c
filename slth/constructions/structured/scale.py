"""The one positive scale of a layer, and how many filters a tolerance needs: by the first moment of vector subset sums.

The 2^n sums of vectors are about normal: mean m (half of all), deviation sigma in each of the d coordinates. The error e at which one of
them is expected in the cube of half side e around a target t / s is the best that a subset can be expected to do:

    2^n (2 e / (sigma sqrt(2 pi)))^d exp(-|t / s - m|^2 / (2 sigma^2)) = 1.

For m = 0 the error s e is least where s = T / sigma, T the root mean square of t, and is then T sqrt(pi e / 2) 2^(-n/d). Measured for
normal sources (medians; closest subsets, proven): 0.7 to 2.1 times that for d = 1, 1.2 to 2.7 for d = 2 and 1.8 to 3.4 for d = 4, up to
n = 32. A target out of reach costs far more than a scale that is too large, so that with several vectors the scale of the formula is
often too small; some scales around it are therefore tried out on those vectors that are worst by the formula. The worst error of a layer
became 1.2 to 1.7 times smaller so, and is within 1.2 of that with the best scale of a finer grid.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slth.constructions.protocol import Problems
from slth.constructions.structured.choice import proven, searched
from slth.constructions.two_layer.scale import predictable
from slth.networks import Linear

Floats = NDArray[np.float64]

_SCALES = np.geomspace(1 / 32, 32, 201)
_FACTORS = (1.0, 0.5, 0.7, 1.4, 2.0, 2.8)
_SHORT = 4000  # searches for a single filter, to try out a scale
_MEASURED = math.log2(3.4)


@dataclass(frozen=True)
class Predicted:
    """Errors to be expected of some problems: at s times their own scale exp(a + b / s^2 - c / s) s times that.

    Their numbers should be of the order of 1, as squares of them are added up: their own scale that of the largest target.

    Attributes
    ----------
    a, b, c : (m,) float64
    """

    a: Floats
    b: Floats
    c: Floats

    @classmethod
    def of(cls, problems: Iterable[Problems]) -> Predicted:
        return cls(*np.array([_curve(problem) for problem in problems]).reshape(-1, 3).T)

    def logarithms(self, scales: Floats) -> Floats:
        """(scales, m): of the errors."""
        s = scales[:, None]
        return np.asarray(np.log(s) + self.a + self.b / s**2 - self.c / s)

    @property
    def scale(self) -> float:
        """The scale for which the largest error is least."""
        best = np.sqrt(2 * self.b[self.b > 0])  # each problem's own, for a mean of 0
        if best.size == 0:
            return 1.0
        scales = np.unique(np.concatenate([_SCALES * best.max(), _SCALES * best.min()]))
        return float(scales[int(np.argmin(self.logarithms(scales).max(axis=1)))])

    def worst(self, count: int) -> list[int]:
        """The problems with the largest errors at that scale."""
        order = np.argsort(-self.logarithms(np.array([self.scale]))[0], kind="stable")
        return [int(i) for i in order[:count]]


def _curve(problem: Problems) -> tuple[float, float, float]:
    """a, b and c of `Predicted`; a of a problem without a choice is -inf: no scale matters for it."""
    x, t = problem.samples, problem.targets
    d = t.size
    # one's own number is a choice for each coordinate, all others are common to them
    own = problem.gains.shape[1] > 0 and not problem.gains[:, -1].any()
    bits = x.shape[1] + (d - 1) * own
    with np.errstate(over="ignore"):
        variance, size = float(np.einsum("ij,ij->", x, x)) / (4 * d), float(t @ t) / d
        mean = x.sum(axis=1) / 2
        squares, product = float(mean @ mean), float(t @ mean)
    if not (variance > 0 and size > 0 and np.isfinite([variance, size, squares, product]).all()):
        return -np.inf, 0.0, 0.0
    height = 0.5 * math.log(math.pi / 2 * variance) + squares / (2 * d * variance) - bits / d * math.log(2)
    return height, size / (2 * variance), product / (d * variance)


def tried_scale(problems: Sequence[Problems], around: float) -> float:
    """Of some scales around one, in units of the problems' own, that with which the worst of them fares best after a short search."""
    if not problems:
        return around

    def worst(scale: float) -> float:
        found = 0.0
        for problem in problems:
            x, t = problem.samples, problem.targets / scale
            own = x[:, -1] if problem.gains.shape[1] and not problem.gains[:, -1].any() else np.zeros(t.size)
            shared = np.ascontiguousarray(x[:, : problem.gains.any(axis=0).sum()].T)
            rounds = int(np.clip(_SHORT / max(len(shared), 1), 4, 20))
            error = searched(shared, t, own, rounds)[1] if shared.size else float(np.abs(t).max())
            found = max(found, error * scale)
        return found

    return min((around * factor for factor in _FACTORS), key=worst)


def sufficient_candidates(targets: Sequence[Floats], tolerance: float) -> float:
    """Filters of a half with which all vectors of a layer are predicted to come within the tolerance.

    ``d log2(2.07 T / tolerance)`` by the first moment, d log2(3.4) for what was measured above it (see the module), and a few for the
    unlucky one among them. Infinite if that is more than a subset can be proven optimal for. Estimated, not proven.
    """
    most = 0.0
    room = math.log2(math.log(100 * max(len(targets), 1)))
    for t in targets:
        largest = float(np.abs(t).max())
        if largest == 0:
            continue
        size = math.log2(largest) + 0.5 * math.log2(float(np.mean((t / largest) ** 2)))
        bits = size - math.log2(tolerance) + 0.5 * math.log2(math.pi * math.e / 2) + _MEASURED
        d, n = t.size, max(t.size * bits + room, 1.0)
        most = max(most, n if n <= proven(d) else math.inf)
    return most


def vectors(layer: Linear, above: NDArray[np.bool_], below: NDArray[np.bool_]) -> list[Floats]:
    """The targets of a layer's halves."""
    matrix = layer.scale * layer.matrix
    structure = layer.form.structure
    columns = [matrix[:, i] if structure is None else matrix[structure[:, i], i] for i in range(layer.form.columns)]
    return [c for c, one, two in zip(columns, above, below, strict=True) for there in (one, two) if there]


__all__ = ["Predicted", "predictable", "sufficient_candidates", "tried_scale", "vectors"]
