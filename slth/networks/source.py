"""Random weights as a pure function of (seed, layer, block): any part, in any order, by any worker, bit for bit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from numbers import Integral
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from slth.laws import Law, Normal, Uniform
from slth.validation import one_of, positive_int

if TYPE_CHECKING:
    from slth.networks.network import Network

# Symmetric about 0, never exactly 0, one raw word a value: what a random network may be drawn from.
LAWS: Final[dict[str, Law]] = {law.name: law for law in (Uniform(), Normal())}

# Part of the definition of the random numbers: changing either changes every weight of every seed.
BLOCK_ENTRIES = 1 << 16
WEIGHTS, BIASES = 0, 1
MAX_SEED_BITS = 4096  # more than any entropy; a file stores it in decimal


@dataclass(frozen=True)
class RandomSource:
    """The random dense network of a seed, made in parts and on demand; holds no arrays.

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
    widths : (L + 1,) ints >= 1
        d_0, ..., d_L: layer l (counted from 0) maps d_l numbers to d_(l+1).
    bias : bool or (L,) bools
        Whether there are biases, for all layers or for each; stored as a tuple.

    Raises
    ------
    ValueError, TypeError
        If a parameter is not as described.
    """

    seed: int
    law: str
    widths: tuple[int, ...]
    bias: tuple[bool, ...] | bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "seed", _checked_seed(self.seed))
        one_of(self.law, LAWS, "law")
        widths = _checked_widths(self.widths)
        object.__setattr__(self, "widths", widths)
        object.__setattr__(self, "bias", _checked_flags(self.bias, len(widths) - 1))

    @property
    def depth(self) -> int:
        """Number of layers, L."""
        return len(self.widths) - 1

    @property
    def size(self) -> int:
        """Number of weights and biases."""
        return sum(
            d_out * (d_in + self.has_bias(layer))
            for layer, (d_in, d_out) in enumerate(zip(self.widths[:-1], self.widths[1:], strict=True))
        )

    def has_bias(self, layer: int) -> bool:
        """Whether layer `layer` has biases."""
        return self.bias if isinstance(self.bias, bool) else self.bias[layer]

    def weight_rows(self, layer: int, start: int, stop: int) -> NDArray[np.float64]:
        """Rows `start` to `stop` (not included) of the weights of layer `layer`: ``(stop - start, d_in) float64``.

        Takes time and memory for the rows asked for, wherever they lie.

        Raises
        ------
        IndexError
            If the layer or a row does not exist.
        """
        d_in, d_out = self._shape(layer)
        if not 0 <= start <= stop <= d_out:
            raise IndexError(f"rows {start}:{stop} do not lie in layer {layer}; choose 0 <= start <= stop <= {d_out}")
        return self._rows(layer, WEIGHTS, d_in, start, stop)

    def weight(self, layer: int) -> NDArray[np.float64]:
        """All weights of layer `layer`, ``(d_out, d_in) float64``: ``weight_rows(layer, 0, d_out)``."""
        return self.weight_rows(layer, 0, self._shape(layer)[1])

    def bias_vector(self, layer: int) -> NDArray[np.float64] | None:
        """The biases of layer `layer`, ``(d_out,) float64``, or None if it has none."""
        return self.bias_rows(layer, 0, self._shape(layer)[1]) if self.has_bias(layer) else None

    def bias_rows(self, layer: int, start: int, stop: int) -> NDArray[np.float64]:
        """Biases `start` to `stop` (not included) of layer `layer`, which has some: ``(stop - start,) float64``."""
        d_out = self._shape(layer)[1]
        if not (self.has_bias(layer) and 0 <= start <= stop <= d_out):
            raise IndexError(f"biases {start}:{stop} do not exist in layer {layer} of {self!r}")
        return self._rows(layer, BIASES, 1, start, stop)[:, 0]

    def network(self, activation: str = "relu") -> Network:
        """All of it as a `Network`: `activation` after every layer but the last, which has none."""
        from slth.networks.layers import Dense
        from slth.networks.network import Network

        names = [activation] * (self.depth - 1) + ["identity"]
        return Network(tuple(Dense(self.weight(i), self.bias_vector(i), name) for i, name in enumerate(names)))

    def _shape(self, layer: int) -> tuple[int, int]:
        if not 0 <= layer < self.depth:
            raise IndexError(f"layer {layer} does not exist; choose one of 0 to {self.depth - 1}")
        return self.widths[layer], self.widths[layer + 1]

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
            rows[row - start : end - start] = LAWS[self.law].from_words(drawn).reshape(-1, columns)
            row = end
        return rows


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


def _checked_widths(widths: Any) -> tuple[int, ...]:
    if isinstance(widths, str) or not isinstance(widths, Iterable):
        raise TypeError(f"widths must be a sequence of positive integers such as (64, 32, 10), got {widths!r}")
    checked = tuple(positive_int(width, f"widths[{i}]") for i, width in enumerate(widths))
    if len(checked) < 2:
        raise ValueError(f"widths must hold at least 2 numbers (input and output), got {checked}")
    return checked


def _checked_flags(bias: Any, depth: int) -> tuple[bool, ...]:
    flags = (bias,) * depth if isinstance(bias, bool | np.bool_) else bias
    flags = tuple(flags) if isinstance(flags, Iterable) else (None,)
    if not all(isinstance(flag, bool | np.bool_) for flag in flags):
        raise TypeError(f"bias must be True, False or a sequence of these, one per layer, got {bias!r}")
    if len(flags) != depth:
        raise ValueError(f"bias must hold one truth value for each of the {depth} layers, got {len(flags)}")
    return tuple(bool(flag) for flag in flags)


def _checked_seed(seed: Any, name: str = "seed", others: str = "") -> int:
    if isinstance(seed, bool) or not isinstance(seed, Integral):
        raise TypeError(f"{name} must be an integer >= 0{others}, got {seed!r}")
    if seed < 0:
        raise ValueError(f"{name} must be >= 0, got {int(seed)}")
    if int(seed).bit_length() > MAX_SEED_BITS:
        raise ValueError(f"{name} must be below 2**{MAX_SEED_BITS}, got an integer of {int(seed).bit_length():,} bits")
    return int(seed)
