"""`Embedding`: rows of a table, and tokens that it does not know."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from slth.networks import Embedding
from tests.reference.layers import embedding

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("places", [None, RNG.normal(size=(7, 3))])
def test_equals_the_loops(places: Any) -> None:
    table = RNG.normal(size=(5, 3))
    layer = Embedding(table, places)
    for tokens in (RNG.integers(0, 5, (2, 7)), RNG.integers(0, 5, (1, 4)), np.array([[4], [0], [2]])):
        np.testing.assert_allclose(layer(tokens), embedding(tokens, table, places), rtol=1e-15)
    assert layer.output_shape((4,)) == (4, 3)
    assert layer.output_shape((None,)) == (None, 3)


@pytest.mark.parametrize("token", [-1.0, 5.0, 0.5, 4.999, 1e300, -1e300, 2.0**63])
def test_unknown_tokens(token: float) -> None:
    with pytest.raises(ValueError, match=r"tokens must be whole numbers in 0\.\.4"):
        Embedding(np.ones((5, 3)))([[0.0, token]])


def test_sequences_that_are_too_long() -> None:
    layer = Embedding(np.ones((5, 3)), np.ones((2, 3)))
    with pytest.raises(ValueError, match="this embedding knows 2 positions, got 3"):
        layer([[0, 1, 2]])
    with pytest.raises(ValueError, match=r"an embedding takes \(positions,\) of tokens, got shape \(1, 1\)"):
        layer([[[0]]])
    assert repr(layer) == "Embedding(5 tokens, d 3, 2 positions)"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"table": np.ones(3)}, "table must have 2 dimension"),
        ({"table": np.ones((0, 3))}, r"table must have shape \(tokens, d\) with both >= 1"),
        ({"table": [[np.nan]]}, "table must be finite"),
        ({"positions": np.ones((2, 4))}, r"positions must have shape \(most, 3\), got \(2, 4\)"),
        ({"positions": np.ones((0, 3))}, r"positions must have shape \(most, 3\), got \(0, 3\)"),
    ],
)
def test_misuse(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Embedding(**({"table": np.ones((5, 3))} | arguments))
