"""Multiple-choice subset sums against every choice there is: coefficients, patterns, locked samples, sizes, in batches and one by one."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slth.subset_sum.exact import as_integers
from slth.subset_sum.kernels import choices as kernel
from slth.subset_sum.multiple_choice import exact_choices, rings
from slth.subset_sum.multiple_choice.choices import Choices, closest, fixed_point
from slth.subset_sum.multiple_choice.exact_choices import closest as closest_exact
from slth.subset_sum.multiple_choice.exact_choices import smallest
from slth.subset_sum.multiple_choice.rings import Row
from tests.reference import choices as reference
from tests.subset_sum.instances import KINDS, targets


@pytest.fixture(autouse=True)
def wrapping() -> Iterator[None]:
    """Hashes wrap around, which NumPy reports when the kernels run interpreted."""
    with np.errstate(over="ignore"):
        yield


@dataclass(frozen=True)
class Case:
    """The same choices twice: as built here, and spelled out one by one."""

    choices: Choices
    ways: list[tuple[int, ...]]
    coefficients: tuple[int, ...]


def of_coefficients(n: int, coefficients: tuple[int, ...], locked: tuple[int, ...] = ()) -> Case:
    held = np.isin(np.arange(n), locked) if locked else None
    ways = reference.assignments(n, coefficients, locked)
    return Case(Choices.coefficients(n, coefficients, held), ways, coefficients)


def of_pattern(n: int, s: int, block: int, locked: tuple[int, ...] = ()) -> Case:
    held = np.isin(np.arange(n), locked) if locked else None
    return Case(Choices.pattern(n, s, block, held), reference.patterns(n, s, block, locked), (0, 1))


CASES = {
    "subsets": of_coefficients(7, (0, 1)),
    "one sample": of_coefficients(1, (0, 1)),
    "locked": of_coefficients(8, (0, 1), (0, 3, 7)),
    "all locked": of_coefficients(3, (0, 1), (0, 1, 2)),
    "partition": of_coefficients(7, (-1, 1)),
    "signed": of_coefficients(5, (-1, 0, 1)),
    "signed, locked": of_coefficients(6, (1, 0, -1), (1, 2)),
    "five": of_coefficients(3, (-2, -1, 0, 1, 2)),
    "odd": of_coefficients(7, (1, 3)),
    "one coefficient": of_coefficients(4, (2,)),
    "1:2": of_pattern(12, 1, 2),
    "2:4": of_pattern(12, 2, 4),
    "2:4, locked": of_pattern(12, 2, 4, (1, 4, 5)),
    "1:4": of_pattern(12, 1, 4),
    "1:8": of_pattern(16, 1, 8),
    "4:4": of_pattern(8, 4, 4),
    "0:2": of_pattern(6, 0, 2),
}


def sizes(case: Case) -> list[tuple[int, int]]:
    """All sizes, and a few in the middle."""
    least, most = case.choices.size_range
    return [(0, case.choices.n), ((least + most) // 2, (least + most) // 2 + 1)]


def small_enough(samples: np.ndarray) -> np.ndarray:
    """The coefficients of a case sum to 14 at most: a huge row must not overflow."""
    return samples / 16 if np.abs(samples).max(initial=0) > 1e300 else samples


@pytest.mark.parametrize("kind", KINDS)
def test_closest_and_smallest(kind: str) -> None:
    for name, case in CASES.items():
        check_closest_and_smallest(kind, name, case)


def check_closest_and_smallest(kind: str, name: str, case: Case) -> None:
    choices = case.choices
    rng = np.random.default_rng([len(name), len(kind)])
    samples = small_enough(KINDS[kind](rng, choices.n))
    for target in np.array(targets(rng, samples))[rng.permutation(12)[:2]].tolist():
        if not np.isfinite(target):
            continue
        integers, goal = as_integers(samples.tolist(), target)
        ranked = reference.ranked(case.ways, case.coefficients, samples.tolist(), target)
        one = np.array([0])
        values, goals, exact = fixed_point(choices, samples[None], one, np.array([target]))
        for low, high in sizes(case):
            allowed = [choice for choice in ranked if low <= choice.size <= high]
            expected = allowed[0].code if allowed else None
            where = f"{name}: samples={samples.tolist()}, target={target!r}, sizes {low} to {high}"
            assert closest_exact(choices, integers, goal, low, high) == expected, where

            codes, status = closest(choices, values, one, goals, exact, one + low, one + high)
            if expected is None:
                assert status[0] == kernel.MISSED, where
            elif status[0] != kernel.AMBIGUOUS:
                assert (status[0], codes[0]) == (kernel.FOUND, expected), where

            unit = max(Fraction(x).denominator for x in (*samples.tolist(), target))
            for choice in allowed[:: max(len(allowed) // 2, 1)]:
                tolerance = int(choice.error * unit)
                within = [(c.size, c.error, c.code) for c in allowed if c.error <= choice.error]
                assert smallest(choices, integers, goal, tolerance, low, high) == min(within)[2], where
            if allowed and allowed[0].error > 0:
                assert smallest(choices, integers, goal, int(allowed[0].error * unit) - 1, low, high) is None, where


@pytest.mark.parametrize("kind", KINDS)
def test_fixed_point(kind: str) -> None:
    """Powers of two of the row, to half a quantum; `exact` only where they are the same numbers."""
    rng = np.random.default_rng(len(kind))
    choices = Choices.coefficients(5, (-3, 0, 2))
    samples = small_enough(KINDS[kind](rng, 5))
    goals = np.array([t for t in targets(rng, samples) if np.isfinite(t)])
    values, words, exact = fixed_point(choices, samples[None], np.zeros(goals.size, np.int64), goals)
    assert 3 * np.abs(values).sum() <= 2**60
    largest = int(np.argmax(np.abs(samples)))
    if samples[largest] == 0:
        return
    ratio = Fraction(int(values[0, largest])) / Fraction(samples[largest])
    scale = Fraction(2) ** round(math.log2(ratio.numerator) - math.log2(ratio.denominator))
    errors = [abs(Fraction(x) * scale - int(v)) for x, v in zip(samples.tolist(), values[0].tolist(), strict=True)]
    assert max(errors) <= Fraction(1, 2)
    for goal, word, whole in zip(goals.tolist(), words.tolist(), exact.tolist(), strict=True):
        error = abs(min(max(Fraction(goal) * scale, -(2**61)), 2**61) - word)
        assert error <= Fraction(1, 2)
        assert whole == (max(*errors, error) == 0)


@pytest.mark.parametrize("name", CASES)
def test_codes(name: str) -> None:
    """Options come in order of their codes, codes are those of the statement and decode to the coefficients."""
    case = CASES[name]
    choices = case.choices
    ranked = reference.ranked(case.ways, case.coefficients, [0.0] * choices.n, 0.0)
    ways = {choice.code: tuple(choices.decode(np.uint64(choice.code)).tolist()) for choice in ranked}
    assert sorted(ways.values()) == sorted(case.ways)
    assert [sum(c != choices.alphabet[0] for c in ways[choice.code]) for choice in ranked] == [
        choice.size for choice in ranked
    ]
    for group in np.split(choices.codes, choices.starts[1:-1]):
        assert np.all(group[1:] > group[:-1])
    assert choices.size_range == (ranked[0].size, ranked[-1].size)
    assert choices.slack == max(sum(map(abs, way)) for way in case.ways)


@pytest.mark.parametrize(
    "choices",
    [
        Choices.subsets(20),
        Choices.coefficients(12, (-1, 0, 1)),
        Choices.coefficients(9, (-2, -1, 0, 1, 2)),
        Choices.coefficients(18, (-1, 1)),
        Choices.pattern(32, 2, 4),
        Choices.pattern(48, 1, 4),
        Choices.pattern(32, 1, 8),
        Choices.subsets(24, np.arange(24) < 5),
    ],
)
def test_batches(choices: Choices) -> None:
    """The batch kernel decides nearly all random instances, as the sorted lists decide them, whatever their place in the batch."""
    rng = np.random.default_rng(choices.n)
    samples = rng.integers(-(2**40), 2**40, (12, choices.n))
    goals = rng.integers(-(2**40), 2**40, 24)
    row_of = np.arange(24) // 2
    least, most = choices.size_range
    lows = np.where(np.arange(24) % 3 == 0, (least + most) // 2, 0)
    highs = np.where(np.arange(24) % 3 == 0, (least + most) // 2, choices.n)
    # as if rounded: most are decided all the same
    for exact in (True, False):
        codes, status = closest(choices, samples, row_of, goals, np.full(24, exact), lows, highs)
        sure = status == kernel.FOUND
        assert sure.mean() >= 0.9
        for i in np.flatnonzero(sure).tolist():
            expected = closest_exact(choices, samples[row_of[i]].tolist(), int(goals[i]), int(lows[i]), int(highs[i]))
            assert codes[i] == expected
    again, _ = closest(choices, samples, row_of[5:9], goals[5:9], np.ones(4, np.bool_), lows[5:9], highs[5:9])
    assert np.array_equal(again, closest(choices, samples, row_of, goals, np.ones(24, np.bool_), lows, highs)[0][5:9])


def test_too_many_near_ties_for_a_ring(monkeypatch: pytest.MonkeyPatch) -> None:
    """Choices that agree in 60 bits but not exactly, more than a ring holds: Python integers decide."""
    monkeypatch.setattr(rings, "_MOST", 2)
    monkeypatch.setattr(rings, "_LEAST", 2)
    asked = []
    by_value = exact_choices._best_of_sizes
    monkeypatch.setattr(exact_choices, "_best_of_sizes", lambda *given: asked.append(given) or by_value(*given))
    rng = np.random.default_rng(3)
    for case in (of_coefficients(10, (0, 1)), of_coefficients(7, (-1, 0, 1)), of_pattern(16, 2, 4)):
        n = case.choices.n
        integers = [
            int(x) * 2**90 + int(y) for x, y in zip(rng.integers(1, 3, n), rng.integers(-9, 10, n), strict=True)
        ]
        for goal in (7 * 2**90, 3 * 2**90 + 1):
            ranked = reference.ranked(case.ways, case.coefficients, integers, goal)
            for low, high in sizes(case):
                allowed = [c for c in ranked if low <= c.size <= high]
                assert closest_exact(case.choices, integers, goal, low, high) == allowed[0].code
                tolerance = int(allowed[len(allowed) // 3].error)
                within = min((c.size, c.error, c.code) for c in allowed if c.error <= tolerance)
                assert smallest(case.choices, integers, goal, tolerance, low, high) == within[2]
                by_size = {c.size: c[:3] for c in reversed(allowed)}
                assert sorted(by_value(Row(case.choices, integers, goal), low, high)) == sorted(by_size.values())
    assert len(asked) > 2


@pytest.mark.parametrize(
    "numbers", [[4, 5, 6, 7, 8], [771, 121, 281, 854, 885, 734, 486, 1003, 83, 62], [16, 6, 3, 13, 4, 1]]
)
def test_number_partitioning(numbers: list[int]) -> None:
    choices = Choices.coefficients(len(numbers), (-1, 1))
    code = closest_exact(choices, numbers, 0)
    assert code is not None
    assert abs(int(choices.decode(np.uint64(code)) @ np.array(numbers))) == reference.best_partition(numbers)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(-40, 40), min_size=2, max_size=7),
    st.integers(-90, 90),
    st.sampled_from([(0, 1), (-1, 0, 1), (-1, 1), (0, 3, -2)]),
)
def test_laws(samples: list[int], goal: int, coefficients: tuple[int, ...]) -> None:
    """Scaling changes nothing, turning all signs turns the sum, and one more sample that may be left out never hurts."""
    n = len(samples)
    choices = Choices.coefficients(n, coefficients)

    def error(choices: Choices, samples: list[int], goal: int) -> int:
        code = closest_exact(choices, samples, goal)
        assert code is not None
        return abs(int(choices.decode(np.uint64(code)) @ np.array(samples)) - goal)

    code = closest_exact(choices, samples, goal)
    assert closest_exact(choices, [x << 80 for x in samples], goal << 80) == code
    assert closest_exact(choices, [-x for x in samples], -goal) == code
    if 0 in coefficients:
        assert error(Choices.coefficients(n + 1, coefficients), [*samples, 17], goal) <= error(choices, samples, goal)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Choices.coefficients(41, (-1, 0, 1)), "at most 40 samples"),
        (lambda: Choices.coefficients(32, (-1, 0, 1)), "at most 16,777,216 are listed"),
        (lambda: Choices.subsets(50), "give fewer samples"),
        (lambda: Choices.pattern(10, 2, 4), "divisible by 4"),
        (lambda: Choices.pattern(8, 5, 4), "0 <= s <= block"),
        (lambda: Choices.pattern(8, 1, 4, np.arange(8) < 2), "unlock some"),
        (lambda: Choices.pattern(48, 24, 48), "at most 65,536"),
        (lambda: Choices.coefficients(3, (1, 1)), "different integers"),
        (lambda: Choices.coefficients(3, (0.5, 1)), "different integers"),
        (lambda: Choices.coefficients(3, ()), "different integers"),
        (lambda: Choices.coefficients(3, (0,), np.ones(3, np.bool_)), "a second coefficient"),
        (lambda: Choices.subsets(3, np.ones(4, np.bool_)), "of shape"),
        (lambda: Choices.subsets(3, [0, 1, 1]), "must be boolean"),
        (lambda: Choices.subsets(0), ">= 1"),
    ],
)
def test_misuse(build: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build()
