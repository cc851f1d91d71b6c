"""What holds of layers of every kind: shapes, precision, values that nobody changes, pickles."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import slth
from slth.networks import Dense, Layer
from slth.networks.layers import KINDS, Shape
from slth.networks.layers.layer import shown
from tests.networks.every_layer import LAYERS, WITHOUT_WEIGHTS, inputs, same

ANY_SHAPE = ("elementwise", "flatten")
EVALUATED = [name for name in LAYERS if name not in WITHOUT_WEIGHTS]


def test_every_kind_is_here() -> None:
    assert {layer.kind for layer, _ in LAYERS.values()} == set(KINDS)


@pytest.mark.parametrize("name", EVALUATED)
def test_the_output_has_the_shape_foretold(name: str) -> None:
    layer, shape = LAYERS[name]
    for batch in (1, 3):
        assert layer(inputs(name, batch)).shape == (batch, *layer.output_shape(shape))


@pytest.mark.parametrize("name", EVALUATED)
def test_rows_do_not_depend_on_one_another(name: str) -> None:
    x = inputs(name, 3)
    rows = np.concatenate([LAYERS[name][0](x[i : i + 1]) for i in range(3)])
    np.testing.assert_allclose(LAYERS[name][0](x), rows, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("name", EVALUATED)
def test_the_input_stays_as_it_is(name: str) -> None:
    x = inputs(name, 2)
    x.flags.writeable = False
    before = x.tobytes()
    LAYERS[name][0](x)
    assert x.tobytes() == before


@pytest.mark.parametrize("name", EVALUATED)
def test_single_precision_stays_single(name: str) -> None:
    layer, _ = LAYERS[name]
    x = inputs(name, 2)
    out = layer.evaluate(x.astype(np.float32))
    assert out.dtype == np.float32
    np.testing.assert_allclose(out, layer(x), rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("name", LAYERS)
def test_pickles_and_copies_are_the_same(name: str) -> None:
    layer, _ = LAYERS[name]
    for other in (pickle.loads(pickle.dumps(layer)), copy.deepcopy(layer), copy.copy(layer)):
        assert same(other, layer)
        assert repr(other) == repr(layer)
        assert all(not array.flags.writeable for array in other.arrays.values())


@pytest.mark.parametrize("name", LAYERS)
def test_parameters_are_counted(name: str) -> None:
    layer, _ = LAYERS[name]
    assert layer.size == sum(array.size for array in layer.arrays.values())
    assert layer.kept == sum(int((array != 0).sum()) for array in layer.arrays.values())


@pytest.mark.parametrize("name", LAYERS)
def test_inputs_of_another_shape(name: str) -> None:
    layer, shape = LAYERS[name]
    wrong = [(), (*shape, 1, 1, 1)]
    if not any(word in name for word in ("pool", "global", "embedding without")):
        wrong.append(tuple(d + 1 for d in shape))
    if name in ANY_SHAPE:
        assert all(isinstance(layer.output_shape(other), tuple) for other in wrong)
        return
    if name == "softmax":
        wrong = [()]
    for other in wrong:
        with pytest.raises(ValueError, match=r"got|agree|at least"):
            layer.output_shape(other)


@pytest.mark.parametrize("name", WITHOUT_WEIGHTS)
def test_forms_cannot_be_evaluated(name: str) -> None:
    layer, shape = LAYERS[name]
    with pytest.raises(TypeError, match="has no weights to evaluate with"):
        layer(np.zeros((1, *shape)))


class Sine(Layer):
    """A kind of its own, of which no bounds are known."""

    kind = "sine"
    arrays = {}  # noqa: RUF012
    settings = {}  # noqa: RUF012

    def output_shape(self, shape: Shape) -> Shape:
        return shape

    def evaluate(self, x: np.ndarray) -> np.ndarray:
        return np.sin(x)


def test_no_bound_is_an_error() -> None:
    """Also where such a layer stands in a target: refused at once, in words that say which layer."""
    x = np.zeros(2)
    with pytest.raises(ValueError, match=r"no bound on what a layer .*Sine.* puts out is known.*networks of their own"):
        Sine().interval(x, x)
    with pytest.raises(ValueError, match=r"no error bound is known here for a layer .*Sine"):
        Sine().moved(x, x, x)
    target = slth.Network((Dense(np.eye(2)), Sine(), Dense(np.eye(2))))
    np.testing.assert_array_equal(target(np.ones(2)), np.maximum(np.sin(np.ones(2)), 0))
    for epsilon in (None, 1.0):
        with pytest.raises(ValueError, match=r"no (error )?bound .*Sine"):
            slth.approximate(target, 4, epsilon=epsilon, rng=0)


def test_a_layer_is_abstract() -> None:
    with pytest.raises(TypeError, match="abstract"):
        Layer()  # type: ignore[abstract]


def test_shapes_in_messages() -> None:
    assert [shown(s) for s in ((), (3,), (None, 8), (1, 2, 3))] == ["()", "(3,)", "(any, 8)", "(1, 2, 3)"]
