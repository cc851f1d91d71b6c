"""How many outputs use each first-layer weight, by the statement: truth values one by one, random subsets by enumeration."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations, product


def uses(first: Sequence[Sequence[bool]], second: Sequence[Sequence[bool]]) -> list[int]:
    """Of each hidden neuron that keeps a weight, how many outputs keep theirs to it; first (hidden, d_in), second (outputs, hidden)."""
    return [sum(bool(row[h]) for row in second) for h, weights in enumerate(first) if any(weights)]


def sizes(second: Sequence[Sequence[bool]], groups: Sequence[Sequence[int]]) -> list[list[int]]:
    """[output][group]: how many neurons of a group an output takes."""
    return [[sum(bool(row[h]) for h in group) for group in groups] for row in second]


def worst(second: Sequence[Sequence[bool]], groups: Sequence[Sequence[int]]) -> int:
    """The most neurons that subsets of these sizes can use: they have nothing in common, until there are no more neurons."""
    taken = sizes(second, groups)
    return sum(min(sum(row[g] for row in taken), len(group)) for g, group in enumerate(groups))


def used_at_random(candidates: Sequence[Sequence[int]], takes: Sequence[int]) -> Counter[int]:
    """Of one group: the expected number of neurons that exactly m outputs use, for each m >= 1, as Fractions.

    Output j takes each subset of ``takes[j]`` of its `candidates[j]` with equal probability, independently; all ways are gone through.
    """
    ways = list(product(*(list(combinations(some, k)) for some, k in zip(candidates, takes, strict=True))))
    found: Counter[int] = Counter()
    for way in ways:
        for count in Counter(neuron for subset in way for neuron in subset).values():
            found[count] += Fraction(1, len(ways))  # type: ignore[assignment]
    return found
