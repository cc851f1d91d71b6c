"""Multiple-choice subset sum: one option for every group of samples, together close to the target.

Subsets, coefficients, N:M patterns and locked samples are all of this kind.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slth.subset_sum.kernels import choices as kernel

MAX_HALF = 2**24  # entries of a half list: 192 MiB
_CODES = 2**64
_ROW_BITS = 60  # of the largest sum
_CLIP = 2.0**61


@dataclass(frozen=True, eq=False)
class Choices:
    """What may be chosen: for each group of `block` consecutive samples a few options, each a coefficient for every sample of the group.

    The code of a choice is the number whose digit i, in base ``len(alphabet)``, says which coefficient of the alphabet sample i has: the
    mask where the alphabet is (0, 1). Options are in order of their codes, so codes compare as the ranks of options do.

    Attributes
    ----------
    n : int
        Samples a row.
    alphabet : tuple of int
        The coefficients, 0 first where it is one of them.
    block : int
        Samples a group.
    starts : (groups + 1,) int64
        Group g has the options ``starts[g]`` to ``starts[g + 1] - 1``.
    terms : (options, block) int64
        Coefficients of the samples of its group.
    sizes : (options,) int64
        How many of them are not the first of the alphabet.
    codes : (options,) uint64
        What an option adds to the code.
    middle : int
        The first `middle` groups make the left half.
    """

    n: int
    alphabet: tuple[int, ...]
    block: int
    starts: NDArray[np.int64]
    terms: NDArray[np.int64]
    sizes: NDArray[np.int64] = field(init=False)
    codes: NDArray[np.uint64] = field(init=False)
    middle: int = field(init=False)

    def __post_init__(self) -> None:
        base = len(self.alphabet)
        if base**self.n > _CODES:
            raise ValueError(
                f"{base} coefficients for n = {self.n} samples give {base}^{self.n} codes, more than 64 bits hold; "
                f"use at most {int(64 / math.log2(base))} samples"
            )
        digit = {coefficient: i for i, coefficient in enumerate(self.alphabet)}
        group = self.group_of.tolist()
        codes = [
            sum(digit[c] * base ** (g * self.block + j) for j, c in enumerate(term))
            for g, term in zip(group, self.terms.tolist(), strict=True)
        ]
        object.__setattr__(self, "codes", np.array(codes, np.uint64))
        object.__setattr__(self, "sizes", (self.terms != self.alphabet[0]).sum(axis=1).astype(np.int64))
        object.__setattr__(self, "middle", self.split(0, self.groups))
        if self.longest > MAX_HALF:
            raise ValueError(
                f"half of the {self.groups} groups have {self.longest:,} choices, at most {MAX_HALF:,} are listed; "
                "give fewer samples or fewer coefficients, or lock some samples"
            )

    @classmethod
    def subsets(cls, n: int, locked: ArrayLike | None = None) -> Choices:
        """Every subset of n samples (n <= 48) that holds the `locked` ones, (n,) bool. The code is the mask."""
        return cls.coefficients(n, (0, 1), locked)

    @classmethod
    def coefficients(cls, n: int, coefficients: Sequence[int], locked: ArrayLike | None = None) -> Choices:
        """One of a few different integers for every sample; a `locked` sample, (n,) bool, never gets the first of the alphabet.

        Raises ValueError if they repeat, if only 0 is left for a locked sample, or if there are too many choices: n may be 30 for three
        coefficients, 20 for five.
        """
        numbers = [int(c) for c in coefficients]
        if not numbers or len(set(numbers)) < len(numbers) or numbers != list(coefficients):
            raise ValueError(f"coefficients must be different integers, at least one, got {tuple(coefficients)}")
        alphabet = tuple(c for c in numbers if c == 0) + tuple(c for c in numbers if c != 0)
        kept = alphabet[1:]
        held = _held(n, locked)
        if held.any() and not kept:
            raise ValueError(f"locked samples need a second coefficient, got {tuple(coefficients)}")
        groups = [[(c,) for c in (kept if hold else alphabet)] for hold in held.tolist()]
        return cls._of(n, alphabet, 1, groups)

    @classmethod
    def pattern(cls, n: int, s: int, block: int, locked: ArrayLike | None = None) -> Choices:
        """Exactly s of every `block` consecutive samples (N:M sparsity), among them the `locked` ones, (n,) bool. The code is the mask.

        Raises ValueError if `block` does not divide n, s is not in 0 .. block, more than s samples of a block are locked, or there are
        too many choices: n may be 64 for 2:4 and 1:4.
        """
        if block < 1 or not 0 <= s <= block:
            raise ValueError(f"pattern must be (s, block) with 0 <= s <= block and block >= 1, got ({s}, {block})")
        if n % block:
            raise ValueError(f"pattern ({s}, {block}) needs n divisible by {block}, got n = {n}; add zeros to the row")
        groups = []
        for g, held in enumerate(_held(n, locked).reshape(-1, block).tolist()):
            free = [j for j in range(block) if not held[j]]
            missing = s - (block - len(free))
            if missing < 0:
                raise ValueError(
                    f"pattern ({s}, {block}) cannot hold the {block - len(free)} locked samples of block {g}; unlock some, or raise s"
                )
            if math.comb(len(free), missing) > 2**16:
                raise ValueError(
                    f"pattern ({s}, {block}) has {math.comb(len(free), missing):,} choices a block, at most {2**16:,}"
                )
            masks = [sum(1 << j for j in some) for some in itertools.combinations(free, missing)]
            fixed = sum(1 << j for j in range(block) if held[j])
            groups.append([tuple((mask | fixed) >> j & 1 for j in range(block)) for mask in sorted(masks)])
        return cls._of(n, (0, 1), block, groups)

    @classmethod
    def _of(cls, n: int, alphabet: tuple[int, ...], block: int, groups: Sequence[Sequence[tuple[int, ...]]]) -> Choices:
        starts = np.concatenate([[0], np.cumsum([len(options) for options in groups])]).astype(np.int64)
        terms = np.array([term for options in groups for term in options], np.int64).reshape(-1, block)
        return cls(n, alphabet, block, starts, terms)

    @property
    def groups(self) -> int:
        """How many groups."""
        return self.starts.size - 1

    @property
    def group_of(self) -> NDArray[np.int64]:
        """(options,) the group of each option."""
        return np.repeat(np.arange(self.groups), np.diff(self.starts))

    @property
    def size_range(self) -> tuple[int, int]:
        """Fewest and most elements of a choice."""
        at = self.starts[:-1]
        return int(np.minimum.reduceat(self.sizes, at).sum()), int(np.maximum.reduceat(self.sizes, at).sum())

    @property
    def slack(self) -> int:
        """The largest sum of absolute coefficients: by how many half quanta a sum is off where every sample is off by one."""
        return int(np.maximum.reduceat(np.abs(self.terms).sum(axis=1), self.starts[:-1]).sum())

    @property
    def longest(self) -> int:
        """Entries of the longer half list."""
        return max(self.entries(0, self.middle), self.entries(self.middle, self.groups))

    @property
    def bytes(self) -> int:
        """Memory that one `closest` takes, about."""
        return 32 * self.longest

    def entries(self, first: int, last: int) -> int:
        """How many choices the groups first to last - 1 have."""
        return math.prod(np.diff(self.starts[first : last + 1]).tolist())

    def split(self, first: int, last: int) -> int:
        """Where to cut the groups first to last - 1 so that the larger part has as few choices as possible."""
        return min(range(first, last + 1), key=lambda g: (max(self.entries(first, g), self.entries(g, last)), g))

    def values(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """(rows, n) int64 samples -> (rows, options) the value of each option. It must not overflow."""
        first = self.group_of * self.block
        out = np.zeros((len(rows), len(self.terms)), np.int64)
        for j in range(self.block):
            out += rows[:, first + j] * self.terms[:, j]
        return out

    def integers(self, samples: Sequence[int]) -> list[int]:
        """Samples as integers of any length -> the value of each option."""
        first = (self.group_of * self.block).tolist()
        return [
            sum(c * samples[i + j] for j, c in enumerate(term) if c)
            for i, term in zip(first, self.terms.tolist(), strict=True)
        ]

    def decode(self, codes: ArrayLike) -> NDArray[np.int64]:
        """(...) uint64 codes -> (..., n) the coefficient of every sample."""
        rest = np.asarray(codes, np.uint64)
        base = np.uint64(len(self.alphabet))
        alphabet = np.array(self.alphabet, np.int64)
        out = np.empty((*rest.shape, self.n), np.int64)
        for i in range(self.n):
            out[..., i] = alphabet[rest % base] if base > 1 else alphabet[0]
            rest = rest // base
        return out


def _held(n: int, locked: ArrayLike | None) -> NDArray[np.bool_]:
    if n < 1:
        raise ValueError(f"n must be >= 1, got {n}")
    if locked is None:
        return np.zeros(n, np.bool_)
    held = np.asarray(locked)
    if held.dtype != np.bool_ or held.shape != (n,):
        raise ValueError(f"locked must be boolean of shape ({n},), got {held.dtype} of shape {held.shape}")
    return held


def cost(choices: Choices) -> float:
    """Nanoseconds for one instance in `closest` (measured on one core; only ratios matter)."""
    return 700.0 + choices.longest * (4.0 if choices.longest < 2**16 else 8.0)


def fixed_point(
    choices: Choices,
    samples: NDArray[np.float64],
    row_of: NDArray[np.int64],
    targets: NDArray[np.float64],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Rows and targets in quanta as `closest` takes them: every row scaled by a power of two, so that no choice sums to 2^60.

    samples (rows, n), row_of (m,), targets (m,), finite and with finite sums -> values (rows, n), targets (m,) at most 2^61 in absolute
    value (beyond every reach the closest choice is the same), exact (m,): that nothing was rounded.
    """
    largest = max(abs(c) for c in choices.alphabet)
    exponents = _ROW_BITS - largest.bit_length() - np.frexp(np.abs(samples).sum(axis=1))[1]
    with np.errstate(over="ignore", under="ignore"):
        scaled = np.ldexp(samples, exponents[:, None])
        goals = np.ldexp(targets, exponents[row_of])
    values = np.rint(scaled)
    clipped = np.clip(np.rint(goals), -_CLIP, _CLIP)
    # what underflowed to 0 is not exact either
    whole = ((values == scaled) & ((scaled != 0) | (samples == 0))).all(axis=1)
    exact = whole[row_of] & ((np.abs(goals) >= _CLIP) | ((clipped == goals) & ((goals != 0) | (targets == 0))))
    return values.astype(np.int64), clipped.astype(np.int64), exact


