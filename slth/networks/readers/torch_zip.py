"""PyTorch files (``.pt``, ``.pth``): a zip archive of raw tensors and a pickle that says which is which, read without PyTorch.

``<root>/data.pkl`` describes the tensors (`slth.networks.readers.torch_pickle`), ``<root>/data/<key>`` holds the numbers of each storage,
``<root>/byteorder`` their order. Layout: ``torch/serialization.py`` of PyTorch 1.6 and later; older files are pickles through and through,
and are refused.
"""

from __future__ import annotations

import math
import os
import zipfile
from collections.abc import Mapping
from typing import IO, Any, Literal

import numpy as np
from numpy.typing import NDArray

from slth.files import CHUNK_BYTES, DEFAULT_MAX_BYTES, regular_size
from slth.networks.readers.torch_pickle import MOST_BYTES, Storage, Tensor, evaluated


def read_torch(path: str | os.PathLike[str], *, max_bytes: int | None = None) -> dict[str, NDArray[Any]]:
    """The tensors of a state_dict by name, in its order, on whatever device they were.

    Equivalent to ``torch.load(path, map_location="cpu", weights_only=True)`` for files it accepts, as arrays; bfloat16 becomes float32,
    exactly. Of a checkpoint, a dictionary with other entries beside it, the one entry that is a state_dict is taken. Nothing is executed,
    and what the file declares is checked before memory is taken for it.

    Parameters
    ----------
    path : path
    max_bytes : int, optional
        Most bytes that the tensors may take, each written out; by default 1 GiB, or twice the size of the file where that is more.

    Raises
    ------
    ValueError
        If it is no such file, is damaged, holds other things than tensors, or declares more than it holds or than is allowed.
    OSError
        If it cannot be opened.
    """
    name = os.fsdecode(path)
    size = regular_size(name)
    limit = max(DEFAULT_MAX_BYTES, 2 * size) if max_bytes is None else max_bytes
    with open(name, "rb") as file:
        try:
            return _read(file, limit)
        # a hostile archive makes the standard parsers raise whatever they like: to the caller it is one thing, a bad file
        except Exception as error:
            reason = str(error) or type(error).__name__
            raise ValueError(f"cannot read {name} as tensors of PyTorch: {reason}") from error


def _read(file: IO[bytes], limit: int) -> dict[str, NDArray[Any]]:
    if not zipfile.is_zipfile(file):
        raise ValueError(
            "it is no zip archive, or a damaged one; files of PyTorch before 1.6 are pickles: load and save them with a newer one"
        )
    with zipfile.ZipFile(file) as archive:
        members = _members(archive)
        roots = [name.removesuffix("/data.pkl") for name in members if name.endswith("/data.pkl")]
        if len(roots) != 1:
            raise ValueError(f"it holds {len(roots)} files data.pkl, not one")
        root = roots[0]
        tensors = _state_dict(evaluated(bytes(_content(archive, members[f"{root}/data.pkl"], MOST_BYTES))))
        total = sum(math.prod(tensor.shape) * _stored(tensor.storage.kind).itemsize for tensor in tensors.values())
        if total > limit:
            raise ValueError(f"its tensors take {total:,} bytes, more than max_bytes={limit:,}")
        order = "little"
        if f"{root}/byteorder" in members:
            order = _content(archive, members[f"{root}/byteorder"], 16).decode("ascii", "replace")
        if order not in ("little", "big"):
            raise ValueError(f"byteorder must be little or big, got {order!r}")
        return _arrays(archive, members, root, tensors, limit, "<" if order == "little" else ">")


def _members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    found: dict[str, zipfile.ZipInfo] = {}
    for member in archive.infolist():
        if member.filename in found:
            raise ValueError(f"member {member.filename!r:.80} appears twice")
        found[member.filename] = member
    return found


def _state_dict(whole: Any) -> dict[str, Tensor]:
    """The names and tensors of a pickle that is a state_dict, or a dictionary with one entry that is."""
    if _is_state_dict(whole):
        return dict(whole)
    if type(whole) is not dict:
        raise ValueError(f"it holds a {type(whole).__name__.lower()}, not a state_dict; save model.state_dict()")
    inside = [name for name, value in whole.items() if _is_state_dict(value)]
    if len(inside) == 1:
        return dict(whole[inside[0]])
    names = ", ".join(repr(str(name)[:40]) for name in list(whole)[:8]) or "nothing"
    raise ValueError(
        f"it holds {names}, of which {len(inside) or 'none'} are state_dicts, names with a tensor each; save the one that is meant, "
        "with torch.save(model.state_dict(), path)"
    )


