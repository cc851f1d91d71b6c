"""The closest and the smallest choice of one row in exact arithmetic, whatever its numbers: the last resort, and for ties and long lists.

Samples and target are integers of any length. The first of all choices in order (`rings`); where they are too many that 60 bits cannot tell
apart, halves listed as Python integers.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from slth.subset_sum.multiple_choice.choices import Choices
from slth.subset_sum.multiple_choice.rings import Blurred, Row

_BY_VALUE = 2**21  # entries of a half in Python integers, at most
_SOON_BY_VALUE = 2**13  # and where that is the faster way for a wide range of numbers
_CODE_ONLY = 2**2100  # a unit by which no integer of a float64 overflows, where sums and errors are not reported


def closest(choices: Choices, integers: Sequence[int], goal: int, low: int = 0, high: int | None = None) -> int | None:
    """Code of the closest choice of low to high elements in exact arithmetic; None if no choice has such a size.

    Among equally close choices the one of fewest elements, then of the smallest code.
    Samples and goal are integers of any length (`exact.as_integers`). Time and memory O(entries of a half); where more than 2^20 choices
    agree with the best in 60 bits but not exactly, halves of at most 2^21 entries are listed as Python integers.

    Raises
    ------
    ValueError
        If they are longer.
    """
    row = Row(choices, integers, goal, _CODE_ONLY)
    high = choices.n if high is None else high
    if row.wide and choices.longest <= _SOON_BY_VALUE:
        return min(_best_of_sizes(row, low, high), default=(0, 0, None))[2]
    try:
        block = next(row.by_error(low, high, first=16), None)
    except Blurred:
        return min(_best_of_sizes(row, low, high), default=(0, 0, None))[2]
    return None if block is None else int(block.mask[0])


def smallest(
    choices: Choices,
    integers: Sequence[int],
    goal: int,
    tolerance: int,
    low: int = 0,
    high: int | None = None,
) -> int | None:
    """Code of the choice of fewest elements (coefficients other than the first) within `tolerance`; None if there is none.

    Among those of as few elements the closest, then the one of the smallest code.

    Arguments and limits as for `closest`; sizes low to high are allowed.
    """
    row = Row(choices, integers, goal, _CODE_ONLY)
    high = choices.n if high is None else high
    try:
        block = next(row.by_size(low, high, tolerance, first=16), None)
    except Blurred:
        within = [(size, code) for error, size, code in _best_of_sizes(row, low, high) if error <= tolerance]
        return min(within, default=(0, None))[1]
    return None if block is None else int(block.mask[0])


def _best_of_sizes(row: Row, low: int, high: int) -> list[tuple[int, int, int]]:
    """(error, size, code) of the closest of every size, by halves listed size by size as Python integers, equal sums only once."""
    choices = row.choices
    if choices.longest > _BY_VALUE:
        raise ValueError("more than 2^20 choices agree with the closest in 60 bits; round the samples to fewer digits")
    left, right = _by_size(row, 0, choices.middle), _by_size(row, choices.middle, choices.groups)
    best: dict[int, tuple[int, int, int]] = {}
    for (i, ascending), (j, others) in itertools.product(left.items(), right.items()):
        if not low <= i + j <= high:
            continue
        b = len(others) - 1
        for total, code in ascending:
            # of the sums that reach the goal the least, and of the rest the largest
            while b >= 0 and total + others[b][0] >= row.goal:
                b -= 1
            for at in (b, b + 1):
                if 0 <= at < len(others):
                    found = (abs(total + others[at][0] - row.goal), i + j, code + others[at][1])
                    best[i + j] = min(best.get(i + j, found), found)
    return list(best.values())


def _by_size(row: Row, first: int, last: int) -> dict[int, list[tuple[int, int]]]:
    """For each size the different sums of these groups in ascending order, each with its smallest code."""
    choices = row.choices
    classes: dict[int, dict[int, int]] = {0: {0: 0}}
    sizes, codes = choices.sizes.tolist(), choices.codes.tolist()
    for g in range(first, last):
        grown: dict[int, dict[int, int]] = {}
        for o in range(int(choices.starts[g]), int(choices.starts[g + 1])):
            for size, sums in classes.items():
                known = grown.setdefault(size + sizes[o], {})
                for total, code in sums.items():
                    value = total + row.options[o]
                    known[value] = min(known.get(value, 2**64), code + codes[o])
        classes = grown
    return {size: sorted(sums.items()) for size, sums in classes.items()}
