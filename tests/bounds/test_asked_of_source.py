"""A row a theorem: widths that are the theorems' own, scaling that is exact, and reasons one can act on."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

from slth import Network, data
from slth.bounds.asked_of_source import for_network
from slth.bounds.networks import dense, lower, one_by_one
from slth.bounds.requirements import Requirement
from slth.bounds.target import read_target
from slth.networks import Conv2d, Dense

RNG = np.random.default_rng(8)


def network(*norms: float, bias: bool = False, widths: tuple[int, ...] = (5, 4, 3)) -> Network:
    layers = []
    for i, (d_in, d_out) in enumerate(pairwise(widths)):
        weight = RNG.normal(size=(d_out, d_in))
        weight *= norms[i] / np.linalg.norm(weight, 2)
        layers.append((weight, RNG.normal(size=d_out) if bias else None))
    return Network.read(layers)


def test_rows_are_the_theorems() -> None:
    found = for_network((20, 30, 10), 0.05, 0.02, C=7.0, c_amp=2.0, density=0.2)
    pensia = dense.pensia_width((20, 30, 10), 0.05, 0.02, 7.0)
    row = found["pensia_width"]
    assert row.widths == (20, int(pensia.hidden[0]), 30, int(pensia.hidden[1]), 10)
    assert row.parameters == pensia.m
    assert row.density is None
    assert "C = 7 assumed" in row.assumed

    explicit = dense.pensia_width_explicit((20, 30, 10), 0.05, 0.02)
    assert found["pensia_width_explicit"].parameters == explicit.m

    # one number for error and failure there, and rho = 3
    natale = dense.sslth_width(0.2 / 3, (20, 30, 10), 0.02, 2.0)
    assert found["sslth_width"].parameters == natale.m
    assert found["sslth_width"].density == pytest.approx(0.2)

    assert found["pensia_lower"].parameters == lower.pensia_lower(10, 0.05, 0.98)
    assert found["pensia_lower_sparse"].parameters == lower.pensia_lower_sparse(10, 0.05, 0.2, 0.98)
    assert found["quantized_lower"].parameters == math.ceil(100 * math.log2(513) + math.log2(0.98))
    assert found["natale_lower_exact"].density == 900 / found["natale_lower_exact"].parameters
    assert "not stated here" in found["orseau_k"].why


def test_malach_by_hand() -> None:
    found = for_network((2, 3), 0.1, 0.1)["malach_samples"]
    # entries within 0.1 / (2 sqrt 6), u and v each within half of it, six weights to share delta
    tolerance = 0.1 / (2 * math.sqrt(6)) / 2
    n = math.ceil(4 / tolerance**2 * math.log(2 * 6 / 0.1))
    assert found.widths == (2, 2 * n, 3)
    assert found.parameters == 2 * 2 * n + 2 * n * 3
    assert found.density == 24 / found.parameters
    product = for_network((2, 3), 0.1, 0.1)["single_product_samples"]
    assert product.widths[1] == 2 * one_by_one.single_product_samples(2 * tolerance, 0.1 / 6)
    assert product.parameters < found.parameters


@pytest.mark.parametrize("widths", [(3, 3), (20, 30, 10), (5, 5, 5, 5)])
@pytest.mark.parametrize("eps", [0.3, 1e-3, 1e-9])
def test_widths_and_parameters_agree(widths: tuple[int, ...], eps: float) -> None:
    found = for_network(widths, eps)
    for row in found.rows:
        if row.widths:
            assert row.parameters == sum(a * b for a, b in pairwise(row.widths))
            assert (row.widths[0], row.widths[-1]) == (widths[0], widths[-1])
        assert row.density is None or 0 < row.density <= 1
        assert row.applies == (row.parameters is not None)
        assert row.assumed or row.why


@pytest.mark.parametrize("eps", [0.4, 1e-2, 1e-5, 1e-9])
@pytest.mark.parametrize("d", [2, 10, 100])
def test_no_proven_width_is_below_a_necessary_one(d: int, eps: float) -> None:
    """For one layer the targets of the two sides are the same: all d x d matrices of norm at most 1."""
    found = for_network((d, d), eps, 0.4)
    necessary = found["pensia_lower"].parameters
    for name in ("malach_samples", "single_product_samples", "pensia_width_explicit"):
        parameters = found[name].parameters
        assert parameters is not None
        assert necessary is not None
        assert parameters > necessary
    for name in ("malach_samples", "single_product_samples"):
        row = found[name]
        assert row.density is not None
        assert row.parameters is not None
        assert row.parameters > lower.pensia_lower_sparse(d, eps, row.density, 0.6)


def test_growth() -> None:
    def of(eps: float, name: str) -> int:
        parameters = for_network((10, 10), eps)[name].parameters
        assert parameters is not None
        return parameters

    assert of(1e-6, "malach_samples") / of(1e-3, "malach_samples") == pytest.approx(1e6, rel=1e-3)
    # log(1 / eps): the steps are equal
    steps = [of(10.0**-i, "pensia_width_explicit") for i in (3, 6, 9)]
    assert steps[2] - steps[1] == pytest.approx(steps[1] - steps[0], rel=0.05)


def test_what_is_excluded_is_named() -> None:
    found = for_network(network(1.0, 3.5, bias=True), 0.1)
    why = found["pensia_width"].why
    assert "biases in layer 0, 1" in why
    assert "spectral norm 3.5 > 1 of layer 1" in why
    assert "layer 0" not in why.replace("layer 0, 1", "")
    assert "use scale=True" in why
    assert found["pensia_width"].parameters is None
    assert found["pensia_lower"].applies
    assert str(found).count("as above") == 5
    assert found["sreenivasan_dims"].why == why
    assert "as above" not in str(for_network((5, 4, 3), 0.1))

    identity = Network((Dense(np.eye(3), None, "identity"), Dense(np.eye(3), None, "identity")))
    for scale in (False, True):
        assert "layer 0 has another activation" in for_network(identity, 0.1, scale=scale)["sslth_width"].why


def test_norms_of_exactly_one_count_as_one() -> None:
    found = for_network(network(1.0, 1.0), 0.1)
    assert found["pensia_width"].applies
    assert found["pensia_width"] == for_network((5, 4, 3), 0.1)["pensia_width"]
    assert not for_network(network(1.0, 1.001), 0.1)["pensia_width"].applies


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("norms", [(3.0, 0.5), (0.1, 0.2), (2.0, 4.0)])
def test_scaling_is_exact(norms: tuple[float, float], bias: bool) -> None:
    """f(x) = factor * g(y), y = x or (x, 1) / sqrt 2, where g has norms <= 1 and no biases."""
    target = network(*norms, bias=bias)
    scaled, factor = read_target(target, None, True)
    assert max(scaled.norms) <= 1 + 1e-12
    assert scaled.biased == ()
    assert scaled.widths == ((6, 5, 3) if bias else (5, 4, 3))
    assert factor >= 1
    weights = [np.asarray(layer.weight) for layer in target.layers]
    if bias:
        lifted = [np.column_stack([layer.weight, layer.bias]) for layer in target.layers]
        weights = [np.vstack([lifted[0], np.eye(1, 6, 5)]), lifted[1]]
    sizes = [np.linalg.norm(weight, 2) for weight in weights]
    expected = max(1.0, math.prod(sizes)) * (math.sqrt(2) if bias else 1)
    assert factor == pytest.approx(expected)
    x = RNG.normal(size=(50, 5))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    y = np.column_stack([x, np.ones(50)]) / math.sqrt(2) if bias else x
    g = [weights[0] / sizes[0], weights[1] / sizes[1] * min(1.0, math.prod(sizes))]
    assert [np.linalg.norm(w, 2) for w in g] == pytest.approx(list(scaled.norms))
    assert factor * (np.maximum(y @ g[0].T, 0) @ g[1].T) == pytest.approx(target(x))


def test_scaling_of_widths() -> None:
    plain, scaled = (
        for_network((4, 4, 4), 0.1, norms=(2.0, 3.0)),
        for_network((4, 4, 4), 0.1, norms=(2.0, 3.0), scale=True),
    )
    assert "spectral norm 2 > 1 of layer 0" in plain["pensia_width"].why
    assert scaled.shrunk == pytest.approx(0.1 / 6)
    assert scaled["pensia_width"] == for_network((4, 4, 4), scaled.shrunk)["pensia_width"]
    assert for_network((4, 4), 0.1, norms=(0.5,), scale=True).shrunk == 0.1


def test_digits() -> None:
    found = for_network(data.digits_arrays(), 0.1, scale=True)
    assert found.target.widths == (65, 33, 10)
    assert all(row.applies for row in found.rows if row.bounds[0] != "orseau_k")
    assert "(scaled: 0.00387)" in str(found)
    assert all(not row.applies for row in for_network(data.digits_arrays(), 0.1).rows if row.direction == "sufficient")


def test_a_network_of_zeros() -> None:
    zeros = [(np.zeros((3, 2)), None), (np.zeros((2, 3)), np.zeros(2))]
    assert for_network(zeros, 0.1)["pensia_width"].applies
    assert for_network(zeros, 0.1, scale=True).shrunk == 0.1


def test_what_overflows_or_does_not_fit_is_a_reason() -> None:
    found = for_network((10, 10), 1e-200)
    assert "beyond float64" in found["malach_samples"].why
    assert found["pensia_width_explicit"].applies
    assert "density must be at most rho / 2" in for_network((10, 10), 0.1, density=0.9)["sslth_width"].why
    assert "probability >= 1/2" in for_network((10, 10), 0.1, 0.9)["natale_lower_exact"].why


@pytest.mark.parametrize(
    ("arguments", "keywords", "message"),
    [
        (((3, 3), 1.0), {}, "epsilon and delta must be < 1"),
        (((3, 3), 0.1, 1.0), {}, "epsilon and delta must be < 1"),
        (((3, 3), -0.1), {}, "epsilon must be > 0"),
        (((3,), 0.1), {}, "at least two"),
        (((3, 3), 0.1), {"norms": (1.0, 1.0)}, "norms must be 1 numbers >= 0"),
        (((3, 3), 0.1), {"density": 0.0}, "density must be > 0"),
    ],
)
def test_numbers_out_of_range(arguments: tuple[object, ...], keywords: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        for_network(*arguments, **keywords)  # type: ignore[arg-type]


def test_norms_belong_to_widths() -> None:
    with pytest.raises(ValueError, match="a network has norms of its own"):
        for_network(network(1.0, 1.0), 0.1, norms=(1.0, 1.0))


def test_it_prints() -> None:
    found = for_network((20, 20), 0.1)
    text = str(found)
    assert max(map(len, text.splitlines())) <= 160
    assert "Pensia et al., Theorem 2" in text
    assert found._repr_html_().count("<tr>") == 1 + len(found.rows)
    with pytest.raises(KeyError, match="no theorem here stands on 'nothing'"):
        found["nothing"]
    assert not Requirement("some", ("x",), "sufficient", why="because").applies


def sphere(d: int, points: int) -> np.ndarray:
    x = RNG.normal(size=(points, d))
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0)


@pytest.mark.parametrize("search", ["apart", "product"])
def test_sources_of_the_size_of_malach_contain_the_target(search: str) -> None:
    """Drawn, pruned to two neurons a weight, evaluated: fails at most half the time (at most 35 of 40 at false alarm 1e-6)."""
    rng, epsilon, delta = np.random.default_rng(3), 0.4, 0.5
    weight = rng.normal(size=(2, 2))
    weight /= np.linalg.norm(weight, 2)
    name = {"apart": "malach_samples", "product": "single_product_samples"}[search]
    row = for_network([(weight, None)], epsilon, delta)[name]
    n, tolerance = row.widths[1] // 2, epsilon / (2 * 2)
    x, failures = sphere(2, 1000), 0
    for _ in range(40):
        out, missing = np.zeros((1000, 2)), False
        for i in range(2):
            u = rng.uniform(-1, 1, n)  # shared by the outputs
            for j in range(2):
                v, w = rng.uniform(-1, 1, n), weight[j, i]
                for sign in (1, -1):
                    if search == "apart":
                        near = (np.abs(u - sign * abs(w)) <= tolerance / 2) & (
                            np.abs(v - sign * np.sign(w)) <= tolerance / 2
                        )
                    else:
                        near = np.abs(u * v - w) <= tolerance
                    near &= u * sign > 0
                    k = int(near.argmax())
                    missing |= not near[k]
                    out[:, j] += v[k] * relu(u[k] * x[:, i])
        failures += missing
        if not missing:
            assert np.linalg.norm(out - x @ weight.T, axis=1).max() <= epsilon
    assert failures <= 35


def test_a_source_of_the_explicit_size_contains_the_target() -> None:
    """Pensia et al. with every constant: blocks by the sign of u, a subset sum a weight and sign, the network evaluated."""
    from slth.subset_sum import solve

    rng, epsilon = np.random.default_rng(4), 0.4
    weight = rng.normal(size=(2, 2))
    weight /= np.linalg.norm(weight, 2)
    row = for_network([(weight, None)], epsilon, 0.5)["pensia_width_explicit"]
    n = row.widths[1] // 4
    assert row.widths == (2, 4 * n, 2)
    x = sphere(2, 1000)
    out = np.zeros((1000, 2))
    for i in range(2):
        for sign in (1, -1):
            u = rng.uniform(-1, 1, n)
            kept = u * sign > 0
            for j in range(2):
                v = rng.uniform(-1, 1, n)
                found = solve(u[kept] * v[kept], weight[j, i], objective="any", epsilon=epsilon / 8)
                chosen = np.flatnonzero(kept)[np.asarray(found.coefficients, bool)]
                assert abs((u * v)[chosen].sum() - weight[j, i]) <= epsilon / 8
                out[:, j] += relu(np.outer(x[:, i], u[chosen])) @ v[chosen]
    assert np.linalg.norm(out - x @ weight.T, axis=1).max() <= epsilon


def test_numbers_that_no_table_holds() -> None:
    found = for_network([4, 3], 0.1, C=1e300)
    assert "sreenivasan_dims: the parameters are beyond float64" in found["sreenivasan_dims"].why
    assert "beyond" in repr(found)
    with pytest.raises(ValueError, match="density must be <= 1, got 2"):
        for_network([4, 3], 0.1, density=2)
    with pytest.raises(ValueError, match=r"norms of the layers, 1e\+200, 1e\+200, have a product beyond float64"):
        for_network([4, 3, 2], 0.1, norms=[1e200, 1e200], scale=True)
    with pytest.raises(ValueError, match=r"product beyond float64"):
        for_network([(1e200 * np.eye(2), None), (1e200 * np.eye(2), None)], 0.1, scale=True)


def test_widths_may_be_floats() -> None:
    assert for_network([4.0, 3.0], 0.1).rows == for_network([4, 3], 0.1).rows
    with pytest.raises(ValueError, match="widths must be at least two whole numbers"):
        for_network([4.5, 3.0], 0.1)


def test_what_is_necessary_does_not_count_the_length_of_the_lifted_input() -> None:
    """sup over abs(x) <= 1 of abs(A (x, 1)) is at least the norm of A: errors are not larger there by sqrt(2) for nothing."""
    target = network(2.0, 3.0, bias=True)
    found = for_network(target, 0.1, scale=True)
    assert found.target.longest == math.sqrt(2)
    unshrunk = found.shrunk * math.sqrt(2)
    assert found["pensia_lower"].parameters == lower.pensia_lower(3, unshrunk, 0.99)
    assert found["pensia_lower_sparse"].parameters == lower.pensia_lower_sparse(3, unshrunk, 0.1, 0.99)
    assert found["pensia_width_explicit"].parameters == dense.pensia_width_explicit((6, 5, 3), found.shrunk, 0.01).m
    angles = np.linspace(0, 2 * np.pi, 2001)
    x = np.array([np.cos(angles), np.sin(angles), np.ones(2001)])
    for matrix in RNG.normal(size=(200, 3, 3)):
        assert np.linalg.norm(matrix @ x, axis=0).max() >= np.linalg.norm(matrix, 2) * (1 - 1e-5)


def test_only_dense_networks() -> None:
    image = Network((Conv2d(np.ones((1, 1, 2, 2)), None, "identity"),), (1, 4, 4))
    with pytest.raises(ValueError, match=r"about dense networks, got Network\(\(1, 4, 4\).*cnn_width_explicit"):
        for_network(image, 0.1)
