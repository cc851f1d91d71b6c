"""Laws: the distributions themselves, their moments and sums, and the words that random networks are made of, bit for bit."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.integrate import quad
from scipy.special import k0

from slth import laws
from slth.networks import LAWS

FIXED = settings(database=None, deadline=None, derandomize=True, max_examples=100)
WORDS = np.random.PCG64(2024).random_raw(100_000)

WITH_DENSITY = [
    "uniform",
    "uniform(-0.5, 2)",
    "normal",
    "normal(1, 0.25)",
    "hyperbolic",
    "hyperbolic(0.5, 2)",
    "product",
    "product(uniform, uniform)",
    "product(uniform(-1, 2), uniform(0.5, 3))",
    "product(uniform(-3, -1), uniform(-2, 0.5))",
    "mixture(0.25, uniform(-2, 1), normal)",
]
ATOMS = ["binary", "binary(0, 1)", "grid", "grid(0.5)", "discrete((3, -1, 0.5), (0.5, 0.25, 0.25))", "discrete((0,))"]
UNIFORM_GOLDEN = [-0.24269626178404702, -0.04685525763302423, 0.19877702408154574]
NORMAL_GOLDEN = [-0.3090233849710818, -0.05875814991284561, 0.25176465855757796]
KS_LEVEL = 1e-6  # false-alarm probability of each test for a new seed


def one(law: str, word: int) -> float:
    return float(LAWS[law].from_words(np.array([word], dtype=np.uint64))[0])


# --- words: what tickets on disk depend on ----------------------------------------------------------------------------


@FIXED
@given(st.integers(0, 2**64 - 1))
def test_uniform_equals_exact_integer_arithmetic(word: int) -> None:
    assert one("uniform", word) == (2 * (word >> 11) + 1 - 2**53) / 2**53  # an exact quotient of Python integers


@FIXED
@given(st.integers(0, 2**64 - 1), st.sampled_from(["uniform", "normal", "hyperbolic", "product"]))
def test_symmetric_finite_and_never_zero(word: int, law: str) -> None:
    words = np.array([word, 2**64 - 1 - word], np.uint64)
    value, mirrored = laws.get(law).from_words(words).tolist()
    assert value != 0
    assert np.isfinite(value)
    assert mirrored == (-value if law != "normal" else pytest.approx(-value, rel=1e-12))


def test_ends() -> None:
    assert one("uniform", 0) == -(1 - 2**-53)
    assert one("uniform", 2**64 - 1) == 1 - 2**-53
    assert one("uniform", 2**63) == 2**-53
    assert one("normal", 0) == pytest.approx(-8.2095361516)
    assert one("normal", 2**64 - 1) == pytest.approx(8.2095361516)
    assert 0 < one("normal", 2**63) < 1e-15


def test_golden_words() -> None:
    """The first words of PCG64(SeedSequence(1, spawn_key=(0, 0, 0))), as they were mapped when the first tickets were written."""
    words = np.random.PCG64(np.random.SeedSequence(entropy=1, spawn_key=(0, 0, 0))).random_raw(3)
    np.testing.assert_array_equal(LAWS["uniform"].from_words(words), UNIFORM_GOLDEN)
    np.testing.assert_allclose(LAWS["normal"].from_words(words), NORMAL_GOLDEN, rtol=1e-14)


def test_laws_of_networks() -> None:
    assert sorted(LAWS) == ["normal", "uniform"]
    for name, law in LAWS.items():
        assert law.name == name
        assert law == laws.get(name)


@pytest.mark.parametrize("name", WITH_DENSITY + ATOMS)
def test_extreme_words_stay_in_the_support(name: str) -> None:
    law = laws.get(name)
    ends = np.array([[0, 1, 2**11, 2**63 - 1], [2**63, 2**63 + 1, 2**64 - 2**11, 2**64 - 1]], np.uint64)
    values = law.from_words(ends)
    assert values.shape == (2, 4)
    assert values.dtype == np.float64
    low, high = law.support
    assert np.isfinite(values).all()
    assert ((values >= low) & (values <= high)).all()


# --- distributions ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", WITH_DENSITY)
def test_words_and_samples_follow_the_cdf(name: str) -> None:
    """Kolmogorov-Smirnov on 20,000 values each, with a negative control: half as wide again."""
    law = laws.get(name)
    for values in (law.from_words(WORDS[:20_000]), law.sample(20_000, np.random.default_rng(7))):
        assert stats.kstest(values, law.cdf).pvalue > KS_LEVEL
    assert stats.kstest(1.5 * law.from_words(WORDS[:20_000]), law.cdf).pvalue < KS_LEVEL


@pytest.mark.parametrize("name", ATOMS)
def test_words_and_samples_follow_the_probabilities(name: str) -> None:
    """Chi-squared on 100,000 values each; false-alarm probability 1e-6 for a new seed."""
    law = laws.get(name)
    for values in (law.from_words(WORDS), law.sample(100_000, 7)):
        seen, counts = np.unique(values, return_counts=True)
        chances = law.probability(seen)
        assert chances.sum() == pytest.approx(1)
        assert seen.size == 1 or stats.chisquare(counts, chances * values.size).pvalue > KS_LEVEL


@pytest.mark.parametrize("name", WITH_DENSITY)
def test_density_is_the_slope_of_the_cdf_and_gives_the_moments(name: str) -> None:
    law = laws.get(name)
    low, high = (max(law.support[0], -12.0), min(law.support[1], 12.0))
    cuts = np.unique([low, high, *[x for x in BREAKS.get(name, (0.0,)) if low < x < high]])

    def integral(k: int) -> float:
        return math.fsum(quad(lambda x: x**k * float(law.density(x)), a, b, limit=200)[0] for a, b in pairwise(cuts))

    assert integral(0) == pytest.approx(1, abs=1e-7)
    for k in range(1, 6):
        assert integral(k) == pytest.approx(law.moment(k), rel=1e-6, abs=1e-7)
    assert law.mean == pytest.approx(law.moment(1))
    assert law.variance == pytest.approx(law.moment(2) - law.moment(1) ** 2)
    x = np.random.default_rng(1).uniform(low, high, 400)
    x = x[np.min(np.abs(x[:, None] - np.array([*cuts, 0.0])), axis=1) > 0.01]
    h = 1e-5
    np.testing.assert_allclose((law.cdf(x + h) - law.cdf(x - h)) / (2 * h), law.density(x), atol=2e-6)
    assert law.cdf(np.array([low - 1, high + 1])) == pytest.approx([0, 1], abs=1e-12)
    assert (law.density(np.array([law.support[0] - 1, law.support[1] + 1])) == 0).all() or not np.isfinite(
        law.support[0]
    )


BREAKS = {
    "hyperbolic": (-0.01, 0.01),
    "hyperbolic(0.5, 2)": (-0.5, 0.5),
    "product(uniform(-1, 2), uniform(0.5, 3))": (-0.5, 0.0, 1.0),
    "product(uniform(-3, -1), uniform(-2, 0.5))": (-0.5, 0.0, 2.0),
    "mixture(0.25, uniform(-2, 1), normal)": (-2.0, 0.0, 1.0),
}


@pytest.mark.parametrize("name", ATOMS)
def test_moments_of_atoms(name: str) -> None:
    law = laws.get(name)
    values, chances = law.atoms
    assert chances.sum() == pytest.approx(1)
    for k in range(5):
        assert law.moment(k) == pytest.approx(float((values**k * chances).sum()))
    np.testing.assert_allclose(law.cdf(values), np.cumsum(chances))
    np.testing.assert_allclose(law.cdf(values - 1e-9), np.cumsum(chances) - chances, atol=1e-15)
    assert law.probability(values + 1e-9).sum() == 0
    with pytest.raises(TypeError, match="probability"):
        law.density(0.0)


@pytest.mark.parametrize(
    "name", ["uniform(-0.5, 2)", "normal(1, 0.25)", "hyperbolic", "product", "product(uniform(-1, 2), uniform)"]
)
def test_quantile_inverts_the_cdf(name: str) -> None:
    law = laws.get(name)
    u = np.random.default_rng(2).uniform(0.001, 0.999, 200)
    np.testing.assert_allclose(law.cdf(law.quantile(u)), u, atol=1e-12)


def test_the_gadget_by_formula() -> None:
    """Theory 1.4: density -ln|x| / 2; U[-1, 1] U[-1, 1] is the same law. The quantile solves x (1 - ln x) = q to rounding."""
    x = np.random.default_rng(3).uniform(-1, 1, 1000)
    for name in ("product", "product(uniform, uniform)"):
        np.testing.assert_allclose(laws.get(name).density(x), -0.5 * np.log(np.abs(x)), rtol=1e-12, atol=1e-14)
    assert laws.Product().density(0.0) == np.inf
    q = np.concatenate([10.0 ** -np.arange(0.5, 16), 1 - 10.0 ** -np.arange(0.5, 15)])
    value = laws.Product().quantile(0.5 * (1 + q))
    np.testing.assert_allclose(value * (1 - np.log(value)), 2 * (0.5 * (1 + q)) - 1, rtol=1e-14)


def test_other_products_by_quadrature() -> None:
    law = laws.Product(laws.Normal(), laws.Normal())
    x = np.array([-2.0, -0.3, 0.1, 1.5])
    np.testing.assert_allclose(law.density(x), k0(np.abs(x)) / np.pi, rtol=1e-7)
    np.testing.assert_allclose(law.cdf(x), [0.5 - quad(lambda t: k0(t) / np.pi, 0, 2)[0],
                                            0.5 - quad(lambda t: k0(t) / np.pi, 0, 0.3)[0],
                                            0.5 + quad(lambda t: k0(t) / np.pi, 0, 0.1)[0],
                                            0.5 + quad(lambda t: k0(t) / np.pi, 0, 1.5)[0]], rtol=1e-6)  # fmt: skip
    assert law.moment(4) == 9
    with pytest.raises(NotImplementedError, match="quantile"):
        law.from_words(WORDS[:3])
    assert law.sample(5, 1).shape == (5,)


# --- sums -------------------------------------------------------------------------------------------------------------


def irwin_hall(k: int, x: Fraction) -> tuple[Fraction, Fraction]:
    """Density and cdf of the sum of k U[0, 1] by the textbook's alternating sum, in fractions."""
    terms = range(max(0, math.floor(x)) + 1) if x >= 0 else ()
    density = sum(((-1) ** j * math.comb(k, j) * (x - j) ** (k - 1) for j in terms if j <= k), Fraction(0))
    total = sum(((-1) ** j * math.comb(k, j) * (x - j) ** k for j in terms if j <= k), Fraction(0))
    return density / math.factorial(k - 1), total / math.factorial(k)


