"""Layers whose matrices are made when they are needed: what the layers with their matrices put out, and no memory for those."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from slth.networks import Attention, Conv2d, Dense, Network
from slth.networks.layers import Conv2dForm, DenseForm, Form, drawn
from slth.networks.layers.drawn import Drawn, Rows

RNG = np.random.default_rng(4)
FORMS: dict[str, tuple[Form, tuple[int, ...]]] = {
    "dense": (DenseForm(13, 6, True, "tanh"), (6,)),
    "dense of sequences": (DenseForm(13, 6, False, "identity"), (3, 6)),
    "sparse": (DenseForm(900, 400, True, "relu"), (400,)),
    "images": (Conv2dForm(7, 3, (3, 2), True, "relu", (2, 1), (1, 0), (1, 2)), (3, 6, 7)),
    "pixels": (Conv2dForm(9, 3, (1, 1), False, "gelu"), (3, 4, 5)),
}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("together", [1, 70, 2**17, 2**22])
@pytest.mark.parametrize("name", FORMS)
def test_bit_for_bit(name: str, together: int, dtype: type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawn, "TOGETHER", together)
    form, shape = FORMS[name]
    matrix = RNG.normal(size=(form.rows, form.columns))
    if name == "sparse":
        matrix[RNG.random(matrix.shape) > np.linspace(0, 0.1, form.rows)[:, None]] = 0.0
    bias = RNG.normal(size=form.outputs) if form.bias else None
    asked = []

    def rows(start: int, stop: int) -> np.ndarray:
        asked.append((stop - start) * form.columns)
        return matrix[start:stop].copy()

    layer = form.build(Rows(matrix.shape, rows), bias, 0.3)
    assert isinstance(layer, Drawn)
    x = RNG.normal(size=(5, *shape)).astype(dtype)
    held = form.build(matrix, bias, 0.3).evaluate(x)
    found = layer.evaluate(x)
    assert found.dtype == dtype
    assert found.tobytes() == held.tobytes()
    assert max(asked) <= max(together, form.columns * form.window)
    assert (
        Network((layer,), shape)(x, dtype=dtype).tobytes()
        == Network((form.build(matrix, bias, 0.3),), shape)(x, dtype=dtype).tobytes()
    )


@pytest.mark.parametrize("name", FORMS)
def test_outputs_evaluated_together_change_rounding_only(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    form, shape = FORMS[name]
    matrix = RNG.normal(size=(form.rows, form.columns))
    x = RNG.normal(size=(5, *shape))
    whole = form.build(matrix, None).evaluate(x)
    monkeypatch.setattr(drawn, "TOGETHER", 70)
    np.testing.assert_allclose(form.build(matrix, None).evaluate(x), whole, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("mask", ["none", "causal"])
@pytest.mark.parametrize("biases", [True, False])
def test_attention(biases: bool, mask: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawn, "TOGETHER", 20)
    d, heads, hidden = 4, 2, 6
    some = [RNG.normal(size=n) if biases else None for n in (heads * hidden, heads * hidden, d)]
    form = Attention(*RNG.normal(size=(4, d, d)), heads, *(None if b is None else b[:d] for b in some), mask=mask).form
    weights = [
        (RNG.normal(size=(hidden, d)), RNG.normal(size=(f.rows, hidden)), RNG.uniform(0.5, 2)) for f in form.forms
    ]
    parts: dict[bool, list[tuple[Dense | Drawn, ...]]] = {False: [], True: []}
    for rows in parts:
        for f, (inner, outer, scale) in zip(form.forms, weights, strict=True):
            own = np.linspace(-1, 1, hidden) if f.bias else None
            first, second = ((Rows(m.shape, lambda a, b, m=m: m[a:b]) if rows else m) for m in (inner, outer))
            end = np.linspace(0, 1, f.outputs) if f.bias else None
            parts[rows].append((f.before(first, own), f.widened(hidden).build(second, end, scale)))
    held, found = (form.assembled(parts[rows])[0] for rows in (False, True))
    x = RNG.normal(size=(3, 5, d))
    np.testing.assert_allclose(found.evaluate(x), held.evaluate(x), rtol=1e-12, atol=1e-12)
    assert found.output_shape((None, d)) == held.output_shape((None, d))
    assert Network((found,), (None, d))(x[0]).shape == (5, d)


def test_no_memory_for_the_matrix() -> None:
    form = DenseForm(20_000, 1_000, False)  # 160 MB

    def rows(start: int, stop: int) -> np.ndarray:
        return np.full((stop - start, 1_000), 0.5)

    layer = form.build(Rows((20_000, 1_000), rows), None)
    x = np.ones((2, 1_000))
    tracemalloc.start()
    out = layer.evaluate(x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (out == 500.0).all()
    assert peak < 4.2e7


def test_they_can_only_be_evaluated() -> None:
    layer = DenseForm(2, 3).build(Rows((2, 3), lambda a, b: np.ones((b - a, 3))), None)
    assert layer.size == 0
    with pytest.raises(TypeError, match="has no description"):
        _ = layer.settings
    assert isinstance(Conv2dForm(2, 3, (1, 1)).build(np.ones((2, 3)), None), Conv2d)
