"""Random weights as a pure function of (seed, layer, block): any part, in any order, by any worker, bit for bit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from numbers import Integral
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from slth import laws
from slth.laws import Law, Normal, Uniform
from slth.networks.edges import Edges
from slth.validation import positive_int

if TYPE_CHECKING:
    from slth.networks.network import Network

# Part of the definition of the random numbers, the same for ever; other laws of `slth.laws` are as reproducible as their formulas.
LAWS: Final[dict[str, Law]] = {law.name: law for law in (Uniform(), Normal())}

# Part of the definition of the random numbers: changing either changes every weight of every seed.
BLOCK_ENTRIES = 1 << 16
WEIGHTS, BIASES = 0, 1
MAX_SEED_BITS = 4096  # more than any entropy; a file stores it in decimal


@dataclass(frozen=True, repr=False)
class RandomSource:
    """The random network of a seed, made in parts and on demand; holds no arrays but the bits of its edges, if some are missing.

    The rows of a weight matrix are grouped into blocks of ``max(1, 2**16 // d_in)`` rows. Block b of layer l is drawn
    from ``PCG64(SeedSequence(entropy=seed, spawn_key=(l, kind, b))).random_raw``, kind 0 for weights and 1 for biases
    (rows of one entry), and mapped by the law. A row therefore depends on the seed, the law, its layer, its number and
    d_in, and on nothing else: not on d_out, nor on the other layers, nor on which rows are asked for together.

    Parameters
    ----------
    seed : int >= 0
        Below 2^4096; `seed_from` makes one.
    law : str
        A key of `LAWS`.
    shape : (L + 1,) ints, or L pairs of ints; >= 1
        Either d_0, ..., d_L: layer l (counted from 0) maps d_l numbers to d_(l+1); or (d_out, d_in) of each layer's matrix, for layers
        that do not simply feed one another. Stored as the pairs, `shapes`.
    bias : bool, or L bools or ints
        Whether there are biases, for all layers or for each, or how many (d_out if True); stored as a tuple of numbers.
    edges : Edges or anything that `Edges.read` takes, optional
        Which weights there are: the others are 0, and those that are there have the values they have without `edges`, bit for bit. All of
        them by default; stored as `Edges`, or as None where none is missing. Biases are always there.

        A law such as "sparse(0.5)" draws the missing edges of an Erdos-Renyi graph as zeros; those are weights all the same (`size`
        counts them), while a missing edge is none.

    Raises
    ------
    ValueError, TypeError
        If a parameter is not as described.
    """

    seed: int
    law: str
    shape: tuple[Any, ...]
    bias: tuple[Any, ...] | bool = True
    edges: Any = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "seed", _checked_seed(self.seed))
        object.__setattr__(self, "law", source_law(self.law).name)
        shapes = _checked_shapes(self.shape)
        object.__setattr__(self, "shape", shapes)
        object.__setattr__(self, "bias", _checked_biases(self.bias, shapes))
        if self.edges is not None:
            edges = Edges.read(self.edges, shapes)
            object.__setattr__(self, "edges", None if edges.complete else edges)

    def __repr__(self) -> str:
        edges = "" if self.edges is None else f", edges={self.edges!r}"
        return f"RandomSource(seed={self.seed}, law={self.law!r}, shape={self.shape}, bias={self.bias}{edges})"

    @property
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """(d_out, d_in) of the matrix of each layer."""
        return self.shape

    @property
    def widths(self) -> tuple[int, ...]:
        """(d_0, ..., d_L) of layers that feed one another.

        Raises
        ------
        ValueError
            If they do not.
        """
        if any(first[0] != second[1] for first, second in pairwise(self.shapes)):
            raise ValueError(f"layers of shapes {self.shapes} do not feed one another; see shapes")
        return (self.shapes[0][1], *(d_out for d_out, _ in self.shapes))

    @property
    def depth(self) -> int:
        """Number of layers, L."""
        return len(self.shapes)

    @property
    def size(self) -> int:
        """Number of weights, missing edges not counted, and biases."""
        return sum(self.weights(layer) + self.biases(layer) for layer in range(self.depth))

    def weights(self, layer: int) -> int:
        """How many weights layer `layer` has: its edges."""
        d_out, d_in = self.shapes[layer]
        return d_out * d_in if self.edges is None else int(self.edges.counts[layer])

    def share(self, layer: int) -> float:
        """The share of the places of layer `layer` where a weight other than 0 is to be expected: 1 for most sources."""
        d_out, d_in = self.shapes[layer]
        zero = float(source_law(self.law).probability(0.0))
        return (1.0 - zero) * self.weights(layer) / (d_out * d_in)

    def biases(self, layer: int) -> int:
        """How many biases layer `layer` has."""
        return int(self.bias[layer]) if isinstance(self.bias, tuple) else 0

    def has_bias(self, layer: int) -> bool:
        """Whether layer `layer` has biases."""
        return self.biases(layer) > 0

    def weight_rows(self, layer: int, start: int, stop: int) -> NDArray[np.float64]:
        """Rows `start` to `stop` (not included) of the weights of layer `layer`: ``(stop - start, d_in) float64``.

        Takes time and memory for the rows asked for, wherever they lie.

        Raises
        ------
        IndexError
            If the layer or a row does not exist.
        """
        d_out, d_in = self._shape_of(layer)
        if not 0 <= start <= stop <= d_out:
            raise IndexError(f"rows {start}:{stop} do not lie in layer {layer}; choose 0 <= start <= stop <= {d_out}")
        rows = self._rows(layer, WEIGHTS, d_in, start, stop)
        if self.edges is not None:
            rows[~self.edges.rows(layer, start, stop)] = 0.0
        return rows

    def weight(self, layer: int) -> NDArray[np.float64]:
        """All weights of layer `layer`, ``(d_out, d_in) float64``: ``weight_rows(layer, 0, d_out)``."""
        return self.weight_rows(layer, 0, self._shape_of(layer)[0])

    def bias_vector(self, layer: int) -> NDArray[np.float64] | None:
        """The biases of layer `layer`, ``(d_out,) float64`` (or as many as it has), or None if it has none."""
        self._shape_of(layer)
        return self.bias_rows(layer, 0, self.biases(layer)) if self.has_bias(layer) else None

    def bias_rows(self, layer: int, start: int, stop: int) -> NDArray[np.float64]:
        """Biases `start` to `stop` (not included) of layer `layer`, which has some: ``(stop - start,) float64``."""
        self._shape_of(layer)
        if not (self.has_bias(layer) and 0 <= start <= stop <= self.biases(layer)):
            raise IndexError(f"biases {start}:{stop} do not exist in layer {layer} of {self!r}")
        return self._rows(layer, BIASES, 1, start, stop)[:, 0]

    def network(self, activation: str = "relu") -> Network:
        """All of it as a dense `Network`: `activation` after every layer but the last, which has none.

        Raises
        ------
        ValueError
            If the layers do not feed one another.
        """
        _ = self.widths
        from slth.networks.layers import Dense
        from slth.networks.network import Network

        names = [activation] * (self.depth - 1) + ["identity"]
        return Network(tuple(Dense(self.weight(i), self.bias_vector(i), name) for i, name in enumerate(names)))

    def _shape_of(self, layer: int) -> tuple[int, int]:
        if not 0 <= layer < self.depth:
            raise IndexError(f"layer {layer} does not exist; choose one of 0 to {self.depth - 1}")
        return self.shapes[layer]

    def _rows(self, layer: int, kind: int, columns: int, start: int, stop: int) -> NDArray[np.float64]:
        rows = np.empty((stop - start, columns))
        height = max(1, BLOCK_ENTRIES // columns)
        row = start
        while row < stop:
            block = row // height
            end = min(stop, (block + 1) * height)
            words = np.random.PCG64(np.random.SeedSequence(entropy=self.seed, spawn_key=(layer, kind, block)))
            words.advance((row - block * height) * columns)
            drawn = words.random_raw((end - row) * columns)
            rows[row - start : end - start] = source_law(self.law).from_words(drawn).reshape(-1, columns)
            row = end
        return rows


def source_law(name: str) -> Law:
    """The law of a name, if a random network may be drawn from it: one raw word a value.

    Raises
    ------
    ValueError
        If there is no such law, or it needs more than a word.
    """
    if not isinstance(name, str):
        raise TypeError(f"law must be a name such as 'uniform', got {name!r}")
    return LAWS.get(name) or laws.get(name)


def seed_from(rng: Any = None) -> int:
    """The seed that `rng` stands for (SPEC 7): an int >= 0 that can be stored.

    Parameters
    ----------
    rng : None, int, numpy.random.SeedSequence or numpy.random.Generator
        None takes 128 bits from the operating system; an int is the seed itself; a SeedSequence gives 128 bits of its
        state and is not changed; a Generator draws 128 bits and so advances.

    Raises
    ------
    TypeError
        If `rng` is anything else.
    ValueError
        If it is a negative int.
    """
    if rng is None:
        rng = np.random.SeedSequence()
    if isinstance(rng, np.random.SeedSequence):
        return int.from_bytes(rng.generate_state(4, np.uint32).astype("<u4").tobytes(), "little")
    if isinstance(rng, np.random.Generator):
        return int.from_bytes(rng.bytes(16), "little")
    return _checked_seed(
        rng, "rng", " (or None, a numpy.random.SeedSequence or the Generator of np.random.default_rng)"
    )


def _checked_shapes(shape: Any) -> tuple[tuple[int, int], ...]:
    if isinstance(shape, str) or not isinstance(shape, Iterable):
        raise TypeError(f"widths must be a sequence of positive integers such as (64, 32, 10), got {shape!r}")
    given = tuple(shape)
    if given and all(isinstance(pair, tuple | list) for pair in given):
        if not all(len(pair) == 2 for pair in given):
            raise ValueError(f"shapes must be (d_out, d_in) pairs, got {given!r}")
        return tuple((positive_int(d_out, "d_out"), positive_int(d_in, "d_in")) for d_out, d_in in given)
    widths = tuple(positive_int(width, f"widths[{i}]") for i, width in enumerate(given))
    if len(widths) < 2:
        raise ValueError(f"widths must hold at least 2 numbers (input and output), got {widths}")
    return tuple((d_out, d_in) for d_in, d_out in pairwise(widths))


def _checked_biases(bias: Any, shapes: tuple[tuple[int, int], ...]) -> tuple[int, ...]:
    depth = len(shapes)
    given = (bias,) * depth if isinstance(bias, bool | np.bool_) else bias
    given = tuple(given) if isinstance(given, Iterable) else (None,)
    if not all(isinstance(flag, bool | np.bool_ | Integral) for flag in given) or any(flag < 0 for flag in given):
        raise TypeError(f"bias must be True, False or a sequence of these (or of numbers), one per layer, got {bias!r}")
    if len(given) != depth:
        raise ValueError(f"bias must hold one truth value for each of the {depth} layers, got {len(given)}")
    return tuple(
        d_out * bool(flag) if isinstance(flag, bool | np.bool_) else int(flag)
        for flag, (d_out, _) in zip(given, shapes, strict=True)
    )


def _checked_seed(seed: Any, name: str = "seed", others: str = "") -> int:
    if isinstance(seed, bool) or not isinstance(seed, Integral):
        raise TypeError(f"{name} must be an integer >= 0{others}, got {seed!r}")
    if seed < 0:
        raise ValueError(f"{name} must be >= 0, got {int(seed)}")
    if int(seed).bit_length() > MAX_SEED_BITS:
        raise ValueError(f"{name} must be below 2**{MAX_SEED_BITS}, got an integer of {int(seed).bit_length():,} bits")
    return int(seed)
