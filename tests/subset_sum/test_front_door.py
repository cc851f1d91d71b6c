"""The front door as a stranger uses it: every option against a brute force in fractions, examples, errors, the command line."""

import doctest
import importlib
import itertools
import random
import sys
import warnings
from fractions import Fraction

import numpy as np
import pytest

from slth import laws, subset_sum
from slth.cli import main
from slth.subset_sum import Certainty, Status

KINDS = {
    "integers": lambda r: r.randint(-9, 9),
    "large integers": lambda r: r.randint(-(2**50), 2**50),
    "uniform": lambda r: r.uniform(-1, 1),
    "tied": lambda r: r.choice([0.5, -0.25, 0.0, 0.125]),
    "decimal": lambda r: r.randint(-9, 9) / 10,
    "denormal": lambda r: r.randint(-9, 9) * 5e-324,
    "huge": lambda r: r.choice([1e300, -1e300, 1e300 * (1 + 2**-50), 2e299]),
    "wild": lambda r: r.choice([0.0, r.uniform(-1, 1) * 10.0 ** r.randint(-300, 300), 1e300, 5e-324, 1e-310]),
}
ALPHABETS = [(0, 1)] * 5 + [(-1, 1), (1, -1), (-1, 0, 1), (0, 3), (1, 2), (0, -1), (-1024, 1024)]
HEURISTICS = ("local-search", "greedy", "karmarkar-karp", "complete-karmarkar-karp")


def choices(row, target, alphabet, pattern, locked, low, high):
    """(error, size, mask, sum, coefficients) of everything allowed, in fractions."""
    base, n = 0 if 0 in alphabet else alphabet[0], len(row)
    found = []
    for coefficients in itertools.product(alphabet, repeat=n):
        chosen = [c != base for c in coefficients]
        size = sum(chosen)
        if not low <= size <= high or any(hold and not c for hold, c in zip(locked, chosen, strict=True)):
            continue
        if pattern and any(sum(chosen[i : i + pattern[1]]) != pattern[0] for i in range(0, n, pattern[1])):
            continue
        total = sum((c * Fraction(x) for c, x in zip(coefficients, row, strict=True)), Fraction(0))
        mask = sum(1 << i for i, c in enumerate(chosen) if c)
        found.append((abs(total - Fraction(target)), size, mask, total, coefficients))
    return found


