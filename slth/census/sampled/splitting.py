r"""Multilevel splitting over the error, size by size: rare masks are reached through levels of the loss each of which is not rare.

Of the masks of size s, uniform particles are drawn; those within the first level survive and are multiplied, moved by swaps of a kept
with a pruned parameter that stay within the level, and so on down to epsilon. With p_l the share that survives level l,

    N(s, epsilon) = C(m, s) E[ p_1 p_2 ... p_L ],

without bias, however badly the moves mix, as long as levels and moves are fixed beforehand (Del Moral 2004, "Feynman-Kac formulae",
theorem 7.4.2; Cerou, Del Moral, Furon and Guyader 2012, "Sequential Monte Carlo for rare event estimation"): a pilot with random numbers
of its own fixes them. Mixing decides about the variance, which RUNS independent runs show.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from slth.census.answer import Census
from slth.census.question import Question
from slth.census.sampled import report
from slth.census.sampled.intervals import Interval, clopper_pearson, of_runs, proven_lower
from slth.census.sampled.ladder import Ladder, random_masks, resampled
from slth.census.sampled.setting import RUN, Setting, prepared, scaled
from slth.census.sampled.walkers import Array

PARTICLES: Final = 256
RUNS: Final = 16
_HASHED = 1024  # different masks within epsilon that a run remembers


def count(
    question: Question,
    *,
    sizes: Iterable[int] | None = None,
    confidence: float = 0.95,
    effort: float = 1.0,
    store: str | os.PathLike[str] | None = None,
    rng: Any = None,
    workers: int | None = None,
    progress: bool = False,
) -> Census:
    """The census by multilevel splitting.

    Parameters
    ----------
    question : Question
    sizes : iterable of int, optional
        All by default up to 64 parameters, above a spread of 33.
    confidence : float
        Of the interval of one size.
    effort : float
        Times 256 particles a run; the width of an interval falls as its square root.
    store : path, optional
        Keeps what every run found; asked the same again, only what is missing is computed, and the answer is the same.
    rng : seed or numpy.random.Generator, optional
        None: a new seed, or that of the store. The same seed gives the same bits, whatever the workers and the other sizes.
    workers : int, optional
        Threads; runs are shared out among them.
    progress : bool

    Returns
    -------
    Census
        ESTIMATED. Sizes of few masks are looked at one by one. Where no mask was seen: by_size 0, with an upper limit of at least one
        mask, from the lowest level that all runs reached. diagnostics: ``levels``, ``acceptance``, ``ancestors`` (share of the first
        particles that have descendants) by level, ``died``, ``scatter`` (standard deviation of log2 N between runs), ``effective`` (runs
        of equal weight that would scatter as much), ``log2_proven_lower`` (lower limits by Markov's inequality, which need no assumption
        but that the random numbers are), ``seen`` (different masks within epsilon), each by size, and ``warnings``.

    Raises
    ------
    TypeError, ValueError
        If arguments are not as described, or the store holds another task or is damaged.
    OSError
        If the store cannot be read or written.

    Notes
    -----
    A sup error of a dense network within rounding of epsilon counts as within it. Time: sizes * runs * particles * levels * steps (at
    most 400 to each level).
    """
    particles = scaled(PARTICLES, effort, 16)
    setting = prepared(
        question,
        sizes,
        confidence,
        store,
        rng,
        workers,
        progress,
        {"method": "splitting", "particles": particles, "runs": RUNS},
    )
    exact, todo = setting.looked_at(), setting.sampled
    with setting.bar(len(todo) * (1 + RUNS)) as bar:
        ladders = setting.ladders(todo, particles, bar)

        def run(size: int, number: int) -> Array:
            return _run(setting, ladders[size], size, particles, setting.store.rng(RUN, size, number)).row()

        keys = [(size, number) for size in todo for number in range(RUNS)]
        rows = list(setting.runs(keys, lambda size: _Run.length(ladders[size].levels.size), run, bar))
    found = {
        size: _Size.of(size, ladders[size], rows[i * RUNS : (i + 1) * RUNS], particles, confidence)
        for i, size in enumerate(todo)
    }
    return report.census(
        setting, "splitting", {s: f.share for s, f in found.items()}, exact, {s: f.seen for s, f in found.items()},
        _diagnostics(setting, found, particles),
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Run:
    """What one run found.

    log_shares, ancestors (L,), acceptance (L - 1,); hashes (_HASHED,): of different masks within epsilon, NaN where there were no more.
    """

    log_shares: Array
    acceptance: Array
    ancestors: Array
    hashes: Array

    def row(self) -> Array:
        return np.concatenate([self.log_shares, self.ancestors, self.acceptance, self.hashes])

    @staticmethod
    def length(levels: int) -> int:
        return 3 * levels - 1 + _HASHED

    @staticmethod
    def of_row(row: Array, levels: int) -> _Run:
        shares, ancestors, acceptance, hashes = np.split(row, [levels, 2 * levels, 3 * levels - 1])
        return _Run(shares, acceptance, ancestors, hashes)


def _run(setting: Setting, ladder: Ladder, size: int, particles: int, rng: np.random.Generator) -> _Run:
    walker = setting.walker
    masks = random_masks(particles, setting.m, size, rng)
    losses = walker.losses(masks)
    ancestors = np.arange(particles)
    levels = ladder.levels.size
    shares, alive, acceptance = np.full(levels, -math.inf), np.zeros(levels), np.full(levels - 1, math.nan)
    hashes = np.full(_HASHED, math.nan)
    log_share = 0.0
    for i, level in enumerate(ladder.levels.tolist()):
        survivors = np.flatnonzero(losses <= level)
        if not survivors.size:
            break
        log_share += math.log(survivors.size / particles)
        shares[i], alive[i] = log_share, np.unique(ancestors[survivors]).size / particles
        if i == levels - 1:
            different = np.unique(_hashes(masks[survivors]))[:_HASHED]
            hashes[: different.size] = different
            break
        chosen = resampled(survivors, particles, rng)
        masks, losses, ancestors = masks[chosen], losses[chosen], ancestors[chosen]
        steps = int(ladder.steps[i])
        acceptance[i] = walker.swap(masks, losses, level, steps, int(ladder.swaps[i]), rng) / (steps * particles)
    return _Run(shares, acceptance, alive, hashes)


def _hashes(masks: NDArray[np.bool_]) -> Array:
    """A number below 2^52 for each mask: a sum of random numbers, one a kept parameter, so that two masks agree with probability
    2^-52."""
    keys = np.asarray(np.random.default_rng(0).integers(0, 1 << 52, masks.shape[1], dtype=np.uint64))
    sums = np.array([keys[mask].sum() for mask in masks], np.uint64)  # modulo 2^64, and so modulo 2^52
    return np.asarray((sums & np.uint64((1 << 52) - 1)).astype(np.float64))


@dataclass(frozen=True, eq=False)
class _Size:
    """All runs of one size."""

    levels: Array
    share: Interval
    died: int
    scatter: float
    effective: float
    proven: float
    seen: int
    acceptance: Array
    ancestors: Array

    @staticmethod
    def of(size: int, ladder: Ladder, rows: list[Array], particles: int, confidence: float) -> _Size:
        levels = ladder.levels.size
        runs = [_Run.of_row(row, levels) for row in rows]
        shares = np.array([run.log_shares for run in runs])
        last = shares[:, -1]
        alive = last[last > -math.inf]
        weights = np.exp(alive - alive.max()) if alive.size else np.zeros(0)
        hashes = np.concatenate([run.hashes for run in runs])
        acceptance = np.array([run.acceptance for run in runs])
        tried = ~np.isnan(acceptance)
        return _Size(
            ladder.levels,
            _interval(shares, particles, confidence),
            int(last.size - alive.size),
            float(alive.std(ddof=1) / math.log(2)) if alive.size > 1 else math.nan,
            float(weights.sum() ** 2 / (weights**2).sum()) if alive.size else 0.0,
            proven_lower(last, confidence) / math.log(2),
            int(np.unique(hashes[~np.isnan(hashes)]).size),
            np.where(tried, acceptance, 0.0).sum(axis=0) / np.maximum(tried.sum(axis=0), 1),
            np.array([run.ancestors for run in runs]).mean(axis=0),
        )


def _interval(log_shares: Array, particles: int, confidence: float) -> Interval:
    """Of the share within the last level, from the shares (runs, L) within all of them."""
    runs, levels = log_shares.shape
    if levels == 1:  # independent draws
        hits = round(float(np.exp(log_shares[:, 0]).sum()) * particles)
        low, high = clopper_pearson(hits, runs * particles, confidence)
        middle = math.log(hits / (runs * particles)) if hits else -math.inf
        return Interval(middle, math.log(low) if low else -math.inf, math.log(high))
    found = of_runs(log_shares[:, -1], confidence, _ideal_variance(log_shares, particles))
    if found.middle > -math.inf:
        return found
    # what lies within epsilon lies within every level
    for i in range(levels - 2, -1, -1):
        if (log_shares[:, i] > -math.inf).all():
            above = of_runs(log_shares[:, i], confidence, _ideal_variance(log_shares[:, : i + 1], particles))
            return Interval(-math.inf, -math.inf, above.upper)
    return Interval(-math.inf, -math.inf, 0.0)


def _ideal_variance(log_shares: Array, particles: int) -> float:
    """Variance of log share of a run whose particles were independent at every level: sum (1 - p) / (p particles)."""
    alive = log_shares[log_shares[:, -1] > -math.inf]
    if not len(alive):
        return 0.0
    steps = np.exp(np.diff(np.logaddexp.reduce(alive, axis=0) - math.log(len(alive)), prepend=0.0))
    return float(((1 - np.minimum(steps, 1)) / (steps * particles)).sum())


def _diagnostics(setting: Setting, found: dict[int, _Size], particles: int) -> dict[str, Any]:
    """What to look at, and the warnings that follow from it."""
    none = [s for s, f in found.items() if not f.seen]
    some = [s for s, f in found.items() if f.seen and f.died]
    apart = [s for s, f in found.items() if f.seen and f.scatter > report.SCATTER]
    stuck = [
        s
        for s, f in found.items()
        if 0 < s < setting.m and f.acceptance.size and f.acceptance.min() < report.ACCEPTANCE
    ]
    families = [s for s, f in found.items() if f.seen and not f.died and f.ancestors[-1] * particles < 2]
    name = report.named
    warnings = []
    if none:
        warnings.append(
            f"no mask within epsilon was seen at sizes {name(none)}: there may be some, up to the upper limit; raise effort to look further"
        )
    if some:
        warnings.append(
            f"some of the {RUNS} runs died out at sizes {name(some)}: masks in parts that few runs find may be missed; raise effort"
        )
    if apart:
        warnings.append(
            f"runs differ by more than {report.SCATTER:g} bits at sizes {name(apart)}: the largest of them decides; raise effort"
        )
    if stuck:
        warnings.append(
            f"less than {report.ACCEPTANCE:.0%} of the steps were accepted at some level at sizes {name(stuck)}: particles hardly moved"
        )
    if families:
        warnings.append(
            f"at sizes {name(families)} the last particles of a run descend from fewer than two of the first, in the mean: "
            "runs may agree by chance"
        )
    m = setting.m
    return {
        "levels": {s: f.levels for s, f in found.items()},
        "acceptance": {s: f.acceptance for s, f in found.items()},
        "ancestors": {s: f.ancestors for s, f in found.items()},
        "died": {s: f.died for s, f in found.items()},
        "scatter": {s: f.scatter for s, f in found.items()},
        "effective": {s: f.effective for s, f in found.items()},
        "log2_proven_lower": {s: f.proven + report.log_binomial(m, s) / math.log(2) for s, f in found.items()},
        "seen": {s: f.seen for s, f in found.items()},
        "seed": setting.store.seed,
        "warnings": warnings,
    }