@pytest.mark.parametrize("k", [1, 2, 3, 7, 20, 40])
def test_sums_of_uniforms(k: int) -> None:
    rng = np.random.default_rng(k)
    x = np.concatenate([rng.uniform(0, k, 40), rng.uniform(0, 0.2, 5), [0.0, k / 2, k - 2**-20]])
    expected = [irwin_hall(k, Fraction(v)) for v in x.tolist()]
    law = laws.Uniform(0, 1)
    np.testing.assert_allclose(law.density_of_sum(k, x), [float(d) for d, _ in expected], rtol=1e-12)
    np.testing.assert_allclose(law.cdf_of_sum(k, x), [float(c) for _, c in expected], rtol=1e-12)
    wide = laws.Uniform(-1, 1)
    np.testing.assert_allclose(wide.cdf_of_sum(k, 2 * x - k), law.cdf_of_sum(k, x), rtol=1e-9, atol=1e-15)
    assert law.cdf_of_sum(k, [-1.0, k + 1.0]).tolist() == [0, 1]


def test_sums_of_normals_and_atoms() -> None:
    x = np.linspace(-4, 5, 19)
    np.testing.assert_allclose(laws.Normal(0.5, 2).cdf_of_sum(9, x), stats.norm(4.5, 6).cdf(x))
    np.testing.assert_allclose(laws.Binary().cdf_of_sum(9, x), stats.binom(9, 0.5).cdf(np.floor((x + 9) / 2)))
    values, _ = laws.Grid(0.5).atoms
    sums = sum(np.meshgrid(values, values, values)).ravel()  # the 5^3 sums, all equally likely
    np.testing.assert_allclose(laws.Grid(0.5).cdf_of_sum(3, x), [(sums <= v).mean() for v in x], rtol=1e-12)
    with pytest.raises(NotImplementedError, match="sum"):
        laws.Discrete((0.0, 1.0, math.pi)).cdf_of_sum(2, x)
    with pytest.raises(NotImplementedError, match="sum"):
        laws.Product().cdf_of_sum(2, x)


