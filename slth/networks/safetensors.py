"""Tensors in a ``.safetensors`` file (extra ``safetensors``).

The file of a network holds the arrays of `slth.networks.archive` under the same names, and as its only metadata ``slth_network``, JSON with
``version`` and ``structure``; any reader of the format opens it. Files from elsewhere are state_dicts.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Mapping
from typing import IO, Any, Final

import numpy as np
from numpy.typing import NDArray

from slth import spool
from slth.files import CHUNK_BYTES, atomic_write, regular_size
from slth.spool import slices

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
    # what the package writes, but not all of it at once in memory, and the metadata always in one order
    header: dict[str, Any] = {"__metadata__": {METADATA: json.dumps(description)}}
    end = 0
    for name, array in sorted(arrays.items()):
        start, end = end, end + 8 * array.size
        header[name] = {"dtype": "F64", "shape": list(array.shape), "data_offsets": [start, end]}
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    with atomic_write(path) as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for _, array in sorted(arrays.items()):
            flat = array.reshape(-1)
            for here in slices(flat.size, CHUNK_BYTES // 8):
                file.write(np.ascontiguousarray(flat[here], "<f8").data)


def read_safetensors(path: str | os.PathLike[str]) -> tuple[dict[str, NDArray[Any]], dict[str, Any] | None]:
    """The tensors of a file by name, and its description if slth wrote it, else None.

    The format keeps no order of tensors: they are sorted by name, numbers in names as numbers.

    Nothing is executed, and memory is taken for twice the size of the file at most (for none of the large tensors within
    `slth.spool.out_of_core`): before any tensor is read the package checks that shapes and places of all agree with the file.
    bfloat16 becomes float32, exactly.

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
    size = regular_size(name)
    try:
        with package.safe_open(name, framework="np") as handle:
            metadata = handle.metadata() or {}
        described = _description(metadata[METADATA]) if METADATA in metadata else None
        with open(name, "rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(min(length, size)))
            header.pop("__metadata__", None)
            arrays = {tensor: _array(file, 8 + length, size, tensor, entry) for tensor, entry in header.items()}
    except OSError:
        raise
    except (package.SafetensorError, ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        raise ValueError(f"cannot read {name} as safetensors: {error}; write the file again") from error
    return {tensor: arrays[tensor] for tensor in sorted(arrays, key=_natural)}, described


def _description(text: str) -> dict[str, Any]:
    found = json.loads(text)
    if not isinstance(found, dict):
        raise ValueError(f"its metadata {METADATA} must be the description of a network, got {text!r:.80}")
    return found


def _natural(name: str) -> list[tuple[int, str]]:
    """Text and numbers in turn; numbers compare by value."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"([0-9]{1,18})", name)]


def _array(file: IO[bytes], start: int, size: int, name: str, entry: Mapping[str, Any]) -> NDArray[Any]:
    """The tensor of an entry of the header, read in chunks; `start` is where the data begins, `size` where the file ends."""
    kind, shape, (begin, end) = entry["dtype"], tuple(entry["shape"]), entry["data_offsets"]
    if kind != "BF16" and kind not in _TYPES:
        raise ValueError(
            f"tensor {name!r} holds values of type {kind}, not one of {', '.join(_TYPES)}, BF16; convert it to F32"
        )
    stored = np.dtype("<u2" if kind == "BF16" else _TYPES[kind])
    if not (0 <= begin <= end <= size - start and end - begin == math.prod(shape) * stored.itemsize):
        raise ValueError(f"tensor {name!r} of shape {shape} does not lie at {begin} to {end}")
    array = spool.zeros(shape, np.float32 if kind == "BF16" else stored, lasting=True)
    flat = array.reshape(-1)
    file.seek(start + begin)
    for here in slices(flat.size, CHUNK_BYTES // stored.itemsize):
        data = np.frombuffer(file.read((here.stop - here.start) * stored.itemsize), stored)
        if data.size < here.stop - here.start:
            raise ValueError(f"it ends within tensor {name!r}")
        # bfloat16 is the upper half of a float32
        flat[here] = (data.astype(np.uint32) << 16).view(np.float32) if kind == "BF16" else data
    return array


def _package() -> Any:
    try:
        import safetensors
    except ImportError:
        raise ImportError("safetensors files need the package safetensors: pip install 'slth[safetensors]'") from None
    return safetensors
