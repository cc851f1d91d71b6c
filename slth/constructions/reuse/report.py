"""What was counted: for each inserted layer the outputs that use its weights, as numbers and as a table."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class LayerReuse:
    """The two layers of a ticket that stand for one layer of the target. Constants, which serve biases, are counted apart.

    Attributes
    ----------
    layer : int
        Linear layer of the target.
    outputs : int
        How many outputs choose subsets: rows of the second of the two layers, such as neurons, each place of a kernel apart.
    first, second : int
        Weights kept in the inserted layer, and those kept behind it that use them.
    candidates : int
        First-layer weights that could have been kept: one for each neuron that serves a half of an input.
    worst : int
        First-layer weights in the worst case of the proofs, subsets of these sizes with nothing in common as long as there are candidates.
    expected : float
        Predictor: first-layer weights that independent, uniform subsets of these sizes use on average.
    uses : (outputs + 1,) int64
        Entry m: candidates that exactly m outputs use.
    expected_uses : (outputs + 1,) float64
        The same on average for such random subsets: binomial numbers, exact where all outputs take equally many of equally many
        candidates, else binomial with the same mean and variance.
    constants, constant_uses : int
        Biases kept in the inserted layer, and weights behind it that use them.
    kept : int
        All weights and biases that the two layers keep.
    theorem : int or None
        The most weights that they keep by Natale et al. 2024, proof of Theorem 3: 4 d_in d_out k, biases aside. None for constructions that
        do not keep exactly k elements of each subset.
    """

    layer: int
    outputs: int
    first: int
    second: int
    candidates: int
    worst: int
    expected: float
    uses: NDArray[np.int64]
    expected_uses: NDArray[np.float64]
    constants: int
    constant_uses: int
    kept: int
    theorem: int | None

    @property
    def ratio(self) -> float:
        """first / worst: 1 where nothing is shared."""
        return self.first / self.worst if self.worst else float("nan")

    @property
    def mean_uses(self) -> float:
        """second / first: outputs that use a first-layer weight that is kept, on average."""
        return self.second / self.first if self.first else float("nan")

    @property
    def most_uses(self) -> int:
        """Outputs that use the most used first-layer weight; 0 where there are no candidates."""
        return int(np.flatnonzero(self.uses).max(initial=0))


@dataclass(frozen=True, eq=False, repr=False)
class Reuse:
    """What a ticket saves because outputs use the same first-layer weights; ``str`` is a table, `slth.plots.reuse` the figure.

    Attributes
    ----------
    construction : str
    kept : int
        Weights and biases of the whole ticket, layers without an inserted one included.
    layers : tuple of LayerReuse
        One for each target layer that a random layer was inserted before.
    """

    construction: str
    kept: int
    layers: tuple[LayerReuse, ...]

    @property
    def first(self) -> int:
        """First-layer weights kept."""
        return sum(layer.first for layer in self.layers)

    @property
    def second(self) -> int:
        """Weights behind them that use them."""
        return sum(layer.second for layer in self.layers)

    @property
    def worst(self) -> int:
        """First-layer weights in the worst case."""
        return sum(layer.worst for layer in self.layers)

    @property
    def expected(self) -> float:
        """Predictor: first-layer weights that random subsets of these sizes would use."""
        return sum(layer.expected for layer in self.layers)

    @property
    def ratio(self) -> float:
        """first / worst."""
        return self.first / self.worst if self.worst else float("nan")

    @property
    def mean_uses(self) -> float:
        """second / first."""
        return self.second / self.first if self.first else float("nan")

    @property
    def theorem(self) -> int | None:
        """The theorem's bound on ``first + second``, where it says something of every layer: sum of 4 d_(i-1) d_i k_i."""
        bounds = [layer.theorem for layer in self.layers]
        return None if None in bounds else sum(bound for bound in bounds if bound is not None)

    def __repr__(self) -> str:
        return (
            f"Reuse({self.construction}, {self.first:,} first-layer weights for {self.second:,} behind them, "
            f"{_percent(self.ratio)} of the worst case)"
        )

    def _rows(self) -> list[tuple[str, ...]]:
        head = (
            "layer", "outputs", "second", "first", "worst case", "of that", "if random", "uses each", "most", "both", "theorem",
        )  # fmt: skip
        rows = [
            (str(row.layer), f"{row.outputs:,}", f"{row.second:,}", f"{row.first:,}", f"{row.worst:,}", _percent(row.ratio),
             f"{row.expected:,.1f}", _times(row.mean_uses), f"{row.most_uses:,}", f"{row.first + row.second:,}", _number(row.theorem))
            for row in self.layers
        ]  # fmt: skip
        all_ = (
            "all", "", f"{self.second:,}", f"{self.first:,}", f"{self.worst:,}", _percent(self.ratio), f"{self.expected:,.1f}",
            _times(self.mean_uses), "", f"{self.first + self.second:,}", _number(self.theorem),
        )  # fmt: skip
        return [head, *rows, all_] if len(rows) > 1 else [head, *rows]

    def _others(self) -> str:
        constants = sum(layer.constants for layer in self.layers)
        uses = sum(layer.constant_uses for layer in self.layers)
        rest = self.kept - self.first - self.second - constants - uses
        return (
            f"besides: {constants:,} constants with {uses:,} uses, for biases, and {rest:,} other weights and biases; {self.kept:,} are "
            "kept in all"
        )

    def __str__(self) -> str:
        rows = self._rows()
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(f"{cell:>{w}}" for cell, w in zip(row, widths, strict=True)) for row in rows]
        return "\n".join(
            [f"{self.construction}: first-layer weights and the outputs that use them", *lines, self._others()]
        )

    def _repr_html_(self) -> str:
        head, *rows = self._rows()
        titles = "".join(f"<th>{escape(cell)}</th>" for cell in head)
        cells = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
        return f"<table><caption>{escape(self._others())}</caption><tr>{titles}</tr>{cells}</table>"


def _number(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def _percent(ratio: float) -> str:
    return "-" if math.isnan(ratio) else f"{ratio:.1%}"


def _times(mean: float) -> str:
    return "-" if math.isnan(mean) else f"{mean:.1f}"
