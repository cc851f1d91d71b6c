"""Exact comparison and exact search in Python integers: the last resort, when 60 bits cannot tell subsets apart."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

Subset = tuple[int, int, int]  # sum (scaled integer), size, mask


def as_integers(samples: Sequence[float], target: float) -> tuple[list[int], int]:
    """Samples and target times their common power of two: every finite float64 is an integer times a power of two."""
    fractions = [Fraction(x) for x in (*samples, target)]
    common = max(f.denominator for f in fractions)
    integers = [f.numerator * (common // f.denominator) for f in fractions]
    return integers[:-1], integers[-1]


def closest_among(masks: Iterable[int], samples: Sequence[float], target: float) -> int:
    """The mask whose subset is closest to the target, exactly; then fewest elements, then the smallest mask."""
    return closest_of_integers_among(masks, *as_integers(samples, target))


def closest_of_integers_among(masks: Iterable[int], values: Sequence[int], goal: int) -> int:
    """`closest_among` for integers."""

    def rank(mask: int) -> tuple[int, int, int]:
        chosen = sum(value for i, value in enumerate(values) if mask >> i & 1)
        return abs(chosen - goal), mask.bit_count(), mask

    return min(masks, key=rank)


def closest(samples: Sequence[float], target: float, low: int = 0, high: int | None = None) -> int:
    """Mask of the closest of all subsets of `low` to `high` elements in exact arithmetic, whatever the range of the samples.

    See `closest_of_integers`.
    """
    return closest_of_integers(*as_integers(samples, target), low, high)


def closest_of_integers(values: Sequence[int], goal: int, low: int = 0, high: int | None = None) -> int:
    """Mask of the subset of `low` to `high` of the values (all, if None) closest to the goal; then fewest elements, then the smallest mask.

    Where sizes are free, values that dominate everything below them are decided first (`_forced`); the rest is the search of
    Schroeppel and Shamir (SIAM J. Comput. 10, 1981): two heaps stream the sums of the halves, one upwards and one downwards, from
    sorted quarters. Equal sums collapse to the better subset. Time O(2^(n/2)) heap steps (n = 30: 0.3 s, n = 44: a minute),
    memory O(2^(n/4)). Where they are not, halves are listed by size: time and memory O(2^(n/2)) Python objects (n = 30: a second).
    """
    low, high = _bounds(len(values), low, high)
    if low > 0 or high < len(values):
        left, right = _halves_by_size(values, high)
        found = (_closest_of_size(left, right, k, goal) for k in range(low, high + 1))
        return min((error, k, mask) for k, (error, mask) in enumerate(found, low))[2]
    free, taken, goal = _forced(values, goal)
    half = len(free) // 2
    rising = _stream([(values[i], i) for i in free[:half]], sign=1)
    falling = _stream([(values[i], i) for i in free[half:]], sign=-1)
    best: Subset | None = None
    below = next(rising, None)
    above = next(falling, None)
    while below is not None and above is not None:
        difference = below[0] + above[0] - goal
        if best is None or abs(difference) <= best[0]:
            candidate = (abs(difference), below[1] + above[1], below[2] | above[2])
            best = candidate if best is None else min(best, candidate)
        if difference < 0:
            below = next(rising, None)
        else:
            above = next(falling, None)
    assert best is not None  # the empty subset is always there
    return best[2] | taken


def smallest_within(
    samples: Sequence[float], target: float, epsilon: float, low: int = 0, high: int | None = None
) -> int | None:
    """Mask of the smallest subset within epsilon of the target, exactly; then the closest, then the smallest mask; None if there is none.

    Among the subsets of `low` to `high` elements. See `smallest_of_integers`.
    """
    values, goal = as_integers(samples, target)
    # epsilon in the same units, rounded down: sums are integers
    unit = max(Fraction(x).denominator for x in (*samples, target))
    return smallest_of_integers(values, goal, int(Fraction(epsilon) * unit), low, high)


def smallest_of_integers(
    values: Sequence[int], goal: int, tolerance: int, low: int = 0, high: int | None = None
) -> int | None:
    """`smallest_within` for integers: among the subsets of `low` to `high` of the values; None if there is none.

    Halves listed by size, each size sorted; time and memory O(2^(n/2)) Python objects (n = 32: a second).
    """
    low, high = _bounds(len(values), low, high)
    left, right = _halves_by_size(values, high)
    for k in range(low, high + 1):
        error, mask = _closest_of_size(left, right, k, goal)
        if error <= tolerance:
            return mask
    return None


def _bounds(n: int, low: int, high: int | None) -> tuple[int, int]:
    high = n if high is None else min(high, n)
    if not max(low, 0) <= high:
        raise ValueError(f"sizes must allow some subset of {n} samples, got {low} to {high}; widen them")
    return max(low, 0), high


def _halves_by_size(
    values: Sequence[int], largest: int
) -> tuple[list[list[tuple[int, int]]], list[list[tuple[int, int]]]]:
    items = [(value, place) for place, value in enumerate(values)]
    half = len(items) // 2
    return _by_size(items[:half], largest), _by_size(items[half:], largest)


def _closest_of_size(
    left: list[list[tuple[int, int]]], right: list[list[tuple[int, int]]], k: int, goal: int
) -> tuple[int, int]:
    """Error and smallest mask of the closest subset of exactly k elements."""
    best: tuple[int, int] | None = None
    for i in range(max(0, k - len(right) + 1), min(k, len(left) - 1) + 1):
        small, large = left[i], right[k - i]
        b = len(large) - 1
        for total, mask in small:
            while b > 0 and abs(total + large[b - 1][0] - goal) <= abs(total + large[b][0] - goal):
                b -= 1
            for at in (b, b + 1):  # equal distances on both sides
                if at < len(large):
                    candidate = (abs(total + large[at][0] - goal), mask | large[at][1])
                    best = candidate if best is None else min(best, candidate)
    assert best is not None  # 0 <= k <= n
    return best


def _by_size(items: Sequence[tuple[int, int]], largest: int) -> list[list[tuple[int, int]]]:
    """For each size, up to `largest`, the distinct sums in ascending order, each with its smallest mask."""
    classes: list[dict[int, int]] = [{0: 0}] + [{} for _ in items]
    for done, (value, place) in enumerate(items):
        for size in range(min(done, largest - 1), -1, -1):
            for total, mask in classes[size].items():
                candidate = mask | 1 << place
                known = classes[size + 1].get(total + value)
                if known is None or candidate < known:
                    classes[size + 1][total + value] = candidate
    return [sorted(c.items()) for c in classes[: largest + 1]]


def _forced(values: Sequence[int], goal: int) -> tuple[list[int], int, int]:
    """Decide samples too large for any choice to remain: returns the free positions, the mask taken and the goal left.

    Flip negative samples (v -> -v, goal -> goal - v), so that all are positive with total T and the goal is g. The empty choice
    has error |g|, the full one |T - g|. If v > 2 max(g, 0) every choice with v is farther than the empty one, v is out; if
    v > 2 max(T - g, 0) every choice without v is farther than the full one, v is in. Both strictly, so ties are never decided.
    """
    sizes = [abs(v) for v in values]
    flipped_goal = goal - sum(v for v in values if v < 0)
    total = sum(sizes)
    free = sorted((i for i, v in enumerate(values) if v), key=lambda i: sizes[i])
    taken = 0  # in the flipped problem
    while free:
        largest = free[-1]
        if sizes[largest] > 2 * max(flipped_goal, 0):
            total -= sizes[largest]
        elif sizes[largest] > 2 * max(total - flipped_goal, 0):
            total -= sizes[largest]
            flipped_goal -= sizes[largest]
            taken |= 1 << largest
        else:
            break
        free.pop()
    chosen = 0
    for i, v in enumerate(values):
        if i not in free and v:
            chosen |= (taken >> i & 1 ^ (v < 0)) << i
    rest = goal - sum(v for i, v in enumerate(values) if chosen >> i & 1)
    return sorted(free), chosen, rest


def _quarter(items: Sequence[tuple[int, int]]) -> list[Subset]:
    """Every distinct sum of the items in ascending order, each with its best subset."""
    best: dict[int, tuple[int, int]] = {0: (0, 0)}
    for value, place in items:
        for total, (size, mask) in list(best.items()):
            candidate = (size + 1, mask | 1 << place)
            if total + value not in best or candidate < best[total + value]:
                best[total + value] = candidate
    return [(total, size, mask) for total, (size, mask) in sorted(best.items())]


def _stream(items: Sequence[tuple[int, int]], sign: int) -> Iterator[Subset]:
    """All distinct sums of the items, ascending (sign 1) or descending (-1), each with its best subset."""
    outer, inner = _quarter(items[: len(items) // 2]), _quarter(items[len(items) // 2 :])
    if sign < 0:
        inner.reverse()
    heap = [(sign * (a[0] + inner[0][0]), i, 0) for i, a in enumerate(outer)]
    heapq.heapify(heap)
    while heap:
        key = heap[0][0]
        best: tuple[int, int] | None = None
        while heap and heap[0][0] == key:
            _, i, j = heap[0]
            a, b = outer[i], inner[j]
            candidate = (a[1] + b[1], a[2] | b[2])
            best = candidate if best is None else min(best, candidate)
            if j + 1 < len(inner):
                heapq.heapreplace(heap, (sign * (a[0] + inner[j + 1][0]), i, j + 1))
            else:
                heapq.heappop(heap)
        assert best is not None
        yield sign * key, *best
