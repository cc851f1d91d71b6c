"""Which candidates of a weight are kept: the one thing in which the two-layer constructions of the papers differ.

A candidate is a product v |u| of a weight of each layer. A rule sees the candidates of many weights at once and answers for each on its
own; what it promises is in its docstring. A new rule is a class here and an entry of `slth.constructions.CONSTRUCTIONS`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from slth import subset_sum
from slth.constructions.protocol import Problems, TooFewCandidatesError
from slth.constructions.two_layer.scale import SOLVED, Candidates, Forced, any_subset
from slth.subset_sum.question import resolution
from slth.subset_sum.smallest import MAX_LISTED
from slth.validation import positive_float, positive_int

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Answer = tuple[Bools, Floats]

MANY: Final = 100_000  # candidates, for rules that look at each once
_EXACT: Final = 1e-9  # of a weight: what the division by a step may round


class Rule(Protocol):
    """How to choose among candidates."""

    @property
    def name(self) -> str:
        """Of the construction that chooses so; `slth.constructions.get` reads it back."""

    @property
    def most(self) -> int:
        """Candidates of one weight that can be used."""

    @property
    def rescues(self) -> int:
        """Rounds in which the worst weights are given more candidates."""

    def cost(self, n: int) -> float:
        """Nanoseconds for one weight with n candidates, about."""

    def scale(self, problems: Iterable[Problems], rescued: int) -> float:
        """The positive scale of a layer with these problems, of which so many can be given more candidates later."""

    def choose(self, problems: Problems, tolerance: float | None) -> Answer:
        """Which candidates (m, n), and the errors (m,); an error within the tolerance, if there is one, counts as 0."""

    def attempts(self, budget: bool) -> Iterator[Rule]:
        """The rules to try in turn until the budget is met."""


Solve = Callable[[Floats, Floats], Answer]


def _real(problems: Problems, solve: Solve) -> Answer:
    """Solve without the padding: problems with equally many candidates together, (m, c) samples and (m,) targets."""
    order, samples, counts = _packed(problems)
    chosen, errors = np.zeros(samples.shape, np.bool_), np.abs(problems.targets)
    for count in np.unique(counts).tolist():
        these = np.flatnonzero(counts == count)
        picked, errors[these] = solve(np.ascontiguousarray(samples[these, :count]), problems.targets[these])
        rows, slots = np.nonzero(picked)
        chosen[these[rows], order[these[rows], slots]] = True
    return chosen, errors


def _by_count(problems: Problems) -> Iterator[tuple[Floats, Floats]]:
    """(m, c) samples without padding and (m,) targets, of the problems with c candidates, for each c."""
    _, samples, counts = _packed(problems)
    for count in np.unique(counts[counts > 0]).tolist():
        these = counts == count
        yield samples[these, :count], problems.targets[these]


def _packed(problems: Problems) -> tuple[NDArray[np.int64], Floats, NDArray[np.int64]]:
    """Where each candidate stood, the candidates with the padding behind them, and how many there are."""
    order = np.argsort(problems.samples == 0, axis=1, kind="stable")
    samples = np.take_along_axis(problems.samples, order, axis=1)
    return order, samples, np.count_nonzero(samples, axis=1)


def _counted(errors: Floats, tolerance: float | None) -> Floats:
    """An error within the tolerance counts as 0."""
    return errors if tolerance is None else np.where(errors <= tolerance, 0.0, errors)


def _reaching(problems: Iterable[Problems]) -> float:
    """The scale that brings the largest target to 1, about where a single product ends."""
    largest = max((float(np.abs(p.targets).max(initial=0)) for p in problems), default=0.0)
    return largest or 1.0


def _ends(sorted_samples: Floats, k: int) -> tuple[Floats, Floats]:
    """Smallest and largest sum of k of the last axis, sorted in ascending order."""
    return sorted_samples[..., :k].sum(axis=-1), sorted_samples[..., sorted_samples.shape[-1] - k :].sum(axis=-1)


def _fixed(samples: Floats, k: int) -> tuple[Floats, Floats, Floats, Floats]:
    """low, high, mean and variance of sums of k elements of the last axis, drawn without replacement."""
    n = samples.shape[-1]
    low, high = _ends(np.sort(samples, axis=-1), k)
    mean = k / n * samples.sum(axis=-1)
    variance = k * (1 - k / n) * samples.var(axis=-1) * n / max(n - 1, 1)
    return low, high, mean, variance


@dataclass(frozen=True)
class _Rule:
    """What most rules have in common."""

    @property
    def most(self) -> int:
        return SOLVED

    @property
    def rescues(self) -> int:
        return 0

    def cost(self, n: int) -> float:
        return 1000 + 8 * 2 ** (min(n, SOLVED) / 2)

    def scale(self, problems: Iterable[Problems], rescued: int) -> float:
        found = [self._candidates(p) for p in problems]
        kind = type(found[0]) if found else Candidates
        return kind.joined(found).best_scale(rescued if self.rescues else 0)

    def _candidates(self, problems: Problems) -> Candidates:
        """What the predictor of errors needs to know."""
        return any_subset(problems.samples, problems.targets)


@dataclass(frozen=True)
class AnySubset(_Rule):
    """Any subset (Pensia et al. 2020): with a tolerance the one of fewest elements within it, else the closest, proven."""

    closest: bool = False

    @property
    def name(self) -> str:
        return "two-layer"

    @property
    def rescues(self) -> int:
        return 2

    def cost(self, n: int) -> float:
        return 500 + 3 * 2 ** (min(n, SOLVED) / 2)

    def choose(self, problems: Problems, tolerance: float | None) -> Answer:
        samples, targets = problems.samples, problems.targets
        if tolerance is None or self.closest:
            found = subset_sum.solve(samples, targets, workers=1)
            return found.chosen, found.error
        if samples.shape[1] > MAX_LISTED or tolerance < resolution(samples):
            found = subset_sum.solve(samples, targets, workers=1)
            return found.chosen, _counted(found.error, tolerance)
        found = subset_sum.solve(samples, targets, objective="smallest", epsilon=tolerance, workers=1)
        chosen, errors = found.chosen, np.zeros(found.error.shape)
        missed = found.status == subset_sum.Status.NOT_FOUND
        if missed.any():
            closest = subset_sum.solve(samples[missed], targets[missed], workers=1)
            chosen[missed], errors[missed] = closest.chosen, closest.error
        return chosen, errors

    def attempts(self, budget: bool) -> Iterator[Rule]:
        yield self
        if budget:
            yield AnySubset(closest=True)


@dataclass(frozen=True)
class FixedSize(_Rule):
    """Exactly k of the candidates of every weight, zero or not (Natale et al. 2024): the closest such subset, proven.

    Parameters
    ----------
    k : int, optional
        By default the smallest with which the budget is met, which there has to be.
    """

    k: int | None = None

    @property
    def name(self) -> str:
        return "fixed-size" if self.k is None else f"fixed-size({self.k})"

    def __post_init__(self) -> None:
        if self.k is not None:
            object.__setattr__(self, "k", positive_int(self.k, "k"))

    @property
    def rescues(self) -> int:
        return 2

    def _candidates(self, problems: Problems) -> Candidates:
        assert self.k is not None
        k = self.k
        parts = []
        for samples, targets in _by_count(problems):
            n = samples.shape[1]
            low, high, mean, variance = _fixed(samples, min(k, n))
            bits = np.full(len(targets), math.log2(math.comb(n, min(k, n))))
            parts.append(Forced(targets, low, high, mean, np.sqrt(variance), bits))
        return Forced.joined(parts)

    def choose(self, problems: Problems, tolerance: float | None) -> Answer:
        k = self.k
        assert k is not None

        def solve(samples: Floats, targets: Floats) -> Answer:
            if samples.shape[1] < k:
                raise TooFewCandidatesError(
                    f"a weight has {samples.shape[1]} candidates, fewer than k = {k}; use a larger width or a smaller k"
                )
            found = subset_sum.solve(samples, targets, size=k, workers=1)
            return found.chosen, found.error

        chosen, errors = _real(problems, solve)
        return chosen, _counted(errors, tolerance)

    def attempts(self, budget: bool) -> Iterator[Rule]:
        if self.k is not None:
            yield self
        elif budget:
            yield from (FixedSize(k) for k in range(1, SOLVED // 2 + 1))
        else:
            raise ValueError(
                "fixed-size needs a size, as in construction='fixed-size(5)', or an epsilon to find the smallest size for"
            )


@dataclass(frozen=True)
class Pattern(_Rule):
    """Exactly s of every b candidates (N:M sparsity): the closest such choice, proven; candidates that fill no b are left out.

    Parameters
    ----------
    s, b : int
        1 <= s <= b.
    """

    s: int = 2
    b: int = 4

    @property
    def name(self) -> str:
        return f"n-of-m({self.s}, {self.b})"

    def __post_init__(self) -> None:
        if not positive_int(self.s, "s") <= positive_int(self.b, "b"):
            raise ValueError(f"a pattern takes s <= b, got {self.s} of {self.b}")

    def _candidates(self, problems: Problems) -> Candidates:
        parts = []
        for samples, targets in _by_count(problems):
            blocks = samples[:, : samples.shape[1] // self.b * self.b].reshape(len(targets), -1, self.b)
            low, high, mean, variance = (values.sum(axis=1) for values in _fixed(blocks, self.s))
            bits = np.full(len(targets), blocks.shape[1] * math.log2(math.comb(self.b, self.s)))
            parts.append(Forced(targets, low, high, mean, np.sqrt(variance), bits))
        return Forced.joined(parts)

    def choose(self, problems: Problems, tolerance: float | None) -> Answer:
        def solve(samples: Floats, targets: Floats) -> Answer:
            whole = samples.shape[1] // self.b * self.b
            if whole == 0:
                raise TooFewCandidatesError(
                    f"a weight has {samples.shape[1]} candidates, fewer than b = {self.b}; use a larger width or a smaller b"
                )
            found = subset_sum.solve(samples[:, :whole], targets, pattern=(self.s, self.b), workers=1)
            return np.pad(found.chosen, ((0, 0), (0, samples.shape[1] - whole))), found.error

        chosen, errors = _real(problems, solve)
        return chosen, _counted(errors, tolerance)

    def attempts(self, budget: bool) -> Iterator[Rule]:
        yield self


@dataclass(frozen=True)
class BestProduct(_Rule):
    """The one product closest to the weight, or none: what Malach et al.'s search becomes when it looks at products."""

    @property
    def name(self) -> str:
        return "best-product"

    @property
    def most(self) -> int:
        return MANY

    def cost(self, n: int) -> float:
        return 10.0 * n

    def scale(self, problems: Iterable[Problems], rescued: int) -> float:
        return _reaching(problems)

    def choose(self, problems: Problems, tolerance: float | None) -> Answer:
        off = np.abs(problems.samples - problems.targets[:, None])
        best = off.argmin(axis=1)
        chosen = np.zeros(off.shape, np.bool_)
        at = np.arange(len(best))
        taken = (off[at, best] < np.abs(problems.targets)) & (problems.samples[at, best] != 0)
        chosen[at[taken], best[taken]] = True
        return chosen, _counted(np.where(taken, off[at, best], np.abs(problems.targets)), tolerance)

    def attempts(self, budget: bool) -> Iterator[Rule]:
        yield self


