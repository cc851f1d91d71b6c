"""Scalars raise, arrays are NaN, the formula sees nothing outside the hypotheses, and the message says which one fails."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from numpy.typing import ArrayLike

from slth import bounds
from slth.bounds import statement as catalogue_of
from slth.bounds.hypotheses import Arguments, HypothesisError, HypothesisWarning
from slth.bounds.statement import statement


def root(x: ArrayLike, k: ArrayLike = 1) -> Any:
    args = Arguments("root", x=x, k=k)
    x, k = args
    args.require("x >= 0", x >= 0)
    args.require_whole("k")

    def formula(x: Any, k: Any) -> Any:
        assert (x >= 0).all()
        return k * np.sqrt(x)

    return args.real(formula)


def test_scalars() -> None:
    assert root(4) == 2.0
    assert isinstance(root(4), float)
    with pytest.raises(HypothesisError, match=r"^root needs x >= 0, got x = -1, k = 1$"):
        root(-1)
    with pytest.raises(HypothesisError, match=r"root needs a whole number k >= 1, got x = 4, k = 1\.5"):
        root(4, 1.5)
    assert isinstance(bounds.rss_n_explicit(0.1, 0.5), int)


def test_arrays_broadcast_and_are_nan_outside() -> None:
    np.testing.assert_array_equal(root([[4.0], [9.0]], [1, 2, 3]), [[2, 4, 6], [3, 6, 9]])
    with pytest.warns(HypothesisWarning, match=r"root needs x >= 0: 2 of 3 entries are NaN, the first at x = -1"):
        found = root([-1.0, 4.0, -9.0])
    np.testing.assert_array_equal(found, [np.nan, 2, np.nan])
    with pytest.warns(HypothesisWarning) as said:
        root([-1.0, 4.0], [1.0, 0.5])
    assert len(said) == 2  # one for each hypothesis that fails
    assert root(np.zeros((0, 3))).shape == (0, 3)


def test_an_array_of_one_entry_is_an_array() -> None:
    with pytest.warns(HypothesisWarning):
        assert np.isnan(root([-1.0])).all()


def test_the_warning_names_the_caller() -> None:
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        bounds.rss_n_explicit([0.1, -1], 0.1)
    assert said[0].filename == __file__


@pytest.mark.parametrize("bad", [np.nan, np.inf, [1.0, np.nan]])
def test_what_is_no_number_is_misuse(bad: Any) -> None:
    with pytest.raises(ValueError, match="x must be finite"):
        root(bad)


def test_misuse() -> None:
    with pytest.raises(TypeError, match="x must hold real numbers"):
        root("four")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"do not broadcast: x \(2,\), k \(3,\)"):
        root([1.0, 2.0], [1, 2, 3])


def test_whole_numbers_beyond_float64() -> None:
    args = Arguments("huge", x=1.0)
    with pytest.raises(OverflowError, match="huge"):
        args.whole(lambda x: x * np.inf)


def test_a_statement_fills_docstring_and_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    entered: dict[str, bounds.Bound] = {}
    monkeypatch.setattr(catalogue_of, "STATEMENTS", entered)

    @statement(
        "the half", tex="x / 2", cites=("slth",), where="Theorem 1", mark="recalled", confidence="low", checked=True,
        assumptions=("x is real",), direction="exact", constants={"C": "anything"}, unchecked="trivial",
    )  # fmt: skip
    def half(x: float) -> float:
        """Half of x."""
        return x / 2

    (bound,) = entered.values()
    assert (bound(3), bound.parameters, bound.provenance) == (1.5, ("x",), "recalled (low), checked")
    assert repr(bound) == "<exact half: the half [recalled (low), checked]>"
    assert half.__doc__ is not None
    for words in ("Half of x.", "x / 2", "* x is real", "C: anything", "slth: Theorem 1."):
        assert words in half.__doc__
    with pytest.raises(RuntimeError, match="two bounds are called half"):
        statement("the half", tex="x / 2", cites=("slth",), where="", mark="read", assumptions=(), direction="exact")(
            half
        )


def test_what_float64_cannot_calculate() -> None:
    def power(x: ArrayLike) -> Any:
        return Arguments("power", x=x).real(lambda x: x * x)

    def ratio(x: ArrayLike) -> Any:
        return Arguments("ratio", x=x).real(lambda x: (x * x) / (x * x))

    assert power(1e200) == np.inf  # and no RuntimeWarning
    with pytest.raises(HypothesisError, match="ratio needs numbers that float64 can calculate with, got x = 1e\\+200"):
        ratio(1e200)
    with pytest.warns(HypothesisWarning, match="1 of 2 entries are NaN"):
        np.testing.assert_array_equal(ratio([1e200, 2.0]), [np.nan, 1.0])
    with pytest.raises(ValueError, match=r"x must be finite, got an integer beyond float64"):
        power(10**400)


def test_want_of_memory_names_the_bound() -> None:
    def hungry(x: float) -> Any:
        raise MemoryError("7 PiB")

    with pytest.raises(MemoryError, match="hungry: 7 PiB; its memory grows with the numbers"):
        Arguments("hungry", x=1.0).real(hungry)


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("rss_n_explicit", (0.01, 0.01, 1.7e308, 1e-309)),
        ("rss_failure_explicit", (40, 0.01, 1.7e308, 0.5)),
        ("rss_mean_error_explicit", (20, 1.7e308, 1e100)),
        ("rss_n_reach", (0.01, 0.01, 1.0, 1.7e308, 0.5)),
        ("rss_n_lueker", (0.01, 0.01, 1.7e308)),
        ("rss_tail_dacunha", (50, 0.01, 1.7e308)),
        ("rss_tail_discrete", (100, 100, 0, 1.7e308, 11)),
        ("rfss_n", (1.7e308, 1e-4)),
        ("rfss_n_simplified", (500_000, 1e-4, 1.7e308)),
        ("pensia_lower", (1e300, 0.01)),
        ("natale_lower_exact", (1e300, 10, 0.01)),
        ("npp_kappa_c", (1.7e308,)),
        ("rss_lueker_constant", (5e-324,)),
        ("log2_subnetworks", (100, 5e-324)),
    ],
)
def test_the_ends_of_float64(name: str, args: tuple[float, ...]) -> None:
    """A number, infinity, or an error that names the bound; never a RuntimeWarning."""
    outcome: Any
    try:
        outcome = getattr(bounds, name)(*args)
    except (HypothesisError, OverflowError) as error:
        outcome = str(error)
    assert outcome.startswith(name) if isinstance(outcome, str) else not np.isnan(outcome)
