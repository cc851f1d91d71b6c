"""One large instance, up to 64 samples: its slices are dealt to threads, can be watched, and can be stopped.

`closest_one` finds the closest subset, `within` lists every subset whose error lies between two bounds. Both work on one row in fixed
point (`batch.FixedPoint`) and leave to the caller what only exact arithmetic can tell apart. Memory: 24 bytes for each of the 2^(n/4) to
2^22 words of an inner list, thus below 0.4 GB at n = 64, and a few MiB a thread.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slth.subset_sum.kernels import streamed
from slth.threads import in_order

MAX_SAMPLES = 64

_CHUNK = 2**24  # sums of both halves a chunk: 30 to 60 ms
_ROOM = 2**16  # subsets listed in a chunk, at first
_REFINEMENTS = 6  # crowded slices are quartered so often
_CONTENDERS = 2**18  # as many ties are listed
_SEED, _SEED_OF_TIES = 36, 20  # samples of the first guess
_TAG = np.uint64(streamed.SIZE_TAG)
_SORTED = 2**22  # sums of a half that are sorted as a last resort
_FARTHEST = 2**62 - 1

Row = NDArray[np.int64]
Masks = NDArray[np.uint64]
Chunk = tuple[int, int, int]  # log2 of the slices of a circle, first, last + 1


@dataclass(frozen=True)
class Found:
    """What `closest_one` knows when it returns.

    Attributes
    ----------
    masks : (k,) uint64
        The contenders, closest first, then fewest elements, then smallest mask; never empty unless no subset has the size.
    errors : (k,) int64
        Their sums less the target, in quanta.
    complete : bool
        Whether every subset was looked at, directly or by exclusion. Then the optimum is among the contenders, unless `tied`.
    tied : bool
        The contenders were too many to list, or collapsed because rounding hid them: the first is one of them, the same for every
        number of workers. Where the fixed point is exact it is a closest subset, else within 2 n + 1 quanta of one.
    bound : int
        Proven: no subset is closer to the target than so many quanta. 0 if nothing is proven.
    """

    masks: Masks
    errors: NDArray[np.int64]
    complete: bool
    tied: bool
    bound: int


@dataclass(frozen=True)
class Listing:
    """What `within` found: masks (k,) uint64 and errors (k,) int64 (sum less target, in quanta), and whether that is all."""

    masks: Masks
    errors: NDArray[np.int64]
    complete: bool


@dataclass(frozen=True)
class _Halves:
    """The two halves of a row as lists of words: those of `size` elements, or of `low` to `high` if it is None."""

    values: Row  # as dealt
    places: NDArray[np.uint8]
    splits: tuple[int, int, int]
    size: int | None
    low: int
    high: int
    even: float
    circle: int
    collapse: int
    left: tuple[Any, ...] = field(repr=False)
    right: tuple[Any, ...] = field(repr=False)

    @classmethod
    def of(
        cls,
        values: Row,
        size: int | None,
        low: int,
        high: int,
        window: int,
        collapse: bool = False,
        whole: bool = False,
    ) -> _Halves:
        """collapse: keep one of several subsets with equal sums; whole: a circle so long that no sum comes around."""
        places, left_split, n_left, right_split = streamed.deal(values)
        dealt = values[places]
        n = values.size
        even = streamed.even_circle(dealt, n_left)
        circle = int(streamed.circle_for(even, float(n), window))
        if whole:
            circle = min(max(circle, int(np.abs(values).sum()).bit_length() + 2), 63)
        tag = np.uint64(0) if size is None else _TAG
        fewest, most = (0, n) if size is None else (size, size)
        rule = streamed.EVERY
        if collapse:
            rule = streamed.BY_SUM if low == 0 and high == n else streamed.BY_SUM_AND_SIZE
        left, right = (
            streamed.prepare(
                dealt[part], places[part], split, sign, circle, tag, fewest, most, n - len(dealt[part]), even, rule
            )
            for part, split, sign in ((slice(n_left), left_split, 1), (slice(n_left, n), right_split, -1))
        )
        splits = (int(left_split), int(n_left), int(right_split))
        return cls(dealt, places, splits, size, low, high, even, circle, rule, left, right)

    @property
    def sums(self) -> tuple[int, int]:
        """Sums of the left and of the right half."""
        return self.left[0].size * self.left[2].size, self.right[0].size * self.right[2].size

    def direct(self, window: int) -> bool:
        """All pairs are compared: few sums, or a window too wide for tables."""
        return bool(streamed.is_direct(float(math.prod(self.sums)), window))

    def holds(self, window: int) -> bool:
        """Whether these lists serve the window."""
        if window >> streamed.WIDEST and not self.direct(window):
            return False
        return not streamed.too_short(self.circle, self.even, self.values.size, window)

    def chunks(self, window: int) -> list[Chunk]:
        """All slices, in chunks that do not depend on the number of workers."""
        if self.direct(window):
            return [(-1, 0, 1)]
        slices = int(streamed.slices_for(self.even, self.circle, max(self.sums)))
        chunks = min(max(sum(self.sums) // _CHUNK, 16), 1 << slices)
        edges = [i * (1 << slices) // chunks for i in range(chunks + 1)]
        return [(slices, first, last) for first, last in pairwise(edges)]

    def search(self, target: int, window: int, deadline: float | None = None, patient: bool = True) -> _Search:
        """The lists made ready for one target and window."""
        shift = int(streamed.shift_for(window, self.circle))
        left_split, n_left, right_split = self.splits
        a, b = (
            (*half[:4], streamed.shorten(half[2], shift), half[4], split, samples)
            for half, split, samples in (
                (self.left, left_split, n_left),
                (self.right, right_split, self.values.size - n_left),
            )
        )
        start = (target << (64 - self.circle)) + (self.size or 0) * int(_TAG)
        return _Search(self, target, window, a, b, np.uint64(start % 2**64), shift, deadline, patient)


@dataclass(frozen=True)
class _Search:
    """Lists, target and window: what a thread needs to scan a chunk."""

    halves: _Halves
    target: int
    window: int
    left: tuple[Any, ...]
    right: tuple[Any, ...]
    start: np.uint64
    shift: int
    deadline: float | None
    patient: bool  # where too many sums meet, go on in smaller chunks

    def scan(self, chunk: Chunk, room: int = _ROOM) -> tuple[Masks, NDArray[np.int64], int]:
        """Masks and errors of the subsets within the window that belong to the chunk, and 0, FULL, CROWDED or MET if they are not all."""
        masks, errors, code = self._scan(chunk, room)
        late = self.deadline is not None and time.monotonic() >= self.deadline
        stuck = code == streamed.MET and (not self.patient or chunk[2] - chunk[1] == 1)
        if code in (0, streamed.FULL) or stuck or chunk[0] < 0 or late:
            return masks, errors, code
        slices, first, last = chunk
        if last - first == 1:
            whole = int(streamed.slices_for(self.halves.even, self.halves.circle, max(self.halves.sums)))
            if slices >= whole + 2 * _REFINEMENTS:
                return masks, errors, code
            slices, first, last = slices + 2, 4 * first, 4 * last
        parts = []
        middle = (first + last) // 2
        for part in ((slices, first, middle), (slices, middle, last)):
            parts.append(self.scan(part, room))
            if parts[-1][2] != 0:
                break
        return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts]), parts[-1][2]

    def _scan(self, chunk: Chunk, room: int) -> tuple[Masks, NDArray[np.int64], int]:
        halves = self.halves
        masks, errors = np.empty(room, np.uint64), np.empty(room, np.int64)
        longer = max(halves.left[0].size, halves.right[0].size)
        found, code = streamed.scan(
            (halves.values, halves.places, np.int64(self.target), np.int64(self.window)),
            self.left,
            self.right,
            (self.start, np.int64(halves.circle), np.int64(self.shift)),
            (np.int64(halves.low), np.int64(halves.high)),
            chunk,
            streamed.workspace(longer, min(max(*halves.sums, 64), 1 << streamed.SLICE)),
            masks,
            errors,
        )
        return masks[:found].copy(), errors[:found].copy(), int(code)


def closest_one(
    values: Row,
    target: int,
    exact: bool,
    low: int = 0,
    high: int = MAX_SAMPLES,
    *,
    workers: int = 1,
    deadline: float | None = None,
    bar: Any = None,
) -> Found:
    """The subset of `low` to `high` elements whose sum is closest to the target, and all that rounding cannot tell from it.

    A window around the target in which about eight subsets are expected is scanned, chunk by chunk; the best subset seen decides
    whether the window was wide enough, or how wide it must be. Contenders are all subsets whose error is within 2 n + 1 quanta of
    the best (where exact: those that tie with it; of equal ones in a quarter of the row only the one of fewest elements, then
    smallest mask, so that the first contender is the canonical answer). Where ties are too many to list the search goes on below
    their error; it stops where nothing can be closer: error 0, or the distance of the target to a multiple of the common divisor.
    A first guess, from the closest subset of 36 of the samples, is always there.

    Parameters
    ----------
    values : (n,) int64
        Up to 64 samples in quanta, of which the absolute values sum to less than 2^60.
    target : int
        In quanta, |target| <= 2^61.
    exact : bool
        Whether samples and target are exact in fixed point.
    low, high : int
        Sizes allowed, clipped to 0..n.
    workers : int
        Threads. They do not change the answer.
    deadline : float, optional
        A `time.monotonic` after which to stop, within a chunk or two (0.1 s; from n = 58 on not before the lists are made, 0.3 s).
    bar : tqdm, optional
        Reset for each window to the sums to go through, and advanced.

    Raises
    ------
    ValueError
        For more than 64 samples.

    Notes
    -----
    Time O(2^(n/2)): about 1.6 ns for each of the 2 * 2^(n/2) sums on one thread (n = 48: 0.06 s; n = 56: 1 s; n = 64: 30 s).
    A target in a gap between sums that is wider than the smallest of them by far (one sample that dominates many) may be left incomplete.
    """
    n = _count(values)
    low, high = max(low, 0), min(high, n)
    if low > high:
        return Found(np.empty(0, np.uint64), np.empty(0, np.int64), True, False, 0)
    slack = 0 if exact else 2 * n + 1
    smallest, largest = (int(end) for end in streamed.reach_of(values, low, high))
    # beyond the reach the order of the subsets does not change any more
    goal = min(max(target, smallest), largest)
    best = _Best(values, goal, slack, deadline)
    best.see(np.array([_guess(values, goal, low, high)], np.uint64))
    complete, proven = True, _FARTHEST
    for size in _sizes(values, goal, low, high):
        window = min(_first_window(values, goal, size, low, high) + slack, best.error + slack)
        done, empty = _one_size(best, size, low, high, max(window, min(best.floor, best.error)), workers, bar)
        complete &= done
        proven = min(proven, empty)
        if best.late() and not done:
            proven = proven if size is None or low == high else 0
            break
    bound = min(proven, best.error) + abs(target - goal) - (0 if exact else n + 1)
    masks = best.contenders()
    errors = _sums(values, masks) - target
    return Found(masks, errors, complete, best.tied, max(bound, 0))


def _one_size(
    best: _Best, size: int | None, low: int, high: int, window: int, workers: int, bar: Any
) -> tuple[bool, int]:
    """Go through the subsets of one size (None: of low to high elements); returns whether all, and an error that none is below."""
    fewest, most = (low, high) if size is None else (size, size)
    empty = 0
    collapse, whole, patient = best.slack == 0, best.slack == 0 and _few_sums(best.values), False
    halves = None
    while True:
        window = min(window, _FARTHEST)
        if best.late():
            return False, empty
        if halves is None or not halves.holds(window):
            halves = _Halves.of(best.values, size, fewest, most, window, collapse, whole)
            if not halves.holds(window):
                return False, empty
        chunks = halves.chunks(window)
        if bar is not None:
            bar.reset(total=sum(halves.sums))
        at = 0
        while at < len(chunks):
            search = halves.search(best.target, window, best.deadline, patient)
            code = 0
            scans = in_order(search.scan, chunks[at:], workers)
            try:
                for masks, _, code in scans:
                    best.see(masks)
                    if best.late() and (code != 0 or at + 1 < len(chunks)):
                        return False, empty
                    if best.crowd:
                        code = streamed.FULL
                    if code != 0:
                        break
                    at += 1
                    if bar is not None:
                        bar.update(sum(halves.sums) / len(chunks))
            finally:
                scans.close()  # type: ignore[attr-defined]
            if code == 0:
                continue
            if best.error + best.slack < window:
                window = best.error + best.slack
            elif not patient and code == streamed.MET:
                patient = True
            elif best.error <= best.floor:
                best.tied = True
                return True, best.error
            elif window >= best.error:
                best.one()
                window = best.error - 1
            elif not collapse or not whole:
                # rounding hides ties: keep one of those with equal sums in quanta; then keep apart what is a circle apart
                whole |= collapse
                best.tied |= not collapse
                collapse = True
                halves = _Halves.of(best.values, size, fewest, most, window, collapse, whole)
                chunks, at = halves.chunks(window), 0
            elif (fewest, most) == (0, best.values.size) and max(halves.sums) <= _SORTED:
                # a gap with crowds at its edges: sorted lists do not mind
                best.see(_by_sorting(halves, best.target))
                best.one()
                return True, best.error
            else:
                return False, empty
        empty = window + 1
        needed = best.error - 1 if best.tied else best.error + best.slack
        if needed <= window or window == _FARTHEST:
            return True, best.error
        window = min(16 * window + 15, best.error + best.slack)


def _by_sorting(halves: _Halves, target: int) -> Masks:
    """A closest subset of the listed ones by sorted halves: the one of fewest elements, then smallest mask, of those met first."""
    left_split, n_left, right_split = halves.splits
    sums, masks = [], []
    for half, start, split in ((halves.left, 0, left_split), (halves.right, n_left, n_left + right_split)):
        end = n_left if start == 0 else halves.values.size
        parts = half[1].astype(np.uint64), half[3].astype(np.uint64)
        outer, inner = _sums(halves.values[start:split], parts[0]), _sums(halves.values[split:end], parts[1])
        sums.append((outer[:, None] + inner).ravel())
        masks.append(
            (
                _spread(parts[0], halves.places[start:split])[:, None] | _spread(parts[1], halves.places[split:end])
            ).ravel()
        )
    order = np.argsort(sums[1], kind="stable")
    at = np.searchsorted(sums[1][order], target - sums[0])
    right = order[np.concatenate([np.maximum(at - 1, 0), np.minimum(at, order.size - 1)])]
    errors = np.abs(np.tile(sums[0], 2) + sums[1][right] - target)
    nearest = np.flatnonzero(errors == errors.min())
    found: Masks = np.tile(masks[0], 2)[nearest] | masks[1][right[nearest]]
    first: Masks = found[np.lexsort((found, streamed.popcounts(found)))[:1]]
    return first


def _spread(masks: Masks, places: NDArray[np.uint8]) -> Masks:
    """Masks over the row of masks over samples at these places."""
    wide = np.zeros(masks.size, np.uint64)
    for i, place in enumerate(places.tolist()):
        wide |= ((masks >> np.uint64(i)) & np.uint64(1)) << np.uint64(place)
    return wide


def within(
    values: Row,
    target: int,
    low_error: int,
    high_error: int,
    low: int = 0,
    high: int = MAX_SAMPLES,
    *,
    workers: int = 1,
    limit: int = 2**22,
) -> Listing:
    """Every subset of `low` to `high` elements with low_error <= |sum - target| <= high_error, closest first.

    Parameters
    ----------
    values, target
        See `closest_one`.
    low_error, high_error : int
        In quanta, both included.
    low, high : int
        Sizes allowed, clipped to 0..n.
    workers : int
        Threads. They do not change the answer.
    limit : int
        Stop with an incomplete listing (its beginning is arbitrary) as soon as there are more.

    Returns
    -------
    Listing
        Ordered by error, then size, then mask.

    Notes
    -----
    Time O(2^(n/2)) plus about 0.2 us for each subset listed; a ring far from the target is scanned as two narrow windows, a window
    wider than 2^53 quanta as several.
    """
    n = _count(values)
    low, high = max(low, 0), min(high, n)
    parts: list[Masks] = []
    listed, complete = 0, True
    if low <= high and low_error <= high_error:
        for goal, window in _windows(values, target, max(low_error, 0), high_error, low, high):
            for size in _sizes(values, goal, low, high):
                fewest, most = (low, high) if size is None else (size, size)
                halves = _Halves.of(values, size, fewest, most, window)
                for masks, done in _all_of(halves.search(goal, window), halves.chunks(window), workers, limit):
                    errors = np.abs(_sums(values, masks) - target)
                    masks = masks[(errors >= low_error) & (errors <= high_error)]
                    parts.append(masks)
                    listed += masks.size
                    complete &= done
                    if listed > limit or not done:
                        complete = False
                        break
                if not complete:
                    break
            if not complete:
                break
    masks = np.concatenate([np.empty(0, np.uint64), *parts])
    errors = _sums(values, masks) - target
    order = np.lexsort((masks, streamed.popcounts(masks), np.abs(errors)))[:limit]
    return Listing(masks[order], errors[order], complete)


def _all_of(search: _Search, chunks: list[Chunk], workers: int, limit: int) -> Iterator[tuple[Masks, bool]]:
    """Masks of each chunk, and whether they are all (as far as the limit)."""

    def scan(chunk: Chunk) -> tuple[Masks, bool]:
        room = min(_ROOM, limit + 1)
        while True:
            masks, _, code = search.scan(chunk, room)
            if code != streamed.FULL or room > limit:
                return masks, code == 0
            room = min(8 * room, limit + 1)

    yield from in_order(scan, chunks, workers)


def _windows(
    values: Row, target: int, low_error: int, high_error: int, low: int, high: int
) -> Iterator[tuple[int, int]]:
    """Centre and half width of disjoint windows that cover every sum with an error between the two, within the reach."""
    smallest, largest = (int(end) for end in streamed.reach_of(values, low, high))
    rings = [(target - high_error, target + high_error)]
    if 2 * low_error > high_error:
        rings = [(target - high_error, target - low_error), (target + low_error, target + high_error)]
    widest = 2**60 if streamed.is_direct(2.0**values.size, 2**60) else 2**53
    for start, end in rings:
        first, last = max(start, smallest), min(end, largest)
        while first <= last:
            until = min(last, first + 2 * widest)
            window = (until - first + 1) // 2
            # may reach one quantum further than asked
            yield first + window, window
            first += 2 * window + 1


class _Best:
    """The best subset seen, and those that may tie with it."""

    def __init__(self, values: Row, target: int, slack: int, deadline: float | None) -> None:
        self.values, self.target, self.slack, self.deadline = values, target, slack, deadline
        self.error = _FARTHEST
        # no subset is closer: all sums are multiples of the common divisor. Where rounded, no error below n + 1 means anything.
        divisor = math.gcd(*values.tolist())
        away = target % divisor if divisor else abs(target)
        self.floor = values.size + 1 if slack else min(away, abs(divisor - away))
        self.tied = False
        self._parts: list[Masks] = []

    def see(self, masks: Masks) -> None:
        if masks.size:
            self.error = min(self.error, int(np.abs(_sums(self.values, masks) - self.target).min()))
            self._parts.append(masks)
            if sum(part.size for part in self._parts) > _CONTENDERS:
                self._parts = [self._ties()]

    def _ties(self) -> Masks:
        masks = np.unique(np.concatenate(self._parts))
        return masks[np.abs(_sums(self.values, masks) - self.target) <= self.error + self.slack]

    def one(self) -> None:
        """Go on with the first contender alone: ties are too many."""
        self.tied = True
        self._parts = [self.contenders()]

    def late(self) -> bool:
        return self.deadline is not None and time.monotonic() >= self.deadline

    @property
    def crowd(self) -> bool:
        """More of them than are listed."""
        return sum(part.size for part in self._parts) > _CONTENDERS

    def contenders(self) -> Masks:
        """Closest first, then fewest elements, then smallest mask."""
        masks = self._ties()
        errors = np.abs(_sums(self.values, masks) - self.target)
        order = np.lexsort((masks, streamed.popcounts(masks), errors))
        return masks[order[:1] if self.tied else order]


def _sums(values: Row, masks: Masks) -> NDArray[np.int64]:
    """Sums of the values in the masks."""
    sums = np.zeros(masks.size, np.int64)
    for i, value in enumerate(values.tolist()):
        sums += ((masks >> np.uint64(i)) & np.uint64(1)).astype(np.int64) * value
    return sums


def _few_sums(values: Row) -> bool:
    """Small integers, up to a common divisor: far fewer sums than subsets."""
    return int(np.abs(values).sum()) >> _SEED < math.gcd(*values.tolist())


def _count(values: Row) -> int:
    if values.ndim != 1 or values.size > MAX_SAMPLES:
        raise ValueError(f"values must have shape (n,) with n <= {MAX_SAMPLES}, got {values.shape}")
    return int(values.size)


def _sizes(values: Row, target: int, low: int, high: int) -> list[int | None]:
    """[None]: all sizes at once, in a wider window; or one size after the other, if subsets of these sizes are rare."""
    n = values.size
    if low == 0 and high == n:
        return [None]
    # theory 5.5: of the subsets near the target, how many have a size that is asked for
    wanted = math.log2(32 * streamed.PAIRS) - _rate(values, target, low, high) + _rate(values, target, 0, n)
    if wanted <= n / 2 + math.log2(high - low + 1):
        return [None]
    # the sizes of most subsets first: they leave the others narrow windows
    sizes: list[int | None] = list(range(low, high + 1))
    return sizes if 2 * low > n else sizes[::-1]


def _rate(values: Row, target: int, low: int, high: int) -> float:
    """log2 of the subsets a quantum expected at the target."""
    if low == 0 and high == values.size:
        return float(streamed.log2_rate(values, np.int64(target), -1))
    rates = [float(streamed.log2_rate(values, np.int64(target), k)) for k in range(low, high + 1)]
    return max(rates) + math.log2(sum(2.0 ** (rate - max(rates)) for rate in rates))


def _first_window(values: Row, target: int, size: int | None, low: int, high: int) -> int:
    """A window that about PAIRS subsets are expected in."""
    fewest, most = (low, high) if size is None else (size, size)
    log2_window = math.log2(streamed.PAIRS / 2) - _rate(values, target, fewest, most)
    return int(2.0 ** min(max(log2_window, 0.0), streamed.WIDEST - 1.0))


def _guess(values: Row, target: int, low: int, high: int) -> int:
    """Mask of a subset that is close: most samples are decided one by one, largest first, and the closest subset of the rest is taken."""
    n = values.size
    order = np.argsort(-np.abs(values), kind="stable")
    free = np.zeros(n, bool)
    # of small integers few are enough, and more would only tie
    some = _SEED_OF_TIES if _few_sums(values) else _SEED
    free[np.linspace(0, n - 1, min(n, some)).round().astype(np.int64)] = True
    fixed, rest = order[~free].tolist(), np.sort(order[free])
    usual = min(max(n // 2, low), high)
    take = min(max(usual * len(fixed) // max(n, 1), low - rest.size), high)
    mask, goal = 0, target - int(values[rest].sum()) // 2
    for done, i in enumerate(fixed):
        value = int(values[i])
        mean = sum(int(values[j]) for j in fixed[done + 1 :]) // 2
        if take == len(fixed) - done or (take > 0 and abs(goal - value - mean) < abs(goal - mean)):
            mask |= 1 << i
            goal -= value
            take -= 1
    taken = mask.bit_count()
    target -= sum(int(values[i]) for i in fixed if mask >> i & 1)
    found, code = np.empty(1, np.uint64), np.empty(1, np.uint8)
    fewest, most = max(low - taken, 0), min(high - taken, rest.size)
    zero = np.zeros(1, np.int64)
    streamed.closest(
        values[rest][None, :],
        np.array([rest.size]),
        zero,
        np.array([target]),
        np.ones(1, np.bool_),
        np.array([fewest]),
        np.array([most]),
        found,
        code,
    )
    local = int(found[0])
    if local >> rest.size or not fewest <= local.bit_count() <= most:
        local = (1 << fewest) - 1
    return mask | sum(1 << int(i) for q, i in enumerate(rest.tolist()) if local >> q & 1)
