"""Products of polynomials: exact integers against the schoolbook, logarithms within their proven bounds."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from slth.census.kernels import circle as kernel
from slth.census.product import circle, integers
from slth.census.product.polynomials import Polynomials
from tests.reference import polynomials as reference

FIXED = settings(database=None, deadline=None, derandomize=True, max_examples=40)


def grouped(rows: list[list[int]]) -> Polynomials:
    width = max(map(len, rows))
    return Polynomials.grouped(np.array([row + [0] * (width - len(row)) for row in rows], np.uint64))


def logs(numbers: list[int]) -> NDArray[np.float64]:
    return np.array([math.log2(v) if v else -math.inf for v in numbers])


def counting(m: int, n: int, seed: int) -> list[list[int]]:
    """Like the counts of m weights with n candidates: about a share of all subsets of a size, with gaps at the ends."""
    rng = np.random.default_rng(seed)
    every = np.array([math.comb(n, k) for k in range(n + 1)])
    rows = np.floor(every * rng.uniform(0.001, 0.01, (m, 1)) + rng.random((m, n + 1))).astype(int)
    rows[:, n // 2] += 1
    return rows.tolist()


def agrees(rows: list[list[int]]) -> circle.Logs:
    """The bounds hold every coefficient, and reach from the lowest term to the highest."""
    product = grouped(rows)
    exact = reference.product(rows)
    exact = exact[product.lowest : product.lowest + product.degree + 1]
    assert integers.product(product) == exact
    found = circle.logs([product], 1)[0]
    true = logs(exact)
    assert found.lowest == product.lowest
    assert (found.lower <= true).all()
    assert (true <= found.upper).all()
    assert (found.lower <= found.log2).all()
    assert (found.log2 <= found.upper).all()
    return found


small = st.lists(st.lists(st.integers(0, 50), min_size=1, max_size=6).filter(any), min_size=1, max_size=8)


@FIXED
@given(small)
@example([[1]])
@example([[0, 0, 7], [0, 3]])
@example([[1, 1]] * 30)
@example([[1, 0, 0, 0, 0, 1]] * 9 + [[3, 1]])
@example([[2**44, 0, 1], [1, 2**44]])
def test_any_polynomials(rows: list[list[int]]) -> None:
    agrees(rows)


@pytest.mark.parametrize(("m", "n"), [(1, 21), (7, 12), (60, 21), (150, 9)])
def test_counting_polynomials_are_known_to_1e_6(m: int, n: int) -> None:
    found = agrees(counting(m, n, m))
    assert ((found.upper - found.lower) * math.log(2) / 2 < 1e-6).all()


def test_equal_factors_are_one_row() -> None:
    rows = [[math.comb(9, k) for k in range(10)]] * 200
    product = grouped(rows)
    assert len(product.rows) == 1
    assert product.count == 200
    found = agrees(rows)
    assert ((found.upper - found.lower) * math.log(2) / 2 < 1e-6).all()


def test_powers_of_a_power_have_nothing_between() -> None:
    found = agrees([[2, 0, 0, 5], [1, 0, 0, 4, 0, 0, 9]] * 20)
    assert (found.upper[1::3] == -np.inf).all()
    assert (found.lower[::3] > -np.inf).all()


def test_against_a_tree_of_transforms() -> None:
    """Two thousand factors: too many for the schoolbook; 1e-6 is what the tree sees."""
    rows = counting(2000, 15, 3)
    found = circle.logs([grouped(rows)], 2)[0]
    for tilt in (-1.5, 0.0, 0.4):
        seen = reference.tilted_tree(rows, tilt)[grouped(rows).lowest :][: found.log2.size]
        near = seen > -np.inf
        assert near.sum() > 300
        np.testing.assert_allclose(found.log2[near], seen[near], rtol=0, atol=3e-6)
    assert ((found.upper - found.lower) * math.log(2) / 2).max() < 1e-6


def test_the_whole_is_the_parts_together() -> None:
    parts = [counting(40, 12, 1), counting(35, 12, 2), counting(3, 5, 3)]
    found = circle.logs([grouped(rows) for rows in parts], 2)
    wanted = [reference.product([row for rows in parts for row in rows]), *(reference.product(rows) for rows in parts)]
    for one, exact in zip(found, wanted, strict=True):
        true = logs(exact[one.lowest : one.lowest + one.log2.size])
        assert (one.lower <= true).all()
        assert (true <= one.upper).all()
        assert (one.upper - one.lower < 1e-5).all()


def test_threads_change_nothing() -> None:
    product = grouped(counting(300, 12, 5))
    one, three = circle.logs([product], 1)[0], circle.logs([product], 3)[0]
    assert one.log2.tobytes() == three.log2.tobytes()
    assert one.lower.tobytes() == three.lower.tobytes()


def test_work_is_told() -> None:
    told: list[float] = []
    circle.logs([grouped(counting(40, 12, 1)), grouped(counting(3, 5, 3))], 1, told.append)
    assert math.isclose(sum(told), 1.0)


def test_more_digits_than_python_reads_at_once() -> None:
    rows = [[2**44, 1]] * 400
    found = integers.product(grouped(rows))
    assert found == [math.comb(400, k) * 2 ** (44 * (400 - k)) for k in range(401)]


def test_pass_against_the_statement() -> None:
    """Moments and characteristic function of one tilt, in plain NumPy."""
    rng = np.random.default_rng(1)
    rows = rng.integers(1, 100, (21, 6)).astype(np.float64)
    rows[3, 4:] = 0
    tops = np.array([int(np.flatnonzero(row)[-1]) for row in rows])
    copies = rng.integers(1, 4, 21)
    thetas = np.array([0.1, 0.7, 2.0])
    b = np.arange(-5, 6)
    table = np.concatenate(
        [
            np.stack([b, b**2, b**3, b**4, np.abs(b), 0 * b, 0 * b, 0 * b], 1),
            np.cos(b[:, None] * thetas) - 1,
            np.sin(b[:, None] * thetas),
        ],
        1,
    )
    for tilt in (-0.8, 0.0, 0.9):
        moments, lags, phi = np.zeros(kernel.MOMENTS), np.zeros(6), np.zeros((2, 3))
        weights = np.exp(tilt * b)
        kernel.tilted(rows, copies, tops, weights, tilt > 0, table, 1, moments, lags, phi)
        p = rows * np.exp(tilt * np.arange(6))
        total = p.sum(axis=1)
        p /= total[:, None]
        mean = p @ np.arange(6)
        nearest = np.rint(mean)
        base = tops if tilt > 0 else 0 * tops
        variance = p @ np.arange(6) ** 2 - mean**2
        gap = np.abs(np.arange(6)[:, None] - np.arange(6)).astype(float)
        wanted = [
            float(copies @ (np.log(total) - tilt * base)), float(copies @ nearest), float(copies @ (mean - nearest)),
            float(copies @ variance), float(copies @ np.einsum("ja,jb,ab->j", p, p, gap**4)),
            float(copies @ (p * np.abs(np.arange(6) - nearest[:, None])).sum(axis=1)),
        ]  # fmt: skip
        np.testing.assert_allclose([moments[0] + moments[1], *moments[2:]], wanted, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(
            lags, [copies @ np.einsum("ja,jb,ab->j", p, p, np.triu(gap == d)) for d in range(6)], rtol=1e-12
        )
        each = np.array([p @ np.exp(1j * theta * np.arange(6)) for theta in thetas]).T * np.exp(
            -1j * np.outer(nearest, thetas)
        )
        whole = np.prod(each ** copies[:, None], axis=0)
        np.testing.assert_allclose(phi[0] + 1j * phi[1], whole, rtol=1e-10, atol=1e-14)
