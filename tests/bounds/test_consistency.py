"""What all bounds have in common: arrays are scalars side by side, monotone where they must be, lower sides below upper ones.

`CASES` has an ordinary point for every bound of the catalogue, and the parameters in which it is monotone, each with the range over which.
"""

from __future__ import annotations

import inspect
import re
import warnings
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from slth import bounds
from slth.bounds.hypotheses import HypothesisError, HypothesisWarning

Grid = NDArray[np.float64]


def down(low: float, high: float, points: int = 40) -> Grid:
    return np.geomspace(low, high, points)


def whole(low: int, high: int, points: int = 40) -> Grid:
    return np.unique(np.round(np.geomspace(low, high, points)))


@dataclass(frozen=True)
class Case:
    """An ordinary point, and how the result moves: "+eps" does not fall, "-eps" does not rise as eps grows over the grid."""

    point: dict[str, Any]
    moves: dict[str, Grid]
    slack: float = 0.0
    leave_out: tuple[str, ...] = ()


TINY = down(1e-300, 0.3)
SMALL = down(1e-9, 0.3)
SOME = down(0.5, 20)
POWERS = 2.0 ** -np.arange(20, 0, -1)

CASES: dict[str, Case] = {
    # one-dimensional subset sums
    "rss_n_explicit": Case({"err": 0.1, "delta": 0.1}, {"-err": TINY, "-delta": TINY, "-c": down(0.01, 0.5)}),
    "rss_n_explicit_full": Case({"err": 0.1, "delta": 0.1}, {"-err": TINY, "-delta": TINY, "-c": down(0.01, 0.5)}),
    "rss_failure_explicit": Case({"n": 50, "err": 0.1}, {"-n": whole(1, 10**6), "-err": TINY, "-c": down(0.01, 0.5)}),
    "rss_failure_explicit_full": Case(
        {"n": 50, "err": 0.1}, {"-n": whole(1, 10**6), "-err": TINY, "-c": down(0.01, 0.5)}
    ),
    "rss_mean_error_explicit": Case({"n": 50}, {"-n": whole(1, 10**6), "-c": down(0.01, 0.5)}),
    "rss_n_reach": Case(
        {"err": 0.1, "delta": 0.1, "L": 3.0},
        {"-err": TINY, "-delta": TINY, "+L": down(0.01, 1e4), "-c": down(0.01, 0.5)},
    ),
    "rss_n_lueker": Case({"eps": 0.1, "delta": 0.1, "C": 3.0}, {"-eps": TINY, "-delta": TINY, "+C": SOME}),
    "rss_lueker_constant": Case({"p": 0.5}, {"-p": down(1e-9, 1)}),
    "rss_tail_dacunha": Case(
        {"n": 200, "eps": 0.01, "C": 3.0}, {"-n": whole(20, 10**6), "-eps": down(1e-15, 0.3), "+C": SOME}
    ),
    "rss_tail_discrete": Case(
        {"t": 200, "M": 1000, "Delta": 3, "C": 3.0, "kappa": 4.0},
        {"-t": whole(20, 10**6), "+M": whole(3, 10**9), "-Delta": np.arange(0.0, 1000, 25), "+C": SOME, "+kappa": SOME},
    ),
    "rss_failure_discrete": Case(
        {"t": 100, "M": 1000}, {"-t": whole(1, 10**5), "+M": whole(2, 10**9), "-p": down(0.01, 1)}
    ),
    "rss_n_discrete": Case({"M": 1000, "delta": 0.1}, {"+M": whole(2, 10**9), "-delta": TINY, "-p": down(0.01, 1)}),
    "discrete_n": Case({"delta_q": 0.001, "Delta": 2, "C": 3.0}, {"-delta_q": POWERS, "+C": SOME}),
    "rss_n_counting": Case({"eps": 0.1}, {"-eps": TINY, "+L": down(0.01, 1e9)}),
    "rss_n_first_moment": Case({"eps": 0.1, "p": 0.5}, {"-eps": TINY, "+p": down(1e-9, 1), "-D": down(1e-3, 1e3)}),
    "rss_target_prob": Case(
        {"n": 12, "eps": 0.01, "z": 0.2}, {"+eps": SMALL[::4], "+n": np.arange(1.0, 30)}, slack=0.01
    ),
    "rss_cover_prob": Case({"n": 12, "eps": 0.01}, {"+eps": SMALL[::8], "+n": np.arange(1.0, 30, 4)}, slack=0.01),
    # fixed size
    "rfss_n": Case({"k": 5, "eps": 0.01}, {"-eps": SMALL, "+c_hyp": SOME[SOME >= 1]}),
    "rfss_n_uniform": Case({"k": 5, "eps": 0.01, "c_amp": 2.0}, {"-eps": SMALL, "+c_amp": SOME}),
    "rfss_n_simplified": Case(
        {"k": 1000, "eps": 2.0**-60, "c_amp": 0.3}, {"-eps": down(2.0**-70, 2.0**-45), "+c_amp": down(0.1, 0.38)}
    ),
    "rfss_c_thm": Case(
        {"n": 40, "k": 10, "eps": 0.01, "cl": 0.154, "cu": 0.708},
        {"+n": whole(20, 10**4), "+cl": down(1e-3, 0.154), "-cu": down(0.708, 10)},
    ),
    "rfss_c_thm_least": Case({"cl": 0.154, "cu": 0.708}, {"+cl": down(1e-3, 0.154), "-cu": down(0.708, 10)}),
    "rfss_success_normal": Case({"n": 30, "k": 10, "eps": 0.001}, {"+eps": down(1e-9, 0.004)}, slack=1e-9),
    "rfss_success_prob": Case({"n": 20, "k": 5, "eps": 0.001}, {"+eps": down(1e-9, 0.1, 8)}, slack=0.01),
    "rfss_expected": Case({"n": 20, "k": 5, "eps": 0.001}, {"+eps": down(1e-9, 0.1, 8), "+n": whole(5, 10**4, 8)}),
    "rfss_moment_ratio": Case(
        {"n": 30, "k": 5, "z": 0.0, "eps": 0.01}, {"-eps": SMALL, "-n": whole(10, 10**4)}, slack=1e-9
    ),
    "rfss_moment_limit": Case({"gamma": 0.3}, {"+gamma": down(1e-6, 0.99), "+u": down(1e-6, 5)}),
    "rfss_kmin": Case(
        {"n": 20, "eps": 0.001, "p": 0.5}, {"-eps": down(1e-5, 0.1, 6), "+p": np.array([0.05, 0.3, 0.6, 0.9])}
    ),
    "rfss_density_threshold": Case({"n": 200, "eps": 0.001}, {"-eps": down(1e-9, 0.1), "-n": whole(100, 10**6)}),
    # counting
    "binary_entropy": Case({"p": 0.2}, {"+p": np.append(0, down(1e-300, 0.5)), "-p": 1 - down(1e-15, 0.5)[::-1]}),
    "log2_binom": Case({"n": 100, "k": 10}, {"+n": whole(10, 10**15), "+k": np.arange(0.0, 51)}),
    "binom_entropy_bounds": Case({"n": 100, "k": 10}, {"+n": whole(20, 10**9), "+k": np.arange(1.0, 50)}),
    # its lower side, (n/k)^k, is largest at n / e
    "log2_binom_sum": Case({"n": 100, "k": 10}, {"+n": whole(20, 10**9), "+k": np.arange(1.0, 37)}),
    "log2_subnetworks": Case(
        {"m": 1000, "density": 0.25}, {"+m": 4 * whole(1, 10**9), "+density": np.arange(1, 500) / 1000}
    ),
    # dense networks
    "propagated_error": Case({"eps": 0.1, "depth": 3}, {"+eps": TINY, "+depth": whole(1, 10**6)}, slack=1e-15),
    "layer_tolerance": Case({"eps": 0.1, "depth": 3}, {"+eps": TINY, "-depth": whole(1, 10**6)}),
    "entry_tolerance": Case({"eps": 0.1, "widths": (5, 6, 4)}, {"+eps": TINY}),
    "pensia_width": Case(
        {"widths": (5, 6, 4), "eps": 0.1, "delta": 0.1, "C": 3.0}, {"-eps": TINY, "-delta": TINY, "+C": SOME}
    ),
    "pensia_width_explicit": Case({"widths": (5, 6, 4), "eps": 0.1, "delta": 0.1}, {"-eps": TINY, "-delta": TINY}),
    "pensia_error_explicit": Case({"widths": (5, 6, 4), "width": (4000, 4200), "delta": 0.1}, {"-delta": SMALL}),
    "sslth_width": Case(
        {"gamma_prime": 0.1, "widths": (5, 6, 4), "eps": 0.1, "c_amp": 2.0}, {"-eps": SMALL, "+c_amp": SOME}
    ),
    "sslth_width_simplified": Case(
        {"gamma": 0.5, "d": 10**4, "depth": 2, "eps": 1e-12, "c_amp": 1.0},
        {"-eps": down(1e-30, 1e-8), "+d": whole(10**4, 10**8), "+depth": whole(2, 10**4)},
    ),
    "sslth_equivariant_width": Case(
        {"gamma": 0.1, "n": 10, "depth": 2, "eps": 0.1, "c_amp": 2.0},
        {"-eps": SMALL, "+c_amp": SOME, "+n": whole(1, 10**6), "+depth": whole(1, 100)},
    ),
    "pensia_lower": Case({"d": 10, "eps": 0.1}, {"+d": whole(1, 10**6), "-eps": TINY, "+probability": down(1e-9, 1)}),
    "pensia_lower_sparse": Case(
        {"d": 10, "eps": 0.1, "gamma": 0.1}, {"+d": whole(1, 10**6), "-eps": TINY, "-gamma": down(1e-9, 1)}
    ),
    "pensia_lower_width": Case({"d": 10, "eps": 0.1}, {"+d": whole(1, 10**6), "-eps": TINY}),
    "natale_lower": Case({"d": 10, "k": 100, "eps": 0.01}, {"+d": whole(1, 50), "-eps": down(1e-9, 0.06)}),
    "natale_lower_exact": Case({"d": 10, "k": 100, "eps": 0.01}, {"+d": whole(1, 50), "-eps": down(1e-9, 0.3)}),
    # one by one
    "malach_samples": Case({"eps": 0.1, "delta": 0.1}, {"-eps": SMALL, "-delta": TINY}),
    "single_product_prob": Case({"w": 0.5, "eps": 0.1}, {"+eps": TINY, "-w": np.append(0, down(1e-9, 1))}, slack=1e-15),
    "single_product_samples": Case({"eps": 0.1, "delta": 0.1}, {"-eps": SMALL, "-delta": TINY, "+w": down(1e-9, 1)}),
    "malach_overparameterisation": Case(
        {"m_t": 100, "eps": 0.1, "C": 1.0}, {"+m_t": whole(1, 10**9), "-eps": SMALL, "+C": SOME}
    ),
    "malach_density": Case({"m_t": 100, "eps": 0.1, "C": 1.0}, {"-m_t": whole(1, 10**9), "+eps": SMALL, "+C": SOME}),
    "orseau_k": Case({"eps": 0.1}, {"-eps": TINY}),
    "orseau_samples": Case({"k": 10, "delta": 0.1}, {"+k": whole(1, 10**6), "-delta": TINY}),
    "orseau_samples_exact": Case({"k": 5, "delta": 0.1}, {"+k": whole(1, 30), "-delta": down(1e-12, 0.9, 10)}),
    "orseau_samples_mean": Case({"k": 10}, {"+k": whole(1, 10**9)}),
    # depth L+1 and convolutions
    "burkholz_eps_layer": Case(
        {"outputs": 3, "norms": [1.0, 0.5], "input_norms": [1.0, 2.0], "eps": 0.1},
        {"-outputs": whole(1, 10**6), "+eps": SMALL},
    ),
    "propagated_tolerances": Case({"row_sums": [1.0, 0.5], "input_norms": [1.0, 2.0], "eps": 0.1}, {"+eps": SMALL}),
    "burkholz_width": Case(
        {"widths": (4, 3, 2), "eps_layers": (0.1, 0.01), "delta": 0.1, "C": 3.0},
        {"-delta": down(1e-12, 1e-3)},
        leave_out=("rho",),
    ),
    "activation_scale": Case({"err": 0.1, "reach": 1.0, "activation": "tanh"}, {"+err": SMALL, "-reach": SOME}),
    "cnn_width": Case(
        {"channels": (2, 3, 4), "kernels": (3, 5), "eps": 0.1, "delta": 0.1, "C": 3.0},
        {"-eps": TINY, "-delta": TINY, "+C": SOME},
    ),
    "cnn_width_explicit": Case(
        {"channels": (2, 3, 4), "kernels": (3, 5), "eps": 0.1, "delta": 0.1}, {"-eps": TINY, "-delta": TINY}
    ),
    "structured_cnn_width": Case(
        {"kernel": 3, "channels": 2, "outputs": 4, "depth": 2, "eps": 0.1, "C": 1.0},
        {"-eps": SMALL, "+kernel": whole(1, 30), "+channels": whole(1, 100), "+C": SOME},
    ),
    # attention
    "linear_gadget_n": Case(
        {"d1": 8, "d2": 8, "eps": 0.1, "C": 3.0}, {"+d1": whole(1, 10**6), "+d2": whole(1, 10**6), "-eps": TINY}
    ),
    "linear_gadget_n_explicit": Case(
        {"d1": 8, "d2": 8, "err": 0.1, "delta": 0.1}, {"+d2": whole(1, 10**6), "-err": TINY, "-delta": TINY}
    ),
    "mha_dims": Case(
        {"d1": 8, "d2": 8, "H": 2, "alpha": 4.0, "eps": 0.1, "C": 3.0},
        {"+H": whole(1, 100), "+alpha": down(3, 100), "-eps": TINY, "+C": SOME},
    ),
    "mha_dims_explicit": Case(
        {"d1": 8, "d2": 8, "H": 2, "alpha": 4.0, "eps": 0.1, "delta": 0.1},
        {"+H": whole(1, 100), "+alpha": down(3, 100), "-eps": SMALL, "-delta": SMALL},
    ),
    "mha_block_dims": Case(
        {"d1": 8, "H": 2, "L": 2, "alpha": 4.0, "eps": 0.1, "C": 3.0},
        {"+H": whole(1, 100), "+alpha": down(3, 100), "-eps": SMALL, "+C": SOME},
    ),
    "softmax_error": Case(
        {"d1": 8, "alpha": 3.0, "e_max": 0.1}, {"+d1": whole(1, 100), "+alpha": SOME, "+e_max": SMALL}
    ),
    "softmax_error_linear": Case(
        {"d1": 8, "alpha": 3.0, "e_max": 0.1}, {"+d1": whole(1, 100), "+alpha": SOME, "+e_max": SMALL}
    ),
    "softmax_error_sharp": Case({"alpha": 3.0, "e_max": 0.1}, {"+alpha": SOME, "+e_max": SMALL}),
    "mha_error": Case(
        {"d1": 8, "d2": 8, "H": 2, "alpha": 4.0, "key_error": 0.01, "value_error": 0.01},
        {"+H": whole(1, 100), "+key_error": SMALL, "+value_error": SMALL},
    ),
    # quantized and binary
    "quantized_lower": Case(
        {"d": 10, "delta": 0.25, "p": 0.5}, {"+d": whole(1, 10**6), "-delta": POWERS, "+p": down(1e-9, 1)}
    ),
    "quantized_samples": Case({"delta": 0.25}, {"-delta": POWERS}),
    "quantized_width": Case({"d": 10, "delta": 0.25, "C": 3.0}, {"+d": whole(1, 10**6), "-delta": POWERS, "+C": SOME}),
    "quantized_width_shallow": Case(
        {"d": 10, "delta": 0.25, "C": 3.0}, {"+d": whole(1, 10**6), "-delta": POWERS, "+C": SOME}
    ),
    "quantized_failure": Case(
        {"n_weights": 10, "delta": 0.25, "C": 0.1}, {"+n_weights": whole(1, 10**3), "+C": down(1e-3, 1)}
    ),
    "mpt_width": Case(
        {"d": 10, "depth": 2, "eps": 0.1, "C_1": 1.0, "C_2": 2.0},
        {"+d": whole(1, 10**6), "+depth": whole(1, 100), "-eps": SMALL, "+C_1": SOME, "+C_2": SOME},
    ),
    "sreenivasan_dims": Case(
        {"d": 10, "depth": 2, "eps": 0.1, "C_1": 1.0, "C_2": 2.0},
        {"+d": whole(1, 10**6), "+depth": whole(1, 100), "-eps": SMALL, "+C_1": SOME, "+C_2": SOME},
    ),
    # sparse sources, vectors
    "er_width_factor": Case({"p": 0.5}, {"-p": down(1e-12, 0.999)}),
    "er_width": Case(
        {"width": 10, "p": 0.5, "delta": 0.1}, {"+width": whole(1, 10**6), "-p": down(1e-9, 0.99), "-delta": TINY}
    ),
    "er_slt_width": Case(
        {"width": 10, "p": 0.5, "eps": 0.1, "delta": 0.1, "C": 3.0},
        {"+width": whole(1, 10**6), "-p": down(1e-9, 0.99), "-eps": TINY, "-delta": TINY, "+C": SOME},
    ),
    "er_samples": Case(
        {"n_rss": 20, "p": 0.5, "delta": 0.1}, {"+n_rss": whole(1, 10**3), "-p": down(1e-3, 1), "-delta": SMALL}
    ),
    "er_samples_chernoff": Case(
        {"n_rss": 20, "p": 0.5, "delta": 0.1}, {"+n_rss": whole(1, 10**3), "-p": down(1e-3, 1), "-delta": SMALL}
    ),
    "locked_shift": Case(
        {"n_locked": 20, "delta": 0.1}, {"+n_locked": whole(1, 10**6), "-delta": SMALL, "+largest": SOME}
    ),
    "mrss_n": Case({"d": 3, "eps": 0.1, "C": 3.0}, {"+d": whole(1, 10**4), "-eps": TINY, "+C": SOME}),
    "mrss_n_explicit": Case(
        {"d": 3, "eps": 0.1, "delta": 0.1}, {"-eps": down(1e-6, 0.3, 8), "-delta": down(1e-9, 0.5, 8)}
    ),
    "mrss_lower": Case({"d": 3, "eps": 0.1}, {"+d": whole(1, 10**6), "-eps": TINY}),
    "mrss_target_lower": Case({"d": 3, "eps": 0.1, "p": 0.5}, {"-eps": SMALL, "+p": down(1e-9, 1)}),
    # number partitioning
    "npp_kappa_c": Case({"n": 20}, {"+n": whole(10, 10**6)}),
    "npp_kappa_c_constrained": Case({"b": 0.2}, {"-b": np.linspace(0, 0.41, 20)}),
    "npp_expected_perfect": Case({"n": 20, "M": 1000}, {"+n": whole(4, 1000), "-M": whole(10, 10**9)}),
    "npp_perfect_prob": Case({"n": 20, "M": 1000}, {"-M": whole(10, 10**9)}),
    "npp_discrepancy": Case({"n": 20, "second_moment": 0.3}, {"-n": whole(2, 1000), "+second_moment": SOME}),
    "bcp_rho": Case(
        {"n": 20, "M": 1000}, {"-M": whole(10, 10**9), "+n": whole(4, 1000), "-z": np.arange(0.0, 5000, 100)}
    ),
    "npp_solvable_prob": Case({"n": 20, "M": 1000}, {}),
}