def _is_state_dict(found: Any) -> bool:
    """Names, and a tensor for each."""
    return type(found) is dict and bool(found) and all(type(k) is str and type(v) is Tensor for k, v in found.items())


def _arrays(
    archive: zipfile.ZipFile,
    members: Mapping[str, zipfile.ZipInfo],
    root: str,
    tensors: Mapping[str, Tensor],
    limit: int,
    order: Literal["<", ">"],
) -> dict[str, NDArray[Any]]:
    """The numbers, storage by storage; each array its own."""
    users: dict[str, list[str]] = {}
    for name, tensor in tensors.items():
        users.setdefault(tensor.storage.key, []).append(name)
    found: dict[str, NDArray[Any]] = {}
    for key, names in users.items():
        storage = tensors[names[0]].storage
        if any(tensors[name].storage != storage for name in names):
            raise ValueError(f"storage {key!r:.40} is declared in two ways")
        numbers = _numbers(archive, members, f"{root}/data/{key}", storage, limit, order)
        for name in names:
            found[name] = _array(numbers, tensors[name])
    return {name: found[name] for name in tensors}


def _numbers(
    archive: zipfile.ZipFile,
    members: Mapping[str, zipfile.ZipInfo],
    name: str,
    storage: Storage,
    limit: int,
    order: Literal["<", ">"],
) -> NDArray[Any]:
    stored = _stored(storage.kind)
    if name not in members:
        raise ValueError(f"its storage {name!r:.80} is missing")
    if members[name].file_size != storage.count * stored.itemsize:
        raise ValueError(
            f"storage {name!r:.80} is declared to hold {storage.count:,} numbers of {stored.itemsize} bytes, "
            f"but the archive declares {members[name].file_size:,} bytes"
        )
    raw = np.frombuffer(_content(archive, members[name], limit), stored.newbyteorder(order))
    if storage.kind == "bfloat16":
        return (raw.astype(np.uint32) << 16).view(np.float32)
    if storage.kind == "?":
        if raw.size and raw.view(np.uint8).max() > 1:
            raise ValueError(f"storage {name!r:.80} holds truth values other than 0 and 1")
        return raw
    return raw.astype(stored, copy=False)


def _array(numbers: NDArray[Any], tensor: Tensor) -> NDArray[Any]:
    """A copy of some numbers of a storage; `torch_pickle` has seen to it that they lie within."""
    if 0 in tensor.shape:
        return np.empty(tensor.shape, numbers.dtype)
    steps = tuple(
        step * numbers.itemsize if size > 1 else 0 for step, size in zip(tensor.strides, tensor.shape, strict=True)
    )
    return np.array(np.lib.stride_tricks.as_strided(numbers[tensor.offset :], tensor.shape, steps, writeable=False))


def _stored(kind: str) -> np.dtype[Any]:
    return np.dtype("u2" if kind == "bfloat16" else kind)


def _content(archive: zipfile.ZipFile, member: zipfile.ZipInfo, limit: int) -> bytearray:
    """The bytes of a member, no more than it declares and than `limit`; the last read checks the CRC."""
    what = f"member {member.filename!r:.80}"
    if member.flag_bits & 0x1:
        raise ValueError(f"{what} is encrypted")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{what} uses zip method {member.compress_type}, not stored or deflated")
    if member.file_size > limit:
        raise ValueError(f"{what} declares {member.file_size:,} bytes, more than the {limit:,} allowed")
    content = bytearray()
    with archive.open(member) as stream:
        while chunk := stream.read(CHUNK_BYTES):
            content += chunk
            if len(content) > member.file_size:
                raise ValueError(f"{what} holds more than the {member.file_size:,} bytes it declares")
    if len(content) != member.file_size:
        raise ValueError(f"{what} ends after {len(content):,} of {member.file_size:,} bytes")
    return content
