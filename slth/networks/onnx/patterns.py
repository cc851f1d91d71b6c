"""Layers that ONNX files put together from elementary operators: activations, layer normalisation, attention."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import numpy as np

from slth import spool
from slth.networks.activations import ACTIVATIONS, activation
from slth.networks.layers import Attention, Dense, LayerNorm
from slth.networks.onnx.values import Fill, Floats, Heads, Known, Pointwise, Scores, Statistic, Value

PLACES: Final = np.concatenate([np.linspace(-12.0, 12.0, 398), [-100.0, 100.0, -1.0]])


def shortest(number: Any) -> float:
    """The shortest decimal number that rounds to a float32, which is what was meant; other numbers as they are."""
    return float(str(number)) if isinstance(number, np.float32) else float(number)


def identified(found: Floats) -> str | None:
    """The activation that has these values at `PLACES`, up to the rounding of constants to float32; None if there is none."""
    slope = -float(found[-1])
    names = ["identity", *ACTIVATIONS] + ([f"leaky-relu({slope!r})"] if math.isfinite(slope) else [])
    for name in names:
        expected = activation(name)(PLACES.copy())
        if np.all(np.abs(found - expected) <= 1e-6 * (1.0 + np.abs(PLACES))):
            return name
    return None


def pointwise(operation: Callable[..., Any], call: Any, arguments: tuple[Known, ...]) -> Pointwise | Value | None:
    """The operation on functions of one and the same value, and on single numbers; None if it is not that.

    As soon as the function is an activation it is made a layer.
    """
    bases: dict[int, tuple[Value, str]] = {}
    users: set[int] = set()
    values: list[Any] = []
    for i, argument in enumerate(arguments):
        if isinstance(argument, np.ndarray) and argument.size == 1 and argument.ndim <= 1:
            values.append(shortest(argument.reshape(-1)[0]))
        elif isinstance(argument, Value):
            bases[id(argument)] = argument, call.name(i)
            users.add(call.index)
            values.append(PLACES)
        elif isinstance(argument, Pointwise):
            bases[id(argument.base)] = argument.base, argument.base_name
            users |= argument.users
            values.append(argument.values)
        else:
            return None
    if len(bases) != 1:
        return None
    base, name = next(iter(bases.values()))
    with np.errstate(all="ignore"):
        made = Pointwise(base, name, np.asarray(operation(*values), np.float64), frozenset(users))
        known = identified(made.values)
    return made if known in (None, "identity") else call.reader.layered(made, known)


def normalization_step(operator: str, arguments: tuple[Known, ...]) -> Known | None:
    """The next stage of a layer normalisation, None if the node is none."""
    first, second = (*arguments, None)[:2]
    if operator == "Sub" and isinstance(second, Statistic) and second.stage == "mean" and first is second.base:
        return Statistic(second.base, "centred")
    if not isinstance(first, Statistic):
        return None
    squared = first.stage == "centred" and (
        (operator == "Mul" and second is first)
        or (operator == "Pow" and isinstance(second, np.ndarray) and second.size == 1 and second.item() == 2)
    )
    if squared:
        return replace(first, stage="square")
    if operator == "Add" and first.stage == "variance" and isinstance(second, np.ndarray) and second.size == 1:
        return replace(first, stage="shifted", epsilon=shortest(second.reshape(-1)[0]))
    if operator == "Sqrt" and first.stage == "shifted":
        return replace(first, stage="deviation")
    if (
        operator == "Div" and first.stage == "centred"
        and isinstance(second, Statistic) and second.stage == "deviation" and second.base is first.base
    ):  # fmt: skip
        width = first.base.shape[-1]
        if width is None:
            raise ValueError("the width of a layer normalisation must be known; give input_shape")
        return first.base.then(LayerNorm(np.ones(width), None, second.epsilon))
    return None


def attention_step(operator: str, arguments: tuple[Known, ...]) -> Known | None:
    """The next stage of an attention up to its mixed values, None if the node is none."""
    first, second = (*arguments, None)[:2]
    if operator == "MatMul" and isinstance(first, Heads) and isinstance(second, Heads):
        if (first.order, second.order, first.heads) == ("bhpd", "bhdp", second.heads):
            return Scores(first, second)
    elif isinstance(first, Scores):
        by_head = isinstance(second, np.ndarray) and second.shape[-3:] == (first.query.heads, 1, 1)
        if operator == "Mul" and by_head and first.stage == "scores" and first.scales is None:
            return replace(first, scales=tuple(second.ravel().tolist()))
        if operator == "Mul" and by_head and first.stage == "bhpd" and first.value_scales is None:
            return replace(first, value_scales=tuple(second.ravel().tolist()))
        if (
            operator in ("Mul", "Div")
            and first.stage == "scores"
            and isinstance(second, np.ndarray)
            and second.size == 1
        ):
            number = float(second.reshape(-1)[0])
            return replace(first, factor=first.factor * number if operator == "Mul" else first.factor / number)
        if operator == "Add" and first.stage == "scores" and first.mask == "none" and _is_causal(second):
            return replace(first, mask="causal")
        if operator == "MatMul" and first.stage == "weights" and isinstance(second, Heads) and second.order == "bhpd":
            return replace(first, stage="bhpd", value=second)
    return None


def _is_causal(mask: Known) -> bool:
    if isinstance(mask, Fill):
        return mask.triangle and mask.value < -1e30
    if (
        not isinstance(mask, np.ndarray)
        or mask.ndim < 2
        or math.prod(mask.shape[:-2]) != 1
        or mask.shape[-2] != mask.shape[-1]
    ):
        return False
    square = mask.reshape(mask.shape[-2:])
    earlier = np.tri(len(square), dtype=np.bool_)
    return bool((square[earlier] == 0).all() and (square[~earlier] < -1e30).all())


def attended(joined: Scores, output: Floats) -> Value:
    """The attention whose mixed values go through ``output (d_out, H d_value)``.

    Raises
    ------
    ValueError
        If queries, keys and values are no dense layers on one value.
    """
    parts = {"query": joined.query, "key": joined.key, "value": joined.value}
    start = joined.query.dense.parent
    if len({id(part and part.dense) for part in parts.values()}) < 3:
        raise ValueError("queries, keys and values must be three dense layers, not one in two places")
    found: dict[str, Any] = {}
    for name, part in parts.items():
        assert part is not None
        layer = part.dense.layer
        if part.dense.parent is not start or part.dense.closed or part.dense.open or part.heads != joined.query.heads:
            raise ValueError(
                "queries, keys and values must be three dense layers of one value, with as many heads each"
            )
        assert isinstance(layer, Dense)
        found[name] = layer.weight if layer.scale == 1.0 else _times(layer.weight, layer.scale)
        found[f"{name}_bias"] = layer.bias if layer.scale == 1.0 or layer.bias is None else layer.bias * layer.scale
    # softmax(factor Q K^T) is what a layer without a factor of its own makes of queries that are so many times larger
    times = joined.factor if joined.scales else joined.factor * math.sqrt(len(found["query"]) // joined.query.heads)
    if not abs(times - 1.0) <= 1e-6:
        found["query"] = _times(found["query"], times)
        found["query_bias"] = None if found["query_bias"] is None else found["query_bias"] * times
    layer = Attention(
        **found, output=output, heads=joined.query.heads, mask=joined.mask,
        score_scale=joined.scales, value_scale=joined.value_scales,
    )  # fmt: skip
    assert start is not None
    for part in parts.values():
        assert part is not None
        part.dense.close()
    return start.then(layer)


def _times(weight: Floats, factor: float) -> Floats:
    return spool.computed(lambda rows: rows * factor, weight)


def biased(layer: Attention, offset: Floats) -> Attention:
    """An attention whose outputs are then moved by `offset` (d_out,)."""
    factor = layer.value_factor(0)  # what the layer multiplies its bias by
    if factor != 1.0:
        near = offset / factor
        for bias in (np.nextafter(near, -np.inf), np.nextafter(near, np.inf)):  # the quotient may miss by one place
            near = np.where(near * factor == offset, near, bias)
        offset = near
    return replace(layer, output_bias=np.array(offset) if layer.output_bias is None else layer.output_bias + offset)