# data, constants and functions of whole samples: nothing to be monotone in
OTHERS = {
    "count_subsets_exact", "count_subsets_gauss", "count_subsets_saddle", "lipschitz_error", "log_closest_error", "mrss_block",
    "npp_bias_c", "pattern_loss", "sum_bounded_constants",
}  # fmt: skip


def outcomes(result: Any, leave_out: tuple[str, ...] = ()) -> dict[str, Grid]:
    """Every number of a result, by field."""
    if is_dataclass(result) and not isinstance(result, type):
        found = {field.name: getattr(result, field.name) for field in fields(result) if field.name not in leave_out}
        return {name: np.asarray(value, np.float64) for name, value in found.items()}
    return {"result": np.asarray(result, np.float64)}


def test_every_bound_has_a_case() -> None:
    names = {bound.name for bound in bounds.catalogue()}
    assert names - CASES.keys() - OTHERS == set(), "add a point, and in what it is monotone"


IN_CATALOGUE = {bound.name: bound for bound in bounds.catalogue()}
KNOWN = sorted(CASES.keys() & IN_CATALOGUE.keys())


@pytest.mark.parametrize("name", KNOWN)
def test_monotone(name: str) -> None:
    for move in CASES[name].moves:
        case, sign = CASES[name], 1 if move[0] == "+" else -1
        grid = case.moves[move]
        moved = False
        for field, values in outcomes(IN_CATALOGUE[name](**case.point | {move[1:]: grid}), case.leave_out).items():
            if values.shape[:1] != grid.shape:
                continue  # does not depend on this parameter
            assert not np.isnan(values).any(), f"{field} at {move} is NaN at an ordinary point"
            steps = sign * np.diff(values, axis=0)
            with np.errstate(invalid="ignore"):
                falls = steps < -case.slack - 1e-12 * np.abs(values[1:])
            assert not falls.any(), f"{field} at {move} {grid[1:][falls.reshape(len(falls), -1).any(axis=1)][:3]}"
            moved |= bool(np.ptp(values[np.isfinite(values)]) > 0)
        assert moved, f"constant: the grid of {move} shows nothing"