def closest(
    choices: Choices,
    values: NDArray[np.int64],
    row_of: NDArray[np.int64],
    targets: NDArray[np.int64],
    exact: NDArray[np.bool_],
    lows: NDArray[np.int64],
    highs: NDArray[np.int64],
) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
    """Closest choice of lows to highs elements for every instance, in fixed point; then fewest elements, then the smallest code.

    Parameters
    ----------
    values : (rows, n) int64
        Samples in quanta (`fixed_point`): for every row the sum of ``max |c| |x|`` over all samples at most 2^60.
    row_of, targets : (m,) int64
        Row of each instance, and its target in quanta, at most 2^61 in absolute value.
    exact : (m,) bool
        That these conversions lost nothing; else each sample and the target are off by at most half a quantum.
    lows, highs : (m,) int64
        Sizes allowed.

    Returns
    -------
    codes, status : (m,) uint64, (m,) uint8
        `kernels.choices.FOUND`: proven. MISSED: proven that no choice has such a size. AMBIGUOUS: rounding or ties leave it open, and
        `exact_choices.closest` decides.
    """
    codes, status = np.zeros(targets.size, np.uint64), np.full(targets.size, kernel.AMBIGUOUS, np.uint8)
    options = choices.values(values)
    problem = options, choices.sizes, choices.codes, choices.starts, choices.middle
    kernel.closest(*problem, choices.slack, row_of, targets, exact, lows, highs, codes, status)
    least, most = choices.size_range
    tied = np.flatnonzero((status == kernel.AMBIGUOUS) & exact & (lows <= least) & (highs >= most))
    if tied.size:
        found = np.empty(tied.size, np.uint64)
        kernel.closest_of_ties(*problem, row_of[tied], targets[tied], found)
        codes[tied], status[tied] = found, kernel.FOUND
    status[(lows > highs) | (highs < least) | (lows > most)] = kernel.MISSED
    return codes, status
