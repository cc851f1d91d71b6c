"""The checks of Natale et al. 2024 can fail: wrong constants and bounds are refuted. And the Fourier enclosure, term by term, in floats."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from flint import arb, fmpq
from scipy.integrate import quad

from proofs_checks import natale_2024, natale_2024_corollaries
from proofs_checks.lemma import BOOKS, Refuted
from proofs_checks.tools import uniform_sums
from proofs_checks.tools.balls import precision
from slth import laws
from slth.bounds.subset_sums import fixed_size

CUT = 1.5


def scaled(module: Any, name: str, factor: float) -> Callable[..., Any]:
    true = getattr(module, name)
    return lambda *args, **kwargs: factor * np.asarray(true(*args, **kwargs))


def moved(module: Any, name: str, by: int) -> Callable[..., Any]:
    true = getattr(module, name)
    return lambda *args, **kwargs: true(*args, **kwargs) + by


MUTANTS = [
    (natale_2024, "uniform_from_below", "sum_bounded_constants", lambda law: (0.1541, 0.7071067811865476)),
    (natale_2024, "uniform_from_above", "sum_bounded_constants", lambda law: (0.15418032980376928, 0.70711)),
    (natale_2024, "normal_constants", "sum_bounded_constants", lambda law: (0.2, 0.4)),
    (natale_2024, "uniform_from_below", "edgeworth_error", lambda k: arb(fmpq(1, 10))),
    (natale_2024, "uniform_from_below", "edgeworth_error", lambda k: arb(10)),
    (natale_2024, "uniform_from_above", "far_tail", lambda k: arb(fmpq(1, 10))),
    (natale_2024, "entropy_grows", "rfss_n", moved(natale_2024, "rfss_n", 1)),
    (natale_2024, "part_equal_sets", "rfss_n", moved(natale_2024, "rfss_n", -1)),
    (natale_2024, "second_moment_bound", "rfss_c_thm", scaled(natale_2024, "rfss_c_thm", 1 + 1e-9)),
    (natale_2024, "second_moment_bound", "rfss_c_thm", scaled(natale_2024, "rfss_c_thm", 1 - 1e-9)),
    (natale_2024, "theorem_2", "rfss_c_thm_least", scaled(natale_2024, "rfss_c_thm_least", 1.3)),
    (natale_2024, "theorem_2", "rfss_c_thm", scaled(natale_2024, "rfss_c_thm", 0.8)),
    (natale_2024, "success_is_as_likely", "rfss_c_thm", scaled(natale_2024, "rfss_c_thm", 9.0)),
    (
        natale_2024_corollaries,
        "simplified_hypothesis",
        "rfss_n_simplified",
        moved(natale_2024_corollaries, "rfss_n_simplified", -1),
    ),
    (
        natale_2024_corollaries,
        "packing_and_counting",
        "natale_lower_exact",
        moved(natale_2024_corollaries, "natale_lower_exact", 1),
    ),
    (
        natale_2024_corollaries,
        "packing_and_counting",
        "natale_lower_exact",
        moved(natale_2024_corollaries, "natale_lower_exact", -1),
    ),
    (
        natale_2024_corollaries,
        "closed_lower_bound",
        "natale_lower",
        scaled(natale_2024_corollaries, "natale_lower", 1.5),
    ),
    (natale_2024_corollaries, "amplification_needs_low_density", "rfss_c_thm_least", lambda cl, cu: 60.0),
    # the float difference, which exceeds sqrt(k) - abs(z) by up to its rounding
    (fixed_size, "second_moment_bound", "_to_the_edge", lambda k, z: math.sqrt(k) - abs(z)),
    (natale_2024_corollaries, "corollary_1_at_any_density", "rfss_n_uniform", lambda k, eps, c_amp: 2 * k),
    (natale_2024_corollaries, "corollary_1_for_symmetric_mixtures", "rfss_n_uniform", lambda k, eps, c_amp: 2 * k),
    (natale_2024_corollaries, "corollary_1_at_any_density", "subset_bits", lambda n, k: k),
]


@pytest.mark.parametrize(
    ("module", "step", "name", "wrong"), MUTANTS, ids=lambda value: str(getattr(value, "__name__", value))
)
def test_mutants_are_refuted(monkeypatch: pytest.MonkeyPatch, module: Any, step: str, name: str, wrong: Any) -> None:
    monkeypatch.setattr(module, name, wrong)
    with pytest.raises(Refuted):
        getattr(natale_2024 if module is fixed_size else module, step)()


@pytest.mark.parametrize(
    ("check", "claim"),
    [
        (natale_2024.uniform_from_below, 0.15419),
        (natale_2024.uniform_from_below, 0.2),
        (natale_2024.uniform_from_above, 0.7),
        (natale_2024.uniform_from_above, 0.69),
        (natale_2024.success_is_as_likely, 6.0),
        (natale_2024_corollaries.corollary_1_at_any_density, 78),
        (natale_2024_corollaries.corollary_1_at_any_density, 81),
        (natale_2024_corollaries.corollary_1_for_symmetric_mixtures, 78),
        (natale_2024_corollaries.corollary_1_for_symmetric_mixtures, 81),
        (natale_2024_corollaries.uniform_success_at_small_sizes, 0.3),
    ],
)
def test_false_claims_are_refuted(check: Callable[[Any], str], claim: float) -> None:
    with pytest.raises(Refuted):
        check(claim)


def test_true_claims_pass() -> None:
    natale_2024.uniform_from_below(0.154)
    natale_2024.uniform_from_above(0.70711)


def test_books() -> None:
    found = {step.shows for paper in ("natale_2024", "natale_2024_corollaries") for step in BOOKS[paper].values()}
    assert found == {"proven", "verified", "consistent", "gap"}


@pytest.mark.parametrize("k", [1, 2, 3, 4, 7, 9, 16, 25])
def test_density_against_the_recursion(k: int) -> None:
    law = laws.get("uniform")
    assert isinstance(law, laws.Uniform)
    for y in (fmpq(0), fmpq(1, 3), fmpq(1), fmpq(6, 5)):
        x = math.sqrt(k) * float(arb(y))
        if k == 1 and y == 1:  # a matter of convention: the interval is closed
            assert uniform_sums.scaled_density(k, arb(y)) == arb(fmpq(1, 2))
            continue
        with precision(200):
            found = float(uniform_sums.scaled_density(k, arb(y)))
        assert found == pytest.approx(math.sqrt(k) * float(law.density_of_sum(k, x)), rel=1e-9, abs=1e-12)


def test_fourier_integral() -> None:
    for k in (4, 20):
        for y in (0, 1):
            value = quad(lambda s: math.cos(s * y) * np.sinc(s / math.sqrt(k) / math.pi) ** k, 0, 60, limit=400)[0]  # noqa: B023
            with precision(200):
                assert float(uniform_sums.scaled_density(k, arb(y))) == pytest.approx(value / math.pi, abs=2e-4)


def test_expansion_of_the_integrand() -> None:
    """-m R(u) <= exp(-w) - (1 - q) <= w^2/2 up to the cut, and R(u) / u^6, (u^4/180 + R(u)) / u^4 increase."""
    u = np.linspace(0.2, CUT, 300)
    exponent = -np.log(np.sin(u) / u) - u**2 / 6
    rest = exponent - u**4 / 180
    assert (np.diff(exponent / u**4) > 0).all()
    assert (np.diff(rest / u**6) > -1e-9).all()
    for m in (16, 30, 200):
        q, w = m * u**4 / 180, m * exponent
        error = np.exp(-w) - (1 - q)
        assert (error >= -m * rest - 1e-12).all()
        assert (error <= w**2 / 2 + 1e-12).all()
    beyond = np.linspace(CUT, 3.14, 300)
    assert (np.sin(beyond) / beyond <= np.exp(-(beyond**2) / 6)).all()


def test_tails() -> None:
    """The three tails of `edgeworth_error` against their integrals, and that m^2 times their sum falls."""

    def bounds(m: float) -> list[float]:
        fall = math.exp(-(CUT**2) * m / 6)
        return [
            3 * fall / (CUT * math.sqrt(m)),
            CUT**3 * math.sqrt(m) * fall / 30,
            math.sqrt(m) * math.pi ** (1 - m) / (m - 1),
        ]

    for m in (16, 30, 60):
        root = math.sqrt(m)
        gauss = quad(lambda s: math.exp(-s * s / 6), CUT * root, np.inf)[0]
        fourth = quad(lambda s: math.exp(-s * s / 6) * s**4 / (180 * m), CUT * root, np.inf)[0]  # noqa: B023
        far = quad(lambda s: abs(np.sinc(s / root / math.pi)) ** m, math.pi * root, 4 * math.pi * root, limit=200)[0]  # noqa: B023
        assert all(value <= bound for value, bound in zip((gauss, fourth, far), bounds(m), strict=True))
    scaled_tails = np.array([[m * m * tail for tail in bounds(m)] for m in range(16, 200)])
    assert (np.diff(scaled_tails, axis=0) <= 0).all()


def test_error_bound_holds_for_later_k() -> None:
    with precision(400):
        error = uniform_sums.edgeworth_error(16)
        for k in (16, 17, 40, 90):
            rest = uniform_sums.scaled_density(k, arb(1)) / uniform_sums.limit_density(1) - 1 - arb(fmpq(3, 10 * k))
            assert abs(rest) * k * k < error
    with pytest.raises(ValueError, match="k >= 16, got 15"):
        uniform_sums.edgeworth_error(15)