def test_sum_bounded_constants() -> None:
    """Theory 5.1, from the exact densities for k <= 60: unimodal and symmetric, so the extremes lie at sqrt(k) and at 0."""
    low, high = laws.Uniform().sum_bounded()
    assert (round(low, 5), round(high, 5)) == (0.15418, 0.70711)
    ks = np.arange(1, 61)
    at_end = np.array([math.sqrt(k) * float(laws.Uniform().density_of_sum(k, math.sqrt(k) * (1 - 1e-12))) for k in ks])
    at_zero = np.array([math.sqrt(k) * float(laws.Uniform().density_of_sum(k, 0.0)) for k in ks])
    assert (at_end > low).all()
    assert (round(at_end[1], 4), round(at_end[5], 4)) == (0.2071, 0.1628)
    assert at_end[-1] == pytest.approx(low, rel=0.01)
    assert at_zero.max() == at_zero[1] == pytest.approx(high, rel=1e-12)
    assert at_zero[-1] == pytest.approx(math.sqrt(1.5 / math.pi), rel=0.01)
    for deviation in (1.0, 0.5):
        low, high = laws.Normal(0, deviation).sum_bounded()
        for k in (1, 4, 25):
            density = laws.Normal(0, deviation * math.sqrt(k)).density
            assert math.sqrt(k) * density([0.0, math.sqrt(k)]) == pytest.approx([high, low])


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("normal(1, 2)", "drift"),
        ("product", "infinite at 0"),
        ("binary", "no density"),
        ("hyperbolic", "around 0"),
        ("uniform(0, 1)", "known"),
        ("product(uniform(1, 2), uniform)", "known"),
    ],
)
def test_no_constants_and_why(name: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        laws.get(name).sum_bounded()


# --- contained uniforms -----------------------------------------------------------------------------------------------


def test_contained_uniforms_by_formula() -> None:
    """Theory 1.4 and 4.1."""
    assert laws.Uniform().contains_uniform() == 1
    assert laws.Uniform().contains_uniform(0.5) == 0.5
    assert laws.Uniform(-0.5, 2).contains_uniform() == 0
    assert laws.Normal().contains_uniform() == pytest.approx(2 * stats.norm.pdf(1))
    relu = laws.Mixture(0.5, laws.Discrete((0,)), laws.Product())
    assert relu.contains_uniform(0.5) == pytest.approx(math.log(2) / 4)
    assert laws.Product().contains_uniform(1 / math.e) == pytest.approx(1 / math.e)
    assert laws.Binary().contains_uniform() == laws.Hyperbolic().contains_uniform() == 0


@pytest.mark.parametrize("name", [n for n in WITH_DENSITY if "-3, -1" not in n])
@pytest.mark.parametrize("a", [0.3, 0.5, 1.0])
def test_contained_uniforms_lie_below_the_density(name: str, a: float) -> None:
    law = laws.get(name)
    p = law.contains_uniform(a)
    density = law.density(np.linspace(-a, a, 2001))
    assert 0 <= p <= 1 + 1e-12
    assert p / (2 * a) <= density.min() * (1 + 1e-12)
    if "mixture" not in name:
        assert p / (2 * a) == pytest.approx(density.min(), rel=1e-9)


# --- names and laws of users ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", WITH_DENSITY + ATOMS + ["mixture(0.5, discrete((0,)), product)", "normal(-1.5e-07, 2)"]
)
def test_names_come_back(name: str) -> None:
    law = laws.get(name)
    assert laws.get(law.name) == law
    assert laws.get(law) is law
    assert law.formula
    assert law.name in repr(law)


