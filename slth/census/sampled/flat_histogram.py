r"""A flat-histogram walk over (size, bin of the loss), by single flips and swaps: the second opinion on `splitting`.

If every mask of size s and bin b is visited with a probability proportional to 1 / g(s, b), the share of the bin among the masks of the
size is

    N(s, b) / C(m, s) = visits(s, b) g(s, b) / sum over b of visits(s, b) g(s, b),

and if g is near N, all bins are visited about as often. g is found by Wang and Landau's rule: whatever is visited becomes less likely by
a factor f, f first halved (in the logarithm) whenever all known bins have been visited, then 1/t (Wang and Landau 2001; Belardinelli and
Pereyra 2007). Then g is fixed, and visits are counted (Berg and Neuhaus 1992, multicanonical). RUNS walks, each with weights of its own,
give the interval.
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
from slth.census.sampled.intervals import Interval, of_runs
from slth.census.sampled.ladder import Ladder, random_masks
from slth.census.sampled.setting import RUN, Setting, prepared, scaled
from slth.census.sampled.walkers import Array, FlatState, Ladders

RUNS: Final = 12
PILOT_PARTICLES: Final = 128
WINDOW: Final = 33  # sizes in a row that one walk covers
LEARNING: Final = 1000  # steps a bin while the weights are found
PACE: Final = (
    16  # kept (or pruned, if fewer) parameters from which on steps count less: as many times that as there are
)
FIRST_STEP: Final = 0.1  # of the logarithm of a weight, which the pilot has made about right
COUNTING: Final = 4000  # and while visits are counted
FEW_DESCENTS: Final = 10  # a run


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
    """The census by a flat-histogram walk.

    Parameters
    ----------
    question : Question
    sizes : iterable of int, optional
        As of `splitting.count`. Sizes in a row are walked together (33 at most), by flips and swaps; one by itself by swaps.
    confidence : float
        Of the interval of one size.
    effort : float
        Times 5000 steps a bin and run, and a sixteenth of the kept parameters (of the pruned ones, if fewer) times that where these are
        more.
    store, rng, workers, progress
        As of `splitting.count`.

    Returns
    -------
    Census
        ESTIMATED. As of `splitting.count`, but that the estimates of runs are only right for long walks, not without bias for any.
        diagnostics: ``edges`` of the bins, ``died`` (runs that never were within epsilon), ``scatter``, ``effective``, each by size;
        ``descents`` (from the bulk to within epsilon), ``acceptance`` and ``visited`` (share of the bins), (runs,) each, by the first
        size of a window; ``warnings``.

    Raises
    ------
    TypeError, ValueError
        If arguments are not as described, or the store holds another task or is damaged.
    OSError
        If the store cannot be read or written.

    Notes
    -----
    Time: runs * bins * 5000 * max(1, min(s, m - s) / 16) steps, about as many bins as splitting has levels in all sizes.
    """
    learning, counting = scaled(LEARNING, effort, 50), scaled(COUNTING, effort, 100)
    settings = {"method": "flat-histogram", "learning": learning, "counting": counting, "runs": RUNS}
    # which sizes are walked together decides about the numbers of a run
    asked = None if sizes is None else list(sizes)
    setting = prepared(
        question, asked, confidence, store, rng, workers, progress,
        {**settings, "sizes": None if asked is None else sorted(int(s) for s in asked)},
    )  # fmt: skip
    exact, todo = setting.looked_at(), setting.sampled
    windows = _windows(todo)
    with setting.bar(len(todo) + RUNS * len(windows)) as bar:
        found = setting.ladders(todo, PILOT_PARTICLES, bar)
        walks = {sizes[0]: _Walk.of(setting.m, sizes, [found[s] for s in sizes]) for sizes in windows}

        def run(first: int, number: int) -> Array:
            return _run(setting, walks[first], learning, counting, setting.store.rng(RUN, first, number))

        keys = [(sizes[0], number) for sizes in windows for number in range(RUNS)]
        rows = list(setting.runs(keys, lambda first: walks[first].row_length, run, bar))
    results = {walk.ladders.first: walk.read(rows[i * RUNS : (i + 1) * RUNS]) for i, walk in enumerate(walks.values())}
    shares = {s: _interval(r, s, walks[first], confidence) for first, r in results.items() for s in walks[first].sizes}
    seen = {s: int(shares[s].middle > -math.inf) for s in todo}
    return report.census(setting, "flat-histogram", shares, exact, seen, _diagnostics(setting, walks, results))


def _windows(sizes: list[int]) -> list[list[int]]:
    """Sizes in a row together, cut into as few parts of about equal length as WINDOW allows."""
    rows: list[list[int]] = []
    for size in sizes:
        if rows and size == rows[-1][-1] + 1:
            rows[-1].append(size)
        else:
            rows.append([size])
    return [part.tolist() for row in rows for part in np.array_split(row, -(-len(row) // WINDOW))]


@dataclass(frozen=True, eq=False)
class _Walk:
    """What all runs of a window share: bins, and the weights that the pilots suggest.

    pace: steps that count as one, for masks that take many swaps to change. guess (S, B): natural logarithm of the number of masks in a
    bin, as far as the pilots tell; bins (S,): how many bins a size has, the others are empty.
    """

    sizes: list[int]
    pace: int
    ladders: Ladders
    guess: Array
    bins: NDArray[np.int64]

    @staticmethod
    def of(m: int, sizes: list[int], found: list[Ladder]) -> _Walk:
        most = max(ladder.levels.size for ladder in found) + 1
        edges, guess = np.full((len(sizes), most), math.inf), np.zeros((len(sizes), most))
        bulk, bins = np.ones(len(sizes), np.int64), np.zeros(len(sizes), np.int64)
        for row, (size, ladder) in enumerate(zip(sizes, found, strict=True)):
            count = ladder.levels.size
            edges[row, :count], bins[row] = ladder.levels[::-1], count + 1
            shares = np.concatenate([[1.0], np.exp(ladder.log_shares), [0.0]])
            if not ladder.reached:  # a guess for where the pilot saw nothing, so that it is not shunned
                shares[count] = shares[count - 1] / 4
            parts = np.maximum(shares[:-1] - shares[1:], 1e-3 * shares[:-1])[::-1]
            guess[row, : count + 1] = np.log(np.maximum(parts, 1e-300)) + report.log_binomial(m, size)
            guess[row, count + 1 :] = guess[row, count]
            # above levels that nearly all masks are within there is nothing to visit
            bulk[row] = max(1, count - int((ladder.log_shares > math.log(0.9)).sum()))
        pace = max(1, max(min(size, m - size) for size in sizes) // PACE)
        return _Walk(sizes, pace, Ladders(sizes[0], edges, bulk), guess, bins)

    @property
    def row_length(self) -> int:
        return 2 * self.guess.size + 2

    def read(self, rows: list[Array]) -> _Result:
        """Of the rows of all runs."""
        shape, cells = (len(rows), *self.guess.shape), self.guess.size
        table = np.array(rows)
        return _Result(
            table[:, :cells].reshape(shape), table[:, cells : 2 * cells].reshape(shape), table[:, -2], table[:, -1]
        )


@dataclass(frozen=True, eq=False)
class _Result:
    """visits, log_weights (runs, S, B); descents, acceptance (runs,)."""

    visits: Array
    log_weights: Array
    descents: Array
    acceptance: Array

    def log_shares(self, row: int) -> Array:
        """(runs, B): of the masks of one size, those within each edge; -inf where a run was never there."""
        with np.errstate(divide="ignore"):
            terms = np.log(self.visits[:, row]) + self.log_weights[:, row]
        sums = np.logaddexp.accumulate(terms, axis=1)
        everything = sums[:, -1:]
        return np.asarray(
            np.where(everything > -math.inf, sums - np.where(everything > -math.inf, everything, 0.0), -math.inf)
        )


def _run(setting: Setting, walk: _Walk, learning: int, counting: int, rng: np.random.Generator) -> Array:
    walker, ladders = setting.walker, walk.ladders
    bins = int(walk.bins.sum()) * walk.pace
    mask = random_masks(1, setting.m, int(rng.choice(walk.sizes)), rng)[0]
    state = FlatState(
        walk.guess.copy(), np.zeros(walk.guess.shape, np.int64), np.array([1.0, 0.0, 0.0]), np.zeros(3, np.int64)
    )
    known = np.zeros(walk.guess.shape, np.bool_)
    total, chunk, patience = learning * bins, max(5 * bins, 64), max(1, learning // 80)
    state.schedule[0], waited = FIRST_STEP / walk.pace, 0
    while state.schedule[1] < total:
        walker.flat(mask, ladders, state, min(chunk, total - int(state.schedule[1])), rng)
        if state.schedule[2]:
            continue
        known |= state.visits > 0
        waited += 1
        # a bin that is hard to come by must not keep the steps long for ever
        if (state.visits[known] > 0).all() or waited >= patience:
            state.visits[:], waited = 0, 0
            state.schedule[0] /= 2
            if state.schedule[0] <= bins / state.schedule[1]:
                state.schedule[2] = bins
    state.visits[:], state.schedule[:], state.trips[:] = 0, 0.0, 0
    walker.flat(mask, ladders, state, counting * bins, rng)
    return np.concatenate(
        [state.visits.ravel(), state.log_weights.ravel(), [float(state.trips[1]), state.trips[2] / (counting * bins)]]
    )


def _interval(result: _Result, size: int, walk: _Walk, confidence: float) -> Interval:
    """Of the share within epsilon; where no run was there, the upper limit of what lies within the lowest edge that all were within."""
    shares = result.log_shares(size - walk.sizes[0])
    found = of_runs(shares[:, 0], confidence)
    if found.middle > -math.inf:
        return found
    for b in range(1, shares.shape[1]):
        if (shares[:, b] > -math.inf).all():
            return Interval(-math.inf, -math.inf, of_runs(shares[:, b], confidence).upper)
    return Interval(-math.inf, -math.inf, 0.0)


def _diagnostics(setting: Setting, walks: dict[int, _Walk], results: dict[int, _Result]) -> dict[str, Any]:
    """What to look at, and the warnings that follow from it."""
    edges, died, scatter, effective, visited = {}, {}, {}, {}, {}
    for first, result in results.items():
        walk = walks[first]
        real = np.arange(walk.guess.shape[1]) < walk.bins[:, None]
        visited[first] = np.array([(visits[real] > 0).mean() for visits in result.visits])
        for row, size in enumerate(walk.sizes):
            logs = result.log_shares(row)[:, 0]
            alive = logs[logs > -math.inf]
            weights = np.exp(alive - alive.max()) if alive.size else np.zeros(0)
            edges[size] = walk.ladders.edges[row, : walk.bins[row]]
            died[size] = int(logs.size - alive.size)
            scatter[size] = float(alive.std(ddof=1) / math.log(2)) if alive.size > 1 else math.nan
            effective[size] = float(weights.sum() ** 2 / (weights**2).sum()) if alive.size else 0.0
    none = [s for s, number in died.items() if number == RUNS]
    some = [s for s, number in died.items() if 0 < number < RUNS]
    apart = [s for s, bits in scatter.items() if bits > report.SCATTER]
    name = report.named
    warnings = []
    if none:
        warnings.append(
            f"no mask within epsilon was seen at sizes {name(none)}: there may be some, up to the upper limit; raise effort to look further"
        )
    if some:
        warnings.append(f"some of the {RUNS} runs never were within epsilon at sizes {name(some)}: raise effort")
    if apart:
        warnings.append(
            f"runs differ by more than {report.SCATTER:g} bits at sizes {name(apart)}: the largest of them decides; raise effort"
        )
    for first, result in results.items():
        where = name(walks[first].sizes)
        if any(died[s] < RUNS for s in walks[first].sizes) and result.descents.min() < FEW_DESCENTS:
            warnings.append(
                f"a walk over sizes {where} came down from the bulk to within epsilon {int(result.descents.min())} times "
                f"(fewer than {FEW_DESCENTS}): raise effort"
            )
        if result.acceptance.min() < report.ACCEPTANCE:
            warnings.append(
                f"less than {report.ACCEPTANCE:.0%} of the steps of a walk over sizes {where} were accepted"
            )
    return {
        "edges": edges,
        "died": died,
        "scatter": scatter,
        "effective": effective,
        "descents": {first: result.descents for first, result in results.items()},
        "acceptance": {first: result.acceptance for first, result in results.items()},
        "visited": visited,
        "seed": setting.store.seed,
        "warnings": warnings,
    }
