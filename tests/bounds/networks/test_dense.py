"""Widths of dense networks: the inequality of the theorem as it stands, sizes by counting, limits and monotonicity."""

from __future__ import annotations

import math

import numpy as np
import pytest

from slth.bounds.hypotheses import HypothesisError, HypothesisWarning
from slth.bounds.networks.dense import (
    pensia_error_explicit,
    pensia_width,
    pensia_width_explicit,
    sslth_width,
    sslth_width_simplified,
)

WIDTHS = [784, 500, 10]


def entropy(p: float) -> float:
    return -(p * math.log2(p) + (1 - p) * math.log1p(-p) / math.log(2))


def suffices(n: float, k: float, c_amp: float, tolerance: float) -> bool:
    """Corollary 1 for whole n and k."""
    return n * entropy(k / n) >= c_amp * math.log2(k / tolerance) ** 2


@pytest.mark.parametrize("gamma_prime", [0.9, 0.5, 0.3, 0.1, 0.01, 1e-5])
@pytest.mark.parametrize("c_amp", [1.0, 8.0, 100.0])
@pytest.mark.parametrize("eps", [0.5, 0.01, 1e-9])
def test_the_inequality_holds_and_no_smaller_k_is_a_solution(gamma_prime: float, c_amp: float, eps: float) -> None:
    found = sslth_width(gamma_prime, WIDTHS, eps, c_amp)
    for i, (d_in, d_out) in enumerate(((784, 500), (500, 10))):
        tolerance = eps / (4 * d_in * d_out)
        n, k = found.n[i], found.kept[i]
        assert suffices(n, k, c_amp, tolerance)
        assert k / n <= gamma_prime * (1 + 1e-12)
        below = (k - 1) / gamma_prime  # the largest solution n* is in (below, k / gamma']
        if k > 4:
            assert below * entropy(gamma_prime) < c_amp * math.log2((k - 1) / tolerance) ** 2
        for factor in (1.01, 1.5, 10, 1e6):
            assert factor * n * entropy(gamma_prime) >= c_amp * math.log2(factor * n * gamma_prime / tolerance) ** 2


def test_without_a_solution_four_are_kept() -> None:
    """With a tiny constant every n will do: sums of four products reach weights of 1, in as few samples as the density allows."""
    found = sslth_width(0.25, [1, 1], 0.5, 1e-9)
    assert (found.n.tolist(), found.kept.tolist()) == ([16.0], [4.0])
    assert sslth_width(1e-300, [1, 1], 0.5, 8).kept.tolist() == [4.0]


def test_sizes() -> None:
    found = sslth_width(0.1, WIDTHS, 0.01, 8)
    n, k = found.n.astype(int).tolist(), found.kept.astype(int).tolist()
    assert found.m == 2 * 784 * 784 * n[0] + 2 * 784 * 500 * n[0] + 2 * 500 * 500 * n[1] + 2 * 500 * 10 * n[1]
    assert found.m_t == 397000
    assert found.hidden.tolist() == [2 * 784 * n[0], 2 * 500 * n[1]]
    assert found.ticket == 4 * 784 * 500 * k[0] + 4 * 500 * 10 * k[1]
    assert found.ticket_shared == 2 * 784 * (500 * k[0] + n[0]) + 2 * 500 * (10 * k[1] + n[1])
    assert found.rho == 50
    assert found.gamma == 1
    assert found.overparameterisation == found.m / 397000
    assert all(isinstance(x, int) for x in (found.m, found.m_t, found.ticket, found.ticket_shared))


@pytest.mark.parametrize("widths", [[20, 20, 20], [20, 25, 16], [3, 30]])
def test_ticket_has_the_promised_density(widths: list[int]) -> None:
    found = sslth_width([0.3, 0.05, 1e-3], widths, 0.01, 8)
    assert (found.ticket <= found.gamma * found.m * (1 + 1e-12)).all()
    assert (found.ticket_shared <= found.ticket).all()


