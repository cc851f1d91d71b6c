"""Laws: exact values at the ends, symmetry, and the distributions themselves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from slth.networks import LAWS

FIXED = settings(database=None, deadline=None, derandomize=True, max_examples=100)
DISTRIBUTIONS = {"uniform": stats.uniform(-1, 2), "normal": stats.norm()}
WORDS = np.random.PCG64(2024).random_raw(100_000)


def one(law: str, word: int) -> float:
    return float(LAWS[law].from_words(np.array([word], dtype=np.uint64))[0])


@FIXED
@given(st.integers(0, 2**64 - 1))
def test_uniform_equals_exact_integer_arithmetic(word: int) -> None:
    assert one("uniform", word) == (2 * (word >> 11) + 1 - 2**53) / 2**53  # an exact quotient of Python integers


@FIXED
@given(st.integers(0, 2**64 - 1), st.sampled_from(sorted(LAWS)))
def test_symmetric_finite_and_never_zero(word: int, law: str) -> None:
    value, mirrored = one(law, word), one(law, 2**64 - 1 - word)
    assert value != 0
    assert np.isfinite(value)
    assert mirrored == (-value if law == "uniform" else pytest.approx(-value, rel=1e-12))


def test_ends() -> None:
    assert one("uniform", 0) == -(1 - 2**-53)
    assert one("uniform", 2**64 - 1) == 1 - 2**-53
    assert one("uniform", 2**63) == 2**-53
    assert one("normal", 0) == pytest.approx(-8.2095361516)
    assert one("normal", 2**64 - 1) == pytest.approx(8.2095361516)
    assert 0 < one("normal", 2**63) < 1e-15


def test_shapes_are_kept() -> None:
    for law in LAWS.values():
        values = law.from_words(np.arange(6, dtype=np.uint64).reshape(2, 3))
        assert values.shape == (2, 3)
        assert values.dtype == np.float64


@pytest.mark.parametrize("law", sorted(LAWS))
def test_distribution(law: str) -> None:
    """Kolmogorov-Smirnov on 100,000 values; false-alarm probability 1e-6 for a new seed."""
    values = LAWS[law].from_words(WORDS)
    assert stats.kstest(values, DISTRIBUTIONS[law].cdf).pvalue > 1e-6
    assert stats.kstest(1.05 * values, DISTRIBUTIONS[law].cdf).pvalue < 1e-6  # negative control: 5 % too wide


def test_names() -> None:
    assert sorted(LAWS) == ["normal", "uniform"]
    for name, law in LAWS.items():
        assert law.name == name
        assert law.formula
