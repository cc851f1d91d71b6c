"""Activations near zero: the two lines, how far an activation is from them, and the scale where that is one rounding."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest

from slth.constructions.near_zero import RELU, ROUNDINGS, NearZero, lines
from slth.networks.activations import activation
from tests.reference import activations

SMOOTH = ["tanh", "sigmoid", "gelu", "gelu-tanh"]
BENT = [("relu", 1.0, 0.0), ("identity", 1.0, 1.0), ("leaky-relu", 1.0, 0.01), ("leaky-relu(-2.5)", 1.0, -2.5)]


@pytest.mark.parametrize("name", SMOOTH)
def test_what_the_line_leaves_out_is_within_the_bound_and_no_less_near_zero(name: str) -> None:
    """On a fine grid of 400 sizes from 1e-9 to 60, both signs, to sixty digits."""
    value, right, left, c, power = lines(name)
    assert right == left
    with mp.workdps(60):
        for size in np.geomspace(1e-9, 60, 400):
            for y in (mp.mpf(float(size)), -mp.mpf(float(size))):
                off = abs(activations.value(name, y) - mp.mpf(value) - mp.mpf(right) * y)
                bound = mp.mpf(right) * mp.mpf(c) * abs(y) ** power
                assert off <= bound * (1 + mp.mpf(2) ** -50)
                if size < 1e-3:
                    assert off >= bound * (1 - 10 * mp.mpf(float(size)))


@pytest.mark.parametrize(("name", "right", "left"), BENT)
def test_two_lines(name: str, right: float, left: float) -> None:
    assert lines(name) == (0.0, right, left, 0.0, 1)
    x = np.linspace(-3, 3, 61)
    np.testing.assert_allclose(activation(name)(x.copy()), np.where(x > 0, right, left) * x, atol=1e-15)
    # phi(x) - phi(-x) = (m_+ + m_-) x: what two halves make
    both = activation(name)(x.copy()) - activation(name)(-x)
    np.testing.assert_allclose(
        both, NearZero(name).worth(np.ones(1, np.bool_)) * x if right != left else 2 * x, atol=1e-14
    )


@pytest.mark.parametrize("name", SMOOTH)
def test_floats_keep_their_digits_near_zero(name: str) -> None:
    """The activation as computed is within ROUNDINGS - 4 unit roundoffs of itself, however small its argument: 2^-1 to 2^-300."""
    rng = np.random.default_rng(0)
    y = np.concatenate([sign * 2.0 ** -rng.uniform(1, 300, 200) for sign in (1, -1)])
    with mp.workdps(150):
        for at, found in zip(y, activation(name)(y.copy()), strict=True):
            exact = activations.value(name, mp.mpf(float(at)))
            assert abs(mp.mpf(float(found)) - exact) <= (ROUNDINGS - 4) * mp.mpf(2) ** -53 * abs(exact)


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize("scale", [1.0, 2.0**-7, 2.0**-26, 2.0**-60])
def test_what_a_neuron_hands_over(name: str, scale: float) -> None:
    rng = np.random.default_rng(1)
    hidden, value, power = NearZero(name, scale), lines(name).value, lines(name).power
    u, x = rng.uniform(-1, 1, 40), rng.uniform(-3, 3, 40)
    up, down = hidden.slopes(u)
    np.testing.assert_array_equal(up, -down)
    bound = hidden.left_out(u)
    with mp.workdps(60):
        for i in range(40):
            line = mp.mpf(float(up[i])) * mp.mpf(x[i])
            exact = activations.value(name, mp.mpf(scale) * mp.mpf(u[i]) * mp.mpf(x[i]))
            off = abs(exact - mp.mpf(value) - line)
            assert off <= mp.mpf(float(bound[i])) * abs(mp.mpf(x[i])) ** power + 2 * mp.mpf(2) ** -53 * abs(line)


@pytest.mark.parametrize("name", [n for n in SMOOTH if n != "sigmoid"])
@pytest.mark.parametrize("reach", [1e-6, 0.3, 7.0, 1e5])
def test_the_scale_at_rounding_is_where_the_curvature_is_one_rounding(name: str, reach: float) -> None:
    hidden = NearZero(name).at_rounding(reach)
    _, _, _, c, power = lines(name)
    assert np.log2(hidden.scale) == np.floor(np.log2(hidden.scale))
    at, above = (c * (s * reach) ** (power - 1) for s in (hidden.scale, 2 * hidden.scale))
    assert at <= 2.0**-53 < above * (1 + 1e-12)


def test_a_domain_that_is_one_point_needs_no_scale() -> None:
    assert NearZero("tanh").at_rounding(0.0) == NearZero("tanh")


def test_relu_is_what_it_was() -> None:
    up, down = RELU.slopes(np.array([0.5, -0.25]))
    assert (up.tolist(), down.tolist()) == ([0.5, 0.0], [0.0, 0.25])
    assert (RELU.halved, RELU.curved, RELU.unit) == (True, False, 1.0)


def test_slopes_that_cancel_are_refused() -> None:
    with pytest.raises(
        ValueError, match=r"'leaky-relu\(-1\)': its slopes 1 and -1 at 0 add up to 0, so that it is even"
    ):
        lines("leaky-relu(-1)")
    with pytest.raises(ValueError, match="unknown activation 'abs'"):
        lines("abs")


@pytest.mark.parametrize("name", ["leaky-relu(1e15)", "leaky-relu(-1e300)"])
def test_slopes_so_far_apart_that_rounding_has_no_bound_are_refused(name: str) -> None:
    """Their error would be that of more than 2^53 roundings in a row: such bounds were negative."""
    with pytest.raises(
        ValueError, match=r"so far apart that no error can be certified; choose one of at most 1\.04858e\+06"
    ):
        lines(name)
    assert lines("leaky-relu(1e6)") == (0.0, 1.0, 1e6, 0.0, 1)
