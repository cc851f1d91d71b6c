"""Forms: a linear layer is its matrix, whatever it does with it; and what every layer is known to do to intervals and errors."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slth.networks import Conv2d, Dense, Embedding
from slth.networks.layers import Conv2dForm, DenseForm
from tests.networks.every_layer import LAYERS, WITHOUT_WEIGHTS, inputs

FIXED = settings(database=None, deadline=None, derandomize=True, max_examples=40)
Case = tuple[Dense | Conv2d, np.ndarray]


@st.composite
def dense(draw: st.DrawFn) -> Case:
    d_in, d_out = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    bias = rng.normal(size=d_out) if draw(st.booleans()) else None
    layer = Dense(rng.normal(size=(d_out, d_in)), bias, draw(st.sampled_from(["relu", "tanh"])), 0.7)
    return layer, rng.normal(size=draw(st.sampled_from([(d_in,), (3, d_in), (2, 1, d_in), (d_in, d_in)])))


@st.composite
def conv(draw: st.DrawFn) -> Case:
    groups = draw(st.integers(1, 3))
    out, into = draw(st.tuples(st.integers(1, 2), st.integers(1, 2)))
    three = st.tuples(st.integers(1, 3), st.integers(1, 3))
    kernel, stride, dilation, padding = draw(three), draw(three), draw(three), draw(st.tuples(*[st.integers(0, 3)] * 2))
    size = [
        max(d * (k - 1) + 1 - 2 * p, 1) + draw(st.integers(0, 4))
        for d, k, p in zip(dilation, kernel, padding, strict=True)
    ]
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    bias = rng.normal(size=groups * out) if draw(st.booleans()) else None
    weight = rng.normal(size=(groups * out, into, *kernel))
    layer = Conv2d(weight, bias, draw(st.sampled_from(["relu", "tanh"])), 0.7, stride, padding, dilation, groups)
    return layer, rng.normal(size=(groups * into, *size))


@FIXED
@given(dense() | conv(), st.data())
def test_parts_of_a_layer(case: Case, data: st.DataObject) -> None:
    """Entries and outputs of a layer without its whole matrix."""
    layer, x = case
    form = layer.form
    rows, columns = np.arange(form.rows)[:, None], np.arange(form.columns)
    np.testing.assert_array_equal(layer.entries(*np.broadcast_arrays(rows, columns)), layer.matrix)
    there = form.connects(rows, columns)
    assert there.shape == layer.matrix.shape
    assert (there.sum(axis=0) == form.readers).all()
    assert form.structure is None or (form.structure == there).all()
    assert (layer.matrix[~there] == 0).all()
    start = data.draw(st.integers(0, form.outputs - 1))
    some = slice(start, data.draw(st.integers(start + 1, form.outputs)))
    part = layer.of_outputs(some)
    np.testing.assert_array_equal(part.matrix, layer.matrix[some.start * form.window : some.stop * form.window])
    axis = 1 if isinstance(layer, Conv2d) else -1
    close(part(x[None]), layer(x[None]).take(range(some.start, some.stop), axis=axis))


def close(a: Any, b: Any) -> None:
    np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-12)


@FIXED
@given(dense() | conv())
def test_a_layer_is_built_from_its_matrix(case: Case) -> None:
    layer, x = case
    form = layer.form
    assert layer.matrix.shape == (form.rows, form.columns)
    assert form.rows == form.outputs * form.window
    again = form.build(layer.matrix, layer.bias, layer.scale)
    close(again(x[None]), layer(x[None]))
    assert form.output_shape(x.shape) == layer.output_shape(x.shape) == again.output_shape(x.shape)
    if form.structure is None:
        assert again.arrays["weight"].tobytes() == layer.weight.tobytes()
        assert again.settings == layer.settings
        assert again.form == form
    else:
        assert np.array_equal(layer.matrix != 0, form.structure), "the entries that there are"
        assert form.structure.sum() == layer.weight.size
    assert (form.bias, form.activation) == (layer.bias is not None, layer.activation)
    assert form == type(form)(**form.settings)


@FIXED
@given(dense() | conv())
def test_act_is_the_linear_map_alone(case: Case) -> None:
    layer, x = case
    form = layer.form
    bias = np.zeros(form.outputs) if layer.bias is None else layer.bias
    values = 0.7 * (form.act(layer.matrix, x) + form.spread(bias))
    close(np.tanh(values) if layer.activation == "tanh" else np.maximum(values, 0), layer(x[None])[0])
    absent = form.build(np.zeros_like(layer.matrix), bias)
    close(absent(x[None])[0], absent(0 * x[None])[0])


@FIXED
@given(dense() | conv(), st.data())
def test_columns_multiply_the_numbers_by_column(case: Case, data: st.DataObject) -> None:
    """Nothing but those numbers goes through a column, and `reach` is the largest sum of all that enter an output."""
    layer, x = case
    form = layer.form
    columns = form.by_column(x)
    assert columns.shape == (form.columns, x.size // form.columns)
    i = data.draw(st.integers(0, form.columns - 1))
    alone = np.zeros_like(layer.matrix)
    alone[:, i] = layer.matrix[:, i]
    marked = form.by_column(np.arange(float(x.size)).reshape(x.shape))[i].astype(int)
    other = np.zeros(x.size)
    other[marked] = x.reshape(-1)[marked]
    close(form.act(alone, x), form.act(layer.matrix, other.reshape(x.shape)))
    np.testing.assert_array_equal(columns[i], x.reshape(-1)[marked])
    entered = np.ones(layer.matrix.shape) if form.structure is None else form.structure.astype(float)
    assert form.reach(np.abs(x)) == pytest.approx(form.act(entered, np.abs(x)).max())


@FIXED
@given(dense() | conv(), st.integers(1, 4), st.integers(0, 2**32))
def test_a_hidden_layer_acts_on_every_place_by_itself(case: Case, hidden: int, seed: int) -> None:
    """What a construction relies on: pair of layers = matrix product, place by place."""
    layer, x = case
    form, rng = layer.form, np.random.default_rng(seed)
    inner, bias = rng.normal(size=(hidden, form.columns)), rng.normal(size=hidden)
    outer = rng.normal(size=(form.rows, hidden))
    everywhere = bool(seed % 2)
    before, wide = form.before(inner, bias, everywhere=everywhere), form.widened(hidden, everywhere=everywhere)
    seen = x
    if isinstance(before, Conv2d) and isinstance(wide, Conv2dForm) and isinstance(form, Conv2dForm):
        assert {before.padding, wide.padding} == {(0, 0), form.padding}, "the border is there once, before or behind"
        seen = np.pad(x, ((0, 0), *((p, p) for p in before.padding)))
    expected = np.maximum(inner @ form.by_column(seen) + bias[:, None], 0)
    close(wide.by_column(before(x[None])[0]), expected)
    assert (wide.columns, wide.rows, wide.outputs, wide.structure) == (hidden, form.rows, form.outputs, None)
    linear = form.before(np.vstack([inner, -inner]), None, everywhere=everywhere)(x[None])  # relu(z) - relu(-z) = z
    both = form.widened(2 * hidden, everywhere=everywhere).act(np.hstack([outer, -outer]), linear[0])
    product = outer @ inner
    whole = form.widened(form.columns, everywhere=everywhere)  # without groups
    close(both, whole.act(product, seen))
    behind = replace(form, bias=False).widened(form.columns)  # what is no constant does not see where the border is
    close(both, behind.act(product, x))


@FIXED
@given(dense() | conv(), st.integers(0, 2**32))
def test_a_constant_channel_is_a_bias_everywhere(case: Case, seed: int) -> None:
    """Through the rows that `bias_rows` names, or any rows where the border comes first, a constant gives a constant."""
    layer, x = case
    form, rng = layer.form, np.random.default_rng(seed)
    rows = form.bias_rows
    assert rows.shape == (form.outputs,)
    assert (rows // form.window == np.arange(form.outputs)).all()
    values = np.arange(1.0, form.outputs + 1)
    anywhere = np.arange(form.outputs) * form.window + rng.integers(0, form.window, form.outputs)
    for everywhere, through in ((False, rows), (True, anywhere)):
        if not (form.bias or everywhere):
            continue
        constant = form.before(np.zeros((1, form.columns)), np.ones(1), everywhere=everywhere)(x[None])[0]
        wide = form.widened(1, everywhere=everywhere)
        matrix = np.zeros((wide.rows, 1))
        matrix[through, 0] = values
        out = wide.act(matrix, constant)
        assert out.shape == form.output_shape(x.shape)
        np.testing.assert_array_equal(out, np.broadcast_to(wide.spread(values), out.shape))


def test_bias_rows_by_hand() -> None:
    assert Conv2dForm(2, 1, (3, 3), padding=(1, 1)).bias_rows.tolist() == [4, 13]
    assert Conv2dForm(1, 1, (3, 3)).bias_rows.tolist() == [0]
    assert Conv2dForm(1, 1, (5, 3), padding=(2, 0), dilation=(2, 1)).bias_rows.tolist() == [3]
    assert DenseForm(3, 2).bias_rows.tolist() == [0, 1, 2]
    nowhere = Conv2dForm(2, 1, (2, 2), padding=(1, 1))  # every place of the kernel leaves the image somewhere
    assert nowhere.bias_rows.tolist() == [0, 4]
    assert nowhere.widened(3).settings == nowhere.settings | {"c_in": 3, "padding": (0, 0)}
    assert nowhere.before(np.ones((3, 1)), np.ones(3)).settings["padding"] == (1, 1)
    for form in (Conv2dForm(2, 1, (3, 3), padding=(1, 1)), Conv2dForm(2, 1, (2, 2), False, padding=(1, 1))):
        assert form.widened(3).settings == form.settings | {"c_in": 3}, "the border is moved only where it has to be"
        assert form.before(np.ones((3, 1)), None).settings["padding"] == (0, 0)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"c_out": 0}, ValueError, "c_out must be >= 1"),
        ({"c_in": 1.0}, TypeError, "c_in must be a positive integer"),
        ({"groups": 2}, ValueError, "groups=2 must divide 3 input and 4 output channels"),
        ({"kernel": 0}, ValueError, "kernel must be >= 1"),
        ({"padding": -1}, ValueError, "padding must be >= 0"),
        ({"activation": "swish"}, ValueError, "unknown activation"),
    ],
)
def test_misuse_of_forms(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Conv2dForm(**({"c_out": 4, "c_in": 3, "kernel": (2, 2)} | arguments))


def test_misuse_of_dense_forms() -> None:
    with pytest.raises(ValueError, match="d_out must be >= 1"):
        DenseForm(0, 1)
    with pytest.raises(TypeError, match="d_in must be a positive integer"):
        DenseForm(1, "1")  # type: ignore[arg-type]
    assert type(DenseForm(np.int64(2), 1).d_out) is int  # type: ignore[arg-type]


# --- intervals and errors -------------------------------------------------------------------------------------------


def known(name: str) -> bool:
    """Whether bounds are known of the layer of this name, by itself."""
    layer, shape = LAYERS[name]
    try:
        layer.interval(np.zeros(shape), np.zeros(shape))
    except ValueError:
        return False
    return True


KNOWN = [name for name in LAYERS if name not in WITHOUT_WEIGHTS and known(name)]


def test_bounds_are_known_of_all_layers_without_weights() -> None:
    assert {"average pool", "max pool", "global average", "flatten", "elementwise"} <= set(KNOWN)


@pytest.mark.parametrize("name", KNOWN)
@FIXED
@given(st.integers(0, 2**32), st.sampled_from([1e-9, 1e-3, 1.0, 30.0]), st.sampled_from([0.0, 1e-12, 0.1, 5.0]))
def test_intervals_and_errors_enclose(name: str, seed: int, width: float, error: float) -> None:
    """Inputs within the interval, moved by no more than the error, corners among them: bounds hold as computed."""
    layer, shape = LAYERS[name]
    if isinstance(layer, Embedding):
        width, error = round(width), 0.0
    rng = np.random.default_rng(seed)
    low = inputs(name, 1)[0] - (0 if isinstance(layer, Embedding) else rng.normal())
    high = low + width * rng.random(shape).round(0 if isinstance(layer, Embedding) else 16)
    if isinstance(layer, Embedding):
        high = np.minimum(high, len(layer.table) - 1)
    errors = error * rng.random(shape)
    share = rng.random((40, *shape))
    share[20:] = share[20:].round()
    x = low + share * (high - low)
    if isinstance(layer, Embedding):
        x = x.round()
    x = np.clip(x, low, high)
    moves = rng.uniform(-1, 1, x.shape)
    moves[::2] = np.sign(moves[::2])
    other = x + moves * errors
    errors = np.nextafter(np.maximum(errors, np.abs(other - x).max(axis=0)), np.inf) if error else errors
    below, above = layer.interval(low, high)
    y, moved = layer(x), layer.moved(errors, low, high)
    slack = 1e-12 * (1 + np.maximum(np.abs(low), np.abs(high)).max())
    assert below.shape == above.shape == moved.shape == layer.output_shape(shape)
    assert (below - slack <= y).all()
    assert (y <= above + slack).all()
    assert (np.abs(layer(other) - y) <= moved).all()


@pytest.mark.parametrize("name", ["average pool", "max pool", "global average", "flatten", "elementwise"])
def test_infinite_ends(name: str) -> None:
    layer, shape = LAYERS[name]
    for low, high in ((-np.inf, np.inf), (0.0, np.inf), (-np.inf, 0.0), (-np.inf, 1.0)):
        below, above = layer.interval(np.full(shape, low), np.full(shape, high))
        assert not np.isnan(below).any()
        assert not np.isnan(above).any()
        assert (below <= above).all()


def test_a_point_moves_by_nothing_but_rounding() -> None:
    for name in KNOWN:
        layer, _ = LAYERS[name]
        x = inputs(name, 1)[0]
        assert layer.moved(np.zeros(x.shape), x, x).max() < 1e-10
