"""Trials in blocks that stop once there are enough successes: every outcome with its probability, and intervals from their definition."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import product


def binomial(successes: int, trials: int, p: float) -> float:
    """Its probability."""
    return math.comb(trials, successes) * p**successes * (1 - p) ** (trials - successes)


def outcomes(
    shares: tuple[float, ...], block: int, wanted: int, limit: int
) -> Iterator[tuple[int, tuple[int, ...], tuple[int, ...], float]]:
    """(blocks, counts before the last, counts within it, probability) of all ways to end.

    `shares` are the probabilities of disjoint kinds of trials; the blocks end with the first one after which there are `wanted` trials of
    the first kind, or with block number `limit`.
    """
    rest = 1 - sum(shares)
    within = []
    for counts in product(range(block + 1), repeat=len(shares)):
        left = block - sum(counts)
        if left >= 0:
            ways = math.factorial(block) / math.prod(map(math.factorial, (*counts, left)))
            within.append((counts, ways * math.prod(p**c for p, c in zip(shares, counts, strict=True)) * rest**left))
    going = {(0,) * len(shares): 1.0}
    for number in range(1, limit + 1):
        onward: dict[tuple[int, ...], float] = {}
        for before, probability in going.items():
            for counts, chance in within:
                after = tuple(a + b for a, b in zip(before, counts, strict=True))
                if after[0] >= wanted or number == limit:
                    yield number, before, counts, probability * chance
                else:
                    onward[after] = onward.get(after, 0.0) + probability * chance
        going = onward


def first_place_mean(before: int, within: int, trials_before: int, block: int, wanted: int) -> float:
    """(wanted - 1) / (trial of the wanted-th success - 1), the mean over all orders of the trials of the last block."""
    total, number = 0.0, 0
    for order in product((0, 1), repeat=block):
        if sum(order) == within:
            place, seen = 0, before
            while seen < wanted:
                seen += order[place]
                place += 1
            total += (wanted - 1) / (trials_before + place - 1)
            number += 1
    return total / number


def later(successes: int, before: int, last: int, wanted: int, p: float) -> float:
    """Probability of `wanted` successes before the last block, or of so many in all."""
    return sum(
        binomial(s, before, p) * binomial(t, last, p)
        for s in range(before + 1)
        for t in range(last + 1)
        if s >= wanted or s + t >= successes
    )


def interval(successes: int, trials: int, last: int, wanted: int, confidence: float) -> tuple[float, float]:
    """Where an outcome at least as far up, and one at least as far down, gets too rare."""
    tail = (1 - confidence) / 2
    low = crossing(lambda p: later(successes, trials - last, last, wanted, p) - tail)
    high = crossing(lambda p: tail - 1 + later(successes + 1, trials - last, last, wanted, p))
    return (low if successes else 0.0), (high if successes < trials else 1.0)


def crossing(rising: Callable[[float], float]) -> float:
    """Where a function of a probability becomes positive, by halving."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if rising(middle) > 0 else (middle, high)
    return low


def mixture_ratio(successes: int, failures: int, p: float) -> float:
    """Mean likelihood of q over that of p, for q = sin^2 of a uniform angle: Beta(1/2, 1/2), by a sum that is exact here."""
    nodes = 2 * (successes + failures) + 8
    mean = 0.0
    for i in range(nodes):
        q = math.sin(math.pi * i / nodes) ** 2
        mean += q**successes * (1 - q) ** failures / nodes
    return mean / (p**successes * (1 - p) ** failures)
