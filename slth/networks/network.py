"""A network of dense layers: the target that is approximated, and the random network that is pruned."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slth.networks.layers import Dense
from slth.networks.source import RandomSource, seed_from
from slth.validation import finite_array

# Rows are evaluated in blocks so that the widest layer's values take at most 64 MiB, whatever the batch (a layer's
# input and output live at the same time, so twice that in all).
BLOCK_ENTRIES = (64 << 20) // 8


@dataclass(frozen=True, eq=False, repr=False)
class Network:
    """Dense layers one after another: ``layers[-1](... layers[0](x))``.

    Parameters
    ----------
    layers : tuple of Dense
        At least one; each takes as many numbers as the one before puts out.

    Raises
    ------
    TypeError, ValueError
        If `layers` is empty, holds anything but `Dense`, or two shapes do not fit.
    """

    layers: tuple[Dense, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", _checked_layers(self.layers))

    @classmethod
    def random(
        cls,
        widths: Sequence[int],
        *,
        law: str = "uniform",
        rng: Any = None,
        bias: bool | tuple[bool, ...] = True,
        activation: str = "relu",
    ) -> Network:
        """A random network with independent weights (and biases) of a law; the last layer has no activation.

        Equivalent to ``RandomSource(seed_from(rng), law, widths, bias).network(activation)``.

        Parameters
        ----------
        widths : (L + 1,) ints >= 1
            Numbers taken by each layer, then the numbers put out.
        law : str
            A key of `LAWS`: "uniform" on [-1, 1] or "normal" (0, 1).
        rng : None, int, numpy.random.SeedSequence or numpy.random.Generator
            As in SPEC 7; the same int gives the same network.
        bias : bool or (L,) bools
        activation : str
            A key of `ACTIVATIONS`.
        """
        shape = cast("tuple[int, ...]", widths)  # any sequence: checked and converted there
        return RandomSource(seed_from(rng), law, shape, bias).network(activation)

    @staticmethod
    def read(source: Any) -> Network:
        """The network that `source` describes; see `slth.networks.read.read` for what it may be."""
        from slth.networks.read import read

        return read(source)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write an ``.npz`` that `Network.read` gives back bit for bit; whole or not at all.

        Raises
        ------
        ValueError
            If `path` does not end in ".npz".
        OSError
            If it cannot be written; an older file is then as it was.
        """
        from slth.networks.archive import save

        save(self, path)

    @property
    def widths(self) -> tuple[int, ...]:
        """(d_0, ..., d_L): numbers taken by each layer, then the numbers put out."""
        return (self.layers[0].d_in, *(layer.d_out for layer in self.layers))

    @property
    def depth(self) -> int:
        """Number of layers, L."""
        return len(self.layers)

    @property
    def size(self) -> int:
        """Number of weights and biases, pruned ones included."""
        return sum(layer.size for layer in self.layers)

    @property
    def kept(self) -> int:
        """Number of weights and biases that are not zero."""
        return sum(layer.kept for layer in self.layers)

    @property
    def density(self) -> float:
        """``kept / size``, in [0, 1]."""
        return self.kept / self.size

    def __call__(self, x: ArrayLike) -> NDArray[np.float64]:
        """Evaluate on ``x (batch, d_0)`` or ``(d_0,)``; returns ``(batch, d_L)`` or ``(d_L,) float64``.

        Takes O(batch * size) time (less for pruned layers, see `Dense`). The rows are evaluated in blocks, so that the
        memory for hidden values does not grow with the batch; that changes a result by rounding only.

        Raises
        ------
        TypeError, ValueError
            If `x` is not a non-empty finite real array of one of these shapes, or the output overflows float64.
        """
        rows = finite_array(x, "x")
        d_in = self.widths[0]
        if rows.ndim not in (1, 2) or rows.shape[-1] != d_in:
            raise ValueError(f"x must have shape (batch, {d_in}) or ({d_in},), got {rows.shape}; one row per input")
        if rows.size == 0:
            raise ValueError(f"x must hold at least one row, got shape {rows.shape}")
        out = self._evaluate(rows.reshape(-1, d_in))
        return out[0] if rows.ndim == 1 else out

    def _evaluate(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        out = np.empty((len(x), self.widths[-1]))
        step = max(1, BLOCK_ENTRIES // max(self.widths[1:]))
        with np.errstate(over="ignore", invalid="ignore"):  # reported below, with a remedy
            for start in range(0, len(x), step):
                values = x[start : start + step]
                for layer in self.layers:
                    values = layer.evaluate(values)
                out[start : start + step] = values
        bad = ~np.isfinite(out).all(axis=1)
        if bad.any():
            raise ValueError(
                f"the output overflows float64 for row {int(bad.argmax())} of x; scale x or the weights down"
            )
        return out

    def __repr__(self) -> str:
        # An identity at the end is what one expects and goes without saying.
        names = [layer.activation for layer in self.layers]
        named = names[:-1] if self.depth > 1 and names[-1] == "identity" else names
        shown = named[0] if len(set(named)) == 1 else "/".join(names)
        kept = "" if self.kept == self.size else f", {self.kept:,} kept"
        scales = [layer.scale for layer in self.layers]
        scaled = ", scales " + "/".join(f"{scale:g}" for scale in scales) if set(scales) != {1.0} else ""
        return f"Network({'-'.join(map(str, self.widths))}, {shown}, {self.size:,} weights{kept}{scaled})"

    def _repr_html_(self) -> str:
        head = ("layer", "shape", "activation", "scale", "weights", "kept")
        rows = [
            (
                i,
                f"{layer.d_in} → {layer.d_out}",
                layer.activation,
                f"{layer.scale:g}",
                f"{layer.size:,}",
                f"{layer.kept:,}",
            )
            for i, layer in enumerate(self.layers)
        ]
        cells = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
        titles = "".join(f"<th>{title}</th>" for title in head)
        return f"<table><caption>{escape(repr(self))}</caption><tr>{titles}</tr>{cells}</table>"


def _checked_layers(layers: Any) -> tuple[Dense, ...]:
    if not isinstance(layers, tuple | list) or not all(isinstance(layer, Dense) for layer in layers):
        given = ", ".join(type(layer).__name__ for layer in layers) if isinstance(layers, tuple | list) else layers
        raise TypeError(f"layers must be a tuple of Dense, got ({given}); Network.read takes plain arrays")
    if not layers:
        raise ValueError("layers must hold at least one Dense, got none")
    for i, (first, second) in enumerate(pairwise(layers)):
        if first.d_out != second.d_in:
            raise ValueError(
                f"layers[{i}] puts out {first.d_out} numbers but layers[{i + 1}] takes {second.d_in}; "
                "weights must have shape (d_out, d_in)"
            )
    return tuple(layers)
