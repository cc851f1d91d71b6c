"""Search for the input on which two functions differ most: an attack on certificates of max |f(x) - g(x)|.

What it finds is a lower bound of the maximum (up to the rounding of f and g), never a proof. Three attacks, each
starting where the one before did best: random inputs; steepest ascent with shrinking steps from several starts; on
boxes, moving one coordinate at a time to an end of its interval.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tests.reference.network import Layer

Array = NDArray[np.float64]
Function = Callable[[Array], Array]  # (batch, d) -> (batch, k)


@dataclass(frozen=True)
class Box:
    """All x with low <= x <= high; both (d,)."""

    low: ArrayLike
    high: ArrayLike

    def sample(self, rng: np.random.Generator, count: int) -> Array:
        """`count` points: half uniform inside, half uniform among the corners, where convex differences are largest."""
        low, high = np.asarray(self.low, dtype=np.float64), np.asarray(self.high, dtype=np.float64)
        share = rng.random((count, len(low)))
        share[count // 2 :] = np.round(share[count // 2 :])
        return low + share * (high - low)

    def climb(self, x: Array, gradient: Array, rate: float) -> Array:
        """Steepest ascent in the sup norm: `rate` times the width of the box in the direction of each sign, clipped."""
        low, high = np.asarray(self.low, dtype=np.float64), np.asarray(self.high, dtype=np.float64)
        return np.clip(x + rate * (high - low) * np.sign(gradient), low, high)


@dataclass(frozen=True)
class Ball:
    """All x in R^dimension with ||x||_2 <= radius."""

    dimension: int
    radius: float

    def sample(self, rng: np.random.Generator, count: int) -> Array:
        """`count` points: half uniform on the sphere, half uniform inside."""
        length = self.radius * rng.random((count, 1)) ** (1.0 / self.dimension)
        length[: count // 2] = self.radius
        return length * _unit(rng.standard_normal((count, self.dimension)))

    def climb(self, x: Array, gradient: Array, rate: float) -> Array:
        """Steepest ascent in the Euclidean norm by `rate` times the diameter, pulled back into the ball."""
        moved = x + rate * 2.0 * self.radius * _unit(gradient)
        norms = np.linalg.norm(moved, axis=1, keepdims=True)
        return moved * np.minimum(1.0, self.radius / np.maximum(norms, np.finfo(float).tiny))


def worst_input(
    f: Function | Sequence[Layer],
    g: Function | Sequence[Layer],
    domain: Box | Ball,
    *,
    rng: int | np.random.Generator = 0,
    samples: int = 2000,
    restarts: int = 16,
    steps: int = 60,
) -> tuple[Array, float]:
    """The x (d,) in the domain with the largest max_k |f(x)_k - g(x)_k| that was found, and that value.

    f and g map (batch, d) to (batch, k). One given as dense layers (W, b, activation, scale), as in `network`, is
    differentiated exactly; any other callable by central differences.
    """
    rng = np.random.default_rng(rng)
    first, second = _differentiable(f), _differentiable(g)

    def gaps(x: Array) -> Array:  # (batch, k), signed
        return first.value(x) - second.value(x)

    points = domain.sample(rng, samples)
    x = points[_starts(gaps(points), restarts)]
    best_x, best = x.copy(), _sup(gaps(x))
    for rate in np.geomspace(1.0, 1e-4, steps):
        gap = gaps(x)
        steepest = np.zeros_like(gap)  # the component that attains the maximum, with its sign
        rows, columns = np.arange(len(gap)), np.argmax(np.abs(gap), axis=1)
        steepest[rows, columns] = np.sign(gap[rows, columns])
        x = domain.climb(x, first.pull(x, steepest) - second.pull(x, steepest), rate)
        value = _sup(gaps(x))
        better = value > best
        best_x[better], best[better] = x[better], value[better]
        if rate < 0.1:  # small steps refine the best point of each restart instead of wandering on
            x = best_x.copy()
    if isinstance(domain, Box):
        for start in range(len(best_x)):
            best_x[start], best[start] = _corner_ascent(gaps, domain, best_x[start], float(best[start]))
    winner = int(np.argmax(best))
    return best_x[winner], float(best[winner])


def _corner_ascent(gaps: Function, box: Box, x: Array, value: float) -> tuple[Array, float]:
    """Set the one coordinate to the one end of its interval that helps most, until none helps."""
    low, high = np.asarray(box.low, dtype=np.float64), np.asarray(box.high, dtype=np.float64)
    coordinate = np.arange(len(x))
    while True:
        moved = np.tile(x, (2 * len(x), 1))
        moved[coordinate, coordinate] = low
        moved[len(x) + coordinate, coordinate] = high
        values = _sup(gaps(moved))
        top = int(np.argmax(values))
        if not values[top] > value:
            return x, value
        x, value = moved[top], float(values[top])


def _starts(gap: Array, restarts: int) -> NDArray[np.intp]:
    """Rows to climb from: the best for each signed component of the output in turn, so that none is forgotten."""
    signed = np.concatenate([gap, -gap], axis=1)
    ranked = np.argsort(-signed, axis=0, kind="stable").ravel()  # all winners, then all seconds, ...
    winner = np.argmax(_sup(gap))
    order = np.concatenate([[winner], ranked])
    return order[np.sort(np.unique(order, return_index=True)[1])][:restarts]


def _sup(gap: Array) -> Array:
    return np.max(np.abs(gap), axis=1)


def _unit(vectors: Array) -> Array:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(norms > 0.0, norms, 1.0)


@dataclass(frozen=True)
class _BlackBox:
    """A function known by its values only."""

    function: Function
    step: float = 1e-6

    def value(self, x: Array) -> Array:
        return np.asarray(self.function(x), dtype=np.float64)

    def pull(self, x: Array, weights: Array) -> Array:
        """Gradient (batch, d) of sum_k weights_k f(x)_k, by central differences."""
        batch, d = x.shape
        shifts = self.step * np.eye(d)
        ahead = self.value((x[:, None] + shifts).reshape(batch * d, d)).reshape(batch, d, -1)
        behind = self.value((x[:, None] - shifts).reshape(batch * d, d)).reshape(batch, d, -1)
        return np.einsum("bdk,bk->bd", ahead - behind, weights) / (2.0 * self.step)


@dataclass(frozen=True)
class _Dense:
    """A dense ReLU network, differentiated by running it backwards."""

    layers: Sequence[Layer]

    def _run(self, x: Array) -> list[Array]:
        """The output of every layer."""
        outputs = []
        for weights, biases, activation, scale in self.layers:
            x = float(scale) * (x @ np.asarray(weights).T + (0.0 if biases is None else np.asarray(biases)))
            x = np.maximum(x, 0.0) if activation == "relu" else x
            outputs.append(x)
        return outputs

    def value(self, x: Array) -> Array:
        return self._run(x)[-1]

    def pull(self, x: Array, weights: Array) -> Array:
        """Gradient (batch, d) of sum_k weights_k f(x)_k."""
        gradient = weights
        for (matrix, _, activation, scale), output in zip(reversed(self.layers), reversed(self._run(x)), strict=True):
            gradient = np.where(output > 0.0, gradient, 0.0) if activation == "relu" else gradient
            gradient = float(scale) * gradient @ np.asarray(matrix)
        return gradient


def _differentiable(function: Function | Sequence[Layer]) -> _BlackBox | _Dense:
    return _BlackBox(function) if callable(function) else _Dense(function)
