"""The largest max_k |f(x)_k - g(x)_k| over a box of two small dense ReLU networks, by mixed-integer programming (HiGHS, through SciPy).

Written from the textbook encoding: a neuron ``a = relu(z)``, ``low <= z <= high``, is ``a >= z``, ``a >= 0``, ``a <= z - low (1 - b)``,
``a <= high b`` with b in {0, 1}. Exact up to the solver's tolerances, some 1e-6 of a constraint.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from tests.reference.network import Layer

Array = Any


class _Program:
    """Variables with bounds, linear constraints."""

    def __init__(self, low: Array, high: Array) -> None:
        self.low, self.high, self.whole = list(low), list(high), [0] * len(low)
        self.rows: list[tuple[dict[int, float], float, float]] = []

    def add(self, low: float, high: float, *, whole: bool = False) -> int:
        self.low.append(low)
        self.high.append(high)
        self.whole.append(int(whole))
        return len(self.low) - 1

    def hold(self, terms: dict[int, float], low: float, high: float) -> None:
        self.rows.append((terms, low, high))

    def network(self, layers: Sequence[Layer], inputs: list[int]) -> list[int]:
        """Variables of the outputs."""
        for weight, bias, activation, scale in layers:
            matrix = float(scale) * np.asarray(weight, float)
            shift = np.zeros(len(matrix)) if bias is None else float(scale) * np.asarray(bias, float)
            ends = np.array([[self.low[i] for i in inputs], [self.high[i] for i in inputs]])
            most = shift + np.maximum(matrix * ends[0], matrix * ends[1]).sum(axis=1)
            least = shift + np.minimum(matrix * ends[0], matrix * ends[1]).sum(axis=1)
            outputs = []
            for row, constant, low, high in zip(matrix, shift, least, most, strict=True):
                z = self.add(low, high)
                self.hold({z: 1.0} | {i: -w for i, w in zip(inputs, row, strict=True)}, constant, constant)
                outputs.append(self._rectified(z, low, high) if activation == "relu" else z)
            inputs = outputs
        return inputs

    def _rectified(self, z: int, low: float, high: float) -> int:
        if low >= 0:
            return z
        if high <= 0:
            return self.add(0.0, 0.0)
        a, b = self.add(0.0, high), self.add(0, 1, whole=True)
        self.hold({a: 1.0, z: -1.0}, 0.0, np.inf)
        self.hold({a: 1.0, z: -1.0, b: -low}, -np.inf, -low)
        self.hold({a: 1.0, b: -high}, -np.inf, 0.0)
        return a

    def maximum(self, terms: dict[int, float]) -> float:
        matrix = np.zeros((len(self.rows), len(self.low)))
        for i, (row, _, _) in enumerate(self.rows):
            matrix[i, list(row)] = list(row.values())
        cost = np.zeros(len(self.low))
        cost[list(terms)] = [-value for value in terms.values()]
        held = LinearConstraint(matrix, [low for _, low, _ in self.rows], [high for _, _, high in self.rows])
        found = milp(cost, integrality=self.whole, bounds=Bounds(self.low, self.high), constraints=held,
                     options={"mip_rel_gap": 0.0})  # fmt: skip
        assert found.status == 0, found.message
        return -float(found.fun)


def worst_case(f: Sequence[Layer], g: Sequence[Layer], low: Array, high: Array) -> float:
    """max over low <= x <= high and k of |f(x)_k - g(x)_k|; layers as in `tests.reference.network`, ReLU or identity."""
    program = _Program(np.asarray(low, float), np.asarray(high, float))
    inputs = list(range(len(program.low)))
    first, second = program.network(f, inputs), program.network(g, inputs)
    return max(program.maximum({a: sign, b: -sign}) for a, b in zip(first, second, strict=True) for sign in (1.0, -1.0))
