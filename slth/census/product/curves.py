"""From counting polynomials to censuses: of the whole target and of each layer."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slth.census.answer import Census, Scope, exact_census
from slth.census.product import circle, integers
from slth.census.product.circle import Logs
from slth.census.product.polynomials import Polynomials
from slth.subset_sum import Certainty

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Side:
    """What a product stands for.

    Attributes
    ----------
    shift : int
        Weights and biases kept besides those that the polynomials count.
    parameters : int
        Weights and biases of this part of the source that are not zero.
    """

    shift: int
    parameters: int


def of_polynomials(
    lower: Sequence[Polynomials],
    upper: Sequence[Polynomials],
    sides: Sequence[Side],
    epsilon: float,
    workers: int,
    advance: Callable[[float], object],
) -> Census:
    """The census of all layers together, each with its polynomials and its side; `layers` holds those of each alone.

    `upper` is `lower` itself where the polynomials are exact; else the numbers lie between those of the two.
    """
    whole = Side(sum(side.shift for side in sides), sum(side.parameters for side in sides))
    products = [Polynomials.together(lower), *lower] if len(lower) > 1 else list(lower)
    parts = [whole, *sides] if len(lower) > 1 else [whole]
    if upper is lower and integers.cost(products[0]) <= integers.AFFORDABLE:
        found = [_exact(product, side, epsilon) for product, side in zip(products, parts, strict=True)]
        advance(1.0)
    else:
        share = 1.0 if upper is lower else 0.5
        least = circle.logs(lower, workers, lambda done: advance(share * done))
        most = least if upper is lower else circle.logs(upper, workers, lambda done: advance(share * done))
        found = []
        for i, side in enumerate(parts):
            products_ = products[i], products[i] if upper is lower else _of(upper, i)
            found.append(_certified(least[i], most[i], products_, side, epsilon))
    layers = tuple(found[1:]) if len(found) > 1 else (found[0],)
    return replace(found[0], layers=layers)


def _of(upper: Sequence[Polynomials], i: int) -> Polynomials:
    if len(upper) == 1:
        return upper[0]
    return Polynomials.together(upper) if i == 0 else upper[i - 1]


def _exact(product: Polynomials, side: Side, epsilon: float) -> Census:
    numbers = np.array(integers.product(product), dtype=object)
    sizes = side.shift + product.lowest + np.arange(numbers.size)
    total = math.log2(sum(numbers.tolist()))
    return exact_census(
        numbers,
        sizes,
        side.parameters,
        epsilon,
        "product",
        scope=Scope.CONSTRUCTION,
        diagnostics={"log2_total": (total, total), "relative_error": 0.0, **_described(product, side)},
    )


def _certified(
    least: Logs, most: Logs, products: tuple[Polynomials, Polynomials], side: Side, epsilon: float
) -> Census:
    middle, lower, upper = least.log2, least.lower, least.upper
    if most is not least:
        lower = _placed(least.lower, least.lowest, most)
        upper = most.upper
        middle = np.logaddexp2(_placed(least.log2, least.lowest, most), most.log2) - 1.0
    with np.errstate(over="ignore", invalid="ignore"):
        numbers = [np.exp2(values) for values in (middle, lower, upper)]
        relative = np.where(np.isfinite(middle), np.maximum(upper - middle, middle - lower), 0.0) * math.log(2)
    described: dict[str, Any] = {
        "log2_total": (_total(products[0])[0], _total(products[1])[1]),
        "relative_error": float(np.expm1(min(float(relative.max()), 700.0))),
        **_described(products[0], side),
    }
    return Census(
        numbers[0], numbers[1], numbers[2], middle, lower, upper, Certainty.CERTIFIED, "product", None, True,
        sizes=side.shift + most.lowest + np.arange(middle.size), parameters=side.parameters, epsilon=epsilon,
        scope=Scope.CONSTRUCTION, diagnostics=described,
    )  # fmt: skip


def _placed(values: Floats, lowest: int, among: Logs) -> Floats:
    """Values from `lowest` on, as a part of a longer row."""
    wide = np.full(among.log2.size, -np.inf)
    start = lowest - among.lowest
    wide[start : start + values.size] = values
    return wide


def _total(product: Polynomials) -> tuple[float, float]:
    """log2 of the product at 1, all sizes together, between these."""
    totals = [
        math.log2(sum(row)) * copies for row, copies in zip(product.rows.tolist(), product.copies.tolist(), strict=True)
    ]
    total = math.fsum(totals)
    return total * (1 - 2.0**-50), total * (1 + 2.0**-50)


def _described(product: Polynomials, side: Side) -> dict[str, Any]:
    return {"weights": product.count, "always_kept": side.shift}