@dataclass(frozen=True)
class OnePair(BestProduct):
    """One pair with |u| close to the size of the weight and |v| close to 1, or none (Malach et al. 2020, Theorem 2.1).

    The pair of least max(||u| - |w||, |v - sign w|) is taken. A product is then off by at most twice that, to first order.
    """

    @property
    def name(self) -> str:
        return "malach"

    def choose(self, problems: Problems, tolerance: float | None) -> Answer:
        samples, gains = problems.samples, problems.gains
        sign, size = np.sign(problems.targets)[:, None], np.abs(problems.targets)[:, None]
        # a bias of the output's own is no product: it stands for itself
        v = np.divide(samples, gains, out=np.zeros_like(samples), where=gains > 0)
        off = np.where(
            gains > 0, np.maximum(np.abs(gains - size), np.abs(v - sign)), np.abs(samples - problems.targets[:, None])
        )
        off[samples == 0] = np.inf
        best = off.argmin(axis=1)
        at = np.arange(len(best))
        # none is taken where the pair would be further off than nothing
        errors = np.abs(samples[at, best] - problems.targets)
        taken = np.isfinite(off[at, best]) & (errors < np.abs(problems.targets))
        chosen = np.zeros(samples.shape, np.bool_)
        chosen[at[taken], best[taken]] = True
        return chosen, _counted(np.where(taken, errors, np.abs(problems.targets)), tolerance)