@pytest.mark.parametrize(
    ("law", "error", "message"),
    [
        ("cauchy", ValueError, "unknown law 'cauchy'; choose one of 'binary'"),
        ("uniform-2", ValueError, "cannot read law 'uniform-2' .'uniform - 2' is not a number"),
        ("normal(0, 0)", ValueError, "deviation must be > 0"),
        ("normal(0, 1, 2)", ValueError, "cannot read"),
        ("normal(0, ", ValueError, "cannot read"),
        ("normal(deviation=2)", ValueError, "position"),
        ("uniform(1, -1)", ValueError, "low < high"),
        ("grid(0.3)", ValueError, "whole number"),
        ("mixture(1.5, normal, binary)", ValueError, "between 0 and 1"),
        ("hyperbolic(0, 1)", ValueError, "0 < low"),
        ("discrete((1, 1))", ValueError, "different"),
        ("discrete((1, 2), (0.5, 0.6))", ValueError, "add up"),
        ("__import__('os').getcwd()", ValueError, "unknown law"),
        ("3", ValueError, "name one of"),
        (3, TypeError, "name such as"),
    ],
)
def test_misuse(law: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message.replace("(", r"\(")):
        laws.get(law)


def test_a_law_of_a_user() -> None:
    law = laws.UserLaw(
        "triangle",
        density=lambda x: np.maximum(1 - np.abs(x), 0),
        sample=lambda shape, rng: rng.triangular(-1, 0, 1, shape),
        support=(-1, 1),
    )
    assert law.sample((2, 3), 1).shape == (2, 3)
    np.testing.assert_array_equal(law.sample(4, 1), law.sample(4, np.random.default_rng(1)))
    assert law.moment(0) == pytest.approx(1)
    assert law.variance == pytest.approx(1 / 6)
    assert law.cdf([-2.0, -0.5, 0.5, 2.0]) == pytest.approx([0, 0.125, 0.875, 1])
    assert stats.kstest(law.sample(300, 1), law.cdf).pvalue > KS_LEVEL
    for missing in (lambda: law.from_words(WORDS[:2]), lambda: laws.UserLaw("bare").density(0.0)):
        with pytest.raises(NotImplementedError, match="give UserLaw"):
            missing()
    with pytest.raises(ValueError, match="p by hand"):
        law.contains_uniform()
    root = laws.UserLaw("root", quantile=np.sqrt, cdf=lambda x: np.clip(x, 0, 1) ** 2, support=(0, 1))
    assert stats.kstest(root.sample(10_000, 3), root.cdf).pvalue > KS_LEVEL
    inverted = laws.UserLaw("inverted", cdf=lambda x: np.clip(x, 0, 1) ** 2, support=(0, 1))
    np.testing.assert_allclose(inverted.from_words(WORDS[:9]), root.from_words(WORDS[:9]), atol=1e-12)