@pytest.mark.parametrize("name", KNOWN)
def test_arrays_are_scalars_side_by_side(name: str) -> None:
    case, bound = CASES[name], IN_CATALOGUE[name]
    for move, grid in case.moves.items():
        some = grid[:: max(1, len(grid) // 3)]
        together = outcomes(bound(**case.point | {move[1:]: some}))
        for i, value in enumerate(some.tolist()):
            try:
                alone = bound(**case.point | {move[1:]: value})
            except OverflowError:
                continue
            for field, number in outcomes(alone).items():
                array = together[field]
                of_this = array[i] if array.shape[:1] == some.shape and array.ndim > number.ndim else array
                # an iteration may stop one step earlier
                assert np.allclose(of_this, number, rtol=1e-12, atol=0, equal_nan=True), f"{field} at {move} = {value}"
            if not is_dataclass(alone) and not isinstance(alone, np.ndarray):
                assert type(alone) in (int, float)


@pytest.mark.parametrize("name", KNOWN)
def test_outside_the_hypotheses(name: str) -> None:
    """Every parameter of an interval with an end refuses what lies beyond: an error for scalars, NaN and a warning in arrays."""
    case, bound = CASES[name], IN_CATALOGUE[name]
    refused = 0
    for parameter, value in case.point.items():
        if "ArrayLike" not in str(inspect.signature(bound.function).parameters[parameter].annotation) or np.ndim(value):
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", HypothesisWarning)
            try:
                bound(**case.point | {parameter: -1.0})
            except HypothesisError as error:
                message = str(error)
            else:
                continue
        refused += 1
        assert re.search(rf"^{name} needs .*-1", message), message
        with pytest.warns(HypothesisWarning, match=f"{name} needs"):
            mixed = outcomes(bound(**case.point | {parameter: np.array([-1.0, float(value)])}))
        good, lost = outcomes(bound(**case.point)), False
        for field, array in mixed.items():
            if array.shape[:1] == (2,) and array.ndim > good[field].ndim:
                lost |= bool(np.isnan(array[0]).all())
                assert np.allclose(array[1], good[field], rtol=1e-12, atol=0, equal_nan=True)
        assert lost, f"{parameter} = -1 is not NaN in an array"
    assert refused


def catalogued(name: str) -> Any:
    """A bound by name; its test waits for it."""
    if name not in IN_CATALOGUE:
        pytest.skip(f"{name} is not in the catalogue")
    return IN_CATALOGUE[name]


ERRORS = np.geomspace(1e-12, 0.45, 40)[:, None]
FAILURES = np.array([0.5, 0.1, 1e-3, 1e-9])


def test_samples_necessary_for_all_targets_are_below_sufficient_ones() -> None:
    necessary = catalogued("rss_n_counting")(ERRORS, 0.5)
    one_target = catalogued("rss_n_first_moment")(ERRORS, 1 - FAILURES)
    near, full = catalogued("rss_n_explicit")(ERRORS, FAILURES), catalogued("rss_n_explicit_full")(ERRORS, FAILURES)
    assert (necessary < near).all()
    assert (one_target < near).all()
    assert (near <= full).all()
    assert (catalogued("rss_n_counting")(ERRORS, 1.0) < full).all()
    # the constant of Lueker's theorem pays for its short formula
    proven = catalogued("rss_n_lueker")(ERRORS, FAILURES, catalogued("rss_lueker_constant")(1.0))
    assert (full <= proven).all()
    reach = catalogued("rss_n_reach")
    assert (reach(ERRORS, FAILURES, 0.5) == near).all()
    assert (reach(ERRORS, FAILURES, 1.0) <= full).all()
    assert (reach(ERRORS, FAILURES, 7.0) > catalogued("rss_n_counting")(ERRORS, 7.0)).all()


@pytest.mark.parametrize("law", [(0.5, 0.5), (0.25, 0.5), (1 / (2 * np.e), 0.25)])
def test_the_explicit_pairs_are_inverse(law: tuple[float, float]) -> None:
    err = np.geomspace(1e-12, 2 * law[0], 40)[:, None]
    for end in ("", "_full"):
        n = catalogued(f"rss_n_explicit{end}")(err, FAILURES, *law)
        failure = catalogued(f"rss_failure_explicit{end}")
        assert (failure(n, err, *law) <= FAILURES * (1 + 1e-9)).all()
        assert (failure(np.maximum(n - 1, 0), err, *law) > FAILURES * (1 - 1e-9))[n > 0].all()


def test_discrete_pair_is_inverse_and_above_counting() -> None:
    n_of, failure = catalogued("rss_n_discrete"), catalogued("rss_failure_discrete")
    M = np.array([1.0, 2, 10, 1000, 10**6])[:, None]
    n = n_of(M, FAILURES)
    assert (failure(n, M) <= FAILURES * (1 + 1e-9)).all()
    assert (failure(n - 1, M) > FAILURES * (1 - 1e-9)).all()
    assert (n >= np.log2(2 * M + 1)).all(), "2^n sums for 2 M + 1 targets"


def test_predicted_covering_lies_between() -> None:
    """At the sufficient n the predicted success is at least what is proven, and below the counting bound there is none."""
    cover = catalogued("rss_cover_prob")
    for err, delta in ((0.1, 0.5), (0.01, 0.1)):
        assert cover(catalogued("rss_n_explicit")(err, delta), err) >= 1 - delta
        # predictors are poor below 0.1, but not that poor
        assert cover(catalogued("rss_n_counting")(err, 0.5) - 1, err) < 0.05


def test_counting_parameters_is_below_what_suffices() -> None:
    """Targets of one layer are all d x d matrices of norm at most 1: both sides speak of the same."""
    for d in (1, 2, 10, 100):
        for eps in (0.4, 0.1, 1e-3, 1e-9):
            explicit = catalogued("pensia_width_explicit")((d, d), eps, 0.5)
            assert explicit.m > catalogued("pensia_lower")(d, eps, 0.5)
            assert explicit.hidden[0] > catalogued("pensia_lower_width")(d, eps, 0.5)


def test_sparse_counting_is_below_natale() -> None:
    """Theorem 3 with any c_amp that its Corollary 1 can have, so at least 1, is above what tickets of its density need."""
    gamma = np.geomspace(1e-6, 0.5, 20)
    for d, eps in ((2, 0.1), (30, 1e-3), (200, 1e-9)):
        found = catalogued("sslth_width")(gamma, (d, d), eps, 1.0)
        assert (found.m > catalogued("pensia_lower_sparse")(d, eps, gamma, 1 - eps)).all()
        assert (found.ticket <= found.gamma * found.m * (1 + 1e-12)).all()


def test_the_closed_form_of_natale_is_weaker() -> None:
    d, k = np.array([2.0, 5, 10])[:, None, None], np.array([4.0, 30, 1000])[:, None]
    eps = np.array([0.05, 1e-3, 1e-9])
    simple, exact = catalogued("natale_lower")(d, k, eps), catalogued("natale_lower_exact")(d, k, eps)
    # it starts at k / lambda instead of k
    assert (simple <= np.maximum(exact, np.ceil(k / (1 - 1 / (2 * np.pi))))).all()


def test_one_by_one() -> None:
    eps = np.geomspace(1e-6, 0.49, 30)[:, None]
    apart, product = (
        catalogued("malach_samples")(eps, FAILURES),
        catalogued("single_product_samples")(2 * eps, FAILURES),
    )
    assert (product <= apart).all(), "u and v near w and 1 make a product near w"


def test_coupon_collectors() -> None:
    k = np.arange(1.0, 20)[:, None]
    assert (catalogued("orseau_samples_exact")(k, FAILURES) <= catalogued("orseau_samples")(k, FAILURES)).all()
    golden = (np.sqrt(5) - 1) / 2
    assert catalogued("orseau_k")(golden**7 * (1 + 1e-9)) == 7


def test_binomials_lie_between_their_bounds() -> None:
    n = whole(2, 10**9)[:, None]
    k = np.maximum(np.floor(n * np.array([0.001, 0.1, 0.25, 0.5])), 1)
    exact, sides = catalogued("log2_binom")(n, k), catalogued("binom_entropy_bounds")(n, k)
    low, high = outcomes(sides).values()
    assert (low <= exact * (1 + 1e-12)).all()
    assert (exact <= high * (1 + 1e-12)).all()
    assert (high - low < 0.7).all(), "they differ by the factor 2 / sqrt(pi) or so"
    assert (exact <= outcomes(catalogued("log2_binom_sum")(n, k))["log2_upper"] * (1 + 1e-12)).all()


def test_errors_of_layers() -> None:
    depth = whole(1, 10**6)
    for eps in (1e-300, 1e-9, 0.1, 1.0):
        error = catalogued("propagated_error")(eps, depth)
        assert (error <= eps).all()
        assert (error >= eps / 2 * (1 - 1e-12)).all()
        assert catalogued("propagated_error")(eps, 10**9) == pytest.approx(np.expm1(eps / 2), rel=1e-6)
    same = catalogued("lipschitz_error")(np.ones(5), np.full(5, catalogued("layer_tolerance")(0.3, 5)))
    assert same == pytest.approx(catalogued("propagated_error")(0.3, 5), rel=1e-12)


def test_softmax_errors_are_in_order() -> None:
    e = np.geomspace(1e-9, 0.5, 30)
    sharp = catalogued("softmax_error_sharp")(3.0, e)
    stated, linear = catalogued("softmax_error")(4, 3.0, e), catalogued("softmax_error_linear")(4, 3.0, e)
    assert (sharp <= stated).all()
    assert (stated <= linear).all()


def test_sparse_sources() -> None:
    exact, chernoff = catalogued("er_samples"), catalogued("er_samples_chernoff")
    n, p = np.array([1.0, 10, 300])[:, None], np.array([0.01, 0.3, 0.9])
    assert (exact(n, p, 0.01) <= chernoff(n, p, 0.01)).all()
    assert (exact(n, p, 0.01) >= n).all()
    assert exact(17, 1.0, 1e-9) == 17


def test_vectors() -> None:
    for d in (1, 2, 3):
        for eps in (0.1, 0.01):
            assert catalogued("mrss_n_explicit")(d, eps, 0.1) > catalogued("mrss_lower")(d, eps)


def test_published_numbers() -> None:
    explicit = catalogued("rss_n_explicit")
    assert explicit([[0.1], [0.03], [0.01]], [0.5, 0.1, 0.01]).tolist() == [[21, 27, 35], [30, 35, 43], [37, 43, 51]]
    assert [catalogued("rfss_n")(k, eps) for k, eps in ((3, 0.01), (5, 1e-4), (1, 0.01))] == [9, 19, 38]
    assert catalogued("sum_bounded_constants")("uniform") == pytest.approx((0.15418, 0.70711), abs=1e-5)
    loss = [catalogued("pattern_loss")(s, B) for s, B in ((2, 4), (1, 4), (1, 8))]
    assert loss == pytest.approx([0.646, 0.616, 0.690], abs=5e-4)
    assert catalogued("binary_entropy")(0.5) == 1
    assert catalogued("npp_kappa_c")(20) == pytest.approx(1 - np.log2(np.pi * 20 / 6) / 40)
    assert catalogued("npp_bias_c")() == pytest.approx(np.sqrt(2) - 1)
    assert catalogued("quantized_samples")(0.25) == 5
    assert catalogued("pensia_lower")(3, 1 / 16) == 9 * 3 - 1