def question(seed):
    """A random question of a random shape."""
    r = random.Random(seed)
    kind = r.choice(list(KINDS))
    dtype = np.int64 if "integers" in kind else np.float64
    alphabet = r.choice(ALPHABETS)
    n = r.randint(1, 6 if len(alphabet) == 2 else 4)
    rows = np.array([[KINDS[kind](r) for _ in range(n)] for _ in range(2)], dtype)
    goal = rows[0][np.array([r.random() < 0.5 for _ in range(n)])].sum() + r.choice([0, 0, 1])
    samples, target = r.choice(
        [
            (rows[0], dtype(goal)),
            (rows, dtype(goal)),
            (rows, np.array([[goal], [goal // 2], [0]], dtype)),
            (rows[:, None], np.array([goal, -goal], dtype)),
        ]
    )
    options = {"coefficients": alphabet, "objective": r.choice(["closest", "closest", "smallest", "any", "all"])}
    if r.random() < 0.4:
        options["size"] = tuple(sorted((r.randint(0, n), r.randint(0, n))))
    elif alphabet == (0, 1) and r.random() < 0.4:
        block = r.choice([b for b in range(1, n + 1) if n % b == 0])
        options["pattern"] = (r.randint(0, block), block)
    if r.random() < 0.4:
        options["locked"] = np.array([r.random() < 0.25 for _ in range(samples.size)]).reshape(samples.shape)
    if options["objective"] == "all":
        samples, target = rows[0], dtype(goal)
        options["locked"] = options["locked"].reshape(-1, n)[0] if "locked" in options else None
    if options["objective"] != "closest":
        scale = float(np.abs(rows).max()) or 1.0
        options["epsilon"] = r.choice([0, 1, 2.5, 1e300] if dtype is np.int64 else [0.1 * scale or 1.0, 0.5, 5e-324])
    elif r.random() < 0.25:
        options["k_best"] = r.choice([1, 3, 1000])
    elif options.get("locked") is None and alphabet == (0, 1) and r.random() < 0.3 and len(options) == 2:
        options["solver"] = r.choice(HEURISTICS)
    return samples, target, options | {"workers": r.choice([None, 1, 3])}


def check(samples, target, options):
    n, objective = samples.shape[-1], options["objective"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", subset_sum.ResolutionWarning)
        try:
            found = subset_sum.solve(samples, target, **options)
            listed = list(found) if objective == "all" else []
        except ValueError as error:
            assert any(words in str(error) for words in ("overflow", "locked", "does not take")), error  # noqa: PT017
            return
    low, high = options.get("size") or (0, n)
    rule = options["coefficients"], options.get("pattern")
    plain = len(rule[0]) == 2  # else equal masks may stand for different coefficients
    locked = options.get("locked")
    held = np.broadcast_to(False if locked is None else locked, samples.shape)
    shape = np.broadcast_shapes(samples.shape[:-1], np.shape(target))
    rows, holds = np.broadcast_to(samples, (*shape, n)), np.broadcast_to(held, (*shape, n))
    epsilon = Fraction(options.get("epsilon") or 0)
    for at in np.ndindex(*shape):
        every = choices(rows[at].tolist(), np.broadcast_to(target, shape)[at].item(), *rule, holds[at], low, high)
        inside = [c for c in every if c[0] <= epsilon]
        if objective == "all":
            assert [(s.size, s.error) for s in listed] == [(c[1], float(c[0])) for c in sorted(inside)]
            assert not plain or [s.mask for s in listed] == [c[2] for c in sorted(inside)]
            continue
        assert (found.status[at] == Status.NOT_FOUND).all() if not every else True
        if not every:
            continue
        if "k_best" in options:
            want = sorted(every)[: options["k_best"]]
            there = found.status[at] == Status.OPTIMAL
            assert [float(e) for e in found.error[at][there]] == [float(c[0]) for c in want]
            assert not plain or found.mask[at][there].tolist() == [c[2] for c in want]
            continue
        status, mask = int(np.asarray(found.status)[at]), int(np.asarray(found.mask)[at])
        coefficients = tuple(found.coefficients[at].tolist())
        (mine,) = [c for c in every if c[4] == coefficients]  # what stands there is allowed, whatever the status
        assert mine[2] == mask
        assert (mine[1], float(mine[3]), float(mine[0])) == tuple(
            float(np.asarray(v)[at]) for v in (found.size, found.sum, found.error)
        )
        if objective == "closest" and status == Status.OPTIMAL:
            assert mine[:2] == min(every)[:2]
            assert not plain or mask == min(every)[2]
        elif objective == "closest":
            assert status == Status.HEURISTIC
            assert options["solver"] in HEURISTICS
        elif not inside:
            assert status == Status.NOT_FOUND
        elif objective == "smallest":
            best = min(inside, key=lambda c: (c[1], c[0], c[2]))
            assert status == Status.OPTIMAL
            assert mine[:2] == best[:2]
            assert not plain or mask == best[2]
        else:
            assert status in (Status.OPTIMAL, Status.WITHIN_EPSILON)
            assert mine[0] <= epsilon


@pytest.mark.parametrize("part", range(8))
def test_solve_agrees_with_brute_force_whatever_the_options(part):
    for seed in range(100 * part, 100 * part + 100):
        samples, target, options = question(seed)
        try:
            check(samples, target, options)
        except Exception as error:
            raise AssertionError(f"seed {seed}: solve({samples!r}, {target!r}, **{options!r})") from error


@pytest.mark.parametrize("solver", HEURISTICS)
@pytest.mark.parametrize("objective", ["closest", "any"])
def test_heuristics_take_a_single_short_row(solver, objective):
    epsilon = None if objective == "closest" else 0.5
    found = subset_sum.solve([0.5, -0.3, 0.9, 0.25], 0.44, solver=solver, objective=objective, epsilon=epsilon)
    assert found.mask.shape == ()
    assert found.chosen.shape == (4,)
    assert found.error <= 0.5


def test_long_rows_are_solved_the_same_each_time():
    samples = np.random.default_rng(0).uniform(-1, 1, 100)
    first, second = (subset_sum.solve(samples, 0.3) for _ in range(2))
    assert np.array_equal(first.mask, second.mask)


def test_a_long_row_has_the_same_answer_in_any_batch():
    samples = np.random.default_rng(0).uniform(-1, 1, (2, 100))
    both = subset_sum.solve(samples, 0.3, rng=0)
    turned = subset_sum.solve(samples[::-1], 0.3, rng=0)
    assert np.array_equal(both.mask, turned.mask[::-1])


def test_long_integer_rows_are_never_rounded():
    samples = np.random.default_rng(0).integers(2**52, 2**53, 70) | 1
    target = int(samples.sum()) // 2 + 1
    for objective, epsilon in (("closest", None), ("any", 0)):
        found = subset_sum.solve(samples, target, objective=objective, epsilon=epsilon, rng=0)
        total = int(samples[found.chosen].sum())
        assert int(found.sum) == total
        assert int(found.error) == abs(total - target)


@pytest.mark.parametrize("objective", ["any", "smallest"])
def test_an_epsilon_beyond_every_integer_is_not_cut(objective):
    found = subset_sum.solve([-(2**59)], 2**62 - 1, size=1, objective=objective, epsilon=1e19)
    assert found.status != Status.NOT_FOUND


def test_what_stands_for_nothing_found_respects_lock_and_size():
    late = np.random.default_rng(0).uniform(-1, 1, 48)
    locked = np.arange(48) == 3
    found = subset_sum.solve(late, 30.0, objective="smallest", epsilon=1e-13, locked=locked, time_limit=0.2)
    assert found.chosen[3], "a locked sample is always chosen"
    found = subset_sum.solve(
        [1.0, 2, 3, 4], 99.0, objective="any", epsilon=0.1, pattern=(1, 4), locked=np.zeros(4) < [0, 0, 1, 0]
    )
    assert found.chosen.tolist() == [False, False, True, False]
    found = subset_sum.solve([[1.0, 2], [3, 4]], [99.0, 99], norm="max", objective="any", epsilon=0.1, size=1)
    assert found.size == 1


def test_all_counts_integers_in_integers():
    (found,) = subset_sum.solve([2**55 + 1, 1], 2**55 + 1, objective="all", epsilon=0)
    assert int(found.sum) == 2**55 + 1


def test_partition_target_does_not_wrap_around():
    for samples, target in (([2**61] * 8, 0), ([2**59], -(2**62 - 1))):
        try:
            assert int(subset_sum.partition_target(samples, target)) == sum(samples) - 2 * target
        except ValueError as error:
            assert "overflow" in str(error)  # noqa: PT017
    with pytest.raises(ValueError, match="overflow"):
        subset_sum.partition_target([1e308, 1e308], 0.0)


@pytest.mark.parametrize("method", ["auto", "dynamic-programming", "sandwich", "saddle", "sampled"])
def test_count_without_sizes_of_a_single_row(method):
    counts = subset_sum.count([1, 2, 3, 4, 5], 6, 0, method=method, sizes=False)
    assert np.shape(counts.by_size) == ()
    assert "Count(" in repr(counts)
    if counts.exact:
        assert counts.total == 3


@pytest.mark.parametrize("seed", range(3))
def test_counts_agree_with_brute_force(seed):
    r = random.Random(seed)
    for _ in range(60):
        kind = r.choice(list(KINDS))
        row = [KINDS[kind](r) for _ in range(r.randint(1, 6))]
        integers = "integers" in kind
        target = r.choice([sum(row[::2]), 2**61 if integers else 0.1])
        epsilon = r.choice([0, 1, 0.1 * max(map(abs, row)), 1e300])
        want = [0] * (len(row) + 1)
        for error, size, *_ in choices(row, target, (0, 1), None, [False] * len(row), 0, len(row)):
            want[size] += error <= Fraction(epsilon)
        for method in ("auto", "sandwich", "dynamic-programming"):
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                try:
                    counts = subset_sum.count(np.array(row), target, epsilon, method=method)
                except ValueError as error:
                    assert method != "auto", error  # noqa: PT017
                    assert any(w in str(error) for w in ("budget", "memory", "span", "overflow", "2^53")), error  # noqa: PT017
                    continue
            told = f"count({row}, {target}, {epsilon}, method={method!r})"
            if counts.exact:
                assert counts.by_size.tolist() == want, told
            else:
                assert counts.certainty is Certainty.CERTIFIED, told
                for lower, number, upper in zip(counts.lower, want, counts.upper, strict=True):
                    assert lower * (1 - 1e-12) <= number <= upper * (1 + 1e-12), told


@pytest.mark.parametrize(
    "module",
    ["subset_sum.solve", "subset_sum.counting.count", "subset_sum.covering.coverage", "subset_sum.reduction", "laws"],
)
def test_examples_print_what_they_say(module):
    importlib.import_module(f"slth.{module}")
    tried = doctest.testmod(sys.modules[f"slth.{module}"])
    assert tried.attempted
    assert not tried.failed


@pytest.mark.parametrize(
    "law",
    ["", "product(3)", "mixture(0.5, uniform, 3)", "uniform(*[1])", "9**9**9", "(" * 500, "-" * 10**5 + "1", "nan"],
)
def test_names_that_are_no_laws_are_refused(law):
    with pytest.raises(ValueError):
        laws.get(law)


@pytest.mark.parametrize(
    ("ask", "error"),
    [
        (lambda: subset_sum.solve([1.0, 2.0], 1.0, solver=subset_sum.HashJoin), "solver must be"),
        (lambda: subset_sum.solve([2**70], 1), "samples"),
        (lambda: subset_sum.solve(np.array([-(2**63), 1]), 0), "-9223372036854775808"),
        (lambda: subset_sum.log2_expected(10, 0, 0.1, 3), "law"),
        (lambda: subset_sum.solve([1, 2], 3, solver=subset_sum.CompleteKarmarkarKarp(budget="a")), "budget"),
    ],
)
def test_errors_say_what_is_wrong(ask, error):
    with pytest.raises((TypeError, ValueError), match=error):
        ask()


def run(capsys, *words):
    code = main(list(words))
    return code, capsys.readouterr().out


@pytest.mark.parametrize(("coefficients", "total"), [(["-1", "1"], 0), (["-1", "0", "1"], 0), (["0", "2"], 4)])
def test_the_command_prints_all_choices_with_their_coefficients(capsys, coefficients, total):
    words = ["subset-sum", "1", "2", "3", "--target", str(total), "--objective", "all", "--epsilon", "0"]
    _, text = run(capsys, *words, "--coefficients", *coefficients)
    lines = text.splitlines()[1:]
    assert lines
    for line in lines:
        terms = [word for word in line.split()[2:] if word != "(empty)"]
        assert sum(int(np.prod([int(f) for f in word.split("*")])) for word in terms) == total, text


def test_the_command_takes_negative_numbers_in_any_notation(capsys):
    code, text = run(capsys, "subset-sum", "0.5", "-1e-3", "--target", "-1e-3")
    assert code == 0
    assert "-0.001" in text


def test_all_without_a_subset_ends_like_smallest_without_one(capsys):
    words = ["subset-sum", "1", "2", "3", "--target", "100", "--epsilon", "1", "--objective"]
    assert run(capsys, *words, "all")[0] == run(capsys, *words, "smallest")[0] == 1
