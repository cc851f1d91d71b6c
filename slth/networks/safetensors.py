"""Tensors in a ``.safetensors`` file (extra ``safetensors``).

The file of a network holds the arrays of `slth.networks.archive` under the same names, and as its only metadata ``slth_network``, JSON with
``version`` and ``structure``; any reader of the format opens it. Files from elsewhere are state_dicts.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from slth.files import atomic_write, regular_size

METADATA: Final = "slth_network"
_TYPES: Final = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1", "U64": "<u8", "U32": "<u4",
    "U16": "<u2", "U8": "u1", "BOOL": "?",
}  # fmt: skip


def write_safetensors(
    path: str | os.PathLike[str], arrays: Mapping[str, NDArray[np.float64]], description: Mapping[str, Any]
) -> None:
    """Write named arrays and a description in plain values, whole or not at all; the same bytes every time.

    Raises
    ------
    ImportError
        If the package safetensors is missing.
    OSError
        As `slth.files.atomic_write`.
    """
    _package()
    from safetensors.numpy import save

    # one entry only: the package writes several in any order
    content = save(
        {name: np.ascontiguousarray(array) for name, array in arrays.items()}, {METADATA: json.dumps(description)}
    )
    with atomic_write(path) as file:
        file.write(content)


def read_safetensors(path: str | os.PathLike[str]) -> tuple[dict[str, NDArray[Any]], dict[str, Any] | None]:
    """The tensors of a file by name, and its description if slth wrote it, else None.

    The format keeps no order of tensors: they are sorted by name, numbers in names as numbers.

    Nothing is executed, and memory is taken for twice the size of the file at most: before it hands out any tensor the package checks that
    shapes and places of all agree with the file. bfloat16 becomes float32, exactly.

    Raises
    ------
    ImportError
        If the package safetensors is missing.
    ValueError
        If the file is damaged, or holds tensors of a type without a NumPy counterpart.
    OSError
        If it cannot be opened.
    """
    package = _package()
    name = os.fsdecode(path)
    regular_size(name)
    try:
        with package.safe_open(name, framework="np") as handle:
            metadata = handle.metadata() or {}
        with open(name, "rb") as file:
            tensors = package.deserialize(file.read())
        described = _description(metadata[METADATA]) if METADATA in metadata else None
    except OSError:
        raise
    except (package.SafetensorError, ValueError, OverflowError, RecursionError) as error:
        raise ValueError(f"cannot read {name} as safetensors: {error}; write the file again") from error
    arrays = {tensor: _array(tensor, entry) for tensor, entry in tensors}
    return {tensor: arrays[tensor] for tensor in sorted(arrays, key=_natural)}, described


def _description(text: str) -> dict[str, Any]:
    found = json.loads(text)
    if not isinstance(found, dict):
        raise ValueError(f"its metadata {METADATA} must be the description of a network, got {text!r:.80}")
    return found


def _natural(name: str) -> list[tuple[int, str]]:
    """Text and numbers in turn; numbers compare by value."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"([0-9]{1,18})", name)]


def _array(name: str, entry: Mapping[str, Any]) -> NDArray[Any]:
    kind, shape, data = entry["dtype"], entry["shape"], entry["data"]
    if kind == "BF16":  # the upper half of a float32
        wide = np.frombuffer(data, "<u2").astype(np.uint32) << 16
        return wide.view(np.float32).reshape(shape)
    if kind not in _TYPES:
        raise ValueError(
            f"tensor {name!r} holds values of type {kind}, not one of {', '.join(_TYPES)}, BF16; convert it to F32"
        )
    return np.frombuffer(data, _TYPES[kind]).reshape(shape)


def _package() -> Any:
    try:
        import safetensors
    except ImportError:
        raise ImportError("safetensors files need the package safetensors: pip install 'slth[safetensors]'") from None
    return safetensors
