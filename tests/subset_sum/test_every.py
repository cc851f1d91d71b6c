"""Every choice within a tolerance, in exact order, and the k closest: against all there are, whole and in rings of a few hits."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest

from slth.subset_sum.exact import as_integers
from slth.subset_sum.multiple_choice import rings
from slth.subset_sum.multiple_choice.choices import Choices
from slth.subset_sum.multiple_choice.every import Subset, Subsets, k_best
from slth.subset_sum.multiple_choice.rings import Block, Blurred, Row
from tests.reference import choices as reference
from tests.subset_sum.instances import KINDS, targets
from tests.subset_sum.test_choices import CASES, Case, small_enough


def in_integers(samples: np.ndarray, target: float) -> tuple[list[int], int, int]:
    """Samples and target times their common denominator, and the denominator."""
    integers, goal = as_integers(samples.tolist(), target)
    return integers, goal, max(Fraction(x).denominator for x in (*samples.tolist(), target))


def every(case: Case, samples: np.ndarray, target: float) -> list[tuple[Subset, Fraction]]:
    """All choices, best first, with their exact errors."""
    ranked = reference.ranked(case.ways, case.coefficients, samples.tolist(), target)
    return [(Subset(c.code, float(c.sum), float(c.error), c.size), c.error) for c in ranked]


@pytest.fixture
def small_rings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rings, "_RING", 6)
    monkeypatch.setattr(rings, "_LEAST", 8)


@pytest.mark.parametrize("kind", KINDS)
def test_all_in_order(kind: str) -> None:
    for name, case in CASES.items():
        check_all_in_order(kind, name, case)


def check_all_in_order(kind: str, name: str, case: Case) -> None:
    choices = case.choices
    rng = np.random.default_rng([len(name), len(kind), 5])
    samples = small_enough(KINDS[kind](rng, choices.n))
    target = targets(rng, samples)[int(rng.integers(12))]
    if not np.isfinite(target):
        return
    integers, goal, unit = in_integers(samples, target)
    expected = every(case, samples, target)
    where = f"{name}: samples={samples.tolist()}, target={target!r}"
    assert list(Subsets(choices, integers, goal, None, unit=unit)) == [subset for subset, _ in expected], where
    best = k_best(choices, integers, goal, len(expected) // 2 + 1, unit=unit)
    assert best.mask.tolist() == [subset.mask for subset, _ in expected][: len(expected) // 2 + 1]

    error = expected[int(rng.integers(len(expected)))][1]
    for tolerance in {int(error * unit), max(int(error * unit) - 1, 0)}:
        within = [subset for subset, exact in expected if exact * unit <= tolerance]
        assert list(Subsets(choices, integers, goal, tolerance, unit=unit)) == within, where
        by_size = sorted(within, key=lambda subset: subset.size)  # stable: by error and code among equals
        assert list(Subsets(choices, integers, goal, tolerance, unit=unit, order="size")) == by_size, where
        low, high = choices.n // 4, choices.n // 2
        few = [subset for subset in within if low <= subset.size <= high]
        assert list(Subsets(choices, integers, goal, tolerance, unit=unit, low=low, high=high)) == few, where


@pytest.mark.usefixtures("small_rings")
@pytest.mark.parametrize("kind", KINDS)
def test_in_small_rings(kind: str) -> None:
    """The same order when every ring holds a few hits only, so that most choices wait at some border."""
    for name in ("subsets", "locked", "partition", "signed", "five", "2:4", "1:8"):
        check_small_rings(kind, name, CASES[name])


def check_small_rings(kind: str, name: str, case: Case) -> None:
    choices = case.choices
    rng = np.random.default_rng([len(name), len(kind), 6])
    samples = small_enough(KINDS[kind](rng, choices.n))
    target = targets(rng, samples)[int(rng.integers(6))]
    integers, goal, unit = in_integers(samples, target)
    expected = [subset for subset, _ in every(case, samples, target)]
    row = Row(choices, integers, goal, unit)
    assert together(row.by_error(0, choices.n, first=2)) == expected
    by_size = sorted(expected, key=lambda subset: subset.size)
    assert together(row.by_size(0, choices.n, first=2)) == by_size


@pytest.mark.usefixtures("small_rings")
@pytest.mark.parametrize("name", ["subsets", "locked", "partition", "signed", "five", "2:4", "1:8"])
def test_ties_beyond_a_ring(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """More ties than a ring holds come in the same order, in blocks."""
    monkeypatch.setattr(rings, "_MOST", 10)
    case = CASES[name]
    choices = case.choices
    rng = np.random.default_rng(len(name))
    for largest in (0, 1, 2):
        samples = rng.integers(-largest, largest + 1, choices.n).astype(np.float64)
        for target in (0.0, 1.0, 20.0):
            expected = [subset for subset, _ in every(case, samples, target)]
            integers, goal, unit = in_integers(samples, target)
            assert list(Subsets(choices, integers, goal, None, unit=unit)) == expected
            by_size = sorted(expected, key=lambda subset: subset.size)
            assert list(Subsets(choices, integers, goal, None, unit=unit, order="size")) == by_size
            low, high = choices.n // 4, choices.n // 2
            few = [subset for subset in expected if low <= subset.size <= high]
            assert list(Subsets(choices, integers, goal, None, unit=unit, low=low, high=high)) == few
            for k in (1, 7, len(expected)):
                assert k_best(choices, integers, goal, k).mask.tolist() == [s.mask for s in expected[:k]]


def test_near_ties_beyond_a_ring(monkeypatch: pytest.MonkeyPatch) -> None:
    """Errors that differ only beyond 60 bits are sorted exactly as long as a ring holds them, and refused beyond."""
    integers = [2**100 + i for i in range(12)]
    choices = Choices.subsets(12)
    case = Case(choices, reference.assignments(12, (0, 1)), (0, 1))
    expected = [c.code for c in reference.ranked(case.ways, (0, 1), integers, 6 * 2**100)]
    assert [s.mask for s in Subsets(choices, integers, 6 * 2**100, None)] == expected
    monkeypatch.setattr(rings, "_RING", 64)
    monkeypatch.setattr(rings, "_LEAST", 64)
    monkeypatch.setattr(rings, "_MOST", 128)
    with pytest.raises(Blurred, match="fewer digits"):
        list(Subsets(choices, integers, 6 * 2**100, None))


@pytest.mark.parametrize("n", [18, 19])
def test_many_rings(n: int) -> None:
    """Rings of the true size: all that a direct enumeration finds, each once, sorted; and again by size."""
    rng = np.random.default_rng(n)
    samples = rng.integers(-(2**40), 2**40, n)
    goal, tolerance = int(rng.integers(-(2**40), 2**40)), 2**39
    masks = np.arange(2**n, dtype=np.uint64)
    sums = ((masks[:, None] >> np.arange(n, dtype=np.uint64)) & np.uint64(1)).astype(np.int64) @ samples
    sizes = np.bitwise_count(masks).astype(np.int64) if hasattr(np, "bitwise_count") else None
    within = np.flatnonzero(np.abs(sums - goal) <= tolerance)
    subsets = Subsets(Choices.subsets(n), samples.tolist(), goal, tolerance)
    found = joined(subsets.blocks())
    order = np.lexsort((masks[within], np.abs(sums - goal)[within]))
    assert np.array_equal(found.mask, masks[within][order])
    assert np.array_equal(found.sum, sums[within][order].astype(np.float64))
    if sizes is not None:
        assert np.array_equal(found.size, sizes[within][order])
    by_size = joined(Subsets(Choices.subsets(n), samples.tolist(), goal, tolerance, order="size").blocks())
    assert np.array_equal(by_size.mask, found.mask[np.lexsort((found.mask, found.error, found.size))])


def test_the_first_come_before_the_last_are_known() -> None:
    """2^36 subsets, of which a few are asked for; and the same again, since each iteration starts afresh."""
    rng = np.random.default_rng(1)
    samples = rng.uniform(-1, 1, 36)
    integers, goal, unit = in_integers(samples, 0.25)
    subsets = Subsets(Choices.subsets(36), integers, goal, None, unit=unit)
    first = [subset for subset, _ in zip(subsets, range(5), strict=False)]
    assert first == [subset for subset, _ in zip(subsets, range(5), strict=False)]
    assert [s.mask for s in first] == k_best(Choices.subsets(36), integers, goal, 5).mask.tolist()
    assert all(a.error <= b.error for a, b in itertools.pairwise(first))
    # all ties: 2^36 subsets of error 0
    zeros = Subsets(Choices.subsets(36), [0] * 36, 0, 0)
    assert [subset.mask for subset, _ in zip(zeros, range(5), strict=False)] == [0, 1, 2, 4, 8]


@pytest.mark.parametrize("unit", [1, 3, 10, 2**80])
def test_units(unit: int) -> None:
    """Sums and errors in any unit are rounded once."""
    integers = [7, 22, 3**45, 5, -(3**44)]
    for subset in Subsets(Choices.subsets(5), integers, 11, None, unit=unit):
        total = sum(x for i, x in enumerate(integers) if subset.mask >> i & 1)
        assert subset.sum == float(Fraction(total, unit))
        assert subset.error == float(Fraction(abs(total - 11), unit))


def test_misuse() -> None:
    choices = Choices.subsets(3)
    with pytest.raises(ValueError, match=">= 0"):
        Subsets(choices, [1, 2, 3], 1, -1)
    with pytest.raises(ValueError, match="unknown order 'mask'"):
        Subsets(choices, [1, 2, 3], 1, 1, order="mask")
    for k in (0, 10**5 + 1):
        with pytest.raises(ValueError, match="from 1 to 100,000"):
            k_best(choices, [1, 2, 3], 1, k)


def test_memory_is_checked_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rings, "_free_memory", lambda: 2**28)
    with pytest.raises(ValueError, match=r"need 0\.8 GiB, 0\.2 GiB are free"):
        next(iter(Subsets(Choices.subsets(48), list(range(48)), 5, 0)))


def joined(blocks: object) -> Block:
    return Block(*(np.concatenate(arrays) for arrays in zip(*blocks, strict=True)))


def together(blocks: object) -> list[Subset]:
    return [Subset(*values) for block in blocks for values in zip(*(a.tolist() for a in block), strict=True)]


def test_repr_says_what_to_do_with_it() -> None:
    found = Subsets(Choices.subsets(3), [2, 3, 5], 5, 1, order="size")
    assert repr(found) == "Subsets(n=3, all within epsilon in order of size; iterate over it, or over blocks())"
