"""The checks of the second moment, plain and given the sum, and of its predictors can fail; their tools against closed forms."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from proofs_checks import given_the_sum, mixture_poisson, moment_ratio, second_moment
from proofs_checks.lemma import Refuted
from proofs_checks.tools import uniform_pairs
from proofs_checks.tools.normal_pairs import pair, window
from slth import laws
from slth.bounds.subset_sums.moments import log_overlap


def scaled(module: Any, name: str, factor: float) -> Callable[..., Any]:
    true = getattr(module, name)
    return lambda *args, **kwargs: factor * np.asarray(true(*args, **kwargs))


ENCLOSED = given_the_sum._enclosed_bound

MUTANTS = [
    (second_moment, "overlap_is_hypergeometric", "log_overlap", lambda n, k: (log_overlap(n, k)[0], log_overlap(n, k)[1] + 1e-9)),
    (second_moment, "second_moment_by_overlap", "rfss_expected", scaled(second_moment, "rfss_expected", 1.001)),
    (second_moment, "second_moment_by_overlap", "_convolved", lambda law, m: {Fraction(0): Fraction(1)}),
    (second_moment, "fresh_samples_decide", "both", lambda *args: Fraction(101, 100) * uniform_pairs.both(*args)),
    (second_moment, "explicit_constant", "rfss_c_thm", scaled(second_moment, "rfss_c_thm", 1.5)),
    (second_moment, "explicit_constant", "rfss_c_thm", scaled(second_moment, "rfss_c_thm", 1.001)),
    (second_moment, "any_density", "rfss_c_thm", scaled(second_moment, "rfss_c_thm", 0.9)),
    (moment_ratio, "windows_of_a_pair", "pair", lambda rho, u, eta: pair(rho, u, eta) * 1.01),
    (moment_ratio, "plain_moment_falls_short", "rfss_moment_limit", lambda gamma, u=0.0: 1.0),
    (moment_ratio, "plain_moment_falls_short", "rfss_moment_ratio", scaled(moment_ratio, "rfss_moment_ratio", 1.01)),
    (moment_ratio, "limit_of_the_ratio", "rfss_moment_ratio", scaled(moment_ratio, "rfss_moment_ratio", 2.0)),
    (moment_ratio, "uniform_moment_ratio", "rfss_moment_ratio", scaled(moment_ratio, "rfss_moment_ratio", 1.05)),
    (given_the_sum, "windows_of_any_pair", "pair", lambda rho, u, eta: pair(rho, u, eta) * 1.01),
    (given_the_sum, "the_bound_is_computed", "_overlap_terms", lambda n, k: iter(())),
    (given_the_sum, "the_bound_is_computed", "_enclosed_bound", lambda *q: ENCLOSED(*q) * (1 - 1e-6)),
    (moment_ratio, "plain_moment_falls_short", "rfss_moment_limit", scaled(moment_ratio, "rfss_moment_limit", 1.0001)),
    (given_the_sum, "success_tends_to_one", "rfss_success_normal", lambda n, k, eps: 0.9),
    (given_the_sum, "success_tends_to_one", "_used_of_the_limit", lambda n, k, u: 1.1),
    (given_the_sum, "normal_success_simulated", "rfss_success_normal", lambda n, k, eps, z: 0.9),
    (mixture_poisson, "smallest_useful_size", "rfss_kmin", lambda n, eps, p, z, law: 6),
    (mixture_poisson, "first_moment_threshold", "rfss_density_threshold", scaled(mixture_poisson, "rfss_density_threshold", 1.2)),
    (mixture_poisson, "first_moment_threshold", "rfss_density_threshold", scaled(mixture_poisson, "rfss_density_threshold", 0.8)),
    (mixture_poisson, "blocks_of_samples", "pattern_loss", scaled(mixture_poisson, "pattern_loss", 1.001)),
]  # fmt: skip


@pytest.mark.parametrize(("module", "step", "name", "mutant"), MUTANTS)
def test_what_is_wrong_is_refuted(
    monkeypatch: pytest.MonkeyPatch, module: Any, step: str, name: str, mutant: Any
) -> None:
    monkeypatch.setattr(module, name, mutant)
    with pytest.raises(Refuted):
        getattr(module, step)()


CLAIMS = [
    (moment_ratio.windows_of_a_pair, 0.25),
    (moment_ratio.normal_moment_ratio, lambda *question: 0.999 * moment_ratio.rfss_moment_ratio(*question)),
    (moment_ratio.limit_of_the_ratio, lambda gamma, u: 1 / math.sqrt(1 - gamma)),
    (given_the_sum.windows_of_any_pair, 0.9),
    (given_the_sum.the_bound_is_computed, lambda *question: 0.99999 * given_the_sum.rfss_success_normal(*question)),
    (given_the_sum.normal_success_simulated, 1.2),
    (mixture_poisson.poisson_given_the_samples, lambda *question: 0.9 * mixture_poisson.rfss_success_prob(*question)),
    (mixture_poisson.smallest_useful_size, -1),
]


@pytest.mark.parametrize(("check", "claim"), CLAIMS)
def test_false_claims_are_refuted(check: Callable[[Any], str], claim: Any) -> None:
    with pytest.raises(Refuted):
        check(claim)


@pytest.mark.parametrize("e", [Fraction(1, 10), Fraction(1, 2), Fraction(1)])
def test_two_pairs_with_a_common_uniform(e: Fraction) -> None:
    """P(abs(A + B) <= e and abs(A + C) <= e) = e^2 (1 - e) + 7 e^3 / 12, by hand."""
    assert uniform_pairs.both(2, 1, Fraction(0), e) == e**2 * (1 - e) + 7 * e**3 / 12


def test_uniform_pairs_by_simulation() -> None:
    """Half a million draws, six standard errors: false alarm 2e-9 each; a window one tenth wider is refused."""
    rng, rows = np.random.default_rng(4), 500_000
    for k, i, z, eps in (
        (3, 2, Fraction(1, 2), Fraction(1, 5)),
        (5, 2, Fraction(1), Fraction(1, 2)),
        (4, 0, Fraction(-1), Fraction(1, 2)),
    ):
        common = rng.uniform(-1, 1, (rows, i)).sum(axis=1)
        rest = rng.uniform(-1, 1, (2, rows, k - i)).sum(axis=2)
        share = (np.abs(common + rest - float(z)) <= float(eps)).all(axis=0).mean()
        error = 6 * math.sqrt(share / rows)
        assert abs(share - float(uniform_pairs.both(k, i, z, eps))) < error
        assert abs(share - float(uniform_pairs.both(k, i, z, eps * Fraction(11, 10)))) > error


def test_sums_of_uniforms() -> None:
    for k in range(1, 7):
        for z, eps in ((Fraction(0), Fraction(1, 4)), (Fraction(3, 2), Fraction(1)), (Fraction(k), Fraction(1, 2))):
            edges = laws.get("uniform").cdf_of_sum(k, [float(z + eps), float(z - eps)])
            assert float(uniform_pairs.one(k, z, eps)) == pytest.approx(edges[0] - edges[1], abs=1e-13)
    assert uniform_pairs.one(2, Fraction(5), Fraction(1)) == 0


def test_the_ratio_of_uniforms_by_enumeration() -> None:
    """n = 2, k = 1: Y is binomial, E[Y^2] / E[Y]^2 = (1 + p) / (2 p), p = eps inside."""
    p = Fraction(1, 10)
    assert uniform_pairs.moment_ratio(2, 1, Fraction(0), p) == (1 + p) / (2 * p)
    assert uniform_pairs.moment_ratio(3, 3, Fraction(0), p) == 1 / uniform_pairs.one(3, Fraction(0), p)


def test_windows_of_normal_pairs() -> None:
    from scipy.special import ndtr

    assert float(window(0.5, 0.25)) == pytest.approx(ndtr(0.75) - ndtr(0.25), rel=1e-13)
    assert (pair(0, 0.5, 0.25) - window(0.5, 0.25) ** 2).contains(0)
    # the quadrant of correlation rho weighs 1/4 + asin(rho) / (2 pi): a window of [0, 12] about 6
    assert float(pair(0.5, 6, 6)) == pytest.approx(1 / 3, abs=1e-12)
    assert float(pair(-0.5, 6, 6)) == pytest.approx(1 / 6, abs=1e-12)