def test_arrays() -> None:
    found = sslth_width([[0.1], [0.2]], [4, 5, 6, 7], [0.01, 0.02, 0.03], 8)
    assert found.n.shape == found.kept.shape == found.hidden.shape == (2, 3, 3)
    assert found.m.shape == found.ticket.shape == found.gamma.shape == found.overparameterisation.shape == (2, 3)
    one = sslth_width(0.2, [4, 5, 6, 7], 0.03, 8)
    np.testing.assert_array_equal(found.n[1, 2], one.n)
    assert found.m[1, 2] == one.m
    assert found.ticket_shared[1, 2] == one.ticket_shared
    with pytest.warns(HypothesisWarning, match="gamma_prime"):
        some = sslth_width([0.1, 1.0], [4, 4], 0.01, 8)
    assert np.isnan(some.n[1]).all()
    assert np.isnan([some.m[1], some.ticket[1], some.gamma[1], some.ticket_shared[1]]).all()


def test_extremes() -> None:
    for eps in (1e-300, 1e-308):
        found = sslth_width([0.5, 1e-300], [10**6, 10**6], eps, 8)
        assert np.isfinite(found.n).all()
        assert (found.n * 0.5 >= found.kept)[0].all()


def test_monotone() -> None:
    """The kept share grows with gamma'; the block shrinks at first, and grows again near gamma' = 1/2."""
    gamma = np.array([1e-6, 1e-4, 1e-2, 0.1, 0.3, 0.5])
    found = sslth_width(gamma, [100, 100], 0.01, 8)
    assert (np.diff(found.kept[:, 0]) > 0).all()
    assert (np.diff(found.n[:4, 0]) < 0).all()
    assert sslth_width(0.5, [100, 100], 0.01, 8).n[0] > sslth_width(0.47, [100, 100], 0.01, 8).n[0]
    assert (np.diff(sslth_width(0.1, [100, 100], np.array([0.5, 0.1, 0.01, 1e-4]), 8).n[:, 0]) > 0).all()
    assert (np.diff(sslth_width(0.1, [100, 100], 0.01, np.array([1, 2, 8, 20])).n[:, 0]) > 0).all()


def test_constant_density_is_the_square_of_a_logarithm() -> None:
    """n* H2 / (c_amp log2(1 / eps)^2) -> 1, slowly: log2(k) is added to log2(1 / eps)."""
    ratio = sslth_width(0.5, [1, 1], [1e-10, 1e-100, 1e-300], 8).n[:, 0] / (8 * np.log2([1e10, 1e100, 1e300]) ** 2)
    assert (np.diff(ratio) < 0).all()
    assert 1 < ratio[-1] < 1.1


def test_simplified() -> None:
    """It is no less than the implicit solution wherever it applies, and not offered elsewhere."""
    for gamma, eps in ((0.5, 1e-18), (0.3, 1e-30), (0.1, 1e-60)):
        simple = sslth_width_simplified(gamma, 2, 3, eps, 1)
        assert simple == math.ceil(2 * math.log2(24 / eps) ** 2 / entropy(gamma))
        assert simple >= sslth_width(gamma, [2, 2, 2, 2], eps, 1).n[0]
    sslth_width_simplified(0.5, 1, 1, 2.0**-50, 1)
    with pytest.raises(HypothesisError, match="k = gamma n"):
        sslth_width_simplified(0.5, 1, 1, 2.0**-49, 1)
    with pytest.raises(HypothesisError, match="gamma <= 1/2"):
        sslth_width_simplified(0.6, 1, 1, 1e-30, 1)
    with pytest.warns(HypothesisWarning, match="0 < gamma < 1") as caught:
        assert np.isnan(sslth_width_simplified([0.5, -1], 1, 1, 1e-30, 1)).tolist() == [False, True]
    assert len(caught) == 1


def test_pensia_width() -> None:
    found = pensia_width(WIDTHS, 0.01, 0.1, 3)
    assert found.n.tolist() == [math.ceil(3 * math.log(784000 / 0.01)), math.ceil(3 * math.log(10000 / 0.01))]
    assert found.m == 2 * 784 * 1284 * 55 + 2 * 500 * 510 * 42
    assert found.hidden.tolist() == [2 * 784 * 55, 2 * 500 * 42]
    assert pensia_width([1, 1], 0.9, 0.9, 1e-3).n.tolist() == [1]
    np.testing.assert_array_equal(
        pensia_width(WIDTHS, [0.01, 0.1], [0.1, 0.01], 3).n,
        [found.n] * 2,
        err_msg="the smaller of eps and delta counts",
    )
    with pytest.raises(HypothesisError, match="C > 0"):
        pensia_width(WIDTHS, 0.01, 0.1, 0)
    with pytest.raises(HypothesisError, match="0 < delta < 1"):
        pensia_width(WIDTHS, 0.01, 1, 3)


