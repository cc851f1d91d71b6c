"""All layers of a network in the order of evaluation, blocks opened, and networks with other layers in their places."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from slth.networks.layers.layer import Layer
from slth.networks.layers.mapped import Mapped, MappedForm
from slth.networks.layers.residual import Residual


def walk(layers: Sequence[Layer]) -> Iterator[Layer]:
    """Every layer that is no block; of a block the body before the shortcut."""
    for layer in layers:
        if isinstance(layer, Residual):
            yield from walk(layer.body)
            yield from walk(layer.shortcut)
        else:
            yield layer


def form_of(layer: Mapped | MappedForm) -> MappedForm:
    """The layer without the weights of its maps."""
    return layer.form if isinstance(layer, Mapped) else layer


def replaced(layers: Sequence[Layer], build: Callable[[MappedForm], tuple[Layer, ...]]) -> tuple[Layer, ...]:
    """The same layers, ``build(form)`` in the place of each that has maps, in the order of `walk`."""
    found: list[Layer] = []
    for layer in layers:
        if isinstance(layer, Residual):
            found.append(Residual(replaced(layer.body, build), replaced(layer.shortcut, build), layer.activation))
        elif isinstance(layer, Mapped | MappedForm):
            found += build(form_of(layer))
        else:
            found.append(layer)
    return tuple(found)
