"""objective="smallest": fewest elements within epsilon, then closest, then the smallest mask; all in exact arithmetic."""

from __future__ import annotations

import numpy as np
import pytest

from slth import subset_sum
from slth.subset_sum import Status, exact
from tests.reference.subset_sum_exact import smallest_within

pytestmark = pytest.mark.filterwarnings("ignore::slth.subset_sum.ResolutionWarning")  # epsilons are as fine as it gets

ROWS = {
    "uniform": lambda rng, n: rng.uniform(-1, 1, n),
    "integers": lambda rng, n: rng.integers(-5, 6, n).astype(float),
    "decimals": lambda rng, n: np.round(rng.uniform(-1, 1, n), 1),
    "wide": lambda rng, n: rng.choice([-1, 1], n) * 10.0 ** rng.uniform(-300, 300, n),
    "repeated": lambda rng, n: rng.choice(rng.uniform(-1, 1, 4) * 1e-3 * rng.uniform(0, 1, 4), n),
    "equal": lambda rng, n: np.repeat(rng.uniform(-1, 1, 1), n) * rng.choice([1, 1, -1, 0], n),
    "heavy": lambda rng, n: rng.normal(size=n) ** 5,
}


@pytest.mark.parametrize("kind", ROWS)
def test_against_the_slow_twin(kind: str) -> None:
    rng = np.random.default_rng(list(kind.encode()))
    for _ in range(60):
        n = int(rng.integers(1, 12))
        x = ROWS[kind](rng, n)
        target = float(rng.choice([0.0, rng.uniform(-1, 1), x.sum(), x[0], np.abs(x).sum() * 3]))
        epsilon = float(rng.choice([1e-9, 1e-3, 0.05, 1.0, abs(target) / 2 + 1e-320, 1e200]))
        found = subset_sum.solve(x, target, objective="smallest", epsilon=epsilon)
        wanted = smallest_within([float(v) for v in x], target, epsilon)
        if wanted is None:
            assert found.status == Status.NOT_FOUND
            assert found.mask == 0
        else:
            assert found.status == Status.OPTIMAL
            assert int(found.mask) == wanted.mask, (x, target, epsilon)
            assert found.error <= epsilon or wanted.error <= epsilon


def test_python_integers_against_the_slow_twin() -> None:
    rng = np.random.default_rng(3)
    for _ in range(200):
        x = [float(v) for v in rng.choice([0.1, 0.2, 0.3, -0.1, 1e-17, 7.0], int(rng.integers(1, 11)))]
        target, epsilon = float(rng.uniform(-1, 1)), float(rng.choice([1e-17, 1e-3, 0.1]))
        wanted = smallest_within(x, target, epsilon)
        assert exact.smallest_within(x, target, epsilon) == (None if wanted is None else wanted.mask)


def test_never_larger_than_the_closest_when_that_is_within_epsilon() -> None:
    rng = np.random.default_rng(4)
    x, z = rng.uniform(-1, 1, (400, 21)), rng.uniform(-1, 1, 400)
    closest = subset_sum.solve(x, z)
    for epsilon in (0.1, 1e-2, 1e-3):
        found = subset_sum.solve(x, z, objective="smallest", epsilon=epsilon)
        reached = closest.error <= epsilon
        assert (found.status == np.where(reached, Status.OPTIMAL, Status.NOT_FOUND)).all()
        assert (found.size[reached] <= closest.size[reached]).all()
        assert (found.error[reached] <= epsilon).all()


def test_the_counts_of_a_published_experiment() -> None:
    """Pensia et al.'s epsilon = 0.01 and n = 21: a random target needs about two elements, none when it is below epsilon."""
    rng = np.random.default_rng(5)
    found = subset_sum.solve(
        rng.uniform(-0.46, 0.54, (50, 1, 21)), rng.laplace(0, 0.03, (50, 100)), objective="smallest", epsilon=0.01
    )
    assert (found.status == Status.OPTIMAL).all()
    assert found.size.max() <= 3


def test_epsilon_broadcasts_and_a_row_may_be_shared() -> None:
    rng = np.random.default_rng(6)
    x, z = rng.uniform(-1, 1, 12), rng.uniform(-1, 1, 7)
    epsilon = np.array([[1e-1], [1e-3]])
    found = subset_sum.solve(x, np.broadcast_to(z, (2, 7)), objective="smallest", epsilon=epsilon)
    for i, e in enumerate((1e-1, 1e-3)):
        for j, target in enumerate(z):
            alone = subset_sum.solve(x, target, objective="smallest", epsilon=e)
            assert (alone.mask, alone.status) == (found.mask[i, j], found.status[i, j])


def test_workers_do_not_matter() -> None:
    rng = np.random.default_rng(7)
    x, z = rng.uniform(-1, 1, (3000, 16)), rng.uniform(-1, 1, 3000)
    one, three = (subset_sum.solve(x, z, objective="smallest", epsilon=1e-3, workers=w) for w in (1, 3))
    assert (one.mask == three.mask).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"objective": "smallest"}, "needs epsilon"),
        ({"objective": "smallest", "epsilon": 0.0}, "epsilon must be > 0, got 0"),
        ({"objective": "smallest", "epsilon": -1.0}, "got -1"),
        ({"objective": "smallest", "epsilon": float("nan")}, "finite"),
        ({"epsilon": 0.1}, "smallest"),
    ],
)
def test_bad_epsilon(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        subset_sum.solve([0.5, 0.25], 0.3, **arguments)  # type: ignore[arg-type]


def test_epsilon_extends_the_batch_and_must_fit() -> None:
    found = subset_sum.solve([0.5, 0.25], 0.3, objective="smallest", epsilon=[0.1, 0.01])
    assert found.status.tolist() == [Status.OPTIMAL, Status.NOT_FOUND]
    with pytest.raises(ValueError, match=r"epsilon of shape \(2,\) does not broadcast against target of shape \(3,\)"):
        subset_sum.solve([0.5, 0.25], [0.1, 0.2, 0.3], objective="smallest", epsilon=[0.1, 0.2])


def test_long_rows_are_searched_size_by_size() -> None:
    """Above 32 samples half lists would be long; planted pairs are the answer, by construction and for want of anything closer."""
    rng = np.random.default_rng(33)
    for n in (33, 40, 60):
        samples = rng.uniform(10, 11, n)
        target = float(samples[3] + samples[n - 2])
        found = subset_sum.solve(samples, target, objective="smallest", epsilon=1e-12)
        assert (int(found.mask), Status(int(found.status))) == (1 << 3 | 1 << (n - 2), Status.OPTIMAL)
        short = subset_sum.solve(samples[:30], target, objective="smallest", epsilon=0.01)
        long = subset_sum.solve(samples[:30], target, objective="smallest", epsilon=0.01, solver="hash-join")
        assert (short.mask, short.status) == (long.mask, long.status)