@dataclass(frozen=True)
class GoldenRatio(_Rule):
    """Greedy subtraction (Orseau et al. 2020): from the largest candidate of the weight's sign down, each that still fits is taken.

    With a candidate in every cell [g^(i+1), g^i], i = 1..c, g the golden ratio (sqrt(5) - 1) / 2, a weight in [0, 1] is met within g^c.
    """

    @property
    def name(self) -> str:
        return "orseau"

    @property
    def most(self) -> int:
        return MANY

    def cost(self, n: int) -> float:
        return 30.0 * n

    def scale(self, problems: Iterable[Problems], rescued: int) -> float:
        return _reaching(problems)

    def choose(self, problems: Problems, tolerance: float | None) -> Answer:
        aligned = problems.samples * np.sign(problems.targets)[:, None]
        order = np.argsort(-aligned, axis=1, kind="stable")
        sizes = np.take_along_axis(aligned, order, axis=1)
        rest = np.abs(problems.targets)
        taken = np.zeros(sizes.shape, np.bool_)
        enough = 0.0 if tolerance is None else tolerance
        for i in range(sizes.shape[1]):
            fits = (sizes[:, i] > 0) & (sizes[:, i] <= rest) & (rest > enough)
            rest = np.where(fits, rest - sizes[:, i], rest)
            taken[:, i] = fits
        chosen = np.zeros(taken.shape, np.bool_)
        np.put_along_axis(chosen, order, taken, axis=1)
        return chosen, _counted(rest, tolerance)

    def attempts(self, budget: bool) -> Iterator[Rule]:
        yield self