def test_explicit_width_is_logarithmic() -> None:
    eps = np.array([1e-2, 1e-4, 1e-8, 1e-16])
    n = pensia_width_explicit(WIDTHS, eps, eps).n[:, 0]
    # three logarithms: two for err^2 and one for delta, at 1 / -ln(1 - ac) each, and less than one more for the reach
    per_nat = np.diff(n) / -np.diff(np.log(eps))
    least = 3 / -math.log1p(-1 / (8 * math.e))
    assert (per_nat > least - 0.5).all()
    assert (per_nat < least + 30).all()
    assert pensia_width_explicit([1, 1], 0.99, 0.99).n[0] > 0
    with pytest.raises(HypothesisError, match="0 < eps < 1"):
        pensia_width_explicit(WIDTHS, 0, 0.1)


def test_explicit_width_covers_in_simulation() -> None:
    """The candidates of the explicit width, only the 24 largest of them even: every weight of a grid of [-1, 1] is within the tolerance."""
    from slth.subset_sum import solve

    rng = np.random.default_rng(3)
    found = pensia_width_explicit([1, 1], 0.5, 0.5)
    n = int(found.n[0])
    for _ in range(5):
        u, v = rng.uniform(-1, 1, (2, n))
        candidates = np.where(u > 0, u * v, 0.0)
        candidates = candidates[np.argsort(-np.abs(candidates))][:24]
        for target in np.linspace(-1, 1, 9):
            assert abs(solve(candidates, target).error) <= 0.25


def test_sizes_beyond_64_bits_are_float64() -> None:
    assert sslth_width(0.5, [1e150, 1e150], 0.1, 1).hidden.dtype == np.float64


@pytest.mark.parametrize("widths", [[1, 1], [64, 32, 10], WIDTHS])
@pytest.mark.parametrize("delta", [0.9, 0.01, 1e-200])
def test_the_error_is_the_smallest_with_which_the_width_is_enough(widths: list[int], delta: float) -> None:
    for width in (2000, 3001, 9000):
        eps = pensia_error_explicit(widths, width, delta)
        if math.isinf(eps):
            assert (pensia_width_explicit(widths, 1 - 1e-9, delta).n > width // 2).any()
            continue
        assert (pensia_width_explicit(widths, eps, delta).n <= width // 2).all()
        assert (pensia_width_explicit(widths, eps * (1 - 1e-9), delta).n > width // 2).any()


def test_the_error_of_a_width_for_each_layer() -> None:
    each = pensia_error_explicit([64, 32, 10], [[2000, 2000], [2200, 2000], [2200, 1900], [42, 9000]], 0.01)
    assert each[0] == pensia_error_explicit([64, 32, 10], 2000, 0.01)
    assert each[1] < each[0]
    assert each[1] == pensia_error_explicit([64, 32, 10], [2200, 2001], 0.01)  # an odd one counts as one less
    assert each[3] == np.inf
    curve = pensia_error_explicit([64, 32, 10], np.array([[2000], [2200], [10**9]]), [0.01, 0.5, 0.5])
    assert curve[0] == each[0]
    assert 0 < curve[2] < 1e-300
    with pytest.raises(ValueError, match="one for each of the 2 layers"):
        pensia_error_explicit([64, 32, 10], [2000, 2000, 2000], 0.01)
    with pytest.raises(HypothesisError, match="whole number"):
        pensia_error_explicit([64, 32, 10], 20.5, 0.01)
    with pytest.raises(HypothesisError, match="delta < 1"):
        pensia_error_explicit([64, 32, 10], 2000, 1.0)
    with pytest.warns(HypothesisWarning, match="delta < 1"):
        assert np.isnan(pensia_error_explicit([64, 32, 10], 2000, [0.01, 1.0])).tolist() == [False, True]
