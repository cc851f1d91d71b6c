"""A network: layers one after another, the target that is approximated or the random network that is pruned."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slth.networks.domain import Domain
from slth.networks.layers import (
    Dense,
    DenseForm,
    Embedding,
    Form,
    Layer,
    Mapped,
    MappedForm,
    Shape,
)
from slth.networks.layers.layer import shown
from slth.networks.layers.walk import form_of, replaced, walk
from slth.networks.source import RandomSource, seed_from
from slth.validation import finite_array, positive_int

if TYPE_CHECKING:
    from slth.networks.anatomy import Anatomy

# Rows are evaluated in blocks so that the widest layer's values take at most 64 MiB, whatever the batch (a layer's
# input and output live at the same time, so twice that in all).
BLOCK_ENTRIES = (64 << 20) // 8


@dataclass(frozen=True, eq=False, repr=False)
class Network:
    """Layers one after another: ``layers[-1](... layers[0](x))``.

    Parameters
    ----------
    layers : tuple of Layer
        At least one; each takes what the one before puts out.
    input_shape : tuple of int or None, optional
        Shape of one input, None for any length (positions of a sequence, rows of an image). Where the first layer is dense it is
        ``(d_in,)`` if not given; an image or a sequence has to be told.

    Raises
    ------
    TypeError, ValueError
        If `layers` is empty, holds anything but layers, or two shapes do not fit.
    """

    layers: tuple[Any, ...]
    input_shape: Shape | None = None

    def __post_init__(self) -> None:
        layers = _checked_layers(self.layers)
        object.__setattr__(self, "layers", layers)
        object.__setattr__(self, "input_shape", _checked_input(self.input_shape, layers[0]))
        object.__setattr__(self, "_shapes", _shapes(layers, self.input_shape))

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
    def read(source: Any, architecture: Any = None, *, input_shape: Any = None) -> Network:
        """The network that `source` describes; see `slth.networks.readers.read` for what it may be."""
        from slth.networks.readers import read

        return read(source, architecture, input_shape=input_shape)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write an ``.npz``, ``.safetensors`` or ``.onnx`` that `Network.read` gives back bit for bit; whole or not at all.

        `slth.networks.onnx.to_onnx` says what an ONNX file cannot hold.

        Raises
        ------
        ValueError
            If `path` ends in something else.
        ImportError
            If the format needs a package that is not installed.
        OSError
            If it cannot be written; an older file is then as it was.
        """
        from slth.networks.archive import save

        save(self, path)

    def anatomy(self) -> Anatomy:
        """Dead neurons, paths, degrees, and the density without dead ends; see `slth.networks.anatomy.anatomy`."""
        from slth.networks.anatomy import anatomy

        return anatomy(self)

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """Shape of an input and of what each layer puts out, L + 1 in all."""
        found: tuple[Shape, ...] = self._shapes  # type: ignore[attr-defined]
        return found

    @property
    def widths(self) -> tuple[int, ...]:
        """(d_0, ..., d_L): numbers taken by each layer, then the numbers put out.

        Raises
        ------
        ValueError
            If a shape has a length that is not fixed.
        """
        if any(d is None for shape in self.shapes for d in shape):
            raise ValueError(f"the widths of a network on {shown(self.shapes[0])} depend on the input; see shapes")
        return tuple(math.prod(cast("tuple[int, ...]", shape)) for shape in self.shapes)

    @property
    def is_dense(self) -> bool:
        """Whether all layers are `Dense`, on plain vectors."""
        return len(self.shapes[0]) == 1 and all(isinstance(layer, Dense) for layer in self.layers)

    @property
    def is_dense_skeleton(self) -> bool:
        """Whether this is the skeleton of a network for which `is_dense` holds."""
        return len(self.shapes[0]) == 1 and all(isinstance(layer, DenseForm) for layer in self.layers)

    @property
    def coordinates(self) -> int:
        """Numbers of one input, or where its length is not fixed of one position: the dimension of a domain of the network."""
        return math.prod(d for d in self.shapes[0] if d is not None)

    @property
    def usual(self) -> tuple[float, float]:
        """Bounds of the numbers of an input where nobody gives any: all tokens of an embedding, else -1 and 1."""
        first = self.layers[0]
        return (0.0, len(first.table) - 1.0) if isinstance(first, Embedding) else (-1.0, 1.0)

    def ends(self, domain: Domain) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Bounds of the numbers of an input in a domain, in its shape; one position stands for any number of them.

        Raises
        ------
        ValueError
            If the domain is of another dimension, or more than the number of positions of a sequence is open.
        """
        if domain.d != self.coordinates:
            raise ValueError(f"the domain has dimension {domain.d}, the target takes {self.coordinates} numbers")
        if None in self.shapes[0][1:]:
            raise ValueError(
                "only the number of positions of a sequence may be open for a bound, got inputs of shape "
                f"{shown(self.shapes[0])}; fix input_shape"
            )
        shape = tuple(d or 1 for d in self.shapes[0])
        return domain.lower.reshape(shape), domain.upper.reshape(shape)

    @cached_property
    def linear(self) -> tuple[Any, ...]:
        """The linear maps that a ticket approximates, `Dense`, `Conv2d` and those of `Attention`, in the order of evaluation; of a residual
        block the body before the shortcut."""
        return tuple(m for layer in walk(self.layers) if isinstance(layer, Mapped) for m in layer.maps)

    @cached_property
    def mapped(self) -> tuple[MappedForm, ...]:
        """The layers with linear maps, without their weights, in that order."""
        return tuple(form_of(layer) for layer in walk(self.layers) if isinstance(layer, Mapped | MappedForm))

    @cached_property
    def forms(self) -> tuple[Form, ...]:
        """The forms of the linear maps, in that order."""
        return tuple(form for layer in self.mapped for form in layer.forms)

    @cached_property
    def skeleton(self) -> Network:
        """The network without the weights of its linear maps: what a ticket for it is built on."""
        return Network(replaced(self.layers, lambda form: (form,)), self.input_shape)

    def with_linear(self, build: Callable[[int], tuple[Layer, ...]]) -> Network:
        """A network with other layers, ``build(i)``, in the place of linear map (or form) i."""
        count = iter(range(len(self.forms)))

        def built(form: MappedForm) -> tuple[Layer, ...]:
            return form.assembled([build(next(count)) for _ in form.forms])

        return Network(replaced(self.layers, built), self.input_shape)

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
        """``kept / size``, in [0, 1]; 1 where there is nothing to prune."""
        return self.kept / self.size if self.size else 1.0

    def __call__(self, x: ArrayLike, *, dtype: type[np.floating[Any]] = np.float64) -> NDArray[Any]:
        """Evaluate on ``x (batch, *input_shape)`` or one input ``input_shape``; returns ``(batch, ...)``, or one output.

        Takes O(batch * size) time for dense layers (less for pruned ones, see `Dense`). The inputs are evaluated in blocks, so that the
        memory for hidden values does not grow with the batch; that changes a result by rounding only.

        Parameters
        ----------
        x : float array
        dtype : numpy.float64 or numpy.float32
            Precision of the evaluation and of the result.

        Raises
        ------
        TypeError, ValueError
            If `x` is not a non-empty finite real array of one of these shapes, or the output overflows.
        """
        if dtype not in (np.float64, np.float32):
            raise TypeError(f"dtype must be numpy.float64 or numpy.float32, got {dtype!r}")
        batch = finite_array(x, "x")
        shape = self.shapes[0]
        single = batch.ndim == len(shape)
        rows = batch[None] if single else batch
        if rows.ndim != len(shape) + 1 or any(d not in (None, n) for d, n in zip(shape, rows.shape[1:], strict=True)):
            one, many = shown(shape), shown(("batch", *shape))  # type: ignore[arg-type]
            raise ValueError(f"x must have shape {many} or {one}, got {batch.shape}; one row per input")
        if rows.size == 0:
            raise ValueError(f"x must hold at least one row, got shape {batch.shape}")
        out = self._evaluate(rows.astype(dtype, copy=False))
        return np.asarray(out[0]) if single else out

    def _evaluate(self, x: NDArray[Any]) -> NDArray[Any]:
        shapes = _shapes(self.layers, x.shape[1:])
        out = np.empty((len(x), *cast("tuple[int, ...]", shapes[-1])), x.dtype)
        widest = max(layer.held(shape) for layer, shape in zip(self.layers, shapes[1:], strict=True))
        step = max(1, BLOCK_ENTRIES // widest)
        with np.errstate(over="ignore", invalid="ignore"):  # reported below, with a remedy
            for start in range(0, len(x), step):
                values = x[start : start + step]
                for layer in self.layers:
                    values = layer.evaluate(values)
                out[start : start + step] = values
        bad = ~np.isfinite(out.reshape(len(out), -1)).all(axis=1)
        if bad.any():
            raise ValueError(
                f"the output overflows {x.dtype} for row {int(bad.argmax())} of x; scale x or the weights down"
            )
        return out

    def __repr__(self) -> str:
        kept = "" if self.kept == self.size else f", {self.kept:,} kept"
        if not self.is_dense:
            kinds = " ".join(layer.kind for layer in self.layers)
            shapes = f"{shown(self.shapes[0])} -> {shown(self.shapes[-1])}"
            return f"Network({shapes}, {kinds}, {self.size:,} weights{kept})"
        # An identity at the end is what one expects and goes without saying.
        names = [layer.activation for layer in self.layers]
        named = names[:-1] if self.depth > 1 and names[-1] == "identity" else names
        names_shown = named[0] if len(set(named)) == 1 else "/".join(names)
        scales = [layer.scale for layer in self.layers]
        scaled = ", scales " + "/".join(f"{scale:g}" for scale in scales) if set(scales) != {1.0} else ""
        return f"Network({'-'.join(map(str, self.widths))}, {names_shown}, {self.size:,} weights{kept}{scaled})"

    def _repr_html_(self) -> str:
        head = ("layer", "kind", "output", "activation", "scale", "weights", "kept")
        rows = [
            (
                i,
                layer.kind,
                shown(shape),
                getattr(layer, "activation", ""),
                f"{layer.scale:g}" if hasattr(layer, "scale") else "",
                f"{layer.size:,}",
                f"{layer.kept:,}",
            )
            for i, (layer, shape) in enumerate(zip(self.layers, self.shapes[1:], strict=True))
        ]
        cells = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
        titles = "".join(f"<th>{title}</th>" for title in head)
        return f"<table><caption>{escape(repr(self))}</caption><tr>{titles}</tr>{cells}</table>"


def _checked_layers(layers: Any) -> tuple[Layer, ...]:
    if not isinstance(layers, tuple | list) or not all(isinstance(layer, Layer) for layer in layers):
        given = ", ".join(type(layer).__name__ for layer in layers) if isinstance(layers, tuple | list) else layers
        raise TypeError(
            f"layers must be a tuple of layers such as Dense, got ({given}); Network.read takes plain arrays"
        )
    if not layers:
        raise ValueError("layers must hold at least one layer, got none")
    return tuple(layers)


def _checked_input(shape: Any, first: Layer) -> Shape:
    if shape is None:
        if isinstance(first, Dense | DenseForm):
            return (first.d_in,)
        raise ValueError(
            f"a network that begins with {first!r} needs input_shape, the shape of one input, such as (3, 32, 32) or (None, 64)"
        )
    if not isinstance(shape, tuple | list):
        raise TypeError(f"input_shape must be a tuple of sizes, None for any, got {shape!r}")
    return tuple(None if d is None else positive_int(d, "input_shape") for d in shape)


def _shapes(layers: tuple[Layer, ...], shape: Shape | None) -> tuple[Shape, ...]:
    assert shape is not None
    shapes = [shape]
    for i, layer in enumerate(layers):
        try:
            shapes.append(layer.output_shape(shapes[-1]))
        except ValueError as error:
            before = f"layers[{i - 1}] puts out {shown(shapes[-1])}, but " if i else ""
            raise ValueError(f"{before}layers[{i}]: {error}") from None
    return tuple(shapes)
