"""Small networks to count the subnetworks of, and what the slow twin says of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from slth.census.answer import Census
from slth.census.parameters import Parameters
from slth.census.question import Question, read_question
from slth.networks import Network
from slth.networks.layers import Dense
from tests.reference import census as slow


def layers_of(network: Network) -> list[slow.Layer]:
    """As the twin takes them."""
    return [
        (layer.weight.tolist(), None if layer.bias is None else layer.bias.tolist(), layer.activation, layer.scale)
        for layer in network.layers
    ]


def network(
    widths: Sequence[int],
    seed: int,
    *,
    bias: bool = True,
    activations: Sequence[str] | None = None,
    scale: float = 1.0,
    integer: bool = False,
) -> Network:
    """A random network; with `integer` small integers, zeros among them."""
    rng = np.random.default_rng(seed)
    names = activations or ["relu"] * (len(widths) - 2) + ["identity"]
    layers = []
    for d_in, d_out, name in zip(widths[:-1], widths[1:], names, strict=True):
        if integer:
            weight, biases = rng.integers(-2, 3, (d_out, d_in)).astype(float), rng.integers(-1, 2, d_out).astype(float)
        else:
            weight, biases = rng.uniform(-1, 1, (d_out, d_in)), rng.uniform(-1, 1, d_out)
        layers.append(Dense(weight, biases if bias else None, name, scale))
    return Network(tuple(layers))


def planted(source: Network, seed: int, share: float = 0.6) -> Network:
    """A subnetwork, to be the target."""
    rng = np.random.default_rng(seed)
    parameters = Parameters(source)
    return parameters.pruned(rng.random(parameters.count) < share)


def question(source: Network, target: Any, epsilon: float, inputs: Any, loss: Any = "sup") -> Question:
    return read_question(source, target, epsilon, inputs, None, loss)


def slow_masks(source: Network, target: Network, epsilon: float, inputs: Any) -> list[slow.Mask]:
    """All masks within epsilon, in exact arithmetic on both sides."""
    goal = layers_of(target)
    every = (1,) * len(slow.places(goal))
    return slow.within(layers_of(source), inputs, [slow.outputs(goal, every, x) for x in inputs], epsilon)


def packed(masks: Iterable[slow.Mask]) -> np.ndarray:
    """By size, then as numbers."""
    ordered = sorted(masks, key=lambda mask: (sum(mask), mask))
    return np.packbits(np.array(ordered, bool).reshape(len(ordered), -1), axis=1)


def count(method: Any, asked: Question, **options: Any) -> Census:
    given: dict[str, Any] = {"once": (), "by_layer": False, "masks": False, "workers": 2, "progress": False}
    census: Census = method.count(asked, **(given | options))
    return census


def check(method: Any, source: Network, asked: Question, found: list[slow.Mask]) -> None:
    """All that a census says against the masks that the twin found."""
    layers = layers_of(source)
    for once in ((), ("dead",)):
        masks = [mask for mask in found if slow.without_dead_ends(layers, mask) == mask] if once else found
        census = count(method, asked, once=once, by_layer=True, masks=True)
        assert census.exact
        assert census.by_size.tolist() == slow.by_size(layers, masks)
        assert dict(census.by_layer_size or {}) == slow.by_layer(layers, masks)
        assert census.masks is not None
        assert np.array_equal(census.masks, packed(masks)) if masks else len(census.masks) == 0
        assert count(method, asked, once=once, workers=1).by_size.tolist() == slow.by_size(layers, masks)
