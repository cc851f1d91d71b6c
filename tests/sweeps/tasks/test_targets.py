"""One target: exact probabilities by closed form and by enumerating every row of a discrete law."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from scipy.stats import binom

from slth import laws
from slth.sweeps.tasks import ClosestError, RFSSTarget, RSSTarget, Vectors, octaves
from tests.reference import first_sufficient as twin

FALSE_ALARM = 1e-7  # each side of each comparison: about 60 of them in this file


def agrees(hits: int, trials: int, p: float) -> bool:
    """Whether so many successes are likely enough: fails for a right program with probability 2e-7."""
    return bool(binom.cdf(hits, trials, p) > FALSE_ALARM and binom.sf(hits - 1, trials, p) > FALSE_ALARM)


@pytest.mark.parametrize("size", [None, 1, 2])
def test_every_row_of_a_discrete_law(size: int | None) -> None:
    """X in {-1, 1, 2}, target 3: P(success) is a number of rows out of 3^n, by brute force."""
    values, ns, epsilons, trials = (-1, 1, 2), (2, 3, 5), (0.5, 1.0), 20_000
    kind = {"ns": ns, "epsilons": epsilons, "law": "discrete((-1, 1, 2))", "target": 3.0, "spread": 0.0}
    task = RSSTarget(**kind) if size is None else RFSSTarget(k=size, unit="one", **kind)  # type: ignore[arg-type]
    hits = dict(
        zip(
            ((p["epsilon"], p["n"]) for p in task.points),
            task.successes(task.measure(np.random.default_rng(1), trials)),
            strict=True,
        )
    )
    for n in ns:
        errors = [twin.closest_error(row, 3, size) for row in itertools.product(values, repeat=n)]
        for epsilon in epsilons:
            p = Fraction(sum(error <= epsilon for error in errors), len(errors))
            assert agrees(hits[epsilon, n], trials, float(p))
            # negative control: a probability that is off by a tenth of the smaller side is noticed
            assert p in (0, 1) or not agrees(hits[epsilon, n], trials, float(p) + 0.1 * float(min(p, 1 - p)) + 0.02)


def test_one_uniform_sample() -> None:
    """n = 1, target 1/2: a subset lies within epsilon < 1/2 with probability epsilon."""
    task = RSSTarget(ns=(1,), epsilons=(0.01, 0.1, 0.3), target=0.5, spread=0.0)
    hits = task.successes(task.measure(np.random.default_rng(2), 50_000))
    assert all(agrees(k, 50_000, epsilon) for k, epsilon in zip(hits, task.epsilons, strict=True))


def test_one_uniform_sample_and_a_random_target() -> None:
    """n = 1, target from U[-1, 1]: |z| <= e or |X - z| <= e; both only if z is near 0.

    P(|z| <= e) = e, P(|X - z| <= e) = e - e^2 / 4. Both: z in [-e, e], and then X in [z - e, z + e], which lies in [-1, 1]: e^2.
    """
    epsilons = (0.05, 0.25)
    task = RSSTarget(ns=(1,), epsilons=epsilons)
    hits = task.successes(task.measure(np.random.default_rng(3), 50_000))
    for k, e in zip(hits, epsilons, strict=True):
        assert agrees(k, 50_000, e + (e - e**2 / 4) - e**2)


def test_pairs_of_normal_samples() -> None:
    """k = n = 2: the sum is N(0, 2), and the target sqrt(2) spread over [-1, 1] sqrt(2) is a convolution; here fixed at sqrt(2)."""
    task = RFSSTarget(k=2, ns=(2,), epsilons=(0.1,), law="normal", target=1.0, spread=0.0)
    (hits,) = task.successes(task.measure(np.random.default_rng(4), 50_000))
    low, high = ((math.sqrt(2) + side * 0.1) / math.sqrt(2) for side in (-1, 1))
    p = 0.5 * (math.erf(high / math.sqrt(2)) - math.erf(low / math.sqrt(2)))
    assert agrees(hits, 50_000, p)


@pytest.mark.parametrize("size", [None, 3])
def test_closest_errors_are_those_of_all_subsets(size: int | None) -> None:
    task = ClosestError(n=7, size=size, epsilons=(0.05, 0.125), law="grid(0.0625)", target=0.5, spread=0.0)
    found = task.measure(np.random.default_rng(8), 60)
    rows = laws.get("grid(0.0625)").sample((60, 7), np.random.default_rng(8)).tolist()
    errors = [twin.closest_error(row, 0.5, size) for row in rows]
    assert found["error"] == sum(int(error * 2**80) for error in errors)
    assert found["within"] == tuple(sum(error <= Fraction(e) for error in errors) for e in task.epsilons)
    assert task.successes(found) == found["within"]
    assert found["octaves"] == octaves.histogram([float(error) for error in errors])
    assert found["logarithms"] == octaves.moments([float(error) for error in errors])


def test_units_of_targets() -> None:
    """k = 4 in units of sqrt(k): the same rows and targets as twice the numbers in units of one."""
    law = "grid(0.125)"
    scaled = RFSSTarget(k=4, ns=(6, 8), epsilons=(0.1,), law=law, target=0.25, spread=0.5)
    plain = RFSSTarget(k=4, ns=(6, 8), epsilons=(0.1,), law=law, target=0.5, spread=1.0, unit="one")
    rngs = np.random.default_rng(5), np.random.default_rng(5)
    assert scaled.measure(rngs[0], 300) == plain.measure(rngs[1], 300)


def test_one_vector() -> None:
    """n = 1, d = 3, entries and targets uniform on {-1, 1}^3 in effect: within 1/2 is equality, with probability 1/8."""
    task = Vectors(d=3, ns=(1,), epsilons=(0.5,), law="binary", reach=0.0)
    assert task.successes(task.measure(np.random.default_rng(6), 50)) == (50,)  # the empty subset
    task = Vectors(d=2, ns=(1,), epsilons=(0.25,), law="uniform")
    (hits,) = task.successes(task.measure(np.random.default_rng(6), 20_000))
    e = 0.25
    empty, one = (
        e**2,
        (e - e**2 / 4) ** 2,
    )  # a coordinate of the target near 0, near that of the sample; both: e^2, as above
    assert agrees(hits, 20_000, empty + one - e**4)


def test_rare_failures_are_followed() -> None:
    """A trial that fails at n = 4 goes on; none fails at n = 24 here (P < 1e-9 a trial, by the first moment of what is observed)."""
    task = RSSTarget(ns=(4, 24), epsilons=(0.1,))
    few, all_ = task.successes(task.measure(np.random.default_rng(7), 5_000))
    assert 0 < few < all_
    assert all_ >= 4_990
