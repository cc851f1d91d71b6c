"""An adversarial search: the input of the domain on which a ticket is farthest from its target, as far as one can find it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slth.certificate.adversary.gradient import Floats, forward
from slth.certificate.adversary.regions import Region, region_of
from slth.constructions import Effective
from slth.constructions.effective_network import effective_network, replaceable
from slth.networks import Attention, Conv2d, Domain, Embedding, Network
from slth.networks.layers.walk import walk
from slth.validation import positive_int

_BLOCK = (64 << 20) // 8  # numbers held at a time
_DIRECTIONS = 32  # for slopes by differences, where a layer's is not known
_CHECKED = 4  # best inputs of each search that the ticket itself is asked about


@dataclass(frozen=True, eq=False, repr=False)
class Attack:
    """The input that an adversarial search found: a lower bound of the largest error, beside the certified upper bound.

    Attributes
    ----------
    x : (*input_shape) float64
        The input, in the domain.
    output : tuple of int
        Which number of the output is farthest off.
    error : float
        |ticket(x) - target(x)| there, as both compute it in float64: the largest error over the domain is at least this (that of networks
        without rounding too, but for the rounding of the two evaluations).
    error_bound : float
        The certificate: it is at most this.
    evaluations : int
        Inputs that were tried.
    method : str
        What found it: "start" (drawn, or an end of the domain) or "ascent".
    """

    x: Floats
    output: tuple[int, ...]
    error: float
    error_bound: float
    evaluations: int
    method: str

    @property
    def ratio(self) -> float:
        """error_bound / error, at least 1: how far the certificate is from what was seen; the truth lies in between. Infinite if no error
        was seen."""
        return self.error_bound / self.error if self.error else math.inf

    def __repr__(self) -> str:
        where = self.output[0] if len(self.output) == 1 else self.output
        return (
            f"Attack(error={self.error:.3g} at output {where}, error_bound={self.error_bound:.3g}, ratio={self.ratio:.3g}, "
            f"{self.evaluations:,} inputs tried, by {self.method})"
        )


def attack(
    ticket: Network,
    pieces: Sequence[Effective],
    target: Network,
    domain: Domain,
    error_bound: float,
    *,
    rng: np.random.Generator,
    starts: int = 16,
    steps: int = 50,
    positions: int | Iterable[int] = (2, 8),
) -> Attack:
    """Look for the input of the domain with the largest |ticket(x) - target(x)|, in any output.

    Heuristic: the error found is a lower bound. The climbs start from the best of some random and extreme inputs, different ones for
    different outputs. Slopes of the error, exact for piecewise linear networks, say which coordinates to move to the ends of their range;
    of several such moves the best is taken, and where none helps some coordinates are drawn anew. The search evaluates the effective
    matrices `pieces` of the ticket, which is much faster; what it finds is measured on the ticket itself.

    Parameters
    ----------
    ticket, target : Network
    pieces : sequence of Effective
        What the ticket stands for.
    starts, steps : int >= 1
        Climbs side by side, and steps of each.
    positions : int or several, at least 1 each
        Lengths of the sequences to try, where any is allowed.

    Notes
    -----
    Some ``starts * steps * (10 + log2(n))`` evaluations of two networks of the target's size for n inputs, and as many slopes as steps; in
    blocks of 64 MiB.

    Raises
    ------
    TypeError, ValueError
        If `starts`, `steps` or `positions` is not as described, or a sequence is longer than the target allows.
    """
    count, rounds = positive_int(starts, "starts"), positive_int(steps, "steps")
    shape = target.shapes[0]
    lengths = _lengths(positions, target) if None in shape else (1,)
    small = None
    if len(pieces) == len(target.forms) and all(map(replaceable, pieces)):
        small = effective_network(pieces, target.skeleton, domain)
    model = _faithful(small, ticket, target, domain, lengths[0], rng)
    tried, best = 0, None
    for length in lengths:
        region = region_of(target, domain, length)
        gap = _Gap(model, target, tuple(length if d is None else d for d in shape))
        with np.errstate(over="ignore", invalid="ignore"):  # of slopes: the errors themselves are finite, or raise
            found, climbed = _search(gap, region, rng, count, rounds)
        tried += gap.tried[0]
        for x, moved in zip(found.reshape(-1, *gap.shape), climbed, strict=True):
            off = np.abs(ticket(x[None]) - target(x[None]))[0]
            error = float(off.max())
            if best is None or error > best.error:
                output = tuple(int(i) for i in np.unravel_index(int(off.argmax()), off.shape))
                best = Attack(x, output, error, error_bound, 0, "ascent" if moved else "start")
    assert best is not None
    return Attack(best.x, best.output, best.error, error_bound, tried, best.method)


def _lengths(positions: int | Iterable[int], target: Network) -> tuple[int, ...]:
    given = positions if isinstance(positions, Iterable) else (positions,)
    lengths = tuple(positive_int(p, "positions") for p in given)
    if not lengths:
        raise ValueError("positions must hold at least one length of sequences to try")
    for length in lengths:
        shape = tuple(length if d is None else d for d in target.shapes[0])
        for layer in target.layers:
            shape = layer.output_shape(shape)
    return lengths


def _faithful(
    small: Network | None, ticket: Network, target: Network, domain: Domain, length: int, rng: np.random.Generator
) -> Network:
    """The small network, if it computes what the ticket does."""
    if small is None:
        return ticket
    x = region_of(target, domain, length).starts(rng, 4)
    x = x.reshape(-1, *(length if d is None else d for d in target.shapes[0]))
    wanted, given = ticket(x), small(x)
    same = given.shape == wanted.shape and np.allclose(given, wanted, rtol=1e-6, atol=1e-9 * np.abs(wanted).max())
    return small if same else ticket


@dataclass(frozen=True)
class _Gap:
    """mine(x) - theirs(x) of rows x (batch, n), and its slopes."""

    mine: Network
    theirs: Network
    shape: tuple[int, ...]
    tried: list[int] = field(default_factory=lambda: [0])

    @cached_property
    def block(self) -> int:
        """Inputs whose numbers in either network fill the memory for a block, about."""
        return max(1, _BLOCK // max(_numbers(network, self.shape) for network in (self.mine, self.theirs)))

    def __call__(self, x: Floats) -> Floats:
        """(batch, outputs), signed."""
        self.tried[0] += len(x)
        inputs = x.reshape(-1, *self.shape)
        return np.asarray(self.mine(inputs) - self.theirs(inputs)).reshape(len(x), -1)

    def slopes(self, x: Floats, at: NDArray[np.int64], sign: Floats, rng: np.random.Generator) -> list[Floats]:
        """For each row the slope of sign times the output `at`: (n,), of tokens (n, d) with respect to their vectors."""
        step = max(1, self.block // 8)
        found: list[Floats] = []
        for start in range(0, len(x), step):
            rows = slice(start, start + step)
            try:
                found += list(self._backwards(x[rows], at[rows], sign[rows]))
            except NotImplementedError:
                found += [self._differences(*row, rng) for row in zip(x[rows], at[rows], sign[rows], strict=True)]
        return [_scaled(slope) for slope in found]

    def _backwards(self, x: Floats, at: NDArray[np.int64], sign: Floats) -> Floats:
        total: Any = 0.0
        for network, side in ((self.mine, sign), (self.theirs, -sign)):
            out, back = forward(network.layers, x.reshape(-1, *self.shape))
            seed = np.zeros((len(x), out[0].size))
            seed[np.arange(len(x)), at] = side
            total = total + back(seed.reshape(out.shape))
        tokens = isinstance(self.theirs.layers[0], Embedding)
        return np.asarray(total if tokens else total.reshape(len(x), -1))

    def _differences(self, x: Floats, at: int, sign: float, rng: np.random.Generator) -> Floats:
        """Along random directions; of tokens, which have none, random preferences."""
        first = self.theirs.layers[0]
        if isinstance(first, Embedding):
            return rng.standard_normal((len(x), first.table.shape[1]))
        signs = rng.choice([-1.0, 1.0], (_DIRECTIONS, len(x)))
        step = 1e-6 * (1 + np.abs(x))
        rise = sign * (self(x + step * signs) - self(x - step * signs))[:, at]
        return np.asarray(rise @ signs / step)


def _search(
    gap: _Gap, region: Region, rng: np.random.Generator, count: int, rounds: int
) -> tuple[Floats, NDArray[np.bool_]]:
    """The best inputs found (m, n), and whether they were climbed to."""
    points = region.starts(rng, 16 * count)
    gaps = np.concatenate([gap(points[at : at + gap.block]) for at in range(0, len(points), gap.block)])
    x = points[_diverse(gaps, count)]
    value, at, sign = _worst(gap(x))
    best, most, climbed = x.copy(), value.copy(), np.zeros(len(x), np.bool_)
    for _ in range(rounds):
        slopes = gap.slopes(x, at, sign, rng)
        moves = [region.moves(row, slope) for row, slope in zip(x, slopes, strict=True)]
        owner = np.repeat(np.arange(len(x)), [len(m) for m in moves])
        values, ats, signs = _worst(gap(np.concatenate(moves)))
        for i, mine in enumerate(moves):
            first = int(np.searchsorted(owner, i))
            top = first + int(np.argmax(values[first : first + len(mine)]))
            if values[top] > value[i]:
                x[i], value[i], at[i], sign[i] = mine[top - first], values[top], ats[top], signs[top]
                if value[i] > most[i]:
                    best[i], most[i], climbed[i] = x[i], value[i], True
            else:  # a local maximum: on from somewhere near the best
                x[i] = region.kicked(rng, best[i if rng.random() < 0.5 else int(most.argmax())])
                value[i], at[i], sign[i] = (part[0] for part in _worst(gap(x[i : i + 1])))
                if value[i] > most[i]:
                    best[i], most[i], climbed[i] = x[i], value[i], True
    order = np.argsort(-most, kind="stable")[:_CHECKED]
    return best[order], climbed[order]


def _scaled(slope: Floats) -> Floats:
    """With entries of at most 1, so that nothing overflows later; only their ratios matter."""
    finite = np.nan_to_num(slope)
    most = float(np.abs(finite).max())
    return finite / most if most > 1e-300 else np.zeros_like(finite)


def _worst(gaps: Floats) -> tuple[Floats, NDArray[np.int64], Floats]:
    """Of each row (batch, outputs): the largest absolute value, where, and its sign."""
    at = np.abs(gaps).argmax(axis=1)
    values = gaps[np.arange(len(gaps)), at]
    return np.abs(values), at, np.where(values < 0, -1.0, 1.0)


def _diverse(gaps: Floats, count: int) -> NDArray[np.int64]:
    """Rows to climb from: the worst, then the best for each signed output in turn."""
    signed = np.concatenate([gaps, -gaps], axis=1)
    most = np.argsort(-signed.max(axis=0), kind="stable")[: 4 * count]  # of many outputs, those that are farthest off
    ranked = np.argsort(-signed[:, most], axis=0, kind="stable").ravel()
    order = np.concatenate([[int(np.abs(gaps).max(axis=1).argmax())], ranked])
    return np.asarray(order[np.sort(np.unique(order, return_index=True)[1])][:count], np.int64)


def _numbers(network: Network, shape: tuple[int, ...]) -> int:
    """Numbers that one input needs in a network, about."""
    total = math.prod(shape)
    at: Any = shape
    for layer in network.layers:
        at = layer.output_shape(at)
        total += math.prod(at)
    kernels = [math.prod(layer.kernel) for layer in walk(network.layers) if isinstance(layer, Conv2d)]
    heads = [layer.heads for layer in walk(network.layers) if isinstance(layer, Attention)]
    return total * max([1, *kernels]) + 2 * shape[0] ** 2 * sum(heads)