@dataclass(frozen=True)
class PartlyFrozen(_Rule):
    """The closest subset that holds some candidates locked beforehand, as many as the share says (Otsuka et al. 2024), proven.

    Parameters
    ----------
    share : float
        Of the candidates of a weight, in [0, 1); which ones is random, but always the same for a weight of a layer.
    """

    share: float = 0.5

    @property
    def name(self) -> str:
        return f"partly-frozen({self.share!r})"

    def __post_init__(self) -> None:
        if not 0 <= float(self.share) < 1:
            raise ValueError(f"the locked share must lie in [0, 1), got {self.share}")

    def _locked(self, problems: Problems) -> Bools:
        """(m, n): a random share of the candidates, always the same for a weight."""
        locked = np.zeros(problems.samples.shape, np.bool_)
        for i, (row, group) in enumerate(zip(problems.rows.tolist(), problems.groups.tolist(), strict=True)):
            real = np.flatnonzero(problems.samples[i])
            draw = np.random.default_rng([0x10C4ED, problems.layer, row, group])
            locked[i, draw.permutation(real)[: int(self.share * real.size)]] = True
        return locked

    def _candidates(self, problems: Problems) -> Candidates:
        locked = self._locked(problems)
        fixed = np.where(locked, problems.samples, 0.0).sum(axis=1)
        free = any_subset(np.where(locked, 0.0, problems.samples), problems.targets)
        return Forced(
            problems.targets, free.low + fixed, free.high + fixed, free.mean + fixed, free.deviation, free.bits
        )

    def choose(self, problems: Problems, tolerance: float | None) -> Answer:
        found = subset_sum.solve(problems.samples, problems.targets, locked=self._locked(problems), workers=1)
        return found.chosen, _counted(found.error, tolerance)

    def attempts(self, budget: bool) -> Iterator[Rule]:
        yield self


@dataclass(frozen=True)
class Exact(_Rule):
    """No error at all (Kumar and Natale 2025), for targets whose weights are `step` times sums of products of two source weights.

    With the law "binary", whose products are 1 and -1, these are the whole multiples of `step`. Without a tolerance a weight that is not
    met is an error, not an approximation.

    Parameters
    ----------
    step : float
        What a product of 1 is worth in the target: the scale of every layer.
    """

    step: float = 1.0

    @property
    def name(self) -> str:
        return f"quantized({self.step!r})"

    def __post_init__(self) -> None:
        positive_float(self.step, "step")

    def scale(self, problems: Iterable[Problems], rescued: int) -> float:
        return self.step

    def choose(self, problems: Problems, tolerance: float | None) -> Answer:
        found = subset_sum.solve(problems.samples, problems.targets, workers=1)
        worst = int(np.argmax(found.error - _EXACT * np.abs(problems.targets)))
        if tolerance is None and found.error[worst] > _EXACT * abs(float(problems.targets[worst])):
            value = float(problems.targets[worst]) * self.step
            raise ValueError(
                f"{self.name} is exact or nothing, but in row {int(problems.rows[worst])} of layer {problems.layer} {value:.6g} is missed "
                f"by {float(found.error[worst]) * self.step:.3g}: round the target's weights to multiples of step = {self.step:g} (law "
                "'binary'), use a larger width, or give an epsilon"
            )
        return found.chosen, _counted(found.error, tolerance)

    def attempts(self, budget: bool) -> Iterator[Rule]:
        yield self
