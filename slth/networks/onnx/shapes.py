"""Operators of an ONNX file that only move values or compute shapes, and what they do to constants."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from slth.networks.layers import Dense, Embedding, Flatten, GlobalAveragePool2d
from slth.networks.onnx.values import Channels, Dims, Fill, Heads, Known, Rows, Scores, Value
from slth.networks.readers.arrays import owned

_FLOATS, _INTEGERS = (1, 10, 11, 16), (6, 7)  # ONNX's numbers of float32, 16, 64, bfloat16; int32, int64


def constant(call: Any) -> Known:
    """Constant."""
    given = call.attributes
    for name in ("value", "value_float", "value_floats", "value_int", "value_ints"):
        if name in given:
            kind = None if name == "value" else np.float32 if "float" in name else np.int64
            return np.asarray(given[name], kind)
    raise ValueError("it holds no numbers")


def cast(call: Any, x: Known) -> Known:
    """Cast: widths of numbers do not matter here, and integers are tokens or shapes."""
    to = call.attributes.get("to")
    if isinstance(x, np.ndarray) and to in (*_FLOATS, *_INTEGERS):
        call.computed(x.size)
        kind = np.float64 if to in _FLOATS and x.dtype != np.float32 else x.dtype if to in _FLOATS else np.int64
        return x.astype(kind, copy=False)
    if isinstance(x, Dims) and to in _INTEGERS:
        return x
    if to in _FLOATS or (to in _INTEGERS and isinstance(x, Value) and x.layer is None):
        return call.same()
    raise ValueError("only a Cast to floats, or of the input to integers, is understood")


def shape_of(call: Any, x: Known) -> Known:
    """Shape."""
    if isinstance(x, np.ndarray):
        return np.asarray(x.shape, np.int64)
    if isinstance(x, Scores):
        dims = Dims((None, x.query.heads, None, None), (0, None, 1, 1))
    else:
        shape = call.value(0).shape
        if call.reader.lifted and len(shape) == 3:
            shape = (shape[0], shape[2])
        dims = Dims((None, *shape), tuple(range(len(shape) + 1)))
    part = slice(call.attributes.get("start"), call.attributes.get("end"))
    return Dims(dims.sizes[part], dims.axes[part])


def gathered(call: Any, table: Known, index: Known) -> Known:
    """Gather: entries of a shape, rows of a constant, or vectors of the tokens that the input holds."""
    axis = call.attributes.get("axis", 0)
    if isinstance(table, Dims) and isinstance(index, np.ndarray):
        found = [int(i) for i in index.reshape(-1)]
        return Dims(tuple(table.sizes[i] for i in found), tuple(table.axes[i] for i in found))
    if isinstance(table, np.ndarray) and isinstance(index, np.ndarray):
        call.computed(index.size * (table.size // max(1, table.shape[axis])))
        return np.take(table, index, axis)
    if isinstance(table, np.ndarray) and table.ndim == 2 and axis == 0 and call.value(1).layer is None:
        return call.value(1).then(Embedding(owned(table, "table")))
    raise ValueError("it is understood of shapes, of constants, and of a table with the input as index only")


def concatenated(call: Any, *parts: Known) -> Known:
    """Concat of constants and of shapes."""
    if all(isinstance(part, np.ndarray) for part in parts):
        call.computed(sum(part.size for part in parts))
        return np.concatenate(parts, call.attributes["axis"])
    if all(isinstance(part, np.ndarray | Dims) for part in parts):
        dims = [_dims(part) for part in parts]
        return Dims(sum((d.sizes for d in dims), ()), sum((d.axes for d in dims), ()))
    raise ValueError("only shapes and constants can be put side by side")


def sliced(call: Any, x: Known, start: Known, end: Known, axes: Known = None, steps: Known = None) -> Known:
    """Slice of a shape or a constant; of a table of positions also up to the number of positions."""
    if not isinstance(start, np.ndarray) or not all(isinstance(given, np.ndarray | None) for given in (axes, steps)):
        raise ValueError("its places must be constant")
    along = (np.arange(start.size) if axes is None else axes).tolist()
    by = (np.ones(start.size, np.int64) if steps is None else steps).tolist()
    if (
        isinstance(end, Dims)
        and isinstance(x, np.ndarray)
        and end.axes == (1,)
        and (start.tolist(), along, by) == ([0], [0], [1])
    ):
        return Rows(owned(x, "positions"))
    if not isinstance(end, np.ndarray):
        raise ValueError("its places must be constant")
    parts = [slice(*triple) for triple in zip(start.tolist(), end.tolist(), by, strict=True)]
    if isinstance(x, Dims) and along == [0]:
        return Dims(x.sizes[parts[0]], x.axes[parts[0]])
    if isinstance(x, np.ndarray):
        where = [slice(None)] * x.ndim
        for axis, part in zip(along, parts, strict=True):
            where[axis] = part
        return x[tuple(where)]
    raise ValueError("only parts of shapes and of constants are understood")


def squeezed(call: Any, x: Known, axes: Known = None) -> Known:
    """Squeeze."""
    along = call.integers("axes", 1)
    if isinstance(x, np.ndarray):
        return np.squeeze(x, along)
    if isinstance(x, Dims):
        return x
    if isinstance(x, Channels):
        rank = 3 if call.reader.lifted else 4
        if along is None or {axis % rank for axis in along} == set(range(2, rank)):
            return x.base.then(GlobalAveragePool2d())
    raise ValueError("it is understood behind the mean of whole channels only")


def unsqueezed(call: Any, x: Known, axes: Known = None) -> Known:
    """Unsqueeze."""
    along = call.integers("axes", 1) or (0,)
    if isinstance(x, np.ndarray) and x.ndim + len(along) <= 8:
        return np.expand_dims(x, along)
    if isinstance(x, Dims):
        return x
    raise ValueError("it is understood of shapes and of constants only")


def transposed(call: Any, x: Known) -> Known:
    """Transpose."""
    order = call.attributes.get("perm")
    if isinstance(x, np.ndarray):
        return np.transpose(x, order)
    if isinstance(x, Heads) and sorted(order) == [0, 1, 2, 3]:
        return replace(x, order="".join(x.order[i] for i in order))
    if isinstance(x, Scores) and x.stage == "bhpd" and list(order) == [0, 2, 1, 3]:
        return replace(x, stage="bphd")
    raise ValueError("it is understood of constants and within attention only")


def filled(call: Any, shape: Known) -> Known:
    """ConstantOfShape, as part of a mask."""
    value = call.attributes.get("value", np.zeros(1))
    return Fill(float(np.reshape(value, ())))


def triangle(call: Any, x: Known, above: Known = None) -> Known:
    """Trilu, as part of a mask."""
    if (
        isinstance(x, Fill)
        and not x.triangle
        and call.attributes.get("upper", 1)
        and above is not None
        and above.item() == 1
    ):
        return replace(x, triangle=True)
    raise ValueError("only what lies above the diagonal of a constant matrix, a causal mask, is understood")


def flattened(call: Any, x: Known) -> Known:
    """Flatten."""
    if call.attributes.get("axis", 1) != 1:
        raise ValueError("only axis=1 is understood")
    if isinstance(x, np.ndarray):
        return x.reshape(len(x), -1)
    return _flat(call, x)


def _flat(call: Any, x: Known) -> Known:
    if isinstance(x, Channels):
        return x.base.then(GlobalAveragePool2d())
    value = call.value(0)
    return call.same() if len(value.shape) == 1 else value.then(Flatten())


def reshaped(call: Any, x: Known, target: Known) -> Known:
    """Reshape that changes nothing, flattens, or splits and joins the heads of attention."""
    if call.attributes.get("allowzero", 0) or not isinstance(target, np.ndarray | Dims):
        raise ValueError("its target must be known, and without allowzero")
    dims = _dims(target)
    sizes, axes = (
        list(dims.sizes),
        [i if size == 0 else axis for i, (size, axis) in enumerate(zip(dims.sizes, dims.axes, strict=True))],
    )
    if isinstance(x, np.ndarray):
        if None in sizes:
            raise ValueError("a constant of a shape that depends on the input is not understood")
        return x.reshape([x.shape[i] if size == 0 else size for i, size in enumerate(sizes)])
    if isinstance(x, Scores):
        width = x.value.dense.shape[-1] if x.value is not None else None
        if (
            x.stage == "bphd"
            and len(sizes) == 3
            and sizes[2] in (-1, width)
            and _keeps(axes, sizes, 0, call.reader.batch)
        ):
            return replace(x, stage="joined")
        raise ValueError("it does not join the heads of an attention")
    before: tuple[int | None, ...] = (call.reader.batch, *(_shape(call, x)))
    kept = [_keeps(axes, sizes, i, before[i]) for i in range(min(len(sizes), len(before)))]
    inner = math.prod(d for d in before[1:] if d is not None) if None not in before[1:] else None
    if len(sizes) == 2 and (
        (kept[0] and sizes[1] in (-1, inner)) or (sizes[0] == -1 and sizes[1] == inner is not None)
    ):
        return _flat(call, x)
    if (
        len(sizes) == len(before)
        and all(k or size == -1 for k, size in zip(kept, sizes, strict=True))
        and sizes.count(-1) <= 1
    ):
        return call.same()
    if len(sizes) == 4 and len(before) == 3 and kept[0] and (kept[1] or sizes[1] == -1):
        return _split(call.value(0), sizes[2], sizes[3])
    raise ValueError(f"a change of shape from {('batch', *before[1:])} to {tuple(sizes)} is not understood")


def _split(value: Value, heads: int | None, share: int | None) -> Heads:
    width = value.shape[-1]
    if heads == -1 and share is not None and width is not None and share > 0:
        heads, share = width // share, -1
    if (
        heads is None or heads < 1 or width is None or width % heads or share not in (-1, width // heads)
        or not isinstance(value.layer, Dense) or value.layer.activation != "identity"
    ):  # fmt: skip
        raise ValueError("only the outputs of a dense layer without activation can be split into heads")
    return Heads(value, heads, "bphd")


def _shape(call: Any, x: Known) -> tuple[int | None, ...]:
    if isinstance(x, Channels):
        return (x.base.shape[0], *(1,) * (1 if call.reader.lifted else 2))
    return tuple(call.value(0).shape)


def _keeps(axes: list[int | None], sizes: list[int | None], i: int, before: int | None) -> bool:
    """Whether axis i stays what it was."""
    return axes[i] == i or (before is not None and sizes[i] == before)


def _dims(known: Known) -> Dims:
    if isinstance(known, Dims):
        return known
    numbers = tuple(int(v) for v in np.ravel(known))
    return Dims(numbers, (None,) * len(numbers))
